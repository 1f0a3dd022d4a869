"""The page as a visitor meets it, in headless Chromium: real uploads to a real server."""

import time

import numpy as np
import pytest
import soundfile

from tests.conftest import SAMPLE_RATE
from tests.demo.conftest import MAX_MEGABYTES, MAX_SECONDS
from tests.demo.visitor import Visitor

TEXT = "a sad sentence"


def shows(visitor, prediction) -> bool:
    """Whether the page shows this prediction."""
    shown, wanted = visitor.probabilities, prediction.probabilities
    return list(shown) == list(prediction.classes) and all(
        text == f"{share:.1%}" and value == pytest.approx(share, abs=1e-6)
        for (text, value), share in zip(shown.values(), wanted, strict=True)
    )


def test_an_upload_gets_what_the_predictor_gives(visitor, predictor, speech):
    visitor.upload(speech)
    heard = predictor.predict(speech)
    visitor.wait_for(lambda: shows(visitor, heard))
    assert f"{speech.name}: {heard.emotion}, entropy {heard.entropy:.2f} bits" in visitor.result
    assert heard.warnings and all(line in visitor.result for line in heard.warnings)
    visitor.picture("waveform"), visitor.picture("attention")
    visitor.say(TEXT)
    told = predictor.predict(speech, TEXT)
    assert np.abs(told.probabilities - heard.probabilities).max() > 1e-4
    visitor.wait_for(lambda: shows(visitor, told))
    assert "no transcript" not in visitor.result
    assert visitor.hosts_asked() == {"127.0.0.1"}


def test_a_visitor_without_a_recording_tries_the_example(visitor):
    visitor.find("#example").click()
    visitor.wait_for(lambda: visitor.probabilities)
    assert "example.wav: " in visitor.result and "no transcript" not in visitor.result
    visitor.picture("waveform")
    assert visitor.hosts_asked() == {"127.0.0.1"}


def test_the_page_says_how_good_the_system_is(visitor, predictor):
    assert predictor.describe() in visitor.text() and "chance 25 %" in visitor.text()


def test_a_phone_shows_all_in_its_width(visitor, predictor, speech):
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    visitor.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        visitor.upload(speech)
        visitor.wait_for(lambda: shows(visitor, predictor.predict(speech)))
        widths = """return ["html", "#result", "#attention img", "#waveform :has(> img)", "#waveform img"].map(
            name => document.querySelector(name)?.scrollWidth ?? 0)"""
        visitor.wait_for(lambda: all(visitor.browser.execute_script(widths)))
        *within, waveform = visitor.browser.execute_script(widths)
        page, result, attention, scrolled = within
        assert max(page, result, attention) <= 390 and attention > 300
        assert scrolled >= waveform > 600  # else its labels could not be read
    finally:
        visitor.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_every_block_and_head_has_its_picture(visitor, speech):
    visitor.upload(speech)
    seen = {visitor.picture("attention")}
    for dropdown, option in (("block", "group 2, block 1"), ("head", "head 4"), ("head", "mean of the heads")):
        visitor.choose(dropdown, option)
        visitor.wait_for(lambda: visitor.picture("attention") not in seen)
        seen.add(visitor.picture("attention"))
    assert len(seen) == 4


def test_garbage_gets_a_message_and_the_next_upload_its_answer(visitor, predictor, speech, tmp_path):
    wav = speech.read_bytes()
    soundfile.write(tmp_path / "whole.flac", *soundfile.read(speech))
    soundfile.write(tmp_path / "short.wav", np.zeros(100), SAMPLE_RATE)
    flac = (tmp_path / "whole.flac").read_bytes()
    for name, content in (
        ("text.wav", b"Dear sir or madam"),
        ("empty.wav", b""),
        ("no_samples.wav", wav[:44]),
        ("cut.wav", wav[:30]),
        ("cut.flac", flac[: len(flac) // 2]),
        ("noise.mp3", np.random.default_rng(0).bytes(5000)),
        ("<b>bold.wav", b"<script>"),
        ("short.wav", (tmp_path / "short.wav").read_bytes()),
    ):
        (tmp_path / name).write_bytes(content)
        visitor.upload(tmp_path / name)
        visitor.wait_for(lambda: "This recording cannot be used" in visitor.result)
        assert name.removeprefix("<b>") in visitor.result and str(tmp_path) not in visitor.result
        assert not visitor.find_all("#waveform img, #attention img, #result b")
    visitor.upload(speech)
    visitor.wait_for(lambda: shows(visitor, predictor.predict(speech)))


def test_silence_is_predicted_with_a_warning(visitor, predictor, tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    visitor.upload(tmp_path / "silence.wav")
    visitor.wait_for(lambda: shows(visitor, predictor.predict(tmp_path / "silence.wav")))
    assert "Warnings" in visitor.result and "silent" in visitor.result


def test_limits_of_length_and_size_say_themselves(visitor, predictor, speech, tmp_path):
    soundfile.write(tmp_path / "long.wav", np.zeros((MAX_SECONDS + 1) * 8000), 8000)
    visitor.upload(tmp_path / "long.wav")
    visitor.wait_for(lambda: f"long.wav: too long: more than {MAX_SECONDS} s" in visitor.result)
    (tmp_path / "large.wav").write_bytes(bytes(MAX_MEGABYTES * 2**20 + 1))
    visitor.upload(tmp_path / "large.wav")
    visitor.wait_for(lambda: "maximum allowed size of 1" in visitor.text())
    time.sleep(1)
    time.sleep(4)
    visitor = Visitor(visitor.browser, visitor.address)
    visitor.upload(speech)
    visitor.wait_for(lambda: shows(visitor, predictor.predict(speech)))


def test_the_microphone(visitor):
    visitor.find('#speech button[aria-label="Record audio"]').click()
    visitor.wait_for(lambda: visitor.find_all("#speech .record-button"))
    visitor.find("#speech .record-button").click()
    time.sleep(2)  # of speech
    visitor.find("#speech .stop-button").click()
    visitor.wait_for(lambda: visitor.probabilities)
    assert sum(value for _, value in visitor.probabilities.values()) == pytest.approx(1, abs=1e-6)
    assert "silent" not in visitor.result
    visitor.picture("waveform")


def test_two_visitors_at_once_get_each_their_own(visitor, predictor, speech, store):
    paths = [speech, store.utterances[0].path]
    predicted = {path: predictor.predict(path) for path in paths}
    assert np.abs(predicted[paths[0]].probabilities - predicted[paths[1]].probabilities).max() > 1e-4
    visitors = [visitor, Visitor(visitor.browser, visitor.address, new_window=True)]
    for _ in range(3):
        for one, path in zip(visitors, paths, strict=True):
            one.upload(path)
        for one, path in zip(visitors, paths, strict=True):
            one.wait_for(lambda one=one, path=path: f"{path.name}: " in one.result)
            assert shows(one, predicted[path])
        paths.reverse()
    assert visitors[0].hosts_asked() == {"127.0.0.1"}
    visitors[1].look()
    visitor.browser.close()
    visitor.browser.switch_to.window(visitor.window)
