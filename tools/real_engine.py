"""Hold the embedded engine against runs of the real ExaHyPE 1, and print the table of agreement.

    python tools/real_engine.py                      the kept runs of the reference data
    python tools/real_engine.py --case DIR ...       cases that were run on the real engine

The reference data are found through EXACOUPLE_REFERENCE (default ../shared/data). A case is one
that `exacouple run --site` has finished on a build of ExaHyPE; its input files are copied and given
to the embedded engine unchanged. Positive lags: the embedded engine is later. RMSE is taken on a
common axis of 5 s over the record that both cover, relative to the root mean square of ExaHyPE's.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from exacouple.cases import Case
from exacouple.gauge import Gauge
from exacouple.probes import read_case_probes, read_probe
from exacouple.waveforms.scoring import MAX_LAG_S, Score, describe, score

STEP_S = 5.0
ROOT = Path(__file__).resolve().parents[1]

KEPT = {
    "level 0": ("l0_up_v5", "SWE_asagi_limited_l0", 5600.0),
    "level 2": ("l2dg_25_7500", "SWE_asagi_limited_l2", 7500.0),
}
"""Kept runs whose limiter acts where it is needed: folder, level and end time."""

PLACES = {"18": (545.735266126, 62.7164740303), "19": (1050.67821, 798.352124)}

EASI = """\
!AffineMap
matrix: {x: [1000.0, 0.0, 0.0], y: [0.0, 1000.0, 0.0]}
translation: {x: 0.0, y: 0.0}
components:
  !Switch
  [b]:
    !ASAGI
    {file: bathymetry.nc, interpolation: linear, parameters: [b], var: z,
     components: !AffineMap {matrix: {b: [0.001]}, translation: {b: 0.0}}}
  [d]:
    !Any
    components:
      - !AxisAlignedCuboidalDomainFilter
        limits: {x: [-249000.0, 249000.0], y: [-399000.0, 399000.0]}
        components:
          !ASAGI
          {file: displacement.nc, interpolation: linear, parameters: [d], var: z,
           components: !AffineMap {matrix: {d: [0.001]}, translation: {d: 0.0}}}
      - !ConstantMap {map: {d: 0.0}}
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Hold the embedded engine against ExaHyPE 1.")
    parser.add_argument("--case", nargs="+", type=Path, default=[], metavar="DIR")
    cases: list[Path] = parser.parse_args().case
    print(
        "| run | buoy | peak, ExaHyPE | peak, embedded | arrival, ExaHyPE | arrival, embedded "
        "| RMSE / RMS | lag |"
    )
    print("|---" * 8 + "|")
    pairs = map(case_pairs, cases) if cases else (kept_pairs(name) for name in KEPT)
    for name, real, embedded in (pair for found in pairs for pair in found):
        print(row(name, real, embedded), flush=True)


def kept_pairs(name: str) -> Iterator[tuple[str, Gauge, Gauge]]:
    """Run the embedded engine as a kept run was; give label, real and embedded gauge."""
    folder, level, end_time = KEPT[name]
    data = Path(os.environ.get("EXACOUPLE_REFERENCE", ROOT.parent / "shared" / "data"))
    kept = data.parent / "exahype"
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        (place / "bathymetry.nc").symlink_to(kept / "netcdf" / "bathymetry_2km.nc")
        (place / "displacement.nc").symlink_to(data / "tohoku_ucsb3_displacement_2km.nc")
        for file in ("data.yaml", "data_gmt.yaml"):
            (place / file).write_text(EASI)
        (place / "case.exahype2").write_text(json.dumps(specfile(level, end_time)))
        run_embedded(place, "case.exahype2")
        for buoy in PLACES:
            file = f"buoy{buoy}-rank-0.probe"
            real = read_probe(kept / "runs" / folder / file, length_unit="km", gauge_id=buoy)
            own = read_probe(place / "Probes" / file, length_unit="km", gauge_id=buoy)
            yield name, real, own


def case_pairs(directory: Path) -> Iterator[tuple[str, Gauge, Gauge]]:
    """Run the embedded engine on a case that ran on the real one; give label and gauges."""
    case = Case.open(directory)
    case.verify()
    real = read_case_probes(directory)
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        for file in ("case.json", *case.manifest["files"]):
            (place / file).symlink_to((directory / file).resolve())
        (place / str(case.manifest["probes"]["directory"])).mkdir()
        run_embedded(place, str(case.manifest["specfile"]))
        embedded = read_case_probes(place)
    columns, rows = case.manifest["mesh"]["cells"]
    for buoy, gauge in real.items():
        yield f"{case.name}, {columns} x {rows}", gauge, embedded[buoy]


def specfile(level: str, end_time: float) -> Mapping[str, Any]:
    """Return upstream's specfile of a level on 25 x 25 cells, with probes that are filled."""
    probes = [
        {
            "type": "probe::ascii",
            "name": f"ProbeWriter{buoy}",
            "time": 0.0,
            "repeat": 10.0,
            "output": f"./Probes/buoy{buoy}",
            "variables": 5,
            "select": {"x": x, "y": y},
        }
        for buoy, (x, y) in PLACES.items()
    ]
    limiter: dict[str, float] = {"dmp_observables": 0 if level.endswith("l0") else 4}
    limiter |= {"dmp_relaxation_parameter": 1e4, "dmp_difference_scaling": 1e4}
    solver = {
        "type": "Limiting-ADER-DG",
        "name": "MySWESolver",
        "order": 2,
        "maximum_mesh_size": 120.0,
        "time_stepping": "globalfixed",
        "aderdg_kernel": {"terms": ["flux", "ncp"]},
        "fv_kernel": {"terms": ["flux"], "scheme": "godunov"},
        "limiter": limiter,
        "variables": [{"name": name, "multiplicity": 1} for name in ("h", "hu", "hv", "b")],
        "plotters": probes,
    }
    return {
        "project_name": "SWE",
        "paths": {"output_directory": level},
        "computational_domain": {
            "dimension": 2,
            "end_time": end_time,
            "offset": [-499.0, -949.0],
            "width": [1798.0, 1798.0],
        },
        "solvers": [solver],
    }


def run_embedded(directory: Path, name: str) -> None:
    """Run a specfile in its directory; stop this program if that fails."""
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "exacouple.engine", name],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": paths, "SHARED_DIR": "./"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{directory}: the embedded engine failed: {done.stderr[-2000:]}")


def row(name: str, real: Gauge, embedded: Gauge) -> str:
    """Return one line of the table."""
    found: Score = score(embedded, real, "embedded", "ExaHyPE", step=STEP_S, max_lag=MAX_LAG_S)
    first, second = describe("ExaHyPE", real, real.id), describe("embedded", embedded, real.id)
    cells = [
        name,
        real.id,
        f"{first.peak_m:.4f} m at {first.peak_time_s:.1f} s",
        f"{second.peak_m:.4f} m at {second.peak_time_s:.1f} s",
        f"{first.arrival_s:.0f} s",
        f"{second.arrival_s:.0f} s",
        f"{100.0 * (found.nrmse or 0.0):.2g} %",
        f"{round(found.lag_s or 0.0, 1) + 0.0:+.1f} s",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
