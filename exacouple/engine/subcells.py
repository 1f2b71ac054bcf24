"""Finite-volume kernels of the limiter: MUSCL-Hancock with hydrostatic reconstruction.

A limited element is a patch of M x M subcells, M = 2 N + 1, with the averages of h, hu, hv and the
seabed b. Slopes of eta, h, u and v are limited; the seabed at a face follows as b = eta - h. Faces
use the hydrostatic reconstruction of Audusse et al. (2004, SIAM J. Sci. Comput. 25, 2050-2065) with
an HLL flux whose pressure is kept as the difference from either side, P* - g h*^2 / 2, and inside a
subcell the surface acts as g h delta(eta): water at rest stays at rest over wet and dry ground.

The kernels treat `PACK` patches at once, one in each lane. Their work arrays are flat,
``work[slot * PACK + lane]``, and what depends on the state is chosen without branches, so that the
innermost loops over lanes vectorise. Subcells are numbered ``j * M + i`` with j along y, in the
halo ``y * (M + 2) + x``. The face f of the M + 1 along direction d at the subcell k across it has
the number ``(d * (M + 1) + f) * M + k``. At a face a state is eta, b, normal and transverse
velocity; a flux is mass, normal and transverse momentum, and the pressure from below and above.
"""

import numpy as np
from numba import njit

from exacouple.engine.compiling import INLINE, KERNEL

PACK = 8

STATE, FLUX = 4, 5

# Depth whose inverse is still finite.
LEAST = 1e-300


@njit(**KERNEL)
def lanes(slots):
    """Zeros for the lanes of some slots, beginning where a cache line does."""
    values = np.zeros((slots + 1) * PACK)
    start = -(values.ctypes.data // values.itemsize) % PACK
    return values[start : start + slots * PACK]


@njit(**INLINE)
def slowness(h, dry):
    """Velocity over momentum: 1 / h, less where the depth is below the dry tolerance."""
    deep = h >= dry
    above = 1.0 if deep else 2.0 * h
    below = h if deep else h * h + dry * dry
    wet = h > LEAST
    return (above if wet else 0.0) / (below if wet else 1.0)


@njit(**INLINE)
def _limited(low, mid, high, steepness):
    """Slope between three values, limited."""
    a = steepness * (mid - low)
    z = steepness * (high - mid)
    steep = abs(0.5 * (high - low))
    steep = abs(a) if abs(a) < steep else steep
    steep = abs(z) if abs(z) < steep else steep
    steep = steep if a > 0.0 else -steep
    return steep if a * z > 0.0 else 0.0


@njit(**KERNEL)
def flow(order, halo, speed, dry):
    """Velocities from eta, h, hu, hv in the halo: shapes ``(2, ...)`` and ``(4, M + 2, M + 2)``."""
    size = (2 * len(order) + 3) ** 2 * PACK
    for at in range(size):
        factor = slowness(halo[size + at], dry)
        speed[at] = factor * halo[2 * size + at]
        speed[size + at] = factor * halo[3 * size + at]


@njit(**KERNEL)
def reconstruct(order, halo, speed, low, high, push, steepness, dt, dx, g, dry):
    """Face values half a step ahead, and the surface force inside each subcell.

    Parameters
    ----------
    order
        Tuple of length N.
    halo
        Eta, h, hu, hv of the patch and one layer around it, shape ``(4, M + 2, M + 2)``; the
        corners mean nothing.
    speed
        Velocities there, see `flow`.
    low, high
        Output: states below and above the faces, as far as they lie in the patch.
    push
        Output: g h delta(eta) along x and y, shape ``(2, M, M)``.
    steepness
        Bound of the slopes: 1 is minmod, 2 the monotonised central limiter, 0 leaves the
        first-order Godunov scheme.
    dx
        Width of a subcell.
    """
    m = 2 * len(order) + 1
    half = 0.5 * dt / dx
    row = (m + 2) * PACK
    size = (m + 2) * row
    for j in range(m):
        for i in range(m):
            centre = ((j + 1) * (m + 2) + i + 1) * PACK
            left, right = (j + i * m) * STATE * PACK, (j + (i + 1) * m) * STATE * PACK
            below = ((m + 1) * m + i + j * m) * STATE * PACK
            above = ((m + 1) * m + i + (j + 1) * m) * STATE * PACK
            forces = (j * m + i) * PACK
            for w in range(PACK):
                at = centre + w
                eta, h = halo[at], halo[size + at]
                u, v = speed[at], speed[size + at]
                eta_x = _limited(halo[at - PACK], eta, halo[at + PACK], steepness)
                eta_y = _limited(halo[at - row], eta, halo[at + row], steepness)
                at = size + centre + w
                h_x = _limited(halo[at - PACK], h, halo[at + PACK], steepness)
                h_y = _limited(halo[at - row], h, halo[at + row], steepness)
                moves = steepness if h > dry else 0.0
                at = centre + w
                u_x = _limited(speed[at - PACK], u, speed[at + PACK], moves)
                u_y = _limited(speed[at - row], u, speed[at + row], moves)
                at = size + centre + w
                v_x = _limited(speed[at - PACK], v, speed[at + PACK], moves)
                v_y = _limited(speed[at - row], v, speed[at + row], moves)
                rise = -half * (u * h_x + h * u_x + v * h_y + h * v_y)
                thin = h + rise - 0.5 * max(abs(h_x), abs(h_y))
                ahead = half if h > dry and not thin < 0.0 else 0.0
                rise = -ahead * (u * h_x + h * u_x + v * h_y + h * v_y)
                ground = eta - h
                b_x = 0.5 * (eta_x - h_x)
                b_y = 0.5 * (eta_y - h_y)
                push[forces + w] = g * (h + rise) * eta_x
                push[m * m * PACK + forces + w] = g * (h + rise) * eta_y
                eta += rise
                u, v = (
                    u - ahead * (u * u_x + v * u_y + g * eta_x),
                    v - ahead * (u * v_x + v * v_y + g * eta_y),
                )
                high[left + w] = eta - 0.5 * eta_x
                high[left + PACK + w] = ground - b_x
                high[left + 2 * PACK + w] = u - 0.5 * u_x
                high[left + 3 * PACK + w] = v - 0.5 * v_x
                low[right + w] = eta + 0.5 * eta_x
                low[right + PACK + w] = ground + b_x
                low[right + 2 * PACK + w] = u + 0.5 * u_x
                low[right + 3 * PACK + w] = v + 0.5 * v_x
                high[below + w] = eta - 0.5 * eta_y
                high[below + PACK + w] = ground - b_y
                high[below + 2 * PACK + w] = v - 0.5 * v_y
                high[below + 3 * PACK + w] = u - 0.5 * u_y
                low[above + w] = eta + 0.5 * eta_y
                low[above + PACK + w] = ground + b_y
                low[above + 2 * PACK + w] = v + 0.5 * v_y
                low[above + 3 * PACK + w] = u + 0.5 * u_y


@njit(**KERNEL)
def solve(low, high, flux, first, last, g):
    """Numerical fluxes through the faces ``first`` to ``last - 1`` by HLL.

    The wave speeds are those of Einfeldt with Roe's averages; at a dry side that of a dam break.
    """
    root_g = np.sqrt(g)
    low, high = low[first * STATE * PACK :], high[first * STATE * PACK :]
    flux = flux[first * FLUX * PACK :]
    for face in range(last - first):
        state, result = face * STATE * PACK, face * FLUX * PACK
        for w in range(PACK):
            b_l, b_r = low[state + PACK + w], high[state + PACK + w]
            crest = b_l if b_l > b_r else b_r
            h_l, h_r = low[state + w] - crest, high[state + w] - crest
            h_l, h_r = h_l if h_l > 0.0 else 0.0, h_r if h_r > 0.0 else 0.0
            u_l, u_r = low[state + 2 * PACK + w], high[state + 2 * PACK + w]
            root_l, root_r = np.sqrt(h_l), np.sqrt(h_r)
            c_l, c_r = root_g * root_l, root_g * root_r
            mean = (root_l * u_l + root_r * u_r) / (root_l + root_r)
            c = root_g * np.sqrt(0.5 * (h_l + h_r))
            slow = u_l - c_l if u_l - c_l < mean - c else mean - c
            fast = u_r + c_r if u_r + c_r > mean + c else mean + c
            slow = u_r - 2.0 * c_r if h_l == 0.0 else slow
            fast = u_l + 2.0 * c_l if h_r == 0.0 else fast
            # With one side dry the mean and c are those of the other, and the sound speed there
            # is the greater.
            slow, fast = slow if slow < 0.0 else 0.0, fast if fast > 0.0 else 0.0
            wet = h_l + h_r > 0.0
            span = (1.0 if wet else 0.0) / (fast - slow if wet else 1.0)
            p_l, p_r = h_l * u_l, h_r * u_r
            mass = (fast * p_l - slow * p_r + slow * fast * (h_r - h_l)) * span
            along = (fast * p_l * u_l - slow * p_r * u_r + slow * fast * (p_r - p_l)) * span
            v_l, v_r = low[state + 3 * PACK + w], high[state + 3 * PACK + w]
            step = 0.5 * g * (h_l - h_r) * (h_l + h_r) * span
            flux[result + w] = mass
            flux[result + PACK + w] = along
            flux[result + 2 * PACK + w] = mass * (v_l if mass > 0.0 else v_r)
            flux[result + 3 * PACK + w] = slow * step
            flux[result + 4 * PACK + w] = fast * step
