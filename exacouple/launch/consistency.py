"""Whether an engine has computed the mesh and the order that its case asks for.

ExaHyPE ignores an order that it is not compiled for; its time step gives that away, for it is
proportional to a factor of the order.
"""

from exacouple.cases.mesh import PNPM
from exacouple.cases.truth import MeshTruth

_SAME_SIZE = 1e-4
_SAME_STEP = 0.02
_SAME_ORDER = 0.01
_OTHER_PHYSICS = 2.0


def mesh_reasons(
    truth: MeshTruth, cell_size: float | None, first_step: float | None
) -> tuple[list[str], list[str]]:
    """Compare what an engine has printed with what its case asks for.

    Parameters
    ----------
    truth
        What the case asks for.
    cell_size
        Cell size that the engine has printed, in the length unit of the specfile; None if it has
        printed none.
    first_step
        Its first time step in s, None if it has printed none.

    Returns
    -------
    Reasons why the result is not that of the case, and what is doubtful.
    """
    reasons: list[str] = []
    warnings: list[str] = []
    if cell_size is not None:
        size_m = cell_size * truth.unit_m
        if abs(size_m / truth.mesh.cell_size_m - 1.0) > _SAME_SIZE:
            reasons.append(
                f"the engine has computed with cells of {size_m / 1e3:g} km, the case asks for "
                f"{truth.mesh.cell_size_m / 1e3:g} km: check outside_cells_left and _right and "
                "maximum_mesh_size in the specfile, or whether this build knows them"
            )
            return reasons, warnings
    if first_step is None or not first_step > 0.0:
        return reasons, warnings
    ratio = first_step / truth.time_step_s
    if abs(ratio - 1.0) <= _SAME_STEP:
        return reasons, warnings
    steps = f"its time step is {first_step:g} s, that of the case {truth.time_step_s:g} s"
    order = _order_of(ratio, truth.order)
    if order is not None:
        reasons.append(
            f"the engine has computed with order {order}, the case asks for order {truth.order} "
            f"({steps}): the order is compiled in, say order = {order} in the site profile and "
            f"prepare with --order {order}"
        )
    elif not 1.0 / _OTHER_PHYSICS < ratio < _OTHER_PHYSICS:
        reasons.append(
            f"the engine has not computed this case ({steps}): check that it reads bathymetry.nc "
            "through data.yaml, and that no other inputs.txt shifts the displacement"
        )
    else:
        warnings.append(
            f"{steps}: the engine may have other gravity, bathymetry or CFL number than the case"
        )
    return reasons, warnings


def _order_of(ratio: float, order: int) -> int | None:
    """Return the order whose time step is `ratio` times that of `order`."""
    found = [
        other
        for other in PNPM
        if other != order and abs(ratio * PNPM[order] / PNPM[other] - 1.0) <= _SAME_ORDER
    ]
    return found[0] if found else None
