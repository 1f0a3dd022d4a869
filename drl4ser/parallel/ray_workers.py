"""Worker processes on a Ray cluster, with the interface of `concurrent.futures`."""

import concurrent.futures
import os
import uuid
from collections.abc import Callable
from pathlib import Path

# A task whose node dies is given to another node. What it had written stays: folds go on from their checkpoint.
_RETRIES = 20
_initialized = set()  # in a worker: the executors whose initializer has been called


class RayExecutor(concurrent.futures.Executor):
    """Runs functions as tasks of the cluster at RAY_ADDRESS.

    Every node needs this package installed and the same folders at the same paths (a shared file system).

    Args:
        num_threads: processors that a task takes.
        initializer: called once in each worker process before its first task.
        initargs: its arguments.

    Raises:
        ImportError: if Ray is not installed.
    """

    def __init__(self, num_threads: int, initializer: Callable[..., None] | None, initargs: tuple):
        ray = connect()
        options = {"num_cpus": num_threads, "max_retries": _RETRIES}
        self._ray, self._run = ray, ray.remote(**options)(_run)
        self._start = (uuid.uuid4().hex, str(Path.cwd()), initializer, initargs)
        self._tasks = {}

    def submit(self, function, /, *arguments, **named) -> concurrent.futures.Future:
        """See `concurrent.futures.Executor`."""
        task = self._run.remote(*self._start, function, arguments, named)
        future = concurrent.futures.Future()
        self._tasks[future] = task
        task.future().add_done_callback(lambda done: self._finish(future, done))
        return future

    def _finish(self, future, done) -> None:
        """Hand on a result; an error as it was raised, not wrapped in a class of Ray's."""
        self._tasks.pop(future, None)
        error = done.exception()
        if error is None:
            future.set_result(done.result())
        else:
            future.set_exception(getattr(error, "cause", None) or error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `concurrent.futures.Executor`; the connection to the cluster stays."""
        for future, task in list(self._tasks.items()):
            if cancel_futures:
                self._ray.cancel(task, force=True)
            elif wait:
                future.exception()


def make_ray_queue():
    """A queue between processes of the cluster, kept on this process's node: any other may die."""
    ray = connect()
    from ray.util.queue import Queue
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})


def connect():
    """The module `ray`, connected to the cluster at RAY_ADDRESS.

    Raises:
        ImportError: if Ray is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise ImportError("RAY_ADDRESS is set, but Ray is not installed: pip install 'drl4ser[distributed]'") from error
    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level="error")
    return ray


def _run(executor: str, directory: str, initializer, initargs: tuple, function, arguments: tuple, named: dict):
    os.chdir(directory)  # paths are relative to where the command was given
    if initializer is not None and executor not in _initialized:
        initializer(*initargs)
        _initialized.add(executor)
    return function(*arguments, **named)
