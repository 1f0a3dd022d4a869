"""Replicas of a model that share every step: usually one, several on the GPUs of a machine or on several machines.

A step is written once, for the share of the global batch that one replica has (`drl4ser.training.step`). Every replica
has its own copy of every variable and updates it equally, since all get the same sums. All machines draw the same
batches in the same order; of n replicas, each takes every n-th utterance, which spreads long and short ones evenly.
"""

import contextlib
import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import tensorflow as tf

from drl4ser.parallel.workers import several_machines


class LostWorkerError(ValueError):
    """A worker has ended, and the others cannot continue without it."""


class Replicas:
    """A single replica, and the interface of `SeveralReplicas`."""

    is_chief = True

    def scope(self) -> contextlib.AbstractContextManager:
        """The scope in which model, optimiser and all other variables of the step must be created."""
        return contextlib.nullcontext()

    def compile(self, step: Callable, signature: tuple) -> Callable:
        """`step` as one graph, traced once: the lengths in `signature` are open."""
        return tf.function(step, input_signature=signature)

    def share(self, inputs: dict[str, tf.Tensor], labels: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """This replica's share of the global batch (see `drl4ser.data.pipeline.evaluation_batches`)."""
        return inputs, labels

    def mean(self, losses: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """This replica's term of the mean over the global batch: `losses` are of its share, `labels` of all."""
        return tf.reduce_mean(losses)

    def all_reduce(self, tensors: list[tf.Tensor]) -> list[tf.Tensor]:
        """The sum of each tensor over the replicas."""
        return tensors

    def broadcast(self, value: float) -> float:
        """The chief's value. A barrier: no process returns before all have called this."""
        return value

    def output_folder(self, directory: Path) -> contextlib.AbstractContextManager[Path]:
        """`directory` for the chief, a temporary folder for the others, which write the same files."""
        return contextlib.nullcontext(directory)


ONE_REPLICA = Replicas()


class SeveralReplicas(Replicas):
    """Replicas that sum the gradients of their shares.

    Args:
        strategy: MirroredStrategy or MultiWorkerMirroredStrategy.
        is_chief: whether this process writes files that others read.
    """

    def __init__(self, strategy: tf.distribute.Strategy, is_chief: bool = True):
        self._strategy, self.is_chief = strategy, is_chief
        self._broadcast = self.compile(self._chiefs_value, (tf.TensorSpec([]),))

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """See `Replicas`; every replica reads and writes its own copy of a variable."""
        options = {
            "synchronization": tf.VariableSynchronization.ON_READ,
            "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,  # the copy that is read outside a step
        }

        def make_copies(create, **given):
            return create(**{**given, **options})

        with _lost_workers(), self._strategy.scope(), tf.variable_creator_scope(make_copies):
            yield

    def compile(self, step: Callable, signature: tuple) -> Callable:
        """See `Replicas`; `step` must return the same values on all replicas."""

        @tf.function(input_signature=signature)
        def run_all(*batch):
            results = self._strategy.run(step, batch)
            return tf.nest.map_structure(lambda x: self._strategy.experimental_local_results(x)[0], results)

        def run(*batch):
            with _lost_workers():
                return run_all(*batch)

        return run

    def share(self, inputs: dict[str, tf.Tensor], labels: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """See `Replicas`; a replica for which no utterance is left gets one without frames and words."""
        context, size = tf.distribute.get_replica_context(), tf.shape(labels)[0]
        first, every = context.replica_id_in_sync_group, context.num_replicas_in_sync
        rows = tf.range(first, tf.maximum(size, first + 1), every) % size
        inputs, labels = tf.nest.map_structure(lambda column: tf.gather(column, rows), (inputs, labels))
        lengths = {name: inputs[name] for name in ("num_frames", "num_words") if name in inputs}
        # without frames it does not enter the statistics; kernels do not reliably accept an empty batch
        real = tf.cast(first < size, tf.int32)
        return {**inputs, **{name: length * real for name, length in lengths.items()}}, labels

    def mean(self, losses: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """See `Replicas`."""
        first, size = tf.distribute.get_replica_context().replica_id_in_sync_group, tf.shape(labels)[0]
        return tf.reduce_sum(tf.where(first < size, losses, 0.0)) / tf.cast(size, losses.dtype)

    def all_reduce(self, tensors: list[tf.Tensor]) -> list[tf.Tensor]:
        """See `Replicas`."""
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tensors)

    def broadcast(self, value: float) -> float:
        """See `Replicas`."""
        return float(self._broadcast(tf.constant(value, tf.float32)))

    @contextlib.contextmanager
    def output_folder(self, directory: Path) -> Iterator[Path]:
        """See `Replicas`."""
        if self.is_chief:
            yield directory
        else:
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder) / directory.name

    def _chiefs_value(self, value: tf.Tensor) -> tf.Tensor:
        first = tf.equal(tf.distribute.get_replica_context().replica_id_in_sync_group, 0)
        return self.all_reduce([tf.where(first, value, 0.0)])[0]


@functools.cache
def find_replicas() -> Replicas:
    """The replicas of this process: the machines in TF_CONFIG, all visible GPUs, or a single replica.

    With TF_CONFIG it waits for the other machines, and must be called before TensorFlow computes anything.

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
            "the fold resumes from its last checkpoint"
        ) from error
