"""Worker processes on a Ray cluster, with the interface of `concurrent.futures`."""

import concurrent.futures
import os
import uuid
from collections.abc import Callable
from pathlib import Path

# How often a task may move to another node because its node died; a fold resumes from its checkpoint there.
_RETRIES = 20
_initialized = set()  # in a worker: the executors whose initializer has run


class RayExecutor(concurrent.futures.Executor):
    """Run functions as tasks of the cluster at RAY_ADDRESS.

    Every node needs this package and the same folders at the same paths (a shared file system).

    Args:
        num_threads: processors that a task occupies.
        initializer: called once in each worker process before its first task.
        initargs: its arguments.
    """

    def __init__(self, num_threads: int, initializer: Callable[..., None] | None, initargs: tuple):
        ray = connect()
        options = {"num_cpus": num_threads, "max_retries": _RETRIES}
        self._ray, self._run = ray, ray.remote(**options)(_run_task)
        self._start = (uuid.uuid4().hex, str(Path.cwd()), initializer, initargs)
        self._tasks = {}

    def submit(self, function, /, *arguments, **named) -> concurrent.futures.Future:
        """See `concurrent.futures.Executor`."""
        task = self._run.remote(*self._start, function, arguments, named)
        future = concurrent.futures.Future()
        self._tasks[future] = task

        def finish(done):
            self._tasks.pop(future, None)
            error = done.exception()
            if error is None:
                future.set_result(done.result())
            else:  # as the task raised it, not wrapped in a class of Ray's
                future.set_exception(getattr(error, "cause", None) or error)

        task.future().add_done_callback(finish)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `concurrent.futures.Executor`; the connection to the cluster stays open."""
        for future, task in list(self._tasks.items()):
            if cancel_futures:
                self._ray.cancel(task, force=True)
            elif wait:
                future.exception()


def make_ray_queue():
    """A queue between processes of the cluster, held on this process's node because any other may die."""
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


def _run_task(executor: str, directory: str, initializer, initargs: tuple, function, arguments: tuple, named: dict):
    os.chdir(directory)  # relative paths refer to the folder in which the command was given
    if initializer is not None and executor not in _initialized:
        initializer(*initargs)
        _initialized.add(executor)
    return function(*arguments, **named)
