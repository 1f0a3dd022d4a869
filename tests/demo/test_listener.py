"""What the page is made of, without a server."""

import dataclasses

import gradio
import numpy as np
import pytest
import soundfile

from drl4ser.demo.listener import Limits, Listener
from drl4ser.demo.markup import show_failure, show_prediction
from drl4ser.figures import make_figure
from drl4ser.inference.prediction import Prediction
from drl4ser.inference.predictor import Predictor
from drl4ser.models import build_model_from_config
from tests.conftest import SAMPLE_RATE


def listener_of(run, system) -> Listener:
    """Of a system that has the run's inputs and was not trained."""
    predictor = Predictor(run)
    config = predictor.run.config
    changed = dataclasses.replace(config, model=dataclasses.replace(config.model, system=system))
    predictor.run = dataclasses.replace(predictor.run, config=changed, model=build_model_from_config(changed.model))
    return Listener(predictor)


@pytest.mark.parametrize(("system", "num_blocks"), [("s1", 0), ("s2", 8)])
def test_a_system_without_attention_or_informativeness_has_fewer_pictures(trained_run, store, system, num_blocks):
    listener = listener_of(trained_run[0], system)
    recording = listener.read(store.utterances[0].path)
    seen = listener.inspect(recording)
    assert listener.draw_waveform(recording, seen) is None and not listener.shows_waveform
    assert len(listener.blocks) == num_blocks
    assert (listener.draw_attention(seen, 1, 1) is None) == (num_blocks == 0)


def test_the_shortest_recording_can_be_drawn(predictor, tmp_path):
    listener = Listener(predictor)
    samples = 0.1 * np.random.default_rng(0).standard_normal(400)
    soundfile.write(tmp_path / "frame.wav", samples, SAMPLE_RATE)
    recording = listener.read(tmp_path / "frame.wav")
    seen = listener.inspect(recording)
    assert recording.llds.shape == (1, 17)
    listener.draw_waveform(recording, seen).canvas.draw()
    listener.draw_attention(seen, 8, 0).canvas.draw()


def test_the_page_takes_our_figures():
    assert gradio.Plot(format="png").postprocess(make_figure(4, 3)).type == "matplotlib"


def test_what_a_visitor_brought_is_no_markup(tmp_path):
    name = "<img src=x onerror=alert(1)>.wav"
    shown = show_prediction(Prediction(tmp_path / name, ("a", "b"), np.array([0.25, 0.75]), ("<i>",)))
    assert "<img" not in shown and "<i>" not in shown and "&lt;img" in shown
    assert '<tr data-class="b" data-probability="0.750000000" class="best">' in shown
    assert "<img" not in show_failure(name, "")


def test_the_limits_must_be_possible():
    with pytest.raises(ValueError, match="`max_seconds` must be positive and at most 120"):
        Limits(max_seconds=121)
    for name in ("max_megabytes", "delete_after_s"):
        with pytest.raises(ValueError, match=f"`{name}` must be positive"):
            Limits(**{name: 0})
