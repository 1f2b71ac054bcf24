"""Deep elements in single precision."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exacouple.engine.__main__ import main
from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.errors import UsageError

G = 9.81
MESH = Mesh(0.0, 0.0, 0.05, 20, 20)


def island(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sea floor with an island, in units of the sea's depth."""
    hill = 1.6 * np.exp(-((x - 0.4) ** 2 + (y - 0.5) ** 2) / 0.02)
    return -1.0 + hill + 0.2 * np.sin(9 * x) * np.cos(7 * y)


def hump(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """A narrow hump of water beside the island."""
    zero, bed = np.zeros_like(x), island(x, y)
    eta = 0.01 * np.exp(-((x - 0.75) ** 2 + (y - 0.75) ** 2) / 0.002)
    return np.maximum(eta - bed, 0.0), zero, zero, bed


def level(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """Water at rest at a level that is no power of two."""
    zero, bed = np.zeros_like(x), island(x, y)
    return np.maximum(0.3 - bed, 0.0), zero, zero, bed


def start(initial: Any, precision: str, boundary: str = "wall") -> Solver:
    return Solver(
        MESH, initial, gravity=G, limiter_depth=0.2, dry_tolerance=1e-3, boundary=boundary,
        precision=precision,
    )  # fmt: skip


def test_a_wave_is_that_of_double_precision() -> None:
    """After 40 steps the surface agrees to 1e-5 of the wave, and mass to 1e-7 of the water."""
    single, double = (start(hump, precision) for precision in ("single", "double"))
    mass = single.mass()
    for _ in range(40):
        single.step()
        double.step()
    assert single.time == pytest.approx(double.time, rel=1e-6)
    assert np.array_equal(single.limited, double.limited)
    deep = ~double.limited
    assert single.nodal().dtype == np.float32
    assert abs(single.nodal() - double.nodal())[deep].max() < 1e-5 * 0.01 * np.sqrt(G)
    assert single.mass() == pytest.approx(mass, rel=1e-7)


def test_a_lake_stays_at_rest_to_round_off() -> None:
    """Over 200 steps the level stays to 1e-6 of the depth and mass to 1e-7."""
    solver = start(level, "single", "outflow")
    mass = solver.mass()
    for _ in range(200):
        solver.step()
    deep = solver.nodal()[~solver.limited]
    assert abs(deep[:, 0] - 0.3).max() < 1e-6
    assert abs(deep[:, 1:]).max() < 1e-6 * np.sqrt(G)
    assert solver.mass() == pytest.approx(mass, rel=1e-7)


def test_no_number_is_so_small_that_it_is_slow() -> None:
    """Ahead of a wave the water is at rest, not in motion by the least of numbers."""
    solver = start(hump, "single")
    for _ in range(3):
        solver.step()
    size = abs(solver.nodal()[~solver.limited])
    assert (size == 0.0).any()
    assert size[size > 0.0].min() > 0.9e-8


def test_threads_do_not_change_the_result() -> None:
    """One and two threads give the same bits."""
    states = []
    for threads in (1, 2):
        solver = Solver(
            MESH, hump, gravity=G, limiter_depth=0.2, precision="single", threads=threads
        )
        for _ in range(10):
            solver.step()
        states.append(solver.state())
    for name, values in states[0].items():
        assert np.array_equal(values, states[1][name], equal_nan=True), name


def test_an_unknown_precision_is_named() -> None:
    """The message says what there is."""
    with pytest.raises(UsageError, match=r"precision 'half' is unknown.*single"):
        start(hump, "half")


def test_a_specfile_may_ask_for_it(
    case: Path, spec: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The probe then differs from that in double precision, by less than 1e-5 of the wave."""
    monkeypatch.chdir(case)
    monkeypatch.delenv("SHARED_DIR", raising=False)
    found = {}
    for precision in ("single", "double"):
        spec["solvers"][0]["parameters"] = {"precision": precision}
        Path("case.exahype2").write_text(json.dumps(spec))
        assert main(["case.exahype2"]) == 0
        (path,) = Path("Probes").glob("*.probe")
        found[precision] = np.loadtxt(path, delimiter=",", skiprows=1)
        path.unlink()
    (single, double) = (found[precision][:, -1] for precision in ("single", "double"))
    assert 0.0 < abs(single - double).max() < 1e-5 * abs(double).max()
