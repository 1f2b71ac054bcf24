"""Water and sea floor at t = 0, as the upstream tsunami application sets them.

With bathymetry z and displacement d: h = max(0, -z), hu = hv = 0 and b = z + d, so that the surface
h + b follows the displacement over water and the topography on land. Where the sea floor moves in
time, d is its displacement at t = 0.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.easi import Model
from exacouple.engine.mesh import Mesh
from exacouple.engine.motion import Motion
from exacouple.errors import ExacoupleError, UsageError

_log = logging.getLogger(__name__)

Array = NDArray[np.float64]

_SHIFT_LIMITS = ((-239.0, 739.0), (-339.0, 339.0))


@dataclass(frozen=True)
class Source:
    """Where one application of the tsunami family takes its sea floor from.

    Attributes
    ----------
    yaml
        Name of the easi file.
    constant_bathymetry
        Elevation of a flat sea floor in the specfile's length unit; None reads it from the file.
    shift_limits
        Allowed shift of the displacement along x and y; None allows any.
    """

    yaml: str
    constant_bathymetry: float | None = None
    shift_limits: tuple[tuple[float, float], tuple[float, float]] | None = None


_UPSTREAM = {
    "SWE_asagi_limited_l0": Source("data_gmt.yaml", -4.95, _SHIFT_LIMITS),
    "SWE_asagi_limited_l1": Source("data_gmt.yaml", None, _SHIFT_LIMITS),
    "SWE_asagi_limited_l2": Source("data.yaml", None, _SHIFT_LIMITS),
}


def is_upstream(output_directory: str) -> bool:
    """Tell whether a specfile's ``paths.output_directory`` is that of one of upstream's levels."""
    return _last_part(output_directory) in _UPSTREAM


def source_for(output_directory: str) -> Source:
    """Source that belongs to a specfile's ``paths.output_directory``.

    Upstream compiles the choice into one executable per level; the directory's name is what tells
    its specfiles apart. All others read ``data.yaml``.

    Examples
    --------
    >>> source_for("ApplicationExamples/SWE/SWE_asagi_limited_l0").constant_bathymetry
    -4.95
    >>> source_for("ApplicationExamples/SWE/exacouple").yaml
    'data.yaml'
    """
    return _UPSTREAM.get(_last_part(output_directory), Source("data.yaml"))


def _last_part(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def read_shift(environment: Mapping[str, str] = os.environ) -> tuple[float, float]:
    """Shift (x, y) of the displacement, from the first two numbers in ``${SHARED_DIR}inputs.txt``.

    ``SHARED_DIR`` is put before the name as it stands, without a slash. As upstream, no such file
    means no shift. Unlike upstream, an unset ``SHARED_DIR`` means no shift either: upstream then
    looks into the system's temporary folder, where anybody's file may lie.

    Raises
    ------
    UsageError
        The file does not start with two finite numbers.
    ExacoupleError
        The file cannot be read.
    """
    prefix = environment.get("SHARED_DIR")
    if prefix is None:
        return 0.0, 0.0
    path = f"{prefix}inputs.txt"
    try:
        words = Path(path).read_text(encoding="utf-8").split()
    except FileNotFoundError:
        _log.info("no %s: displacement not shifted", path)
        return 0.0, 0.0
    except (OSError, UnicodeDecodeError) as exc:
        raise ExacoupleError(f"cannot read {path}: {exc}") from exc
    try:
        x, y = (float(word) for word in words[:2])
    except ValueError as exc:
        raise UsageError(f"{path}: must start with two numbers, got {words[:2]}") from exc
    if not (math.isfinite(x) and math.isfinite(y)):
        raise UsageError(f"{path}: must start with two finite numbers, got {words[:2]}")
    _log.info("%s: displacement shifted by %g and %g", path, x, y)
    return x, y


class Scenario:
    """Initial state over a mesh.

    Parameters
    ----------
    source
        Files and constants.
    mesh
        Domain in which values are needed.
    directory
        Folder with the easi file.
    shift
        Shift (x, y) of the displacement, specfile's length unit.
    motion
        Displacement in time, shifted already; what it is at t = 0 takes the place of the easi
        file's d.

    Raises
    ------
    UsageError
        The shift is not allowed, or the easi file is wrong.
    ExacoupleError
        A file cannot be read or does not fit the mesh.
    """

    def __init__(
        self,
        source: Source,
        mesh: Mesh,
        directory: Path,
        *,
        shift: tuple[float, float] = (0.0, 0.0),
        motion: Motion | None = None,
    ) -> None:
        for axis, value, limits in zip("xy", shift, source.shift_limits or (), strict=False):
            if not limits[0] <= value <= limits[1]:
                raise UsageError(
                    f"shift of the displacement along {axis} must be {limits[0]:g} to "
                    f"{limits[1]:g}, got {value:g} in ${{SHARED_DIR}}inputs.txt"
                )
        self._source, self._shift, self.motion = source, shift, motion
        domain = ((mesh.x0, mesh.x1), (mesh.y0, mesh.y1))
        moved = (
            (mesh.x0 - shift[0], mesh.x1 - shift[0]),
            (mesh.y0 - shift[1], mesh.y1 - shift[1]),
        )
        boxes = {"d": moved} if motion is None else {}
        if source.constant_bathymetry is None:
            boxes["b"] = domain
        self._model = Model(directory / source.yaml, boxes)

    def __call__(self, x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        """Give h, hu, hv and b at points, all shaped like `x`.

        Raises
        ------
        ExacoupleError
            If a value is not finite.
        """
        if self._source.constant_bathymetry is None:
            bathymetry = self._model.evaluate("b", x, y)
        else:
            bathymetry = np.full(x.shape, self._source.constant_bathymetry)
        if self.motion is None:
            displacement = self._model.evaluate("d", x - self._shift[0], y - self._shift[1])
        else:
            displacement = self.motion.at(0.0, x, y)
        bottom = bathymetry + displacement
        if not np.isfinite(bottom).all():
            first = np.unravel_index(int(np.argmin(np.isfinite(bottom))), bottom.shape)
            raise ExacoupleError(
                f"{self._model.path}: sea floor is not finite at x {x[first]:g}, y {y[first]:g}"
            )
        return np.maximum(0.0, -bathymetry), np.zeros_like(x), np.zeros_like(x), bottom
