"""The settings in simulations/verification."""

import pytest

from exacouple.cases.region import region_names
from exacouple.errors import UsageError
from exacouple.resources import simulations_dir
from exacouple.verification import cases
from exacouple.verification.cases import Case, Limitation, load_case, settings_of
from exacouple.verification.registry import CHECKS, has_quick_form
from exacouple.verification.results import Measurement


def test_every_check_has_a_file_and_every_file_a_check():
    """Names of files are those of checks."""
    files = {path.stem for path in (simulations_dir() / "verification").glob("*.toml")}
    assert files == {check.name for check in CHECKS}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_settings_are_complete(check):
    """Both forms of every check can be built, with title and source."""
    assert isinstance(settings_of(check, full=True), check.settings)
    assert isinstance(settings_of(check, full=False), check.settings)
    assert load_case(check.name).title
    assert load_case(check.name).source


def test_verification_is_no_region():
    """`exacouple regions` lists earthquakes only."""
    assert "verification" not in region_names()


def test_unknown_setting_is_refused(tmp_path, monkeypatch):
    """The message names the file and the nearest key."""
    check = next(c for c in CHECKS if c.name == "threads")
    case = load_case(check.name)
    wrong = Case(case.title, case.source, {**case.settings, "cell": 3}, case.quick, case.full)
    monkeypatch.setattr(cases, "load_case", lambda name: wrong)
    with pytest.raises(UsageError, match=r"threads\.toml: unknown key 'cell'.*cells"):
        settings_of(check, full=False)


def test_check_without_quick_form_has_its_full_one():
    """Laboratory checks take long in any form."""
    check = next(c for c in CHECKS if c.name == "laboratory-island")
    assert not has_quick_form(check)
    assert settings_of(check, full=False) == settings_of(check, full=True)


def test_reason_of_a_limitation_is_found_by_its_quantity():
    """Others have none."""
    case = Case("t", "s", limitations=(Limitation(("rate of h", "rate of hu"), 1.5, "because"),))
    rates = [
        Measurement(f"rate of {name}", 1.8, 2.0, "theory", at_least=True) for name in ("hu", "hv")
    ]
    assert [case.reason(rate) for rate in rates] == ["because", None]
