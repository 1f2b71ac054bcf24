"""What every model of the sea floor can do: turn tiles of elevation into few numbers and back."""

import difflib
import importlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, TypeAlias, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from exacouple.errors import ExacoupleError, UsageError

TILE = 96
"""Pixels along the edge of a tile."""

TRAINED = "model.keras"
"""Name that every training gives its model; what tells trainings apart is their directory."""

Floats: TypeAlias = npt.NDArray[np.float32]

_WEIGHTS = Path(__file__).with_name("weights")
_SUFFIXES = (".npz", ".keras")
_LINEAR = "exacouple.autoencoders.linear:load_linear"
_PURSUIT = "exacouple.autoencoders.portable:PursuitCodec.load"
_KERAS = "exacouple.autoencoders.keras_codec:KerasCodec.load"
_WITHOUT_WEIGHTS = {"dct": "exacouple.autoencoders.linear:DctCodec"}


@dataclass(frozen=True)
class Scaling:
    """The map from metres to [0, 1] by the range of a data set.

    Attributes
    ----------
    minimum_m, maximum_m : float
        Lowest and highest elevation of the data set in metres, positive up.

    Examples
    --------
    >>> Scaling(-8000.0, 8000.0).to_unit([-8000.0, -4000.0, 8000.0]).tolist()
    [0.0, 0.25, 1.0]
    """

    minimum_m: float
    maximum_m: float

    def __post_init__(self) -> None:
        if not self.minimum_m < self.maximum_m:
            raise ValueError(f"minimum {self.minimum_m} m must be below maximum {self.maximum_m} m")

    @property
    def span_m(self) -> float:
        """Metres that one unit stands for."""
        return self.maximum_m - self.minimum_m

    def to_unit(self, metres: npt.ArrayLike) -> Floats:
        """Return (z - minimum) / (maximum - minimum); values beyond the range are not clipped."""
        values = np.asarray(metres, dtype=np.float32)
        return (values - np.float32(self.minimum_m)) / np.float32(self.span_m)

    def to_metres(self, unit: npt.ArrayLike) -> Floats:
        """Return the inverse of `to_unit`."""
        values = np.asarray(unit, dtype=np.float32)
        return values * np.float32(self.span_m) + np.float32(self.minimum_m)


THESIS_SCALING = Scaling(-10880.5879, 8613.1563)
"""The range of GEBCO 2019 as the thesis scales it."""


class Codec(Protocol):
    """An encoder and its decoder.

    Attributes
    ----------
    name : str
        Name of the model, such as ``"pca"``.
    latents : int
        Numbers that stand for a tile, everything counted that the decoder needs besides the
        weights.
    tile : int
        Pixels along the edge of a tile.
    scale : Scaling
        Range of the data that the model was made from.
    facts : Mapping
        Where the model is from, as JSON can hold it: data set and its SHA-256, split, seed.
    """

    name: str
    latents: int
    tile: int
    scale: Scaling
    facts: Mapping[str, Any]

    def encode(self, tiles: npt.NDArray[Any]) -> Floats:
        """Return the codes of tiles.

        Parameters
        ----------
        tiles : ndarray, shape (count, tile, tile)
            Elevation in metres, positive up; axis 1 runs northward, axis 2 eastward.

        Returns
        -------
        ndarray of float32, shape (count, latents)
        """

    def decode(self, codes: npt.NDArray[Any]) -> Floats:
        """Return the tiles of codes.

        Parameters
        ----------
        codes : ndarray, shape (count, latents)

        Returns
        -------
        ndarray of float32, shape (count, tile, tile)
            Elevation in metres, positive up; not clipped to the range.
        """

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the model to one file through `exacouple.atomic`."""

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote."""


@runtime_checkable
class Adjustable(Protocol):
    """A codec that can do with fewer numbers than it has."""

    def with_latents(self, latents: int) -> Codec:
        """Return the codec of that many numbers; UsageError where it cannot be."""


def check_tiles(tiles: npt.NDArray[Any], tile: int = TILE) -> Floats:
    """Return tiles as float32.

    Raises
    ------
    ValueError
        Their shape is not (count, tile, tile).
    """
    if tiles.ndim != 3 or tiles.shape[1:] != (tile, tile):
        raise ValueError(f"tiles of shape (count, {tile}, {tile}) are needed, not {tiles.shape}")
    return np.asarray(tiles, dtype=np.float32)


def check_codes(codes: npt.NDArray[Any], latents: int) -> Floats:
    """Return codes as float32.

    Raises
    ------
    ValueError
        Their shape is not (count, latents).
    """
    if codes.ndim != 2 or codes.shape[1] != latents:
        raise ValueError(f"codes of shape (count, {latents}) are needed, not {codes.shape}")
    return np.asarray(codes, dtype=np.float32)


def shipped() -> dict[str, Path]:
    """Return the weights that come with exacouple, by name of the model."""
    return {path.stem: path for path in sorted(_WEIGHTS.glob("*")) if path.suffix in _SUFFIXES}


def load_codec(name_or_path: str | Path, *, latents: int | None = None) -> Codec:
    """Return a model, ready to encode and decode.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped model, or a file written by `Codec.save` (``.npz`` or ``.keras``).
    latents : int, optional
        Numbers per tile; those of the model if left out. Linear models can do with fewer.

    Raises
    ------
    UsageError
        There is no such model or file, or it cannot have that many latents.
    ExacoupleError
        The file is damaged, or needs a package that is not installed.
    """
    codec = _load(name_or_path)
    if latents is None or latents == codec.latents:
        return codec
    if not isinstance(codec, Adjustable):
        raise UsageError(
            f"model '{codec.name}' has {codec.latents} latents and cannot have {latents}: "
            "train one with that number"
        )
    return codec.with_latents(latents)


def _load(name_or_path: str | Path) -> Codec:
    path = Path(name_or_path)
    if path.suffix in _SUFFIXES:
        if not path.is_file():
            raise UsageError(f"{path}: no such file")
        return cast(Codec, _imported(_reader(path), path.name)(path))
    name, files = str(name_or_path), shipped()
    if name in _WITHOUT_WEIGHTS:
        return cast(Codec, _imported(_WITHOUT_WEIGHTS[name], name)())
    if name in files:
        return cast(Codec, _imported(_reader(files[name]), name)(files[name]))
    allowed = sorted({*files, *_WITHOUT_WEIGHTS})
    close = difflib.get_close_matches(name, allowed, n=1)
    hint = f", did you mean '{close[0]}'?" if close else ""
    raise UsageError(
        f"unknown model '{name}'{hint} (allowed: {', '.join(allowed)}, or a file ending in "
        f"{' or '.join(_SUFFIXES)})"
    )


def _reader(path: Path) -> str:
    """Return what reads a file of weights."""
    if path.suffix == ".keras":
        return _KERAS
    try:
        with zipfile.ZipFile(path) as archive:
            return _PURSUIT if "atoms.npy" in archive.namelist() else _LINEAR
    except (OSError, zipfile.BadZipFile):
        return _LINEAR


def _imported(target: str, what: str) -> Any:
    module, _, attributes = target.partition(":")
    try:
        if target == _KERAS:
            from exacouple.autoencoders.tensorflow_setup import import_quietly

            import_quietly()
        found: Any = importlib.import_module(module)
    except ImportError as exc:
        raise ExacoupleError(
            f"model '{what}' cannot be loaded: {exc}; models made by training need "
            "pip install 'exacouple[train]'"
        ) from exc
    for attribute in attributes.split("."):
        found = getattr(found, attribute)
    return found
