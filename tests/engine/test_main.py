"""The engine from its command line: progress, results, failures and signals."""

import json
import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exacouple
from exacouple.engine.__main__ import main
from exacouple.engine.mesh import Mesh
from exacouple.engine.scenario import Scenario
from exacouple.engine.simulation import StartSolver
from exacouple.engine.specfile import Specfile

STEP = re.compile(r"\bstep (\d+)\s+t_min\s+=(\S+)")
AMPLITUDE, DEPTH, WAVE_NUMBER, GRAVITY = 1e-3, 4.0, 2 * math.pi / 70.0, 9.81e-3
FREQUENCY = math.sqrt(GRAVITY * DEPTH) * WAVE_NUMBER


class StandingWave:
    """The exact linear wave eta = A cos(k x) cos(omega t) in place of a solver."""

    def __init__(self, spec: Specfile, mesh: Mesh, initial: Scenario) -> None:
        h, _, _, _ = initial(np.zeros(1), np.zeros(1))
        assert h[0] == pytest.approx(DEPTH)
        self.time, self.steps, self.dt = 0.0, 0, 8.0

    def step(self) -> None:
        self.time += self.dt
        self.steps += 1

    def sample(self, x: float, y: float) -> tuple[float, float, float, float, float]:
        eta = AMPLITUDE * math.cos(WAVE_NUMBER * x) * math.cos(FREQUENCY * self.time)
        return DEPTH + eta, 0.0, 0.0, -DEPTH, eta

    def worst_cell(self) -> str:
        return "the fastest wave is everywhere"

    def state(self) -> dict[str, np.ndarray]:
        return {"clock": np.array([self.time, self.steps, self.dt])}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        time, steps, dt = state["clock"].tolist()
        self.time, self.steps, self.dt = time, int(steps), dt


@pytest.fixture
def run(case: Path, spec: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the test's specfile in the case folder with a stand-in solver."""
    monkeypatch.chdir(case)
    monkeypatch.delenv("SHARED_DIR", raising=False)

    def run(start: StartSolver = StandingWave, *options: str) -> int:
        Path("case.exahype2").write_text(json.dumps(spec))
        return main([*options, "case.exahype2"], start=start)

    return run


def rows() -> np.ndarray:
    """Read the probe file of the case in the current folder."""
    return np.loadtxt("Probes/buoy18-rank-0.probe", delimiter=",", ndmin=2)


def test_a_run_ends_as_exahypes_does(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Mesh line, steps from 0 beyond the end time, success last, nothing on stderr."""
    assert run() == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert "exacouple embedded engine" in lines[0]
    assert "not ExaHyPE" in lines[0]
    assert "coarsest mesh size was chosen as 10 based on user's maximum mesh size 10" in out
    assert "length of longest edge of domain 70" in out
    steps = [found.groups() for line in lines if (found := STEP.search(line))]
    assert steps[0] == ("0", "0")
    assert steps[-1] == ("13", "104")
    assert len(re.findall(r"\bdt_min\s+=8\b", out)) == 14
    assert lines[-1].endswith("Peano terminates successfully")
    assert err == ""


def test_the_probe_shows_the_wave(run: Callable[..., int]) -> None:
    """Every row is the exact wave at the probe; the last one lies at or after the end time."""
    assert run() == 0
    table = rows()
    assert table[:, 0].tolist() == [0, 16, 24, 32, 40, 56, 64, 72, 80, 96, 104]
    exact = AMPLITUDE * np.cos(WAVE_NUMBER * 12.0) * np.cos(FREQUENCY * table[:, 0])
    np.testing.assert_allclose(table[:, -1], exact, rtol=1e-5)


def test_a_number_of_steps_may_end_the_run(
    run: Callable[..., int], spec: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Three steps are three steps."""
    domain = spec["computational_domain"]
    del domain["end_time"]
    domain["time_steps"] = 3
    assert run() == 0
    assert STEP.findall(capsys.readouterr().out)[-1] == ("3", "24")


def test_no_simulated_time_gives_the_initial_row(
    run: Callable[..., int], spec: dict[str, Any]
) -> None:
    """End time 0 writes the state at t = 0 and succeeds."""
    spec["computational_domain"]["end_time"] = 0.0
    assert run() == 0
    assert rows()[:, 0].tolist() == [0.0]


def failure(capsys: pytest.CaptureFixture[str]) -> str:
    """Check that one error line was printed and no success, and give it."""
    out, err = capsys.readouterr()
    assert "terminates successfully" not in out
    assert "quit with error code" in out
    errors = [line for line in err.splitlines() if " error " in line]
    assert len(errors) == 1
    assert "Traceback" not in err
    return errors[0]


def test_a_probe_outside_the_domain_ends_before_the_run(
    run: Callable[..., int], spec: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """ExaHyPE would say nothing and write no file."""
    spec["solvers"][0]["plotters"][0]["select"]["x"] = 35.5
    assert run() == 2
    assert "ProbeWriter18: point (35.5, -3) is outside the domain" in failure(capsys)
    assert not Path("Probes").exists()


def test_a_wrong_specfile_exits_with_2(
    run: Callable[..., int], spec: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The request is wrong, not the run."""
    spec["solvers"][0]["ordr"] = 2
    assert run() == 2
    assert "unknown key 'ordr', did you mean 'order'" in failure(capsys)


def test_missing_data_exit_with_an_error(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is named."""
    Path("bathymetry.nc").unlink()
    assert run() != 0
    assert "bathymetry.nc: no such file" in failure(capsys)


def test_a_mesh_beyond_the_memory_is_refused(
    run: Callable[..., int], spec: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Cells of 1 m over 70 km are 5e9 of them."""
    spec["solvers"][0]["maximum_mesh_size"] = 1e-3
    assert run() == 1
    assert "GB of memory" in failure(capsys)


class Diverging(StandingWave):
    """A solution that turns into NaN in the fifth step."""

    def sample(self, x: float, y: float) -> tuple[float, float, float, float, float]:
        h, hu, hv, b, eta = super().sample(x, y)
        return (h, hu, hv, b, eta) if self.steps < 5 else (math.nan, hu, hv, b, math.nan)


class Collapsing(StandingWave):
    """A time step that falls by half in every step."""

    def step(self) -> None:
        super().step()
        self.dt /= 2


class Crawling(StandingWave):
    """A time step that never gets anywhere, as that of water 1e200 m deep."""

    def __init__(self, spec: Specfile, mesh: Mesh, initial: Scenario) -> None:
        super().__init__(spec, mesh, initial)
        self.dt = 1e-99


@pytest.mark.parametrize(
    ("solver", "message"),
    [
        (Crawling, "to the end at t = 100 the run would take more than 1e+12 time steps of 1e-99"),
        (Diverging, "is not finite at t 40"),
        (Collapsing, "the time step fell from 8 to"),
        (Collapsing, "the fastest wave is everywhere"),
    ],
)
def test_a_breakdown_is_no_success(
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    solver: type[StandingWave],
    message: str,
) -> None:
    """ExaHyPE ends such runs with exit code 0, or never."""
    assert run(solver) == 1
    assert message in failure(capsys)


def test_a_plotter_that_falls_due_within_the_steps_is_refused(
    run: Callable[..., int], spec: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """With time_steps the end time is not known before the run."""
    domain = spec["computational_domain"]
    del domain["end_time"]
    domain["time_steps"] = 5
    plotter = spec["solvers"][0]["plotters"][0]
    spec["solvers"][0]["plotters"].append(
        plotter | {"type": "vtk::Cartesian::vertices::ascii", "name": "Writer", "time": 20.0}
    )
    assert run() == 2
    assert "plotter Writer is due at t = 20" in failure(capsys)


class Interrupted(StandingWave):
    """Gets a signal in its third step."""

    number = signal.SIGINT

    def step(self) -> None:
        super().step()
        if self.steps == 3:
            os.kill(os.getpid(), self.number)


class Terminated(Interrupted):
    """The same with the signal that batch systems send."""

    number = signal.SIGTERM


class Swallowing(Interrupted):
    """The exception of the signal is lost in foreign code."""

    def step(self) -> None:
        try:
            super().step()
        except BaseException:
            return


@pytest.mark.parametrize(
    ("solver", "status", "name"),
    [(Interrupted, 130, "SIGINT"), (Terminated, 143, "SIGTERM"), (Swallowing, 130, "SIGINT")],
)
def test_a_signal_ends_the_run_with_its_status(
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    solver: type[StandingWave],
    status: int,
    name: str,
) -> None:
    """One line, all rows so far in the file, no success, and signals work as before."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert run(solver) == status
    out, err = capsys.readouterr()
    assert "terminates successfully" not in out
    assert len(err.splitlines()) == 1
    assert f"stopped by {name}" in err
    assert rows()[:, 0].tolist() == [0, 16]
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_the_command_line_starts_without_numba() -> None:
    """Checking a specfile must not take the time that a compiler needs."""
    code = "import sys, exacouple.engine.__main__; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def engine(case: Path, spec: dict[str, Any], stdout: Any) -> subprocess.CompletedProcess[str]:
    """Start the engine as a user does."""
    (case / "case.exahype2").write_text(json.dumps(spec))
    root = Path(exacouple.__file__).parent.parent
    return subprocess.run(
        [sys.executable, "-m", "exacouple.engine", "case.exahype2"],
        cwd=case,
        env=os.environ | {"PYTHONPATH": str(root)},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_full_disk_under_the_log_is_an_error(case: Path, spec: dict[str, Any]) -> None:
    """Progress goes to a file in most runs."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with open("/dev/full", "w") as full:
        done = engine(case, spec, full)
    assert done.returncode == 1
    assert done.stderr == "error: cannot write the log: No space left on device\n"


def test_the_embedded_engine_keeps_a_lake_at_rest(case: Path, spec: dict[str, Any]) -> None:
    """Without displacement the real solver, started as a user does, moves nothing."""
    data = (case / "data.yaml").read_text()
    (case / "data.yaml").write_text(data.replace("d: [0.001]", "d: [0.0]"))
    done = engine(case, spec, subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    table = np.loadtxt(case / "Probes" / "buoy18-rank-0.probe", delimiter=",")
    assert table[-1, 0] >= 100.0
    np.testing.assert_allclose(table[:, -1], 0.0, atol=1e-12)
