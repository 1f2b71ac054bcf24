"""Components of an easi model: each maps named coordinates to named values.

Coordinates and values are arrays of shape (points,). Where a component takes its inputs by
position, they are in alphabetical order of their names, as in easi.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.asagi import Grid, read_grid
from exacouple.errors import ExacoupleError, UsageError

Points = Mapping[str, NDArray[np.float64]]
Box = Mapping[str, tuple[float, float]]


class Component(ABC):
    """A node of the model; `where` is its file and line."""

    where: str

    @abstractmethod
    def load(self, name: str, box: Box, directory: Path) -> None:
        """Read the data needed to evaluate `name` within `box`."""

    @abstractmethod
    def evaluate(self, name: str, points: Points) -> NDArray[np.float64]:
        """Value of `name` at points that this component accepts."""

    def accepts(self, points: Points) -> NDArray[np.bool_]:
        """Which points this component is for."""
        return np.ones(_count(points), dtype=bool)


@dataclass
class Identity(Component):
    """Gives its inputs, where a component has no ``components``."""

    where: str

    def load(self, name: str, box: Box, directory: Path) -> None:
        if name not in box:
            raise UsageError(f"{self.where}: nothing gives '{name}' here, only {', '.join(box)}")

    def evaluate(self, name: str, points: Points) -> NDArray[np.float64]:
        return points[name]


@dataclass
class ConstantMap(Component):
    """The same values everywhere."""

    where: str
    constants: dict[str, float]

    def load(self, name: str, box: Box, directory: Path) -> None:
        if name not in self.constants:
            raise UsageError(f"{self.where}: !ConstantMap gives no '{name}'")

    def evaluate(self, name: str, points: Points) -> NDArray[np.float64]:
        return np.full(_count(points), self.constants[name])


@dataclass
class AffineMap(Component):
    """Each output is a weighted sum of the inputs, in alphabetical order, and a translation."""

    where: str
    matrix: dict[str, list[float]]
    translation: dict[str, float]
    child: Component

    def _map(self, points: Points) -> dict[str, NDArray[np.float64]]:
        names = sorted(points)
        return {
            output: sum(
                (weight * points[name] for name, weight in zip(names, weights, strict=True)),
                start=np.full(_count(points), self.translation[output]),
            )
            for output, weights in self.matrix.items()
        }

    def load(self, name: str, box: Box, directory: Path) -> None:
        for output, weights in self.matrix.items():
            if len(weights) != len(box):
                raise UsageError(
                    f"{self.where}: matrix row '{output}' has {len(weights)} numbers, but the "
                    f"inputs are {', '.join(sorted(box))}"
                )
        corners = np.meshgrid(*(box[key] for key in sorted(box)))
        mapped = self._map(
            {key: corner.ravel() for key, corner in zip(sorted(box), corners, strict=True)}
        )
        image = {key: (float(v.min()), float(v.max())) for key, v in mapped.items()}
        self.child.load(name, image, directory)

    def evaluate(self, name: str, points: Points) -> NDArray[np.float64]:
        return self.child.evaluate(name, self._map(points))

    def accepts(self, points: Points) -> NDArray[np.bool_]:
        return self.child.accepts(self._map(points))


@dataclass
class CuboidFilter(Component):
    """Accepts the points within limits, edges included."""

    where: str
    limits: dict[str, tuple[float, float]]
    child: Component

    def load(self, name: str, box: Box, directory: Path) -> None:
        for key in self.limits:
            if key not in box:
                raise UsageError(f"{self.where}: limits for '{key}', but there is no such input")
        inner = {key: _intersection(box[key], self.limits.get(key, box[key])) for key in box}
        if all(low <= high for low, high in inner.values()):
            self.child.load(name, inner, directory)

    def evaluate(self, name: str, points: Points) -> NDArray[np.float64]:
        return self.child.evaluate(name, points)

    def accepts(self, points: Points) -> NDArray[np.bool_]:
        accepted = np.ones(_count(points), dtype=bool)
        for key, (low, high) in self.limits.items():
            accepted &= (points[key] >= low) & (points[key] <= high)
        if accepted.any():
            accepted[accepted] = self.child.accepts(_subset(points, accepted))
        return accepted


@dataclass
class FirstOf(Component):
    """The first child that accepts a point gives its value."""

    where: str
    children: list[Component]

    def load(self, name: str, box: Box, directory: Path) -> None:
        for child in self.children:
            child.load(name, box, directory)

    def evaluate(self, name: str, points: Points) -> NDArray[np.float64]:
        values = np.full(_count(points), np.nan)
        left = np.ones(values.size, dtype=bool)
        for child in self.children:
            mine = left & child.accepts(points)
            if mine.any():
                values[mine] = child.evaluate(name, _subset(points, mine))
                left &= ~mine
        return values

    def accepts(self, points: Points) -> NDArray[np.bool_]:
        return np.logical_or.reduce([child.accepts(points) for child in self.children])


@dataclass
class Switch(Component):
    """Each value has its own component."""

    where: str
    choices: list[tuple[tuple[str, ...], Component]]

    def _choice(self, name: str) -> Component:
        for names, child in self.choices:
            if name in names:
                return child
        raise UsageError(f"{self.where}: !Switch has no [{name}]")

    def load(self, name: str, box: Box, directory: Path) -> None:
        self._choice(name).load(name, box, directory)

    def evaluate(self, name: str, points: Points) -> NDArray[np.float64]:
        return self._choice(name).evaluate(name, points)


@dataclass
class AsagiGrid(Component):
    """A value from a NetCDF grid."""

    where: str
    file: str
    variable: str
    parameter: str
    interpolation: Literal["linear", "nearest"]
    child: Component
    grid: Grid | None = field(default=None, init=False)

    def load(self, name: str, box: Box, directory: Path) -> None:
        if len(box) != 2:
            raise UsageError(
                f"{self.where}: !ASAGI reads grids of two coordinates here, but its inputs are "
                f"{', '.join(sorted(box))}; put an !AffineMap to x and y above it"
            )
        x_name, y_name = sorted(box)
        self.child.load(name, {self.parameter: (0.0, 0.0)}, directory)
        self.grid = read_grid(directory / self.file, self.variable, box[x_name], box[y_name])

    def evaluate(self, name: str, points: Points) -> NDArray[np.float64]:
        if self.grid is None:
            raise ExacoupleError(f"{self.where}: {self.file} is needed outside the rectangle read")
        x_name, y_name = sorted(points)
        values = self.grid.sample(points[x_name], points[y_name], interpolation=self.interpolation)
        return self.child.evaluate(name, {self.parameter: values})


def _count(points: Points) -> int:
    return next(iter(points.values())).size


def _subset(points: Points, mask: NDArray[np.bool_]) -> Points:
    return {key: values[mask] for key, values in points.items()}


def _intersection(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return max(a[0], b[0]), min(a[1], b[1])
