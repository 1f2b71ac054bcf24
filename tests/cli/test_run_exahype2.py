"""``prepare``, ``run`` and ``doctor`` for ExaHyPE 2, with a small program in its place."""

import json
import sys
from pathlib import Path

import pytest

from exacouple.probes import read_case_probes

FAKE = """\
#!{python}
import json, sys
assert not sys.argv[1:] or sys.argv[1:] == ["--config-file", "tohoku-tsunami.json"]
case = json.load(open("case.json"))
x0, y0 = case["probes"]["origin_m"]
with open("probes/Probes-rank-0.csv", "w") as out:
    print("number(0), number(1), t, x(0), x(1), data ", file=out)
    for number, buoy in enumerate(case["buoys"]):
        for time in range(int({end}), -1, -5):
            place = [buoy["x_m"] - x0, buoy["y_m"] - y0]
            values = [time, *place, 4000.0, 0.0, 0.0, -4000.0]
            print(f"7, {{number}}, " + ", ".join(f"{{v:.6e}}" for v in values), file=out)
for time in (0.0, 300.0):
    print(f" 1  rank:0  info  a::startTimeStep() t            = {{time}}")
    print(f" 1  rank:0  info  a::startTimeStep() dt           = 300.0")
print(" 1  rank:0  info  ::main()  terminated successfully")
"""


@pytest.fixture
def profile(bay: Path, tmp_path: Path):
    """Return a function that writes a profile and its executable."""

    def write(base: str, end: int = 600) -> Path:
        program = tmp_path / "engine2"
        program.write_text(FAKE.format(python=sys.executable, end=end))
        program.chmod(0o755)
        (tmp_path / "own.json").write_text('{"plot": {}}')
        extra = '[exahype2]\nconfig = "own.json"\ncells = 9\n' if base == "peano-config" else ""
        path = tmp_path / "mine.toml"
        path.write_text(f'base = "{base}"\nname = "mine"\nexecutable = "./engine2"\n{extra}')
        return path

    return write


@pytest.mark.parametrize("base", ["peano-swe", "peano-config"])
def test_case_is_prepared_run_and_read(exacouple, bay, profile, base: str) -> None:
    """The word EXPERIMENTAL is printed; the run is judged by its tracers, which are then read."""
    site = profile(base)
    result = exacouple(
        "prepare", "--source", "original", "--region", bay, "--only", "--engine", "exahype",
        "--site", site,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "EXPERIMENTAL" in result.stdout
    result = exacouple("run", "--site", site)
    assert result.exit_code == 0, result.stderr
    assert "finite volumes of" in result.stderr
    gauge = read_case_probes(Path("runs/bay-original-mine"))["A1"]
    assert gauge.time[-1] == 600.0
    state = json.loads(Path("runs/bay-original-mine/state.json").read_text())
    assert (state["status"], state["time"]) == ("finished", 300.0)


def test_run_that_ends_early_fails(exacouple, bay, profile) -> None:
    """Whatever the main program says."""
    site = profile("peano-swe", end=300)
    exacouple(
        "prepare", "--source", "original", "--region", bay, "--only", "--engine", "exahype",
        "--site", site,
    )  # fmt: skip
    result = exacouple("run", "--site", site)
    assert result.exit_code == 1
    assert "rows of buoy A1 end at t = 300 s of 600 s" in result.stderr


def test_doctor_says_what_is_not_proven(exacouple, profile) -> None:
    """Without starting the engine, which would run whatever is in the directory."""
    result = exacouple("doctor", "--site", profile("peano-config"))
    assert "EXPERIMENTAL: never run against the real application" in result.stdout
    assert "executable" in result.stdout
