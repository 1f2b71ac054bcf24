"""The refining network goes backward as it goes forward, and codes are searched for with it."""

import numpy as np

from exacouple.autoencoders.codec import load_codec
from exacouple.autoencoders.dictionary import spectrum
from exacouple.autoencoders.refinement import Refinement
from exacouple.bathymetry.grid import embedded_grids, read_window

SHAPES = [(3, 48, 4), (3, 4, 4), (3, 16, 5), (3, 5, 5), (3, 20, 6), (3, 6, 6)]
SHAPES += [(1, 6, 20), (3, 10, 5), (3, 5, 5), (1, 5, 16), (3, 8, 4), (3, 4, 4), (3, 4, 16)]


def test_backward_is_the_gradient_of_forward() -> None:
    """Of a random network of three levels, against differences in random directions."""
    random = np.random.default_rng(0)
    kernels = [
        (0.3 * random.normal(size=(size, size, given, made)), 0.1 * random.normal(size=made))
        for size, given, made in SHAPES
    ]
    refinement = Refinement(kernels, 3)
    whole, smooth, wanted = random.normal(size=(3, 2, 32, 32))

    def loss(first, second):
        return 0.5 * ((refinement.refine(first, second)[0] - wanted) ** 2).sum()

    made, back = refinement.refine(whole, smooth)
    of_whole, of_smooth = back(made - wanted)
    for _ in range(5):
        first, second = 1e-6 * random.normal(size=(2, *whole.shape))
        difference = loss(whole + first, smooth + second) - loss(whole - first, smooth - second)
        expected = 2 * ((of_whole * first).sum() + (of_smooth * second).sum())
        np.testing.assert_allclose(difference, expected, rtol=1e-4)


def test_codes_that_are_searched_for_are_better_than_coefficients() -> None:
    """At least 2 % in RMSE with the shipped model, and worse for no tile."""
    grid = read_window(embedded_grids()["etopo5-northwest-pacific"], None).values
    tiles = np.stack([grid[:96, j : j + 96] for j in range(0, 672, 96)]).astype(np.float32)
    model = load_codec("vae-fixed")
    plain = spectrum(1e-3 * tiles)[:, model._dictionary.places]
    plain = (plain - model._mean) / model._deviation
    searched, plain = (
        np.sqrt(np.mean((model.decode(codes) - tiles) ** 2, axis=(1, 2)))
        for codes in (model.encode(tiles), plain)
    )
    assert (searched <= 1.0001 * plain).all()
    assert np.sqrt(np.mean(searched**2)) < 0.98 * np.sqrt(np.mean(plain**2))
