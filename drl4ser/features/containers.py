"""What libsndfile passes over: files that hold several recordings, and headers with a wrong length or none.

libsndfile trusts a header's length and stops at the end of the first recording. `find_streams` judges a file by the
data that is there and gives libsndfile each of its recordings with the right length.

References:
    RFC 3533 (Ogg pages), RFC 9639 (FLAC), ISO/IEC 11172-3 (MPEG frames), the Xing and LAME tag of MP3.
"""

import io
import re
from collections.abc import Iterator
from typing import BinaryIO, Literal, NamedTuple, cast

FOREIGN = (  # offset, first bytes, name
    (4, b"ftyp", "MPEG-4 audio (m4a)"),
    (0, b"\x1aE\xdf\xa3", "Matroska or WebM"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "Windows Media Audio"),
    (0, b"#!AMR", "AMR"),
    (0, b"\xff\xf1", "AAC"),
    (0, b"\xff\xf9", "AAC"),
)
"""Formats that libsndfile cannot read and phones and browsers write."""
_ByteOrder = Literal["little", "big"]
_UNKNOWN_SIZE = 0x7FFF0000 - 4096  # and more: programs that write to a pipe put a size near the largest
_HEADER_BYTES = 128  # a size may count the header too
_JUNK_BYTES = 4096  # behind the samples of a WAV file
_SIZES = re.compile(r"^\s*(?:data|SSND|Data Size|Riff size|riff)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)


class Stream(NamedTuple):
    """One recording in a file.

    Attributes:
        content: what libsndfile reads; an integer is the number of an open file.
        num_samples: as its header promises; None where that is for libsndfile to say, 0 if unknown.
    """

    content: BinaryIO | int
    num_samples: int | None = None


def find_streams(file: BinaryIO) -> list[Stream]:
    """Find the recordings that a file holds one after the other.

    Args:
        file: opened, at its beginning.

    Returns:
        None of them if libsndfile can read the file as it is.

    Raises:
        ValueError: if the file is cut short or of a format that libsndfile cannot read; the reason, one line.
    """
    start = file.read(64)
    for offset, magic, name in FOREIGN:
        if start[offset:].startswith(magic):
            raise ValueError(f"{name} cannot be read here: convert it, for example with `ffmpeg -i FILE FILE.wav`")
    if start[:4] in (b"RIFF", b"RIFX") and start[8:12] == b"WAVE":
        return _find_in_wav(file, "little" if start[:4] == b"RIFF" else "big")
    if start[:4] == b"OggS":
        return _find_in_ogg(start + file.read())
    if start[:3] == b"ID3" or start[:4] == b"fLaC" or _parse_frame(start, 0):
        content = start + file.read()
        first = _skip_tags(content, 0)
        return _find_in_flac(content[first:]) if content[first : first + 4] == b"fLaC" else _find_in_mp3(content)
    return []


def find_missing_bytes(log: str) -> str | None:
    """Read from libsndfile's log of an opened file whether samples of it are missing.

    Example:
        >>> find_missing_bytes("data : 64000 (should be 31956)")
        'cut short: 31956 of 64000 bytes are there'
        >>> find_missing_bytes("data : 2147483647 (should be 64000)")  # a placeholder
    """
    for promised, there in _SIZES.findall(log):
        if int(there) + _HEADER_BYTES < int(promised) < _UNKNOWN_SIZE:
            return f"cut short: {there} of {promised} bytes are there"
    return None


def _find_in_wav(file: BinaryIO, byteorder: _ByteOrder) -> list[Stream]:
    """Mends a data chunk whose size was never written, and splits joined files."""
    end, position = file.seek(0, io.SEEK_END), 12
    while position + 8 <= end:
        file.seek(position)
        name, size = file.read(4), int.from_bytes(file.read(4), byteorder)
        if name == b"data":
            break
        position += 8 + size + size % 2
    else:
        return []
    behind = position + 8 + size + size % 2
    if size >= _UNKNOWN_SIZE or behind >= end:
        return []
    file.seek(behind)
    following = file.read(12)
    if following[:4] in (b"RIFF", b"RIFX") and following[8:] == b"WAVE":
        file.seek(0)
        first = io.BytesIO(file.read(behind))
        rest = file.read()
        return [Stream(first), *(_find_in_wav(io.BytesIO(rest), byteorder) or [Stream(io.BytesIO(rest))])]
    starts = {behind, behind - size % 2}  # some programs leave out the byte that makes a size even
    if any(_is_chunk(file, start, byteorder, end) for start in starts) or (end - behind < _JUNK_BYTES and size):
        return []
    file.seek(behind)
    if size and not any(file.read()):  # padding, which lacks nothing
        return []
    if size:
        raise ValueError(
            f"{end - behind} bytes follow its {size} bytes of samples, as where a recorder was killed: its header is "
            "older than they are; repair it, for example with `ffmpeg -ignore_length 1 -i FILE FILE.wav`"
        )
    file.seek(0)
    content = bytearray(file.read())
    content[position + 4 : position + 8] = (0xFFFFFFFF).to_bytes(4, byteorder)
    return [Stream(io.BytesIO(content))]


def _is_chunk(file: BinaryIO, start: int, byteorder: _ByteOrder, end: int) -> bool:
    file.seek(start)
    header = file.read(12)
    return bool(re.fullmatch(rb"[ -~]{4}", header[:4])) and _fits(header, byteorder, end - start)


def _fits(chunk: bytes, byteorder: _ByteOrder, num_bytes: int) -> bool:
    return 8 + int.from_bytes(chunk[4:8], byteorder) <= num_bytes + 1


def _find_in_flac(content: bytes) -> list[Stream]:
    """Opens every recording without its number of samples, so that all that is there is read, and promises it."""
    starts = [match.start() for match in re.finditer(rb"fLaC[\x00\x80]\x00\x00\x22(?=[\x00-\xff]{34})", content)]
    streams = []
    for begin, end in zip(starts, [*starts[1:], len(content)], strict=True):
        part = bytearray(content[begin:end])
        num_samples = int.from_bytes(part[21:26], "big") & 0xFFFFFFFFF
        part[21:26] = (part[21] & 0xF0, 0, 0, 0, 0)
        streams.append(Stream(io.BytesIO(part), num_samples))
    return streams


def _find_in_ogg(content: bytes) -> list[Stream]:
    """Splits a chain: a link begins where a first page follows one that is not a first page."""
    starts, position, is_first, flags = [], 0, False, 0
    while (position := content.find(b"OggS", position)) >= 0:
        header = content[position : position + 27]
        table = content[position + 27 : position + 27 + header[26]] if len(header) == 27 else b""
        following = position + 27 + len(table) + sum(table)
        if len(header) < 27 or len(table) < header[26] or following > len(content):
            raise ValueError("cut short: its last Ogg page is incomplete")
        flags = header[5]
        if flags & 2 and not is_first:
            starts.append(position)
        is_first, position = bool(flags & 2), following
    if not flags & 4:
        raise ValueError(
            "cut short: its last Ogg page is missing; if no sound is (a recorded broadcast), convert it, "
            "for example with `ffmpeg -i FILE FILE.wav`"
        )
    if len(starts) < 2:
        return []
    return [Stream(io.BytesIO(content[a:b])) for a, b in zip(starts, [*starts[1:], len(content)], strict=True)]


class _Frame(NamedTuple):
    """An MPEG frame of layer III: where it lies, what must stay the same within a recording, and its samples."""

    begin: int
    end: int
    kind: tuple[int, int, bool]  # version, rate, mono
    num_samples: int


_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG-1
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _parse_frame(content: bytes, begin: int) -> _Frame | None:
    header = content[begin : begin + 4]
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:  # sync, layer III
        return None
    version, bits, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or bits in (0, 15) or rate == 3:
        return None
    num_samples, rate_hz = 1152 if version == 3 else 576, _RATES_HZ[version][rate]
    length = num_samples // 8 * _KBITS[version == 3][bits] * 1000 // rate_hz + (header[2] >> 1 & 1)
    return _Frame(begin, begin + length, (version, rate_hz, header[3] >> 6 == 3), num_samples)


def _skip_tags(content: bytes, position: int) -> int:
    """The end of the ID3 and APE tags at `position`."""
    while True:
        tag = content[position : position + 16]
        if tag[:3] == b"ID3" and len(tag) > 9:
            position += 10 + sum((byte & 127) << shift for byte, shift in zip(tag[6:10], (21, 14, 7, 0), strict=True))
        elif tag[:3] == b"TAG":
            position += 128
        elif tag[:8] == b"APETAGEX":
            position += 32 + int.from_bytes(tag[12:16], "little")
        else:
            return position


def _walk_frames(content: bytes) -> Iterator[_Frame]:
    """Yields the frames; the last one may be incomplete, the first one counts if another one or the end follows it."""
    position, in_sync = _skip_tags(content, 0), False
    while position < len(content):
        frame = _parse_frame(content, position)
        following = _skip_tags(content, frame.end) if frame else 0
        in_sync = bool(frame) and (in_sync or following >= len(content) or bool(_parse_frame(content, following)))
        if frame and in_sync:
            yield frame
            position = following
        else:
            position = _skip_tags(content, position + 1)
            position = content.find(b"\xff", position) if position < len(content) else position
            if position < 0:
                return


def _find_count(content: bytes, frame: _Frame) -> tuple[int, int] | None:
    """Place and value of the number of frames in a Xing, Info or VBRI header; (0, 0) for a header without one.

    Such a header takes the place of the samples in a recording's first frame; None if there is no header.
    """
    place = frame.begin + 4 + _count_side_bytes(frame)
    if content[place : place + 4] in (b"Xing", b"Info") and place + 12 <= min(frame.end, len(content)):
        return (place + 8, int.from_bytes(content[place + 8 : place + 12], "big")) if content[place + 7] & 1 else (0, 0)
    return (0, 0) if content[frame.begin + 36 : frame.begin + 40] == b"VBRI" else None


def _count_side_bytes(frame: _Frame) -> int:
    version, _, is_mono = frame.kind
    return (17 if is_mono else 32) if version == 3 else (9 if is_mono else 17)


def _find_in_mp3(content: bytes) -> list[Stream]:
    """Splits joined files, and gives each a header with the number of frames that are there.

    A header that promises more frames than there are is left: libsndfile then finds that samples are missing.
    """
    parts: list[list[_Frame]] = []
    for frame in _walk_frames(content):
        if not parts or frame.kind != parts[-1][0].kind or _find_count(content, frame):
            parts.append([])
        parts[-1].append(frame)
    streams, is_changed = [], len(parts) > 1
    for frames in parts:
        count = _find_count(content, frames[0])
        place, promised = count or (0, 0)
        frames = frames[1:] if count == (0, 0) else frames
        if frames and frames[-1].end > len(content):
            frames.pop()
            if not promised:
                raise ValueError("cut short: its last MP3 frame is incomplete")
        part = bytearray().join(content[frame.begin : frame.end] for frame in frames)
        if not place and frames:
            part[:0] = _make_header(frames[0], part, len(frames))
        elif len(frames) - 1 > promised:
            place -= frames[0].begin
            part[place : place + 4] = (len(frames) - 1).to_bytes(4, "big")
        is_changed |= not place or len(frames) - 1 > promised
        streams.append(Stream(io.BytesIO(part)))
    return streams if is_changed else []


def _make_header(frame: _Frame, content: bytes | bytearray, num_frames: int) -> bytes:
    """A frame that holds a Xing header; libsndfile guesses the length of files without one."""
    header = bytes((content[0], content[1] | 1, 9 << 4 | content[2] & 0x0C, content[3]))
    length = cast(_Frame, _parse_frame(header, 0)).end
    start = header + bytes(_count_side_bytes(frame)) + b"Xing" + (1).to_bytes(4, "big") + num_frames.to_bytes(4, "big")
    return start.ljust(length, b"\0")
