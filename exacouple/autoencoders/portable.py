"""Pursuit models without TensorFlow: matching pursuit, search for codes and refinement in numpy.

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
from exacouple.autoencoders.refinement import Refinement
from exacouple.errors import ExacoupleError

Floats: TypeAlias = npt.NDArray[np.float32]

SCHEMA = "exacouple-pursuit/1"
_BATCH = 32
_SEARCH_STEPS = 10
_STEP = np.float32(0.5)
_MOMENTUM = np.float32(0.7)
_TINY = np.float32(1e-20)


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
        self.name, self.scale, self.facts = name, scale, facts
        self.tile = dictionary.tile
        self._dictionary, self._mean, self._deviation = dictionary, mean, deviation
        self._refinement = Refinement(kernels, levels)
        self._fixed = len(dictionary.fixed)
        self._chosen = mean.size - self._fixed
        self.latents = mean.size + self._chosen

    def encode(self, tiles: npt.NDArray[Any]) -> Floats:
        """Return the codes of tiles in metres, shape (count, latents).

        Without chosen atoms they are found by analysis by synthesis: from the coefficients of the
        tiles on, the error of the decoded tiles is descended by gradients with momentum.
        """
        kilometres = np.float32(1e-3) * check_tiles(tiles, self.tile)
        if not self._chosen:
            parts = [np.empty((0, self.latents), dtype=np.float32)]
            for start in range(0, len(kilometres), _BATCH):
                parts.append(self._searched(kilometres[start : start + _BATCH]))
            return np.concatenate(parts)
        spectra = spectrum(kilometres)
        numbers = spectra[:, self._dictionary.places]
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
            parts.append(np.float32(1e3) * self._refinement.refine(whole, smooth)[0])
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
            "levels": self._refinement.levels,
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
        for number, (kernel, bias) in enumerate(self._refinement.kernels):
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

    def _searched(self, kilometres: Floats) -> Floats:
        """Return the codes that the search ends with.

        A step that does not lower the error of a tile is taken back, and the next one is half as
        long; none is longer than the error, as the waveforms are orthonormal.
        """
        best = numbers = spectrum(kilometres)[:, self._dictionary.places]
        least = np.full((len(numbers), 1), np.inf, dtype=np.float32)
        slope, move = np.zeros((2, *numbers.shape), dtype=np.float32)
        step = np.full_like(least, _STEP)
        for _ in range(_SEARCH_STEPS + 1):
            length, gradient = self._descent(numbers, kilometres)
            better = length < least
            best, slope = np.where(better, numbers, best), np.where(better, gradient, slope)
            least, step = np.where(better, length, least), np.where(better, step, step / 2)
            move = np.where(better, _MOMENTUM * move, 0) - step * slope
            far = np.linalg.norm(move, axis=1, keepdims=True)
            move *= np.minimum(1, least / np.maximum(far, _TINY))
            numbers = best + move
        return np.asarray((best - self._mean) / self._deviation)

    def _descent(self, numbers: Floats, kilometres: Floats) -> tuple[Floats, Floats]:
        """Return the norms of the errors of tiles, shape (count, 1), and their squares' gradients.

        Of half the squares, with respect to the coefficients, kilometres.
        """
        places, smooth = self._dictionary.places, smooth_count(self._fixed, self._chosen)
        made, back = self._refinement.refine(*self._sums((numbers - self._mean) / self._deviation))
        error = made - kilometres
        of_whole, of_smooth = back(error)
        gradient = spectrum(of_whole)[:, places]
        gradient[:, :smooth] += spectrum(of_smooth)[:, places[:smooth]]
        return np.linalg.norm(error, axis=(1, 2))[:, None], gradient

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
