"""The origin of results: commit and versions of a run, and the facts that the results of a table share."""

import dataclasses
import platform
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

from drl4ser.config import PROFILES, RECIPES, ExperimentConfig, complete, make_experiment, to_dict
from drl4ser.reporting.fold_result import FoldResult

PACKAGES = ("drl4ser", "tensorflow", "keras", "numpy", "scipy", "librosa", "pysptk", "soxr", "gensim", "scikit-learn")
# Commands write results, and so do not make the code that the next command runs with another one.
_NOT_CODE = (":(exclude,top)results*", ":(exclude,top)benchmarks/results", ":(exclude,top,glob)**/*.md")


@dataclasses.dataclass(frozen=True)
class Facts:
    """What all results of a table share, or their smallest and largest value.

    Attributes:
        corpus, profile, recipe, split, num_folds, precision, width, frontend, init_from: as in the configuration.
        num_utterances: tested.
        classes: tested utterances of each class.
        overlap: smallest and largest number over the folds, see `drl4ser.corpora.folds.describe_overlap`; what a fold
            of an earlier version did not count is left out.
        seeds, commits: all, sorted.
        epochs: smallest and largest number; of networks only.
        changes: settings that are not those of recipe and profile, such as "learning_rate=0.0001", sorted.
        versions: of each package all, sorted.
    """

    corpus: str
    profile: str
    recipe: str
    split: str
    num_folds: int
    precision: str
    width: float
    frontend: str
    init_from: str
    num_utterances: int
    classes: dict[str, int]
    overlap: dict[str, tuple[int, int]]
    seeds: tuple[int, ...]
    epochs: tuple[int, int]
    changes: tuple[str, ...]
    commits: tuple[str, ...]
    versions: dict[str, tuple[str, ...]]


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


def collect_facts(results: Sequence[FoldResult]) -> Facts:
    """The facts that stand under a table of these results."""
    first = results[0]
    labels = {}
    for result in results:
        labels.update(zip(result.utterances, result.labels, strict=True))
    counts = Counter(labels.values())
    counted = sorted(set.intersection(*(set(result.overlap) for result in results)))
    packages = sorted({name for result in results for name in result.versions})
    versions = {name: {result.versions[name] for result in results if name in result.versions} for name in packages}
    return Facts(
        **{name: getattr(first, name) for name in ("corpus", "profile", "recipe", "split", "num_folds")},
        precision=first.config["train"]["precision"],
        width=first.config["model"]["width"],
        frontend=complete(ExperimentConfig, first.config)["frame"]["frontend"],
        init_from=first.config.get("init_from", ""),
        num_utterances=len(labels),
        classes={name: counts[index] for index, name in enumerate(first.classes)},
        overlap={name: span(result.overlap[name] for result in results) for name in counted},
        seeds=tuple(sorted({result.seed for result in results})),
        # A system that is not a network has none.
        epochs=span([result.epochs for result in results if result.epochs] or [0]),
        changes=tuple(sorted({change for result in results for change in _changes(result)})),
        commits=tuple(sorted({result.commit for result in results})),
        versions={name: tuple(sorted(found)) for name, found in versions.items()},
    )


# The table shows these itself.
_SHOWN = {"system", "modality", "num_classes", "width", "precision", "frontend", "max_epochs", "patience"}


def _changes(result: FoldResult) -> Iterator[str]:
    if result.profile not in PROFILES or result.recipe not in RECIPES:  # of an earlier version
        return
    found, usual = complete(ExperimentConfig, result.config), to_dict(make_experiment(result.profile, result.recipe))
    for part in ("frame", "model", "train"):
        for name, value in found[part].items():
            if name not in _SHOWN and value != usual[part][name]:
                yield f"{name}={value}"


def span(values: Iterable[int]) -> tuple[int, int]:
    """Smallest and largest of some values.

    Example:
        >>> span([5, 3, 4])
        (3, 5)
    """
    values = list(values)
    return min(values), max(values)


def _git(directory: str | Path | None, *arguments: str) -> str:
    command, cwd = ["git", *arguments], directory or Path(__file__).parent
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
