"""Reading the NTHMP benchmark data that users bring."""

import numpy as np
import pytest

from exacouple.engine.mesh import Mesh
from exacouple.engine.solver import Solver
from exacouple.errors import ExacoupleError
from exacouple.verification import conical_island, monai_valley
from exacouple.verification.laboratory import deviation, find, measured_run_up, table
from exacouple.verification.registry import CHECKS, run
from exacouple.verification.results import Inputs, NoData


def test_without_data_the_reason_names_the_repository():
    """A user learns what to fetch and which option takes it."""
    with pytest.raises(NoData, match=r"nthmp-benchmark-problems and give it with --laboratory"):
        find(Inputs(), "BP04", "Lab_runup.txt")


def test_missing_file_is_named(tmp_path):
    """Another directory than the repository is told by the file that it lacks."""
    with pytest.raises(NoData, match=r"BP04/Lab_runup.txt"):
        find(Inputs(laboratory=tmp_path), "BP04", "Lab_runup.txt")


def test_records_in_a_workbook_are_asked_for_as_text(tmp_path):
    """The reason names the file to save, and another one if that is missing."""
    book = tmp_path / monai_valley._FOLDER / "output_ch5-7-9.xls"
    with pytest.raises(NoData, match=r"no .*output_ch5-7-9.xls"):
        monai_valley._records(Inputs(laboratory=tmp_path))
    book.parent.mkdir()
    book.touch()
    with pytest.raises(NoData, match=r"save .*xls as output_ch5-7-9.csv beside it"):
        monai_valley._records(Inputs(laboratory=tmp_path))
    book.with_suffix(".csv").write_text("time,ch5(cm),ch7(cm),ch9(cm)\n0.05,1,2,-3\n")
    rows = monai_valley._records(Inputs(laboratory=tmp_path))
    np.testing.assert_array_equal(rows, [[0.05, 0.01, 0.02, -0.03]])


@pytest.mark.parametrize(
    "name", ["laboratory-beach", "laboratory-island", "laboratory-valley", "real-engine"]
)
def test_checks_without_data_are_not_passed(name):
    """They have one row that says what is missing."""
    check = next(c for c in CHECKS if c.name == name)
    (row,) = run(check, Inputs())
    assert row.status == "no data"
    assert "--" in row.note


def test_table_skips_what_is_no_row(tmp_path):
    """Titles, rules, blank lines and rows of other lengths are left out."""
    path = tmp_path / "runup.txt"
    path.write_text("TITLE\n  Rad Deg\n-----\n\n 0.39 22.5 1.60\n251\n0.79\t45.0\t1.37\n")
    np.testing.assert_array_equal(table(path, 3), [[0.39, 22.5, 1.60], [0.79, 45.0, 1.37]])
    path.write_text("time,ch5(cm)\n0,0.234\n0.05, -.1\n")
    np.testing.assert_array_equal(table(path, 2), [[0.0, 0.234], [0.05, -0.1]])
    with pytest.raises(ExacoupleError, match=r"runup.txt: no rows of 7 numbers"):
        table(path, 7)


def test_run_up_is_brought_to_the_height_asked_for():
    """Waves within 5 % count, scaled with H^(5/4); others do not."""
    runs = np.array([[0.02, 0.08, 30.0], [0.0202, 0.0808, 30.0], [0.03, 9.0, 30.0]])
    expected = 0.5 * (0.08 + 0.0808 * (0.02 / 0.0202) ** 1.25)
    assert measured_run_up(runs, 0.02) == pytest.approx(expected, rel=1e-12)


def test_deviation_is_relative_to_the_range():
    """An offset of 1 on a record between -2 and 2 is a quarter."""
    measured = np.array([-2.0, 0.0, 2.0])
    assert deviation(measured + 1.0, measured) == pytest.approx(0.25)


def test_run_up_is_seen_up_to_the_top_of_the_island():
    """Where all is flooded the highest wet ground is the top, 0.305 m over the water at rest."""

    def flood(x, y):
        bed = conical_island.seabed(x, y)
        return 0.4 - bed, 0.0 * x, 0.0 * x, bed

    solver = Solver(Mesh(9.0, 10.0, 0.5, 16, 16), flood, order=1, boundary="wall")
    seen = conical_island._run(solver, 1e-3, np.array([0.0, 90.0, 270.0]), 0.01)
    np.testing.assert_allclose(seen.run_up, 0.305, atol=0.002)
