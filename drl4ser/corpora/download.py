"""Open corpora from their official addresses, into folders that the readers read."""

import collections
import concurrent.futures
import contextlib
import dataclasses
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from drl4ser.corpora.download_http import fetch
from drl4ser.corpora.registry import read_corpus
from drl4ser.corpora.utterance import CorpusError

_CONNECTIONS = 8
_LFS_POINTER = re.compile(rb"version https://git-lfs\S*\noid sha256:([0-9a-f]{64})\nsize (\d+)\n?")
_MAX_POINTER_BYTES = 1024
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


@dataclasses.dataclass(frozen=True)
class Source:
    """Address and licence of a corpus, and the counts of a complete copy.

    Attributes:
        url: of the archive.
        page: for people.
        licence: what may be done with it.
        citation: what its authors ask to be cited.
        counts: utterances of each emotion, as the readers count them.
        size: bytes of the archive; None if the server builds it for every download.
        digest: checksum of the archive, see `fetch`; None where no official one is known.
        lfs_url: address of a folder of large files, of which the archive holds the Git LFS pointers only; empty if
            the archive holds everything.
    """

    url: str
    page: str
    licence: str
    citation: str
    counts: dict[str, int]
    size: int | None = None
    digest: str | None = None
    lfs_url: str = ""


SOURCES: dict[str, Source] = {
    "ravdess": Source(
        url="https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip?download=1",
        page="https://zenodo.org/records/1188976",
        licence="CC BY-NC-SA 4.0: not for commercial use",
        citation="Livingstone & Russo, The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS), "
        "PLoS ONE 13(5): e0196391, 2018",
        counts={
            "neutral": 96,
            **dict.fromkeys(("calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised"), 192),
        },
        size=208_468_073,
        digest="md5:bc696df654c87fed845eb13823edef8a",  # as Zenodo's page gives it
    ),
    "emodb": Source(
        url="http://emodb.bilderbar.info/download/download.zip",
        page="http://emodb.bilderbar.info",
        licence="free to use; its page has no licence text, audEERING's edition of it is CC0 1.0",
        citation="Burkhardt, Paeschke, Rolfes, Sendlmeier & Weiss, A database of German emotional speech, "
        "Interspeech 2005",
        counts={"angry": 127, "bored": 81, "disgusted": 46, "fearful": 69, "happy": 71, "neutral": 79, "sad": 62},
        size=40_567_066,
    ),
    "crema_d": Source(
        url="https://github.com/CheyneyComputerScience/CREMA-D/archive/refs/heads/master.zip",
        page="https://github.com/CheyneyComputerScience/CREMA-D",
        licence="Open Database License 1.0, its contents Database Contents License 1.0",
        citation="Cao, Cooper, Keutmann, Gur, Nenkova & Verma, CREMA-D: Crowd-sourced Emotional Multimodal Actors "
        "Dataset, IEEE Transactions on Affective Computing 5(4), 2014",
        counts={"neutral": 1087, **dict.fromkeys(("angry", "disgusted", "fearful", "happy", "sad"), 1271)},
        lfs_url="https://media.githubusercontent.com/media/CheyneyComputerScience/CREMA-D/master/AudioWAV/",
    ),
}


def download_corpus(name: str, directory: Path, source: Source | None = None) -> bool:
    """Download a corpus, or resumes an earlier download, and has the reader count it.

    Args:
        name: one of `SOURCES`.
        directory: where the reader will find it; made if it does not exist.
        source: None for the official one.

    Returns:
        False if it was there already.

    Raises:
        CorpusError: if the server does not give what is expected, or utterances are missing in the end.
    """
    source = source or SOURCES[name]
    if not find_missing(name, directory, source):
        return False
    archive = directory / f"{name}.zip"
    with tqdm(total=source.size, unit="B", unit_scale=True, desc=f"{name}.zip") as bar:
        fetch(source.url, archive, source.size, source.digest, bar.update)
    if source.lfs_url:
        _fetch_lfs(archive, directory / "AudioWAV", source.lfs_url)
    else:
        unpack(archive, directory)
    missing = find_missing(name, directory, source)
    if missing:
        raise CorpusError(f"{directory} is not complete: {missing}. The corpus may have changed, see {source.page}")
    archive.unlink()
    return True


def find_missing(name: str, directory: Path, source: Source) -> str:
    """List the emotions whose count differs from the published one, as one line; empty if none does."""
    try:
        utterances = read_corpus(name, directory, "all")
    except CorpusError as error:
        return str(error)
    found = collections.Counter(utterance.emotion for utterance in utterances)
    differences = [
        f"{found[emotion]} {emotion} (expected {count})"
        for emotion, count in source.counts.items()
        if found[emotion] != count
    ]
    return ", ".join(differences)


def unpack(archive: Path, directory: Path) -> None:
    """Unpack a ZIP archive beside the target and then moves it there: a run that was killed leaves nothing half done.

    Raises:
        CorpusError: if the archive is damaged; nothing of it is left in `directory` then.
    """
    staging = directory / ".unpacking"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        with _open_zip(archive) as opened:
            opened.extractall(staging)  # checks every member's CRC, and keeps all of them inside the folder
        for source in sorted(path for path in staging.rglob("*") if path.is_file()):
            target = directory / source.relative_to(staging)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def _open_zip(archive: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(archive) as opened:
            yield opened
    except _BROKEN as error:
        raise CorpusError(f"{archive} is not a ZIP archive or is damaged ({error}); delete it and run again") from None


def _fetch_lfs(archive: Path, folder: Path, url: str) -> None:
    """Fetch the WAV files whose Git LFS pointers are in AudioWAV/ of the archive; a pointer has size and SHA-256."""
    pointers = {}
    with _open_zip(archive) as opened:
        for member in opened.infolist():
            path = PurePosixPath(member.filename)
            is_small = member.file_size <= _MAX_POINTER_BYTES and path.parent.name == "AudioWAV"
            match = _LFS_POINTER.fullmatch(opened.read(member)) if is_small and path.suffix == ".wav" else None
            if match:
                pointers[path.name] = f"sha256:{match[1].decode()}", int(match[2])
    if not pointers:
        raise CorpusError(f"{archive} holds no Git LFS pointers AudioWAV/*.wav: the repository has changed")
    total = sum(size for _, size in pointers.values())
    with (
        tqdm(total=total, unit="B", unit_scale=True, desc="AudioWAV") as bar,
        concurrent.futures.ThreadPoolExecutor(_CONNECTIONS) as pool,
    ):
        tasks = [
            pool.submit(fetch, url + name, folder / name, size, digest, bar.update)
            for name, (digest, size) in sorted(pointers.items())
        ]
        try:
            for task in concurrent.futures.as_completed(tasks):
                task.result()
        finally:
            pool.shutdown(cancel_futures=True)
