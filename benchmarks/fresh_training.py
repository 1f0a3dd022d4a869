"""Memory of a training process that does nothing else: `python -m benchmarks.fresh_training ours|torch EPOCHS`.

Prints one line of JSON: MB of resident memory after every epoch, and the process's peak. The data are the same for
both sides and made without the other's library.
"""

import gc
import itertools
import json
import sys

import numpy as np

from benchmarks.process_memory import read_peak_mb, read_resident_mb

UTTERANCES, BATCH, LENGTHS = 136, 128, (200, 1200)


def main(side: str, num_epochs: int) -> dict:
    """Train and watch."""
    epoch = _ours(num_epochs) if side == "ours" else _torch()
    resident = []
    for number in range(1, num_epochs + 1):
        epoch(number)
        gc.collect()
        resident.append(read_resident_mb())
    return {"resident_mb": resident, "peak_mb": read_peak_mb()}


def _lengths():
    return np.random.default_rng(0).integers(LENGTHS[0], LENGTHS[1] + 1, UTTERANCES)


def _ours(num_epochs):
    from benchmarks.workloads import make_our_step, make_part
    from drl4ser.config import TrainConfig
    from drl4ser.data.pipeline import training_batches
    from drl4ser.models import build_model

    train = TrainConfig(batch_size=BATCH)
    step, part = make_our_step(build_model("s3")), make_part(_lengths())
    batches = iter(training_batches(part, train, seed=0, epochs=range(1, num_epochs + 1)))

    def epoch(_):
        for inputs, labels, _ in itertools.islice(batches, part.num_batches(BATCH)):
            float(step(inputs, labels)[0])

    return epoch


def _torch():
    import torch

    from benchmarks.peers.torch_rlc import S3
    from benchmarks.peers.torch_step import make_train_step

    torch.manual_seed(0)
    step = make_train_step(S3())
    utterances = [torch.randn(int(n), 17) for n in _lengths()]

    def epoch(number):
        order = np.random.default_rng(number).permutation(UTTERANCES)
        for first in range(0, UTTERANCES, BATCH):
            chosen = [utterances[index] for index in order[first : first + BATCH]]
            llds = torch.nn.utils.rnn.pad_sequence(chosen, batch_first=True)
            step(llds, torch.tensor([len(x) for x in chosen]), torch.arange(len(chosen)) % 4)

    return epoch


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
