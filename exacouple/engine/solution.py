"""The solution at one time: polynomials of the deep elements, averages of the limited ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exacouple.engine import survey
from exacouple.engine.basis import Array
from exacouple.engine.diagnosis import describe_fastest
from exacouple.engine.elements import Elements
from exacouple.engine.fields import patchwork
from exacouple.engine.limiter import FREE, Patches
from exacouple.engine.mesh import Mesh
from exacouple.engine.packets import Works
from exacouple.engine.team import Team
from exacouple.errors import SolutionError


class Solution:
    """What can be read from a solver, and set when an earlier run goes on.

    Attributes
    ----------
    time
        Time reached.
    steps
        Number of steps taken.
    dt
        Length of the next step.
    team
        Threads that share the work.
    patches
        The limited elements.
    """

    def __init__(
        self, mesh: Mesh, deep: Elements, patches: Patches, team: Team, *, gravity: float,
        dry_tolerance: float,
    ) -> None:  # fmt: skip
        self.mesh, self._deep, self.patches, self.team = mesh, deep, patches, team
        self.basis, self.order = patches.basis, patches.basis.order
        self.gravity, self.dry_tolerance = gravity, dry_tolerance
        self.time, self.steps, self.dt = 0.0, 0, 0.0
        self._surveying = Works()

    def sample(self, x: float, y: float) -> tuple[float, float, float, float, float]:
        """Values h, hu, hv, b and eta = h + b at a point.

        They come from the polynomial of the element, or from the subcell if it is limited.
        """
        col, row = self.mesh.locate(x, y)
        fx = (x - self.mesh.x0) / self.mesh.dx - col
        fy = (y - self.mesh.y0) / self.mesh.dx - row
        s = self.patches.at[row + 1, col + 1]
        if s != FREE:
            m = self.basis.subcells
            at = (min(int(fy * m), m - 1), min(int(fx * m), m - 1))
            h, p, q = (float(self.patches.w[s, v][at]) for v in range(3))
            b = float(self.patches.bed[s][at])
            return h, p, q, b, h + b
        weights = np.outer(self.basis.values_at(fy), self.basis.values_at(fx)).ravel()
        eta, p, q, b = self._deep.at(row + 1, col + 1, weights)
        return eta - b, p, q, b, eta

    def survey(self, wet: float, height: Array, speed: Array, depth: Array) -> None:
        """Greatest eta and squared speed, NaN where no point is ``wet``, and mean depth.

        Of all elements, shape ``(ny, nx)``, into the arrays given.
        """
        patches = self.patches
        weights = np.outer(self.basis.weights, self.basis.weights).ravel()
        values = (
            *self.elements, patches.at, patches.w, patches.bed, weights, wet, self.dry_tolerance,
            height, speed, depth,
        )  # fmt: skip
        work = self._surveying.get(
            lambda: [(survey.survey_rows, values)], self._deep.u, patches.w, wet, height
        )
        self.team.over_rows(work, 1, self.mesh.ny + 1)

    def subcells(self, first: int, last: int) -> Array:
        """Subcells of the elements of some rows, see `exacouple.engine.fields.patchwork`."""
        return patchwork(self.basis, self.mesh.nx, *self.elements, self.patches, first, last)

    def worst_cell(self) -> str:
        """Say in words where the fastest wave is, which sets the time step."""
        return describe_fastest(self.mesh, self.gravity, *self.elements, self.patches)

    @property
    def elements(self) -> tuple[Array, Array]:
        """Eta, hu, hv at the nodes and the seabed there, stored as in `blocks`; not copies."""
        return self._deep.u, self._deep.bed

    def state(self) -> dict[str, NDArray[Any]]:
        """All that the steps to come depend on, for `restore`; arrays are not copied."""
        patches = self.patches
        return {
            "clock": np.array([self.time, self.steps, self.dt]),
            "u": self._deep.u,
            "bed": self._deep.bed,
            "cells": patches.cells,
            "permanent": patches.permanent,
            "w": patches.w,
            "ground": patches.bed,
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from the `state` of a solver of the same mesh, order and boundary."""
        self._deep.restore(state)
        self.patches.replace(*(state[key] for key in ("cells", "w", "ground", "permanent")))
        self._deep.open_gates(self.patches.at)
        time, steps, dt = state["clock"].tolist()
        self.time, self.steps, self.dt = time, int(steps), dt

    @property
    def limited(self) -> NDArray[np.bool_]:
        """Which elements are finite-volume patches, shape ``(ny, nx)``."""
        return self.patches.at[1:-1, 1:-1] != FREE

    def nodal(self) -> Array:
        """Copy of eta, hu, hv at the nodes of the DG elements, shape ``(ny, nx, 3, n, n)``.

        The last two axes are y and x within the element; limited elements hold no meaning here.
        """
        n = self.order + 1
        return self._deep.by_element()[0].reshape(self.mesh.ny, self.mesh.nx, 3, n, n)

    def mass(self) -> float:
        """Volume of the water, in cubed length units."""
        weights = np.outer(self.basis.weights, self.basis.weights).ravel()
        nodal, bed = self._deep.by_element()
        deep = ((nodal[:, :, 0] - bed)[~self.limited] @ weights).sum()
        shallow = self.patches.w[:, 0].mean(axis=(1, 2)).sum()
        return float((deep + shallow) * self.mesh.dx**2)

    def require_finite(self) -> None:
        """Look for values that are not finite: at the start in all elements, then in patches.

        Raises
        ------
        SolutionError
            With the place and the time.
        """
        if self.steps > 0 and self.patches.sound.all():
            return
        bad = ~self.patches.sound
        nodal = np.zeros((0, 2), dtype=np.int64)
        if self.steps == 0 and not np.isfinite(self._deep.u).all():
            nodal = np.argwhere(~np.isfinite(self._deep.by_element()[0]).all(axis=(2, 3))) + 1
        if bad.any() or nodal.size:
            row, col = self.patches.cells[bad][0] if bad.any() else nodal[0]
            x = self.mesh.x0 + (col - 0.5) * self.mesh.dx
            y = self.mesh.y0 + (row - 0.5) * self.mesh.dx
            raise SolutionError(
                f"the solution is not finite in the cell around x = {x:g}, y = {y:g} "
                f"at t = {self.time:g}"
            )
