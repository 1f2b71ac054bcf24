"""Write all results of comparisons into one directory: numbers, waveforms and figures.

``metrics.json`` and ``metrics.csv`` hold all scores. ``waveforms.nc`` and the figures stand beside
them, or in one folder for each region where there are several.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exacouple.atomic import atomic_directory, write_json
from exacouple.errors import UsageError
from exacouple.progress import SILENT, Task
from exacouple.waveforms.comparison import Comparison
from exacouple.waveforms.export import (
    DEFINITIONS,
    SCHEMA,
    to_json,
    write_csv,
    write_waveforms,
)
from exacouple.waveforms.foreign import ForeignRun

METRICS = "metrics.json"
TABLE = "metrics.csv"
WAVEFORMS = "waveforms.nc"


def write_report(
    comparisons: Sequence[Comparison],
    out: str | Path,
    *,
    force: bool = False,
    progress: Task = SILENT,
) -> dict[str, Any]:
    """Write tables, waveforms and figures of comparisons, all of them or nothing.

    Parameters
    ----------
    comparisons : sequence of Comparison
        One for each region.
    out : str or Path
        Directory. One that an earlier comparison wrote is replaced; with other files in it, only
        if `force` is set. A directory without ``metrics.json`` is never replaced unless empty.
    force : bool
        Replace also what else was put into an earlier comparison's directory.
    progress : Task, optional
        Told what is being drawn.

    Returns
    -------
    dict
        What ``metrics.json`` holds.

    Raises
    ------
    UsageError
        `out` may not be replaced.
    ExacoupleError
        `out` cannot be written.
    """
    out = Path(out)
    foreign = foreign_files(out)
    if foreign and not force:
        raise UsageError(
            f"{out} holds what compare did not write ({', '.join(foreign[:3])}"
            f"{', ...' if len(foreign) > 3 else ''}): choose another --out, or move it away"
        )
    with atomic_directory(out, force=True, marker=METRICS) as directory:
        for comparison in comparisons:
            folder = directory / comparison.region if len(comparisons) > 1 else directory
            folder.mkdir(exist_ok=True)
            _write_region(comparison, folder, progress)
        write_csv(directory / TABLE, comparisons)
        files = sorted(
            path.relative_to(directory).as_posix()
            for path in directory.rglob("*")
            if path.is_file()
        )
        result = {
            "schema": SCHEMA,
            "definitions": DEFINITIONS,
            "comparisons": [to_json(comparison) for comparison in comparisons],
            "files": [METRICS, *files],
        }
        write_json(directory / METRICS, result)
    return result


def foreign_files(out: Path) -> list[str]:
    """Return what is in a directory that no comparison wrote."""
    if not out.is_dir():
        return []
    found = [path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()]
    try:
        marker = json.loads((out / METRICS).read_text(encoding="utf-8"))
        own = set(marker["files"]) if marker["schema"] == SCHEMA else set()
    except (OSError, ValueError, KeyError, TypeError):
        own = set()
    return sorted(set(found) - own)


def _write_region(comparison: Comparison, folder: Path, progress: Task) -> None:
    from exacouple.waveforms.maps import plot_bathymetry, plot_displacement
    from exacouple.waveforms.plots import plot_waveforms

    progress.update(description="writing the waveforms")
    write_waveforms(folder / WAVEFORMS, comparison)
    progress.update(description="drawing the waveforms")
    plot_waveforms(comparison, comparison.buoys, folder / "waveforms.png")
    if len(comparison.buoys) > 1:
        for buoy in comparison.buoys:
            plot_waveforms(comparison, [buoy], folder / f"waveforms-{_name(buoy.id)}.png")
    progress.update(description="drawing the maps")
    for run in comparison.runs:
        if isinstance(run.case, ForeignRun):
            continue
        plot_bathymetry(comparison, run, folder / f"bathymetry-{_name(run.label)}.png")
    plot_displacement(comparison, folder / "displacement.png")


def _name(label: str) -> str:
    return re.sub(r"[^\w.-]+", "-", label).strip("-")
