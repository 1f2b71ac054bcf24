"""What a check finds: numbers with a bound and the bound's source, and pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

EPSILON = 2.0**-52
"""Distance of 1 to the next number in double precision."""

Status = Literal["passed", "failed", "limitation", "no data"]


@dataclass(frozen=True)
class Measurement:
    """One number and its bound.

    Attributes
    ----------
    quantity
        What is measured, with its unit where it has one.
    value
        The number.
    bound
        The largest value allowed, or the least one with `at_least`.
    source
        Where the bound comes from: a theorem, a paper, a standard.
    at_least
        The bound is a lower one.
    """

    quantity: str
    value: float
    bound: float
    source: str
    at_least: bool = False

    @property
    def passed(self) -> bool:
        """Whether the value keeps the bound; NaN does not."""
        if self.at_least:
            return bool(self.value >= self.bound)
        return bool(self.value <= self.bound)


@dataclass(frozen=True)
class Series:
    """One line of a picture.

    Attributes
    ----------
    label
        Name in the legend; the same label looks the same in all panels of a check.
    x, y
        Coordinates of its points.
    role
        ``"expected"`` (exact solution or bound), ``"found"``, ``"measured"`` (laboratory) or
        ``"ground"`` (filled below).
    """

    label: str
    x: ArrayLike
    y: ArrayLike
    role: Literal["expected", "found", "measured", "ground"] = "found"


@dataclass(frozen=True)
class Picture:
    """One panel of the picture of a check.

    Attributes
    ----------
    title
        Short title.
    x_label, y_label
        Labels of the axes with their units.
    series
        What is drawn.
    scale
        ``"linear"``, ``"log"`` (both axes) or ``"log y"``.
    """

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    scale: Literal["linear", "log", "log y"] = "linear"


Finding = Measurement | Picture


@dataclass(frozen=True)
class Inputs:
    """Data that users bring, where they have them.

    Attributes
    ----------
    laboratory
        Copy of the NTHMP benchmark repository, see `exacouple.verification.laboratory`.
    reference
        Reference data with probe files of ExaHyPE, see `exacouple.verification.real_engine`.
    """

    laboratory: Path | None = None
    reference: Path | None = None


class NoData(Exception):
    """A check lacks the data to compare with; the message says which, and where to get them."""


@dataclass(frozen=True)
class Check:
    """A numerical experiment.

    Attributes
    ----------
    name
        Name for the command line, and of its settings in ``simulations/verification``.
    settings
        Dataclass of its settings.
    run
        Given settings and inputs, yields what it finds; may raise `NoData`.
    """

    name: str
    settings: type[Any]
    run: Callable[[Any, Inputs], Iterator[Finding]]


@dataclass(frozen=True)
class Row:
    """One line of the table: a measurement, or the reason why there is none.

    Attributes
    ----------
    check
        Name of the check.
    status
        ``"limitation"`` is a bound that is not kept, for a reason that is known and stated.
    seconds
        Processor time since the row before.
    measurement
        What was measured; absent if data were missing or the run broke down.
    note
        Which data are missing, how the run broke down, or the reason of a limitation.
    """

    check: str
    status: Status
    seconds: float
    measurement: Measurement | None = None
    note: str = ""


def rates(errors: ArrayLike, cells: ArrayLike) -> Any:
    """Powers of the cell size with which errors fall, between the first and the last mesh.

    Parameters
    ----------
    errors
        Errors of each mesh, shape ``(meshes, quantities)``.
    cells
        Number of cells along a side of each mesh.

    Examples
    --------
    >>> rates([[1.0, 2.0], [0.5, 0.5], [0.25, 0.125]], [10, 20, 40])
    array([1., 2.])
    """
    first, last = np.asarray(errors)[[0, -1]]
    return np.log(first / last) / np.log(np.asarray(cells)[-1] / np.asarray(cells)[0])
