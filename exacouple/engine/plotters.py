"""What the plotters of a specfile ask for: probe files, and snapshots of the whole domain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from exacouple.config import build
from exacouple.engine import sections
from exacouple.engine.checks import Refusal, check_name
from exacouple.errors import UsageError

PROBE_VARIABLES = (0, 4, 5)
FIELD_VARIABLES = (4, 5)
DIGITS = (6, 17)

_FIELDS = re.compile(r"vt[ku]::Cartesian::cells::(?:limited::)?(ascii|binary)")


@dataclass(frozen=True)
class Probe:
    """A ``probe::ascii`` plotter.

    Attributes
    ----------
    name, output
        Name of the plotter; path of its file without ``-rank-0.probe``.
    x, y
        Position, specfile's length unit.
    variables
        Number of solution columns: 0, 4 (h, hu, hv, b) or 5 (and h + b).
    start, repeat
        Time of the first row and least time between rows, s.
    precision
        Significant digits of all numbers: 6 as ExaHyPE, up to 17, which lose nothing.
    exact_times
        Rows at ``start``, ``start + repeat``, ... themselves instead of at time steps.
    """

    name: str
    output: str
    x: float
    y: float
    variables: int
    start: float
    repeat: float
    precision: int = 6
    exact_times: bool = False


@dataclass(frozen=True)
class ProbeParameters:
    """The free ``parameters`` of a ``probe::ascii`` plotter, see `Probe`."""

    precision: int = 6
    exact_times: bool = False

    def __post_init__(self) -> None:
        if not DIGITS[0] <= self.precision <= DIGITS[1]:
            raise UsageError(
                f"precision must be {DIGITS[0]} to {DIGITS[1]} digits, got {self.precision}"
            )


@dataclass(frozen=True)
class VtkPlotter:
    """A plotter that writes the domain for ParaView.

    Attributes
    ----------
    name, output
        Name of the plotter; start of the names of its files.
    variables
        4 (h, hu, hv, b) or 5 (and eta).
    start, repeat
        Time of the first snapshot and least time between two, s.
    text
        Numbers as text instead of compressed.
    """

    name: str
    output: str
    variables: int
    start: float
    repeat: float
    text: bool


@dataclass(frozen=True)
class Plotters:
    """All plotters; `never_due` are the name and first time of those that start after the end."""

    probes: tuple[Probe, ...]
    vtk: tuple[VtkPlotter, ...]
    never_due: tuple[tuple[str, float], ...]


def read_plotters(
    refuse: Refusal, plotters: tuple[sections.Plotter, ...], end_time: float | None
) -> Plotters:
    """Check the plotters of a solver.

    Raises
    ------
    UsageError
        A plotter would write something that is not supported here before `end_time`.
    """
    probes: list[Probe] = []
    vtk: list[VtkPlotter] = []
    never_due: list[tuple[str, float]] = []
    for index, plotter in enumerate(plotters):
        where = f"solvers[0].plotters[{index}]"
        check_name(refuse, f"{where}.name", plotter.name)
        if plotter.repeat <= 0.0:
            raise refuse(f"{where}.repeat", f"must be positive, got {plotter.repeat:g}")
        if plotter.time < 0.0:
            raise refuse(f"{where}.time", f"must not be negative, got {plotter.time:g}")
        if plotter.kind == "probe::ascii":
            probes.append(_probe(refuse, where, plotter))
        elif end_time is not None and plotter.time > end_time:
            never_due.append((plotter.name, plotter.time))
        elif _FIELDS.fullmatch(plotter.kind):
            vtk.append(_vtk(refuse, where, plotter))
        elif end_time is not None:
            raise refuse(
                f"{where}.type",
                f"'{plotter.kind}' is not supported; before end_time {end_time:g} only "
                "probe::ascii and vtk::Cartesian::cells::ascii or ::binary plotters write, and "
                f"this one starts at {plotter.time:g}",
            )
        else:
            never_due.append((plotter.name, plotter.time))
    outputs = [probe.output for probe in probes] + [plotter.output for plotter in vtk]
    for output in outputs:
        if outputs.count(output) > 1:
            raise refuse("solvers[0].plotters", f"write more than once to '{output}'")
    return Plotters(tuple(probes), tuple(vtk), tuple(never_due))


def _probe(refuse: Refusal, where: str, plotter: sections.Plotter) -> Probe:
    _check_variables(refuse, where, plotter, PROBE_VARIABLES)
    for key in plotter.select:
        if key not in ("x", "y", "z"):
            raise refuse(f"{where}.select", f"has an unknown key '{key}' (allowed: x, y, z)")
    for key in ("x", "y"):
        if key not in plotter.select:
            raise refuse(f"{where}.select", f"must give '{key}', the position of the probe")
    _check_output(refuse, where, plotter)
    parameters: Any = plotter.parameters or {}
    if not isinstance(parameters, dict):
        raise refuse(f"{where}.parameters", f"must be an object, got {parameters!r}")
    options = build(ProbeParameters, parameters, where=f"{refuse.path}: {where}.parameters")
    return Probe(
        name=plotter.name,
        output=plotter.output,
        x=plotter.select["x"],
        y=plotter.select["y"],
        variables=plotter.variables,
        start=plotter.time,
        repeat=plotter.repeat,
        precision=options.precision,
        exact_times=options.exact_times,
    )


def _vtk(refuse: Refusal, where: str, plotter: sections.Plotter) -> VtkPlotter:
    _check_variables(refuse, where, plotter, FIELD_VARIABLES)
    for key in ("select", "parameters"):
        if getattr(plotter, key):
            raise refuse(f"{where}.{key}", "is not supported for snapshots; remove it")
    _check_output(refuse, where, plotter)
    return VtkPlotter(
        name=plotter.name,
        output=plotter.output,
        variables=plotter.variables,
        start=plotter.time,
        repeat=plotter.repeat,
        text=plotter.kind.endswith("ascii"),
    )


def _check_variables(
    refuse: Refusal, where: str, plotter: sections.Plotter, allowed: tuple[int, ...]
) -> None:
    if plotter.variables not in allowed:
        raise refuse(f"{where}.variables", f"must be one of {allowed}, got {plotter.variables}")


def _check_output(refuse: Refusal, where: str, plotter: sections.Plotter) -> None:
    if not plotter.output or plotter.output.endswith("/"):
        raise refuse(f"{where}.output", f"must be the start of a file name: '{plotter.output}'")
