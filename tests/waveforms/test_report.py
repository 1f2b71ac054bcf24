"""The directory that a comparison writes: whole, and never in place of other things."""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from exacouple.cases import Case
from exacouple.errors import UsageError
from exacouple.waveforms import report
from exacouple.waveforms.comparison import Comparison, compare
from exacouple.waveforms.report import foreign_files, write_report


@pytest.fixture
def comparison(make_case) -> Comparison:
    """A reference and the same with a flat sea floor."""
    cases = [Case.open(make_case("o")), Case.open(make_case("f", source="flat"))]
    return compare(cases[0], cases[1:])


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the drawing where only the directory matters."""
    monkeypatch.setattr(
        report, "_write_region", lambda comparison, folder, progress: (folder / "x.png").touch()
    )


def test_everything_is_written_and_listed(comparison: Comparison, tmp_path: Path) -> None:
    """Figures are what they are named after: pictures with something on them."""
    out = tmp_path / "runs" / "compare"
    result = write_report([comparison], out)
    assert set(result["files"]) == {path.name for path in out.iterdir()}
    assert {"metrics.json", "metrics.csv", "waveforms.nc"} < set(result["files"])
    figures = [name for name in result["files"] if name.endswith(".png")]
    assert sorted(figures) == [
        "bathymetry-flat.png",
        "bathymetry-original.png",
        "displacement.png",
        "waveforms-A1.png",
        "waveforms-B2.png",
        "waveforms.png",
    ]
    for name in figures:
        picture = imread(out / name)
        assert picture.shape[1] >= 800
        assert np.ptp(picture) > 0.5
    assert json.loads((out / "metrics.json").read_text()) == json.loads(json.dumps(result))


@pytest.mark.usefixtures("without_figures")
def test_own_directory_is_replaced_without_force(comparison: Comparison, tmp_path: Path) -> None:
    """What an earlier comparison wrote and this one does not is gone."""
    out = tmp_path / "out"
    write_report([comparison], out)
    result = json.loads((out / "metrics.json").read_text())
    (out / "old.png").touch()
    result["files"].append("old.png")
    (out / "metrics.json").write_text(json.dumps(result))
    write_report([comparison], out)
    assert not (out / "old.png").exists()


@pytest.mark.usefixtures("without_figures")
def test_added_files_are_kept_unless_forced(comparison: Comparison, tmp_path: Path) -> None:
    """Somebody's notes beside the figures are not ours to remove."""
    out = tmp_path / "out"
    write_report([comparison], out)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"notes\.txt"):
        write_report([comparison], out)
    assert (out / "notes.txt").exists()
    write_report([comparison], out, force=True)
    assert not (out / "notes.txt").exists()


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize("force", [False, True])
def test_other_directories_are_never_replaced(
    comparison: Comparison, tmp_path: Path, force: bool
) -> None:
    """``--out runs --force`` must not remove the cases."""
    with pytest.raises(UsageError, match="runs holds"):
        write_report([comparison], tmp_path / "runs", force=force)
    assert (tmp_path / "runs" / "o" / "case.json").exists()


@pytest.mark.usefixtures("without_figures")
def test_several_regions_have_a_folder_each(
    comparison: Comparison, make_case, tmp_path: Path
) -> None:
    """One table for all, figures apart."""
    cases = [
        Case.open(make_case(f"c{source}", source=source, region="chile"))
        for source in ("original", "flat")
    ]
    chile = compare(cases[0], cases[1:])
    out = tmp_path / "out"
    write_report([comparison, chile], out)
    assert (out / "chile" / "x.png").exists()
    assert (out / "test" / "x.png").exists()
    assert foreign_files(out) == []
    regions = [line.split(",")[0] for line in (out / "metrics.csv").read_text().splitlines()[1:]]
    assert set(regions) == {"test", "chile"}


def test_interrupted_report_leaves_the_old_one(
    comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a report is no report."""
    out = tmp_path / "out"
    monkeypatch.setattr(report, "_write_region", lambda *args: None)
    write_report([comparison], out)
    before = (out / "metrics.json").read_bytes()

    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "_write_region", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_report([comparison], out)
    assert (out / "metrics.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
