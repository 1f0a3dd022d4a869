"""The code that a result was made with: commit of the checkout and versions of the packages."""

import platform
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = ("drl4ser", "tensorflow", "keras", "numpy", "scipy", "librosa", "pysptk", "soxr", "gensim", "scikit-learn")


def current_commit(directory: str | Path | None = None) -> str:
    """The commit of a checkout, with `-dirty` when tracked files differ from it.

    Args:
        directory: anywhere in the checkout; default is this package's own directory.

    Returns:
        `git describe --always --dirty`, or "unknown" outside a checkout or without git.

    Example:
        >>> current_commit("/")
        'unknown'
    """
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    try:
        answer = subprocess.run(
            command, cwd=directory or Path(__file__).parent, capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return answer.stdout.strip() or "unknown"


def current_versions() -> dict[str, str]:
    """Versions of Python and of every package of `PACKAGES` that is installed; imports none of them.

    Example:
        >>> "numpy" in current_versions()
        True
    """
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
