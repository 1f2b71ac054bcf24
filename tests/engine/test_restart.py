"""Runs that were stopped go on as if they had not been."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exacouple
from exacouple.engine import simulation
from exacouple.engine.__main__ import main
from exacouple.engine.checkpoint import Checkpoints, checkpoint_path
from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.errors import SolutionError
from exacouple.launch import get_engine

CHECKPOINT = "case.checkpoint.npz"


def coast(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """A hump of water before a beach: elements are limited on the way and given back."""
    zero = np.zeros_like(x)
    bed = np.maximum(-1.0, 0.2 - 2.0 * x) + 0.1 * np.sin(7 * x) * np.cos(5 * y)
    eta = 0.4 * np.exp(-40.0 * ((x - 0.6) ** 2 + (y - 0.4) ** 2))
    return np.maximum(eta - bed, 0.0), zero, zero, bed


@pytest.mark.parametrize("order", [2, 3])
def test_a_restored_solver_takes_the_same_steps(order: int) -> None:
    """Time, step, deep elements and patches are the same bits 60 steps later."""

    def start() -> Solver:
        mesh = Mesh(0.0, 0.0, 1 / 16, 16, 16)
        return Solver(
            mesh, coast, order=order, gravity=9.81, limiter_depth=0.6, dry_tolerance=1e-3,
            boundary="wall", dmp_observables=1,
        )  # fmt: skip

    whole, counts = start(), set()
    for step in range(100):
        if step == 40:
            state = {name: values.copy() for name, values in whole.state().items()}
        whole.step()
        counts.add(len(whole.patches))
    assert len(counts) > 2
    again = start()
    again.restore(state)
    assert again.steps == 40
    for _ in range(60):
        again.step()
    assert (again.time, again.dt) == (whole.time, whole.dt)
    assert np.array_equal(again.limited, whole.limited)
    deep = ~whole.limited
    assert np.array_equal(again.nodal()[deep], whole.nodal()[deep])
    assert np.array_equal(again.patches.w, whole.patches.w)
    assert again.mass() == whole.mass()


@pytest.fixture
def run(case: Path, spec: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the specfile with all kinds of outputs in the case folder."""
    monkeypatch.chdir(case)
    monkeypatch.delenv("SHARED_DIR", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    ask_for_all(spec)

    def run(*options: str) -> int:
        Path("case.exahype2").write_text(json.dumps(spec))
        return main([*options, "case.exahype2"])

    return run


def ask_for_all(spec: dict[str, Any]) -> None:
    """Add a probe at exact times, maxima and snapshots to a specfile."""
    solver = spec["solvers"][0]
    spec["computational_domain"]["end_time"] = 400.0
    solver["time_stepping"] = "global"
    probe = solver["plotters"][0]
    solver["plotters"] += [
        probe
        | {
            "name": "Exact",
            "output": "./Probes/exact",
            "parameters": {"precision": 17, "exact_times": True},
        },
        {
            "type": "vtk::Cartesian::cells::binary",
            "name": "Field",
            "time": 0.0,
            "repeat": 100.0,
            "output": "./vtk/field",
            "variables": 5,
        },
    ]
    solver["parameters"] = {
        "maxima": "maxima.nc",
        "snapshots": "snapshots.nc",
        "snapshots_every": 100.0,
        "checkpoint_every": 3600.0,
    }


def contents(folder: Path) -> dict[str, Any]:
    """Read all results: text files and VTK as bytes, NetCDF as arrays."""
    import netCDF4

    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".probe", ".vti", ".pvd"):
            found[str(path.relative_to(folder))] = path.read_bytes()
        elif path.name in ("maxima.nc", "snapshots.nc"):
            with netCDF4.Dataset(path) as data:
                data.set_auto_mask(False)
                for name, variable in data.variables.items():
                    found[f"{path.name}:{name}"] = variable[:].tobytes()
    return found


def die_after(step: int, run: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Write checkpoints up to a step, and die some steps after it."""
    original, count = Checkpoints.write, 0

    def write(checkpoints: Checkpoints, parts: Any) -> None:
        nonlocal count
        count += 1
        if count <= step:
            original(checkpoints, parts)
        elif count == step + 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "write", write)
        patch.setattr(Checkpoints, "due", True)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert Path(CHECKPOINT).exists()


@pytest.mark.parametrize(("step", "refined"), [(1, False), (7, False), (20, False), (7, True)])
def test_a_run_that_died_after_a_checkpoint_ends_with_the_same_files(
    run: Callable[..., int],
    case: Path,
    spec: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    step: int,
    refined: bool,
) -> None:
    """Probe rows, maxima and snapshots are byte for byte those of the run without a break."""
    if refined:
        part = {"rectangles": [[-12.0, 22.0, -12.0, 12.0]]}
        spec["solvers"][0]["parameters"]["refinement"] = part
    assert run() == 0
    assert not Path(CHECKPOINT).exists()
    expected = contents(case)
    assert {"Probes/exact-rank-0.probe", "vtk/field-2.vti", "maxima.nc:arrival_time"} <= set(
        expected
    )
    die_after(step, run, monkeypatch)
    capsys.readouterr()
    assert run("--resume") == 0
    out = capsys.readouterr().out
    assert f"resuming from the checkpoint at step {step}, t = " in out
    assert contents(case) == expected
    assert not Path(CHECKPOINT).exists()


def test_without_resume_a_run_starts_from_the_beginning(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The engine takes an old checkpoint only when told to."""
    die_after(3, run, monkeypatch)
    capsys.readouterr()
    assert run() == 0
    assert "resuming" not in capsys.readouterr().out


@pytest.mark.parametrize("trouble", ["other specfile", "other data", "damaged", "lost rows"])
def test_a_checkpoint_that_does_not_fit_is_not_used(
    run: Callable[..., int],
    spec: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trouble: str,
) -> None:
    """The run says so, starts from the beginning and gives what it would have given anyway."""
    die_after(3, run, monkeypatch)
    if trouble == "other specfile":
        spec["solvers"][0]["cfl"] = 0.8
    elif trouble == "other data":
        text = Path("data.yaml").read_text()
        Path("data.yaml").write_text(text.replace("d: [0.001]", "d: [0.002]"))
    elif trouble == "damaged":
        Path(CHECKPOINT).write_bytes(Path(CHECKPOINT).read_bytes()[:-100])
    else:
        Path("Probes/exact-rank-0.probe").unlink()
    capsys.readouterr()
    assert run("--resume") == 0
    out, err = capsys.readouterr()
    assert "resuming" not in out
    assert "the run starts from the beginning" in err
    steps = [line for line in out.splitlines() if "\tt_min" in line]
    assert "step 0\t" in steps[0]


def test_no_checkpoint_is_said(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """--resume of a new run is no error."""
    assert run("--resume") == 0
    assert "there is no checkpoint case.checkpoint.npz" in capsys.readouterr().out


def test_checkpoints_are_rare_where_they_are_slow(tmp_path: Path) -> None:
    """Never more often than asked for, nor for more than 5 % of the time."""
    now = [0.0]
    checkpoints = Checkpoints(tmp_path / "a.npz", 60.0, "mark", clock=lambda: now[0])
    assert not checkpoints.due
    now[0] = 60.0
    assert checkpoints.due

    class Slow(dict[str, Any]):
        def items(self) -> Any:
            now[0] += 10.0
            return super().items()

    checkpoints.write(Slow())
    now[0] += 199.0
    assert not checkpoints.due
    now[0] += 1.0
    assert checkpoints.due
    assert not Checkpoints(tmp_path / "b.npz", 0.0, "mark", clock=lambda: 1e9).due


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The result may still be had; the one before stays."""
    checkpoints = Checkpoints(tmp_path / "file" / "a.npz", 1.0, "mark")
    (tmp_path / "file").write_text("in the way")
    checkpoints.write({"solver": {"u": np.zeros(3)}})
    assert "no checkpoint: cannot write" in caplog.text


def test_launcher_and_engine_agree_on_the_name() -> None:
    """The launcher must not import the engine to know it."""
    embedded = get_engine("embedded")
    assert embedded.checkpoint is not None
    assert (
        embedded.checkpoint("tsunami.exahype2") == checkpoint_path(Path("a/tsunami.exahype2")).name
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_process_is_gone_on_with(
    case: Path, spec: dict[str, Any], number: signal.Signals
) -> None:
    """Whether the batch system asks or not: all files end as they would have."""
    ask_for_all(spec)
    spec["solvers"][0]["maximum_mesh_size"] = 3.0
    spec["solvers"][0]["parameters"]["checkpoint_every"] = 0.05
    (case / "case.exahype2").write_text(json.dumps(spec))
    root = Path(exacouple.__file__).parent.parent
    command = [sys.executable, "-m", "exacouple.engine", "--resume", "case.exahype2"]
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command, cwd=case, env=environment, stdout=subprocess.PIPE, text=True
        )

    whole = start()
    out, _ = whole.communicate()
    assert whole.returncode == 0
    assert "resuming" not in out
    expected = contents(case)
    killed = start()
    deadline = time.monotonic() + 300.0
    while not (case / CHECKPOINT).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.send_signal(number)
    killed.communicate()
    assert killed.returncode == (143 if number == signal.SIGTERM else -9)
    assert (case / CHECKPOINT).exists()
    again = start()
    out, _ = again.communicate()
    assert again.returncode == 0
    assert "resuming from the checkpoint at step" in out
    assert contents(case) == expected


def test_without_checkpoints_nothing_is_written(
    run: Callable[..., int], spec: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """checkpoint_every 0 writes none and hashes nothing."""
    spec["solvers"][0]["parameters"]["checkpoint_every"] = 0.0
    monkeypatch.setattr(simulation, "fingerprint", checkpoint_path)
    monkeypatch.setattr(Checkpoints, "write", lambda *_: pytest.fail("written"))
    assert run() == 0
    assert not Path(CHECKPOINT).exists()


def test_a_run_that_broke_down_leaves_no_checkpoint(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Going on from it would break down again."""
    die_after(3, run, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(Solver, "step", broken)
        assert run("--resume") == 1
    assert "not finite at x = 1" in capsys.readouterr().err
    assert not Path(CHECKPOINT).exists()


def broken(solver: Solver, until: float | None = None) -> None:
    """Stand in for a step that finds something that is not a number."""
    raise SolutionError("not finite at x = 1")


def test_a_probe_in_the_sponge_is_warned_of(
    run: Callable[..., int], spec: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Its record shows damped waves."""
    domain = spec["computational_domain"]
    probe = spec["solvers"][0]["plotters"][0]["select"]
    to_edge = min(probe["x"] - domain["offset"][0], probe["y"] - domain["offset"][1])
    parameters = spec["solvers"][0]["parameters"]
    for width, warned in ((1.01 * to_edge, True), (0.05 * to_edge, False)):
        parameters |= {"boundary": "sponge", "sponge_width": width}
        assert run() == 0
        assert ("lies in the sponge" in capsys.readouterr().err) == warned
