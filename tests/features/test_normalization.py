"""z-scores against NumPy on all frames at once."""

import json

import numpy as np
import pytest

from drl4ser.features import LLD_NAMES, Normalizer, speech_span


@pytest.fixture
def utterances():
    rng = np.random.default_rng(0)
    scale, offset = rng.uniform(0.1, 50, 17), rng.normal(0, 1e4, 17)
    made = [(rng.normal(size=(n, 17)) * scale + offset).astype(np.float32) for n in (5, 1, 300, 40)]
    for llds in made:
        llds[:, 3] = 0.1
    return made


def test_equals_numpy_over_all_frames(utterances):
    frames = np.concatenate(utterances).astype(np.float64)
    normalizer = Normalizer.fit(iter(utterances))
    np.testing.assert_allclose(normalizer.mean, frames.mean(axis=0), rtol=1e-12)
    std = frames.std(axis=0)
    std[3] = 1.0
    np.testing.assert_allclose(normalizer.std, std, rtol=1e-9)


def test_makes_zero_mean_and_unit_deviation(utterances):
    z = np.concatenate([Normalizer.fit(utterances)(llds) for llds in utterances])
    assert z.dtype == np.float32
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.delete(z.std(axis=0), 3), 1, atol=1e-4)
    np.testing.assert_allclose(z[:, 3], 0, atol=1e-6)


def test_order_does_not_matter(utterances):
    there, back = Normalizer.fit(utterances), Normalizer.fit(utterances[::-1])
    np.testing.assert_allclose(there.mean, back.mean, rtol=1e-12)
    np.testing.assert_allclose(there.std, back.std, rtol=1e-10)


def test_utterance_without_frames_adds_nothing(utterances):
    with_empty = Normalizer.fit([np.zeros((0, 17)), *utterances, np.zeros((0, 17))])
    np.testing.assert_array_equal(with_empty.mean, Normalizer.fit(utterances).mean)


def test_json_keeps_every_bit(utterances):
    normalizer = Normalizer.fit(utterances)
    restored = Normalizer.from_dict(json.loads(json.dumps(normalizer.to_dict())))
    np.testing.assert_array_equal(restored.mean, normalizer.mean)
    np.testing.assert_array_equal(restored.std, normalizer.std)
    assert restored == normalizer


def test_is_frozen(utterances):
    normalizer = Normalizer.fit(utterances)
    with pytest.raises(AttributeError):
        normalizer.mean = np.zeros(17)
    with pytest.raises(ValueError, match="read-only"):
        normalizer.mean[0] = 1.0


@pytest.mark.parametrize(
    ("utterances", "message"),
    [
        ([], "at least one frame"),
        ([np.zeros(17)], r"shape=\(17,\)"),
        ([np.zeros((2, 17)), np.zeros((2, 16))], r"shape=\(2, 16\)"),
        ([np.full((2, 17), np.nan)], "finite"),
    ],
)
def test_what_fit_refuses(utterances, message):
    with pytest.raises(ValueError, match=message):
        Normalizer.fit(utterances)


def test_what_call_and_constructor_refuse(utterances):
    with pytest.raises(ValueError, match="17 features"):
        Normalizer.fit(utterances)(np.zeros((3, 16)))
    with pytest.raises(ValueError, match="`std` must be positive"):
        Normalizer(np.zeros(2), np.array([1.0, 0.0]))


def with_energy(*log_energies):
    llds = np.ones((len(log_energies), 17), np.float32)
    llds[:, LLD_NAMES.index("log_energy")] = log_energies
    return llds


def test_speech_is_from_the_first_to_the_last_loud_frame():
    # ln 10 = 10 dB: with 20 dB, frames down to -4.6 count; quiet ones between loud ones stay
    llds = with_energy(-9, -4.7, -4.5, -9, 0, -1, -9, -4.6, -5, -9)
    assert speech_span(llds, 20) == slice(2, 8)
    assert speech_span(llds, 0) == slice(0, 10)
    assert speech_span(llds[:1], 20) == slice(0, 1)
    assert speech_span(llds[:0], 20) == slice(0, 0)


def test_what_is_trimmed_is_neither_counted_nor_kept():
    rng = np.random.default_rng(0)
    speech = rng.normal(size=(50, 17)).astype(np.float32)
    silence = np.full((20, 17), -30.0, np.float32)
    padded = np.concatenate([silence, speech, silence])
    trimming = Normalizer.fit([padded], trim_db=60)
    plain = Normalizer.fit([speech])
    np.testing.assert_array_equal(trimming.mean, plain.mean)
    np.testing.assert_array_equal(trimming(padded), plain(speech))
    assert Normalizer.from_dict(json.loads(json.dumps(trimming.to_dict()))) == trimming != plain


def test_what_every_frame_has_in_common_is_taken_off():
    """Scores are those of the plain normaliser less their mean; an offset of the whole utterance changes nothing."""
    rng = np.random.default_rng(0)
    utterances = [rng.normal(rng.normal(size=17), 2.0, (length, 17)) for length in (50, 80)]
    taking = Normalizer.fit(utterances, subtract_mean=True)
    plain = Normalizer.fit(utterances)
    scores = plain(utterances[0])
    np.testing.assert_allclose(taking(utterances[0]), scores - scores.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(taking(utterances[0] + rng.normal(size=17)), taking(utterances[0]), atol=1e-5)
    assert Normalizer.from_dict(json.loads(json.dumps(taking.to_dict()))) == taking != plain
    assert taking(utterances[0][:0]).shape == (0, 17)


def test_the_mean_is_that_of_the_frames_that_are_kept():
    rng = np.random.default_rng(0)
    speech = rng.normal(size=(50, 17)).astype(np.float32)
    padded = np.concatenate([np.full((20, 17), -30.0, np.float32), speech])
    trimming = Normalizer.fit([padded], trim_db=60, subtract_mean=True)
    np.testing.assert_array_equal(trimming(padded), Normalizer.fit([speech], subtract_mean=True)(speech))


def test_statistics_of_earlier_runs_are_still_read():
    earlier = Normalizer.from_dict({"mean": [1.0], "std": [2.0]})
    assert (earlier.trim_db, earlier.subtract_mean) == (0, False)
    assert earlier.to_dict() == {"mean": [1.0], "std": [2.0], "trim_db": 0.0}
