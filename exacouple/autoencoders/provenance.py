"""Which sea floor a model was made from: what its facts say about a tile or a place."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from exacouple.autoencoders.codec import Codec

Places: TypeAlias = npt.NDArray[np.int64]

_PARTS = ("test", "validation", "train")


def is_learnt(codec: Codec) -> bool:
    """Tell whether a model was made from data: a fixed transform says ``"data": None``."""
    return not ("data" in codec.facts and codec.facts["data"] is None)


def split_facts(codec: Codec) -> Mapping[str, Any] | None:
    """Return kind and settings of the split that a model was trained with; None if not recorded."""
    found = _data_facts(codec).get("split")
    return found if isinstance(found, Mapping) else None


def data_sha256(codec: Codec) -> str | None:
    """Return the SHA-256 of the grid that a model was made from; None if not recorded."""
    found = _data_facts(codec).get("sha256")
    return str(found) if found else None


def block_numbers(lat: npt.ArrayLike, lon: npt.ArrayLike, block_deg: float) -> Places:
    """Return the blocks of area that places are in, see `exacouple.bathymetry.blocked_split`.

    Blocks are counted eastward from 180 W, row by row from 90 S.

    Parameters
    ----------
    lat, lon : array_like
        Degrees.
    block_deg : float
        Edge of a block.

    Examples
    --------
    >>> block_numbers([-90.0, 0.0, 90.0], [-180.0, 0.0, 540.0], 30.0).tolist()
    [0, 42, 60]
    """
    rows, columns = round(180 / block_deg), round(360 / block_deg)
    row = np.floor((np.asarray(lat, dtype=np.float64) + 90.0) / block_deg + 1e-9)
    column = np.floor((np.asarray(lon, dtype=np.float64) + 180.0) % 360.0 / block_deg + 1e-9)
    row, column = np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)
    return (row * columns + column).astype(np.int64)


def part_shares(codec: Codec, lat: npt.ArrayLike, lon: npt.ArrayLike) -> dict[str, float] | None:
    """Return which shares of some places lie in the test, validation and training part of a model.

    Places of the training part's blocks count as trained on, also those in the unused border.

    Parameters
    ----------
    codec : Codec
    lat, lon : array_like
        Places in degrees, of one shape.

    Returns
    -------
    dict or None
        Shares that add up to 1 by the names ``test``, ``validation`` and ``train``; None for a
        model that was not trained with the split by area.
    """
    split = split_facts(codec)
    if split is None or split.get("kind") != "blocked":
        return None
    blocks = block_numbers(lat, lon, split["block_deg"])
    test = float(np.isin(blocks, split["test_blocks"]).mean())
    validation = float(np.isin(blocks, split["validation_blocks"]).mean())
    return dict(zip(_PARTS, (test, validation, 1.0 - test - validation), strict=True))


def _data_facts(codec: Codec) -> Mapping[str, Any]:
    data = codec.facts.get("data")
    return data if isinstance(data, Mapping) else codec.facts
