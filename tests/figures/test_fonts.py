import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.ft2font import FT2Font

from drl4ser.figures import figure_to_array, fonts, make_figure, save_figure
from drl4ser.figures.confusion import confusion_figure, recall_figure

STIX = str(Path(matplotlib.get_data_path(), "fonts/ttf/STIXGeneral.ttf"))
NOWHERE = "\ue000"  # of private use


@pytest.fixture
def only_stix(monkeypatch):
    """Letters that STIX has and matplotlib's default font has not, on a system with STIX alone."""
    caches = (fonts.find_families, fonts._spell_out)
    monkeypatch.setattr(fonts, "_list_fonts", lambda: ({"STIXGeneral": STIX}, {}))
    for cached in caches:
        cached.cache_clear()
    letters = [chr(code) for code in FT2Font(STIX).get_charmap() if 0x2000 <= code < 0x3000]
    yield [letter for letter in letters if fonts._foreign_letters(letter)]
    for cached in caches:
        cached.cache_clear()


def draw(text):
    figure = make_figure(2, 2)
    figure.subplots().set_axis_off()
    figure.suptitle(text, fontsize=20)
    return figure_to_array(figure)


def test_letters_come_from_a_font_that_has_them(only_stix):
    one, two = (draw(letter) for letter in only_stix[:2])
    assert (one != two).any() and one.min() < 128  # two empty boxes would be the same


def test_letters_of_no_font_are_written_as_code_points(only_stix):
    with pytest.warns(UserWarning, match=r"no font has all letters of 'a\\ue000', drawn as a.ue000: install one"):
        assert (draw(f"a{NOWHERE}") == draw(r"a\ue000")).all()
    with warnings.catch_warnings(action="error"):
        draw(f"a{NOWHERE}")  # warned once


def test_labels_of_classes_are_drawn_in_every_figure(only_stix, tmp_path):
    classes = [f"{only_stix[0]} sad", f"b{NOWHERE}", "$x", "$\\q$", "\udce9"]
    figures = [confusion_figure(np.eye(5), classes, classes[1]), recall_figure([0.5] * 5, classes, classes[1])]
    for figure in figures:
        with warnings.catch_warnings(action="ignore"):
            save_figure(figure, tmp_path / "a")
        axes = figure.axes[0]
        shown = [label.get_text() for label in axes.get_xticklabels()]
        assert shown == [classes[0], r"b\ue000", "$x", "$\\q$", r"\udce9"] and axes.get_title() == r"b\ue000"
        assert axes.get_xticklabels()[0].get_fontfamily() == ["DejaVu Sans", "STIXGeneral"]


def test_what_is_written_in_the_default_font_stays_as_it_is():
    figure = make_figure(4, 4)
    axes = figure.subplots()
    axes.plot([0, 1], [1, 1000])
    axes.set_yscale("log")
    figure_to_array(figure)
    assert axes.get_ylabel() == "" and "10^{2}" in "".join(label.get_text() for label in axes.get_yticklabels())
    assert {text.get_fontfamily()[0] for text in figure.findobj(matplotlib.text.Text)} == {"sans-serif"}


@pytest.mark.parametrize("text", ["悲しい", "गुस्सा", "غاضب", "화남", "ทดสอบ"])
def test_the_fonts_of_this_system_are_found(text):
    letters = fonts._foreign_letters(text)
    families, missing = fonts.find_families(letters)
    if missing:
        pytest.skip("needs Debian's fonts-noto-core and fonts-noto-cjk")
    with warnings.catch_warnings(action="error"):
        assert draw(text).min() < 128
    assert len(families) == bool(letters)
