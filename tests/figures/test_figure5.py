import numpy as np
import pytest
from matplotlib.colors import to_rgb

from drl4ser.corpora import Word
from drl4ser.figures import figure5, save_figure

WORDS = [Word("you", 0.1, 0.3), Word("lied", 0.32, 0.8, True), Word("today", 0.9, 1.2)]
TIMES = 0.0125 + 0.16 * np.arange(8)


def test_attention_stands_over_time_and_words():
    weights = np.eye(8) * 0.93 + 0.07 / 8
    figure = figure5.attention_figure(weights, TIMES, WORDS, "head 1")
    axes = figure.axes[0]
    (image,) = axes.images
    np.testing.assert_allclose(image.get_array(), weights * 8)
    begin, end = TIMES[0] - 0.08, TIMES[-1] + 0.08
    assert image.get_extent() == pytest.approx([begin, end, end, begin])  # row 0, the first query, on top
    top, right = axes.child_axes
    for labels in (top.get_xticklabels(), right.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["you", "lied", "today"]
        assert [label.get_fontweight() for label in labels] == ["normal", "bold", "normal"]
    np.testing.assert_allclose(top.get_xticks(), [0.2, 0.56, 1.05])
    assert figure.get_size_inches()[0] * 2.54 == pytest.approx(9.0)


def test_informativeness_stands_over_the_waveform():
    rows = np.random.default_rng(0).uniform(size=(3, 8))
    signal = np.sin(np.arange(20_000) / 10) * 0.2
    figure = figure5.informativeness_figure(signal, 16_000, rows, TIMES, WORDS)
    waveform, curves = figure.axes[:2]
    (collection,) = waveform.collections
    spans = np.array(collection.get_segments())
    assert spans[..., 1].min() == signal.min() and spans[..., 1].max() == signal.max()
    assert waveform.get_xlim() == (0, 1.25)
    # the colour at the middle of a step is its r of the last iteration
    column = np.abs(spans[:, 0, 0] - TIMES[3]).argmin()
    assert collection.get_array()[column] == pytest.approx(rows[-1, 3], abs=0.02)
    stairs = [patch for patch in curves.patches if hasattr(patch, "get_data")]
    for row, patch in zip(rows, stairs, strict=True):
        np.testing.assert_allclose(patch.get_data().values, row)
        np.testing.assert_allclose(patch.get_data().edges[1:-1], TIMES[:-1] + 0.08)
    names = [text.get_text() for text in curves.get_legend().get_texts()]
    assert names == ["iteration 1", "iteration 2", "iteration 3"]
    with pytest.raises(ValueError, match="GCA-LSTM"):
        figure5.informativeness_figure(signal, 16_000, np.zeros((0, 8)), TIMES)


def test_every_head_of_every_block_is_labelled():
    blocks = {f"group {number}, block 1": np.eye(number)[np.newaxis].repeat(4, axis=0) for number in (2, 3, 4)}
    figure = figure5.mosaic_figure(blocks, "sad, epoch 5")
    axes = figure.axes[0]
    (image,) = axes.images
    assert image.get_array().shape == (3 * 98, 4 * 98, 3)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(blocks)
    assert [label.get_text() for label in axes.get_xticklabels()] == [f"head {number}" for number in (1, 2, 3, 4)]
    assert figure.get_suptitle() == "sad, epoch 5"


def test_one_step_can_be_drawn(tmp_path):
    save_figure(figure5.attention_figure(np.ones((1, 1)), TIMES[:1]), tmp_path / "a")
    figure = figure5.informativeness_figure(np.zeros(400), 16_000, np.ones((3, 1)), TIMES[:1])
    save_figure(figure, tmp_path / "b")


def test_saved_pictures_are_the_same_each_time(tmp_path):
    for name in ("one", "two"):
        figure = figure5.attention_figure(np.full((8, 8), 0.125), TIMES, WORDS)
        paths = save_figure(figure, tmp_path / f"{name}.v1")
        assert [path.name for path in paths] == [f"{name}.v1.png", f"{name}.v1.pdf"]
    for suffix in ("png", "pdf"):
        one, two = (tmp_path / f"{name}.v1.{suffix}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    assert (tmp_path / "one.v1.pdf").read_bytes().startswith(b"%PDF")


def test_crowded_words_shrink_and_then_give_way_to_salient_ones():
    words = [Word("a", 0.0, 0.1), Word("b", 0.1, 0.2), Word("c", 0.2, 0.3, True), Word("d", 1.0, 1.1)]
    assert figure5._fit_words(words, cm_per_second=5.0) == (words, 7.0)
    kept, size = figure5._fit_words(words, cm_per_second=2.0)
    assert kept == words and 5.0 <= size < 7.0
    kept, _ = figure5._fit_words(words, cm_per_second=1.2)
    assert [word[0] for word in kept] == ["a", "c", "d"]


def luminance(color):
    """Relative luminance (ITU-R BT.709 of linear light): what is left in black and white."""
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in color]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_lines_and_colours_survive_black_and_white():
    from matplotlib import colormaps

    shades = [luminance(color) for color in colormaps[figure5.COLORS](np.linspace(0, 1, 64))[:, :3]]
    assert (np.diff(shades) > 0).all()
    styles = {style for _, style in figure5.LINES}
    shades = sorted(luminance(to_rgb(color)) for color, _ in figure5.LINES)
    assert len(styles) == 3 and np.diff(shades).min() > 0.1
