"""What stands in for the seabed keeps land, sea and the means that it should."""

import logging
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import ArrayLike
from scipy.ndimage import binary_dilation

from exacouple.bathymetry import (
    Option,
    Source,
    apply_source,
    get_source,
    register,
    register_lazily,
    resolve_options,
)
from exacouple.bathymetry import sources as sources_module
from exacouple.bathymetry.sources import sources
from exacouple.errors import ExacoupleError, UsageError


def _grid(values: ArrayLike, spacing: float = 1000.0) -> xr.DataArray:
    values = np.asarray(values, dtype=np.float32)
    y, x = (spacing * np.arange(size) for size in values.shape)
    return xr.DataArray(values, dims=("y", "x"), coords={"y": y, "x": x}, attrs={"units": "m"})


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test its own registry."""
    monkeypatch.setattr(sources_module, "_SOURCES", dict(sources_module._SOURCES))


def test_original_is_unchanged() -> None:
    """The original source gives back the grid, in double precision."""
    grid = _grid([[-4000.5, -0.25], [0.0, 350.0]])
    out = apply_source(get_source("original"), grid)
    assert out.dtype == np.float64
    assert out.values.tolist() == [[-4000.5, -0.25], [0.0, 350.0]]
    assert out.attrs == {"units": "m"}


def test_flat_is_the_mean_depth_of_the_sea() -> None:
    """-1000, -2000 and -6000 m give -3000 m at sea; land (0 m included) is kept and not counted."""
    out = apply_source(get_source("flat"), _grid([[-1000, -2000], [-6000, 800], [0, 40]]))
    assert out.values.tolist() == [[-3000, -3000], [-3000, 800], [0, 40]]


def test_flat_without_land() -> None:
    """Replacing land too gives one depth everywhere, as the coarsest UM-Bridge level has it."""
    out = apply_source(get_source("flat"), _grid([[-1000, -2000], [-6000, 800]]), keep_land=False)
    assert (out.values == -3000).all()


def test_flat_needs_a_sea() -> None:
    """Dry land, or depths stored as positive numbers, have no mean depth."""
    with pytest.raises(ExacoupleError, match=r"no value .* lies below sea level.*'positive'"):
        apply_source(get_source("flat"), _grid([[1, 2], [3, 4]]))


def test_smoothing_damps_a_wave_by_the_gaussian_factor() -> None:
    """A sine of wave length L keeps exp(-2 pi^2 sigma^2 / L^2) of its height."""
    x = 1000.0 * np.arange(600)
    wave = np.tile(-4000 + 500 * np.sin(2 * np.pi * x / 60e3), (60, 1))
    out = apply_source(get_source("smoothed"), _grid(wave), options={"sigma_km": 12})
    middle = out.values[30, 100:500]
    left = math.exp(-2 * math.pi**2 * 12**2 / 60**2)
    assert np.ptp(middle) / 1000 == pytest.approx(left, rel=5e-3)
    assert middle.mean() == pytest.approx(-4000, abs=2)


def test_smoothing_width_is_in_kilometres_on_each_axis() -> None:
    """A grid of other spacings in x and y smooths alike in kilometres."""
    x, y = 500.0 * np.arange(400), 2000.0 * np.arange(100)
    spot = np.exp(-((x[None, :] - 100e3) ** 2 + (y[:, None] - 100e3) ** 2) / (2 * 10e3**2))
    grid = xr.DataArray(-5000 + 3000 * spot, dims=("y", "x"), coords={"y": y, "x": x})
    out = apply_source(get_source("smoothed"), grid, options={"sigma_km": 20}) + 5000
    assert float(out.sel(x=100e3, y=100e3)) == pytest.approx(
        3000 * 10**2 / (10**2 + 20**2), rel=0.01
    )
    assert float(out.sel(x=120e3, y=100e3)) == pytest.approx(
        float(out.sel(x=100e3, y=120e3)), rel=1e-3
    )


def test_smoothing_keeps_a_level_sea_up_to_coast_and_rim() -> None:
    """A sea of one depth stays so beside a high coast and at the rim: nothing leaks in."""
    values = np.full((40, 40), -4000.0)
    values[:, :10] = 2500.0
    out = apply_source(get_source("smoothed"), _grid(values), options={"sigma_km": 5})
    np.testing.assert_allclose(out.values, values, rtol=1e-12)


@pytest.mark.parametrize("keep_land", [True, False])
def test_smoothing_leaves_the_coast_in_place(keep_land: bool) -> None:
    """Sea stays sea and land stays land in a rough archipelago."""
    values = np.random.default_rng(7).normal(-200, 800, (60, 80))
    out = apply_source(
        get_source("smoothed"), _grid(values), options={"sigma_km": 8}, keep_land=keep_land
    )
    assert ((out.values < 0) == (values < 0)).all()
    assert (out.values[values >= 0] == np.float32(values[values >= 0])).all() == keep_land
    assert out.values[values < 0].std() < 0.2 * values[values < 0].std()


def test_smoothed_grid_of_the_real_engines_runs(reference_dir: Path) -> None:
    """Beyond 70 km from coast and rim it is the smoothed 2 km grid of the real engine's runs."""
    folder = reference_dir.parent / "exahype" / "netcdf"
    if not folder.is_dir():
        pytest.skip("no netcdf folder of the engine beside the reference data")
    with xr.open_dataset(folder / "bathymetry_2km.nc") as dataset:
        grid = dataset["z"].load()
    with xr.open_dataset(folder / "bathymetry_2km_smooth.nc") as dataset:
        wanted = dataset["z"].values
    out = apply_source(get_source("smoothed"), grid, options={"sigma_km": 50 / 3})
    land = grid.values >= 0
    for edge in (land[:1], land[-1:], land[:, :1], land[:, -1:]):
        edge[:] = True
    far = ~binary_dilation(land, iterations=70)
    assert far.sum() > 200_000
    assert np.abs(out.values - wanted)[far].max() < 0.05


@pytest.mark.parametrize("value", ["0", "-3"])
def test_width_of_smoothing_must_be_positive(value: str) -> None:
    """A width of zero or less is the user's error."""
    with pytest.raises(UsageError, match=r"sigma_km: must be above 0, got (0|-3)"):
        apply_source(get_source("smoothed"), _grid([[-1.0, -2.0]]), options={"sigma_km": value})


def test_options_are_text_or_numbers() -> None:
    """Options of the command line come as text; what is not given has its default."""
    smoothed = get_source("smoothed")
    assert resolve_options(smoothed, {}) == {"sigma_km": 16.7}
    assert resolve_options(smoothed, {"sigma_km": " 20 "}) == {"sigma_km": 20.0}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sigma_km": "wide"}, "sigma_km: expected a number, got 'wide'"),
        ({"sigma_km": "nan"}, "expected a finite number"),
        ({"sigma": 3}, r"no option 'sigma', did you mean 'sigma_km'\? \(allowed: sigma_km\)"),
    ],
)
def test_bad_options_are_refused(given: Mapping[str, Any], said: str) -> None:
    """A value of the wrong type and an unknown option are named, with what is allowed."""
    with pytest.raises(UsageError, match=said):
        resolve_options(get_source("smoothed"), given)


@pytest.mark.parametrize(
    ("kind", "text", "value"), [(bool, "True", True), (int, "3", 3), (str, "mse", "mse")]
)
def test_options_of_every_type(kind: Any, text: str, value: Any) -> None:
    """True and false, whole numbers and words are read from text."""
    assert Option("o", kind, "", value, "").parse(text) == value


@pytest.mark.parametrize(("kind", "said"), [(bool, "true or false"), (int, "a whole number")])
def test_bad_values_of_every_type(kind: Any, said: str) -> None:
    """A wrong value is refused with the type wanted."""
    with pytest.raises(UsageError, match=f"expected {said}, got '1.5'"):
        Option("o", kind, "", kind(), "").parse("1.5")


def test_unknown_source_gives_the_nearest() -> None:
    """The message holds the nearest name and the list."""
    with pytest.raises(UsageError, match=r"'smoothd', did you mean 'smoothed'\?.*original, flat"):
        get_source("smoothd")


def test_a_source_of_ones_own() -> None:
    """A registered source is found by name and applied with its options."""

    def shift(grid: xr.DataArray, options: Mapping[str, Any]) -> xr.DataArray:
        return grid + options["by"]

    register(Source("shift", "", "projected", shift, (Option("by", float, "m", 10.0, ""),)))
    out = apply_source(sources()["shift"], _grid([[-100.0, 50.0]]), options={"by": -5})
    assert out.values.tolist() == [[-105.0, 50.0]]


def test_sea_stays_wet(caplog: pytest.LogCaptureFixture) -> None:
    """A bottom lifted out of the sea is held 1 m below it, or as it was if that is higher."""
    lift = Source("lift", "", "projected", lambda grid, options: grid + 500)
    grid = _grid([[-1000.0, -300.0, -0.5, 20.0]])
    with caplog.at_level(logging.WARNING):
        out = apply_source(lift, grid)
    assert out.values.tolist() == [[-500.0, -1.0, -0.5, 20.0]]
    assert "2 sea values held below sea level" in caplog.text
    assert apply_source(lift, grid, keep_land=False).values.tolist() == [[-500, 200, 499.5, 520]]


def test_values_that_are_not_finite_are_refused() -> None:
    """NaN made by a source never reaches a case."""
    broken = Source("broken", "", "projected", lambda grid, options: grid.where(grid > -50))
    with pytest.raises(ExacoupleError, match="source 'broken' made 1 values that are not finite"):
        apply_source(broken, _grid([[-100.0, -20.0]]))


def test_wrong_shape_is_refused() -> None:
    """A source that loses nodes is refused."""
    short = Source("short", "", "projected", lambda grid, options: grid[:, 1:])
    with pytest.raises(ExacoupleError, match=r"made \(1, 1\) values of a grid of \(1, 2\)"):
        apply_source(short, _grid([[-100.0, -20.0]]))


def test_space_of_the_grid_must_match() -> None:
    """A source for projected grids does not take one in degrees."""
    with pytest.raises(ValueError, match=r"needs \('y', 'x'\)"):
        apply_source(get_source("flat"), _grid([[-1.0, -2.0]]).rename(y="lat", x="lon"))


def test_lazy_source_is_imported_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registering by name imports nothing; asking for it does."""
    (tmp_path / "late_source.py").write_text(
        "from exacouple.bathymetry import Source\n"
        "LATE = Source('late', '', 'geographic', lambda grid, options: grid)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    register_lazily("late", "late_source:LATE")
    assert "late_source" not in sys.modules
    assert get_source("late").space == "geographic"
    assert "late_source" in sys.modules
    assert get_source("late") is get_source("late")


def test_lazy_source_that_cannot_be_imported_is_named() -> None:
    """A source whose package is absent says which."""
    register_lazily("absent", "no_such_package.source:SOURCE")
    with pytest.raises(ExacoupleError, match=r"'absent' cannot be loaded: .*no_such_package"):
        get_source("absent")


def test_flat_takes_the_depth_that_is_asked_for():
    """ExaHyPE's level 0 has 4950 m everywhere; 0 stands for the mean, a negative depth is none."""
    grid = xr.DataArray(
        [[-1000.0, -3000.0], [-2000.0, 50.0]],
        dims=("y", "x"),
        coords={"y": [0.0, 1.0], "x": [0.0, 1.0]},
    )
    source = get_source("flat")
    deep = apply_source(source, grid, options={"depth_m": 4950}, keep_land=False)
    assert np.unique(deep.values) == [-4950.0]
    assert apply_source(source, grid).values[0, 0] == -2000.0
    with pytest.raises(UsageError, match="depth_m: must be 0"):
        apply_source(source, grid, options={"depth_m": -1})
