import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from exacouple.bathymetry.grid import embedded_grids, read_window
from exacouple.bathymetry.projection import bounds_of, project_grid
from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver

AROUND_TOHOKU = "+proj=aeqd +lat_0=38.3012 +lon_0=142.4018 +ellps=WGS84 +units=m"


@pytest.fixture(scope="module")
def coast():
    """Seabed of ETOPO5 around Japan as a function of x, y in metres."""
    x = np.arange(-505e3, 1306e3, 5e3)
    y = np.arange(-955e3, 856e3, 5e3)
    bounds = bounds_of(AROUND_TOHOKU, (x[0], x[-1]), (y[0], y[-1]), margin_deg=0.5)
    grid = read_window(embedded_grids()["etopo5-northwest-pacific"], bounds)
    seabed = project_grid(grid, AROUND_TOHOKU, x, y)
    return RegularGridInterpolator((y, x), seabed.values)


@pytest.mark.parametrize("order", [2, 3])
def test_sea_at_rest_stays_at_rest_around_japan(coast, order):
    """Over real bathymetry and coasts nothing moves beyond round-off, and no water is lost."""

    def initial(x, y):
        b = coast(np.column_stack([y, x]))
        zero = np.zeros_like(x)
        return np.maximum(0.0, -b), zero, zero, b

    mesh = Mesh(-499e3, -949e3, 1798e3 / 27, 27, 27)
    solver = Solver(mesh, initial, order=order, dry_tolerance=10.0, limiter_depth=100.0)
    volume = solver.mass()
    for _ in range(100):
        solver.step()
    deep = solver.nodal()[~solver.limited]
    w, bed = solver.patches.w, solver.patches.bed
    wet = w[:, 0] > 0.0
    assert (~wet).any()
    assert len(deep) > 300
    assert abs(deep[:, 0]).max() < 1e-9
    assert abs((w[:, 0] + bed)[wet]).max() < 1e-9
    speed = max(abs(deep[:, 1:]).max(), abs(w[:, 1:]).max()) / 100.0
    assert speed < 1e-9
    assert solver.mass() == pytest.approx(volume, rel=1e-14)
