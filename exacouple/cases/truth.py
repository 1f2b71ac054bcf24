"""What an engine will make of a case's specfile: cells, cell size, time step, number of steps.

It is worked out from the files that the engine reads, not from what was asked for.
"""

import json
import math
from dataclasses import dataclass

from exacouple.cases.case import Case
from exacouple.cases.mesh import MeshPlan, cells_of_box, deepest_water, time_step
from exacouple.errors import ExacoupleError

_METRES = {"km": 1000.0, "m": 1.0}


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
        return (
            f"{self.mesh.cells[0]} x {self.mesh.cells[1]} cells ({self.mesh.origin}) of "
            f"{self.mesh.cell_size_m / 1e3:.2f} km, order {self.order}, time step "
            f"{self.time_step_s:.3g} s, {self.steps} steps to {self.end_time_s:g} s"
        )


def mesh_truth(case: Case) -> MeshTruth:
    """Work out mesh and time step of a case.

    Raises
    ------
    ExacoupleError
        Specfile or bathymetry cannot be read, or lack what is needed.
    """
    path = case.path / str(case.manifest["specfile"])
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        domain, solver = document["computational_domain"], document["solvers"][0]
        unit = _METRES[case.manifest["units"]["specfile"]]
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
