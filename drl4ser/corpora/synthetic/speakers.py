"""The ten speakers: five sessions of one woman and one man, as in IEMOCAP."""

from typing import NamedTuple


class Speaker(NamedTuple):
    """One speaker. `pitch` is espeak's pitch parameter (50 = the voice's own), `rate` words per minute."""

    session: int
    gender: str
    voice: str
    pitch: int
    rate: int
    level_db: float

    @property
    def id(self) -> str:
        """As in IEMOCAP's turn names, such as 'Ses01F'."""
        return f"Ses{self.session:02d}{self.gender}"


SPEAKERS = (
    Speaker(1, "F", "en-us+f1", pitch=48, rate=178, level_db=0.0),
    Speaker(1, "M", "en-us+m1", pitch=56, rate=168, level_db=1.5),
    Speaker(2, "F", "en-us+f2", pitch=55, rate=165, level_db=-2.0),
    Speaker(2, "M", "en-gb-scotland+m2", pitch=45, rate=182, level_db=0.0),
    Speaker(3, "F", "en+f3", pitch=44, rate=185, level_db=1.0),
    Speaker(3, "M", "en-us+m3", pitch=52, rate=174, level_db=-1.5),
    Speaker(4, "F", "en-us+f4", pitch=60, rate=172, level_db=-0.5),
    Speaker(4, "M", "en-gb-x-rp+m4", pitch=50, rate=162, level_db=2.0),
    Speaker(5, "F", "en-gb-x-rp+f5", pitch=42, rate=170, level_db=0.5),
    Speaker(5, "M", "en-us+m7", pitch=40, rate=188, level_db=-2.5),
)
