import subprocess
import sys

import numpy as np
import pytest

from exacouple.engine.generate import LANES, Layout
from exacouple.engine.kernels import load_kernels


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


@pytest.mark.parametrize("order", [1, 2])
def test_innermost_loops_are_vectorised(order):
    """Most multiplications and additions work on whole AVX registers, hardly any on one number."""
    kernels = load_kernels(order)
    layout = Layout(order + 1)
    work = np.ones(layout.work_slots * LANES)
    kernels.predict(work, 0.1, 9.81, np.zeros(order + 1))
    kernels.correct(work, 0.1, 9.81)
    for kernel in (kernels.predict, kernels.correct):
        assembly = next(iter(kernel.inspect_asm().values()))
        lines = assembly.splitlines()
        arithmetic = [line.split()[0] for line in lines if _is_arithmetic(line)]
        if not any("ymm" in line or "zmm" in line for line in lines):
            pytest.skip("this processor has no AVX registers")
        scalar = [name for name in arithmetic if name.endswith("sd")]
        assert len(scalar) < 0.1 * len(arithmetic)


def _is_arithmetic(line):
    name = (line.split() or [""])[0]
    return name.startswith(("vadd", "vsub", "vmul", "vdiv", "vsqrt", "vfm", "vfnm")) and (
        name.endswith(("pd", "sd"))
    )
