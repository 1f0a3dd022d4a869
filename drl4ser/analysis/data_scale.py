"""Figure 6: UA against the number of training utterances of each class, as a table and a picture."""

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drl4ser.figures import save_figure
from drl4ser.figures.figure6 import data_scale_figure
from drl4ser.files import atomic_write_text
from drl4ser.reporting import statistics
from drl4ser.reporting.fold_result import FoldResult, read_fold_results, write_fold_results
from drl4ser.reporting.notes import describe_experiment
from drl4ser.reporting.paper_values import FIGURE6, SYSTEM_NAMES
from drl4ser.reporting.provenance import collect_facts
from drl4ser.reporting.render import TextTable, markdown_list
from drl4ser.reporting.write import FOLDS_FILE

TABLE_FILE = "figure6.md"


@dataclasses.dataclass(frozen=True)
class ScalePoint:
    """One point of a system's curve; UAs are fractions.

    Attributes:
        system: such as "s3".
        per_class: training utterances of each class.
        uas: one for each seed, in the order of seeds.
        interval: 95 % bootstrap interval of their mean over the tested utterances.
        share: of the largest `per_class`.
        paper_ua: of the paper's curve at that share of its largest number; None below its first point.
    """

    system: str
    per_class: int
    uas: tuple[float, ...]
    interval: tuple[float, float]
    share: float
    paper_ua: float | None


def choose_sizes(given: Sequence[str], largest: int) -> list[int]:
    """The numbers of training utterances of each class: those given, or an eighth to all of them.

    Args:
        given: what the user asks for, maybe nothing.
        largest: what the smallest class has.

    Raises:
        ValueError: if one is not a number from 1 to `largest`.

    Example:
        >>> choose_sizes([], largest=480)
        [60, 120, 240, 480]
    """
    for size in given:
        if not size.isdecimal() or not 1 <= int(size) <= largest:
            raise ValueError(
                f"SIZES (--sizes) must be numbers from 1 to {largest}, the training utterances that the smallest class "
                f"has in fold 0. Received: {size!r}"
            )
    sizes = map(int, given) if given else (max(1, largest // share) for share in (8, 4, 2, 1))
    return list(dict.fromkeys(sizes))


def build_curve(results: Sequence[FoldResult]) -> list[ScalePoint]:
    """The points of each system's curve, from the smallest to the largest; systems in the order of `SYSTEM_NAMES`.

    Raises:
        ValueError: if the results were not all tested on the same utterances.
    """
    if len({tuple(result.utterances) for result in results}) != 1:
        raise ValueError("The points of the curves must have one test part. Run the experiment again.")
    groups = defaultdict(list)
    for result in sorted(results, key=lambda result: result.seed):
        groups[result.system, result.config["train_per_class"]].append(result)
    largest = max(size for _, size in groups)
    systems = list(SYSTEM_NAMES)
    ordered = sorted(groups, key=lambda point: (systems.index(point[0]), point[1]))
    return [_point(system, size, groups[system, size], largest) for system, size in ordered]


def write_data_scale(results: Sequence[FoldResult], results_dir: Path) -> Path:
    """Writes the results, the table and the picture (PNG and PDF).

    Returns:
        The directory, `<results_dir>/figure6/<experiment>`.
    """
    first = results[0]
    directory = results_dir / "figure6" / first.experiment
    write_fold_results(directory / FOLDS_FILE, results)
    atomic_write_text(directory / TABLE_FILE, render_data_scale(directory))
    curves = defaultdict(dict)
    for point in build_curve(results):
        curves[SYSTEM_NAMES[point.system]][point.per_class] = point.uas
    figure = data_scale_figure(curves, FIGURE6, f"{first.corpus}, {first.profile}")
    save_figure(figure, directory / "figure6")
    return directory


def render_data_scale(directory: Path) -> str:
    """The Markdown that follows from the results in `directory`."""
    results = read_fold_results(directory / FOLDS_FILE)
    points = build_curve(results)
    header = [
        "System",
        "Training utterances per class",
        "Of the largest",
        "Seeds",
        "UA %",
        "UA % [95 %]",
        "Paper's UA % there",
    ]
    grid = TextTable(header, [_cells(point) for point in points], num_names=1)
    facts = describe_experiment(collect_facts(results))
    notes = [
        "Nested subsets of one training part, each seed draws its own; one validation and one test part. UA: mean ± "
        "standard deviation over seeds, then their mean with its bootstrap interval over the tested utterances.",
        "Smaller subsets get more epochs and patience in proportion: every point had as many steps.",
        "Paper: Figure 6 (RID, 6,000 to 60,000 utterances per class), between its points linearly, at the same share "
        "of its largest number: for the shape, not the height.",
        *facts,
    ]
    return "\n".join([grid.to_markdown(), markdown_list(notes)])


def _point(system: str, size: int, results: Sequence[FoldResult], largest: int) -> ScalePoint:
    predictions = np.stack([result.predictions for result in results], axis=1)
    first = results[0]
    scores = statistics.recognition_scores(first.labels, predictions)
    interval = statistics.bootstrap_interval(first.labels, scores, len(first.classes))
    share = size / largest
    numbers = list(FIGURE6)
    place = share * numbers[-1]
    paper = float(np.interp(place, numbers, list(FIGURE6.values()))) if place >= numbers[0] else None
    return ScalePoint(system, size, tuple(result.ua for result in results), interval, share, paper)


def _cells(point: ScalePoint) -> list[str]:
    mean, deviation = statistics.mean_and_deviation(point.uas)
    low, high = point.interval
    return [
        SYSTEM_NAMES[point.system],
        f"{point.per_class:,}",
        f"{point.share:.3g}",
        str(len(point.uas)),
        f"{100 * mean:.1f}" + ("" if deviation is None else f" ± {100 * deviation:.1f}"),
        f"{100 * mean:.1f} [{100 * low:.1f}, {100 * high:.1f}]",
        "-" if point.paper_ua is None else f"{100 * point.paper_ua:.1f}",
    ]
