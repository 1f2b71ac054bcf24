"""Snapshots for ParaView: VTK image data in XML (``.vti``), and a ``.pvd`` list of their times.

The format is that of "VTK XML file formats" (Kitware): compressed arrays are base64 text of a head
(number of blocks, their size, the size of the last one if it is smaller, compressed sizes) and,
after it, of the zlib blocks one after another.
"""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from exacouple import atomic
from exacouple.engine.fields import NAMES, strip_rows, subcell_strips
from exacouple.engine.plotters import VtkPlotter
from exacouple.engine.schedule import Schedule

if TYPE_CHECKING:
    from exacouple.engine.fields import Solution

Array = NDArray[np.float64]

_LEVEL = 2


class VtkSnapshots:
    """Files ``<output>-<number>.vti``, from 0, and ``<output>.pvd``.

    Cell data are the averages over the subcells of h, hu, hv, b and, for five variables, eta = h +
    b, as float32, in the units of the specfile.

    Parameters
    ----------
    plotter
        Names, variables, times and format.
    """

    def __init__(self, plotter: VtkPlotter) -> None:
        self._plotter = plotter
        self._schedule = Schedule(plotter.start, plotter.repeat)
        self._times: list[float] = []

    def record(self, solver: Solution) -> None:
        """Take a snapshot if one is due.

        Raises
        ------
        ExacoupleError
            A file cannot be written.
        """
        if not self._schedule.take(solver.time):
            return
        output = self._plotter.output
        with atomic.atomic_file(f"{output}-{len(self._times)}.vti", force=True) as temporary:
            write_image(
                temporary, solver, NAMES[: self._plotter.variables], text=self._plotter.text
            )
        self._times.append(solver.time)
        atomic.write_text(f"{output}.pvd", self._collection(), force=True)

    def state(self) -> dict[str, Array]:
        """Times of the snapshots and the next time, for `restore`."""
        return {"times": np.array(self._times), "due": np.array(self._schedule.due)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from the `state` of an earlier run."""
        self._times = state["times"].tolist()
        self._schedule.due = float(state["due"])

    def _collection(self) -> str:
        name = Path(self._plotter.output).name
        sets = [
            f'    <DataSet timestep="{time!r}" part="0" file={quoteattr(f"{name}-{number}.vti")}/>'
            for number, time in enumerate(self._times)
        ]
        return "\n".join(
            [
                '<?xml version="1.0"?>',
                '<VTKFile type="Collection" version="0.1" byte_order="LittleEndian">',
                "  <Collection>",
                *sets,
                "  </Collection>",
                "</VTKFile>",
                "",
            ]
        )


def write_image(path: Path, solver: Solution, names: tuple[str, ...], *, text: bool) -> None:
    """Write the current solution as VTK image data.

    Parameters
    ----------
    path
        File to write.
    solver
        Gives mesh, time and solution.
    names
        First of `exacouple.engine.fields.NAMES`.
    text
        Write numbers as text; else base64 of zlib blocks, one for each strip of rows.
    """
    mesh, m = solver.mesh, solver.basis.subcells
    columns, rows, width = mesh.nx * m, mesh.ny * m, mesh.dx / m
    extent = f"0 {columns} 0 {rows} 0 0"
    grid = f'Origin="{mesh.x0!r} {mesh.y0!r} 0" Spacing="{width!r} {width!r} 1"'
    compressor = "" if text else ' compressor="vtkZLibDataCompressor"'
    start = f"""<?xml version="1.0"?>
<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64"{compressor}>
  <ImageData WholeExtent="{extent}" {grid}>
    <FieldData>
      <DataArray type="Float64" Name="TimeValue" NumberOfTuples="1" format="ascii">
        {solver.time!r}
      </DataArray>
    </FieldData>
    <Piece Extent="{extent}">
      <CellData Scalars="{names[-1]}">
"""
    with open(path, "wb") as stream:
        stream.write(start.encode())
        for number, name in enumerate(names):
            form = "ascii" if text else "binary"
            head = f'        <DataArray type="Float32" Name="{name}" format="{form}">\n'
            stream.write(head.encode())
            if text:
                for _, strip in subcell_strips(solver):
                    np.savetxt(stream, strip[number].astype(np.float32), fmt="%.9g")
            else:
                _write_blocks(stream, solver, number)
            stream.write(b"\n        </DataArray>\n")
        stream.write(b"      </CellData>\n    </Piece>\n  </ImageData>\n</VTKFile>\n")


def _write_blocks(stream: BinaryIO, solver: Solution, number: int) -> None:
    """Write one field; the sizes in the head are filled in when they are known."""
    m = solver.basis.subcells
    columns, rows = solver.mesh.nx * m, solver.mesh.ny * m
    block = strip_rows(solver)
    count = math.ceil(rows / block)
    at = stream.tell()
    stream.write(b" " * len(base64.b64encode(bytes(8 * (3 + count)))))
    sizes, rest = [], b""
    for _, strip in subcell_strips(solver):
        packed = zlib.compress(strip[number].astype("<f4").tobytes(), _LEVEL)
        sizes.append(len(packed))
        rest += packed
        whole = len(rest) // 3 * 3
        stream.write(base64.b64encode(rest[:whole]))
        rest = rest[whole:]
    stream.write(base64.b64encode(rest))
    end = stream.tell()
    stream.seek(at)
    head = [count, 4 * columns * block, 4 * columns * (rows % block), *sizes]
    stream.write(base64.b64encode(np.array(head, dtype="<u8").tobytes()))
    stream.seek(end)
