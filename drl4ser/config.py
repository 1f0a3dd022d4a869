"""All settings as frozen dataclasses of plain values; the defaults are the paper's.

Make variants with `dataclasses.replace` or `change`; `to_dict` and `from_dict` convert to plain values and back.
"""

import dataclasses
import json
import math
import re
import types
import typing
from typing import Any

FRONTENDS = ("drl4ser", "rapt", "opensmile")
MODALITIES = ("acoustic", "acoustic+lexical", "lexical")
# Splits whose test parts come with the corpus; of what a fold does not test, this share validates, the rest trains.
GIVEN_SPLITS = ("given", "emobox")
VALIDATION_SHARE = 1 / 9
# A single fold without a test part, for systems that are to be used; no table takes it.
ALL_SPLIT = "all"

# The number of frames of a batch is a multiple of this (160 ms, one step after five halvings): oneDNN compiles kernels
# for each new length and keeps them, so few lengths save time and memory.
LENGTH_STEP = 32

# Limits of a recording: a few bytes of FLAC can promise days of silence, which would fill the memory.
MAX_RECORDING_SECONDS = 3600.0
SAMPLE_RATES_HZ = (1_000, 768_000)


@dataclasses.dataclass(frozen=True)
class FrameConfig:
    """Framing and LLDs (paper, section 4.1; ComParE 2016 for the MFCCs).

    `frontend` is the program that computes them: this one, or openSMILE configured for the same 17 LLDs.

    Example:
        >>> FrameConfig().frame_length, FrameConfig().hop_length
        (400, 80)
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
        """Samples per frame."""
        return round(self.sample_rate * self.frame_ms / 1000)

    @property
    def hop_length(self) -> int:
        """Samples from one frame to the next."""
        return round(self.sample_rate * self.hop_ms / 1000)


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Structure of one system (paper, Figure 2 and section 4.1). `width` scales the size of every layer."""

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


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Optimisation of one fold. The defaults are recipe `paper`: what the paper states, plus early stopping.

    Times are in epochs. `patience` counts epochs without a better validation UA. Zero switches a method off:
    `weight_decay` (AdamW), `clip_norm` (global gradient norm), `label_smoothing`, `warmup_epochs`,
    `ema_momentum` (averaged weights are validated and tested), the masks of SpecAugment (`time_masks` of up to
    `time_mask_frames`, `feature_masks` of one LLD each), `time_stretch` (lengths scaled by up to this fraction),
    `gain_jitter` (standard deviation of a per-utterance shift of each z-scored LLD), `trim_db` (leading and trailing
    frames more than this below the loudest one are left out, in prediction too) and `subtract_mean` (each utterance's
    own mean is taken off its z-scored LLDs, in prediction too).
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
    subtract_mean: bool = False
    precision: str = "float32"

    def __post_init__(self):
        for name in ("learning_rate", "batch_size", "max_epochs", "patience"):
            if getattr(self, name) <= 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={getattr(self, name)}")
        if self.lr_schedule not in ("constant", "cosine"):
            raise ValueError(f"`lr_schedule` must be 'constant' or 'cosine'. Received: {self.lr_schedule!r}")

    @property
    def augments(self) -> bool:
        """Whether any augmentation is on."""
        return bool(self.time_masks or self.feature_masks or self.time_stretch or self.gain_jitter)


@dataclasses.dataclass(frozen=True)
class ExperimentConfig:
    """One fold of one system on one corpus: everything that its result depends on.

    `train_per_class` limits the training utterances per class (see `limit_training`); 0 keeps all.
    `split_seed` draws the folds; with None, `seed` draws them too, so that each seed has other test parts.
    `utterances_sha256` binds the fold to the content of its corpus (`runs.content`); "" if it is not known.
    `init_from` names the run whose weights training starts with (`runs.origin`); "" starts with random ones.
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
    utterances_sha256: str = ""
    init_from: str = ""
    frame: FrameConfig = FrameConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()

    def __post_init__(self):
        # Folders are named after these: a name must not lead out of the runs directory.
        for name in ("corpus", "profile", "recipe", "split", "system"):
            value = getattr(self.model if name == "system" else self, name)
            if not re.fullmatch(r"\w+", value):
                raise ValueError(f"`{name}` must be a plain name. Received: {name}={value!r}")
        if self.init_from and not re.fullmatch(r"\w+-[0-9a-f]{16}", self.init_from):
            raise ValueError(f"`init_from` must be a corpus and 16 digits. Received: init_from={self.init_from!r}")

    @property
    def experiment(self) -> str:
        """Name of the folder of all folds that differ in system, input, fold and seed only, and of their table."""
        return name_experiment(self.corpus, self.profile, self.recipe, self.split, self.init_from)


def name_experiment(corpus: str, profile: str, recipe: str, split: str, init_from: str = "") -> str:
    """As `ExperimentConfig.experiment`.

    Example:
        >>> name_experiment("emodb", "paper", "tuned", "speaker")
        'emodb-paper-tuned-speaker'
        >>> name_experiment("emodb", "paper", "tuned", "speaker", "ravdess-00c0ffee00c0ffee")
        'emodb-paper-tuned-speaker-from-ravdess-00c0ffee00c0ffee'
    """
    return "-".join([corpus, profile, recipe, split, *(["from", init_from] if init_from else [])])


# What a recipe changes of the paper's training.
RECIPES: dict[str, dict[str, dict[str, Any]]] = {
    "paper": {},
    "tuned": {
        "train": {
            "batch_size": 32,  # a small corpus has too few steps otherwise
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

# What a profile changes, and how many folds it runs by which recipe: `quick` runs everything in minutes on two cores,
# `small` trains networks of a sixteenth of the paper's weights to their end, on every fold.
PROFILES: dict[str, dict[str, dict[str, Any]]] = {
    "paper": {},
    "small": {"model": {"width": 0.25}},
    "quick": {
        "model": {"width": 0.1875},
        "train": {
            "batch_size": 32,
            "max_epochs": 12,
            "patience": 12,
            "learning_rate": 2e-3,  # there are few steps
            "warmup_epochs": 1.0,
            "clip_norm": 1.0,
        },
    },
}
PROFILE_FOLDS = {"quick": 1}  # all others run every fold
PROFILE_RECIPES = {"paper": "paper", "small": "tuned", "quick": "tuned"}


def make_experiment(profile: str, recipe: str, **fields: Any) -> ExperimentConfig:
    """The configuration of a profile and a recipe.

    Args:
        profile: a name in `PROFILES`; its values override the recipe's.
        recipe: a name in `RECIPES`.
        **fields: other fields of `ExperimentConfig`.

    Raises:
        ValueError: if a name is unknown.

    Example:
        >>> make_experiment("quick", "tuned", fold=3).train.max_epochs
        12
    """
    for name, value, registry in (("profile", profile, PROFILES), ("recipe", recipe, RECIPES)):
        if value not in registry:
            raise ValueError(f"`{name}` must be one of {tuple(registry)}. Received: {name}={value!r}")
    config = ExperimentConfig(profile=profile, recipe=recipe, **fields)
    for changes in (RECIPES[recipe], PROFILES[profile]):
        config = change(config, changes)
    return config


def change(config: ExperimentConfig, changes: dict[str, dict[str, Any]]) -> ExperimentConfig:
    """`config` with fields of its parts replaced.

    Example:
        >>> change(ExperimentConfig(), {"train": {"patience": 5}}).train.patience
        5
    """
    parts = {part: dataclasses.replace(getattr(config, part), **values) for part, values in changes.items()}
    return dataclasses.replace(config, **parts)


def to_dict(config: Any) -> dict[str, Any]:
    """A configuration as nested plain values, as they come back from JSON (tuples are lists)."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def complete(config_class: type, values: dict[str, Any]) -> dict[str, Any]:
    """The plain values of an earlier version, with later settings at their defaults."""
    return to_dict(from_dict(config_class, values))


def from_dict(config_class: type, values: dict[str, Any]) -> Any:
    """The inverse of `to_dict`.

    Raises:
        ValueError: if `values` holds a name that `config_class` does not have, or a value of another type.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{config_class.__name__} must be made from a JSON object. Received: {values!r:.80}")
    types_of: dict[str, Any] = {field.name: field.type for field in dataclasses.fields(config_class)}
    unknown = sorted(set(values) - set(types_of))
    if unknown:
        raise ValueError(f"{config_class.__name__} has no field {unknown[0]!r}; it has {sorted(types_of)}")
    made = {}
    for name, value in values.items():
        if dataclasses.is_dataclass(types_of[name]):
            value = from_dict(types_of[name], value)
        value = tuple(value) if isinstance(value, list) else value
        if not fits(value, types_of[name]):
            raise ValueError(f"`{name}` must be {types_of[name]}. Received: {name}={value!r:.80}")
        made[name] = value
    return config_class(**made)


def fits(value: Any, kind: Any) -> bool:
    """Whether a value that came from a file is of the type that a field is declared with."""
    if typing.get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(fits(item, typing.get_args(kind)[0]) for item in value)
    if typing.get_origin(kind) is types.UnionType:
        return any(fits(value, member) for member in typing.get_args(kind))
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is kind
