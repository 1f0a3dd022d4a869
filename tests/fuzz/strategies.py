"""Strategies for cases near valid ones: bytes with a few edits, JSON with one odd member, names of odd characters."""

import copy
import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

_PIECES = (b"\x00", b"\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80")
_PIECES += (b"\n", b'"', b",", b" ", b"../", b"\xe2\x80\xa8", b"\xc3", b"9" * 30, b"[" * 60)
_ODD = (None, True, -1, 0, 2**70, 1e308, float("nan"), "", "../../etc/passwd", "x" * 2000, [], {}, [[]])
_ODD += ([0] * 100, "a\nb", {"": 0})
# Letters of many scripts, combining marks, controls, quotes, separators; no half of a pair of surrogates.
_LETTERS = "aZ9 ._-,;'\"\\\t\n\r$%&*?<>|#~äß\u0301語ع\u202e\u2028\ufeff\x01\x7f\x85😀"

names = st.text(_LETTERS, min_size=1, max_size=12)
"""File names, or any text for another field."""


@st.composite
def damaged_bytes(draw, originals: Sequence[bytes]) -> bytes:
    """One of `originals` after one to five edits: overwrite, insert, delete, repeat or cut off."""
    content = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 5))):
        # The start, where headers are, is chosen as often as the rest.
        place = draw(st.integers(0, min(64, len(content))) | st.integers(0, len(content)))
        piece = draw(st.sampled_from(_PIECES) | st.binary(min_size=1, max_size=4))
        content = _edit(content, draw(st.sampled_from("oooiidrc")), place, piece)
    return content


def _edit(content: bytes, operation: str, place: int, piece: bytes) -> bytes:
    end = place + len(piece)
    if operation == "o":
        return content[:place] + piece + content[end:]
    if operation == "i":
        return content[:place] + piece + content[place:]
    if operation == "d":
        return content[:place] + content[end:]
    if operation == "r":
        return content[:end] + content[place:]
    return content[: max(place, 1)]


@st.composite
def damaged_json(draw, original: dict[str, Any]) -> bytes:
    """`original` as JSON, with one or two members replaced by something odd, deleted or renamed."""
    value = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 2))):
        *path, name = draw(st.sampled_from(list(_places(value)) or [("",)]))
        parent = value
        for step in path:
            parent = parent[step]
        edit = draw(st.sampled_from(("delete", "rename", *["replace"] * len(_ODD))))
        if edit != "replace" and isinstance(parent, dict):
            member = parent.pop(name, None)
            if edit == "rename":
                parent[f"{name}x"] = member
        else:
            parent[name] = copy.deepcopy(draw(st.sampled_from(_ODD)))
    return json.dumps(value).encode()


def _places(value: Any, path: tuple = ()):
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in list(members)[:40]:
        yield (*path, name)
        yield from _places(member, (*path, name))


def one_damaged(originals: dict[Any, bytes], *others) -> st.SearchStrategy:
    """(name, content) of one of several files, damaged as bytes, or by one of `others`, functions of its content."""

    def damage(name):
        return st.tuples(
            st.just(name), st.one_of(damaged_bytes([originals[name]]), *(f(originals[name]) for f in others))
        )

    return st.sampled_from(list(originals)).flatmap(damage)
