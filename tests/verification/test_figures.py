"""The picture of a check."""

import matplotlib.image
import numpy as np
import pytest

from exacouple.verification.cases import Case
from exacouple.verification.figures import draw
from exacouple.verification.results import Picture, Series

X = np.linspace(0.0, 1.0, 11)
PROFILE = Picture(
    "profile",
    "x (m)",
    "height (m)",
    (
        Series("bed", X, X - 2.0, "ground"),
        Series("exact", X, X**2, "expected"),
        Series("lab", X, X**2 + 0.01, "measured"),
        Series("found", X, np.where(X < 0.5, X**2, np.nan)),
    ),
)
RATES = Picture(
    "rates", "cells", "error", (Series("h", [8, 16, 32], [1e-2, 1e-3, 1e-4]),), scale="log"
)


@pytest.mark.parametrize("pictures", [[PROFILE], [PROFILE, RATES, PROFILE]])
def test_one_png_for_all_panels(tmp_path, pictures):
    """Two panels beside each other; the file is higher with more rows."""
    path = tmp_path / "check.png"
    draw(Case("a wave", "Stoker 1957"), pictures, path)
    height, width, _ = matplotlib.image.imread(path).shape
    assert width == 1440
    assert height == pytest.approx(200 * (2.6 * -(-len(pictures) // 2) + 0.7), abs=1)
