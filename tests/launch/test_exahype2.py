"""A run of ExaHyPE 2 is judged by what its main program says and by its tracers."""

import json
from pathlib import Path
from typing import Any

import pytest

from exacouple.cases import Case
from exacouple.launch.outcome import expectation
from exacouple.launch.probefiles import remove_probe_files
from exacouple.launch.verdict import Verdict, judge

MANIFEST = Path(__file__).parents[1] / "data" / "case-to-launch.json"

STEP = " 1  00:00:01  rank:0  core:1  info  a::AbstractTsunami::startTimeStep() {:<12} = {}\n"
GOOD = (
    STEP.format("t", 84.5)
    + STEP.format("dt", 8.25)
    + " 8841  00:00:01  rank:0  core:0  info  ::main()  terminated successfully\n"
)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A case of ExaHyPE 2 with one buoy."""
    base = json.loads(MANIFEST.read_text())
    manifest = base | {
        "specfile": "make_application.py",
        "projection": "+proj=aeqd +lat_0=38 +lon_0=142 +ellps=WGS84 +units=m",
        "buoys": [{**base["buoys"][0], "id": "A", "x_m": 1300.0, "y_m": -1800.0}],
        "units": {"specfile": "m", "probes": "m"},
        "end_time_s": 95.0,
        "sampling_s": 10.0,
        "probes": {
            "directory": "probes",
            "dialect": "exahype2",
            "origin_m": [1000.0, -2000.0],
            "columns": ["h", "hu", "hv", "b"],
        },
    }
    (tmp_path / "case.json").write_text(json.dumps(manifest))
    (tmp_path / "probes").mkdir()
    return tmp_path


def run(case: Path, end: int, *, log: str = GOOD, exit_code: int = 0, h: str = "4") -> Verdict:
    """Judge a run whose tracer has rows up to a time."""
    rows = [f"0, 0, {time}, 300.0, 200.0, {h}, 0, 0, -4" for time in range(end, -1, -10)]
    text = "\n".join(["number(0), number(1), t, x(0), x(1), data", *rows]) + "\n"
    (case / "probes" / "buoys-rank-0.csv").write_text(text)
    (case / "out").write_text(log)
    return judge(expectation(Case.open(case)), exit_code, case / "out", case / "err")


def test_good_run_is_told_by_its_words_and_its_tracers(case: Path) -> None:
    """The last multiple of the sampling before 95 s is 90 s."""
    verdict = run(case, 90)
    assert verdict.ok
    assert verdict.last is not None
    assert (verdict.last.time, verdict.last.dt) == (84.5, 8.25)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"end": 80}, "rows of buoy A end at t = 80 s of 95 s"),
        ({"end": 90, "h": "nan"}, "not a number at buoy A from t = 0 s"),
        ({"end": 90, "log": "step()\n"}, "without 'terminated successfully'"),
        ({"end": 90, "exit_code": 1}, "exit status 1"),
        (
            {"end": 90, "log": " 1 rank:0  error  ::main() could not open bathymetry\n" + GOOD},
            "reported: ::main() could not open bathymetry",
        ),
    ],
)
def test_what_went_wrong_is_told(case: Path, options: dict[str, Any], said: str) -> None:
    """Each by itself is enough to fail."""
    verdict = run(case, **options)
    assert not verdict.ok
    assert any(said in reason for reason in verdict.reasons)


def test_tracer_at_another_place_is_no_record_of_the_buoy(case: Path) -> None:
    """An executable that was built for other buoys writes tracers elsewhere."""
    text = (case / "case.json").read_text().replace("1300.0", "9300.0")
    (case / "case.json").write_text(text)
    verdict = run(case, 90)
    assert "no tracer at buoy A" in verdict.reasons[0]


def test_tracers_of_an_earlier_run_are_removed_once(case: Path) -> None:
    """One file holds all buoys."""
    run(case, 90)
    assert remove_probe_files(case / "probes", ["A", "B"]) == 1
    assert not list((case / "probes").iterdir())
