"""Settings as plain values, for files, and back with every name and type checked."""

import dataclasses
import json
import math
import types
import typing
from typing import Any, TypeVar

_Config = TypeVar("_Config")


def to_dict(config) -> dict[str, Any]:
    """A configuration as nested plain dictionaries, ready for JSON."""
    return dataclasses.asdict(config)


def complete(config_class: type, values: dict[str, Any]) -> dict[str, Any]:
    """Plain values of an older version with the settings that came later, which it had at their defaults."""
    return plain_values(from_dict(config_class, values))


def plain_values(config) -> dict[str, Any]:
    """`to_dict` as it comes back from JSON."""
    return json.loads(json.dumps(to_dict(config)))


def from_dict(config_class: type[_Config], values: dict[str, Any]) -> _Config:
    """The inverse of `to_dict`, also after a trip through JSON (lists become tuples).

    Raises:
        ValueError: if `values` holds a name that `config_class` does not have, or a value of another type.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{config_class.__name__} must be made from a JSON object, found {values!r:.80}")
    fields = {field.name: field for field in dataclasses.fields(config_class)}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise ValueError(f"{config_class.__name__} has no field {unknown[0]!r}; it has {sorted(fields)}")
    made = {}
    for name, value in values.items():
        if dataclasses.is_dataclass(fields[name].type):
            value = from_dict(fields[name].type, value)
        elif isinstance(value, list):
            value = tuple(value)
        if not _fits(value, fields[name].type):
            raise ValueError(f"`{name}` must be {fields[name].type}. Received: {name}={value!r:.80}")
        made[name] = value
    return config_class(**made)


def _fits(value, kind) -> bool:
    """Whether a value that came from a file is of the type that a field is declared with."""
    if typing.get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_fits(item, typing.get_args(kind)[0]) for item in value)
    if typing.get_origin(kind) is types.UnionType:
        return any(_fits(value, member) for member in typing.get_args(kind))
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is kind
