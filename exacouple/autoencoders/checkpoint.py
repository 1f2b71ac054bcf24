"""The state of a training in one file without pickle: all variables by name, and where it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from exacouple.atomic import atomic_file
from exacouple.errors import ExacoupleError

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]

_RECORD = "record"


@dataclass
class Progress:
    """Where a training is.

    Attributes
    ----------
    epoch, batch, step : int
        Whole epochs done, batches done in the running one, and batches done in all.
    best_loss, best_epoch : float, int
        The lowest validation loss so far, and after which epoch it was.
    sums : dict
        Sums of the terms of the running epoch.
    history : list of dict
        One row per epoch.
    finished : bool
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best_loss: float | None = None
    best_epoch: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    finished: bool = False


def save_checkpoint(path: Path, variables: Mapping[str, Any], progress: Progress) -> None:
    """Write variables and progress; a file that was there is replaced only at the end."""
    arrays: dict[str, Any] = {
        f"variable/{name}": np.asarray(value) for name, value in variables.items()
    }
    arrays[_RECORD] = np.frombuffer(json.dumps(vars(progress)).encode(), dtype=np.uint8)
    with atomic_file(path, force=True) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, **arrays)


def load_checkpoint(path: Path) -> tuple[Arrays, Progress]:
    """Read what `save_checkpoint` wrote.

    Raises
    ------
    ExacoupleError
        The file cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            record = json.loads(archive[_RECORD].tobytes().decode())
            arrays = {
                name.removeprefix("variable/"): archive[name]
                for name in archive.files
                if name != _RECORD
            }
        return arrays, Progress(**record)
    except Exception as exc:
        raise ExacoupleError(
            f"{path}: the checkpoint cannot be read ({exc}): remove it to start anew"
        ) from exc


def assign(variables: Mapping[str, Any], arrays: Arrays, path: Path) -> None:
    """Give the variables the values of a checkpoint.

    Raises
    ------
    ExacoupleError
        Names or shapes differ: the checkpoint is of another model.
    """
    if set(variables) != set(arrays):
        odd = sorted(set(variables) ^ set(arrays))[0]
        raise ExacoupleError(f"{path}: the checkpoint is of another model: '{odd}' does not match")
    for name, variable in variables.items():
        if tuple(variable.shape) != arrays[name].shape:
            raise ExacoupleError(
                f"{path}: '{name}' has the shape {arrays[name].shape}, not {tuple(variable.shape)}"
            )
        variable.assign(arrays[name])
