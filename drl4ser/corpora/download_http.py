"""Files from the web: resumed where they broke off, complete and checked or not there.

Not pooch: after a broken connection it fetches a file from its first byte.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

from drl4ser.corpora.utterance import CorpusError

_CHUNK_BYTES = 1 << 18
_TIMEOUT_SECONDS = 30.0
_TRIES = 5  # in a row without a byte more
_FIRST_PAUSE_SECONDS = 1.0  # doubled with every such try
_LONGEST_PAUSE_SECONDS = 60.0
_RETRIED_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_BROKEN = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)

Progress = Callable[[int], object]
"""Called with the number of bytes that came; a negative one where they must be fetched again."""


def fetch(
    url: str, path: Path, size: int | None = None, digest: str | None = None, progress: Progress = lambda count: None
) -> Path:
    """Download `url` to `path`, complete and checked or not at all.

    What has arrived is kept in `<name>.part`; a later call requests only the rest. Redirections are followed.

    Args:
        url: http or https.
        path: the file; if it exists, nothing is done.
        size: bytes that it must have; None if unknown.
        digest: "md5:..." or "sha256:..." that it must have; None if unknown.
        progress: told of what is there already, too.

    Raises:
        CorpusError: if the server has no such file or another one, or the connection keeps breaking.
    """
    if path.exists():
        progress(path.stat().st_size)
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    _check_space(path.parent, (size or 0) - _size_of(part))
    progress(_size_of(part))
    tries, most = 0, _size_of(part)
    with requests.Session() as session:
        while True:
            try:
                if _receive_rest(session, url, part, size, progress):
                    break
                reason = "the file ended too early"
            except _BROKEN as error:
                reason = type(error).__name__
            tries = 0 if _size_of(part) > most else tries + 1  # what is fetched once more is no progress
            most = max(most, _size_of(part))
            if tries == _TRIES:
                raise CorpusError(f"{url}: {reason} {_TRIES} times in a row; the same command resumes from here")
            time.sleep(min(_FIRST_PAUSE_SECONDS * 2**tries, _LONGEST_PAUSE_SECONDS) if tries else 0)
    _check(url, part, size, digest)
    return part.replace(path)


def _receive_rest(session, url: str, part: Path, size: int | None, progress: Progress) -> bool:
    """Asks for what is missing and appends it; whether the file is whole."""
    have = _size_of(part)
    if have and have == size:
        return True
    # Identity: a compressed transfer has no byte ranges of the file itself.
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_SECONDS) as response:
        if response.status_code in _RETRIED_STATUS:
            _wait_as_told(response)
            return False
        if response.status_code == 416:  # nothing there after what we have: start again, or the file has no more
            progress(-have)
            part.unlink()
            return False
        if not response.ok:
            raise CorpusError(f"{url}: the server answers {response.status_code} {response.reason}")
        have = _resume_at(response, part, have, progress)
        whole = _announced_size(response, have)
        if size is not None and whole not in (None, size):
            raise CorpusError(f"{url}: the server has a file of {whole:,} bytes, expected {size:,}; {_OTHER_FILE}")
        for chunk in _append(response, part):
            have += len(chunk)
            progress(len(chunk))
            if size is not None and have > size:
                break
        return have >= (whole or size or 0)


def _resume_at(response, part: Path, have: int, progress: Progress) -> int:
    """Where the bytes of this answer belong: behind what is there, or at the beginning if the server starts over."""
    if have and response.status_code == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        return have
    if have:
        progress(-have)
        part.unlink()
    if response.status_code == 206:
        raise requests.ConnectionError("not the range that was asked for")
    return 0


def _announced_size(response, have: int) -> int | None:
    """Size of the whole file by the headers of the answer, if they say."""
    length = response.headers.get("Content-Length", "")
    return have + int(length) if length.isdigit() else None


def _append(response, part: Path) -> Iterator[bytes]:
    with part.open("ab") as file:
        for chunk in response.iter_content(_CHUNK_BYTES):
            file.write(chunk)
            file.flush()
            yield chunk


def _wait_as_told(response) -> None:
    seconds = response.headers.get("Retry-After", "")
    if seconds.isdigit():
        time.sleep(min(int(seconds), _LONGEST_PAUSE_SECONDS))


_OTHER_FILE = "it is another file, or the corpus has changed: look at its page"


def _check(url: str, part: Path, size: int | None, digest: str | None) -> None:
    found = _size_of(part)
    if size is not None and found != size:
        part.unlink()
        raise CorpusError(f"{url}: {found:,} bytes came, expected {size:,}; {_OTHER_FILE}")
    if digest is None:
        return
    algorithm, _, wanted = digest.partition(":")
    with part.open("rb") as file:
        value = hashlib.file_digest(file, algorithm).hexdigest()
    if value != wanted:
        part.unlink()
        raise CorpusError(f"{url}: {algorithm} {value}, expected {wanted}; damaged on its way, or {_OTHER_FILE}")


def _check_space(folder: Path, missing: int) -> None:
    free = shutil.disk_usage(folder).free
    if missing > free:
        raise CorpusError(f"{folder} has {free:,} bytes free, the download needs {missing:,} more")


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
