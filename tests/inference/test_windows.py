"""Windows over streams: against slicing the whole signal, for every way of cutting it into blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drl4ser.inference.windows import cut_spans, cut_windows


@given(
    num_samples=st.integers(0, 60),
    window=st.integers(1, 20),
    data=st.data(),
    cuts=st.lists(st.integers(0, 60), max_size=8),
)
def test_windows_are_slices_and_cover_everything(num_samples, window, data, cuts):
    hop = data.draw(st.integers(1, window))
    signal = np.arange(num_samples, dtype=np.float32)
    blocks = np.split(signal, sorted(min(cut, num_samples) for cut in cuts))
    found = list(cut_windows(blocks, window, hop))
    for begin, samples in found:
        np.testing.assert_array_equal(samples, signal[begin : begin + window])
    assert {int(value) for _, samples in found for value in samples} == set(range(num_samples))
    starts = [begin for begin, _ in found]
    if num_samples >= window:
        whole = list(range(0, num_samples - window + 1, hop))
        rest = [] if whole[-1] + window == num_samples else [num_samples - window]
        assert starts == whole + rest
    else:
        assert starts == [0][: min(num_samples, 1)]


def test_it_holds_little_more_than_a_window():
    held = []
    blocks = (np.zeros(50, np.float32) for _ in range(100))
    for _, samples in cut_windows(blocks, 120, 30):
        held.append(samples.base.size if samples.base is not None else samples.size)
    assert len(held) > 100 and max(held) <= 120 + 2 * 50


@pytest.mark.parametrize(("window", "hop"), [(5, 0), (5, 6), (0, 0)])
def test_a_hop_that_cannot_be(window, hop):
    with pytest.raises(ValueError, match="`hop` must be"):
        list(cut_windows([np.zeros(9)], window, hop))


@given(
    ends=st.lists(st.integers(0, 60), max_size=12, unique=True).map(sorted),
    cuts=st.lists(st.integers(0, 60), max_size=8).map(sorted),
)
def test_spans_are_slices(ends, cuts):
    signal, spans = np.arange(60, dtype=np.float32), list(zip(ends[::2], ends[1::2], strict=False))
    found = list(cut_spans(np.split(signal, cuts), spans))
    assert [(first, first + len(samples)) for first, samples in found] == spans
    for first, samples in found:
        np.testing.assert_array_equal(samples, signal[first : first + len(samples)])


def test_spans_hold_little_more_than_one_of_them():
    blocks, held = (np.zeros(50, np.float32) for _ in range(100)), []
    for _, samples in cut_spans(blocks, [(60 * n, 60 * n + 55) for n in range(80)]):
        held.append(samples.base.size if samples.base is not None else samples.size)
    assert len(held) == 80 and max(held) <= 55 + 2 * 50
