"""What is said of a case's mesh is worked out from the files that the engine reads."""

import json

import pytest

from exacouple.cases import load_region, plan_case, prepare_case
from exacouple.cases.truth import mesh_truth
from exacouple.errors import ExacoupleError


@pytest.fixture
def case(region_file, tmp_path):
    """Return a case of 24 x 18 cells."""
    return prepare_case(load_region(region_file), "original", tmp_path / "case")


def edit(case, change):
    """Change the specfile of a case."""
    path = case.path / "tsunami.exahype2"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_it_is_what_was_planned(case, region_file, tmp_path):
    """Cells, size, time step and number of steps are those of the plan."""
    plan = plan_case(load_region(region_file), "original", tmp_path / "other")
    truth = mesh_truth(case)
    assert truth.mesh.cells == (24, 18)
    assert truth.mesh.cell_size_m == pytest.approx(400e3 / 24)
    assert truth.time_step_s == pytest.approx(plan.time_step_s)
    assert truth.steps == plan.steps
    assert str(truth).startswith("24 x 18 cells (3^3 - 1 - 2) of 16.67 km, order 2, time step ")


def test_edited_specfile_is_believed(case):
    """400 km with cells of at most 45 km and one outside per side: 25 cells, not the 9 wished."""

    def coarser(document):
        document["solvers"][0]["maximum_mesh_size"] = 400.0 / 9
        del document["computational_domain"]["outside_cells_left"]
        del document["computational_domain"]["outside_cells_right"]

    edit(case, coarser)
    assert mesh_truth(case).mesh.cells[0] == 25


@pytest.mark.parametrize("key", ["computational_domain", "solvers"])
def test_specfile_without_a_mesh_is_told(case, key):
    """A file that does not say it is no reason for a traceback."""
    edit(case, lambda document: document.pop(key))
    with pytest.raises(ExacoupleError, match="does not say which mesh"):
        mesh_truth(case)


def test_missing_specfile_is_told(case):
    """The message names the file."""
    (case.path / "tsunami.exahype2").unlink()
    with pytest.raises(ExacoupleError, match=r"cannot read .*tsunami\.exahype2"):
        mesh_truth(case)
