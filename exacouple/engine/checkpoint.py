"""Checkpoints: all that a run needs to go on later as if it had never been stopped."""

from __future__ import annotations

import hashlib
import logging
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exacouple import __version__
from exacouple.atomic import atomic_file
from exacouple.engine.specfile import Specfile
from exacouple.errors import ExacoupleError

_log = logging.getLogger(__name__)

Array = NDArray[Any]
Parts = dict[str, dict[str, Array]]

_FORMAT = "exacouple-checkpoint/1"
_MOST_OF_THE_TIME = 0.05


def checkpoint_path(specfile: Path) -> Path:
    """File in the current folder for the checkpoint of a specfile's run.

    Examples
    --------
    >>> checkpoint_path(Path("tsunami.exahype2")).name
    'tsunami.checkpoint.npz'
    """
    return Path(f"{specfile.stem}.checkpoint.npz")


def fingerprint(spec: Specfile, initial: Mapping[str, Array]) -> str:
    """Digest of what a run computes: version, specfile and initial state, bit by bit."""
    digest = hashlib.sha256(f"{_FORMAT} {__version__}".encode())
    fields = {key: value for key, value in asdict(spec).items() if key != "path"}
    digest.update(repr(sorted(fields.items())).encode())
    for key in sorted(initial):
        digest.update(np.ascontiguousarray(initial[key]).data)
    return digest.hexdigest()


class Checkpoints:
    """Writes the checkpoint of a run from time to time; each replaces the one before at once.

    Parameters
    ----------
    path
        The file.
    every
        Least seconds between two, 0 for none. Where writing is slow they are rarer, so that it
        never takes more than 5 % of the time.
    mark
        What identifies the run, see `fingerprint`.
    clock
        Gives the time in seconds.
    """

    def __init__(
        self, path: Path, every: float, mark: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path, self._every, self._mark, self._clock = path, every, mark, clock
        self._next = clock() + every

    @property
    def wanted(self) -> bool:
        """Whether this run has checkpoints at all."""
        return self._every > 0.0

    @property
    def due(self) -> bool:
        """Whether it is time for one."""
        return self.wanted and self._clock() >= self._next

    def write(self, parts: Mapping[str, Mapping[str, Array]]) -> None:
        """Write the states of all parts of a run; a failure is told and the run goes on."""
        start = self._clock()
        arrays: dict[str, Any] = {
            f"{part}/{key}": values
            for part, state in parts.items()
            for key, values in state.items()
        }
        try:
            with atomic_file(self._path, force=True) as temporary:
                np.savez(temporary, mark=np.array(self._mark), **arrays)
        except ExacoupleError as exc:
            _log.warning("no checkpoint: %s", exc)
        took = self._clock() - start
        self._next = self._clock() + max(self._every, took / _MOST_OF_THE_TIME)

    def read(self) -> Parts | None:
        """Read the checkpoint of this very run; None, with a word why, if there is none.

        Returns
        -------
        dict
            States by part, as they were given to `write`.
        """
        if not self._path.exists():
            _log.info("there is no checkpoint %s: the run starts from the beginning", self._path)
            return None
        parts: Parts = {}
        try:
            with np.load(self._path, allow_pickle=False) as arrays:
                same = str(arrays["mark"]) == self._mark
                for name in arrays.files if same else ():
                    part, _, key = name.partition("/")
                    if key:
                        parts.setdefault(part, {})[key] = arrays[name]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as exc:
            _log.warning("%s is damaged (%s): the run starts from the beginning", self._path, exc)
            return None
        if not same:
            _log.warning(
                "%s is of another specfile, other data or another version: the run starts from "
                "the beginning",
                self._path,
            )
            return None
        return parts

    def remove(self) -> None:
        """Remove the file, which a later run must not take for its own, and half-written ones."""
        stem, suffix = self._path.stem, self._path.suffix
        for path in (self._path, *self._path.parent.glob(f".{stem}.*.partial{suffix}")):
            path.unlink(missing_ok=True)
