"""Where a solution breaks down: the place of its fastest wave."""

import numpy as np

from exacouple.engine.basis import Array
from exacouple.engine.blocks import by_element
from exacouple.engine.limiter import ABSENT, Patches
from exacouple.engine.mesh import Mesh


def describe_fastest(mesh: Mesh, g: float, u: Array, bed: Array, patches: Patches) -> str:
    """Say in words where |u| + |v| + 2 sqrt(g h) is greatest, with the depth and the speed there.

    Parameters
    ----------
    mesh, g
        Cells and gravity.
    u, bed
        Nodal eta, hu, hv and seabed, see `exacouple.engine.blocks`.
    patches
        The limited elements.
    """
    nodes = (patches.basis.order + 1) ** 2
    eta, hu, hv = np.moveaxis(by_element(u, nodes, mesh.nx), 2, 0)
    depth, speed = _fastest_point(eta - by_element(bed, nodes, mesh.nx)[:, :, 0], hu, hv, g)
    row, column = patches.cells[:, 0] - 1, patches.cells[:, 1] - 1
    h, hu, hv = np.moveaxis(patches.w.reshape(len(patches), 3, -1), 1, 0)
    depth[row, column], speed[row, column] = _fastest_point(h, hu, hv, g)
    wave = speed + 2.0 * np.sqrt(g * depth)
    wave[patches.at[1:-1, 1:-1] == ABSENT] = 0.0
    j, i = np.unravel_index(int(np.argmax(wave)), wave.shape)
    x, y = (axis[k] for axis, k in zip(mesh.cell_centers, (i, j), strict=True))
    return (
        f"the fastest wave is in the cell around x = {x:g}, y = {y:g}, where the water is "
        f"{depth[j, i]:g} deep and flows at {speed[j, i]:g}"
    )


def _fastest_point(h: Array, hu: Array, hv: Array, g: float) -> tuple[Array, Array]:
    """Depth, and speed along both axes added, at the fastest of the points on the last axis."""
    with np.errstate(all="ignore"):
        depth = np.where(h > 0.0, h, 0.0)
        speed = np.where(h > 0.0, (abs(hu) + abs(hv)) / h, 0.0)
        wave = speed + 2.0 * np.sqrt(g * depth)
    at = np.argmax(np.where(np.isnan(wave), np.inf, wave), axis=-1)[..., None]
    return np.take_along_axis(depth, at, -1)[..., 0], np.take_along_axis(speed, at, -1)[..., 0]
