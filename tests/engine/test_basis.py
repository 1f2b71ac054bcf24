import numpy as np
import pytest

from exacouple.engine.basis import gauss_legendre

ORDERS = (1, 2, 3, 4)


@pytest.mark.parametrize("order", ORDERS)
def test_quadrature_is_exact_to_twice_the_order(order):
    """N + 1 Gauss points integrate x^(2N+1) over [0, 1] exactly."""
    basis = gauss_legendre(order)
    power = 2 * order + 1
    assert basis.weights @ basis.nodes**power == pytest.approx(1.0 / (power + 1), rel=1e-14)


@pytest.mark.parametrize("order", ORDERS)
def test_derivative_and_end_values_of_a_polynomial(order):
    """A polynomial of degree N is differentiated and extrapolated exactly."""
    basis = gauss_legendre(order)
    values = (basis.nodes - 0.3) ** order
    slopes = order * (basis.nodes - 0.3) ** (order - 1)
    np.testing.assert_allclose(basis.derivative @ values, slopes, atol=1e-13)
    assert basis.left @ values == pytest.approx((-0.3) ** order, abs=1e-14)
    assert basis.right @ values == pytest.approx(0.7**order, abs=1e-14)
    assert basis.values_at(0.9) @ values == pytest.approx(0.6**order, abs=1e-14)


@pytest.mark.parametrize("order", ORDERS)
def test_subcell_averages_of_a_polynomial(order):
    """The averages over subcells are those of the antiderivative."""
    basis = gauss_legendre(order)
    edges = np.linspace(0.0, 1.0, basis.subcells + 1)
    exact = np.diff(edges ** (order + 1) / (order + 1)) * basis.subcells
    np.testing.assert_allclose(basis.to_subcells @ basis.nodes**order, exact, rtol=1e-13)


@pytest.mark.parametrize("order", ORDERS)
def test_return_from_subcells_keeps_polynomials_and_the_mean(order):
    """To subcells and back is the identity, and any averages keep their mean on the way back."""
    basis = gauss_legendre(order)
    np.testing.assert_allclose(
        basis.from_subcells @ basis.to_subcells, np.eye(order + 1), atol=1e-14
    )
    averages = np.random.default_rng(1).normal(size=basis.subcells)
    nodal = basis.from_subcells @ averages
    assert basis.weights @ nodal == pytest.approx(averages.mean(), abs=1e-14)
