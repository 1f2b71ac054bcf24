"""Choosing and running checks."""

from dataclasses import dataclass

import numpy as np
import pytest

from exacouple.engine.solver import SolutionError
from exacouple.errors import UsageError
from exacouple.verification import registry
from exacouple.verification.cases import Case, Limitation
from exacouple.verification.registry import CHECKS, has_quick_form, run, run_all, select
from exacouple.verification.results import (
    Check,
    Inputs,
    Measurement,
    NoData,
    Picture,
    Series,
    rates,
)


@dataclass(frozen=True)
class Nothing:
    """No settings."""


@pytest.fixture(autouse=True)
def sample_case(monkeypatch):
    """Give the check called sample a file."""
    known = registry.load_case
    case = Case("a sample", "nobody", limitations=(Limitation(("known",), 4.0, "it is hard"),))
    monkeypatch.setattr(registry, "load_case", lambda n: case if n == "sample" else known(n))
    monkeypatch.setattr(registry, "settings_of", lambda check, full: Nothing())


def yields(*findings, then=None):
    def experiment(settings, inputs):
        yield from findings
        if then is not None:
            raise then

    return Check("sample", Nothing, experiment)


GOOD = Measurement("error", 1.0, 2.0, "theory")
BAD = Measurement("error", 3.0, 2.0, "theory")
HARD = Measurement("known", 3.0, 2.0, "theory")
WORSE = Measurement("known", 5.0, 2.0, "theory")
LOST = Measurement("known", float("nan"), 2.0, "theory")
PANEL = Picture("panel", "x (m)", "h (m)", (Series("found", [0.0, 1.0], [1.0, 2.0]),))


@pytest.mark.parametrize(
    ("value", "at_least", "passed"),
    [
        (2.0, False, True),
        (2.1, False, False),
        (2.0, True, True),
        (1.9, True, False),
        (float("nan"), False, False),
        (float("nan"), True, False),
        (float("inf"), False, False),
    ],
)
def test_bounds_are_kept_or_not(value, at_least, passed):
    """A value on the bound keeps it; NaN keeps none."""
    assert Measurement("q", value, 2.0, "theory", at_least=at_least).passed is passed


def test_names_are_unique():
    """Every check can be chosen by its name."""
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_quick_half_is_part_of_all():
    """Without names one gets the quick half or all; a name chooses from all, once."""
    quick, every = select([], full=False), select([], full=True)
    assert set(quick) < set(every)
    assert every == CHECKS
    assert all(has_quick_form(check) for check in quick)
    assert [c.name for c in select(["units", "laboratory-beach", "units"], full=False)] == [
        "units",
        "laboratory-beach",
    ]


def test_a_first_word_chooses_all_checks_that_begin_with_it():
    """But for a check of just that name."""
    assert [c.name for c in select(["bowl"], full=False)] == ["bowl-planar", "bowl-radial"]
    assert [c.name for c in select(["outflow"], full=False)] == ["outflow"]
    with pytest.raises(UsageError, match="no check 'bo'"):
        select(["bo"], full=False)


def test_unknown_name_is_refused():
    """The message names the nearest check."""
    with pytest.raises(UsageError, match="did you mean 'symmetry'"):
        select(["symetry"], full=False)


def test_rows_tell_passed_from_failed_and_from_what_is_known():
    """One row for each measurement, in their order; a known limitation carries its reason."""
    rows = list(run(yields(GOOD, BAD, HARD), Inputs()))
    assert [row.status for row in rows] == ["passed", "failed", "limitation"]
    assert [row.note for row in rows] == ["", "", "it is hard"]


def test_a_limitation_excuses_nothing_worse_than_what_is_known():
    """Beyond the worst known value, and where a run gives no number, the check fails."""
    assert [row.status for row in run(yields(WORSE, LOST), Inputs())] == ["failed", "failed"]


def test_breakdown_is_a_failed_row():
    """A solver that breaks down fails its check and leaves the others to run."""
    broken = yields(GOOD, then=SolutionError("not finite around x = 1"))
    rows = run_all((broken, yields(GOOD)), Inputs())
    assert [row.status for row in rows] == ["passed", "failed", "passed"]
    assert rows[1].note == "not finite around x = 1"


def test_missing_data_are_told_and_not_passed():
    """The reason stands in the row."""
    (row,) = run(yields(then=NoData("needs a tank")), Inputs())
    assert (row.status, row.note, row.measurement) == ("no data", "needs a tank", None)


def test_pictures_are_collected_and_no_rows():
    """They are told with their check, once it is done."""
    drawn = []
    check = yields(GOOD, PANEL, PANEL)
    rows = run_all((check,), Inputs(), on_done=lambda done, panels: drawn.append((done, panels)))
    assert len(rows) == 1
    assert drawn == [(check, [PANEL, PANEL])]


def test_progress_is_told_before_each_check():
    """Number of checks done and the next one."""
    told = []
    check = yields(GOOD)
    run_all((check, check), Inputs(), on_check=lambda done, c: told.append((done, c.name)))
    assert told == [(0, "sample"), (1, "sample")]


def test_rates_are_powers_of_the_cell_size():
    """Errors that fall with the cube of the cell size have the rate 3, on uneven meshes too."""
    cells = np.array([8, 12, 20])
    np.testing.assert_allclose(rates(np.stack([5.0 / cells**3.0, 1.0 / cells], 1), cells), [3, 1])
