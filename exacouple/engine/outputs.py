"""All files that a run writes besides its log: probes, peaks, maxima and snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, cast

from numpy.typing import NDArray

from exacouple.engine.mesh import Mesh
from exacouple.engine.peakfiles import peak_files
from exacouple.engine.plotters import VtkPlotter
from exacouple.engine.probewriter import ProbeSet
from exacouple.engine.specfile import Specfile

if TYPE_CHECKING:
    import numpy as np

    from exacouple.engine.extremes import Extremes
    from exacouple.engine.simulation import Solver
    from exacouple.engine.solver import Solver as AderDgSolver

    State = dict[str, NDArray[np.float64]]

_PROBES, _MAXIMA, _SNAPSHOTS, _VTK, _PEAK = "probes", "maxima", "snapshots", "vtk{}", "peak{}"


class _Field(Protocol):
    """An output that needs the solution of the whole domain."""

    def record(self, solver: AderDgSolver) -> None: ...

    def state(self) -> State: ...

    def restore(self, state: Mapping[str, NDArray[np.float64]]) -> None: ...


class Outputs:
    """Outputs of a run, as a context manager that closes its files.

    Parameters
    ----------
    spec, mesh
        What to write, on which cells.
    kept
        States of an earlier run to go on from, as from `state`; None starts all files anew.

    Raises
    ------
    ExacoupleError
        A file cannot be written, or is not what the earlier run left.
    """

    def __init__(self, spec: Specfile, mesh: Mesh, kept: Mapping[str, State] | None = None) -> None:
        self._spec = spec
        self._fields = _make_fields(spec, mesh)
        for name, output in self._fields.items():
            if kept is not None:
                output.restore(kept[name])
        self._probes = ProbeSet(spec.probes, None if kept is None else kept.get(_PROBES, {}))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._probes.close()

    def record(self, solver: Solver) -> None:
        """Take the solution after a step, or at the start."""
        self._probes.record(solver.time, solver.sample)
        for output in self._fields.values():
            output.record(cast("AderDgSolver", solver))

    def state(self) -> dict[str, State]:
        """Where all outputs stand."""
        fields = {name: output.state() for name, output in self._fields.items()}
        return {_PROBES: self._probes.state(), **fields}

    def write_maxima(self) -> None:
        """Write the file of maxima as they are now."""
        if _MAXIMA in self._fields:
            cast("Extremes", self._fields[_MAXIMA]).write(Path(self._spec.parameters.maxima))

    def finish(self, time: float) -> None:
        """Write what is still to be written at the end of the run, reached at `time`."""
        end = self._spec.end_time
        self._probes.finish(time if end is None else end)
        self.write_maxima()


def _make_fields(spec: Specfile, mesh: Mesh) -> dict[str, _Field]:
    parameters, plotters = spec.parameters, spec.plotters.vtk
    fields: dict[str, _Field] = {}
    if parameters.maxima or parameters.snapshots:
        from exacouple.engine.cf import Axes

        axes = Axes(parameters.metres or 1.0, parameters.event_origin, parameters.projection)
    if parameters.maxima:
        from exacouple.engine.extremes import Extremes

        fields[_MAXIMA] = Extremes(mesh, axes, parameters.wet_depth)
    if parameters.snapshots:
        from exacouple.engine.snapshots import NetcdfSnapshots

        path, every = Path(parameters.snapshots), parameters.snapshots_every
        fields[_SNAPSHOTS] = NetcdfSnapshots(path, every, axes, parameters.wet_depth)
    fields |= {_VTK.format(number): _vtk(plotter) for number, plotter in enumerate(plotters)}
    peaks = peak_files(spec.output_directory, spec.probes)
    fields |= {_PEAK.format(number): file for number, file in enumerate(peaks)}
    return fields


def _vtk(plotter: VtkPlotter) -> _Field:
    from exacouple.engine.vtkwriter import VtkSnapshots

    return VtkSnapshots(plotter)
