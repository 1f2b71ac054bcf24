"""Settings of a training: what a TOML file may say, and the presets it starts from."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from exacouple.config import build, load_toml
from exacouple.errors import UsageError

ModelName = Literal["ae", "vae", "dfcvae", "vaegan"]
PresetName = Literal["default", "thesis"]

_VARIATIONAL = ("vae", "dfcvae", "vaegan")
_OF_MODELS: dict[str, tuple[str, ...]] = {
    "kl": _VARIATIONAL,
    "annealing": _VARIATIONAL,
    "annealing_epochs": _VARIATIONAL,
    "samples": ("vae", "dfcvae"),
    "features": ("dfcvae",),
    "feature_network": ("dfcvae",),
    "feature_layers": ("dfcvae",),
    "feature_weights": ("dfcvae",),
    "similarity": ("vaegan",),
    "adversarial": ("vaegan",),
    "non_saturating": ("vaegan",),
}
"""Settings of the loss that some models only have."""

MODELS: tuple[ModelName, ...] = ("ae", "vae", "dfcvae", "vaegan")
PRESETS: tuple[PresetName, ...] = ("default", "thesis")


@dataclass(frozen=True)
class NetworkSettings:
    """Which networks.

    Attributes
    ----------
    kind : {"pursuit", "convolutional"}
        Waveforms chosen by matching pursuit and a refining decoder, or the networks of the thesis.
    latents : int
        Numbers per tile. The convolutional `ae` takes 0: its code is its last feature map.
    fixed : int
        Pursuit: cosines that every tile has. The rest of the latents are pairs of amplitude and
        number of an atom, so ``latents - fixed`` is even; with ``fixed = latents`` there are none.
    atoms : int
        Pursuit: size of the dictionary.
    dictionary_generations : int
        Pursuit: how long the dictionary is searched for.
    widths : tuple of int
        Pursuit: channels of the levels of the refinement.
    filters : tuple of int
        Convolutional networks and the discriminator: channels of each convolution.
    momentum : float
        Of the moving averages of batch normalisation.
    clip_log_variance : bool
        Convolutional: hold the log-variance between -20 and 10.
    """

    kind: Literal["pursuit", "convolutional"] = "pursuit"
    latents: int = 100
    fixed: int = 40
    atoms: int = 2048
    dictionary_generations: int = 3
    widths: tuple[int, ...] = (32, 64, 96)
    filters: tuple[int, ...] = (64, 128, 128, 256)
    momentum: float = 0.9
    clip_log_variance: bool = True

    def __post_init__(self) -> None:
        if self.kind == "pursuit" and not (
            0 < self.fixed <= self.latents and (self.latents - self.fixed) % 2 == 0
        ):
            raise ValueError(
                f"latents {self.latents} and fixed {self.fixed}: fixed must be above 0, not above "
                "latents, and leave an even number, two for each chosen atom"
            )

    @property
    def chosen(self) -> int:
        """Atoms that each tile chooses."""
        return (self.latents - self.fixed) // 2


@dataclass(frozen=True)
class LossSettings:
    """What is minimised.

    Attributes
    ----------
    reconstruction : {"gaussian", "squared", "charbonnier", "charbonnier_sum", "none"}
        Loss of the pixels.
    unit_m : float
        Metres that differences are counted in; 0 for the range of the data set.
    kl : float
        Final weight of the Kullback-Leibler term.
    annealing : {"constant", "sigmoid", "linear"}
        How it gets there.
    annealing_epochs : float
        Length of the linear growth.
    samples : int
        Monte-Carlo samples of the code per tile and step.
    features : float
        `dfcvae`: weight of the loss on features.
    feature_network : {"vgg19", "gradients"}
        `dfcvae`: VGG19 of ImageNet, or slopes on a pyramid of grids.
    feature_layers, feature_weights : tuple
        Layers of VGG19 and their weights.
    gradients, travel_time : float
        Weights of the multi-scale gradient and of the travel-time loss.
    land : float
        Weight of land pixels, sea being 1.
    similarity : float
        `vaegan`: gamma, what the decoder gives to likeness against the adversarial loss.
    adversarial : float
        `vaegan`: weight of the adversarial loss in that of the decoder.
    non_saturating : bool
        `vaegan`: the decoder raises log D of its tiles rather than lowering log(1 - D).
    """

    reconstruction: Literal["gaussian", "squared", "charbonnier", "charbonnier_sum", "none"] = (
        "gaussian"
    )
    unit_m: float = 200.0
    kl: float = 1.0
    annealing: Literal["constant", "sigmoid", "linear"] = "linear"
    annealing_epochs: float = 3.0
    samples: int = 1
    features: float = 0.0
    feature_network: Literal["vgg19", "gradients"] = "gradients"
    feature_layers: tuple[str, ...] = (
        "block1_conv2",
        "block2_conv2",
        "block3_conv2",
        "block4_conv2",
    )
    feature_weights: tuple[float, ...] = (1.0, 0.75, 0.5, 0.5)
    gradients: float = 0.0
    travel_time: float = 0.0
    land: float = 1.0
    similarity: float = 1.0
    adversarial: float = 1.0
    non_saturating: bool = True

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise ValueError(f"samples {self.samples}: at least 1 is needed")
        if len(self.feature_layers) != len(self.feature_weights):
            raise ValueError("feature_layers and feature_weights must have the same length")


@dataclass(frozen=True)
class OptimiserSettings:
    """How it is minimised: `clip_norm` 0 does not clip, `patience` 0 does not stop early."""

    name: Literal["adam", "adamw", "rmsprop"] = "adamw"
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine"] = "cosine"
    weight_decay: float = 1e-3
    clip_norm: float = 1.0
    batch: int = 32
    epochs: int = 30
    patience: int = 10

    def __post_init__(self) -> None:
        for name in ("learning_rate", "batch", "epochs"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} {getattr(self, name)}: must be above 0")


@dataclass(frozen=True)
class DataSettings:
    """Which tiles: see `exacouple.bathymetry.tiles`."""

    split: Literal["blocked", "thesis"] = "blocked"
    split_seed: int = 0
    block_deg: float = 30.0
    test: float = 0.1
    validation: float = 0.05
    border: int = 96
    stride: int = 48
    augment: bool = True
    pool: int = 4096


@dataclass(frozen=True)
class Settings:
    """All settings of a training.

    Attributes
    ----------
    model, preset : str
    seed : int
        Of the first weights, the order of the tiles, the noise and the dictionary.
    precision : {"auto", "float32", "mixed_float16", "mixed_bfloat16"}
        ``auto`` is mixed_float16 where there is a GPU, else float32.
    checkpoint_steps : int
        Steps between checkpoints; there is one after each epoch as well.
    """

    model: ModelName
    preset: PresetName = "default"
    seed: int = 0
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = "auto"
    checkpoint_steps: int = 500
    network: NetworkSettings = field(default_factory=NetworkSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    data: DataSettings = field(default_factory=DataSettings)


def preset(model: str, name: str = "default") -> Settings:
    """Return the settings of a preset.

    Raises
    ------
    UsageError
        There is no such model or preset.

    Examples
    --------
    >>> preset("vae").network.chosen, preset("vae", "thesis").loss.samples
    (30, 100)
    """
    if model not in MODELS:
        raise UsageError(f"unknown model '{model}' (allowed: {', '.join(MODELS)})")
    if name not in PRESETS:
        raise UsageError(f"unknown preset '{name}' (allowed: {', '.join(PRESETS)})")
    return _thesis(model) if name == "thesis" else _default(model)


def read_settings(model: str, name: str, path: str | Path | None) -> Settings:
    """Return a preset with what a TOML file says put over it.

    The file has the keys of `Settings` except `model` and `preset`, and the tables ``[network]``,
    ``[loss]``, ``[optimiser]`` and ``[data]``; what it leaves out stays as in the preset.

    Raises
    ------
    UsageError
        The file cannot be read, a key is unknown or would change nothing, or a value is not
        allowed.
    """
    chosen = preset(model, name)
    if path is None:
        return chosen
    table = load_toml(path)
    for key in ("model", "preset"):
        if key in table:
            raise UsageError(f"{path}: '{key}' is given on the command line, not in the file")
    settings = build(Settings, _merged(dataclasses.asdict(chosen), table), where=str(path))
    _check_effective(settings, table.get("loss", {}), path)
    return settings


def _check_effective(settings: Settings, asked: Mapping[str, Any], path: str | Path) -> None:
    """Refuse settings of the loss that this model would ignore."""
    for key in asked:
        allowed = _OF_MODELS.get(key, MODELS)
        if settings.model not in allowed:
            raise UsageError(
                f"{path}: loss.{key} changes nothing for '{settings.model}': it belongs to "
                f"{', '.join(allowed)}"
            )
    if settings.loss.land != 1.0 and settings.loss.reconstruction == "none":
        raise UsageError(
            f"{path}: loss.land weighs pixels, and with reconstruction 'none' they are not "
            "compared: choose another reconstruction, or leave land at 1"
        )


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in over.items():
        inner = out.get(key)
        both = isinstance(inner, dict) and isinstance(value, Mapping)
        out[key] = _merged(inner, value) if both and isinstance(inner, dict) else value
    return out


def _default(model: ModelName) -> Settings:
    loss = {
        "ae": LossSettings(reconstruction="squared", kl=0.0),
        "vae": LossSettings(),
        "dfcvae": LossSettings(features=1.0),
        "vaegan": LossSettings(similarity=1.0, adversarial=0.01),
    }[model]
    return Settings(model, "default", loss=loss)


def _thesis(model: ModelName) -> Settings:
    network = NetworkSettings(
        kind="convolutional",
        latents=0 if model == "ae" else 100,
        momentum=0.99,
        clip_log_variance=False,
    )
    reconstruction: dict[ModelName, LossSettings] = {
        "ae": LossSettings(reconstruction="charbonnier", unit_m=0.0, kl=0.0),
        "vae": LossSettings(
            reconstruction="charbonnier_sum", unit_m=0.0, annealing="sigmoid", samples=100
        ),
        "dfcvae": LossSettings(
            reconstruction="none",
            unit_m=0.0,
            annealing="sigmoid",
            samples=100,
            features=1.0,
            feature_network="vgg19",
        ),
        "vaegan": LossSettings(
            reconstruction="none", unit_m=0.0, annealing="constant", non_saturating=False
        ),
    }
    optimiser = OptimiserSettings(
        name="rmsprop" if model == "vaegan" else "adam",
        learning_rate={"ae": 1e-2, "vaegan": 1e-5}.get(model, 1e-6),
        schedule="constant",
        weight_decay=0.0,
        clip_norm=1.0 if model in ("vae", "dfcvae") else 0.0,
        batch=128,
        epochs=30 if model == "vaegan" else 50,
        patience=0,
    )
    data = DataSettings(split="thesis", augment=False)
    return Settings(
        model,
        "thesis",
        network=network,
        loss=reconstruction[model],
        optimiser=optimiser,
        data=data,
    )
