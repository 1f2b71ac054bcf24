import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import njit

from exacouple.engine import balance, subcells
from exacouple.engine.compiling import JIT
from exacouple.engine.kernels import load_kernels
from exacouple.engine.lanes import LANES, Layout
from exacouple.engine.packets import Work
from exacouple.engine.team import Team


def _processor_flags():
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def test_source_is_the_same_in_every_process():
    """Else nothing would be found in the cache and every run would compile."""
    command = "from exacouple.engine.kernels import load_kernels; print(load_kernels(2).__name__)"
    names = {
        subprocess.run(
            [sys.executable, "-c", command],
            env={"PYTHONHASHSEED": seed, "PATH": "", "PYTHONPATH": ":".join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert names == {load_kernels(2).__name__ + "\n"}


def callable_from_python(kernel):
    """The kernel compiled anew: what comes from the cache has no assembly to look at either."""
    options = {**kernel.targetoptions, **JIT, "cache": False}
    for name in ("nopython", "no_cpython_wrapper", "no_cfunc_wrapper"):
        options.pop(name, None)
    return njit(**options)(kernel.py_func)


def lanes(*slots):
    return [np.ones(count * LANES) for count in slots]


def deep_kernels():
    """The kernels of deep elements, their arguments, and how many numbers they compute at least."""
    kernels, layout = load_kernels(2), Layout(3)
    u, bed, out, gates, lowest, waiting = (
        np.ones((2, 1, slots * LANES)) for slots in (27, 9, 27, 3, 1, layout.side_slots)
    )
    records, work = np.ones((2, layout.record_slots * LANES)), np.ones(layout.work_slots * LANES)
    spin, first = np.zeros((3, 3)), (1, 0)
    yield (
        kernels.predict,
        (u, bed, out, *first, records, 1, waiting, 1, work, 0.1, 9.81, spin),
        2000,
    )
    yield kernels.meet, (waiting, 1, records, 1, 0, 1, out, lowest, 0, gates, bed, 0.1, 9.81), 300
    yield kernels.correct, (records, 1, 0, 1, out, gates, 0.1, 9.81), 300
    yield kernels.bound, (u, bed, *first, work[:LANES], 9.81), 150
    yield kernels.fastest, (u, bed, *first, work[:LANES], 9.81), 150


def patch_kernels():
    """The kernels of limited elements, likewise."""
    order, halo, faces, edges = (0, 0), 4 * 7**2, 2 * 6 * 5, 4 * 5
    speed, low, high, flux, push, kept = lanes(halo // 2, 4 * faces, 4 * faces, 5 * faces, 50, 125)
    values, rim, angles, marks = lanes(halo, 5 * edges, 10, 3)
    yield subcells.flow, (order, values, speed, 0.1), 40
    yield (
        subcells.reconstruct,
        (order, values, speed, low, high, push, 1.5, 0.1, 1.0, 9.81, 0.1),
        400,
    )
    yield subcells.solve, (low, high, flux, 0, faces, 9.81), 300
    yield balance.exchange, (order, values, flux, push, kept, 0.1), 160
    yield balance.add_edges, (order, rim, kept, 0.1), 600
    yield balance.advance, (order, kept, angles, marks, 0.1), 500


@pytest.mark.parametrize("precision", ["double", "single"])
def test_no_block_with_the_fastest_wave_is_passed_over(precision):
    """The largest |u| + |v| + 2 sqrt(g h) is found among any elements, in whatever parts."""
    rows, columns, nodes, random = 9, 21, 9, np.random.default_rng(1)
    kernels, blocks = load_kernels(2, precision), -(-columns // LANES)
    bed = -random.uniform(1.0, 2.0, (rows, blocks, nodes * LANES)).astype(precision)
    u = random.uniform(-0.9, 0.9, (rows, blocks, 3 * nodes * LANES)).astype(precision)
    limited = random.choice([-1, 0], (rows, columns + 2)).astype(np.int32)
    active, g = np.ones((rows, blocks), dtype=bool), u.dtype.type(9.81)
    eta, p, q = (values.reshape(rows, blocks, nodes, LANES) for values in np.split(u, 3, axis=2))
    h = eta - bed.reshape(eta.shape)
    speeds = ((abs(p) + abs(q)) / h + 2.0 * np.sqrt(g * h)).max(axis=2).reshape(rows, -1)
    speeds = np.where(limited[:, 1:-1] < 0, speeds[:, :columns], 0.0)
    rounding = 2.0 * float(np.finfo(u.dtype).eps)

    def found(first, last):
        highest = np.zeros(1)
        work = Work((kernels.fastest_wave, (u, bed, active, limited, g, highest)))
        Team(1).over_rows(work, first, last)
        return float(highest[0])

    for row in range(1, rows - 1):
        assert found(row, row + 1) == pytest.approx(float(speeds[row].max()), rel=rounding)
        assert found(1, rows - 1) == max(found(1, row), found(row, rows - 1))
    bounds, tops = np.empty((2, LANES), u.dtype)
    bound, fastest = (callable_from_python(each) for each in (kernels.bound, kernels.fastest))
    for row in range(rows):
        for block in range(blocks):
            bound(u, bed, row, block, bounds, g)
            fastest(u, bed, row, block, tops, g)
            assert (bounds >= tops).all()


@pytest.mark.skipif("avx2" not in _processor_flags(), reason="this processor has no AVX2")
@pytest.mark.parametrize("kernels", [deep_kernels, patch_kernels])
def test_innermost_loops_are_vectorised(kernels):
    """All arithmetic of order 2 but products of constants works on whole AVX registers.

    Registers hold four or eight numbers, and compilers unroll differently for them: what is counted
    are numbers, and instructions on fewer than four of them.
    """
    for kernel, arguments, least in kernels():
        fresh = callable_from_python(kernel)
        fresh(*arguments)
        (assembly,) = fresh.inspect_asm().values()
        arithmetic = [line for line in assembly.splitlines() if _is_arithmetic(line)]
        narrow = [line for line in arithmetic if _numbers(line) < 4]
        assert sum(map(_numbers, arithmetic)) > least, kernel
        assert len(narrow) <= 3, kernel


def _is_arithmetic(line):
    name = (line.split() or [""])[0]
    return name.startswith(("vadd", "vsub", "vmul", "vdiv", "vsqrt", "vfm", "vfnm")) and (
        name.endswith(("pd", "sd"))
    )


def _numbers(line):
    """How many double-precision numbers an instruction computes."""
    if "zmm" in line:
        return 8
    if "ymm" in line:
        return 4
    return 2 if line.split()[0].endswith("pd") else 1
