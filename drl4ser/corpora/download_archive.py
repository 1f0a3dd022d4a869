"""Archives from the web, unpacked so that nothing lands outside the folder, whatever the archive says."""

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from drl4ser.corpora.utterance import CorpusError

MAX_BYTES = 4 << 30
MAX_FILES = 50_000
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


def unpack(archive: Path, directory: Path, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES) -> None:
    """Unpacks a ZIP archive; the names and sizes of all members are checked before the first is written.

    Everything is unpacked into a folder beside the target and then moved, so a run that was killed leaves nothing half
    unpacked in it.

    Args:
        archive: the file.
        directory: where its members go.
        max_bytes: all members together, unpacked.
        max_files: number of members.

    Raises:
        CorpusError: if the archive is damaged, too large, or holds a link, an encrypted member or a path that leads
            out of the folder; nothing of it is left in `directory` then.
    """
    staging = directory / ".unpacking"
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _check_members(archive, members, max_bytes, max_files)
            shutil.rmtree(staging, ignore_errors=True)
            for member in members:
                _write(opened, member, staging / PurePosixPath(member.filename))
        _move(staging, directory)
    except _BROKEN as error:
        raise CorpusError(f"{archive} is no ZIP archive or is damaged ({error}); delete it and run again") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def read_members(archive: Path, max_bytes: int) -> dict[PurePosixPath, bytes]:
    """The content of those members of a ZIP archive that have at most `max_bytes`, each checked as by `unpack`."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            small = [member for member in members if member.file_size <= max_bytes]
            _check_members(archive, small, MAX_BYTES, MAX_FILES)
            return {PurePosixPath(member.filename): opened.read(member) for member in small}
    except _BROKEN as error:
        raise CorpusError(f"{archive} is no ZIP archive or is damaged ({error}); delete it and run again") from None


def _check_members(archive: Path, members: list[zipfile.ZipInfo], max_bytes: int, max_files: int) -> None:
    if len(members) > max_files:
        raise CorpusError(f"{archive} holds {len(members):,} files, more than {max_files:,}: not unpacked")
    if sum(member.file_size for member in members) > max_bytes:
        raise CorpusError(f"{archive} unpacks to more than {max_bytes:,} bytes: not unpacked")
    for member in members:
        fault = _find_fault(member)
        if fault:
            raise CorpusError(f"{archive}: {member.filename!r} {fault}: not unpacked")


def _find_fault(member: zipfile.ZipInfo) -> str | None:
    path = PurePosixPath(member.filename)
    if path.is_absolute() or ".." in path.parts or any(sign in member.filename for sign in "\\:"):
        return "leads out of the folder"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "is a link or a device"
    return "is encrypted" if member.flag_bits & 1 else None


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as source, path.open("xb") as target:  # x: no member may come twice
        shutil.copyfileobj(source, target)  # zipfile stops at the size that was checked, and checks the CRC


def _move(staging: Path, directory: Path) -> None:
    for source in sorted(path for path in staging.rglob("*") if path.is_file()):
        target = directory / source.relative_to(staging)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
