"""The sentences under a table: how to read it and what it was made with."""

from typing import Any

from drl4ser.reporting.layout import MODALITY_NAMES, SYSTEM_NAMES


def paper_corpus(table: dict[str, Any]) -> str:
    """Which of the paper's corpora to print beside ours: "rid" for a five-class manifest, else "iemocap"."""
    facts = table["facts"]
    return "rid" if facts["corpus"] == "manifest" and len(facts["classes"]) == 5 else "iemocap"


def write_notes(table: dict[str, Any]) -> list[str]:
    """One line for each note, plain text."""
    facts = table["facts"]
    notes = [_corpus(facts), _split(facts), _metrics(facts), *_significance(table["rows"]), _training(facts)]
    return [*notes, *_incomplete(table["rows"]), _paper(table), _made_with(facts)]


def describe_experiment(facts: dict[str, Any]) -> list[str]:
    """The notes of `write_notes` on what was run, without those on a table's columns."""
    return [_corpus(facts), _split(facts), _training(facts), _made_with(facts)]


def format_span(span: list[int]) -> str:
    """`[3, 5]` as "3 to 5", `[3, 3]` as "3"."""
    return str(span[0]) if span[0] == span[1] else f"{span[0]} to {span[1]}"


def _corpus(facts) -> str:
    classes = ", ".join(f"{name} {count}" for name, count in facts["classes"].items())
    return f"Corpus {facts['corpus']}: {facts['num_utterances']:,} tested utterances ({classes})."


def _split(facts) -> str:
    overlap = facts["overlap"]
    parts = [
        f"{format_span(overlap[f'shared_{name}'])} of {format_span(overlap[f'test_{name}'])} {name}"
        for name in ("speakers", "texts")
        if f"shared_{name}" in overlap and f"test_{name}" in overlap
    ]
    note = f"Split {facts['split']} in {facts['num_folds']} folds."
    if parts:
        note += f" Of a test part, {' and '.join(parts)} occur in its training part too."
    return note


def _metrics(facts) -> str:
    return (
        "UA: mean ± standard deviation over folds. All UA: of all tested utterances together, with the 95 % "
        f"interval of {facts['num_resamples']:,} bootstrap resamples. WA and macro F1: of all together. "
        "Differences (points) and gains (relative): on the utterances tested with both systems, paired "
        "bootstrap, two-sided p."
    )


def _significance(rows) -> list[str]:
    if not any("significant" in (row["comparison"] or {}) for row in rows):
        return []
    return ["* significant at 5 % by Holm's correction over the comparisons with the same input."]


def _training(facts) -> str:
    seeds = ", ".join(map(str, facts["seeds"]))
    source = f", LLDs of {facts['frontend']}" if "frontend" in facts else ""
    return (
        f"Recipe {facts['recipe']}, profile {facts['profile']} (width {facts['width']:g}), "
        f"{facts['precision']}, {format_span(facts['epochs'])} epochs a fold, "
        f"seed{'s' if len(facts['seeds']) > 1 else ''} {seeds}{source}."
    )


def _incomplete(rows) -> list[str]:
    short = []
    for row in rows:
        if row["num_records"] < row["num_wanted"]:
            name = f"{SYSTEM_NAMES[row['system']]} {MODALITY_NAMES[row['modality']]}"
            short.append(f"{name} ({row['num_records']} of {row['num_wanted']} folds)")
    return [f"Incomplete: {', '.join(short)}."] if short else []


def _paper(table) -> str:
    facts, corpus = table["facts"], paper_corpus(table)
    if corpus == "rid":
        note = "The paper's numbers are from RID, a corpus of Microsoft's that is not public."
    elif facts["corpus"] != "iemocap":
        note = f"The paper's numbers are from IEMOCAP and not comparable with {facts['corpus']}."
    else:
        note = "The paper's numbers are from the same corpus, IEMOCAP."
    if any(row["paper"]["parameters"] for row in table["rows"]):
        note += " Its parameter counts (in brackets) are those of A+L with four classes."
    return note


def _made_with(facts) -> str:
    versions = ", ".join(f"{name} {'/'.join(values)}" for name, values in facts["versions"].items())
    return f"Commit {', '.join(facts['commits'])}; {versions}."
