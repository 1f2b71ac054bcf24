"""Tasks for compiled code: kernels and their arguments, where any thread finds them.

A *kernel* is a compiled function without a result whose last three arguments are the first and the
last item to treat and the number of the thread. A *task* is a kernel and its other arguments. These
wait in a packet of integers of eight bytes: the kernel's address, and then the arguments, arrays as
their address, shape and strides, floating-point numbers as their bits in double precision.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from operator import index
from typing import Any

import numpy as np
from llvmlite import ir
from numba import int64, njit, typeof, types
from numba.extending import intrinsic, models, register_model
from numba.np.arrayobj import populate_array
from numpy.typing import NDArray

from exacouple.engine.compiling import KERNEL
from exacouple.engine.primitives import WORD

Task = tuple[Any, tuple[Any, ...]]

ENTRIES = 3
"""How many numbers the table of a `Work` holds for each task."""
# Types of the last three arguments of a kernel.
_PIECE = (int64,) * 3
# Addresses of `enter` and of a kernel for arguments of some forms; they stay as they are.
_codes: dict[tuple[Any, ...], tuple[int, int]] = {}


class Work:
    """Some tasks, each a kernel and its arguments without the last three, for `Team.run`."""

    def __init__(self, *tasks: Task) -> None:
        # The arrays live as long as there are addresses of them.
        self.tasks, self._packets, table = tasks, [], []
        # Most arrays are arguments of several kernels.
        known: dict[int, tuple[Any, list[int]]] = {}
        for kernel, values in tasks:
            for value in values:
                if id(value) not in known:
                    known[id(value)] = _form_of(value), words_of(value)
            code = (kernel, *(known[id(value)][0] for value in values))
            if code not in _codes:
                _codes[code] = find_code(kernel, kinds_of(values))
            way, address = _codes[code]
            words = chain.from_iterable(known[id(value)][1] for value in values)
            self._packets.append(np.array([address, *words]))
            table.append((way, self._packets[-1].ctypes.data, 0))
        self.table = np.array(table).ravel()


class Works:
    """Works that are kept as long as what they are for stays the same."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], Work] = {}

    def get(self, tasks: Callable[[], Iterable[Task]], *of: NDArray[Any] | float) -> Work:
        """Work of the tasks that a function gives, unless it was made of these arguments before.

        These are all that may change: numbers, and arrays that others may take the place of. Start
        and end of a step change places in every step, so two works are kept.
        """
        key = tuple(id(each) if isinstance(each, np.ndarray) else each for each in of)
        if key not in self._kept:
            if len(self._kept) == 2:
                self._kept.clear()
            self._kept[key] = Work(*tasks())
        return self._kept[key]


class Packet(types.Type):  # type: ignore[misc]
    """Numba's type of the address of a packet, for a kernel with arguments of some types."""

    def __init__(self, kinds: tuple[types.Type, ...]) -> None:
        self.kinds = kinds
        super().__init__(name=f"Packet({', '.join(map(str, kinds))})")


@register_model(Packet)
class _PacketModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Packet) -> None:
        super().__init__(manager, kind, WORD)


def kinds_of(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Types of a kernel, given its arguments without the last three."""
    return (*(typeof(value) for value in values), *_PIECE)


def _form_of(value: Any) -> Any:
    """What tells the type of an argument: Numba takes long to find it."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.ndim, value.flags.num
    if isinstance(value, tuple):
        return tuple(map(type, value))
    return type(value)


def words_of(value: Any) -> list[int]:
    """What stands for an argument in a packet."""
    if isinstance(value, np.ndarray):
        return [value.__array_interface__["data"][0], *value.shape, *value.strides]
    if isinstance(value, tuple):
        return [index(each) for each in value]
    if isinstance(value, int | np.integer):
        return [int(value)]
    return [int(np.float64(value).view(np.int64))]


@intrinsic
def _call(typing_context: Any, packet: Any, first: Any, last: Any, thread: Any) -> Any:
    """Call the kernel of a packet."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start = builder.inttoptr(arguments[0], WORD.as_pointer())
        count = iter(range(10**6))

        def word() -> Any:
            return builder.load(builder.gep(start, [WORD(next(count))]))

        address = word()
        given = [_argument(context, builder, kind, word) for kind in packet.kinds]
        kinds = [*packet.kinds, *[types.int64] * 3]
        convention = context.call_conv
        shape = convention.get_function_type(types.none, kinds)
        kernel = builder.inttoptr(address, shape.as_pointer())
        status, _ = convention.call_function(
            builder, kernel, types.none, kinds, [*given, *arguments[1:]]
        )
        with builder.if_then(status.is_error, likely=False):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.void(packet, types.int64, types.int64, types.int64), generate


def _argument(context: Any, builder: Any, kind: Any, word: Callable[[], Any]) -> Any:
    """An argument from the words of a packet, see `words_of`."""
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder)
        size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
        data = builder.inttoptr(word(), array.data.type)
        shape, strides = ([word() for _ in range(kind.ndim)] for _ in range(2))
        # Nobody counts references to what has no owner here.
        populate_array(array, data, shape, strides, WORD(size), meminfo=None)
        return array._getvalue()
    if isinstance(kind, types.UniTuple):
        return context.make_tuple(builder, kind, [word() for _ in range(kind.count)])
    if isinstance(kind, types.Float):
        number = builder.bitcast(word(), ir.DoubleType())
        return context.cast(builder, number, types.float64, kind)
    return context.cast(builder, word(), types.int64, kind)


@njit(**KERNEL)
def enter(packet, first, last, thread):
    """Do a piece of a task, given its packet."""
    _call(packet, first, last, thread)


@intrinsic
def fails(typing_context: Any, way: Any, packet: Any, first: Any, last: Any, thread: Any) -> Any:
    """Do a piece of a task, given the address of its `enter`; tells whether that failed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds, convention = [types.int64] * 4, context.call_conv
        shape = convention.get_function_type(types.none, kinds)
        function = builder.inttoptr(arguments[0], shape.as_pointer())
        status, _ = convention.call_function(builder, function, types.none, kinds, arguments[1:])
        return status.is_error

    return types.boolean(*[types.int64] * 5), generate


def find_code(kernel: Any, kinds: tuple[Any, ...]) -> tuple[int, int]:
    """Addresses of the machine code of `enter` and of a kernel, for arguments of some types."""
    return address_of(enter, (Packet(kinds[:-3]), *_PIECE)), address_of(kernel, kinds)


def address_of(function: Any, kinds: tuple[Any, ...]) -> int:
    """Address of the machine code of a function, compiled for arguments of some types."""
    function.compile(kinds)
    code = function.overloads[kinds]
    address: int = code.library.get_pointer_to_function(code.fndesc.llvm_func_name)
    return address
