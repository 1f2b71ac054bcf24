"""Bells that compiled code rings and hears without the interpreter lock.

A thread that sleeps needs tens of microseconds to wake, and so does one that finds the interpreter
lock taken. So a waiting thread looks for its bell a while before it sleeps, and a kernel rings for
the next thread when it has begun: only then is the interpreter free.

A bell is a line of a `make_bells` array: the latest number rung and the one to ring; and, for the
thread that rings it, how many times it is to sleep at once after the latest vain look, and how many
of them are left. Where threads share a core, the one that looks is in the way of the other.
"""

import platform
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from exacouple.engine.blocks import zeros
from exacouple.engine.compiling import JIT
from exacouple.engine.lanes import LINE_BYTES

Bells = NDArray[np.int64]

# How often a thread looks before it sleeps: for some 200 microseconds.
_PATIENCE = 4000
# How many times at most it sleeps at once after it has looked in vain.
_MOST_SLEEPS = 63

_RUNG, _TO_RING, _VAIN, _SLEEPS = range(4)


def make_bells(count: int) -> Bells:
    """Make some bells, each in a cache line of its own."""
    return zeros((count, LINE_BYTES // 8), np.dtype(np.int64)).view(np.int64)


def tune(bells: Bells, number: int) -> None:
    """Set the number that a bell, or each of some, rings next."""
    bells[..., _TO_RING] = number


def _place(context: Any, builder: Any, kind: Any, bell: Any, index: int) -> Any:
    values = context.make_array(kind)(context, builder, bell)
    at = context.get_constant(types.intp, index)
    return cgutils.get_item_pointer(context, builder, kind, values, [at])


@intrinsic
def ring(typing_context: Any, bell: Any) -> Any:
    """Ring the bell; kernels do so before anything else."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        number = builder.load(_place(context, builder, kind, arguments[0], _TO_RING))
        place = _place(context, builder, kind, arguments[0], _RUNG)
        builder.store_atomic(number, place, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(bell), generate


@intrinsic
def _latest(typing_context: Any, bell: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature.args[0], arguments[0], _RUNG)
        return builder.load_atomic(place, "seq_cst", 8)

    return types.int64(bell), generate


@intrinsic
def _pause(typing_context: Any) -> Any:
    """Let the processor know that this is a waiting loop; it takes the next look later."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if platform.machine().lower() in ("x86_64", "amd64"):
            kind = ir.FunctionType(ir.VoidType(), [])
            name = "llvm.x86.sse2.pause"
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])
        return context.get_dummy_value()

    return types.void(), generate


@njit(**JIT)
def listen(own, other, number):
    """Ring the own bell, and listen to the other one until it rings the number, or for a while.

    After listening in vain it does not listen the next time, then the next three, seven, ... times.
    """
    ring(own)
    if own[_SLEEPS] > 0:
        own[_SLEEPS] -= 1
        return
    for _ in range(_PATIENCE):
        if _latest(other) >= number:
            own[_VAIN] = 0
            return
        _pause()
    own[_VAIN] = min(2 * own[_VAIN] + 1, _MOST_SLEEPS)
    own[_SLEEPS] = own[_VAIN]
