import numpy as np

from drl4ser.features import LLD_NAMES, extract_llds
from drl4ser.figures.llds import draw_llds
from tests.features.signals import RATE, make_voice


def test_every_descriptor_has_its_contour_over_the_spectrogram():
    signal = make_voice(200, 0.5)
    llds = extract_llds(signal, RATE)
    figure = draw_llds(signal, RATE, llds)
    panels = {axes.get_title(): axes for axes in figure.axes if axes.get_title()}
    assert tuple(panels) == LLD_NAMES
    for name, values in zip(LLD_NAMES, llds.T, strict=True):
        (line,) = panels[name].lines
        np.testing.assert_allclose(line.get_xdata()[:2], [0.0125, 0.0175])
        shown = line.get_ydata()
        np.testing.assert_array_equal(shown[~np.isnan(shown)], values[values > 0] if name == "log_f0" else values)
    spectrograms = [axes.collections[0].get_array() for axes in figure.axes if axes.collections]
    assert len(spectrograms) == 17
    loudest = np.unravel_index(spectrograms[0].argmax(), spectrograms[0].shape)[0]
    assert abs(loudest * RATE / 512 - 200) < RATE / 512
    figure.canvas.draw()
