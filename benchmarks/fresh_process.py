"""What the LLDs of one file cost in a process that does nothing else: `python -m benchmarks.fresh_process FILE`.

Prints one line of JSON: seconds of the wall clock and of the processor, from before our package is imported, the
process's peak of memory in MB, and the number of frames.
"""

import json
import sys
import time

from benchmarks.process_memory import read_peak_mb


def main(path: str) -> dict[str, float]:
    """Import, read and extract."""
    wall = time.perf_counter()
    from drl4ser.features import extract_llds, load_audio

    num_frames = len(extract_llds(*load_audio(path)))
    return {
        "wall_seconds": time.perf_counter() - wall,
        "processor_seconds": time.process_time(),
        "peak_mb": read_peak_mb(),
        "num_frames": num_frames,
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
