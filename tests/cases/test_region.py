"""Region files: what is read, and what is refused with which message."""

from datetime import UTC, datetime

import pytest

from exacouple.cases.region import bathymetry_path, displacement_path, load_region, region_names
from exacouple.errors import UsageError


def test_shipped_regions_are_real_events():
    """Each shipped region loads under its own name and names its sources."""
    names = region_names()
    assert {"tohoku", "maule", "tokachi"} <= set(names)
    for name in names:
        region = load_region(name)
        assert region.name == name
        assert region.config.event.source
        assert all(placed.buoy.source for placed in region.buoys)
        assert bathymetry_path(region).is_file()
        assert displacement_path(region).is_file()


def test_tohoku_has_the_domain_of_the_upstream_application():
    """Domain, projection and event origin are the agreed ones."""
    config = load_region("tohoku").config
    assert config.domain.offset_km == (-499.0, -949.0)
    assert config.domain.width_km == (1798.0, 1798.0)
    assert config.domain.cells == 79
    assert config.event.origin == datetime(2011, 3, 11, 5, 46, 24, tzinfo=UTC)


def test_tohoku_buoys_lie_where_upstream_has_them():
    """DART 21418 is within 2 km of upstream's probe; 21419 is 35.7 km from it."""
    first, second = load_region("tohoku").buoys
    assert first.x_m == pytest.approx(545735.0, abs=2000.0)
    assert first.y_m == pytest.approx(62716.0, abs=2000.0)
    distance = ((second.x_m - 1050678.0) ** 2 + (second.y_m - 798352.0) ** 2) ** 0.5
    assert distance == pytest.approx(35.7e3, abs=100.0)


def test_a_region_file_works_by_path_and_directory(region_file):
    """Files named in it are relative to it, not to the working directory."""
    for given in (region_file, region_file.parent, str(region_file)):
        region = load_region(given)
        assert region.name == "bay"
        assert bathymetry_path(region) == region_file.parent / "sea.nc"
        assert displacement_path(region) == region_file.parent / "lift.nc"


def test_defaults_of_the_physics(region_file):
    """Gravity, dry tolerance and boundary may be left out."""
    simulation = load_region(region_file).config.simulation
    assert (simulation.gravity, simulation.dry_tolerance_m) == (9.81, 10.0)
    assert simulation.boundary == "outflow"


def test_the_epicentre_of_the_projection_is_its_origin(region_file):
    """One degree of latitude is about 111 km."""
    first, _ = load_region(region_file).buoys
    assert first.y_m == pytest.approx(0.5 * 111e3, rel=0.02)
    assert first.x_m == pytest.approx(87e3, rel=0.02)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cells = 24", "cels = 24", "unknown key 'cels', did you mean 'cells'"),
        ("order = 2", "order = 5", "domain.order: expected one of 1, 2, 3, 4, got 5"),
        ("schema = 1", "schema = 2", "schema: expected one of 1"),
        ("magnitude = 8.0", 'magnitude = "8"', "event.magnitude: expected a number"),
        ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05", "with its offset"),
        ("lat_0=38 ", "lat_0=938 ", "not known to PROJ"),
        ("+proj=aeqd", "+proj=longlat", "not a map projection"),
        ("cells = 24", "cells = 23", "multiple of 4, for example 20 or 24"),
        ("spacing_m = 10000", "spacing_m = 0", "spacing_m 0 must be positive"),
        ("141.0, 149.0", "149.0, 141.0", "west < east"),
        ("141.0, 149.0", "144.0, 149.0", "does not cover the domain"),
        ("lat = 38.5", "lat = 98.5", "-90 to 90"),
        ('id = "A1"', 'id = "B2"', "buoy id 'B2' is given 2 times"),
        ('id = "A1"', 'id = "B"', "'B' is the beginning of 'B2'"),
        ('id = "A1"', 'id = "a/1"', "letters, digits and _"),
        ('name = "bay"', 'name = "../bay"', "letters, digits, - and _"),
        ("sampling_s = 5", "sampling_s = 700", "longer than end_time_s"),
        ("-60.0, 80.0", "80.0, -60.0", "xmin < xmax"),
        ('kind = "netcdf"', 'kind = "netcfd"', "did you mean 'netcdf'"),
        ("epicentre = [145.0, 38.0]", "epicentre = [155.0, 38.0]", "the epicentre"),
    ],
)
def test_mistakes_are_named(edited, old, new, message):
    """The message names the file, the key or value, and what is allowed."""
    file = edited(old, new)
    with pytest.raises(UsageError) as caught:
        load_region(file)
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_buoy_outside_the_domain_is_refused_with_its_projected_position(edited):
    """A probe outside the domain would write no file and say nothing in ExaHyPE."""
    file = edited("lon = 146.0", "lon = 148.5")
    with pytest.raises(UsageError, match=r"buoy 'A1' .* x = 305\.\d km, y = 61\.\d km, outside"):
        load_region(file)


def test_an_unknown_name_gets_the_nearest():
    """A mistyped name is answered with the one that was meant."""
    with pytest.raises(UsageError, match=r"did you mean 'tohoku'.*maule.*tokachi"):
        load_region("tohuku")


def test_a_missing_file_is_said(tmp_path):
    """A path is not taken for a name."""
    with pytest.raises(UsageError, match="no such region file"):
        load_region(tmp_path / "mine.toml")


def test_a_window_in_the_other_convention_covers_the_same_domain(edited):
    """-219 to -211 is 141 to 149 degrees east."""
    assert load_region(edited("141.0, 149.0", "-219.0, -211.0")).window().west == -219.0


def test_without_a_window_the_domain_and_a_margin_are_taken(edited):
    """The window reaches beyond the domain on all sides."""
    window = load_region(edited("window = [141.0, 149.0, 35.0, 41.0]\n", "")).window()
    assert 141.0 < window.west < 142.5 < 147.5 < window.east < 149.0
    assert 35.0 < window.south < 36.5 < 39.5 < window.north < 41.0


def test_a_missing_grid_is_answered_with_the_embedded_ones(edited):
    """The grid may be a file or an embedded grid."""
    region = load_region(edited('grid = "sea.nc"', 'grid = "etopo5-chle"'))
    with pytest.raises(UsageError, match="did you mean 'etopo5-chile'"):
        bathymetry_path(region)
