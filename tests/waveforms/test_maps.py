"""What the maps show, and where."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from exacouple.cases import Case
from exacouple.cases.asagi import write_grid
from exacouple.waveforms import maps
from exacouple.waveforms.comparison import Comparison, compare

Drawn = list[tuple[Figure, str]]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Figures and captions in place of files."""
    found: Drawn = []
    monkeypatch.setattr(maps, "save", lambda fig, path, caption: found.append((fig, caption)))
    return found


@pytest.fixture
def two(make_case: Callable[..., Path]) -> Comparison:
    """An original whose depth grows eastwards, and a flat sea floor."""
    cases = [Case.open(make_case("o")), Case.open(make_case("f", source="flat"))]
    return compare(cases[0], cases[1:])


def test_map_is_drawn_to_scale_over_the_domain(two: Comparison, drawn: Drawn) -> None:
    """Kilometres count the same in both directions; limits are those of the domain."""
    maps.plot_bathymetry(two, two.others[0], Path("x.png"))
    ((fig, caption),) = drawn
    for axes in fig.axes[:2]:
        assert axes.get_aspect() == 1.0
        assert axes.get_xlim() == (-499.0, 1299.0)
        assert axes.get_ylim() == (-949.0, 849.0)
        labels = [text.get_text() for text in axes.texts]
        assert {"A1", "B2", "500 km"} == set(labels)
    assert fig.axes[1].get_title(loc="left") == "flat minus original"
    assert "RMS" in caption


def test_difference_has_the_sign_that_its_title_says(two: Comparison, drawn: Drawn) -> None:
    """-4950 m minus (-4000 m - 3 m/km x): positive in the east, where the original is deeper."""
    maps.plot_bathymetry(two, two.others[0], Path("x.png"))
    shown = drawn[0][0].axes[1].images[0].get_array()
    assert shown[0, 0] < 0.0 < shown[0, -1]


def test_epicentre_is_where_the_projection_has_its_centre(two: Comparison, drawn: Drawn) -> None:
    """The projection of the region is centred on it."""
    maps.plot_bathymetry(two, two.reference, Path("x.png"))
    stars = [line for line in drawn[0][0].axes[0].get_lines() if line.get_marker() == "*"]
    (star,) = stars
    assert np.allclose(star.get_xydata(), 0.0, atol=1e-6)


def test_graticule_is_labelled_where_it_meets_the_edge(two: Comparison, drawn: Drawn) -> None:
    """The meridian through the centre of an azimuthal projection is x = 0."""
    maps.plot_bathymetry(two, two.reference, Path("x.png"))
    axes = drawn[0][0].axes[0]
    labels = [text.get_text() for text in axes.get_xticklabels()]
    ticks = dict(zip(labels, axes.get_xticks(), strict=True))
    assert {"140°E", "145°E", "150°E", "155°E"} <= set(ticks)
    assert ticks["140°E"] < 0.0 < ticks["145°E"]
    assert "40°N" in [text.get_text() for text in axes.get_yticklabels()]


def test_reference_has_one_panel_and_other_grids_no_difference(
    make_case: Callable[..., Path], drawn: Drawn
) -> None:
    """Nodes that are elsewhere cannot be subtracted."""
    finer = make_case("f", source="flat")
    points = np.arange(-1000e3, 1301e3, 20e3)
    grid = xr.DataArray(
        np.full((len(points), len(points)), -4000.0),
        coords={"y": points, "x": points},
        dims=("y", "x"),
    )
    write_grid(finer / "bathymetry.nc", grid, long_name="b", attrs={})
    cases = [Case.open(make_case("o")), Case.open(finer)]
    comparison = compare(cases[0], cases[1:])
    for run in comparison.runs:
        maps.plot_bathymetry(comparison, run, Path("x.png"))
    assert [len([axes for axes in fig.axes if axes.images]) for fig, _ in drawn] == [1, 1]


def test_displacement_has_symmetric_colours_and_its_range_in_the_caption(
    two: Comparison, drawn: Drawn
) -> None:
    """Zero is white, up is red; the test case lifts the floor by 5 m."""
    maps.plot_displacement(two, Path("x.png"))
    ((fig, caption),) = drawn
    for axes in fig.axes[:2]:
        low, high = axes.images[0].get_clim()
        assert low == -high == pytest.approx(-5.0)
    assert "to 5.00 m" in caption
    assert fig.axes[1].get_xlim() == (-275.0, 275.0)
