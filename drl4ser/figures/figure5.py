"""The paper's Figure 5: (a) an attention matrix, (b) informativeness over the waveform; both with the words."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from drl4ser.figures import CM_PER_INCH, FONT_SIZE, make_figure

# Of Okabe & Ito's palette, told apart with any kind of colour vision; the line styles tell in black and white.
LINES = (("#56B4E9", ":"), ("#009E73", "--"), ("#000000", "-"))
SALIENT_COLOR = "#D55E00"
# One order from dark to light, in colour, to colour-blind eyes and in black and white.
COLORS = "cividis"
_WAVEFORM_COLUMNS = 1200
_POINTS_PER_CM = 72 / CM_PER_INCH


def attention_figure(weights: np.ndarray, times: np.ndarray, words: Sequence = (), title: str = "") -> Figure:
    """Draw Figure 5(a), which steps attend to which, the brighter the more; 9 cm wide.

    Args:
        weights: one head's correlation matrix or a mean of several, [N, N], rows are queries.
        times: middle of each step in seconds, [N].
        words: as `drl4ser.corpora.Word`; they stand above and on the right, salient ones bold.
        title: stands at the top.

    Example:
        >>> attention_figure(np.eye(3), np.array([0.1, 0.3, 0.5])).axes[0].get_xlabel()
        'attended to at / s'
    """
    figure = make_figure(9.0, 9.5)
    axes = figure.subplots()
    begin, end = _edges(times)
    shares = weights * len(times)
    # A few cells are far brighter than all others: the scale holds 99 % of them.
    low, high = np.quantile(shares, [0.005, 0.995])
    image = axes.imshow(shares, COLORS, vmin=low, vmax=high, extent=(begin, end, end, begin))
    axes.set_xlabel("attended to at / s", fontsize=FONT_SIZE)
    axes.set_ylabel("attending at / s", fontsize=FONT_SIZE)
    axes.tick_params(labelsize=FONT_SIZE, length=2)
    bar = figure.colorbar(image, ax=axes, location="bottom", shrink=0.6, aspect=30, extend="both")
    bar.set_label("attention (1 = spread evenly)", fontsize=FONT_SIZE)
    bar.ax.tick_params(labelsize=FONT_SIZE - 1, length=2)
    if inside := [word for word in words if begin <= _middle(word) <= end]:
        _label_words(axes.secondary_xaxis("top").xaxis, inside, room_cm=6.0, rotation=90)
        _label_words(axes.secondary_yaxis("right").yaxis, inside, room_cm=6.0, rotation=0)
    figure.suptitle(title, fontsize=FONT_SIZE + 1)
    return figure


def informativeness_figure(
    signal: np.ndarray,
    sample_rate: int,
    informativeness: np.ndarray,
    times: np.ndarray,
    words: Sequence = (),
    title: str = "",
) -> Figure:
    """Draw Figure 5(b), the waveform coloured by the last iteration's r_n, and r_n of every iteration; 16 cm wide.

    Args:
        signal: samples [num_samples].
        sample_rate: of the signal in Hz.
        informativeness: r_n, [iterations, N] in [0, 1].
        times: middle of each step in seconds, [N].
        words: as `drl4ser.corpora.Word`; they stand above, salient ones bold on a tinted ground.
        title: stands at the top.

    Raises:
        ValueError: if there is no iteration to show, as for S2.

    Example:
        >>> r = np.array([[0.2, 0.9]])
        >>> informativeness_figure(np.zeros(4000), 16000, r, np.array([0.05, 0.2])).axes[1].get_ylabel()
        'informativeness r'
    """
    if not len(informativeness):
        raise ValueError("`informativeness` has no iteration: only a system with GCA-LSTM (s3) has any")
    figure = make_figure(16.0, 8.0)
    waveform, curves = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.2])
    _draw_waveform(figure, waveform, np.asarray(signal), sample_rate, informativeness[-1], times)
    _draw_curves(curves, informativeness, times)
    for word in words:
        for axes in (waveform, curves):
            if word.salient:
                axes.axvspan(word.start_s, word.end_s, color=SALIENT_COLOR, alpha=0.15, linewidth=0)
            axes.axvline(word.start_s, color="0.75", linewidth=0.4, zorder=0)
    if words:
        _label_words(waveform.secondary_xaxis("top").xaxis, words, room_cm=12.0, rotation=60)
    figure.suptitle(title, fontsize=FONT_SIZE + 1)
    return figure


def curves_figure(informativeness: np.ndarray, times: np.ndarray, title: str = "") -> Figure:
    """Draw the lower half of Figure 5(b) alone, 12 cm wide; arguments as of `informativeness_figure`.

    Example:
        >>> curves_figure(np.array([[0.2, 0.9]]), np.array([0.05, 0.2])).axes[0].get_xlabel()
        'time / s'
    """
    figure = make_figure(12.0, 5.0)
    _draw_curves(figure.subplots(), informativeness, times)
    figure.suptitle(title, fontsize=FONT_SIZE + 1)
    return figure


def mosaic_figure(blocks: Mapping[str, np.ndarray], title: str = "") -> Figure:
    """Draw all heads of all blocks, a row for each block and a column for each head; 9 cm wide.

    Args:
        blocks: correlation matrices [heads, N, N] by the name of their block, N of each block its own.
        title: stands at the top.

    Example:
        >>> figure = mosaic_figure({"group 2, block 1": np.full((4, 7, 7), 1 / 7)}, "sad")
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['group 2, block 1']
    """
    tile, heads = 96, len(next(iter(blocks.values())))
    figure = make_figure(9.0, 1.2 + 1.7 * len(blocks))
    axes = figure.subplots()
    axes.imshow(attention_mosaic(list(blocks.values()), tile))
    middles = (tile + 2) * (np.arange(max(heads, len(blocks))) + 0.5)
    axes.set_xticks(middles[:heads], [f"head {number + 1}" for number in range(heads)], fontsize=FONT_SIZE)
    axes.set_yticks(middles[: len(blocks)], list(blocks), fontsize=FONT_SIZE)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.set_xlabel("attended to", fontsize=FONT_SIZE)
    axes.set_ylabel("attending (the brighter, the more)", fontsize=FONT_SIZE)
    figure.suptitle(title, fontsize=FONT_SIZE + 1)
    return figure


def attention_mosaic(blocks: Sequence[np.ndarray], tile: int = 96) -> np.ndarray:
    """Draw all heads of all blocks in one picture without any text.

    Args:
        blocks: correlation matrices [heads, N, N], N of each block its own.
        tile: width and height of each matrix in pixels.

    Returns:
        uint8 [height, width, 3]: a row for each block, a column for each head. The brighter, the more attention; each
        matrix has its own scale.

    Example:
        >>> attention_mosaic([np.full((4, 7, 7), 1 / 7), np.full((4, 3, 3), 1 / 3)], tile=10).shape
        (24, 48, 3)
    """
    rows = []
    for weights in blocks:
        places = np.arange(tile) * weights.shape[-1] // tile
        tiles = weights[:, places][:, :, places]
        low, high = (np.quantile(tiles, share, axis=(1, 2), keepdims=True) for share in (0.005, 0.995))
        scaled = np.clip((tiles - low) / np.maximum(high - low, 1e-12), 0, 1)
        rows.append(np.concatenate(np.pad(scaled, [(0, 0), (1, 1), (1, 1)]), axis=1))
    return (colormaps[COLORS](np.concatenate(rows))[..., :3] * 255).round().astype(np.uint8)


def _edges(times: np.ndarray) -> tuple[float, float]:
    """Begin of the first step and end of the last one, in seconds."""
    half = (times[1] - times[0]) / 2 if len(times) > 1 else 0.08
    return times[0] - half, times[-1] + half


def _middle(word) -> float:
    return (word.start_s + word.end_s) / 2


def _draw_waveform(figure, axes, signal, sample_rate, informativeness, times) -> None:
    """Draw a line from the lowest to the highest sample of each pixel column, in the colour of r_n at its time."""
    columns = np.array_split(signal, min(_WAVEFORM_COLUMNS, len(signal)))
    starts = np.cumsum([0] + [len(column) for column in columns[:-1]]) / sample_rate
    values = np.interp(starts, times, informativeness)
    lines = [[(start, column.min()), (start, column.max())] for start, column in zip(starts, columns, strict=True)]
    collection = LineCollection(lines, cmap=COLORS, norm="linear", linewidths=0.7)
    collection.set_array(values)
    collection.set_clim(0.0, 1.0)
    axes.add_collection(collection)
    peak = max(float(np.abs(signal).max()), 1e-3)
    axes.set(xlim=(0, len(signal) / sample_rate), ylim=(-1.05 * peak, 1.05 * peak), yticks=[])
    axes.set_facecolor("0.92")  # the lightest colour must be seen
    bar = figure.colorbar(collection, ax=axes, pad=0.01, aspect=10)
    bar.set_label("last iteration's r", fontsize=FONT_SIZE)
    bar.ax.tick_params(labelsize=FONT_SIZE, length=2)


def _draw_curves(axes, informativeness, times) -> None:
    begin, end = _edges(times)
    edges = np.concatenate([[begin], (times[1:] + times[:-1]) / 2, [end]])
    first = len(LINES) - len(informativeness)
    for number, row in enumerate(informativeness):
        color, style = LINES[max(first + number, 0)]
        axes.stairs(
            row, edges, baseline=None, color=color, linestyle=style, linewidth=1.2, label=f"iteration {number + 1}"
        )
    axes.set_ylim(-0.04, 1.04)
    axes.set_xlabel("time / s", fontsize=FONT_SIZE, loc="left")
    axes.set_ylabel("informativeness r", fontsize=FONT_SIZE)
    axes.tick_params(labelsize=FONT_SIZE, length=2)
    axes.legend(
        fontsize=FONT_SIZE, loc="upper right", bbox_to_anchor=(1.01, -0.12), ncols=len(informativeness), frameon=False
    )


def _label_words(axis, words: Sequence, room_cm: float, rotation: float) -> None:
    """Write words at their middle on a secondary axis `room_cm` long; salient ones bold and coloured."""
    words, font_size = _fit_words(words, room_cm / (words[-1].end_s - words[0].start_s))
    axis.set_ticks([_middle(word) for word in words], [word.text for word in words], rotation=rotation)
    axis.set_tick_params(labelsize=font_size, length=2)
    for label, word in zip(axis.get_ticklabels(), words, strict=True):
        if 0 < rotation < 90:
            label.set(horizontalalignment="left", rotation_mode="anchor")
        if word.salient:
            label.set(color=SALIENT_COLOR, fontweight="bold")


def _fit_words(words: Sequence, cm_per_second: float) -> tuple[list, float]:
    """Choose the words that fit beside each other and their font size; below 5 points some are left out."""
    kept: list = []
    smallest, size = 5.0, float(FONT_SIZE)
    for word in words:
        points = (_middle(word) - _middle(kept[-1])) * cm_per_second * _POINTS_PER_CM if kept else size
        if points >= smallest:
            size = min(size, points)
            kept.append(word)
        elif word.salient and not kept[-1].salient:
            kept[-1] = word  # the salient one stays
    return kept, size
