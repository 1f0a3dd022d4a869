"""Worker processes that never outlive their parent."""

import concurrent.futures
import multiprocessing
import os
import threading
from collections.abc import Callable


def make_pool(
    num_workers: int, initializer: Callable[..., None] | None = None, initargs: tuple = ()
) -> concurrent.futures.ProcessPoolExecutor:
    """A pool of spawned processes (a forked copy of a process with TensorFlow's threads can deadlock).

    A worker ends as soon as its parent does, even by `kill -9`: an orphan would go on writing into the folder
    that the next run resumes from.

    Args:
        num_workers: number of processes.
        initializer: called in each worker before its first task.
        initargs: its arguments.
    """
    context = multiprocessing.get_context("spawn")
    return concurrent.futures.ProcessPoolExecutor(num_workers, context, _initialize, (initializer, initargs))


def _initialize(initializer: Callable[..., None] | None, initargs: tuple) -> None:
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    if initializer is not None:
        initializer(*initargs)


def _exit_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
