"""The code that a result was made with: commit of the checkout and versions of the packages."""

import platform
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = ("drl4ser", "tensorflow", "keras", "numpy", "scipy", "librosa", "pysptk", "soxr", "gensim", "scikit-learn")
# Commands write results, and so do not make the code that the next command runs with another one.
_NOT_CODE = (":(exclude,top)results*", ":(exclude,top)benchmarks/results", ":(exclude,top,glob)**/*.md")


def current_commit(directory: str | Path | None = None) -> str:
    """The commit of a checkout, with `-dirty` when tracked files other than results and pages differ from it.

    Args:
        directory: anywhere in the checkout; default is this package's own directory.

    Returns:
        Ten digits, or "unknown" outside a checkout or without git.

    Example:
        >>> current_commit("/")
        'unknown'
    """
    try:
        commit = _git(directory, "rev-parse", "--short=10", "HEAD")
        changed = _git(directory, "status", "--porcelain", "--untracked-files=no", "--", ":/", *_NOT_CODE)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{commit}-dirty" if changed else commit


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


def _git(directory: str | Path | None, *arguments: str) -> str:
    command, cwd = ["git", *arguments], directory or Path(__file__).parent
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
