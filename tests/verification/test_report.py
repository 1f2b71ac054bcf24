"""Rows as text, Markdown and data."""

import pytest

from exacouple.verification import report
from exacouple.verification.cases import Case
from exacouple.verification.results import Measurement, Row

GOOD = Row("a", "passed", 1.0, Measurement("rate of h", 3.0, 2.9, "theory", at_least=True))
HARD = Row("a", "limitation", 0.5, Measurement("rate of hu", 2.0, 2.9, "theory"), "it is hard")
LOST = Row("b", "failed", 0.25, Measurement("run-up", float("nan"), 0.1, "NTHMP"))
EMPTY = Row("c", "no data", 0.0, note="needs a tank")


@pytest.fixture(autouse=True)
def case(monkeypatch):
    """Give every check the same file."""
    monkeypatch.setattr(report, "load_case", lambda name: Case(f"title of {name}", "Stoker 1957"))


def test_text_groups_rows_under_their_check():
    """Value, bound and quantity in one line; sources and reasons once below."""
    lines = report.text([GOOD, HARD, EMPTY]).splitlines()
    assert lines[0] == "a: title of a (1.5 s)"
    assert lines[1].split() == ["passed", "3", ">=", "2.9", "rate", "of", "h", "[1]"]
    assert lines[2].startswith("  limitation")
    assert lines[2].endswith("rate of hu  [1][2]")
    assert [line.strip() for line in lines[3:5]] == ["[1] theory", "[2] known: it is hard"]
    assert lines[6].split() == ["no", "data", "needs", "a", "tank"]
    assert lines[7].startswith("1 passed, 1 known limitation, 1 without data; 2 s")


def test_numbers_that_are_not_finite_become_null():
    """JSON knows no NaN."""
    (row,) = report.data([LOST])
    assert row["value"] is None
    assert (row["bound"], row["status"], row["at_least"]) == (0.1, "failed", False)


def test_markdown_has_a_table_and_a_figure_for_each_check():
    """A check without data has neither; the reason stands there."""
    text = report.markdown([GOOD, HARD, EMPTY], "exacouple verify --full", ["a"])
    assert "`exacouple verify --full`" in text
    assert "| rate of h | 3 | ≥ 2.9 | theory | passed |" in text
    assert "Known limitation: it is hard" in text
    assert "![a: title of a](a.png)" in text
    assert "no data: needs a tank" in text
    assert "c.png" not in text
