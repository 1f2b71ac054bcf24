"""What fits into memory, and how many threads are used."""

import resource
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from exacouple.engine import machine
from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.errors import ExacoupleError, UsageError


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("land", [False, True])
def test_the_estimate_is_what_the_solver_allocates(order: int, land: bool) -> None:
    """Neither a run that fits is refused for nothing, nor one that does not fit begun."""

    def initial(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
        zero = np.zeros_like(x)
        bed = np.where((x < 0.3) & land, 100.0, -1000.0)
        return np.maximum(-bed, 0.0), zero, zero, bed

    Solver(Mesh(0.0, 0.0, 0.1, 10, 10), initial, order=order).step()
    cells = 150
    tracemalloc.start()
    try:
        solver = Solver(Mesh(0.0, 0.0, 1.0 / cells, cells, cells), initial, order=order)
        solver.step()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    needed = machine.estimate_bytes(cells, cells, order)
    needed += machine.patch_bytes(len(solver.patches), order)
    assert 0.5 * needed < peak < 1.05 * needed


def test_what_cannot_fit_is_refused_with_both_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how much is needed and how much there is."""
    monkeypatch.setattr(machine, "available_bytes", lambda: 2_000_000_000)
    machine.require_memory(1_900_000_000, "a mesh")
    with pytest.raises(ExacoupleError, match=r"a mesh needs at least 3 GB .* only 2 GB"):
        machine.require_memory(3_000_000_000, "a mesh")


def test_nothing_is_refused_where_the_memory_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """On systems that do not tell, the run is tried."""
    monkeypatch.setattr(machine, "available_bytes", lambda: None)
    machine.require_memory(10**18, "a mesh")


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS"), reason="no address space limit")
def test_the_users_own_limit_counts() -> None:
    """Under ulimit -v what is left is less than the limit."""
    limit = 2_000_000_000
    code = (
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))\n"
        "from exacouple.engine.machine import available_bytes\n"
        f"assert 0 < available_bytes() < {limit}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_environment_decides_the_number_of_threads() -> None:
    """As in OpenMP programs, of nested numbers the outermost counts."""
    assert machine.thread_count({"OMP_NUM_THREADS": "3"}) == 3
    assert machine.thread_count({"OMP_NUM_THREADS": "3,2"}) == 3
    assert machine.thread_count({}) >= 1


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_an_impossible_number_of_threads_is_refused(value: str) -> None:
    """The variable is named."""
    with pytest.raises(UsageError, match="OMP_NUM_THREADS must be"):
        machine.thread_count({"OMP_NUM_THREADS": value})
