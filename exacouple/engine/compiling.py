"""How the numerical kernels are compiled."""

from typing import Any

from numba.core.compiler import CompilerBase, DefaultPassBuilder


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
INLINE = {"forceinline": True, "error_model": "numpy"}
