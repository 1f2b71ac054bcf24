import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import jit

from exacouple.engine.generate import LANES, Layout
from exacouple.engine.kernels import load_kernels


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


@pytest.mark.skipif("avx" not in _processor_flags(), reason="this processor has no AVX")
@pytest.mark.parametrize("name", ["predict", "correct"])
def test_innermost_loops_are_vectorised(name):
    """Nearly all arithmetic of order 2 works on AVX registers of at least four numbers."""
    kernel = getattr(load_kernels(2), name)
    # What comes from the cache has no assembly to look at.
    fresh = jit(**kernel.targetoptions)(kernel.py_func)
    arguments = (np.ones(Layout(3).predictor_slots * LANES), 0.1, 9.81, np.zeros(3))
    fresh(*arguments[: 4 if name == "predict" else 3])
    (assembly,) = fresh.inspect_asm().values()
    arithmetic = [line for line in assembly.splitlines() if _is_arithmetic(line)]
    wide = [line for line in arithmetic if "ymm" in line or "zmm" in line]
    assert len(arithmetic) > 300
    assert len(wide) > 0.9 * len(arithmetic)


def _is_arithmetic(line):
    name = (line.split() or [""])[0]
    return name.startswith(("vadd", "vsub", "vmul", "vdiv", "vsqrt", "vfm", "vfnm")) and (
        name.endswith(("pd", "sd"))
    )
