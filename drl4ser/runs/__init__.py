"""Run directories: paths and state, the trained system in them, checkpoints."""
