import keras
import pytest
import tensorflow as tf

from drl4ser.config import ModelConfig
from drl4ser.models import SYSTEMS, build_model
from drl4ser.models.units import PAPER_PARAMETERS, UNITS, balanced_units


@pytest.fixture(autouse=True)
def no_orthogonal_matrices(monkeypatch):
    """The decomposition of random matrices takes most of the time in which a model is built."""
    zeros = lambda self, shape, dtype=None: tf.zeros(shape, dtype)  # noqa: E731
    monkeypatch.setattr(keras.initializers.Orthogonal, "__call__", zeros)


def count(system, units):
    model = build_model(system, modality="acoustic+lexical", **({"units": units} if system == "s3" else {}))
    return sum(variable.value.shape.num_elements() for variable in model.trainable_variables)


COUNTS = {
    "baseline": 9_265_604,
    "s1": 9_151_128,
    "s2": 9_071_768,
    "s3": 9_115_268,
    "xia_dnn": 9_110_287,
    "poria_cnn_mkl": 9_095_368,
    "poria_lstm": 9_110_208,
    "mirsamadi_attention": 9_125_656,
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_units_balance_better_than_their_neighbours(system, monkeypatch):
    units, wanted = UNITS[system], PAPER_PARAMETERS.get(system, PAPER_PARAMETERS["s3"])
    assert count(system, units) == COUNTS[system]
    assert abs(COUNTS[system] / wanted - 1) < 0.01
    for neighbour in (units - 1, units + 1):
        monkeypatch.setitem(UNITS, system, neighbour)
        if system != "s3":  # its 256 units are the paper's
            assert abs(count(system, neighbour) - wanted) > abs(COUNTS[system] - wanted)


@pytest.mark.parametrize("system", ["baseline", "s1", "s2"])
def test_units_do_not_depend_on_the_data(system):
    units = UNITS[system]
    assert balanced_units(ModelConfig(system=system)) == units
    assert balanced_units(ModelConfig(system=system, width=0.5)) == round(units / 2)
    assert balanced_units(ModelConfig(system=system, modality="lexical", num_classes=7, word_dim=10)) == units
