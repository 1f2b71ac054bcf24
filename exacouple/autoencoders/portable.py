"""Pursuit models without TensorFlow: matching pursuit and the refinement in numpy.

The same arithmetic as the layers of `exacouple.autoencoders.layers` and the network
`refining_decoder`, in float32. Files are npz archives of a header, the dictionary and the
weights, the last as float16.
"""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from exacouple.atomic import atomic_file
from exacouple.autoencoders.codec import Scaling, check_codes, check_tiles
from exacouple.autoencoders.dictionary import (
    FREQUENCIES,
    Dictionary,
    smooth_count,
    spectrum,
    synthesis,
)
from exacouple.autoencoders.pursuit import pursue
from exacouple.errors import ExacoupleError

Floats: TypeAlias = npt.NDArray[np.float32]

SCHEMA = "exacouple-pursuit/1"
_BATCH = 32
_LEAK = np.float32(0.2)
_PATCH = 4


class PursuitCodec:
    """A trained pursuit model; see `exacouple.autoencoders.codec.Codec`.

    A code is [fixed coefficients, amplitudes, numbers of the atoms]: the first two in standard
    deviations about their mean, the numbers whole. It counts them all: 40 + 30 + 30 = 100.

    Parameters
    ----------
    dictionary : Dictionary
    mean, deviation : ndarray, shape (fixed + chosen,)
        Of the coefficients and amplitudes, kilometres.
    kernels : list of (kernel, bias)
        Convolutions of the refinement in the order of `refining_decoder`, kernels of shape
        (rows, columns, in, out).
    levels : int
        Levels of the refinement.
    name, scale, facts
        See `Codec`.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        mean: Floats,
        deviation: Floats,
        kernels: list[tuple[Floats, Floats]],
        *,
        levels: int,
        name: str,
        scale: Scaling,
        facts: Mapping[str, Any],
    ) -> None:
        if len(kernels) != 5 * levels - 2:
            raise ValueError(f"{levels} levels have {5 * levels - 2} kernels, not {len(kernels)}")
        self.name, self.scale, self.facts = name, scale, facts
        self.tile = dictionary.tile
        self._dictionary, self._mean, self._deviation = dictionary, mean, deviation
        self._kernels, self._levels = kernels, levels
        self._fixed = len(dictionary.fixed)
        self._chosen = mean.size - self._fixed
        self.latents = mean.size + self._chosen

    def encode(self, tiles: npt.NDArray[Any]) -> Floats:
        """Return the codes of tiles in metres, shape (count, latents)."""
        spectra = spectrum(np.float32(1e-3) * check_tiles(tiles, self.tile))
        numbers = spectra[:, self._dictionary.places]
        if not self._chosen:
            return (numbers - self._mean) / self._deviation
        chosen, amplitudes, _ = pursue(
            spectra @ self._dictionary.matrix.T, self._dictionary.gram, self._chosen
        )
        standard = (np.hstack([numbers, amplitudes]) - self._mean) / self._deviation
        return np.hstack([standard, chosen.astype(np.float32)])

    def decode(self, codes: npt.NDArray[Any]) -> Floats:
        """Return the tiles of codes in metres, shape (count, tile, tile)."""
        codes = check_codes(codes, self.latents)
        parts = [np.empty((0, self.tile, self.tile), dtype=np.float32)]
        for start in range(0, len(codes), _BATCH):
            whole, smooth = self._sums(codes[start : start + _BATCH])
            parts.append(np.float32(1e3) * (whole + self._change(whole, smooth)))
        return np.concatenate(parts)

    def waveforms(self, codes: npt.NDArray[Any]) -> Floats:
        """Return the sums of waveforms in metres, without the refinement."""
        return np.float32(1e3) * self._sums(check_codes(codes, self.latents))[0]

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write one npz file: kernels, and the atoms that are chosen so, as float16."""
        header = {
            "schema": SCHEMA,
            "model": self.name,
            "tile": self.tile,
            "levels": self._levels,
            "range_m": [self.scale.minimum_m, self.scale.maximum_m],
            "facts": dict(self.facts),
        }
        arrays: dict[str, Any] = {
            "header": np.array(json.dumps(header)),
            "atoms": self._dictionary.atoms.astype(np.float16),
            "fixed": self._dictionary.fixed.astype(np.int16),
            "mean": self._mean,
            "deviation": self._deviation,
        }
        for number, (kernel, bias) in enumerate(self._kernels):
            arrays[f"kernel{number}"] = kernel.astype(np.float16)
            arrays[f"bias{number}"] = bias.astype(np.float16)
        with atomic_file(path, force=force) as temporary, open(temporary, "wb") as stream:
            np.savez_compressed(stream, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        ExacoupleError
            The file cannot be read or is damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                header = json.loads(str(stored["header"]))
                if header["schema"] != SCHEMA:
                    raise ValueError(f"schema '{header['schema']}'")
                tile, levels = int(header["tile"]), int(header["levels"])
                dictionary = Dictionary(
                    stored["fixed"].astype(np.int64), stored["atoms"].astype(np.float32), tile
                )
                kernels = [
                    (
                        stored[f"kernel{number}"].astype(np.float32),
                        stored[f"bias{number}"].astype(np.float32),
                    )
                    for number in range(5 * levels - 2)
                ]
                return cls(
                    dictionary,
                    stored["mean"],
                    stored["deviation"],
                    kernels,
                    levels=levels,
                    name=header["model"],
                    scale=Scaling(*header["range_m"]),
                    facts=header["facts"],
                )
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as exc:
            raise ExacoupleError(
                f"{path} is no pursuit model of exacouple, or damaged ({exc})"
            ) from exc

    def _sums(self, codes: Floats) -> tuple[Floats, Floats]:
        """Return the sums of all waveforms and of those of the smooth part, kilometres."""
        numbers = codes[:, : self._mean.size] * self._deviation + self._mean
        spectra = np.zeros((len(codes), FREQUENCIES**2), dtype=np.float32)
        places, smooth = self._dictionary.places, smooth_count(self._fixed, self._chosen)
        spectra[:, places[:smooth]] = numbers[:, :smooth]
        base = synthesis(spectra, self.tile)
        spectra[:, places[smooth:]] = numbers[:, smooth : self._fixed]
        if not self._chosen:
            return synthesis(spectra, self.tile), base
        most = len(self._dictionary.atoms) - 1
        chosen = np.clip(np.rint(codes[:, self._mean.size :]), 0, most).astype(np.int64)
        atoms = self._dictionary.matrix[chosen]
        spectra += np.einsum("tk,tkf->tf", numbers[:, self._fixed :], atoms, optimize=True)
        return synthesis(spectra, self.tile), base

    def _change(self, whole: Floats, smooth: Floats) -> Floats:
        """Return what the refinement adds, kilometres."""
        local = whole - smooth
        rough = np.sqrt((local**2).mean(axis=(1, 2), keepdims=True) + np.float32(1e-6))
        level = smooth.mean(axis=(1, 2), keepdims=True)
        channels = np.stack([local / rough, smooth - level, whole / np.float32(4)], axis=-1)
        features = _space_to_depth(channels, _PATCH)
        kernels = iter(self._kernels)
        skips = []
        for level_number in range(self._levels):
            if level_number:
                features = _space_to_depth(features, 2)
            features = _leaky(_convolved(features, *next(kernels)))
            features = _leaky(_convolved(features, *next(kernels)))
            skips.append(features)
        for skip in reversed(skips[:-1]):
            features = _depth_to_space(_convolved(features, *next(kernels)), 2)
            features = np.concatenate([features, skip], axis=-1)
            features = _leaky(_convolved(features, *next(kernels)))
            features = _leaky(_convolved(features, *next(kernels)))
        patch = _convolved(features, *next(kernels))
        return np.asarray(_depth_to_space(patch, _PATCH)[..., 0] * rough)


def _convolved(features: Floats, kernel: Floats, bias: Floats) -> Floats:
    """Return a convolution of stride 1 that keeps the size, zero beyond the edges."""
    reach = kernel.shape[0] // 2
    count, rows, columns, _ = features.shape
    padded = np.pad(features, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    out = np.zeros((count, rows, columns, kernel.shape[3]), dtype=np.float32)
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            out += padded[:, i : i + rows, j : j + columns] @ kernel[i, j]
    return out + bias


def _leaky(features: Floats) -> Floats:
    return np.maximum(features, _LEAK * features)


def _space_to_depth(features: Floats, block: int) -> Floats:
    count, rows, columns, channels = features.shape
    split = features.reshape(count, rows // block, block, columns // block, block, channels)
    turned = split.transpose(0, 1, 3, 2, 4, 5)
    return turned.reshape(count, rows // block, columns // block, block * block * channels)


def _depth_to_space(features: Floats, block: int) -> Floats:
    count, rows, columns, depth = features.shape
    channels = depth // block**2
    split = features.reshape(count, rows, columns, block, block, channels)
    turned = split.transpose(0, 1, 3, 2, 4, 5)
    return turned.reshape(count, rows * block, columns * block, channels)
