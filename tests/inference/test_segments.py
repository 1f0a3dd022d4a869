"""Segments: properties for any course of energy and voicing, and recordings with pauses at known places."""

import numpy as np
import parselmouth
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from drl4ser.config import FrameConfig
from drl4ser.inference.labels import format_label_track, format_text_grid
from drl4ser.inference.prediction import Prediction
from drl4ser.inference.segments import SegmentSettings, find_segments, find_speech
from tests.conftest import SAMPLE_RATE, write_voice

RATE = 200  # frames per second
stretches = st.lists(
    st.tuples(
        st.sampled_from([(-90, False), (-60, False), (-25, False), (-20, True), (-45, True)]), st.integers(1, 400)
    ),
    min_size=1,
    max_size=20,
)
lengths = st.builds(
    lambda pause, longest, share: SegmentSettings(pause, share * longest, longest),
    st.floats(0.05, 2.0),
    st.floats(0.2, 10.0),
    st.floats(0.0, 0.5),
)


def make_course(stretches, seed):
    """Energy and voicing of a frame after another, with noise so that no two frames are alike."""
    energy, voiced = (np.repeat([kind[i] for kind, _ in stretches], [n for _, n in stretches]) for i in (0, 1))
    return energy + np.random.default_rng(seed).normal(size=len(energy)), voiced


@given(stretches=stretches, settings=lengths, seed=st.integers(0, 99))
def test_segments_are_in_order_apart_and_hold_all_that_is_voiced(stretches, settings, seed):
    energy, voiced = make_course(stretches, seed)
    found = find_speech(energy, voiced, settings, RATE)
    bounds = [0, *(frame for span in found for frame in span), len(energy)]
    assert bounds == sorted(bounds) and all(first < last for first, last in found)
    assert all(last - first <= round(settings.max_segment * RATE) for first, last in found)
    frame = FrameConfig()
    assert all((last - first) * frame.hop_length >= frame.frame_length for first, last in found)  # can be predicted
    inside = np.zeros(len(energy), bool)
    for first, last in found:
        inside[first:last] = True
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]])))
    for first, last in edges.reshape(-1, 2):
        if last - first >= 0.05 * RATE:  # shorter voices are noise
            near = energy[first:last] >= energy[voiced].max() - 40
            assert inside[first:last][near].all() or near.sum() < 0.05 * RATE


@given(stretches=stretches, seed=st.integers(0, 99), gain_db=st.floats(-60, 60))
def test_a_gain_changes_no_cut(stretches, seed, gain_db):
    energy, voiced = make_course(stretches, seed)
    settings = SegmentSettings(max_segment=2.0)
    assert find_speech(energy, voiced, settings, RATE) == find_speech(energy + gain_db, voiced, settings, RATE)


def course(*stretches):
    """Of (seconds, dB); above -30 dB voiced."""
    energy = np.concatenate([np.full(round(seconds * RATE), float(level)) for seconds, level in stretches])
    return energy, energy > -30


def seconds_of(spans):
    return [(first / RATE, last / RATE) for first, last in spans]


def test_cuts_are_where_the_settings_want_them():
    two = course((0.5, -80), (2, -20), (0.3, -80), (2, -20), (0.5, -80))
    assert seconds_of(find_speech(*two, SegmentSettings(min_pause=0.4), RATE)) == [(0.4, 4.9)]
    assert seconds_of(find_speech(*two, SegmentSettings(min_pause=0.3), RATE)) == [(0.4, 2.6), (2.7, 4.9)]
    # a short one goes to its nearer neighbour, unless that is too far or the two would be too long
    three = course((2, -20), (0.6, -80), (0.5, -20), (0.5, -80), (2, -20))
    assert seconds_of(find_speech(*three, SegmentSettings(), RATE)) == [(0, 2.1), (2.5, 5.6)]
    for settings in (SegmentSettings(min_segment=0.5), SegmentSettings(max_segment=2.2)):
        assert seconds_of(find_speech(*three, settings, RATE)) == [(0, 2.1), (2.5, 3.2), (3.5, 5.6)]
    # without a pause, at the quietest place
    long = course((3, -20), (0.2, -24), (3, -20))
    (first, middle), (again, last) = seconds_of(find_speech(*long, SegmentSettings(max_segment=4), RATE))
    assert (first, last) == (0, 6.2) and middle == again and 3 <= middle <= 3.2


def test_pauses_in_noise_and_in_a_cut_recording():
    for pause in (-35, -180):  # 15 dB of distance; digital silence
        found = seconds_of(find_speech(*course((1, pause), (2, -20), (1, pause), (2, -20)), SegmentSettings(), RATE))
        assert found == [(0.9, 3.1), (3.9, 6.0)]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Five voices at a rate of 22,050 Hz, a second apart; their begins and ends in seconds."""
    folder, rate = tmp_path_factory.mktemp("segments"), 22_050
    signal, spans = [np.zeros(rate)], []
    for number, emotion in enumerate(("angry", "sad", "happy", "neutral", "sad")):
        write_voice(folder / "part.wav", emotion, seed=number)
        voice = soundfile.read(folder / "part.wav")[0]  # as if it were of this rate
        begin = sum(map(len, signal)) / rate
        spans.append((begin, begin + len(voice) / rate))
        signal += [voice, np.zeros(rate)]
    noise = 1e-4 * np.random.default_rng(0).standard_normal(sum(map(len, signal)))
    soundfile.write(folder / "long.wav", np.concatenate(signal) + noise, rate, subtype="FLOAT")
    return folder / "long.wav", spans


def test_voices_are_found_at_any_gain(recording, tmp_path):
    path, wanted = recording
    settings = SegmentSettings(min_segment=0.2)
    found = find_segments(path, settings)
    signal, rate = soundfile.read(path, dtype="float32")
    assert len(found.spans) == len(wanted) and found.seconds == pytest.approx(len(signal) / rate, abs=1e-4)
    for (start, end), (begin, last) in zip(found.spans, wanted, strict=True):
        assert begin - 0.15 <= start <= begin and last <= end <= last + 0.15
    for gain in (0.05, 1.7):
        soundfile.write(tmp_path / "other.wav", gain * signal, rate, subtype="FLOAT")
        assert find_segments(tmp_path / "other.wav", settings).spans == found.spans


def test_what_is_no_speech_has_no_segments(tmp_path):
    noise = np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE)
    for name, signal in (("silence", 0 * noise), ("faint", 1e-5 * noise), ("noise", 0.1 * noise)):
        soundfile.write(tmp_path / f"{name}.wav", signal, SAMPLE_RATE, subtype="FLOAT")
        assert find_segments(tmp_path / f"{name}.wav").spans == ()
    soundfile.write(tmp_path / "short.wav", noise[:100], SAMPLE_RATE)
    for name in ("short.wav", "missing.wav"):
        with pytest.raises(ValueError, match=name):
            find_segments(tmp_path / name)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"min_pause": 0.01}, "`min_pause` must be from 0.05"),
        ({"max_segment": 100}, "`max_segment` must be from 0.2 to 60 s. Received: max_segment=100"),
        ({"min_segment": 2, "max_segment": 3}, "`min_segment` must be at most half of `max_segment`"),
        ({"min_segment": float("nan")}, "`min_segment` must be"),
    ],
)
def test_lengths_that_cannot_be(values, words):
    with pytest.raises(ValueError, match=words):
        SegmentSettings(**values)


def make_segments(path):
    shares = ([0.2, 0.8], [0.7, 0.3], [0.4, 0.6])
    bounds = ((0.0, 1.25), (1.25, 2.0), (2.5, 3.123456789))
    return [
        Prediction(path, ("angry", 'say "sad"'), np.array(share), (), *bound)
        for share, bound in zip(shares, bounds, strict=True)
    ]


def test_praat_reads_the_text_grid(tmp_path):
    segments = make_segments(tmp_path / "a.wav")
    (tmp_path / "out.TextGrid").write_text(format_text_grid(segments, 4.0), encoding="utf-8")
    grid, call = parselmouth.read(str(tmp_path / "out.TextGrid")), parselmouth.praat.call
    assert grid.xmax == 4.0 and [call(grid, "Get tier name", tier) for tier in (1, 2)] == ["emotion", "probability"]
    wanted = [
        (0.0, 1.25, 'say "sad"', "0.800"),
        (1.25, 2.0, "angry", "0.700"),
        (2.0, 2.5, "", ""),
        (2.5, 3.123457, 'say "sad"', "0.600"),
        (3.123457, 4.0, "", ""),
    ]
    for tier, column in ((1, 2), (2, 3)):
        found = [
            tuple(call(grid, f"Get {what} of interval", tier, n) for what in ("start time", "end time", "label"))
            for n in range(1, call(grid, "Get number of intervals", tier) + 1)
        ]
        assert [item[2] for item in found] == [row[column] for row in wanted]
        np.testing.assert_allclose([item[:2] for item in found], [row[:2] for row in wanted])


def test_a_label_track_has_a_line_for_each_segment(tmp_path):
    lines = format_label_track(make_segments(tmp_path / "a.wav")).splitlines()
    assert [line.split("\t") for line in lines] == [
        ["0.000000", "1.250000", 'say "sad"'],
        ["1.250000", "2.000000", "angry"],
        ["2.500000", "3.123457", 'say "sad"'],
    ]
