"""What stands under a table: corpus, split and its overlap, settings, commits and versions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from drl4ser.config import ExperimentConfig, complete
from drl4ser.reporting.fold_result import FoldResult
from drl4ser.reporting.statistics import NUM_SAMPLES


def collect_facts(records: Sequence[FoldResult]) -> dict[str, Any]:
    """The facts that all records of a table share, or their range: `[smallest, largest]` or every value."""
    first = records[0]
    labels = {}
    for record in records:
        labels.update(zip(record.utterances, record.labels, strict=True))
    counts = Counter(labels.values())
    facts = {name: getattr(first, name) for name in ("corpus", "profile", "recipe", "split", "num_folds")}
    names = sorted({name for record in records for name in record.versions})
    frontend = complete(ExperimentConfig, first.config)["frame"]["frontend"]
    if frontend != "drl4ser":
        facts["frontend"] = frontend
    return facts | {
        "num_utterances": len(labels),
        "classes": {name: counts[index] for index, name in enumerate(first.classes)},
        "overlap": {name: span(record.overlap[name] for record in records) for name in sorted(first.overlap)},
        "seeds": sorted({record.seed for record in records}),
        # A system that is no network has none.
        "epochs": span([record.epochs for record in records if record.epochs] or [0]),
        "precision": first.config["train"]["precision"],
        "width": first.config["model"]["width"],
        "commits": sorted({record.commit for record in records}),
        "versions": {
            name: sorted({record.versions[name] for record in records if name in record.versions}) for name in names
        },
        "num_resamples": NUM_SAMPLES,
    }


def span(values: Iterable[int]) -> list[int]:
    """Smallest and largest of some values."""
    values = list(values)
    return [min(values), max(values)]
