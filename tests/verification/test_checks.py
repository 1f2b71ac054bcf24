"""Every check of the registry keeps its bounds."""

import pytest

from exacouple.verification.registry import CHECKS, has_quick_form, run
from exacouple.verification.results import Check, Inputs


@pytest.mark.parametrize(
    "check", [c for c in CHECKS if has_quick_form(c)], ids=lambda check: check.name
)
def test_quick_half(check: Check) -> None:
    """No bound of the quick half is broken but those that the case's file declares."""
    rows = list(run(check, Inputs()))
    assert rows
    assert not [row.measurement or row.note for row in rows if row.status == "failed"]


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_full_form(check: Check) -> None:
    """The same of the full form; checks without data are skipped."""
    rows = list(run(check, Inputs(), full=True))
    if rows and rows[0].status == "no data":
        pytest.skip(rows[0].note)
    assert rows
    assert not [row.measurement or row.note for row in rows if row.status == "failed"]
