"""Worker processes of this machine, which end with their parent, or of a Ray cluster (RAY_ADDRESS)."""

import collections
import concurrent.futures
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator

_AHEAD = 8  # results per worker that may wait for their consumer
_AHEAD_ON_RAY = 1024  # of a whole cluster, whose number of workers may change


def on_ray() -> bool:
    """Whether RAY_ADDRESS names a cluster; otherwise the workers are processes of this machine."""
    return bool(os.environ.get("RAY_ADDRESS"))


def several_machines() -> bool:
    """Whether TF_CONFIG names several processes, which then train each fold together (`parallel.replicas`).

    Raises:
        ValueError: if TF_CONFIG is malformed.
    """
    try:
        cluster = json.loads(os.environ.get("TF_CONFIG") or "{}").get("cluster", {})
        return sum(len(cluster.get(job, [])) for job in ("chief", "worker")) > 1
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(
            'TF_CONFIG must be like {"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", '
            f'"index": 0}}}}. Received: {os.environ["TF_CONFIG"]!r}'
        ) from error


def make_pool(
    num_workers: int, initializer: Callable[..., None] | None = None, initargs: tuple = (), num_threads: int = 1
) -> concurrent.futures.Executor:
    """A pool of spawned processes (a forked copy of a process with TensorFlow's threads can deadlock).

    A worker ends when its parent does, even by `kill -9`: an orphan would keep writing into the folder from which
    the next run resumes.

    Args:
        num_workers: number of processes; a cluster has as many as its processors allow.
        initializer: called in each worker before its first task.
        initargs: arguments of `initializer`.
        num_threads: processors per worker, for the cluster's scheduler.
    """
    if on_ray():
        from drl4ser.parallel.ray_workers import RayExecutor

        return RayExecutor(num_threads, initializer, initargs)
    context = multiprocessing.get_context("spawn")
    return concurrent.futures.ProcessPoolExecutor(num_workers, context, _initialize, (initializer, initargs))


def make_queue():
    """A queue from the workers to this process."""
    if on_ray():
        from drl4ser.parallel.ray_workers import make_ray_queue

        return make_ray_queue()
    return multiprocessing.get_context("spawn").SimpleQueue()


def map_in_order(function: Callable, items: Iterable, num_workers: int) -> Iterator:
    """`function` of each item, in order; `num_workers` processes compute only a few results ahead of the consumer.

    Args:
        function: a function that a process can import, or a `functools.partial` of one.
        items: its arguments, one per call.
        num_workers: number of processes; with 1, this process computes.

    Example:
        >>> list(map_in_order(len, ["a", "bcd"], num_workers=1))
        [1, 3]
    """
    if num_workers <= 1 and not on_ray():
        yield from map(function, items)
        return
    ahead = _AHEAD_ON_RAY if on_ray() else _AHEAD * num_workers
    pending: collections.deque = collections.deque()
    with make_pool(num_workers) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _initialize(initializer: Callable[..., None] | None, initargs: tuple) -> None:
    def exit_with_parent():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=exit_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent ends its idle workers
    if initializer is not None:
        initializer(*initargs)
