"""Worker processes: of this machine, which never outlive their parent, or of a Ray cluster (RAY_ADDRESS)."""

import collections
import concurrent.futures
import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_AHEAD = 8  # results of each worker that may wait to be taken
_AHEAD_ON_RAY = 1024  # of a whole cluster, of which nobody knows how many workers it will have


def on_ray() -> bool:
    """Whether the environment names a Ray cluster; without one, the workers are processes of this machine."""
    return bool(os.environ.get("RAY_ADDRESS"))


def several_machines() -> bool:
    """Whether TF_CONFIG names more than one process, who then train each fold together (`training.replicas`).

    Raises:
        ValueError: if it is malformed.
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

    A worker ends as soon as its parent does, even by `kill -9`: an orphan would go on writing into the folder
    that the next run resumes from.

    Args:
        num_workers: number of processes; a cluster has as many as its processors allow.
        initializer: called in each worker before its first task.
        initargs: its arguments.
        num_threads: processors that each needs, for the cluster's scheduler.
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


def map_in_order(function: Callable[[_Item], _Result], items: Iterable[_Item], num_workers: int) -> Iterator[_Result]:
    """`function` of each item in order, computed `num_workers` at a time and only a few ahead of who takes them.

    Args:
        function: what a process can import, or a `functools.partial` of it.
        items: what it is called with, one at a time.
        num_workers: number of processes; 1 computes in this one.
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
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    if initializer is not None:
        initializer(*initargs)


def _exit_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
