"""The sentences under a table: how to read it and what it was made with."""

from drl4ser.config import GIVEN_SPLITS, VALIDATION_SHARE
from drl4ser.reporting.paper_values import MODALITY_NAMES, SYSTEM_NAMES, paper_corpus
from drl4ser.reporting.provenance import Facts
from drl4ser.reporting.statistics import NUM_SAMPLES
from drl4ser.reporting.table import Row, Table

_SHARED = {"speakers": "speakers", "texts": "texts", "pairs": "pairs of speaker and text"}


def write_notes(table: Table) -> list[str]:
    """One line per note, plain text."""
    facts = table.facts
    notes = [_corpus(facts), *_words(table), _split(facts), _metrics(facts), *_verdicts(table.rows)]
    notes += [*_deviations(table.rows), _training(facts), *_incomplete(table.rows), *_code(table.rows), *_paper(table)]
    return [*notes, *_ablation(table), _made_with(facts)]


def describe_experiment(facts: Facts) -> list[str]:
    """The notes of `write_notes` on what was run, without those on a table's columns."""
    return [_corpus(facts), _split(facts), _training(facts), _made_with(facts)]


def format_span(span: tuple[int, int]) -> str:
    """Smallest and largest number in words.

    Example:
        >>> format_span((3, 5)), format_span((3, 3))
        ('3 to 5', '3')
    """
    return str(span[0]) if span[0] == span[1] else f"{span[0]} to {span[1]}"


def _corpus(facts: Facts) -> str:
    classes = ", ".join(f"{name} {count}" for name, count in facts.classes.items())
    return f"Corpus {facts.corpus}: {facts.num_utterances:,} tested utterances ({classes})."


def _words(table: Table) -> list[str]:
    if table.facts.corpus != "synthetic" or all(row.modality == "acoustic" for row in table.rows):
        return []
    return [
        "Input with words: this corpus draws a phrase by the emotion, and its word vectors are trained on text of the "
        "same grammar that keeps a mood for four sentences. They carry the emotion by construction."
    ]


def _split(facts: Facts) -> str:
    counted = {key: name for key, name in _SHARED.items() if f"shared_{key}" in facts.overlap}
    note = f"Split {facts.split} in {facts.num_folds} folds."
    if facts.split in GIVEN_SPLITS:
        note += f" They come with the corpus; 1/{1 / VALIDATION_SHARE:.0f} of what a fold does not test validates."
    if counted:
        parts = [
            f"{format_span(facts.overlap[f'shared_{key}'])} of {format_span(facts.overlap[f'test_{key}'])} {name}"
            for key, name in counted.items()
        ]
        note += f" Of a test part, {' and '.join(parts)} occur in its training part too."
    missing = [name for key, name in _SHARED.items() if key not in counted]
    return note + (f" Not counted: {', '.join(missing)}." if missing else "")


def _metrics(facts: Facts) -> str:
    return (
        "UA: mean ± standard deviation over folds. All UA: of all tested utterances together, with the 95 % "
        f"interval of {NUM_SAMPLES:,} bootstrap resamples of the utterances; chance is "
        f"{100 / len(facts.classes):.1f} %. WA and macro F1: of all together."
    )


def _verdicts(rows: tuple[Row, ...]) -> list[str]:
    number = sum(row.comparison is not None for row in rows)
    if not number:
        return []
    return [
        "Differences (points) and gains (relative): on the folds tested with both systems. Interval and p utterances: "
        "paired bootstrap over utterances, for these trained systems. p folds: corrected resampled t test over folds "
        "and seeds (Nadeau and Bengio 2003), for these methods, at least p utterances. It gives the verdict, at 5 % by "
        f"Holm's correction over all {number} comparisons: holds, reversed (the second system is better) or undecided. "
        "Both p are two-sided."
    ]


def _deviations(rows: tuple[Row, ...]) -> list[str]:
    split = [
        f"{_name(row)} {', '.join(f'{name} {100 * value:.1f}' for name, value in row.deviations.items())}"
        for row in rows
        if row.deviations
    ]
    return [f"Standard deviation of the UA of a fold (points) by its causes: {'; '.join(split)}."] if split else []


def _training(facts: Facts) -> str:
    seeds = ", ".join(map(str, facts.seeds))
    source = f", LLDs of {facts.frontend}" if facts.frontend != "drl4ser" else ""
    if facts.init_from:
        corpus, digest = facts.init_from.rsplit("-", 1)
        source += f". Training starts with weights of a run on {corpus} ({digest}), all but those of the classifier"
    if facts.changes:
        source += f". Not as recipe and profile are now: {', '.join(facts.changes)}"
    return (
        f"Recipe {facts.recipe}, profile {facts.profile} (width {facts.width:g}), "
        f"{facts.precision}, {format_span(facts.epochs)} epochs per fold, "
        f"seed{'s' if len(facts.seeds) > 1 else ''} {seeds}{source}."
    )


def _ablation(table: Table) -> list[str]:
    if table.name != "ablation":
        return []
    return [
        "Only S3 is a system of the paper. The others differ from it, or from Poria et al. 2016, in what their names "
        "say, and are not widened to its number of parameters."
    ]


def _incomplete(rows: tuple[Row, ...]) -> list[str]:
    short: dict[str, list[str]] = {}
    for row in rows:
        if row.num_results < row.num_wanted:
            short.setdefault(f"{row.num_results} of {row.num_wanted} folds", []).append(_name(row))
    of = {folds: ", ".join(names) if len(names) < len(rows) else "every row" for folds, names in short.items()}
    return [f"Incomplete: {'; '.join(f'{folds} of {names}' for folds, names in of.items())}."] if of else []


def _code(rows: tuple[Row, ...]) -> list[str]:
    if len({commit for row in rows for commit in row.commits}) < 2:
        return []
    commits = "; ".join(f"{_name(row)} {', '.join(row.commits)}" for row in rows)
    return [f"Run by differing code (-dirty: with changes that were not committed): {commits}."]


def _name(row: Row) -> str:
    return f"{SYSTEM_NAMES[row.system]} {MODALITY_NAMES[row.modality]}"


def _paper(table: Table) -> list[str]:
    corpus = paper_corpus(table.facts.corpus, len(table.facts.classes))
    if corpus is None:
        return []
    if corpus == "rid":
        note = "The paper's numbers are from RID, a corpus of Microsoft's that is not public."
    else:
        note = "The paper's numbers are from the same corpus, IEMOCAP."
    if any("parameters" in row.paper for row in table.rows):
        note += " Its parameter counts (in brackets) are those of A+L with four classes."
    return [note]


def _made_with(facts: Facts) -> str:
    versions = ", ".join(f"{name} {'/'.join(values)}" for name, values in facts.versions.items())
    return f"Commit {', '.join(facts.commits)}; {versions}."
