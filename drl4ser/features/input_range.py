"""Range of the training recordings (length, level, voicing, spectrum), and warnings for recordings outside it."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from drl4ser.config import FrameConfig
from drl4ser.features.audio import is_silent
from drl4ser.features.lld import LLD_NAMES

SILENCE_DB = -80.0
"""Fainter frames are silent: three steps of 16 bits."""
_MARGIN = 0.25  # of the width of a training range: so little outside is not worth a warning
_BOUNDS = {"seconds": (0.0, np.inf), "voiced_share": (0.0, 1.0)}  # that no recording can pass
_LOUD_QUANTILE = 0.95  # the level of a recording is that of its louder frames, whatever silence surrounds them
_DB_PER_LOG_ENERGY = 10 / np.log(10)
_OFFSET_DB = -60.0  # of a frame that never crosses zero, above the offsets of common converters
_OFFSET_SHARE = 0.05  # of the frames
_SPECTRUM = tuple(name for name in LLD_NAMES if name.startswith("mfcc"))
# Cause of a value below the range, cause of one above it, and the figures.
_WORDING = {
    "seconds": (
        "shorter than the training recordings",
        "longer than the training recordings",
        "length {0:.2f} s, there {1:.2f} to {2:.2f} s",
    ),
    "bandwidth": (
        "sampled at a lower rate than in training, another channel",
        "sampled at a higher rate than in training, another channel",
        "frequencies up to {0:.0f} Hz, there {1:.0f} to {2:.0f} Hz",
    ),
    "level_db": (
        "quieter than in training, another distance or gain",
        "louder than in training, another distance or gain",
        "level {0:.0f} dB, there {1:.0f} to {2:.0f} dB",
    ),
    "voiced_share": (
        "less voiced than in training, noise or whispering",
        "more voiced than in training, music or a tone",
        "{0:.0%} voiced, there {1:.0%} to {2:.0%}",
    ),
}
_SPECTRUM_CAUSE = "another microphone, room or noise than in training"


def measure_recording(llds: np.ndarray, frame: FrameConfig) -> dict[str, float]:
    """Measure the properties by which recordings are compared.

    Args:
        llds: float32 [num_frames, 17], at least one frame, not normalised.
        frame: the settings that they were extracted with.

    Returns:
        "seconds"; "level_db", mean power of a loud frame re full scale; "voiced_share" of the frames, in [0, 1];
        and the mean of each MFCC under its name.

    Example:
        >>> measured = measure_recording(np.full((196, 17), -4.61, np.float32), FrameConfig())
        >>> measured["seconds"], round(measured["level_db"])
        (1.0, -20)
    """
    column = {name: llds[:, index].astype(np.float64) for index, name in enumerate(LLD_NAMES)}
    samples = (len(llds) - 1) * frame.hop_length + frame.frame_length
    level_db = _DB_PER_LOG_ENERGY * column["log_energy"]
    heard = level_db[level_db > SILENCE_DB]  # so that a little speech in much silence is not faint
    return {
        "seconds": samples / frame.sample_rate,
        "level_db": float(np.quantile(heard if len(heard) else level_db, _LOUD_QUANTILE)),
        "voiced_share": float(np.mean(column["log_f0"] > 0)),
        **{name: float(column[name].mean()) for name in _SPECTRUM},
    }


def measure_bandwidth(sample_rate: int, frame: FrameConfig) -> float:
    """The highest frequency in Hz that a file of this rate gives to the LLDs.

    Example:
        >>> [measure_bandwidth(rate, FrameConfig()) for rate in (8_000, 16_000, 44_100)]
        [4000.0, 8000.0, 8000.0]
    """
    return min(sample_rate, frame.sample_rate) / 2


def measure_offset_share(llds: np.ndarray) -> float:
    """Measure the share of frames, in [0, 1], that never cross zero though they are not silent.

    A constant offset is subtracted before extraction (`framing.find_offset`); one that jumps or drifts remains.
    """
    column = {name: llds[:, index] for index, name in enumerate(LLD_NAMES)}
    return float(np.mean((column["zcr"] == 0) & (_DB_PER_LOG_ENERGY * column["log_energy"] > _OFFSET_DB)))


@dataclasses.dataclass(frozen=True)
class InputRange:
    """Range of the training recordings.

    Attributes:
        limits: lowest and highest value of each property of `measure_recording`, and of `measure_bandwidth` as
            "bandwidth" where the rates of the files are known.
        num_recordings: number of training recordings; 0 if unknown (an older run directory).
    """

    limits: dict[str, tuple[float, float]]
    num_recordings: int = 0

    @classmethod
    def fit(
        cls, recordings: Iterable[np.ndarray], frame: FrameConfig, sample_rates: Iterable[int] = ()
    ) -> "InputRange":
        """Fit to the training part.

        Args:
            recordings: LLDs, one array [num_frames, 17] per recording.
            frame: the settings that they were extracted with.
            sample_rates: of the files in Hz; none if they are not known.

        Raises:
            ValueError: if there is none.
        """
        limits: dict[str, tuple[float, float]] = {}
        count = 0
        for llds in recordings:
            count += 1
            for name, value in measure_recording(llds, frame).items():
                low, high = limits.get(name, (value, value))
                limits[name] = (min(low, value), max(high, value))
        if not limits:
            raise ValueError("`recordings` must hold at least one recording. Received: none")
        highest = [measure_bandwidth(rate, frame) for rate in sample_rates]
        if highest:
            limits["bandwidth"] = min(highest), max(highest)
        return cls(limits, count)

    def find_warnings(self, measured: dict[str, float]) -> list[str]:
        """Give one line per property that lies outside the training range by more than a quarter of its width.

        Where there is less room than that, as below the shortest recording, half of the room is the margin.
        """
        outside = [name for name, value in measured.items() if self._is_outside(name, value)]
        found = []
        for name in (name for name in outside if name in _WORDING):
            value, (low, high) = measured[name], self.limits[name]
            too_low, too_high, figures = _WORDING[name]
            found.append(f"{too_low if value < low else too_high} ({figures.format(value, low, high)})")
        spectrum = [name for name in outside if name in _SPECTRUM]
        if spectrum:
            found.append(f"{_SPECTRUM_CAUSE} (spectrum, {len(spectrum)} of {len(_SPECTRUM)} coefficients)")
        return found

    def _is_outside(self, name: str, value: float) -> bool:
        low, high = self.limits.get(name, (-np.inf, np.inf))
        margin = 0.0 if np.isinf(low) else _MARGIN * (high - low)
        least, most = _BOUNDS.get(name, (-np.inf, np.inf))
        below, above = min(margin, (low - least) / 2), min(margin, (most - high) / 2)
        return not low - below <= value <= high + above

    def to_dict(self) -> dict:
        """Return plain values, ready for JSON."""
        limits = {name: list(limits) for name, limits in self.limits.items()}
        return limits | {"num_recordings": self.num_recordings}

    @classmethod
    def from_dict(cls, values: dict) -> "InputRange":
        """Invert `to_dict`."""
        limits = {name: value for name, value in values.items() if name != "num_recordings"}
        return cls(
            {name: (float(low), float(high)) for name, (low, high) in limits.items()},
            int(values.get("num_recordings", 0)),
        )


def find_input_warnings(
    signal: np.ndarray, llds: np.ndarray, sample_rate: int, frame: FrameConfig, known: InputRange | None
) -> tuple[str, ...]:
    """Find what makes a recording unlike those that a system was trained on: one line per property.

    Args:
        signal: float32 [num_samples], full scale = 1; silence is judged as where records are made.
        llds: float32 [num_frames, 17], not normalised.
        sample_rate: the recording's own rate in Hz.
        frame: the settings that the LLDs were extracted with.
        known: range of the training part; None (an older run directory) leaves the checks that need none.

    Example:
        >>> find_input_warnings(np.zeros(16_000), np.full((196, 17), -30.0), 16_000, FrameConfig(), known=None)
        ('silent',)
    """
    measured = measure_recording(llds, frame)
    found = []
    if known and "bandwidth" in known.limits:
        measured["bandwidth"] = measure_bandwidth(sample_rate, frame)
    elif sample_rate < frame.sample_rate:
        found.append(
            f"sampled at {sample_rate} Hz, below the {frame.sample_rate} Hz of the LLDs "
            f"(nothing above {sample_rate // 2} Hz)"
        )
    if is_silent(signal):
        return (*found, "silent")
    share = measure_offset_share(llds)
    if share > _OFFSET_SHARE:
        found.append(f"offset from zero that is not constant ({share:.0%} of it never crosses zero)")
    return (*found, *(known.find_warnings(measured) if known else ()))
