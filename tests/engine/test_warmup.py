"""Compilation before it is needed."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import exacouple
from exacouple.cli import main
from exacouple.engine import compiling, rehearsal, warmup
from exacouple.errors import ExacoupleError

COUNT = """
import sys
from numba.core import event
class Compiled(event.Listener):
    names = []
    def on_start(self, it): self.names.append(it.data["dispatcher"].py_func.__name__)
    def on_end(self, it): pass
event.register("numba:compile", Compiled())
from exacouple.engine.__main__ import main
status = main(["case.exahype2"])
print("compiled", Compiled.names)
sys.exit(status)
"""


def test_the_command_says_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders are compiled once each; what was there is said to be."""
    asked: list[int] = []

    def compile_kernels(order: int) -> float | None:
        asked.append(order)
        return None if order == 3 else 1.0

    monkeypatch.setattr(warmup, "compile_kernels", compile_kernels)
    result = CliRunner().invoke(main, ["warm-up", "--order", "2", "--order", "3", "--order", "2"])
    assert result.exit_code == 0, result.output
    assert asked == [2, 3]
    first, second = result.stdout.splitlines()
    assert first.startswith("order 2: compiled in ")
    assert second == "order 3: was compiled before"
    result = CliRunner().invoke(main, ["-q", "warm-up", "--order", "3", "--json"])
    assert json.loads(result.stdout) == [{"order": 3, "seconds": None}]


BITS = """
import hashlib, sys
import numpy as np
from exacouple.engine.mesh import Mesh
from exacouple.engine.refinement import Refinement
from exacouple.engine.levels import RefinedSolver
from exacouple.engine.solver import Solver

def coast(x, y):
    b = np.where(x < 5.0, 0.6 - 0.2 * x + 0.05 * np.sin(3.0 * y), -2.0)
    h = np.maximum(0.3 * np.exp(-((x - 4.0) ** 2 + (y - 3.0) ** 2)) - b, 0.0)
    return h, 0.1 * h, 0.03 * h * y, b

def bits(solver):
    for _ in range(20):
        solver.step()
    digest = hashlib.sha256()
    for values in solver.state().values():
        digest.update(values.tobytes())
    return digest.hexdigest()

mesh, half = Mesh(0.0, 0.0, 1.0, 9, 6), Refinement(rectangles=((6.0, 9.0, 0.0, 6.0),))
terms = {
    "plain": {},
    "rough": {"manning": 0.02, "dmp_observables": 3},
    "sponge": {"boundary": "sponge", "sponge_width": 2.0},
}
for name in sys.argv[1:]:
    settings = {"order": 1, "limiter_depth": 0.5, "dry_tolerance": 1e-4, **terms.get(name, {})}
    if name == "refined":
        print(name, bits(RefinedSolver(mesh, coast, half, **settings)))
    else:
        print(name, bits(Solver(mesh, coast, **settings)))
"""


def empty_cache(tmp_path: Path) -> dict[str, str]:
    """Environment of a process that finds no machine code yet."""
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": str(Path(exacouple.__file__).parent.parent),
        "OMP_NUM_THREADS": "1",
    }
    environment.pop("SHARED_DIR", None)
    return environment


@pytest.mark.slow
def test_a_solver_gives_the_same_bits_whatever_was_compiled_or_loaded_before(
    tmp_path: Path,
) -> None:
    """Neither an empty cache nor other solvers before it in the process change its digits."""
    environment = empty_cache(tmp_path)

    def bits(*names: str) -> dict[str, str]:
        done = subprocess.run(
            [sys.executable, "-P", "-c", BITS, *names],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return dict(line.split() for line in done.stdout.splitlines())

    names = ("plain", "rough", "sponge", "refined")
    cold = bits(*names)
    assert len(set(cold.values())) == len(names)
    assert bits(*reversed(names)) == cold
    for name in names:
        assert bits(name) == {name: cold[name]}


@pytest.mark.parametrize("program", [None, ""])
def test_python_within_another_program_compiles_by_itself(
    program: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """`sys.executable` tells nothing there; what goes with the process is not said to be kept."""
    compiled: list[tuple[object, ...]] = []
    monkeypatch.setattr(sys, "executable", program)
    monkeypatch.setattr(compiling, "CACHE", tmp_path)
    monkeypatch.setattr(warmup, "_loaded", set())
    monkeypatch.setattr(warmup, "run_all", lambda *given: compiled.append(given))
    caplog.set_level("INFO")
    warmup.compile_kernels(1, [rehearsal.CORE])
    assert compiled == [(1, "double", [rehearsal.CORE])]
    assert "part of another program" in caplog.text
    assert "they are kept" not in caplog.text


ON_A_FULL_DISK = """
import errno, sys
from pathlib import Path
from exacouple.engine import rehearsal, warmup
from exacouple.errors import ExacoupleError

def by_numba(*_):
    raise OSError(errno.ENOSPC, "No space left on device")

def by_ourselves(*_):
    raise ExacoupleError("cannot write") from OSError(errno.EDQUOT, "Disk quota exceeded")

warmup.run_all = {writing}
warmup._check_folder = lambda _: None
warmup._main(Path(sys.argv[4]), 1, "double", [rehearsal.SPONGE])
"""


@pytest.mark.parametrize("writing", ["by_numba", "by_ourselves"])
def test_a_full_disk_is_told_with_the_folder_and_ends_the_run(
    writing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not the disk of the case; no second attempt is made in the process that solves."""
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\n{ON_A_FULL_DISK.format(writing=writing)}")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(compiling, "CACHE", tmp_path / "a" / "kernels" / "b")
    monkeypatch.setattr(warmup, "run_all", lambda *_: pytest.fail("a second attempt"))
    compiling.CACHE.mkdir(parents=True)
    with pytest.raises(ExacoupleError, match=f"{compiling.CACHE}: .* NUMBA_CACHE_DIR"):
        warmup.compile_kernels(1, [rehearsal.SPONGE])
    assert "no other process" not in caplog.text


def test_a_warm_up_that_cannot_keep_anything_fails(tmp_path: Path) -> None:
    """It would have been for nothing."""
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, "-m", "exacouple", "warm-up"], capture_output=True, text=True,
        env=empty_cache(tmp_path) | {"NUMBA_CACHE_DIR": str(tmp_path / "file")},
    )  # fmt: skip
    assert done.returncode == 1
    assert "error: nothing that is compiled can be kept: set NUMBA_CACHE_DIR" in done.stderr
    assert "compiling" not in done.stderr


def test_what_was_not_compiled_to_the_end_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a process compiles for itself, and holds the lock for which solvers would wait."""

    def interrupt(*_: object) -> None:
        assert warmup._loaded == {
            (1, "double", part) for part in (rehearsal.CORE, rehearsal.SPONGE)
        }
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "executable", None)
    monkeypatch.setattr(compiling, "CACHE", tmp_path)
    monkeypatch.setattr(warmup, "_loaded", set())
    monkeypatch.setattr(warmup, "run_all", interrupt)
    with pytest.raises(KeyboardInterrupt):
        warmup.compile_kernels(1, [rehearsal.SPONGE])
    assert not warmup._loaded
    assert not list(tmp_path.glob("compiled-*"))


def test_the_second_process_does_not_outlive_a_failure_of_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else it would write to the same folder as the run, which compiles for itself then."""
    helper = subprocess.Popen(
        [sys.executable, "-S", "-c", "import time; time.sleep(60.0)"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(warmup, "_start_process", lambda *_: helper)
    monkeypatch.setattr(warmup, "first_half", fail)
    with helper, pytest.raises(MemoryError):
        warmup._compile(compiling.CACHE, 1, "double", [rehearsal.CORE])
    assert helper.returncode == -signal.SIGKILL


AFTER_AN_UPGRADE = """
import os
from exacouple.engine import compiling, warmup
os.utime(warmup.__file__, (0.0, 0.0))
warmup._finish(warmup._start_process(compiling.CACHE, 1, "double", ["core"]))
"""


def test_a_new_installation_compiles_nothing_for_a_program_with_the_old_one(tmp_path: Path) -> None:
    """Its machine code goes to another folder, where that program does not look for it."""
    shutil.copytree(
        Path(exacouple.__file__).parent,
        tmp_path / "exacouple",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", AFTER_AN_UPGRADE],
        cwd=tmp_path, env=empty_cache(tmp_path) | {"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "files of exacouple are not those" in done.stderr.splitlines()[-1]


FOR_ITSELF = """
import sys
sys.executable = ""
from exacouple.engine.warmup import CORE, compile_kernels
assert compile_kernels(1, [CORE]) > 0.0
assert compile_kernels(1, [CORE]) is None
"""


@pytest.mark.slow
def test_a_process_that_compiles_for_itself_does_not_wait_for_itself(tmp_path: Path) -> None:
    """Its solvers ask for what it is about to compile."""
    subprocess.run(
        [sys.executable, "-P", "-c", FOR_ITSELF],
        cwd=tmp_path, env=empty_cache(tmp_path), check=True, timeout=300.0,
    )  # fmt: skip


COMPILE = "from exacouple.engine.warmup import compile_kernels; compile_kernels(4)"


def child_of(parent: int) -> int:
    """Wait until a process has started another one, and give the number of that."""
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                    return int(stat.parent.name)
        time.sleep(0.05)
    raise AssertionError(f"{parent} starts no other process")


def is_locked(path: Path) -> bool:
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor, one process")
def test_nobody_else_compiles_while_those_live_whose_run_was_killed(tmp_path: Path) -> None:
    """They go on writing to the indices that only one may write to."""
    run = subprocess.Popen(
        [sys.executable, "-P", "-c", COMPILE],
        cwd=tmp_path, env=empty_cache(tmp_path), start_new_session=True,
    )  # fmt: skip
    try:
        first = child_of(run.pid)
        child_of(first)
        (lock,) = tmp_path.glob("cache/kernels/*/writing")
        run.kill()
        run.wait()
        assert is_locked(lock)
        os.kill(first, signal.SIGKILL)
        time.sleep(0.1)
        assert is_locked(lock)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10.0
    while is_locked(lock):
        assert time.monotonic() < deadline
        time.sleep(0.05)


THROUGH_A_LINK = """
from numba.core import event
from exacouple.engine import warmup

class Told(event.Listener):
    def on_start(self, told):
        raise SystemExit(f"{told.data['dispatcher']} is compiled here")

    def on_end(self, told):
        pass

event.register("numba:compile", Told())
warmup.make_ready(1, "double", [])
"""


@pytest.mark.slow
def test_a_run_through_a_symbolic_link_compiles_nothing_itself(tmp_path: Path) -> None:
    """The processes that compile find the sources under the same path."""
    environment = empty_cache(tmp_path)
    (tmp_path / "link").symlink_to(environment["PYTHONPATH"])
    subprocess.run(
        [sys.executable, "-P", "-c", THROUGH_A_LINK],
        cwd=tmp_path, env=environment | {"PYTHONPATH": str(tmp_path / "link")}, check=True,
    )  # fmt: skip


def test_a_process_loads_once_what_its_solvers_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later solvers ask for what is new; what failed is tried again."""
    asked: list[tuple[int, tuple[str, ...]]] = []

    def load(order: int, precision: str, parts: list[str]) -> None:
        asked.append((order, tuple(parts)))
        if len(asked) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(warmup, "_loaded", set())
    monkeypatch.setattr(warmup, "compile_kernels", lambda *_: None)
    monkeypatch.setattr(warmup, "run_all", load)
    with pytest.raises(KeyboardInterrupt):
        warmup.make_ready(2, "double", [])
    for parts in (
        [],
        [rehearsal.REFINEMENT],
        [rehearsal.REFINEMENT],
        [rehearsal.SPONGE, rehearsal.REFINEMENT],
    ):
        warmup.make_ready(2, "double", parts)
    warmup.make_ready(3, "double", [rehearsal.SPONGE])
    assert asked == [
        (2, ("core",)),
        (2, ("core",)),
        (2, ("refinement",)),
        (2, ("sponge",)),
        (3, ("core", "sponge")),
    ]


@pytest.mark.parametrize("order", ["0", "5", "two"])
def test_an_order_that_there_is_not_is_refused(order: str) -> None:
    """Orders are 1 to 4."""
    assert CliRunner().invoke(main, ["warm-up", "--order", order]).exit_code == 2


@pytest.mark.slow
def test_after_a_warm_up_a_run_compiles_nothing(
    case: Path, spec: dict[str, Any], tmp_path: Path
) -> None:
    """With an empty cache the warm-up says "compiling", a second one and a run find all they need.

    The run has land, the maximum principle and maxima, so that it needs every kernel.
    """
    environment = empty_cache(tmp_path)

    def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, *arguments], cwd=case, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done

    first = call("-m", "exacouple", "warm-up", "--order", "1", "--json")
    assert json.loads(first.stdout)[0]["seconds"] > 0.0
    assert "compiling the numerical kernels of order 1" in first.stderr
    second = call("-m", "exacouple", "warm-up", "--order", "1", "--json")
    assert json.loads(second.stdout) == [{"order": 1, "seconds": None}]
    data = (case / "data.yaml").read_text()
    (case / "data.yaml").write_text(data.replace("b: 0.0", "b: 3.999", 1))
    spec["solvers"][0] |= {"order": 1, "parameters": {"maxima": "maxima.nc"}}
    (case / "case.exahype2").write_text(json.dumps(spec))
    run = call("-c", COUNT)
    assert "compiling" not in run.stdout
    assert run.stdout.splitlines()[-1] == "compiled []"


@pytest.mark.slow
def test_a_run_that_had_to_compile_gives_the_bits_of_one_that_did_not(
    case: Path, spec: dict[str, Any], tmp_path: Path
) -> None:
    """Else a run stopped in its first start would not go on bit for bit."""
    environment = empty_cache(tmp_path)
    solver = spec["solvers"][0]
    solver["order"] = 1
    solver["plotters"][0]["parameters"] = {"precision": 17}
    (case / "case.exahype2").write_text(json.dumps(spec))
    found = []
    for compiles in (True, False):
        run = subprocess.run(
            [sys.executable, "-m", "exacouple.engine", "case.exahype2"],
            cwd=case, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert ("compiling" in run.stdout) == compiles
        (probe,) = case.glob("Probes/*.probe")
        found.append(probe.read_bytes())
        probe.unlink()
    assert found[0] == found[1]


def test_changed_sources_use_no_machine_code_of_old_ones(tmp_path: Path) -> None:
    """A function is compiled anew when one that is compiled into it, in another file, changes."""
    package = tmp_path / "exacouple"
    shutil.copytree(
        Path(exacouple.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    inner = package / "engine" / "inner.py"
    outer = package / "engine" / "outer.py"
    outer.write_text(
        "from numba import njit\n"
        "from exacouple.engine.compiling import JIT\n"
        "from exacouple.engine.inner import inner\n"
        "@njit(**JIT)\n"
        "def outer():\n    return inner()\n"
    )
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": str(tmp_path),
    }
    for value in (1, 2):
        inner.write_text(
            "from numba import njit\n"
            "from exacouple.engine.compiling import JIT\n"
            "@njit(**JIT)\n"
            f"def inner():\n    return {value}\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", "from exacouple.engine.outer import outer; print(outer())"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout == f"{value}\n"
