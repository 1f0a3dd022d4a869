"""The same seed gives the same results file, whatever the order of the manifest and the number of processes."""

from drl4ser.config import ExperimentConfig, ModelConfig, TrainConfig
from drl4ser.corpora import read_corpus
from drl4ser.data.extraction import make_records
from drl4ser.data.store import open_store
from drl4ser.training.fold import run_fold

CONFIG = ExperimentConfig(
    corpus="manifest",
    num_folds=3,
    model=ModelConfig("baseline", "acoustic", width=0.05),
    train=TrainConfig(batch_size=8, max_epochs=2, learning_rate=0.01),
)


def test_neither_the_order_of_rows_nor_parallel_extraction_changes_a_results_file(manifest, tmp_path):
    header, *rows = manifest.read_text(encoding="utf-8").splitlines(keepends=True)
    written = {}
    for name, part, num_workers in (("serial", rows, 1), ("parallel", rows[::-1], 2)):
        copy = manifest.with_name(f"{name}.csv")
        copy.write_text("".join([header, *part]), encoding="utf-8")
        utterances = read_corpus("manifest", copy)
        records = tmp_path / name / "records"
        make_records(utterances, records, "manifest", num_workers=num_workers, shard_size=5)
        run_fold(CONFIG, open_store(records), tmp_path / name / "fold")
        names = ("record.json", "history.json", "normalizer.json")
        written[name] = [(tmp_path / name / "fold" / file).read_bytes() for file in names]
    assert written["serial"] == written["parallel"]
