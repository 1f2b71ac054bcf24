"""Grids as ASAGI serves them: interpolation, edges, orders, and damaged files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exacouple.engine.asagi import read_grid
from exacouple.errors import ExacoupleError, UsageError

X = np.array([0.0, 10.0, 20.0, 30.0])
Y = np.array([-5.0, 0.0, 5.0])
Z = np.array([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0], [5.0, 6.0, 7.0, 8.0]])
EVERYTHING = ((0.0, 30.0), (-5.0, 5.0))


def at(*points: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Split points into coordinate arrays."""
    array = np.array(points, dtype=float)
    return array[:, 0], array[:, 1]


@pytest.fixture
def path(tmp_path: Path, grid_writer: Any) -> Path:
    """Write the grid above."""
    return grid_writer(tmp_path / "grid.nc", X, Y, Z)


def test_between_points_the_value_is_bilinear(path: Path) -> None:
    """At nodes the stored value, in a cell's middle the mean of its corners."""
    grid = read_grid(path, "z", *EVERYTHING)
    values = grid.sample(*at((20.0, 0.0), (5.0, -2.5), (25.0, 5.0), (30.0, 5.0)))
    np.testing.assert_allclose(values, [30.0, (1 + 2 + 10 + 20) / 4, 7.5, 8.0])


def test_a_bilinear_field_is_reproduced_everywhere(tmp_path: Path, grid_writer: Any) -> None:
    """Interpolation of a + bx + cy + dxy makes no error."""
    x, y = np.arange(-20.0, 21.0, 4.0), np.arange(0.0, 31.0, 3.0)
    z = 2.0 + 0.5 * x[None, :] - y[:, None] + 0.25 * x[None, :] * y[:, None]
    path = grid_writer(tmp_path / "plane.nc", x, y, z, kind="f8")
    random = np.random.default_rng(7)
    px, py = random.uniform(-20, 20, 50), random.uniform(0, 30, 50)
    got = read_grid(path, "z", (-20.0, 20.0), (0.0, 30.0)).sample(px, py)
    np.testing.assert_allclose(got, 2.0 + 0.5 * px - py + 0.25 * px * py, atol=1e-12)


def test_nearest_takes_the_closest_point(path: Path) -> None:
    """The interpolation may be switched off."""
    grid = read_grid(path, "z", *EVERYTHING)
    np.testing.assert_array_equal(
        grid.sample(*at((14.0, 2.4), (16.0, 2.6)), interpolation="nearest"), [20.0, 7.0]
    )


def test_beyond_the_edge_the_edge_value_is_repeated(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """ASAGI clamps; the warning names the direction and the extent of the file."""
    grid = read_grid(path, "z", (-100.0, 30.0), (-5.0, 5.0))
    np.testing.assert_array_equal(grid.sample(*at((-100.0, 0.0), (0.0, -99.0))), [10.0, 1.0])
    assert len(caplog.messages) == 1
    assert "dimension 0 is out of range" in caplog.text
    assert "covers x 0 to 30" in caplog.text


def test_a_file_that_covers_the_rectangle_gives_no_warning(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Warnings are for clamped values only."""
    read_grid(path, "z", *EVERYTHING)
    assert caplog.messages == []


def test_only_the_window_is_read_and_it_gives_the_same_values(path: Path) -> None:
    """A small rectangle needs four points, and sees what the whole grid would give."""
    window = read_grid(path, "z", (12.0, 18.0), (1.0, 2.0))
    assert window.values.shape == (2, 2)
    whole = read_grid(path, "z", *EVERYTHING)
    points = at((12.0, 1.0), (18.0, 2.0), (15.5, 1.7))
    np.testing.assert_allclose(window.sample(*points), whole.sample(*points))


@pytest.mark.parametrize("file_format", ["NETCDF4", "NETCDF4_CLASSIC", "NETCDF3_CLASSIC"])
@pytest.mark.parametrize("kind", ["f4", "f8", "i2"])
def test_all_formats_and_types_that_asagi_reads_give_the_same(
    tmp_path: Path, grid_writer: Any, file_format: str, kind: str
) -> None:
    """Float, double and int16 in classic and NetCDF-4 files work."""
    path = grid_writer(tmp_path / "g.nc", X, Y, Z, file_format=file_format, kind=kind)
    assert read_grid(path, "z", *EVERYTHING).sample(*at((15.0, 2.5)))[0] == pytest.approx(15.75)


@pytest.mark.parametrize("names", [("y", "x"), ("lat", "lon"), ("rows", "columns")])
@pytest.mark.parametrize(("flip_y", "flip_x"), [(True, False), (False, True), (True, True)])
def test_descending_coordinates_give_the_same_values(
    path: Path,
    tmp_path: Path,
    grid_writer: Any,
    names: tuple[str, str],
    flip_y: bool,
    flip_x: bool,
) -> None:
    """The order of rows and columns and their names do not matter, whole or windowed."""
    rows, columns = slice(None, None, -1 if flip_y else 1), slice(None, None, -1 if flip_x else 1)
    flipped = grid_writer(
        tmp_path / "f.nc", X[columns], Y[rows], Z[rows, columns], dimensions=names
    )
    points = at((3.0, -4.0), (8.0, -1.0))
    for box in (EVERYTHING, ((3.0, 8.0), (-4.0, -1.0))):
        np.testing.assert_allclose(
            read_grid(flipped, "z", *box).sample(*points),
            read_grid(path, "z", *box).sample(*points),
        )


@pytest.mark.parametrize("names", [("x", "y"), ("lon", "lat"), ("Easting", "v")])
def test_transposed_data_are_refused(
    tmp_path: Path, grid_writer: Any, names: tuple[str, str]
) -> None:
    """ExaHyPE would run them silently with x and y exchanged."""
    path = grid_writer(tmp_path / "t.nc", Y, X, Z.T, dimensions=names)
    with pytest.raises(ExacoupleError, match=r"ASAGI needs \(y, x\)"):
        read_grid(path, "z", *EVERYTHING)


def test_uneven_coordinates_are_refused_with_the_place(tmp_path: Path, grid_writer: Any) -> None:
    """ASAGI would place the values of such a file wrongly."""
    path = grid_writer(tmp_path / "u.nc", np.array([0.0, 10.0, 25.0, 30.0]), Y, Z)
    with pytest.raises(ExacoupleError, match="'x' is not equidistant: 25 where 20 is expected"):
        read_grid(path, "z", *EVERYTHING)


def test_single_precision_coordinates_are_even_enough(tmp_path: Path, grid_writer: Any) -> None:
    """Round-off of float32 metres far from the origin is no unevenness."""
    x = (1.2e6 + np.arange(4) * 33.3).astype(np.float32).astype(float)
    path = grid_writer(tmp_path / "s.nc", x, Y, Z)
    assert read_grid(path, "z", (1.2e6, 1.2e6 + 99.0), (-5.0, 5.0)).x.size == 4


@pytest.mark.parametrize(
    ("value", "attributes"),
    [
        (np.nan, {}),
        (np.inf, {}),
        (-9999.0, {"missing_value": np.float32(-9999.0)}),
        (-9999.9, {"missing_value": -9999.9}),
    ],
)
def test_missing_values_are_refused_with_their_place(
    tmp_path: Path, grid_writer: Any, value: float, attributes: dict[str, Any]
) -> None:
    """ExaHyPE would end with NaN in its probes and no message."""
    z = Z.copy()
    z[1, 2] = value
    path = grid_writer(tmp_path / "n.nc", X, Y, z, **attributes)
    with pytest.raises(ExacoupleError, match=r"1 missing values, the first .* at x 20, y 0;"):
        read_grid(path, "z", *EVERYTHING)


def test_a_fill_value_of_integers_is_refused(tmp_path: Path, grid_writer: Any) -> None:
    """A packed grid's hole must not become a trench."""
    z = Z.copy()
    z[0, 0] = -32768
    path = grid_writer(tmp_path / "i.nc", X, Y, z, kind="i2", _FillValue=-32768)
    with pytest.raises(ExacoupleError, match=r"the first \(-32768\) at x 0, y -5"):
        read_grid(path, "z", *EVERYTHING)


def test_missing_values_outside_the_rectangle_do_no_harm(tmp_path: Path, grid_writer: Any) -> None:
    """Only values that the run can see count."""
    z = Z.copy()
    z[0, 3] = np.nan
    path = grid_writer(tmp_path / "o.nc", X, Y, z)
    assert read_grid(path, "z", (0.0, 15.0), (0.0, 5.0)).sample(*at((10.0, 0.0)))[0] == 20.0


def test_packed_values_are_refused(tmp_path: Path, grid_writer: Any) -> None:
    """ASAGI ignores scale_factor, so the engines would differ."""
    path = grid_writer(tmp_path / "p.nc", X, Y, Z, kind="i2", scale_factor=0.1)
    with pytest.raises(ExacoupleError, match=r"packed \(scale_factor = 0.1\)"):
        read_grid(path, "z", *EVERYTHING)


def test_a_grid_elsewhere_is_refused(path: Path) -> None:
    """Degrees where metres are needed would otherwise give one constant depth."""
    with pytest.raises(ExacoupleError, match="covers x 0 to 30, but values are needed from 1000"):
        read_grid(path, "z", (1000.0, 2000.0), (-5.0, 5.0))


def test_a_wrong_variable_is_refused_with_the_right_ones(path: Path) -> None:
    """The message lists what the file has."""
    with pytest.raises(ExacoupleError, match=r"no variable 'elevation' \(the file has: z\)"):
        read_grid(path, "elevation", *EVERYTHING)


@pytest.mark.parametrize("file_format", ["NETCDF4", "NETCDF3_CLASSIC"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_file_cut_short_is_refused(
    tmp_path: Path, grid_writer: Any, file_format: str, share: float
) -> None:
    """The missing rest must not become zeros."""
    path = grid_writer(tmp_path / "c.nc", X, Y, Z, file_format=file_format)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ExacoupleError, match=r"c\.nc"):
        read_grid(path, "z", *EVERYTHING)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The path in the message is the one that was tried."""
    with pytest.raises(UsageError, match=r"absent\.nc: no such file"):
        read_grid(tmp_path / "absent.nc", "z", *EVERYTHING)
