"""What a region's refinement is for the embedded engine."""

import json

import pytest
import xarray as xr
from numpy.testing import assert_allclose

from exacouple.cases import load_region, prepare_case
from exacouple.cases.embedded import wishes
from exacouple.cases.refinement import refinement_parameters, source_rectangle
from exacouple.engine.specfile import read_specfile
from exacouple.errors import UsageError


def displacement():
    """Two metres at a point, a trace beside it, on points of 1 km."""
    field = xr.DataArray(
        [[0.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.1, 0.01], [0.0, 0.0, 0.0, 0.0]],
        coords={"y": [0.0, 1000.0, 2000.0], "x": [0.0, 1000.0, 2000.0, 3000.0]},
        dims=("y", "x"),
    )
    return field


def test_source_is_where_the_sea_floor_moves():
    """One per cent of the greatest displacement is still source, less is not."""
    assert source_rectangle(displacement()) == (1.0, 2.0, 1.0, 1.0)
    assert source_rectangle(0.0 * displacement()) == (0.0, 3.0, 0.0, 2.0)


def test_way_leads_from_the_source_to_the_buoys():
    """Corridors begin in the middle of the source and end at the buoys, in km."""
    changes = ["refinement.way=true", "refinement.way_width_km=200", "refinement.buoys=true"]
    region = load_region("tohoku", changes)
    found = refinement_parameters(region, displacement())["refinement"]
    assert set(found) == {"rectangles", "corridors"}
    for corridor, placed in zip(found["corridors"], region.buoys, strict=True):
        assert_allclose(corridor, [1.5, 1.0, placed.x_m / 1e3, placed.y_m / 1e3, 100.0], atol=1e-3)
    assert_allclose([r[1] - r[0] for r in found["rectangles"]], 120.0)


def test_nothing_is_refined_by_default():
    """The shipped regions ask for no refinement."""
    assert refinement_parameters(load_region("tohoku"), displacement()) == {}
    assert "refinement" not in wishes(load_region("tohoku").config)


def test_builds_of_exahype_cannot():
    """Refinement is among what only the embedded engine does."""
    assert wishes(load_region("tohoku", ["refinement.coast=true"]).config) == ["refinement"]


def test_the_engine_reads_what_the_case_says(region_file, tmp_path):
    """The specfile of a case holds rectangles and corridors as the engine takes them."""
    changes = [f"refinement.{key}=true" for key in ("source", "way", "buoys", "coast")]
    case = prepare_case(load_region(region_file, changes), "original", tmp_path / "case")
    solver = json.loads((case.path / "tsunami.exahype2").read_text())["solvers"][0]
    refinement = read_specfile(case.path / "tsunami.exahype2").parameters.refinement
    assert refinement is not None
    assert refinement.coast
    assert [list(r) for r in refinement.rectangles] == solver["parameters"]["refinement"][
        "rectangles"
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("refinement.sorce=true", "did you mean 'source'"),
        ("refinement.way_width_km=0", "must be positive"),
        ("refinement.rectangles_km=[[1, 0, 0, 1]]", "xmin < xmax"),
    ],
)
def test_wrong_values_are_refused(change, message):
    """The message says what is allowed."""
    with pytest.raises(UsageError, match=message):
        load_region("tohoku", [change])
