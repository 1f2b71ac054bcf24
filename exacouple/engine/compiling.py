"""How the numerical kernels are compiled."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.extending import intrinsic

from exacouple.engine.codefolder import code_folder

CACHE = code_folder()
config.CACHE_DIR = str(CACHE)


class Apart(CompilerBase):
    """Compiles functions whose array arguments never overlap.

    Only when the compiler knows that can it work on several lanes at once with loads from some
    arrays and stores to others. Callers must not pass one array twice.
    """

    def define_pipelines(self) -> list[Any]:
        """Mark the arguments and go on as usual."""
        self.state.flags.noalias = True
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]


JIT = {"cache": True, "nogil": True, "error_model": "numpy", "pipeline_class": Apart}
# Of what only compiled code calls.
KERNEL = {**JIT, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
INLINE = {"forceinline": True, "error_model": "numpy"}
# For arguments: a function is compiled again for every literal.
ZERO = np.int64(0)


@intrinsic(prefer_literal=True)
def prefetch(
    typing_context: Any, array: Any, row: Any, block: Any, first: Any, count: Any, step: Any
) -> Any:
    """Ask for numbers of a three-dimensional array, which are not waited for.

    There are ``count`` of them along its last axis, from ``first`` on with a ``step`` between; all
    three are literals. Indices are not checked, and may lie outside the array.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        values = context.make_array(kind)(context, builder, arguments[0])
        address = cgutils.get_item_pointer(context, builder, kind, values, arguments[1:4])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        instruction = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [byte, number, number, number]),
            "llvm.prefetch.p0i8",
        )
        for_reading, to_all_levels, of_data = number(0), number(3), number(1)
        for each in range(count.literal_value):
            place = builder.gep(address, [ir.IntType(64)(each * step.literal_value)])
            builder.call(
                instruction, [builder.bitcast(place, byte), for_reading, to_all_levels, of_data]
            )
        return context.get_dummy_value()

    return types.void(array, row, block, first, count, step), generate
