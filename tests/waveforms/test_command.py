"""`exacouple compare` as it is typed."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from exacouple.cli import main
from exacouple.waveforms import report

Command = Callable[..., Result]


@pytest.fixture
def exacouple(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Run the command line in the folder that holds ``runs/``, without drawing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(report, "_write_region", lambda *args: None)
    yield lambda *arguments: CliRunner().invoke(main, [str(item) for item in arguments])
    logger = logging.getLogger("exacouple")
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def three(make_case) -> None:
    """The cases that ``prepare --source smoothed`` and ``run`` leave."""
    make_case("test-original")
    late = {
        "A1": lambda t: np.exp(-(((t - 660.0) / 120.0) ** 2)),
        "B2": lambda t: 0.0 * t + np.nan,
    }
    make_case("test-smoothed", late, source="smoothed")
    make_case("test-flat", source="flat")


@pytest.mark.usefixtures("three")
def test_without_arguments_every_finished_case_is_compared(exacouple: Command) -> None:
    """The third of the three commands; a second time it replaces what it wrote."""
    for _ in range(2):
        result = exacouple("compare")
        assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 110
    (row,) = (line.split() for line in lines if "+60.0" in line)
    assert row[0] == "smoothed"
    assert any(line.split() == ["smoothed", "NaN"] for line in lines)
    assert "written to runs/compare: metrics.json" in lines[-1]
    assert "test-smoothed: buoy B2: NaN, from 0 s" in result.stderr


@pytest.mark.usefixtures("three")
def test_named_cases_and_observed_records(exacouple: Command, tmp_path: Path) -> None:
    """The first is the reference; JSON is all that stands on standard output."""
    (tmp_path / "dart_A1.csv").write_text("".join(f"{t},{np.sin(t / 300)}\n" for t in range(2000)))
    result = exacouple(
        "compare",
        "runs/test-flat",
        "runs/test-original",
        *("--out", "there"),
        *("--observed", "dart_A1.csv"),
        *("--observed", "B2=dart_A1.csv"),
        "--json",
    )
    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)
    (comparison,) = table["comparisons"]
    assert comparison["reference"] == "flat"
    assert [case["label"] for case in comparison["cases"]] == ["flat", "original"]
    assert [item["buoy"] for item in comparison["observed"]] == ["A1", "B2"]
    assert table["directory"] == "there"
    written = json.loads((tmp_path / "there" / "metrics.json").read_text())
    assert written["comparisons"] == table["comparisons"]


@pytest.mark.usefixtures("three")
def test_quiet_says_nothing(exacouple: Command, tmp_path: Path) -> None:
    """Only what went wrong is said with -q, and nothing did."""
    result = exacouple("-q", "compare", "runs/test-original", "runs/test-flat")
    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "runs" / "compare" / "metrics.csv").exists()


def test_reference_alone_has_its_peaks(exacouple: Command, make_case) -> None:
    """There is nothing to score it against, yet peak and arrival are known."""
    make_case("o")
    result = exacouple("compare", "runs/o")
    assert result.exit_code == 0, result.output
    assert "Buoy A1\n" in result.stdout.replace(" \n", "\n").replace("  ", "")
    assert "original" in result.stdout


def test_names_are_printed_as_they_stand(exacouple: Command, make_case) -> None:
    """Brackets in a title or a name are text, not the markup of the library that prints tables."""
    make_case("[b]o", region_config={**_region_config(make_case), "title": "Japan [M 9.1] [/x]"})
    result = exacouple("compare", "runs/[b]o")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Japan [M 9.1] [/x]\n")


def _region_config(make_case) -> dict[str, object]:
    manifest = json.loads((make_case("other") / "case.json").read_text())
    return dict(manifest["region_config"])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "error: there are no cases in runs: prepare some"),
        (["nowhere"], 2, "error: nowhere does not exist: name the directory of a case"),
        (["."], 2, "error: . is not a case: it holds no case.json"),
        (["--max-lag", "0"], 2, "--max-lag"),
    ],
)
def test_what_is_missing_is_said(
    exacouple: Command, arguments: list[str], code: int, said: str
) -> None:
    """One line and an exit code, no traceback."""
    result = exacouple("compare", *arguments)
    assert result.exit_code == code
    assert said in result.stderr


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--observed", "x.csv"], "names no buoy"),
        (["--observed", "A1=x.csv"], "x.csv: cannot be read: No such file"),
        (["--out", "runs"], "runs holds what compare did not write"),
        (["--out", "runs/test-flat", "--force"], "holds no metrics.json, so it is not replaced"),
    ],
)
def test_bad_options_are_one_line_and_harm_nothing(
    exacouple: Command, tmp_path: Path, arguments: list[str], said: str
) -> None:
    """Cases stay where they are, whatever --force is given."""
    result = exacouple("compare", *arguments)
    assert result.exit_code in (1, 2)
    assert said in result.stderr.splitlines()[-1]
    assert (tmp_path / "runs" / "test-flat" / "case.json").exists()
    assert not (tmp_path / "runs" / "compare").exists()


def test_buoy_of_two_regions_is_ambiguous_for_an_observed_record(
    exacouple: Command, make_case, tmp_path: Path
) -> None:
    """A record is of one event."""
    for region in ("one", "two"):
        for source in ("original", "flat"):
            make_case(f"{region}-{source}", source=source, region=region)
    (tmp_path / "A1.csv").write_text("0,0\n60,1\n")
    result = exacouple("compare", "--observed", "A1.csv")
    assert result.exit_code == 2
    assert "buoy A1 is in several regions" in result.stderr


def test_help_needs_no_heavy_library() -> None:
    """Each takes longer to import than the help takes to read."""
    program = (
        "import sys, exacouple.cli.compare; "
        "print(*{'matplotlib', 'xarray', 'netCDF4', 'numba', 'numpy', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
