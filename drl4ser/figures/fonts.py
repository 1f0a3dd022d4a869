"""Fonts for texts in any script: names of classes and files, and words, are the user's."""

import functools
import unicodedata
import warnings

import matplotlib
from matplotlib import font_manager
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

_DEFAULT = "DejaVu Sans"  # comes with matplotlib
_NEVER_DRAWN = ("Cc", "Cf", "Zl", "Zp", "Zs")  # categories of Unicode
_REMEDY = "install one that has them (Debian: fonts-noto-core, fonts-noto-cjk)"


class AnyScriptLayout(ConstrainedLayoutEngine):
    """Layout of a figure that chooses fonts first, with `fit_fonts`; matplotlib calls it before it draws.

    A subclass of Figure would do as well, but Gradio takes matplotlib's own figures only.
    """

    def execute(self, fig: Figure) -> None:
        """Choose fonts and make room for the texts."""
        fit_fonts(fig)
        super().execute(fig)


def fit_fonts(figure: Figure) -> None:
    """Give each text of a figure fonts of this system for the letters that matplotlib's own lacks.

    Letters that no font has are written as code points, with a warning: matplotlib would draw empty boxes. Dollars are
    dollars and not signs of a formula, except on axes whose labels are numbers.

    Example:
        >>> figure = Figure()
        >>> label = figure.text(0, 0, "sad \\U0010ffff")  # no letter
        >>> with warnings.catch_warnings(action="ignore"):
        ...     fit_fonts(figure)
        >>> print(label.get_text())
        sad \\U0010ffff
    """
    numbers = set()
    for axis in figure.findobj(Axis):
        texts = axis.get_ticklabels()
        if not isinstance(axis.get_major_locator(), FixedLocator):
            numbers.update(texts)
        elif any(_foreign_letters(text.get_text()) for text in texts):  # drawing would write them again
            axis.set_ticks(axis.get_ticklocs(), [_spell_out(text.get_text()) for text in texts])
    for text in figure.findobj(Text):
        if text not in numbers:
            text.set_parse_math(False)
        if foreign := _foreign_letters(text.get_text()):
            text.set_text(_spell_out(text.get_text()))
            text.set_fontfamily([_DEFAULT, *find_families(foreign)[0]])


@functools.cache
def find_families(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Find fonts of this system that have `letters` between them: few, and sans serif first.

    Returns:
        Their families, and the letters that none of them has.

    Example:
        >>> find_families(frozenset("\\U0010ffff"))[1] == {"\\U0010ffff"}
        True
    """
    families, missing = [], letters
    for fonts in _list_fonts():
        found = {family: {letter for letter in missing if _has(path, letter)} for family, path in fonts.items()}
        while missing and found:
            family = max(found, key=lambda name: len(found[name] & missing))
            if not found[family] & missing:
                break
            families.append(family)
            missing -= found.pop(family)
    return tuple(families), missing


def _list_fonts() -> tuple[dict[str, str], dict[str, str]]:
    """Files of upright fonts of this system by family: sans serif, others."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - known):  # installed after matplotlib made its list
        try:
            font_manager.fontManager.addfont(path)
        except (RuntimeError, NotImplementedError):  # damaged, or made of pixels
            continue
    own = matplotlib.get_data_path()
    upright = sorted(
        (entry.name, entry.fname)
        for entry in font_manager.fontManager.ttflist
        if (entry.style, entry.weight, entry.stretch) == ("normal", 400, "normal") and not entry.fname.startswith(own)
    )
    sans = {name: path for name, path in upright if "Sans" in name and "Mono" not in name}
    return sans, {name: path for name, path in upright if name not in sans}


@functools.lru_cache(maxsize=512)
def _open_font(path: str) -> FT2Font:
    return FT2Font(path)


def _has(path: str, letter: str) -> bool:
    return _open_font(path).get_char_index(ord(letter)) != 0


@functools.cache
def _foreign_letters(text: str) -> frozenset[str]:
    """The letters of a text that matplotlib's own font lacks."""
    letters = (letter for letter in text if unicodedata.category(letter) not in _NEVER_DRAWN)
    path = font_manager.findfont(_DEFAULT)
    # Selectors of variants change the letter before them.
    return frozenset(item for item in letters if not "\ufe00" <= item <= "\ufe0f" and not _has(path, item))


@functools.cache
def _spell_out(label: str) -> str:
    """The label with code points for the letters that no font has; warns once for each label."""
    _, missing = find_families(_foreign_letters(label))
    if missing:
        spelled = "".join(item.encode("unicode_escape").decode() if item in missing else item for item in label)
        warnings.warn(f"no font has all letters of {label!a}, drawn as {spelled}: {_REMEDY}", stacklevel=2)
        return spelled
    return label
