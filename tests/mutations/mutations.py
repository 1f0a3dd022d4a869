"""The mistakes: leaks between a fold's parts, settings ignored, state forgotten, utterances lost, wrong exports.

And results and pages that were edited by hand.
"""

import dataclasses
import re

_FOLD, _PARTS, _TRAINER = "drl4ser/training/fold.py", "drl4ser/data/parts.py", "drl4ser/training/trainer.py"
_PIPELINE, _RECORDS, _AUGMENTATION = (
    "drl4ser/data/pipeline.py",
    "drl4ser/data/records.py",
    "drl4ser/data/augmentation.py",
)
_PROTOCOL = "tests/training/test_protocol.py"
_ONCE = f"{_PROTOCOL}::test_the_test_part_is_evaluated_once_at_the_end_and_used_for_nothing_else"
_RESUMED = f"{_PROTOCOL}::test_an_interrupted_fold_ends_as_one_in_one_go"
_INTERRUPTED = "tests/training/test_trainer.py::test_an_interrupted_run_ends_with_the_same_numbers[4-any]"
_BEST_IS_EARLY = "tests/training/test_trainer.py::test_an_interrupted_run_ends_with_the_same_numbers[3-first]"
_TWO_DEVICES = "tests/parallel/test_replicas.py::test_two_devices_do_what_one_does[s3]"
_EXPORTS = "tests/export/test_export.py::test_exports_of_other_runs"
_PAGES, _HARNESS = "tests/test_readme_tables.py", "tests/benchmarks/test_harness.py"
_FAULTS = "tests/faults/test_faults.py"
_FITTED = "tests/data/test_parts.py::test_what_is_fitted_is_fitted_on_the_training_part"


@dataclasses.dataclass(frozen=True)
class Mutation:
    """One mistake.

    Attributes:
        name: what is wrong.
        file: under the root of the repository.
        old: text that is there exactly once, or a pattern whose first match is meant.
        new: text in its place.
        tests: names for pytest of which at least one must fail.
    """

    name: str
    file: str
    old: str | re.Pattern
    new: str
    tests: tuple[str, ...]


def _fold_mutations():
    yield Mutation(
        "training is validated on the test part",
        _FOLD,
        'parts["train"], parts["validation"], seed',
        'parts["train"], parts["test"], seed',
        (f"{_ONCE}[network]",),
    )
    yield Mutation(
        "the test part is trained on",
        _FOLD,
        'parts["train"], parts["validation"], seed',
        'parts["test"], parts["validation"], seed',
        (f"{_ONCE}[network]",),
    )
    yield Mutation(
        "the test part is evaluated before the epoch is chosen",
        _FOLD,
        "        trainer.fit()\n",
        '        trainer.evaluate(parts["test"])\n        trainer.fit()\n',
        (f"{_ONCE}[network]",),
    )
    yield Mutation(
        "the test part is evaluated twice",
        _FOLD,
        "        trainer.fit()\n",
        '        trainer.fit()\n        trainer.evaluate(parts["test"])\n',
        (f"{_ONCE}[network]",),
    )
    for name, new in (
        ("fitted on the test part", 'parts["test"], parts["validation"])'),
        ("chosen on the test part", 'parts["train"], parts["test"])'),
    ):
        yield Mutation(
            f"the kernel machine is {name}",
            _FOLD,
            'KernelClassifier.fit(model, config, parts["train"], parts["validation"])',
            f"KernelClassifier.fit(model, config, {new}",
            (f"{_ONCE}[kernels]",),
        )
    yield Mutation(
        "the kernel machine is fitted on the validation part",
        "drl4ser/training/kernel_stage.py",
        "train = _collect(features, training, config.train.batch_size)",
        "train = _collect(features, validation, config.train.batch_size)",
        (f"{_ONCE}[kernels]",),
    )
    everything = "tuple(item.id for item in utterances)"
    yield Mutation(
        "the normaliser is fitted on all parts",
        _PARTS,
        "fit_normalizer(store, fold.train, ",
        f"fit_normalizer(store, {everything}, ",
        (_FITTED,),
    )
    yield Mutation(
        "the input range is fitted on all parts",
        _PARTS,
        "fit_input_range(store, fold.train, ",
        f"fit_input_range(store, {everything}, ",
        (_FITTED,),
    )
    yield Mutation(
        "the normaliser ignores which utterances it is given",
        _PIPELINE,
        "    return Normalizer.fit((element",
        "    selected = read_in_order(store, np.zeros(len(store.utterances), np.int32))\n"
        "    return Normalizer.fit((element",
        ("tests/data/test_pipeline.py::test_the_normalizer_knows_the_training_part_only",),
    )


def _input_mutations():
    yield Mutation(
        "records are known by the sizes of their files",
        "drl4ser/data/store.py",
        "content = hash_audio(utterance.path)",
        "content = utterance.path.stat().st_size",
        ("tests/data/test_extraction.py::test_other_audio_of_the_same_size_is_noticed",),
    )
    yield Mutation(
        "input with words trains without any",
        _PARTS,
        "if not len(found):",
        "if False:",
        ("tests/data/test_parts.py::test_input_with_words_of_which_none_is_known_is_refused",),
    )
    yield Mutation(
        "a frozen layer learns its statistics",
        "drl4ser/layers/normalization.py",
        "if training and self.trainable:",
        "if training:",
        ("tests/layers/test_keras_tools.py::test_a_frozen_layer_stays_as_it_is[ResidualConvGroup]",),
    )


def _origin_mutations():
    leak, speakers = "what_is_a_leak_and_what_is_not", "known_speakers_are_a_leak_where_speakers_are_kept_apart"
    both = 'for part in ("test", "validation")}'
    for name, old, new, test in (
        ("tested on what its start has seen", both, 'for part in ("validation",)}', leak),
        ("validated on what its start has seen", both, 'for part in ("test",)}', leak),
        ("tested on known audio of another name", " or content[name][_AUDIO] in audio", "", leak),
        ("tested on speakers that its start has heard", 'split != "random" and known', "False", speakers),
    ):
        yield Mutation(
            f"a fold is {name}", "drl4ser/runs/origin.py", old, new, (f"tests/runs/test_origin.py::test_{test}",)
        )


def _augmentation_mutations():
    for setting, old, new, test in (
        ("gain_jitter", "if train.gain_jitter:", "if False:", "gain_jitter_shifts_each_descriptor_of_an_utterance"),
        ("time_masks", "draws[2], train.time_masks", "draws[2], 0", "masks_set_whole_frames_or_descriptors_to_zero"),
        (
            "feature_masks",
            "draws[3], train.feature_masks",
            "draws[3], 0",
            "masks_set_whole_frames_or_descriptors_to_zero",
        ),
    ):
        yield Mutation(f"{setting} is ignored", _AUGMENTATION, old, new, (f"tests/data/test_pipeline.py::test_{test}",))
    yield Mutation(
        "no augmentation at all",
        _PIPELINE,
        "    if train.augments:",
        "    if False:",
        ("tests/data/test_pipeline.py::test_gain_jitter_shifts_each_descriptor_of_an_utterance",),
    )


def _resumption_mutations():
    moments = (
        "the optimiser's moments",
        '"optimizer": self.optimizer.variables',
        '"optimizer": self.optimizer.variables[:2]',
    )
    random = (
        "the state of random numbers",
        '"model": self.model.variables',
        '"model": [v for v in self.model.variables if "seed" not in v.path]',
    )
    averages = "the averages", '"averages": self._averages', '"averages": []'
    best = "the best weights", '"best": self._best', '"best": []'
    in_bfloat16, with_kernels = (f"{_RESUMED}[network-mixed_bfloat16]", f"{_RESUMED}[kernels-float32]")
    for (name, old, new), tests in (
        (moments, (_INTERRUPTED, in_bfloat16, with_kernels)),
        (random, (_INTERRUPTED, in_bfloat16, with_kernels)),
        (averages, (_INTERRUPTED, in_bfloat16, with_kernels)),
        (best, (_BEST_IS_EARLY,)),
    ):
        for test in tests:
            case = "" if test in (_INTERRUPTED, _BEST_IS_EARLY) else f": {test.partition('[')[2].rstrip(']')}"
            yield Mutation(f"a resumed run forgets {name}{case}", _TRAINER, old, new, (test,))
    yield Mutation(
        "a resumed run starts with the batches of the first epoch",
        _TRAINER,
        "epochs = range(len(self.history) + 1, ",
        "epochs = range(1, ",
        (_INTERRUPTED,),
    )


def _streaming_mutations():
    tests = tuple(
        f"tests/data/test_records.py::test_{name}"
        for name in (
            "in_order_every_wanted_record_comes_with_its_own_label",
            "shuffled_is_a_permutation_that_the_seed_fixes",
        )
    )
    yield Mutation(
        "a streamed epoch drops the last utterance of each shard",
        _RECORDS,
        "wanted[begin : ends[number]]",
        "wanted[begin : ends[number] - 1]",
        tests,
    )
    yield Mutation(
        "a streamed epoch reads a shard twice",
        _RECORDS,
        "    shards = tf.data.Dataset.from_tensor_slices(order)\n",
        "    shards = tf.data.Dataset.from_tensor_slices(tf.concat([order, order[:1]], 0))\n",
        tests,
    )
    yield Mutation(
        "an epoch drops its last pool of batches",
        _PIPELINE,
        "utterances.ragged_batch(POOL_BATCHES * train.batch_size)",
        "utterances.ragged_batch(POOL_BATCHES * train.batch_size, drop_remainder=True)",
        ("tests/data/test_pipeline.py::test_an_epoch_is_a_permutation_fixed_by_seed_and_number",),
    )


def _replica_mutations():
    replicas = "drl4ser/parallel/replicas.py"
    for name, file, old, new in (
        (
            "gradients are not added up",
            "drl4ser/training/step.py",
            "replicas.all_reduce([loss, *tape.gradient(loss, model.trainable_variables)])",
            "[replicas.all_reduce([loss])[0], *tape.gradient(loss, model.trainable_variables)]",
        ),
        (
            "both replicas take the same utterances",
            replicas,
            "rows = tf.range(first, tf.maximum(size, first + 1), every) % size",
            "rows = tf.range(0, tf.maximum(size, 1), every) % size",
        ),
        ("a filler has frames", replicas, "name: length * real for", "name: length for"),
        (
            "the loss is a mean over the share",
            replicas,
            "/ tf.cast(size, losses.dtype)",
            "/ tf.cast(tf.size(losses), losses.dtype)",
        ),
    ):
        yield Mutation(f"two replicas: {name}", file, old, new, (_TWO_DEVICES,))


def _export_mutations():
    interface = "drl4ser/export/interface.py"
    for case in ("trimmed", "bfloat16"):
        yield Mutation(
            f"an export does not centre the LLDs: acoustic {case}",
            interface,
            "(-mean / std).tolist()",
            "(0 * mean).tolist()",
            (f"{_EXPORTS}[acoustic {case}-keras]",),
        )
    yield Mutation(
        "an export keeps the mean of an utterance",
        interface,
        "if run.normalizer.subtract_mean:",
        "if False:",
        (f"{_EXPORTS}[acoustic without mean-keras]",),
    )
    yield Mutation(
        "an export is described without its trimming",
        interface,
        '"trim_db": trim_db,',
        '"trim_db": 0.0,',
        (f"{_EXPORTS}[acoustic trimmed-keras]",),
    )
    yield Mutation(
        "an export normalises in bfloat16",
        interface,
        'name="normalizer", dtype="float32"',
        'name="normalizer"',
        (f"{_EXPORTS}[acoustic bfloat16-keras]",),
    )
    yield Mutation(
        "an ONNX export multiplies by its masks",
        "drl4ser/export/formats.py",
        ', "SelectV2": (_convert_select, [])',
        "",
        ("tests/export/test_export.py::test_onnx_chooses_with_a_mask_and_does_not_multiply",),
    )


def _result_mutations():
    committed, folds = "tests/reporting/test_committed_results.py", "float32/table2/synthetic-quick-paper-random"
    for name, old, new in (
        ("predictions are edited", r'("predictions": \[)\d', r"\g<1>9"),
        ("overlap is edited", r'"test_texts": \d+', '"test_texts": 1'),
        ("checksum is taken off", r'"seal": "\w+", ', ""),
    ):
        yield Mutation(
            f"a committed fold: its {name}",
            f"results/{folds}/folds.jsonl",
            re.compile(old),
            new,
            (f"{committed}::test_every_fold_is_that_of_its_corpus[{folds}]",),
        )
    write, report = "drl4ser/reporting/write.py", "tests/reporting/test_report_files.py"
    without_checksum = (f"{committed}::test_results_without_checksum_are_refused",)
    for name, old, new, tests in (
        (
            "fold results need no checksum",
            "path: read_fold_results(path, require_checksum=True)",
            "path: read_fold_results(path)",
            without_checksum,
        ),
        (
            "to be made again, fold results need no checksum",
            "read_fold_results(folds, require_checksum=True)",
            "read_fold_results(folds)",
            without_checksum,
        ),
        (
            "those of results/float32 are not looked at",
            'glob(f"**/{table}/*"))',
            'glob(f"{table}/*"))',
            (f"{report}::test_a_report_has_all_files_the_same_bytes_again_and_is_checked",),
        ),
    ):
        yield Mutation(f"committed tables: {name}", write, old, new, tests)
    yield Mutation(
        "a verdict takes folds that are alike for certainty",
        "drl4ser/reporting/table.py",
        "max(p_folds, pair.p_value)",
        "p_folds",
        (
            "tests/reporting/test_report.py::test_folds_that_are_alike_decide_no_more_than_the_choice_of_their_utterances",
        ),
    )
    yield Mutation(
        "make readme takes tables that do not follow from their folds",
        "experiments/update_readme.py",
        "in find_stale(FLAGS.results_dir)",
        "in ()",
        (f"{_PAGES}::test_the_command_refuses_tables_without_records[--nocheck]",),
    )
    for name, file, test in (
        ("table of scale", "scale.md", f"{_HARNESS}::test_the_committed_tables_of_scale_follow_from_its_numbers"),
        ("table of faults", "faults.md", f"{_FAULTS}::test_the_committed_matrix_follows_from_its_outcomes"),
        ("count of fuzz", "fuzz.json", "tests/fuzz/test_fuzz.py::test_the_committed_counts_are_of_all_kinds"),
        ("table of costs", "costs.md", f"{_PAGES}::test_the_committed_costs_are_those_measured"),
        (
            "table of folds' costs",
            "fold-costs.md",
            "tests/benchmarks/test_fold_costs.py::test_the_committed_table_is_of_the_committed_times",
        ),
    ):
        yield Mutation(f"the committed {name} is edited", f"results/{file}", re.compile(r"(?<= )\d"), "77", (test,))


def _page_mutations():
    for page in ("README.md", "docs/attention.md"):
        yield Mutation(
            f"{page} lost a pair of markers",
            page,
            re.compile(r"^<!-- results:\S+ -->\n(.*?)^<!-- /results -->\n", re.DOTALL | re.MULTILINE),
            r"\1",
            (f"{_PAGES}::test_the_pages_hold_what_the_results_give[{page.rpartition('/')[2]}]",),
        )
    yield Mutation(
        "a figure is typed into a page",
        "docs/results.md",
        "# Results\n",
        "# Results\n\nS3 reaches a UA of 98.76 %.\n",
        (f"{_PAGES}::test_figures_outside_of_tables_stand_in_results_too[results.md]",),
    )


MUTATIONS = (
    *_fold_mutations(),
    *_input_mutations(),
    *_origin_mutations(),
    *_augmentation_mutations(),
    *_resumption_mutations(),
    *_streaming_mutations(),
    *_replica_mutations(),
    *_export_mutations(),
    *_result_mutations(),
    *_page_mutations(),
)
