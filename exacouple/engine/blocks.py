"""Nodal values of elements, stored in blocks of neighbouring elements.

An array has the shape ``(rows, blocks, fields * nodes * LANES)``; rows count from 1, and the
element in column c (from 1) is lane ``(c - 1) % LANES`` of block ``(c - 1) // LANES``.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exacouple.engine.basis import Array
from exacouple.engine.lanes import LANES, LINE_BYTES

Cells = NDArray[np.int64]


def zeros(shape: tuple[int, ...], kind: np.dtype[Any]) -> Array:
    """Zeros that begin at the beginning of a cache line, as vector registers do then."""
    size = math.prod(shape) * kind.itemsize
    room = np.zeros(size + LINE_BYTES, dtype=np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    return room[start : start + size].view(kind).reshape(shape)


def by_field(values: Array, nodes: int) -> Array:
    """View of the values as ``(rows, blocks, field, node, lane)``."""
    return values.reshape(*values.shape[:2], -1, nodes, LANES)


def by_element(values: Array, nodes: int, columns: int) -> Array:
    """Copy of the values within the domain, shape ``(ny, nx, field, node)``."""
    fields = np.moveaxis(by_field(values[1:-1], nodes), 4, 2)
    return fields.reshape(fields.shape[0], -1, *fields.shape[3:])[:, :columns]


def get_elements(values: Array, nodes: int, cells: Cells) -> Array:
    """Values of some elements, given as (row, column), shape ``(elements, field, node)``."""
    block, lane = np.divmod(cells[:, 1] - 1, LANES)
    nodal: Array = by_field(values, nodes)[cells[:, 0], block, :, :, lane]
    return nodal


def set_elements(values: Array, nodes: int, cells: Cells, nodal: Array) -> None:
    """Set the values, shape ``(elements, field, node)``, of some elements."""
    block, lane = np.divmod(cells[:, 1] - 1, LANES)
    by_field(values, nodes)[cells[:, 0], block, :, :, lane] = nodal
