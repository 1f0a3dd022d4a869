"""Cases near valid ones: bytes with a few edits, JSON with one odd member. Every choice is drawn from `rng`."""

import copy
import json
from collections.abc import Sequence
from random import Random
from typing import Any

_PIECES = (b"\x00", b"\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80")
_PIECES += (b"\n", b'"', b",", b" ", b"../", b"\xe2\x80\xa8", b"\xc3", b"9" * 30, b"[" * 60)
_ODD = (None, True, -1, 0, 2**70, 1e308, float("nan"), "", "../../etc/passwd", "x" * 2000, [], {}, [[]])
_ODD += ([0] * 100, "a\nb", {"": 0})
# Letters of many scripts, combining marks, controls, quotes, separators, a half of a pair of surrogates excepted.
_LETTERS = "aZ9 ._-,;'\"\\\t\n\r$%&*?<>|#~äß\u0301語ع\u202e\u2028\ufeff\x01\x7f\x85😀"


def mutate_bytes(rng: Random, originals: Sequence[bytes]) -> bytes:
    """One of `originals` after one to five edits: overwrite, insert, delete, repeat or cut off."""
    content = rng.choice(originals)
    for _ in range(rng.randint(1, 5)):
        # The beginning, where headers are, is chosen as often as all the rest.
        place = rng.randint(0, min(64, len(content)) if rng.random() < 0.5 else len(content))
        piece = rng.choice(_PIECES) if rng.random() < 0.5 else _random_bytes(rng)
        content = _edit(content, rng.choice("oooiidrc"), place, piece)
    return content


def _random_bytes(rng: Random) -> bytes:
    return bytes(rng.randint(0, 255) for _ in range(rng.randint(1, 4)))


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


def mutate_json(rng: Random, original: dict[str, Any]) -> bytes:
    """`original` as JSON, with one or two members replaced by something odd, taken away or given another name."""
    value = copy.deepcopy(original)
    for _ in range(rng.randint(1, 2)):
        *path, name = rng.choice(list(_places(value)) or [("",)])
        parent = value
        for step in path:
            parent = parent[step]
        what = rng.choice(("take away", "rename", *[None] * len(_ODD)))
        if what and isinstance(parent, dict):
            member = parent.pop(name, None)
            if what == "rename":
                parent[f"{name}x"] = member
        else:
            parent[name] = copy.deepcopy(rng.choice(_ODD))
    return json.dumps(value).encode()


def _places(value: Any, path: tuple = ()):
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in list(members)[:40]:
        yield (*path, name)
        yield from _places(member, (*path, name))


def random_name(rng: Random) -> str:
    """A file name of up to twelve characters, or any text for another field."""
    return "".join(rng.choice(_LETTERS) for _ in range(rng.randint(1, 12)))
