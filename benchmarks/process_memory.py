"""Memory of this process, in MB of 2^20 bytes."""

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def read_resident_mb() -> float:
    """What is in memory now. Linux only."""
    return _read_status("VmRSS")


def read_peak_mb() -> float:
    """The most that was in memory at any time."""
    if _STATUS.exists():
        # Not getrusage: on Linux its peak includes that of the process which started this one.
        return _read_status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS


def _read_status(name: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024
