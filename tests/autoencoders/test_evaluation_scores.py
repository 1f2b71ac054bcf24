"""Formulas of scores on error fields that can be summed up by hand."""

import numpy as np
import pytest

from exacouple.autoencoders.codec import THESIS_SCALING
from exacouple.autoencoders.scores import (
    BANDS,
    TileErrors,
    joined,
    rmse_ratio,
    scores,
    tile_errors,
)


def _of_squares(*squares: float) -> TileErrors:
    """Return errors of tiles of 2 x 2 deep pixels with these squared norms."""
    count = len(squares)
    squared, pixels = np.zeros((count, 6)), np.zeros((count, 6), dtype=np.int64)
    squared[:, 1], pixels[:, 1] = squares, 4
    none = np.zeros(count)
    return TileErrors(squared, pixels, none, none, none)


def test_constant_error_is_its_own_rmse() -> None:
    """3 m everywhere on two tiles of 4 x 4: norm 3 sqrt(32) m, over a span of 100 m."""
    true = np.full((2, 4, 4), -500.0)
    found = scores(tile_errors(true, true + 3.0), span_m=100.0, tile=4)
    assert found.total_l2 == pytest.approx(3 * np.sqrt(32) / 100)
    assert found.maximum_l2 == pytest.approx(12.0 / 100)
    assert found.rmse_m == pytest.approx(3.0)
    assert found.maximum_rmse_m == pytest.approx(3.0)
    assert found.median_rmse_m == pytest.approx(3.0)
    assert found.largest_m == pytest.approx(3.0)
    assert found.slope_error_m == 0.0


def test_total_of_the_thesis_is_metres_per_pixel() -> None:
    """The thesis gives 455.65 and 213.26 over 405,000 tiles, which are 145.4 and 68.0 m."""
    for total, metres in ((455.65, 145.4), (213.26, 68.0)):
        norm = total * THESIS_SCALING.span_m / np.sqrt(405_000)
        squared, pixels = np.zeros((405, 6)), np.zeros((405, 6), dtype=np.int64)
        squared[:, 0], pixels[:, 0] = 1000 * norm**2, 1000 * 96 * 96
        one = np.zeros(405)
        thousands = TileErrors(squared, pixels, one, one, one)
        found = scores(thousands, span_m=THESIS_SCALING.span_m, tile=96)
        assert found.total_l2 == pytest.approx(total)
        assert found.rmse_m == pytest.approx(metres, abs=0.05)


def test_each_band_has_its_own_error() -> None:
    """One pixel of each band with an error of 1, 2, 3, 4, 5 and 6 m, and edges fall upward."""
    true = np.array([[[-6000.1, -6000.0, -4000.0], [-2000.0, -200.0, 0.0]]])
    true = np.concatenate([true, true[:, :1]], axis=1)
    error = np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [1.0, 2.0, 3.0]]])
    found = scores(tile_errors(true, true + error), span_m=1.0, tile=3)
    assert found.band_rmse_m == pytest.approx(
        dict(zip(BANDS, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0), strict=True))
    )
    assert found.land_rmse_m == pytest.approx(6.0)
    assert found.sea_rmse_m == pytest.approx(np.sqrt((2 * (1 + 4 + 9) + 16 + 25) / 8))


def test_what_is_not_there_has_no_score() -> None:
    """A sea without land has no error on land; a level one has no slope to share."""
    true = np.full((1, 2, 2), -500.0)
    found = scores(tile_errors(true, true + 1.0), span_m=1.0, tile=2)
    assert found.land_rmse_m is None
    assert found.band_rmse_m["land"] is None
    assert found.slope_share is None


def test_slope_error_counts_steps_along_both_axes() -> None:
    """A tilt of 2 m per row and 1 m per column that is lost: RMS of the two, and all of it."""
    rows, columns = np.mgrid[0:3, 0:3]
    true = (2.0 * rows + columns - 100.0)[None]
    found = scores(tile_errors(true, np.full_like(true, -97.0)), span_m=1.0, tile=3)
    assert found.slope_error_m == pytest.approx(np.sqrt((4 + 1) / 2))
    assert found.slope_share == pytest.approx(1.0)


def test_worst_tile_is_that_of_the_largest_norm() -> None:
    """Norms of 1, 3 and 2 m; the number of a tile is its place in the set."""
    errors = joined([_of_squares(1.0, 9.0), _of_squares(4.0)])
    found = scores(errors, span_m=1.0, tile=2)
    assert found.worst == 1
    assert found.maximum_l2 == pytest.approx(3.0)
    assert found.maximum_rmse_m == pytest.approx(1.5)
    assert errors.select(np.array([2])).tile_rmse_m.tolist() == [1.0]


def test_bad_input_is_refused() -> None:
    """A NaN would make every total NaN, and shapes that broadcast would score nonsense."""
    tile = np.zeros((1, 2, 2))
    with pytest.raises(ValueError, match="1 values are not finite"):
        tile_errors(tile, np.array([[[np.nan, 0.0], [0.0, 0.0]]]))
    with pytest.raises(ValueError, match="one shape"):
        tile_errors(tile, np.zeros((2, 2)))
    with pytest.raises(ValueError, match="no tiles"):
        scores(_of_squares(), span_m=1.0, tile=2)


def test_half_the_error_everywhere_is_a_ratio_without_doubt() -> None:
    """Whatever blocks are drawn, each tile has a quarter of the squared error."""
    reference = _of_squares(4.0, 16.0, 100.0, 1.0)
    model = _of_squares(1.0, 4.0, 25.0, 0.25)
    found = rmse_ratio([model], reference, np.array([0, 0, 7, 9]), draws=200)
    assert (found.ratio, found.blocks) == (pytest.approx(0.5), 3)
    assert (found.low, found.high) == (pytest.approx(0.5), pytest.approx(0.5))


def test_interval_of_two_blocks_has_their_ratios_as_ends() -> None:
    """Drawing two of two blocks gives one of them twice in half of the draws."""
    reference, model = _of_squares(1.0, 1.0), _of_squares(0.25, 1.0)
    found = rmse_ratio([model], reference, np.array([3, 4]), draws=400)
    assert found.ratio == pytest.approx(np.sqrt(1.25 / 2))
    assert (found.low, found.high) == (pytest.approx(0.5), pytest.approx(1.0))


def test_tiles_of_a_block_are_drawn_together() -> None:
    """As single tiles the two ratios would mix; as one block there is no interval."""
    reference, model = _of_squares(1.0, 1.0), _of_squares(0.25, 1.0)
    found = rmse_ratio([model], reference, np.array([3, 3]))
    assert (found.low, found.high, found.blocks) == (None, None, 1)


def test_interval_covers_the_spread_of_seeds() -> None:
    """Two models whose errors are equal over the blocks differ by their seed alone."""
    reference = _of_squares(1.0, 1.0, 1.0)
    better, worse = _of_squares(0.25, 0.25, 0.25), _of_squares(1.0, 1.0, 1.0)
    found = rmse_ratio([better, worse], reference, np.array([0, 1, 2]), draws=400)
    assert (found.ratio, found.models) == (pytest.approx(np.sqrt(0.625)), 2)
    assert (found.low, found.high) == (pytest.approx(0.5), pytest.approx(1.0))


def test_interval_has_its_nominal_coverage() -> None:
    """200 experiments with 40 independent blocks: about 95 % of the intervals hold the truth."""
    random = np.random.default_rng(0)
    held = 0
    for seed in range(200):
        base = random.gamma(4.0, size=40)
        factor = random.gamma(10.0, 0.1, size=40)
        found = rmse_ratio(
            [_of_squares(*(factor * base))],
            _of_squares(*base),
            np.arange(40),
            draws=400,
            seed=seed,
        )
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 1.0 <= found.high
    assert 0.88 <= held / 200 <= 0.99


def test_ratio_needs_something_to_compare_with() -> None:
    """A PCA without any error, no model, or tiles that do not match."""
    some = _of_squares(1.0, 2.0)
    with pytest.raises(ValueError, match="no error"):
        rmse_ratio([some], _of_squares(0.0, 0.0), np.array([0, 1]))
    with pytest.raises(ValueError, match="same tiles"):
        rmse_ratio([], some, np.array([0, 1]))
    with pytest.raises(ValueError, match="same tiles"):
        rmse_ratio([some], some, np.array([0, 1, 2]))
