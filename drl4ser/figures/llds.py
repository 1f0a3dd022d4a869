"""All low-level descriptors of one utterance over its spectrogram."""

import math

import numpy as np
import scipy.signal
from matplotlib.figure import Figure

from drl4ser.config import FrameConfig
from drl4ser.features import LLD_NAMES, frame_times
from drl4ser.figures import FONT_SIZE, make_figure

_COLUMNS = 3
_PANEL_CM = (6.4, 3.0)
_RANGE_DB = 60  # of the spectrogram, below its peak
_CONTOUR = "#c1121f"


def draw_llds(signal: np.ndarray, sample_rate: int, llds: np.ndarray, config: FrameConfig = FrameConfig()) -> Figure:
    """Draw a panel per descriptor: its contour over the spectrogram that all of them describe.

    Args:
        signal: float [num_samples].
        sample_rate: its rate in Hz.
        llds: float [num_frames, 17], `extract_llds` of it.
        config: the settings that they were extracted with.

    Returns:
        A figure 19 cm wide. The scale at the left is the descriptor's; the spectrogram reaches up to 8 kHz or half
        the rate. log_f0 is drawn where voiced.
    """
    rows = math.ceil(len(LLD_NAMES) / _COLUMNS)
    figure = make_figure(_COLUMNS * _PANEL_CM[0], rows * _PANEL_CM[1])
    panels = figure.subplots(rows, _COLUMNS, sharex=True).ravel()
    spectrogram = _compute_spectrogram(signal, sample_rate, config)
    times = frame_times(len(llds), config)
    for panel, name, values in zip(panels, LLD_NAMES, llds.T.astype(np.float64), strict=False):
        if name == "log_f0":
            values = np.where(values > 0, values, np.nan)
        _draw_panel(panel, spectrogram, times, name, values)
        panel.set_xlim(0, len(signal) / sample_rate)
    for panel in panels[len(LLD_NAMES) :]:
        panel.set_axis_off()
    for panel in panels[len(LLD_NAMES) - _COLUMNS : len(LLD_NAMES)]:
        panel.tick_params(labelbottom=True)
        panel.set_xlabel("time, s", fontsize=FONT_SIZE)
    return figure


def _compute_spectrogram(signal, sample_rate, config):
    """(times, frequencies, power in dB re its peak), in frames like those of the descriptors."""
    length = round(sample_rate * config.frame_ms / 1000)
    hop = round(sample_rate * config.hop_ms / 1000)
    frequencies, times, power = scipy.signal.spectrogram(
        signal, sample_rate, "hamming", length, length - hop, nfft=1 << (length - 1).bit_length()
    )
    shown = frequencies <= config.mel_high_hz
    power_db = 10 * np.log10(np.maximum(power[shown], np.finfo(np.float32).tiny))
    return times, frequencies[shown], power_db - power_db.max()


def _draw_panel(panel, spectrogram, times, name, values):
    own_times, frequencies, power_db = spectrogram
    behind = panel.twinx()
    behind.pcolormesh(
        own_times, frequencies, power_db, cmap="Greys", vmin=-_RANGE_DB, vmax=20, shading="nearest", rasterized=True
    )
    behind.set_yticks([])
    behind.set_zorder(0)
    panel.set_zorder(1)
    panel.patch.set_visible(False)
    panel.plot(times, values, color=_CONTOUR, linewidth=0.9)
    panel.set_title(name, fontsize=FONT_SIZE, pad=2)
    panel.tick_params(labelsize=6, length=2)
