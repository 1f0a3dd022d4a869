"""Checksums inside JSON objects and of files: damage that leaves a file readable is found too."""

import hashlib
import json
from pathlib import Path
from typing import Any

SEAL = "seal"
_BLOCK_BYTES = 2**20


def seal(values: dict[str, Any]) -> dict[str, Any]:
    """A JSON object with the SHA-256 of its other members under "seal"."""
    return {**values, SEAL: _digest(values)}


def check_seal(values: Any) -> dict[str, Any]:
    """What was given to `seal`; objects of earlier versions have no seal and are returned as they are.

    Raises:
        ValueError: if `values` is not an object or its seal does not fit.
    """
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")
    plain = {name: value for name, value in values.items() if name != SEAL}
    if SEAL in values and values[SEAL] != _digest(plain):
        raise ValueError("its content does not match its checksum")
    return plain


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _digest(values: dict[str, Any]) -> str:
    # Not of the bytes: the same object may be written with other spaces, and lines end differently elsewhere.
    text = json.dumps(values, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
