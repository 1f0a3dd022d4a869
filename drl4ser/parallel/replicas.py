"""Replicas of a model that share every step: one as a rule, several on GPUs of a machine or on several machines.

A step is written once, as what each replica does with its share of the global batch (`drl4ser.training.step`). Every
replica has its own copy of every variable and makes the same update to it, since all see the same sums. All machines
draw the same batches in the same order; a replica takes every n-th utterance, which shares long and short ones evenly.
"""

import contextlib
import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import tensorflow as tf

from drl4ser.parallel.workers import several_machines


class LostWorkerError(ValueError):
    """A worker is gone, and no other can go on without it."""


class Replicas:
    """One replica: nothing is shared, nothing is added up."""

    is_chief = True

    def scope(self) -> contextlib.AbstractContextManager:
        """Where model, optimiser and all other variables of the step are made."""
        return contextlib.nullcontext()

    def compile(self, step: Callable, signature: tuple) -> Callable:
        """`step` as one graph, traced once for tensors of any length as `signature` allows."""
        return tf.function(step, input_signature=signature)

    def share(self, inputs: dict[str, tf.Tensor], labels: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """What this replica gets of the global batch (see `drl4ser.data.pipeline.evaluation_batches`)."""
        return inputs, labels

    def mean(self, losses: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """This replica's part of the global batch's mean: `losses` are of its share, `labels` of all."""
        return tf.reduce_mean(losses)

    def add_up(self, tensors: list[tf.Tensor]) -> list[tf.Tensor]:
        """The sum of each tensor over the replicas."""
        return tensors

    def agree(self, value: float) -> float:
        """The chief's value; nobody goes on before all have called this."""
        return value

    def own_folder(self, directory: Path) -> contextlib.AbstractContextManager[Path]:
        """`directory` for the chief, a passing one for the others, who write the same files."""
        return contextlib.nullcontext(directory)


ONE_REPLICA = Replicas()


class SeveralReplicas(Replicas):
    """Replicas that add up what they computed from their shares.

    Args:
        strategy: MirroredStrategy or MultiWorkerMirroredStrategy.
        is_chief: whether this process writes files that others read.
    """

    def __init__(self, strategy: tf.distribute.Strategy, is_chief: bool = True):
        self._strategy, self.is_chief = strategy, is_chief
        self._chiefs_value = self.compile(self._take_chiefs_value, (tf.TensorSpec([]),))

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """See `Replicas`."""
        with _lost_workers(), self._strategy.scope(), tf.variable_creator_scope(_make_copies):
            yield

    def compile(self, step: Callable, signature: tuple) -> Callable:
        """See `Replicas`; `step` returns what is the same on all replicas."""

        @tf.function(input_signature=signature)
        def run_all(*batch):
            results = self._strategy.run(step, batch)
            return tf.nest.map_structure(lambda x: self._strategy.experimental_local_results(x)[0], results)

        def run(*batch):
            with _lost_workers():
                return run_all(*batch)

        return run

    def share(self, inputs: dict[str, tf.Tensor], labels: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """See `Replicas`; if there are fewer utterances than replicas, one without frames and words, as a filler."""
        context, size = tf.distribute.get_replica_context(), tf.shape(labels)[0]
        first, every = context.replica_id_in_sync_group, context.num_replicas_in_sync
        rows = tf.range(first, tf.maximum(size, first + 1), every) % size
        inputs, labels = tf.nest.map_structure(lambda column: tf.gather(column, rows), (inputs, labels))
        lengths = {name: inputs[name] for name in ("num_frames", "num_words") if name in inputs}
        # with no frames it stays out of the statistics; kernels do not reliably accept a batch of no utterances
        real = tf.cast(first < size, tf.int32)
        return {**inputs, **{name: length * real for name, length in lengths.items()}}, labels

    def mean(self, losses: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """See `Replicas`."""
        first, size = tf.distribute.get_replica_context().replica_id_in_sync_group, tf.shape(labels)[0]
        return tf.reduce_sum(tf.where(first < size, losses, 0.0)) / tf.cast(size, losses.dtype)

    def add_up(self, tensors: list[tf.Tensor]) -> list[tf.Tensor]:
        """See `Replicas`."""
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tensors)

    def agree(self, value: float) -> float:
        """See `Replicas`."""
        return float(self._chiefs_value(tf.constant(value, tf.float32)))

    @contextlib.contextmanager
    def own_folder(self, directory: Path) -> Iterator[Path]:
        """See `Replicas`."""
        if self.is_chief:
            yield directory
        else:
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder) / directory.name

    def _take_chiefs_value(self, value: tf.Tensor) -> tf.Tensor:
        first = tf.equal(tf.distribute.get_replica_context().replica_id_in_sync_group, 0)
        return self.add_up([tf.where(first, value, 0.0)])[0]


@functools.cache
def find_replicas() -> Replicas:
    """What this process trains with: the machines in TF_CONFIG, all visible GPUs, or one replica.

    With TF_CONFIG it waits for the others to start, and must be called before TensorFlow computes anything.

    Raises:
        ValueError: if TF_CONFIG is malformed.
    """
    if several_machines():
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        first = "chief" if "chief" in resolver.cluster_spec().jobs else "worker"
        is_chief = (resolver.task_type, resolver.task_id) == (first, 0)
        with _lost_workers():
            return SeveralReplicas(tf.distribute.MultiWorkerMirroredStrategy(resolver), is_chief)
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return SeveralReplicas(tf.distribute.MirroredStrategy())
    return ONE_REPLICA


@contextlib.contextmanager
def _lost_workers() -> Iterator[None]:
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError) as error:
        raise LostWorkerError(
            "another worker of TF_CONFIG ended or cannot be reached: start all workers again with the same commands; "
            "the fold goes on from its last checkpoint"
        ) from error


def _make_copies(create: Callable, **options):
    """Variables of which every replica reads and writes its own copy; the first one counts outside of a step."""
    options["synchronization"] = tf.VariableSynchronization.ON_READ
    options["aggregation"] = tf.VariableAggregation.ONLY_FIRST_REPLICA
    return create(**options)
