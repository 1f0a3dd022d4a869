"""A finished run that holds the very network of another system, so that it need not be trained twice."""

from pathlib import Path

from drl4ser.config import ExperimentConfig, change
from drl4ser.runs.paths import finished_result, run_directory
from drl4ser.runs.run import TrainedRun, load_run

# Multiple kernel learning begins after the network is trained, so its softmax is that of the system without kernels.
TWINS = {"poria_cnn": "poria_cnn_mkl"}


def find_twin(config: ExperimentConfig, directory: Path) -> TrainedRun | None:
    """Load the finished run, beside the one in `directory`, whose network has the weights that `config` would get.

    Args:
        config: of a run that is not finished.
        directory: its run directory, see `run_directory`.

    Returns:
        None if there is no such run, or it was made with other settings or data, or its weights are gone.
    """
    if config.model.system not in TWINS or len(directory.absolute().parents) < 3:
        return None
    runs_dir, other = directory.absolute().parents[2], change(config, {"model": {"system": TWINS[config.model.system]}})
    twin = run_directory(runs_dir, other)
    try:
        if run_directory(runs_dir, config) == directory.absolute() and finished_result(twin, other):
            return load_run(twin)
    except ValueError:  # a run of that system gives the reason
        pass
    return None
