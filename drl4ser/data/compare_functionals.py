"""ComParE functionals of a whole corpus, extracted once and kept in the folder of its LLD records."""

import numpy as np
from tqdm import tqdm

from drl4ser.data.store import RecordStore
from drl4ser.features.opensmile import extract_compare_functionals
from drl4ser.files import read_archive, write_archive
from drl4ser.parallel.workers import make_pool

FILE = "compare_2016.npz"


def load_compare_functionals(store: RecordStore, num_workers: int = 1) -> dict[str, np.ndarray]:
    """Load the functionals of every utterance of the store, by id, float32 [6373].

    They are read from the record folder, or extracted from the audio, `num_workers` files at a time, and kept there.

    Raises:
        ValueError: if a file is not where it was when the records were made.
        ImportError: if openSMILE is not installed.
    """
    path, wanted = store.directory / FILE, [utterance.id for utterance in store.utterances]
    try:
        archive = read_archive(path)
        ids, values = archive["ids"].tolist(), archive["values"]
    except (ValueError, KeyError):
        ids = None
    if ids != wanted:
        values = _extract(store, num_workers)
        write_archive(path, {"ids": np.array(wanted), "values": values})
    return dict(zip(wanted, values, strict=True))


def _extract(store: RecordStore, num_workers: int) -> np.ndarray:
    paths = [utterance.path for utterance in store.utterances]
    for path in paths:
        if not path.exists():
            raise ValueError(f"{path} is gone: openSMILE needs the audio that the records were made of")
    with make_pool(num_workers) as pool:
        try:
            found = pool.map(extract_compare_functionals, paths, chunksize=4)
            return np.stack(list(tqdm(found, total=len(paths), unit="utt", desc="ComParE functionals")))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
