"""What an engine will make of a case's specfile: cells, cell size, time step, number of steps.

It is worked out from the files that the engine reads, not from what was asked for.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exacouple.cases.application import METRES
from exacouple.cases.case import Case
from exacouple.cases.exahype2 import ORDER, compiled_volumes, volume_step
from exacouple.cases.mesh import MeshPlan, cells_of_box, deepest_water, time_step
from exacouple.errors import ExacoupleError


@dataclass(frozen=True)
class MeshTruth:
    """Mesh and time step of a case.

    Attributes
    ----------
    mesh
        Cells and their size.
    order
        Polynomial order in the specfile.
    unit_m
        Length unit of the specfile in metres.
    time_step_s, steps
        First time step, and the number of such steps to the end.
    end_time_s
        Simulated time.
    """

    mesh: MeshPlan
    order: int
    unit_m: float
    time_step_s: float
    steps: int
    end_time_s: float

    def __str__(self) -> str:
        """Return it as one line."""
        kind = f"cells ({self.mesh.origin})" if self.order else "finite volumes"
        order = f", order {self.order}" if self.order else ""
        return (
            f"{self.mesh.cells[0]} x {self.mesh.cells[1]} {kind} of "
            f"{self.mesh.cell_size_m / 1e3:.2f} km{order}, time step "
            f"{self.time_step_s:.3g} s, {self.steps} steps to {self.end_time_s:g} s"
        )


def mesh_truth(case: Case) -> MeshTruth:
    """Work out mesh and time step of a case.

    Raises
    ------
    ExacoupleError
        Specfile or bathymetry cannot be read, or lack what is needed.
    """
    target = case.manifest.get("target") or {}
    if target.get("engine") == "exahype2":
        return _volumes(case, target["application"])
    path = case.path / str(case.manifest["specfile"])
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        domain, solver = document["computational_domain"], document["solvers"][0]
        unit = METRES[case.manifest["units"]["specfile"]]
        width, corner = (
            [float(edge) * unit for edge in domain[key]] for key in ("width", "offset")
        )
        mesh = cells_of_box(
            (width[0] / 1e3, width[1] / 1e3),
            float(solver["maximum_mesh_size"]) * unit / 1e3,
            int(domain.get("outside_cells_left", 1)),
            int(domain.get("outside_cells_right", 1)),
        )
        order, end_time = int(solver["order"]), float(domain["end_time"])
        gravity = float(case.manifest["region_config"]["simulation"]["gravity"])
    except OSError as exc:
        raise ExacoupleError(f"cannot read {path}: {exc.strerror or exc}") from exc
    except (KeyError, IndexError, TypeError, ValueError) as exc:
        raise ExacoupleError(f"{path} does not say which mesh it is for ({exc!r})") from exc
    deepest = deepest_water(case.bathymetry(), (corner[0], corner[1]), mesh, order)
    if not deepest > 0.0:
        raise ExacoupleError(f"{case.path}: there is no water in the domain")
    step = time_step(mesh.cell_size_m, deepest, gravity, order)
    return MeshTruth(mesh, order, unit, step, math.ceil(end_time / step), end_time)


def _volumes(case: Case, application: Mapping[str, Any]) -> MeshTruth:
    """Return the finite volumes of a case of ExaHyPE 2, by its manifest."""
    manifest = case.manifest
    domain = manifest["region_config"]["domain"]
    volumes = int(manifest["mesh"]["cells"][0])
    mesh = compiled_volumes(float(domain["width_km"][0]), volumes)
    corner = (1e3 * float(domain["offset_km"][0]), 1e3 * float(domain["offset_km"][1]))
    deepest = deepest_water(case.bathymetry(), corner, mesh, ORDER)
    if not deepest > 0.0:
        raise ExacoupleError(f"{case.path}: there is no water in the domain")
    gravity = float(manifest["region_config"]["simulation"]["gravity"])
    relaxation = float(application["time_step_relaxation"])
    step = volume_step(relaxation, mesh.cell_size_m, deepest, gravity)
    end = float(manifest["end_time_s"])
    return MeshTruth(mesh, ORDER, 1.0, step, math.ceil(end / step), end)
