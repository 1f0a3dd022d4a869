"""The trained systems that come with the package, by name."""

from pathlib import Path

from drl4ser.runs.paths import PRETRAINED_DIR, RESULT_FILE, verify_files


def pretrained_names() -> list[str]:
    """The names of the trained systems that come with the package, sorted."""
    return sorted(path.parent.name for path in PRETRAINED_DIR.glob(f"*/{RESULT_FILE}"))


def find_run(name: Path | str) -> Path:
    """The directory of a run, given by its path or by the name of a trained system that comes with the package.

    Args:
        name: a path or one of `pretrained_names`. A finished run in the folder of that name goes before.

    Returns:
        The directory. That of a trained system has been compared with its checksums; a path is returned as it is.

    Raises:
        ValueError: if there is neither such a folder nor such a system, or the system's files are damaged.

    Example:
        >>> find_run("runs/some-run").name
        'some-run'
    """
    path, names = Path(name), pretrained_names()
    if str(name) in names and not (path / RESULT_FILE).exists():
        verify_files(PRETRAINED_DIR / path)
        return PRETRAINED_DIR / path
    if len(path.parts) == 1 and not path.exists():
        raise ValueError(
            f"{name} is not the directory of a finished run: there is no such folder, and no trained system of that "
            f"name comes with this package; there are {', '.join(names)}"
        )
    return path
