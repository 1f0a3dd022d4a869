"""The parts of the page and the events between them."""

from pathlib import Path
from urllib.parse import urlsplit

import gradio as gr

from drl4ser.demo.listener import Listener, accepted_formats
from drl4ser.demo.markup import show_failure, show_hint, show_prediction
from drl4ser.inference.predictor import Recording

_FORGET_AFTER_S = 600
_ONE_AT_A_TIME = {"concurrency_id": "model", "concurrency_limit": 1, "api_visibility": "private"}
"""TensorFlow uses all cores for one recording; the others wait. Programs use `drl4ser-predict`: no interface here."""


def build_page(listener: Listener, example: tuple[Path, str] | None = None) -> gr.Blocks:
    """Build the page of one run; `example` is a recording and its words, for visitors who have none.

    A visitor's recording lives in the state of the visitor's own session: no two can mix. The file itself is read once
    and then only waits to be deleted.
    """
    limits = listener.limits
    hint = f"{accepted_formats()}, at most {limits.max_seconds:g} s and {limits.max_megabytes} MB."
    with gr.Blocks(
        title="drl4ser", analytics_enabled=False, delete_cache=(limits.delete_after_s, limits.delete_after_s)
    ) as page:
        gr.Markdown(
            f"# Emotion in speech\n{_escape(listener.predictor.describe())}.\n\n"
            f"Upload or record one utterance: {hint} "
            f"The file is deleted within {2 * limits.delete_after_s} s and sent nowhere else."
        )
        recording = gr.State(None, time_to_live=_FORGET_AFTER_S)
        with gr.Row():
            with gr.Column():
                audio, text = _inputs(listener)
                if example:
                    said = f"Try an example: \u201c{example[1]}\u201d"
                    button = gr.Button(said, size="sm", elem_id="example")
                    button.click(lambda: (str(example[0]), example[1]), None, [audio, text], api_visibility="private")
            result = gr.HTML(show_hint("No recording yet."), elem_id="result")
        with gr.Column(visible=False) as pictures:
            waveform = _plot("waveform", listener.shows_waveform)
            with gr.Row():
                with gr.Column(scale=1, min_width=200):
                    block, head = _choices(listener)
                with gr.Column(scale=3):
                    attention = _plot("attention", True)
        actions, choices = _Actions(listener), [text, block, head]
        shown = [result, pictures, waveform, attention]
        audio.change(actions.read_recording, [audio, *choices], [recording, *shown], **_ONE_AT_A_TIME)
        text.submit(actions.predict, [recording, *choices], shown, **_ONE_AT_A_TIME)
        for choice in (block, head):
            choice.change(actions.draw_attention, [recording, *choices], attention, **_ONE_AT_A_TIME)
    return page


def _escape(text: str) -> str:
    """Names of corpora may hold what Markdown takes for emphasis."""
    return text.replace("_", r"\_")


def _inputs(listener: Listener) -> tuple[gr.Audio, gr.Textbox]:
    """Build the inputs: the recording and, where words are used, its transcript."""
    audio = gr.Audio(label="Speech", sources=["upload", "microphone"], type="filepath", buttons=[], elem_id="speech")
    _take_files_only(audio)
    text = gr.Textbox(
        label="What is said (then press Enter)",
        placeholder="The system was trained with words too.",
        visible=listener.has_words,
        max_length=2000,
        elem_id="text",
    )
    return audio, text


def _choices(listener: Listener) -> tuple[gr.Dropdown, gr.Dropdown]:
    """Build the choices: which block's and which head's attention to draw."""
    blocks = [(name, number) for number, name in enumerate(listener.blocks, start=1)]
    heads = [("mean of the heads", 0), *((f"head {number}", number) for number in range(1, listener.num_heads + 1))]
    return (
        gr.Dropdown(blocks, value=5 if blocks else None, label="Attention block", elem_id="block"),
        gr.Dropdown(heads, value=min(1, listener.num_heads), label="Head", elem_id="head"),
    )


def _take_files_only(audio: gr.Audio) -> None:
    """Refuse addresses: Gradio would download one that a visitor's program sends in place of a file."""
    move = audio.async_move_resource_to_block_cache

    async def move_file(path: str | None) -> str | None:
        if urlsplit(str(path)).scheme in ("http", "https"):
            raise gr.Error("Only uploads and recordings are taken.", print_exception=False)
        return await move(path)

    audio.async_move_resource_to_block_cache = move_file


def _plot(name: str, visible: bool) -> gr.Plot:
    return gr.Plot(label=name, show_label=False, format="png", visible=visible, elem_id=name)


class _Actions:
    """Handlers of the page's events; each returns new values for the parts that it changes."""

    def __init__(self, listener: Listener):
        self.listener = listener

    def read_recording(self, path: str | None, text: str, block: int | None, head: int):
        """Read and predict a new recording, or clear the page after its removal."""
        if path is None:
            return None, *_nothing(show_hint("No recording yet."))
        try:
            recording = self.listener.read(path)
        except ValueError as error:
            advice = (
                f"Try one utterance as {accepted_formats()} that lasts at most "
                f"{self.listener.limits.max_seconds:g} s and no less than a syllable."
            )
            return None, *_nothing(show_failure(str(error), advice))
        return recording, *self.predict(recording, text, block, head)

    def predict(self, recording: Recording | None, text: str, block: int | None, head: int):
        """Predict the same recording with another transcript."""
        if recording is None:
            return _nothing(show_hint("No recording, or it has been deleted meanwhile: upload it again."))
        seen = self.listener.inspect(recording, text)
        return (
            show_prediction(self.listener.predict(recording, text)),
            gr.update(visible=seen is not None),
            self.listener.draw_waveform(recording, seen),
            self.listener.draw_attention(seen, block, head),
        )

    def draw_attention(self, recording: Recording | None, text: str, block: int | None, head: int):
        """Draw the attention of another block or head."""
        if recording is None:
            return None
        return self.listener.draw_attention(self.listener.inspect(recording, text), block, head)


def _nothing(instead: str) -> tuple:
    return instead, gr.update(visible=False), None, None
