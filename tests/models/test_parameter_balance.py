import dataclasses

import pytest

from drl4ser.config import ModelConfig
from drl4ser.models import build_model_from_config
from drl4ser.models.parameter_balance import COUNTS, PAPER_PARAMETERS, balance_units, balanced_units


@pytest.mark.parametrize("target", [1, 5, 6, 7, 99, 100, 101, 12345])
def test_balanced_units_are_the_nearest(target):
    units = balance_units(lambda u: u**2 + 3, target)
    assert abs(units**2 + 3 - target) == min(abs(u**2 + 3 - target) for u in range(1, 200))


def test_of_two_equally_near_ones_the_smaller():
    assert balance_units(lambda u: 2 * u, 9) == 4


@pytest.mark.parametrize(("system", "units"), [("baseline", 831), ("s1", 521), ("s2", 281)])
def test_units_of_table_2(system, units):
    assert balanced_units(ModelConfig(system=system)) == units
    assert balanced_units(ModelConfig(system=system, width=0.5)) == round(units / 2)
    lexical = ModelConfig(system=system, modality="lexical", num_classes=7)
    assert balanced_units(lexical) == units


@pytest.mark.parametrize("system", sorted(COUNTS))
def test_closed_forms_count_what_is_built(system, monkeypatch):
    config = ModelConfig(
        system=system,
        modality="acoustic+lexical",
        num_classes=5,
        lld_dim=7,
        word_dim=11,
        kernel_sizes=(4, 3, 5),
        filters=(4, 8, 12),
        lexical_units=3,
        dense_units=(5, 6, 7),
    )
    count = COUNTS[system]
    target = count(dataclasses.replace(config, num_classes=4), 9)
    monkeypatch.setitem(PAPER_PARAMETERS, system, target)
    model = build_model_from_config(config)
    assert sum(variable.value.shape.num_elements() for variable in model.trainable_variables) == count(config, 9)
