"""``exacouple verify`` prints its table, writes reports and fails on a broken bound."""

import json
from dataclasses import dataclass

import pytest

from exacouple.verification import cases, registry, report
from exacouple.verification.cases import Case, Limitation
from exacouple.verification.results import Check, Measurement, NoData, Picture, Series


@dataclass(frozen=True)
class Nothing:
    """No settings."""


CASES = {
    "smooth": Case("a smooth wave", "Stoker 1957", quick={}),
    "tank": Case("a tank", "NTHMP", limitations=(Limitation(("profile",), 3.0, "no dispersion"),)),
}


@pytest.fixture
def checks(monkeypatch):
    """Replace the registry by two experiments, of which the second has no quick form and fails."""

    def good(settings, inputs):
        yield Measurement("rate of h", 3.0, 2.9, "order N + 1", at_least=True)
        yield Picture("wave", "x (m)", "h (m)", (Series("found", [0.0, 1.0], [1.0, 2.0]),))

    def bad(settings, inputs):
        if inputs.laboratory is None:
            raise NoData("needs data")
        yield Measurement("profile", 0.2, 0.1, "NTHMP")
        yield Measurement("run-up", 0.2, 0.1, "NTHMP")
        yield Measurement("crest", float("nan"), 0.1, "NTHMP")

    found = (Check("smooth", Nothing, good), Check("tank", Nothing, bad))
    monkeypatch.setattr(registry, "CHECKS", found)
    for module in (cases, registry, report):
        monkeypatch.setattr(module, "load_case", CASES.__getitem__)
    monkeypatch.delenv("EXACOUPLE_LABORATORY", raising=False)


@pytest.mark.usefixtures("checks")
def test_quick_half_passes(exacouple):
    """Every row has its value, its bound and the source of the bound."""
    result = exacouple("verify")
    assert result.exit_code == 0
    assert "smooth: a smooth wave" in result.stdout
    assert "3 >= 2.9      rate of h  [1]" in result.stdout
    assert "[1] order N + 1" in result.stdout
    assert "tank" not in result.stdout


@pytest.mark.usefixtures("checks")
def test_check_without_data_is_told(exacouple):
    """Its row says why; it neither passes nor fails."""
    result = exacouple("verify", "--full")
    assert result.exit_code == 0
    assert "  no data    needs data" in result.stdout
    assert "1 passed, 1 without data" in result.stdout


@pytest.mark.usefixtures("checks")
def test_check_that_was_asked_for_needs_its_data(exacouple):
    """Without them the command fails, since it has shown nothing."""
    result = exacouple("verify", "tank")
    assert result.exit_code == 1
    assert "error: no data to compare with, in tank" in result.stderr


@pytest.mark.usefixtures("checks")
def test_broken_bound_fails_the_command(exacouple, tmp_path):
    """The error counts the rows and names the checks; the report is written all the same."""
    out = tmp_path / "report"
    result = exacouple("verify", "--full", "--laboratory", tmp_path, "--out", out)
    assert result.exit_code == 1
    assert "error: 2 of 4 measurements are out of bounds, in tank" in result.stderr
    assert "known: no dispersion" in result.stdout
    text = (out / "report.md").read_text()
    assert "`exacouple verify --full`" in text
    assert "| run-up | 0.2 | ≤ 0.1 | NTHMP | failed |" in text
    assert {path.name for path in out.iterdir()} == {"report.md", "report.json", "smooth.png"}


@pytest.mark.usefixtures("checks")
def test_json_holds_every_row(exacouple, tmp_path):
    """Standard output and report.json are the same, NaN is null."""
    out = tmp_path / "report"
    result = exacouple("verify", "tank", "--laboratory", tmp_path, "--json", "--out", out)
    rows = json.loads(result.stdout)
    assert rows == json.loads((out / "report.json").read_text())
    assert [row["value"] for row in rows] == [0.2, 0.2, None]
    assert [row["status"] for row in rows] == ["limitation", "failed", "failed"]


@pytest.mark.usefixtures("checks")
def test_laboratory_data_may_come_from_the_environment(exacouple, tmp_path, monkeypatch):
    """EXACOUPLE_LABORATORY stands for --laboratory."""
    monkeypatch.setenv("EXACOUPLE_LABORATORY", str(tmp_path))
    assert "run-up" in exacouple("verify", "tank").stdout


@pytest.mark.usefixtures("checks")
def test_list_runs_nothing(exacouple):
    """Names, halves and titles."""
    result = exacouple("verify", "--list")
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [
        ["smooth", "quick"],
        ["tank", "full"],
    ]


@pytest.mark.usefixtures("checks")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["smoth"], "did you mean 'smooth'"),
        (["--laboratory", "nowhere"], "nowhere"),
        (["--reference", "nowhere"], "nowhere"),
    ],
)
def test_wrong_requests_are_refused(exacouple, arguments, message):
    """Exit code 2 before anything runs."""
    result = exacouple("verify", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.usefixtures("checks")
def test_report_is_not_overwritten(exacouple, tmp_path):
    """An existing report stays unless --force is given, and nothing runs before that is known."""
    out = tmp_path / "report"
    assert exacouple("verify", "--out", out).exit_code == 0
    (out / "report.md").write_text("old")
    result = exacouple("verify", "--out", out)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert (out / "report.md").read_text() == "old"
    assert exacouple("verify", "--out", out, "--force").exit_code == 0
    assert "smooth" in (out / "report.md").read_text()
