"""Read the probe files of a case by its manifest."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from exacouple.cases import Case
from exacouple.errors import ExacoupleError
from exacouple.gauge import Gauge
from exacouple.probes.dialects import find_gauge_files, read_probe
from exacouple.probes.places import nearest_gauge
from exacouple.probes.tracers import read_tracers


def find_probe_files(directory: Path, buoy: str) -> list[Path]:
    """List the files of one buoy: ``<buoy>.probe`` and ``<buoy>-rank-<R>.probe``.

    The tracer files of ExaHyPE 2, ``<name>-rank-<R>.csv``, are of all buoys.
    """
    tracers = r".+-rank-\d+(-snapshot-\d+)?\.csv"
    name = re.compile(re.escape(buoy) + r"(-rank-\d+)?\.probe|" + tracers)
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if name.fullmatch(path.name))


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
    probes = CaseProbes(case.path, case.manifest)
    ids = [str(buoy["id"]) for buoy in case.manifest["buoys"]]
    gauges = {buoy: probes.gauge(buoy) for buoy in ids}
    return {buoy: gauge for buoy, gauge in gauges.items() if gauge is not None}


class CaseProbes:
    """The probe files of a case, each read when its buoy is asked for.

    Those of ExaHyPE 2, which hold all buoys, are read once.

    Parameters
    ----------
    case_dir : Path
        Case directory.
    manifest : Mapping
        Content of its ``case.json``.
    """

    def __init__(self, case_dir: Path, manifest: Mapping[str, Any]) -> None:
        self._case_dir = case_dir
        self._manifest = manifest

    def gauge(self, buoy_id: str) -> Gauge | None:
        """Read the gauge of a buoy; None where there is no probe file.

        Raises
        ------
        ExacoupleError
            The manifest does not describe the probe files, or a file makes no sense.
        """
        directory, form = self._form
        if self._manifest["probes"].get("dialect", "exahype1") == "exahype2":
            return self._tracer(buoy_id)
        files = find_probe_files(directory, buoy_id)
        return read_probe(files, gauge_id=buoy_id, **form) if files else None

    @cached_property
    def _form(self) -> tuple[Path, dict[str, Any]]:
        """Directory of the files, their columns and their unit."""
        try:
            probes, unit = self._manifest["probes"], self._manifest["units"]["probes"]
            directory = self._case_dir / probes["directory"]
            return directory, {"columns": probes["columns"], "length_unit": unit}
        except (KeyError, TypeError) as exc:
            raise ExacoupleError(
                f"{self._case_dir / 'case.json'} does not say how its probe files are made: it "
                "needs probes.directory, probes.columns and units.probes; prepare the case again"
            ) from exc

    def _tracer(self, buoy_id: str) -> Gauge | None:
        """Find the gauge of a buoy among the tracers of ExaHyPE 2, by position."""
        buoy = next(entry for entry in self._manifest["buoys"] if str(entry["id"]) == buoy_id)
        x_m, y_m = float(buoy["x_m"]), float(buoy["y_m"])
        crs = str(self._manifest["projection"])
        found = nearest_gauge(self._tracers, buoy_id, x_m, y_m, crs)
        return None if found is None else replace(found[0], id=buoy_id)

    @cached_property
    def _tracers(self) -> list[Gauge]:
        directory, form = self._form
        files = find_gauge_files(directory).get("exahype2", [])
        x, y = self._manifest["probes"].get("origin_m", (0.0, 0.0))
        return read_tracers(files, origin_m=(float(x), float(y)), **form) if files else []
