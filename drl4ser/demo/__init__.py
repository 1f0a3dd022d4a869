"""A page to try a trained run in the browser; the only package that needs Gradio."""
