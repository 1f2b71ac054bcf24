"""Linear models of tiles: principal components, mixtures of them, and a fixed cosine transform.

A tile x is coded by c = V^T (x - m) and decoded as m + V c with orthonormal columns in V.

- ``dct``: m = 0, and V are the cosines of lowest wave number. Nothing is learnt.
- ``pca``: m is the mean and V are the first eigenvectors of the covariance of the training part.
- ``mixture-pca``: several pairs (m_k, V_k); the pair that fits a tile best is taken, and its
  number k is one of the latents.

Components are kept as coefficients of low cosines: the eigenvectors of bathymetry hold next to
nothing else, and the files become small.

References: Pearson (1901), Phil. Mag. 2, 559-572; Kambhatla and Leen (1997), Neural Computation 9,
1493-1516 (mixtures).
"""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from exacouple.atomic import atomic_file
from exacouple.autoencoders.codec import TILE, Scaling, check_codes, check_tiles
from exacouple.autoencoders.cosines import CosineBand
from exacouple.errors import ExacoupleError, UsageError

Floats: TypeAlias = npt.NDArray[np.float32]

SCHEMA = "exacouple-linear/1"
DEFAULT_LATENTS = 100
EARTH = Scaling(-11000.0, 9000.0)
"""Range of the elevation of the Earth, for models that are not made from data."""

_BATCH = 512


class DctCodec:
    """The cosines of lowest wave number, the same for every tile.

    Parameters
    ----------
    latents : int
        Number of cosines, up to tile x tile.
    tile : int
        Pixels along the edge of a tile.
    scale : Scaling
        Range that reconstructions are kept in.
    """

    name = "dct"

    def __init__(
        self, latents: int = DEFAULT_LATENTS, *, tile: int = TILE, scale: Scaling = EARTH
    ) -> None:
        _check_latents(latents, 1, tile * tile, self.name)
        self.latents, self.tile, self.scale = latents, tile, scale
        self.facts: Mapping[str, Any] = {"model": self.name, "data": None}
        self._band = CosineBand(tile, latents)

    def encode(self, tiles: npt.NDArray[Any]) -> Floats:
        """Return the cosine coefficients; see `Codec.encode`."""
        return self._band.forward(check_tiles(tiles, self.tile))

    def decode(self, codes: npt.NDArray[Any]) -> Floats:
        """Return the sums of cosines; see `Codec.decode`."""
        return self._band.inverse(check_codes(codes, self.latents))

    def with_latents(self, latents: int) -> "DctCodec":
        """Return the transform with that many cosines."""
        return DctCodec(latents, tile=self.tile, scale=self.scale)

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the settings, as there is nothing else."""
        _write(path, self, {}, force=force)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote."""
        header, _ = _read(path, cls.name, ())
        return cls(header["latents"], tile=header["tile"], scale=Scaling(*header["range_m"]))


class PcaCodec:
    """Principal components.

    Parameters
    ----------
    mean : ndarray, shape (band,)
        Mean of the tiles, as coefficients of the lowest cosines (`CosineBand`), metres.
    components : ndarray, shape (components, band)
        Eigenvectors in the same coefficients, orthonormal up to rounding, most variance first.
    latents : int
        How many of them are used.
    tile, scale, facts
        See `Codec`.
    """

    name = "pca"

    def __init__(
        self,
        mean: npt.NDArray[Any],
        components: npt.NDArray[Any],
        *,
        latents: int = DEFAULT_LATENTS,
        tile: int = TILE,
        scale: Scaling = EARTH,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        _check_latents(latents, 1, len(components), self.name)
        self.latents, self.tile, self.scale = latents, tile, scale
        self.facts: Mapping[str, Any] = facts or {}
        self._mean = mean.astype(np.float32)
        self._components = components
        self._axes = _orthonormal(components[:latents])
        self._band = CosineBand(tile, mean.size)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of components, and of cosines that each is made of."""
        return self._components.shape

    def encode(self, tiles: npt.NDArray[Any]) -> Floats:
        """Return the amplitudes of the components; see `Codec.encode`."""
        centred = self._band.forward(check_tiles(tiles, self.tile)) - self._mean
        return np.asarray(centred @ self._axes.T)

    def decode(self, codes: npt.NDArray[Any]) -> Floats:
        """Return mean and components summed up; see `Codec.decode`."""
        return self._band.inverse(check_codes(codes, self.latents) @ self._axes + self._mean)

    def with_latents(self, latents: int) -> "PcaCodec":
        """Return the model with that many of its components."""
        return PcaCodec(
            self._mean,
            self._components,
            latents=latents,
            tile=self.tile,
            scale=self.scale,
            facts=self.facts,
        )

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write mean (float32) and components (float16); see `Codec.save`."""
        components = self._components.astype(np.float16)
        _write(path, self, {"mean": self._mean, "components": components}, force=force)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote."""
        header, arrays = _read(path, cls.name, ("mean", "components"))
        mean, components = arrays["mean"], arrays["components"]
        if components.ndim != 2 or mean.shape != components.shape[1:]:
            raise _damaged(path, f"components of shape {components.shape}")
        return cls(mean, components, **_settings(header))


class MixturePcaCodec:
    """Principal components of several kinds of tiles; each tile takes the kind that fits it best.

    Code: the number of the kind, then the amplitudes of its components.

    Parameters
    ----------
    means : ndarray, shape (kinds, band)
        As for `PcaCodec`, of each kind.
    components : ndarray, shape (kinds, components, band)
    latents : int
        One more than the components that are used.
    tile, scale, facts
        See `Codec`.
    """

    name = "mixture-pca"

    def __init__(
        self,
        means: npt.NDArray[Any],
        components: npt.NDArray[Any],
        *,
        latents: int = DEFAULT_LATENTS,
        tile: int = TILE,
        scale: Scaling = EARTH,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        _check_latents(latents, 2, components.shape[1] + 1, self.name)
        self.latents, self.tile, self.scale = latents, tile, scale
        self.facts: Mapping[str, Any] = facts or {}
        self._means = means.astype(np.float32)
        self._components = components
        self._axes = np.stack([_orthonormal(kind[: latents - 1]) for kind in components])
        self._band = CosineBand(tile, means.shape[1])

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of kinds, of components of each, and of cosines that each is made of."""
        return self._components.shape

    def encode(self, tiles: npt.NDArray[Any]) -> Floats:
        """Return the kind and its amplitudes; see `Codec.encode`."""
        tiles = check_tiles(tiles, self.tile)
        codes = np.empty((len(tiles), self.latents), dtype=np.float32)
        for start in range(0, len(tiles), _BATCH):
            some = slice(start, start + _BATCH)
            codes[some] = self._encode(self._band.forward(tiles[some]))
        return codes

    def _encode(self, coefficients: Floats) -> Floats:
        codes = np.zeros((len(coefficients), self.latents), dtype=np.float32)
        best = np.full(len(coefficients), np.inf)
        for kind, (mean, axes) in enumerate(zip(self._means, self._axes, strict=True)):
            centred = coefficients - mean
            amplitudes = centred @ axes.T
            left = ((centred - amplitudes @ axes) ** 2).sum(axis=1)
            better = left < best
            best[better] = left[better]
            codes[better, 0] = kind
            codes[better, 1:] = amplitudes[better]
        return codes

    def decode(self, codes: npt.NDArray[Any]) -> Floats:
        """Return the tiles; see `Codec.decode`.

        Raises
        ------
        ValueError
            A code names a kind that there is not.
        """
        codes = check_codes(codes, self.latents)
        kinds = np.rint(codes[:, 0]).astype(np.int64)
        if kinds.size and not 0 <= kinds.min() <= kinds.max() < len(self._means):
            raise ValueError(
                f"codes name kinds {kinds.min()} to {kinds.max()} of 0 to {len(self._means) - 1}"
            )
        coefficients = self._means[kinds]
        for kind, axes in enumerate(self._axes):
            there = kinds == kind
            coefficients[there] += codes[there, 1:] @ axes
        return self._band.inverse(coefficients)

    def with_latents(self, latents: int) -> "MixturePcaCodec":
        """Return the model with that many latents, the number of the kind included."""
        return MixturePcaCodec(
            self._means,
            self._components,
            latents=latents,
            tile=self.tile,
            scale=self.scale,
            facts=self.facts,
        )

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write means (float32) and components (float16); see `Codec.save`."""
        components = self._components.astype(np.float16)
        _write(path, self, {"means": self._means, "components": components}, force=force)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote."""
        header, arrays = _read(path, cls.name, ("means", "components"))
        means, components = arrays["means"], arrays["components"]
        if components.ndim != 3 or means.shape != (components.shape[0], components.shape[2]):
            raise _damaged(path, f"components of shape {components.shape}")
        return cls(means, components, **_settings(header))


LinearCodec: TypeAlias = DctCodec | PcaCodec | MixturePcaCodec


def load_linear(path: str | Path) -> LinearCodec:
    """Read the linear model of a file, whichever it is.

    Raises
    ------
    UsageError
        There is no such file.
    ExacoupleError
        It is damaged or holds no linear model.
    """
    kinds: dict[str, type[LinearCodec]] = {
        kind.name: kind for kind in (DctCodec, PcaCodec, MixturePcaCodec)
    }
    header, _ = _read(path, None, ())
    if header["model"] not in kinds:
        raise _damaged(path, f"model '{header['model']}'")
    return kinds[header["model"]].load(path)


def _check_latents(latents: int, least: int, most: int, name: str) -> None:
    if not least <= latents <= most:
        raise UsageError(f"model '{name}' can have {least} to {most} latents, not {latents}")


def _orthonormal(components: npt.NDArray[Any]) -> Floats:
    """Return the components made orthonormal, each in the span of it and those before."""
    q, r = np.linalg.qr(components.astype(np.float64).T)
    signs = np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return (q * signs).T.astype(np.float32)


def _settings(header: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "latents": header["latents"],
        "tile": header["tile"],
        "scale": Scaling(*header["range_m"]),
        "facts": header["facts"],
    }


def _write(
    path: str | Path, codec: LinearCodec, arrays: Mapping[str, npt.NDArray[Any]], *, force: bool
) -> None:
    header = {
        "schema": SCHEMA,
        "model": codec.name,
        "latents": codec.latents,
        "tile": codec.tile,
        "range_m": [codec.scale.minimum_m, codec.scale.maximum_m],
        "facts": dict(codec.facts),
    }
    stored: dict[str, Any] = {"header": np.array(json.dumps(header)), **arrays}
    with atomic_file(path, force=force) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(stream, **stored)


def _read(
    path: str | Path, model: str | None, names: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return header and arrays of a file; `model` is checked where given."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            header = json.loads(str(stored["header"]))
            found = header.get("model")
            arrays = {name: stored[name] for name in names if model in (None, found)}
    except FileNotFoundError as exc:
        raise UsageError(f"{path}: no such file") from exc
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as exc:
        raise _damaged(path, str(exc)) from exc
    if header.get("schema") != SCHEMA:
        raise _damaged(path, f"schema '{header.get('schema')}'")
    if model not in (None, found):
        raise UsageError(f"{path} holds model '{found}', not '{model}'")
    return header, arrays


def _damaged(path: str | Path, reason: str) -> ExacoupleError:
    return ExacoupleError(f"{path} is no linear model of exacouple, or damaged ({reason})")
