"""Element-local space-time predictor of ADER-DG: a Taylor series in time (Cauchy-Kowalewski).

In the variables eta = h + b, p = hu and q = hv the shallow-water equations read

    eta_t + p_x + q_y = 0
    p_t + (p u)_x + (p v)_y + g h eta_x = 0
    q_t + (q u)_x + (q v)_y + g h eta_y = 0

The time derivatives at the start of a step follow recursively from the space derivatives: with
the scaled coefficients f_k = dt^k / k! d^k f / dt^k every product becomes a Cauchy product,
(f g)_k = sum_j f_j g_(k-j), and the velocity follows from p = h u. Water at rest (eta constant,
p = q = 0) has only zero coefficients, whatever b is: the scheme is well balanced.

Arrays hold one row of elements with the element index last, so that the innermost loops run over
``LANES`` neighbouring elements. Row 0, the last row and column 0 lie outside the domain; blocks of
``LANES`` elements start at column 1.
"""

import numpy as np
from numba import njit

LANES = 16

# Traces on a face, averaged over the time step: eta, normal and transverse momentum, and the
# advective fluxes of normal and transverse momentum through the face. The averages are kept in the
# order eta, p, q, p u, q u = p v, q v; these are their positions for faces across x and across y.
TRACES = 5
IN_X = (0, 1, 2, 3, 4)
IN_Y = (0, 2, 1, 5, 4)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})
def predict_rows(order, u, b, active, star, tx, ty, basis, dt, dx, g, first, last):
    """Predict all elements of the rows ``first`` to ``last - 1``.

    Parameters
    ----------
    order
        Tuple of length N; only its length counts, and it is known at compile time.
    u
        Nodal eta, p, q at the start of the step, shape ``(rows, 3, n * n, columns)``.
    b
        Nodal seabed, shape ``(rows, n * n, columns)``.
    active
        True where a block of `LANES` elements holds any DG element, shape ``(rows, blocks)``.
    star
        Output: solution at the end of the step without the faces, shaped as `u`.
    tx, ty
        Outputs: traces on the faces across x and across y, shape
        ``(rows, 2, TRACES, n, columns)``; second axis: lower and upper face of the element.
    basis
        Tuple ``(derivative, left, right)`` of `exacouple.engine.basis.Basis`.
    dt, dx, g
        Time step, element size, gravity.
    """
    derivative, left, right = basis
    n = len(order) + 1
    nn = n * n
    w_eta = 0
    w_p = w_eta + (n + 1) * nn
    w_q = w_p + (n + 1) * nn
    w_u = w_q + (n + 1) * nn
    w_v = w_u + n * nn
    w_dx = w_v + n * nn
    w_dy = w_dx + n * nn
    w_flux = w_dy + n * nn
    w_inverse = w_flux + 3 * nn
    w_mean = w_inverse + nn
    work = np.empty((w_mean + 6 * nn) * LANES)
    scale = dt / dx
    for row in range(first, last):
        for block in range(active.shape[1]):
            if not active[row, block]:
                continue
            c = 1 + block * LANES
            _load(order, work, u[row], b[row], c, w_eta, w_p, w_q, w_inverse)
            for slot in range(w_mean, w_mean + 6 * nn):
                for w in range(LANES):
                    work[(slot) * LANES + w] = 0.0
            for k in range(n):
                _products(order, work, k, w_eta, w_p, w_q, w_u, w_v, w_flux, w_inverse)
                _average(order, work, k, w_eta, w_p, w_q, w_flux, w_mean)
                _advance(
                    order, work, k, derivative, scale, g * scale,
                    w_eta, w_p, w_q, w_dx, w_dy, w_flux, b[row], c,
                )  # fmt: skip
            _store(order, work, star[row], c, w_eta, w_p, w_q)
            _extrapolate(order, work, tx[row], ty[row], left, right, c, w_mean)


@njit(inline="always")
def _load(order, work, u, b, c, w_eta, w_p, w_q, w_inverse):
    n = len(order) + 1
    for node in range(n * n):
        for w in range(LANES):
            eta = u[0, node, c + w]
            work[(w_eta + node) * LANES + w] = eta
            work[(w_p + node) * LANES + w] = u[1, node, c + w]
            work[(w_q + node) * LANES + w] = u[2, node, c + w]
            work[(w_inverse + node) * LANES + w] = 1.0 / (eta - b[node, c + w])


@njit(inline="always")
def _products(order, work, k, w_eta, w_p, w_q, w_u, w_v, w_flux, w_inverse):
    """Velocities u_k, v_k and advective fluxes (p u)_k, (q u)_k = (p v)_k, (q v)_k."""
    n = len(order) + 1
    nn = n * n
    for node in range(nn):
        for w in range(LANES):
            pu = work[(w_p + k * nn + node) * LANES + w]
            qv = work[(w_q + k * nn + node) * LANES + w]
            for j in range(1, k + 1):
                h = work[(w_eta + j * nn + node) * LANES + w]
                pu -= h * work[(w_u + (k - j) * nn + node) * LANES + w]
                qv -= h * work[(w_v + (k - j) * nn + node) * LANES + w]
            work[(w_u + k * nn + node) * LANES + w] = pu * work[(w_inverse + node) * LANES + w]
            work[(w_v + k * nn + node) * LANES + w] = qv * work[(w_inverse + node) * LANES + w]
    for node in range(nn):
        for w in range(LANES):
            pu = 0.0
            qu = 0.0
            qv = 0.0
            for j in range(k + 1):
                u = work[(w_u + (k - j) * nn + node) * LANES + w]
                q = work[(w_q + j * nn + node) * LANES + w]
                pu += work[(w_p + j * nn + node) * LANES + w] * u
                qu += q * u
                qv += q * work[(w_v + (k - j) * nn + node) * LANES + w]
            work[(w_flux + node) * LANES + w] = pu
            work[(w_flux + nn + node) * LANES + w] = qu
            work[(w_flux + 2 * nn + node) * LANES + w] = qv


@njit(inline="always")
def _average(order, work, k, w_eta, w_p, w_q, w_flux, w_mean):
    n = len(order) + 1
    nn = n * n
    share = 1.0 / (k + 1)
    for node in range(nn):
        for w in range(LANES):
            work[(w_mean + node) * LANES + w] += share * work[(w_eta + k * nn + node) * LANES + w]
            work[(w_mean + nn + node) * LANES + w] += (
                share * work[(w_p + k * nn + node) * LANES + w]
            )
            work[(w_mean + 2 * nn + node) * LANES + w] += (
                share * work[(w_q + k * nn + node) * LANES + w]
            )
            for f in range(3):
                work[(w_mean + (3 + f) * nn + node) * LANES + w] += (
                    share * work[(w_flux + f * nn + node) * LANES + w]
                )


@njit(inline="always")
def _advance(order, work, k, derivative, scale, gscale, w_eta, w_p, w_q, w_dx, w_dy, w_flux, b, c):
    """Coefficients k + 1 of eta, p, q from those up to k."""
    n = len(order) + 1
    nn = n * n
    factor = -scale / (k + 1)
    gfactor = -gscale / (k + 1)
    for j in range(n):
        for i in range(n):
            node = j * n + i
            for w in range(LANES):
                eta_x = 0.0
                eta_y = 0.0
                div = 0.0
                adv_p = 0.0
                adv_q = 0.0
                for m in range(n):
                    along_x = j * n + m
                    along_y = m * n + i
                    d_x = derivative[i, m]
                    d_y = derivative[j, m]
                    eta_x += d_x * work[(w_eta + k * nn + along_x) * LANES + w]
                    eta_y += d_y * work[(w_eta + k * nn + along_y) * LANES + w]
                    div += d_x * work[(w_p + k * nn + along_x) * LANES + w]
                    div += d_y * work[(w_q + k * nn + along_y) * LANES + w]
                    adv_p += d_x * work[(w_flux + along_x) * LANES + w]
                    adv_p += d_y * work[(w_flux + nn + along_y) * LANES + w]
                    adv_q += d_x * work[(w_flux + nn + along_x) * LANES + w]
                    adv_q += d_y * work[(w_flux + 2 * nn + along_y) * LANES + w]
                work[(w_dx + k * nn + node) * LANES + w] = eta_x
                work[(w_dy + k * nn + node) * LANES + w] = eta_y
                h = work[(w_eta + node) * LANES + w] - b[node, c + w]
                push_x = h * eta_x
                push_y = h * eta_y
                for m in range(1, k + 1):
                    h = work[(w_eta + m * nn + node) * LANES + w]
                    push_x += h * work[(w_dx + (k - m) * nn + node) * LANES + w]
                    push_y += h * work[(w_dy + (k - m) * nn + node) * LANES + w]
                work[(w_eta + (k + 1) * nn + node) * LANES + w] = factor * div
                work[(w_p + (k + 1) * nn + node) * LANES + w] = factor * adv_p + gfactor * push_x
                work[(w_q + (k + 1) * nn + node) * LANES + w] = factor * adv_q + gfactor * push_y


@njit(inline="always")
def _store(order, work, star, c, w_eta, w_p, w_q):
    n = len(order) + 1
    nn = n * n
    for node in range(nn):
        for w in range(LANES):
            eta = 0.0
            p = 0.0
            q = 0.0
            for k in range(n, -1, -1):
                eta += work[(w_eta + k * nn + node) * LANES + w]
                p += work[(w_p + k * nn + node) * LANES + w]
                q += work[(w_q + k * nn + node) * LANES + w]
            star[0, node, c + w] = eta
            star[1, node, c + w] = p
            star[2, node, c + w] = q


@njit(inline="always")
def _extrapolate(order, work, tx, ty, left, right, c, w_mean):
    n = len(order) + 1
    nn = n * n
    for trace in range(TRACES):
        in_x = w_mean + IN_X[trace] * nn
        in_y = w_mean + IN_Y[trace] * nn
        for j in range(n):
            for w in range(LANES):
                x0 = 0.0
                x1 = 0.0
                y0 = 0.0
                y1 = 0.0
                for m in range(n):
                    value_x = work[(in_x + j * n + m) * LANES + w]
                    value_y = work[(in_y + m * n + j) * LANES + w]
                    x0 += left[m] * value_x
                    x1 += right[m] * value_x
                    y0 += left[m] * value_y
                    y1 += right[m] * value_y
                tx[0, trace, j, c + w] = x0
                tx[1, trace, j, c + w] = x1
                ty[0, trace, j, c + w] = y0
                ty[1, trace, j, c + w] = y1
