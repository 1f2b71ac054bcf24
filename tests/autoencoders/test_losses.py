"""Losses against values worked out by hand."""

import math

import numpy as np
import pytest

pytestmark = pytest.mark.train
pytest.importorskip("keras", reason="needs TensorFlow: pip install 'exacouple[train]'")

losses = pytest.importorskip("exacouple.autoencoders.losses")


def tiles(*values):
    """Tiles of 2 x 2 pixels, one value each pixel."""
    return np.array(values, dtype=np.float32).reshape(-1, 2, 2, 1)


def test_charbonnier_is_an_absolute_difference_away_from_zero():
    """|3| + |4| + 2 epsilon for two differing pixels and two equal ones."""
    found = losses.charbonnier(tiles([3, -4, 0, 0]), tiles([0, 0, 0, 0]), epsilon=1e-3)
    np.testing.assert_allclose(found, [7.002], rtol=1e-6)
    mean = losses.charbonnier(
        tiles([3, -4, 0, 0]), tiles([0, 0, 0, 0]), epsilon=1e-3, reduction="mean"
    )
    np.testing.assert_allclose(mean, [7.002 / 4], rtol=1e-6)


def test_divergence_of_a_normal_law():
    """0 for the standard law; m^2 / 2 for a shifted one; (s^2 - 1 - log s^2) / 2 for a wide one."""
    found = losses.kullback_leibler(
        np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 0.0]], np.float32),
        np.array([[0.0, 0.0], [0.0, 0.0], [math.log(4.0), 0.0]], np.float32),
    )
    np.testing.assert_allclose(found, [0.0, 4.5, 0.5 * (3 - math.log(4.0))], atol=1e-6)


def test_likelihood_is_lowest_at_the_true_error():
    """With an error of 2 per pixel, log s^2 = log 4 is best."""
    values = [
        float(losses.gaussian_likelihood(tiles([2] * 4), tiles([0] * 4), np.float32(x))[0])
        for x in (math.log(4.0) - 0.1, math.log(4.0), math.log(4.0) + 0.1)
    ]
    assert values[1] < min(values[0], values[2])
    np.testing.assert_allclose(values[1], 2.0 + 2.0 * math.log(4.0), rtol=1e-6)


def test_annealing_really_changes():
    """The weight grows from 0 to 1 and never falls, in both shapes."""
    for shape in ("sigmoid", "linear"):
        weights = [
            losses.annealed_weight(epoch, shape=shape, epochs=10) for epoch in np.arange(0, 40, 0.5)
        ]
        assert weights[0] == 0.0
        assert weights[-1] == 1.0
        assert np.all(np.diff(weights) >= 0)
        assert len(set(weights)) > 10


def test_gradient_loss_sees_slopes_only():
    """A constant shift costs nothing, a slope costs itself on every scale."""
    flat = np.zeros((1, 8, 8, 1), np.float32)
    ramp = np.broadcast_to(np.arange(8.0)[None, :, None, None], flat.shape).astype(np.float32)
    np.testing.assert_allclose(losses.multiscale_gradient(flat, flat + 5.0, scales=3), [0.0])
    np.testing.assert_allclose(losses.multiscale_gradient(flat, ramp, scales=1), [1.0])
    np.testing.assert_allclose(losses.multiscale_gradient(flat, ramp, scales=2), [1.5])
    with pytest.raises(ValueError, match="too small"):
        losses.multiscale_gradient(flat, ramp, scales=4)


def test_travel_time_of_a_known_depth():
    """At 4000 m a wave needs 5.048 s per kilometre, at 1000 m twice that; land does not count."""
    true = tiles([-4000.0, -4000.0, 500.0, 500.0])
    made = tiles([-1000.0, -1000.0, -9000.0, -9000.0])
    slowness = 1e3 / math.sqrt(9.81 * 4000.0)
    np.testing.assert_allclose(losses.travel_time(true, made), [slowness], rtol=1e-5)
    np.testing.assert_allclose(losses.travel_time(tiles([10.0] * 4), made), [0.0])


def test_land_can_count_less():
    """Weight 1 at sea, the given one on land."""
    weight = losses.sea_weight(tiles([-10.0, 0.0, 5.0, -1.0]), 0.25)
    assert np.asarray(weight).ravel().tolist() == [1.0, 0.25, 0.25, 1.0]


def test_feature_difference_weighs_the_layers():
    """Half the sum of w_l times the absolute differences."""
    zero, one = np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32)
    found = losses.feature_difference([zero, zero], [one, 2 * one], (1.0, 0.5))
    np.testing.assert_allclose(found, [0.5 * (3.0 + 0.5 * 6.0)], rtol=1e-4)


def test_cross_entropy_of_a_logit():
    """log 2 for a logit of 0, whatever the target; large for a confident mistake."""
    logits = np.array([[0.0], [10.0]], np.float32)
    np.testing.assert_allclose(
        losses.binary_cross_entropy(logits, 0.0), [math.log(2.0), 10.0], rtol=1e-4
    )
