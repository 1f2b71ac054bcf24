"""What an ExaHyPE 1 executable says of itself with ``--version``."""

import re
from dataclasses import dataclass

from exacouple.cases.application import Application

_EXECUTABLE = re.compile(r"an ExaHyPE executable")
_ORDER = re.compile(r"\bOrder=(\d+)")
_DIMENSIONS = re.compile(r"^Dimensions:\s+(\d+)", re.MULTILINE)
_MPI = re.compile(r"^MPI Support:\s+(\w+)", re.MULTILINE | re.IGNORECASE)
_SOLVER = re.compile(r"^Solver\[0\]\.class:\s+(\w+)::(\w+)", re.MULTILINE)
_PLOTTER = re.compile(r"Solver\[0\]\.Plotter\[\d+\]:\s+\w+::(\w+)")


@dataclass(frozen=True)
class BuildInfo:
    """What is compiled in; None and empty where the executable does not say.

    Attributes
    ----------
    is_exahype
        It calls itself an ExaHyPE executable.
    order, dimensions, mpi, project, solver, plotters
        Polynomial order, space dimensions, MPI support, names.
    """

    is_exahype: bool
    order: int | None
    dimensions: int | None
    mpi: bool | None
    project: str | None
    solver: str | None
    plotters: tuple[str, ...]


def read_build_info(text: str) -> BuildInfo:
    """Read the answer to ``--version``."""
    order, dimensions = _ORDER.search(text), _DIMENSIONS.search(text)
    mpi, solver = _MPI.search(text), _SOLVER.search(text)
    return BuildInfo(
        is_exahype=bool(_EXECUTABLE.search(text)),
        order=int(order[1]) if order else None,
        dimensions=int(dimensions[1]) if dimensions else None,
        mpi=mpi[1].lower() == "yes" if mpi else None,
        project=solver[1] if solver else None,
        solver=solver[2] if solver else None,
        plotters=tuple(_PLOTTER.findall(text)),
    )


def contradictions(info: BuildInfo, application: Application) -> list[str]:
    """Return where a profile says something else than the executable, and what to change."""
    found = []
    if info.dimensions not in (None, 2):
        found.append(f"it is compiled for {info.dimensions} dimensions: build it for 2")
    if info.order not in (None, application.order):
        found.append(
            f"it is compiled with order {info.order}, the profile says {application.order}: "
            f"set application.order = {info.order}"
        )
    for key, there, said in (
        ("project", info.project, application.project),
        ("solver", info.solver, application.solver),
    ):
        if there not in (None, said):
            found.append(
                f"its {key} is {there}, the profile says {said}: set application.{key} = '{there}'"
            )
    names = tuple(plotter.name for plotter in application.plotters)
    if info.plotters and len(info.plotters) != len(names):
        found.append(
            f"it is compiled with {len(info.plotters)} plotters ({', '.join(info.plotters)}), the "
            f"profile says {len(names)} ({', '.join(names)}): set application.plotters"
        )
    elif info.plotters and info.plotters != names:
        found.append(
            f"its plotters are {', '.join(info.plotters)}, the profile says {', '.join(names)}: "
            "set application.plotters in that order"
        )
    return found
