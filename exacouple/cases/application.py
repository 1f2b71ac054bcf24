"""What is compiled into a user's ExaHyPE 1 executable, and what is told by the specfile.

ExaHyPE itself checks almost none of this: another order is ignored, another domain leaves the
limiter at the old edges, and columns that the probe writer does not fill hold memory rubbish.
"""

import math
import re
from dataclasses import dataclass
from typing import Literal

PROBE = "probe::ascii"
SOLUTION = ("h", "hu", "hv", "b", "eta")
"""Columns that a probe writer may fill: depth, discharges, sea floor, water height h + b."""

TIME_COLUMNS = ("plot-time", "real-time")
"""What stands before them in each row of a probe file."""

METRES = {"km": 1000.0, "m": 1.0}
"""Length units of specfiles and probe files, and their size in metres."""

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Plotter:
    """A plotter that is compiled in; its place in the list is what counts."""

    name: str
    type: str = PROBE

    @property
    def is_probe(self) -> bool:
        """Whether it can record a buoy."""
        return self.type == PROBE


@dataclass(frozen=True)
class Application:
    """An ExaHyPE 1 shallow-water application as it was compiled.

    Attributes
    ----------
    title
        One line for people.
    output_directory
        ``paths.output_directory`` of the specfile that it was generated from.
    order
        Polynomial order.
    plotters
        In the order of that specfile. The specfile of a case must have exactly as many.
    any_probes
        It takes any number of buoys from the specfile, whatever the number of plotters.
    writes
        What the probe writers fill, in this order; empty if they fill nothing.
    project, solver
        Names that it was generated with.
    length_unit
        Unit of length of specfile, easi file and probe files.
    easi_file
        Name of the easi file that it opens, in the working directory; empty if it uses none.
    shift_file
        File with two numbers that shift the displacement, found through the variable
        ``SHARED_DIR``; empty if it reads none.
    probes_folder
        Folder of the probe files, in the working directory.
    outside_cells
        "any": the specfile chooses how many cells of ExaHyPE's box lie outside the domain, so that
        every number of cells is reachable; "one": one per side, so that only 3^k - 2 cells are.
    domain_km
        x and y of the lower left corner, width and height, if the domain is compiled in.
    gravity, dry_tolerance_m, boundary
        If compiled in; otherwise the specfile tells them (``solvers[0].parameters``).
    bathymetry_m
        Elevation of a flat sea floor that is compiled in, instead of the bathymetry of the case.
    limiter
        "everywhere": every cell is limited in every step, which is a first-order scheme;
        "edges": the cells at the edges of the domain; "needed": where the water is shallow or the
        solution is not admissible.
    single_rank
        It crashes with two or more MPI ranks.
    fv_scheme, dmp_observables
        Limiter settings of the specfile that it was generated from.
    """

    title: str
    output_directory: str
    order: int
    plotters: tuple[Plotter, ...]
    any_probes: bool = False
    writes: tuple[Literal["h", "hu", "hv", "b", "eta"], ...] = ()
    project: str = "SWE"
    solver: str = "MySWESolver"
    length_unit: Literal["km", "m"] = "km"
    easi_file: str = "data.yaml"
    shift_file: str = ""
    probes_folder: str = "probes"
    outside_cells: Literal["any", "one"] = "any"
    domain_km: tuple[float, float, float, float] | None = None
    gravity: float | None = None
    dry_tolerance_m: float | None = None
    boundary: Literal["outflow", "wall"] | None = None
    bathymetry_m: float | None = None
    limiter: Literal["everywhere", "edges", "needed"] = "needed"
    single_rank: bool = False
    fv_scheme: Literal["godunov", "musclhancock"] = "musclhancock"
    dmp_observables: int = 4

    def __post_init__(self) -> None:
        if self.order < 1:
            raise ValueError(f"order {self.order} must be 1 or more")
        if not any(plotter.is_probe for plotter in self.plotters):
            raise ValueError(f"plotters: none is of type {PROBE}, so no buoy can be recorded")
        if len(set(self.writes)) < len(self.writes):
            raise ValueError(f"writes {list(self.writes)}: a column is named twice")
        for name in ("easi_file", "shift_file", "probes_folder"):
            _check_plain(name, getattr(self, name))
        if not self.probes_folder:
            raise ValueError("probes_folder: give a folder: ExaHyPE writes no probes without one")

    @property
    def probes(self) -> float:
        """Number of buoys that it can record."""
        return math.inf if self.any_probes else sum(plotter.is_probe for plotter in self.plotters)

    @property
    def metres(self) -> float:
        """Its unit of length in metres."""
        return METRES[self.length_unit]


def _check_plain(name: str, text: str) -> None:
    if text and not _PLAIN.fullmatch(text):
        raise ValueError(f"{name} '{text}': give a plain name in the case directory")
