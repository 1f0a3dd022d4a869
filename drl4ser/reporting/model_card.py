"""Model cards of the trained systems that come with the package: each number is taken from results, none is typed."""

import dataclasses
from collections.abc import Sequence
from statistics import fmean

from drl4ser.reporting.fold_result import FoldResult
from drl4ser.reporting.metrics import class_recalls
from drl4ser.reporting.paper_values import SYSTEM_NAMES
from drl4ser.reporting.pooling import PooledPredictions, pool_results
from drl4ser.reporting.provenance import collect_facts
from drl4ser.reporting.render import TextTable
from drl4ser.reporting.statistics import bootstrap_interval, ua_of_scores

LICENCE = "[CC BY-NC-SA 4.0](https://creativecommons.org/licenses/by-nc-sa/4.0/)"


@dataclasses.dataclass(frozen=True)
class CardCorpus:
    """What a card tells of a corpus.

    Attributes:
        title: its name.
        citation: what its authors ask to be cited.
        page: its address.
        speech: who says what, in a sentence.
        limits: what follows from that for other speech.
    """

    title: str
    citation: str
    page: str
    speech: str
    limits: str


CARD_CORPORA = {
    "ravdess": CardCorpus(
        "RAVDESS",
        "Livingstone & Russo, The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS), "
        "PLoS ONE 13(5): e0196391, 2018",
        "https://zenodo.org/records/1188976",
        "24 professional actors (12 female, 12 male) with a North American accent speak two English sentences in "
        "a studio.",
        "It has heard two sentences: of any other it may hear the words and not the voice.",
    ),
    "nemo": CardCorpus(
        "nEMO",
        "Christop, nEMO: Dataset of Emotional Speech in Polish, LREC-COLING 2024",
        "https://huggingface.co/datasets/amu-cai/nEMO",
        "9 actors (4 female, 5 male) speak 90 Polish sentences, each in every emotion.",
        "It has heard nine voices.",
    ),
}


def render_card(
    name: str, tested: Sequence[FoldResult], result: FoldResult, command: str, rivals: Sequence = ()
) -> str:
    """Render the model card of a trained system as Markdown.

    Args:
        name: of the system.
        tested: the folds of its cross-validation.
        result: of `drl4ser.training.pretrain.pretrain`.
        command: that makes it again.
        rivals: (name, folds) of the other systems that were trained on that corpus.
    """
    corpus, pooled = CARD_CORPORA[result.corpus], pool_results(tested)
    counts = ", ".join(f"{name} {(pooled.labels == index).sum()}" for index, name in enumerate(result.classes))
    recalls = dict(zip(result.classes, class_recalls(pooled.confusion), strict=True))
    config, train = result.config["model"], result.config["train"]
    speakers = result.overlap
    changes = "".join(f" with {change}" for change in collect_facts(tested).changes)
    return f"""# {name}

{SYSTEM_NAMES[result.system]} at width {config["width"]:g}: {result.num_parameters:,} weights. It takes the sound of an
utterance alone and gives probabilities of {", ".join(result.classes[:-1])} and {result.classes[-1]}.
{_compare(tested, rivals)}
```sh
drl4ser-predict {name} speech.wav
```

```python
from drl4ser.predictor import Predictor

print(Predictor.from_pretrained("{name}").predict("speech.wav").probabilities)
```

## How good it is

{describe_ua(tested, pooled)}
Recall: {", ".join(f"{emotion} {100 * recall:.1f} %" for emotion, recall in recalls.items())}.

That is a cross-validation: {len(tested)} networks with these settings, each tested on speakers it was not trained on
(split `{result.split}`, {len(tested)} of {result.num_folds} folds, {speakers["test_speakers"]} speakers,
{len(pooled.utterances):,} utterances: {counts}).
The network in this folder is a further one, trained on {speakers["train_speakers"]} speakers. Its epoch was chosen on
{speakers["validation_speakers"]} more, and none was left to test it. The interval is for other
utterances of such speakers. It does not cover other languages, rooms, microphones and kinds of speech: expect worse.
Its probabilities were not calibrated: of two answers the surer is not always the better.

## Data

{corpus.title}: {corpus.speech}
{corpus.limits}
{corpus.citation}.
<{corpus.page}>

The emotions are acted. No recording is in this folder: only weights, means and spreads of the descriptors, the range of
the training recordings, and the names of all recordings with class, speaker and checksums.

## Licence

{corpus.title} is under {LICENCE},
and so are the files of this folder: they are for uses that are not commercial, name the corpus and pass the licence on.
The MIT licence of drl4ser does not cover them.

## Use

For trying the package, for teaching, and as a starting point of research on acted speech like the above.

Not for:

- decisions about people, such as in hiring, teaching, health, policing, insurance or at borders, nor for watching them;
- telling what a person feels: it names the acted emotion that an utterance sounds most like;
- spontaneous speech, other languages, children, illness, whispering, singing, telephones or far microphones: none of
  these was trained or tested;
- other emotions: it always chooses among {len(result.classes)} and cannot answer "none of these".

A warning beside a prediction means that the recording is unlike those of the training (rate, length, level, voicing,
spectrum, silence): the figures above then say nothing about it. No warning does not mean that the answer is right.

## How it was made

```sh
{command}
```

Recipe `{result.recipe}`{changes}, {train["max_epochs"]} epochs, {train["precision"]}, seed {result.seed}. Epoch
{result.best_epoch} was the best on the validation part (UA {100 * result.validation_ua:.1f} %, too good a figure: it
chose the epoch). Cross-validation: commit {_commits(tested)}.
Network: commit {result.commit}, {_versions(result)}.
`checksums.json` has the SHA-256 of each file, which is compared whenever the system is loaded.
"""


def describe_ua(tested: Sequence[FoldResult], pooled: PooledPredictions) -> str:
    """UA on unseen speakers with its interval and chance, in a sentence."""
    num_classes = len(tested[0].classes)
    ua = ua_of_scores(pooled.labels, pooled.scores, num_classes)
    low, high = bootstrap_interval(pooled.labels, pooled.scores, num_classes)
    return (
        f"UA on unseen speakers: {100 * ua:.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f} %); "
        f"chance is {100 / num_classes:.1f} %."
    )


def render_overview(systems: dict[str, tuple[Sequence[FoldResult], int]]) -> str:
    """Render the table of all trained systems as Markdown.

    Args:
        systems: folds of the cross-validation and bytes of the folder, by name.
    """
    header = ["Name", "Corpus", "System", "Weights", "MB", "Folds", "UA on unseen speakers % [95 %]"]
    rows = []
    for name, (tested, size) in systems.items():
        first, pooled = tested[0], pool_results(tested)
        scored = pooled.labels, pooled.scores, len(first.classes)
        low, high = bootstrap_interval(*scored)
        ua = f"{100 * ua_of_scores(*scored):.1f} [{100 * low:.1f}, {100 * high:.1f}]"
        folds = f"{len(tested)}/{first.num_folds}"
        corpus, system = CARD_CORPORA[first.corpus].title, SYSTEM_NAMES[first.system]
        rows.append([name, corpus, system, f"{first.num_parameters:,}", f"{size / 1e6:.1f}", folds, ua])
    note = "- UA: of all tested utterances together; chance is 25.0 %."
    return f"{TextTable(header, rows, num_names=3).to_markdown()}\n{note}\n"


def _compare(tested: Sequence[FoldResult], rivals: Sequence[tuple[str, Sequence[FoldResult]]]) -> str:
    """A line for each other system that ran some of the same folds."""
    ours, lines = {item.fold: item.validation_ua for item in tested}, ""
    for name, other in rivals:
        theirs = {item.fold: item.validation_ua for item in other if item.fold in ours}
        if theirs:
            ua, their_ua = fmean(ours[fold] for fold in theirs), fmean(theirs.values())
            lines += (
                f"UA on the validation parts of {len(theirs)} fold{'s' * (len(theirs) > 1)}: {100 * ua:.1f} %, "
                f"{'higher' if ua > their_ua else 'lower'} than that of `{name}`, {100 * their_ua:.1f} %.\n"
            )
    return lines


def _commits(results: Sequence[FoldResult]) -> str:
    return ", ".join(sorted({result.commit for result in results}))


def _versions(result: FoldResult) -> str:
    return ", ".join(f"{name} {result.versions[name]}" for name in ("tensorflow", "keras") if name in result.versions)
