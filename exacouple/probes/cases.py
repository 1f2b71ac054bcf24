"""Read the probe files of a case by its manifest."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from exacouple.cases import Case
from exacouple.errors import ExacoupleError
from exacouple.gauge import Gauge
from exacouple.launch.probefiles import find_probe_files
from exacouple.probes.dialects import find_gauge_files, read_probe
from exacouple.probes.places import nearest_gauge
from exacouple.probes.tracers import read_tracers


def read_case_probes(case_dir: str | Path) -> dict[str, Gauge]:
    """Read the probe files of a case by its manifest ``case.json``.

    Parameters
    ----------
    case_dir : str or Path
        Case directory; the manifest gives buoys, unit, columns and the folder of the files.

    Returns
    -------
    dict of str to Gauge
        By buoy id, in the order of the manifest; buoys without a file are left out.

    Raises
    ------
    UsageError
        The directory is no case.
    ExacoupleError
        The manifest or a probe file cannot be read or makes no sense.
    """
    case = Case.open(case_dir)
    ids = [str(buoy["id"]) for buoy in case.manifest["buoys"]]
    gauges = {buoy: read_case_probe(case.path, case.manifest, buoy) for buoy in ids}
    return {buoy: gauge for buoy, gauge in gauges.items() if gauge is not None}


def read_case_probe(case_dir: Path, manifest: Mapping[str, Any], gauge_id: str) -> Gauge | None:
    """Read one gauge of a case whose manifest is known; None where there is no probe file.

    Raises
    ------
    ExacoupleError
        The manifest does not describe the probe files, or a file makes no sense.
    """
    try:
        directory = case_dir / manifest["probes"]["directory"]
        columns = manifest["probes"]["columns"]
        unit = manifest["units"]["probes"]
    except (KeyError, TypeError) as exc:
        raise ExacoupleError(
            f"{case_dir / 'case.json'} does not say how its probe files are made: it needs "
            "probes.directory, probes.columns and units.probes; prepare the case again"
        ) from exc
    if manifest["probes"].get("dialect", "exahype1") == "exahype2":
        return _tracer(directory, manifest, gauge_id)
    files = find_probe_files(directory, gauge_id)
    if not files:
        return None
    return read_probe(files, length_unit=unit, columns=columns, gauge_id=gauge_id)


def _tracer(directory: Path, manifest: Mapping[str, Any], gauge_id: str) -> Gauge | None:
    """Find the gauge of a buoy among the tracers of ExaHyPE 2, by position."""
    files = find_gauge_files(directory).get("exahype2", [])
    if not files:
        return None
    probes = manifest["probes"]
    x, y = probes.get("origin_m", (0.0, 0.0))
    gauges = read_tracers(
        files,
        length_unit=manifest["units"]["probes"],
        columns=probes["columns"],
        origin_m=(float(x), float(y)),
    )
    buoy = next(entry for entry in manifest["buoys"] if str(entry["id"]) == gauge_id)
    x_m, y_m = float(buoy["x_m"]), float(buoy["y_m"])
    found = nearest_gauge(gauges, gauge_id, x_m, y_m, str(manifest["projection"]))
    return None if found is None else replace(found[0], id=gauge_id)
