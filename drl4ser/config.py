"""All settings as frozen dataclasses of plain values; the defaults are the paper's.

Variants are made with `dataclasses.replace`; `to_dict` and `from_dict` carry a setting to a file and back.
"""

import dataclasses
import json
import math
import re
import types
import typing
from typing import Any, TypeVar

FRONTENDS = ("drl4ser", "opensmile")
MODALITIES = ("acoustic", "acoustic+lexical", "lexical")

MAX_LAYER_SIZE = 8192

# What a recording may be. A few bytes of FLAC can promise days of silence: without limits they would fill the memory.
MAX_RECORDING_SECONDS = 3600.0
SAMPLE_RATES_HZ = (1_000, 768_000)


@dataclasses.dataclass(frozen=True)
class FrameConfig:
    """How a signal is cut into frames and described (paper, section 4.1; ComParE 2016 for the MFCCs).

    `frontend` says whose program does it: ours, or openSMILE with a configuration for the same 17 LLDs.
    """

    sample_rate: int = 16_000
    frame_ms: float = 25.0
    hop_ms: float = 5.0
    f0_min_hz: float = 60.0
    f0_max_hz: float = 500.0
    num_mfcc: int = 12
    num_mel_bands: int = 26
    mel_low_hz: float = 20.0
    mel_high_hz: float = 8_000.0
    lifter: int = 22
    frontend: str = "drl4ser"

    def __post_init__(self):
        if self.frontend not in FRONTENDS:
            raise ValueError(f"`frontend` must be one of {FRONTENDS}. Received: frontend={self.frontend!r}")
        for name in ("sample_rate", "frame_ms", "hop_ms", "f0_min_hz"):
            if getattr(self, name) <= 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={getattr(self, name)}")

    @property
    def frame_length(self) -> int:
        """Samples in a frame."""
        return round(self.sample_rate * self.frame_ms / 1000)

    @property
    def hop_length(self) -> int:
        """Samples from one frame to the next."""
        return round(self.sample_rate * self.hop_ms / 1000)


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Structure of one system (paper, Figure 2 and section 4.1). `width` scales every layer for quick runs."""

    system: str = "s3"
    modality: str = "acoustic"
    num_classes: int = 4
    width: float = 1.0
    lld_dim: int = 17
    word_dim: int = 300
    kernel_sizes: tuple[int, ...] = (10, 5, 5, 3, 3)
    filters: tuple[int, ...] = (32, 64, 128, 256, 512)
    num_heads: int = 4
    units: int = 256
    iterations: int = 3
    lexical_units: int = 256
    dense_units: tuple[int, ...] = (256, 256)
    gate_normalization: str = "minmax"
    dropout: float = 0.0

    def __post_init__(self):
        if self.modality not in MODALITIES:
            raise ValueError(f"`modality` must be one of {MODALITIES}. Received: modality={self.modality!r}")
        if self.width <= 0:
            raise ValueError(f"`width` must be positive. Received: width={self.width}")
        if self.num_classes < 2:
            raise ValueError(f"`num_classes` must be at least 2. Received: num_classes={self.num_classes}")
        # A damaged or hostile settings file must not ask for more weights than any machine has.
        sizes = (self.num_classes, self.lld_dim, self.word_dim, self.units, self.lexical_units, self.num_heads)
        largest = max(*sizes, *self.kernel_sizes, *self.filters, *self.dense_units) * max(1.0, self.width)
        if largest > MAX_LAYER_SIZE or self.iterations > MAX_LAYER_SIZE:
            raise ValueError(f"no layer may have more than {MAX_LAYER_SIZE} units. Received: {largest:g}")


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Optimisation of one fold. The defaults are recipe `paper`: what the paper states, plus early stopping.

    Times are in epochs. `patience` counts epochs without a better validation UA. Zeros switch a method off:
    `weight_decay` (AdamW), `clip_norm` (global gradient norm), `label_smoothing`, `warmup_epochs`,
    `ema_momentum` (averaged weights are the ones validated and tested), the masks of SpecAugment
    (`time_masks` of up to `time_mask_frames`, `feature_masks` of one LLD each), `time_stretch` (lengths scaled
    by up to this fraction), `gain_jitter` (standard deviation of a per-utterance shift of each z-scored LLD) and
    `trim_db` (leading and trailing frames so far below the loudest one are left out, in prediction too).
    """

    learning_rate: float = 1e-3
    batch_size: int = 128
    max_epochs: int = 60
    patience: int = 15
    lr_schedule: str = "constant"
    warmup_epochs: float = 0.0
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    ema_momentum: float = 0.0
    time_masks: int = 0
    time_mask_frames: int = 0
    feature_masks: int = 0
    time_stretch: float = 0.0
    gain_jitter: float = 0.0
    class_weights: bool = False
    trim_db: float = 0.0
    precision: str = "float32"

    def __post_init__(self):
        for name in ("learning_rate", "batch_size", "max_epochs", "patience"):
            if getattr(self, name) <= 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={getattr(self, name)}")
        if self.lr_schedule not in ("constant", "cosine"):
            raise ValueError(f"`lr_schedule` must be 'constant' or 'cosine'. Received: {self.lr_schedule!r}")

    @property
    def augments(self) -> bool:
        """Whether training utterances are varied at all."""
        return bool(self.time_masks or self.feature_masks or self.time_stretch or self.gain_jitter)


@dataclasses.dataclass(frozen=True)
class ExperimentConfig:
    """One fold of one system on one corpus: everything that a result depends on.

    `train_per_class` keeps so many training utterances of each class, 0 all of them (see `limit_training`).
    `split_seed` draws the folds; None leaves that to `seed`, so that each seed tests other utterances.
    """

    corpus: str = "synthetic"
    classes: tuple[str, ...] = ("angry", "happy", "neutral", "sad")
    profile: str = "quick"
    recipe: str = "paper"
    split: str = "random"
    num_folds: int = 10
    fold: int = 0
    seed: int = 0
    split_seed: int | None = None
    train_per_class: int = 0
    frame: FrameConfig = FrameConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()

    def __post_init__(self):
        # These name folders: one from a file of someone else's must not lead out of the runs directory.
        names = {name: getattr(self, name) for name in ("corpus", "profile", "recipe", "split")}
        for name, value in {**names, "system": self.model.system}.items():
            if not re.fullmatch(r"\w+", value):
                raise ValueError(f"`{name}` must be a plain name. Received: {name}={value!r}")


# What a recipe changes of the paper's training; notes.md: `paper` is only what the paper states, plus early stopping.
RECIPES: dict[str, dict[str, dict[str, Any]]] = {
    "paper": {},
    "tuned": {
        "train": {
            "batch_size": 32,  # what it lacks on a small corpus is steps
            "max_epochs": 70,
            "patience": 70,  # the schedule needs its end
            "lr_schedule": "cosine",
            "warmup_epochs": 3.0,
            "weight_decay": 0.01,
            "clip_norm": 1.0,
            "class_weights": True,  # UA counts rare classes as much as frequent ones
            "time_stretch": 0.15,
            "gain_jitter": 0.1,
            "trim_db": 30.0,
        }
    },
}

# What a profile changes, and how many of the folds it runs: `quick` shows the whole path in minutes on two cores.
PROFILES: dict[str, dict[str, dict[str, Any]]] = {
    "paper": {},
    "quick": {"model": {"width": 0.1875}, "train": {"batch_size": 32, "max_epochs": 12, "patience": 6}},
}
PROFILE_FOLDS = {"paper": 10, "quick": 2}


def make_experiment(profile: str, recipe: str, **fields) -> ExperimentConfig:
    """The configuration of a profile and a recipe.

    Args:
        profile: a name in `PROFILES`; its values win over the recipe's.
        recipe: a name in `RECIPES`.
        **fields: other fields of `ExperimentConfig`.

    Raises:
        ValueError: if a name is unknown.
    """
    for name, value, registry in (("profile", profile, PROFILES), ("recipe", recipe, RECIPES)):
        if value not in registry:
            raise ValueError(f"`{name}` must be one of {tuple(registry)}. Received: {name}={value!r}")
    config = ExperimentConfig(profile=profile, recipe=recipe, **fields)
    for changes in (RECIPES[recipe], PROFILES[profile]):
        config = change(config, changes)
    return config


def change(config: ExperimentConfig, changes: dict[str, dict[str, Any]]) -> ExperimentConfig:
    """`config` with fields of its parts replaced: change(config, {"train": {"patience": 5}})."""
    parts = {part: dataclasses.replace(getattr(config, part), **values) for part, values in changes.items()}
    return dataclasses.replace(config, **parts)


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
