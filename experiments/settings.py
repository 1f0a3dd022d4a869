"""The flags that all experiments share, and the configurations that they ask for."""

import dataclasses
import functools
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from absl import flags

from drl4ser import config
from drl4ser.console import import_tensorflow
from drl4ser.corpora import SPLITS, make_folds
from drl4ser.corpora.folds import select_fold
from drl4ser.data.store import open_store, verify_shards
from drl4ser.reporting.fold_result import FoldResult
from drl4ser.reporting.paper_values import SYSTEM_NAMES
from drl4ser.runs.content import bind_content
from drl4ser.runs.origin import Origin, check_fit, check_leak, read_origin
from drl4ser.runs.paths import finished_result, run_directory
from drl4ser.runs.pretrained import find_run
from drl4ser.training.grid import run_grid

# The systems that are networks, ablations too; not read from drl4ser.models, which imports TensorFlow.
SYSTEMS = [name for name in SYSTEM_NAMES if name != "opensmile_svm"]

FLAGS = flags.FLAGS
flags.DEFINE_string("corpus", "synthetic", "Name of the corpus that the records are of.")
flags.DEFINE_string("records_dir", None, "LLD records, made by data_prep.make_records.", required=True)
flags.DEFINE_string("word_vectors", None, "word2vec file (.bin, .bin.gz, .txt) for systems with lexical input.")
flags.DEFINE_string("runs_dir", "runs", "Where each fold keeps its weights, history and TensorBoard events.")
flags.DEFINE_enum("profile", "quick", list(config.PROFILES), "Size of the experiment.")
flags.DEFINE_enum("recipe", None, list(config.RECIPES), "How systems are trained. Default: as the profile says.")
flags.DEFINE_enum("split", "random", SPLITS, "What the parts of a fold do not share.")
flags.DEFINE_integer(
    "num_folds",
    10,
    "Parts of a cross-validation; given folds and sessions have a number of their own.",
    lower_bound=3,  # one trains, one validates, one tests
)
flags.DEFINE_integer("folds", None, "Run only the first so many folds. Default: as the profile says.", lower_bound=1)
flags.DEFINE_list("seeds", ["0"], "Seeds; each draws its own folds and initial weights.")
flags.DEFINE_integer("epochs", None, "Most epochs of a fold. Default: as recipe and profile say.", lower_bound=1)
flags.DEFINE_enum("frontend", "drl4ser", config.FRONTENDS, "Whose LLDs the records hold.")
flags.DEFINE_enum("precision", "float32", ["float32", "mixed_bfloat16"], "Arithmetic of the layers.")
flags.DEFINE_multi_string("change", [], "Any setting, such as train.learning_rate=1e-4 or model.dropout=0.5.")
flags.DEFINE_string("init_from", None, "A finished run of the same system, whose weights training starts with.")
flags.DEFINE_bool("train", True, "Without: only report the folds that are finished.")
flags.DEFINE_integer("jobs", 1, "Folds that are trained at the same time.", lower_bound=1)


def experiments(systems: list[str], modalities: list[str]) -> Iterator[config.ExperimentConfig]:
    """One configuration for each system, modality, seed and fold that the flags ask for.

    Raises:
        ValueError: as `check`, or if the records are of another corpus.
    """
    check(systems, modalities)
    store = open_store(Path(FLAGS.records_dir))
    if store.corpus != FLAGS.corpus:
        raise ValueError(f"{FLAGS.records_dir} holds the corpus {store.corpus!r}, not {FLAGS.corpus!r}")
    if any("lexical" in modality for modality in modalities) and not any(
        item.text.strip() for item in store.utterances
    ):
        raise ValueError(f"{FLAGS.records_dir} has no transcripts; use MODALITIES=acoustic (--modalities)")
    classes = tuple(sorted({utterance.emotion for utterance in store.utterances}))
    if len(classes) < 2:
        raise ValueError(
            f"{FLAGS.records_dir} holds recordings of the class {classes[0]!r} alone; two or more are needed: give "
            "EMOTIONS (--emotions of make_records) or label the others"
        )
    num_folds = len(make_folds(store.utterances, FLAGS.split, FLAGS.num_folds))
    base = config.make_experiment(
        FLAGS.profile, _recipe(), corpus=FLAGS.corpus, classes=classes, split=FLAGS.split, num_folds=num_folds
    )
    base = bind_content(config.change(base, _changes()), store.content(classes))
    if FLAGS.init_from:
        base = dataclasses.replace(base, init_from=origin().name)
    if FLAGS.folds and FLAGS.folds > num_folds:
        raise ValueError(
            f"SPLIT={FLAGS.split} (--split) has {num_folds} folds here, numbered from 0. Received: FOLDS={FLAGS.folds} "
            f"(--folds), or --fold={FLAGS.folds - 1} of experiments.train"
        )
    wanted = FLAGS.folds or config.PROFILE_FOLDS.get(FLAGS.profile, num_folds)
    for system in dict.fromkeys(systems):  # given twice, they are one all the same
        for modality in dict.fromkeys(modalities):
            model = {"system": system, "modality": modality, "num_classes": len(classes)}
            with_model = config.change(base, {"model": model})
            for seed in dict.fromkeys(map(int, FLAGS.seeds)):
                for fold in range(min(wanted, num_folds)):
                    yield dataclasses.replace(with_model, seed=seed, fold=fold)


def check(systems: list[str], modalities: list[str]) -> None:
    """Refuse what needs no records to be refused.

    Raises:
        ValueError: if a system, modality or setting is unknown, the split is another corpus's, lexical input has no
            word vectors, or the run to start from has another network.
    """
    _check("system", systems, tuple(SYSTEM_NAMES))
    _check("modality", modalities, config.MODALITIES)
    if FLAGS.init_from:
        systems = systems or [origin().config.model.system]
        _check_origin(systems, modalities)
    if any("lexical" in modality for modality in modalities) and not FLAGS.word_vectors:
        raise ValueError(
            "lexical input needs word vectors: set WORD_VECTORS (--word_vectors) to a word2vec file such as "
            "GoogleNews-vectors-negative300.bin.gz, or leave it out with MODALITIES=acoustic (--modalities)"
        )
    if FLAGS.split == "emobox" and FLAGS.corpus != "ravdess":
        raise ValueError(f"SPLIT=emobox (--split) has the folds of ravdess alone. Received: CORPUS={FLAGS.corpus}")
    for seed in FLAGS.seeds:
        if not seed.isdecimal():
            raise ValueError(f"SEEDS (--seeds) must be numbers such as 0,1,2. Received: {seed!r}")
    base = config.change(config.make_experiment(FLAGS.profile, _recipe()), _changes())
    if FLAGS.init_from:
        check_fit(origin(), config.change(base, {"model": {"system": systems[0], "modality": modalities[0]}}))


def check_networks(systems: list[str]) -> None:
    """Refuse reference systems, of which nothing is kept but their answers.

    Raises:
        ValueError: if a system is no network.
    """
    for system in systems:
        if system in SYSTEM_NAMES and system not in SYSTEMS:
            raise ValueError(f"SYSTEMS (--systems): {system!r} is no network; choose among {', '.join(SYSTEMS)}")


@functools.cache
def origin() -> Origin:
    """The run to start from."""
    return read_origin(find_run(FLAGS.init_from))


def _check_origin(systems: list[str], modalities: list[str]) -> None:
    own = origin().config.model
    if (systems, modalities) != ([own.system], [own.modality]):
        raise ValueError(
            f"INIT_FROM (--init_from): {FLAGS.init_from} is a run of {own.system} with input {own.modality}, and "
            f"nothing else can start from it; give SYSTEMS={own.system} MODALITIES={own.modality}. "
            f"Received: {', '.join(systems)} with {', '.join(modalities)}"
        )


def _recipe() -> str:
    return FLAGS.recipe or config.PROFILE_RECIPES[FLAGS.profile]


def _check(name: str, values: list[str], known: tuple[str, ...]) -> None:
    for value in values:
        if value not in known:
            raise ValueError(f"unknown {name} {value!r}; choose among {', '.join(known)}")


def _changes() -> dict[str, dict]:
    changes: dict[str, dict] = {"train": {"precision": FLAGS.precision}, "frame": {"frontend": FLAGS.frontend}}
    if FLAGS.epochs:
        changes["train"]["max_epochs"] = FLAGS.epochs
    for text in FLAGS.change:
        match = re.fullmatch(r"(model|train|frame)\.(\w+)=(.+)", text)
        if match is None or match[2] not in vars(getattr(config.ExperimentConfig(), match[1])):
            raise ValueError(f"--change={text}: expected model.NAME=VALUE or train.NAME=VALUE, see drl4ser/config.py")
        changes.setdefault(match[1], {})[match[2]] = _parse(text, match[1], match[2], match[3])
    return changes


def _parse(text: str, part: str, name: str, value: str) -> Any:
    """The value of a --change, of the type that the setting is declared with."""
    declared = {field.name: field.type for field in dataclasses.fields(getattr(config.ExperimentConfig(), part))}[name]
    if declared is str:
        return value
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = value
    parsed = tuple(parsed) if isinstance(parsed, list) else parsed
    if not config.fits(parsed, declared):
        kinds = {bool: "true or false", int: "a whole number", float: "a number"}
        kind = kinds.get(declared, "a list such as [32,64]")
        raise ValueError(f"--change={text}: expected {kind}. Received: {value!r}")
    return float(parsed) if declared is float else parsed


def run(configs: list[config.ExperimentConfig]) -> list[FoldResult]:
    """`run_grid` as the flags ask for it, or the records that are there.

    Raises:
        ValueError: if there is nothing to report.
    """
    if not FLAGS.train:
        return finished(configs)
    store = open_store(Path(FLAGS.records_dir))
    verify_shards(store)
    word_vectors = Path(FLAGS.word_vectors) if FLAGS.word_vectors else None
    init_from = origin().directory if FLAGS.init_from else None
    if init_from:  # of all folds, before the first is trained; they have the same classes
        utterances, content = store.subset(configs[0].classes), store.content(configs[0].classes)
        for item in configs:
            parts = dataclasses.asdict(select_fold(item, utterances))
            check_leak(origin(), store.corpus, content, parts, item.split)
    return run_grid(configs, Path(FLAGS.records_dir), Path(FLAGS.runs_dir), word_vectors, FLAGS.jobs, init_from)


def run_default() -> tuple[FoldResult, Path]:
    """The first fold of S3 on the acoustic input, trained if need be: its record and directory."""
    FLAGS.folds = 1
    (config,) = experiments(["s3"], ["acoustic"])
    (record,) = run([config])
    return record, run_directory(Path(FLAGS.runs_dir), config)


def run_references(configs: list[config.ExperimentConfig]) -> list[FoldResult]:
    """`run` for the rows that are no network."""
    if not FLAGS.train:
        return finished(configs)
    import_tensorflow()
    from drl4ser.training.reference import run_reference

    num_workers = max(FLAGS.jobs, os.cpu_count() or 1)
    return run_reference(configs, Path(FLAGS.records_dir), Path(FLAGS.runs_dir), num_workers)


def finished(configs: list[config.ExperimentConfig]) -> list[FoldResult]:
    """The results of those folds that are finished.

    Raises:
        ValueError: if none is, or one was run on other data or with other settings.
    """
    runs_dir, content = Path(FLAGS.runs_dir), open_store(Path(FLAGS.records_dir)).content(configs[0].classes)
    found = [finished_result(run_directory(runs_dir, item), item, content) for item in configs]
    if not any(found):
        raise ValueError(
            f"{runs_dir} holds no finished fold of this experiment; train one first, without --notrain (TRAIN=false)"
        )
    return [result for result in found if result is not None]
