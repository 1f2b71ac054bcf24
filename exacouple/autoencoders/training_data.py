"""The tiles that a model is trained on and validated with; the test part stays closed."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from exacouple.autoencoders.codec import Scaling
from exacouple.autoencoders.settings import DataSettings
from exacouple.bathymetry.reading import open_grid
from exacouple.bathymetry.streaming import elevation_range, read_tiles, stream_tiles
from exacouple.bathymetry.tiles import Split, blocked_split, thesis_split
from exacouple.errors import UsageError
from exacouple.hashing import sha256_file

_log = logging.getLogger(__name__)

Tiles: TypeAlias = npt.NDArray[np.float32]

_SAMPLE = 2048


def split_of(path: Path, settings: DataSettings, *, tile: int = 96) -> Split:
    """Return the split of a grid file.

    Raises
    ------
    UsageError
        The grid is too small, or not in degrees, as the split by area needs it.
    """
    with open_grid(path) as reader:
        kind, y, x = reader.info.kind, reader.y.values, reader.x.values
    if settings.split == "thesis":
        return thesis_split((y.size, x.size), seed=settings.split_seed, tile=tile)
    if kind != "geographic":
        raise UsageError(f"{path}: the split by area needs a grid in degrees, this one is {kind}")
    return blocked_split(
        y,
        x,
        seed=settings.split_seed,
        tile=tile,
        block_deg=settings.block_deg,
        test=settings.test,
        validation=settings.validation,
        border=settings.border,
        stride=settings.stride,
    )


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Tiles of a grid file, scaled to [0, 1], shape (batch, tile, tile, 1).

    Attributes
    ----------
    path : Path
    split : Split
    scaling : Scaling
        Range of the whole grid.
    settings : DataSettings
    batch, seed : int
    """

    path: Path
    split: Split
    scaling: Scaling
    settings: DataSettings
    batch: int
    seed: int

    @classmethod
    def open(
        cls, path: str | Path, settings: DataSettings, *, batch: int, seed: int
    ) -> "TrainingData":
        """Lay the tiles of a grid and find its range.

        Raises
        ------
        UsageError, ExacoupleError
            The grid cannot be read or split.
        """
        path = Path(path)
        split = split_of(path, settings)
        scaling = Scaling(*elevation_range(path))
        _log.info(
            "%s: %d tiles to train on, %d to validate",
            path,
            len(split.train),
            len(split.validation),
        )
        return cls(path, split, scaling, settings, batch, seed)

    def facts(self) -> dict[str, Any]:
        """Return what the data are, as JSON can hold it."""
        return {
            "file": self.path.name,
            "sha256": sha256_file(self.path),
            "range_m": [self.scaling.minimum_m, self.scaling.maximum_m],
            "split": self.split.facts,
            "tiles": {"train": len(self.split.train), "validation": len(self.split.validation)},
            "augment": self.settings.augment,
        }

    def batches(self, epoch: int, *, skip: int = 0) -> Iterator[Tiles]:
        """Yield the batches of an epoch after the first `skip`, always in the same order."""
        stream = stream_tiles(
            self.path,
            self.split.train,
            batch=self.batch,
            seed=self.seed,
            epoch=epoch,
            augment=self.settings.augment,
            pool=self.settings.pool,
        )
        for number, (values, _) in enumerate(stream):
            if number >= skip:
                yield self.scaling.to_unit(values)[..., None]

    def validation_batches(self, batch: int) -> Iterator[Tiles]:
        """Yield the tiles of the validation part."""
        for values, _ in stream_tiles(self.path, self.split.validation, batch=batch):
            yield self.scaling.to_unit(values)[..., None]

    def sample_m(self) -> Tiles:
        """Return some tiles of the training part in metres, always the same."""
        train = self.split.train
        random = np.random.default_rng(self.seed)
        count = min(_SAMPLE, len(train))
        chosen = np.sort(random.choice(len(train), count, replace=False))
        return read_tiles(self.path, train.select(chosen))

    def sample(self) -> Tiles:
        """Return the same tiles scaled to [0, 1]."""
        return self.scaling.to_unit(self.sample_m())[..., None]
