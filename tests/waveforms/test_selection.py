"""Which cases are compared, and what is said of those that are not."""

from pathlib import Path

import pytest

from exacouple.errors import ExacoupleError, UsageError
from exacouple.waveforms.selection import select_finished, select_named


def test_first_named_case_is_the_reference(make_case) -> None:
    """Whatever its source is, and each case once."""
    flat, original = make_case("f", source="flat"), make_case("o")
    selection = select_named([flat, original, flat])
    assert selection.reference.path == flat
    assert [case.path for case in selection.others] == [original]


def test_what_is_no_case_is_left_out_of_a_glob(make_case, tmp_path: Path) -> None:
    """``runs/o runs/*`` also names the folder of an earlier comparison."""
    case, other = make_case("o"), make_case("s", source="smoothed")
    (tmp_path / "runs" / "compare").mkdir()
    selection = select_named([case, *sorted((tmp_path / "runs").iterdir())])
    assert [item.path for item in selection.others] == [other]
    assert "compare is no case" in selection.notes[0]


def test_reference_that_is_no_case_is_refused(tmp_path: Path) -> None:
    """The first argument decides what everything is compared with."""
    with pytest.raises(UsageError, match="is not a case"):
        select_named([tmp_path])
    with pytest.raises(UsageError, match="no case is named"):
        select_named([])


@pytest.mark.parametrize(
    ("status", "said"),
    [("failed", "failed"), ("interrupted", "was interrupted"), (None, "not been")],
)
def test_named_case_that_is_not_finished_is_refused(
    make_case, status: str | None, said: str
) -> None:
    """Half a run must not be taken for a result."""
    case = make_case("o", {}, status=status)
    with pytest.raises(ExacoupleError, match=f"{said}.*exacouple run"):
        select_named([case])


def test_case_that_was_prepared_again_is_refused(make_case) -> None:
    """Its probe files belong to another case.json."""
    case = make_case("o")
    (case / "case.json").write_text((case / "case.json").read_text() + "\n")
    with pytest.raises(ExacoupleError, match="prepared again after its run"):
        select_named([case])


def test_run_by_hand_is_taken_with_a_note(make_case) -> None:
    """The engine may have been started on a cluster, without `exacouple run`."""
    selection = select_named([make_case("o", status=None)])
    assert "run by hand" in selection.notes[0]


def test_every_finished_case_is_compared_with_the_original(make_case, tmp_path: Path) -> None:
    """One selection for each region; the unfinished are named with what to do."""
    original = make_case("test-original")
    smoothed = make_case("test-smoothed", source="smoothed")
    make_case("test-flat", source="flat", status="failed")
    make_case("chile-original", region="chile")
    chile = make_case("chile-flat", source="flat", region="chile")
    there, here = select_finished(tmp_path / "runs")
    assert here.reference.path == original
    assert [case.path for case in here.others] == [smoothed]
    assert [case.path for case in there.others] == [chile]
    assert "test-flat failed: run it with 'exacouple run" in here.notes[0]


def test_original_named_after_the_region_is_the_reference(make_case, tmp_path: Path) -> None:
    """A second original, on another mesh say, is one of the compared."""
    make_case("a-finer")
    original = make_case("test-original")
    (selection,) = select_finished(tmp_path / "runs")
    assert selection.reference.path == original


def test_two_originals_without_that_name_are_ambiguous(make_case, tmp_path: Path) -> None:
    """The reference decides every number, so it is not guessed."""
    make_case("a")
    make_case("b")
    with pytest.raises(ExacoupleError, match="several cases of source 'original'"):
        select_finished(tmp_path / "runs")


def test_missing_original_is_said(make_case, tmp_path: Path) -> None:
    """And why it is missing."""
    make_case("test-flat", source="flat")
    make_case("test-original", status="interrupted")
    with pytest.raises(ExacoupleError) as caught:
        select_finished(tmp_path / "runs")
    assert "region test: no finished case of source 'original'" in str(caught.value)
    assert "test-original was interrupted: run it with" in str(caught.value)


def test_lonely_original_is_said(make_case, tmp_path: Path) -> None:
    """There is nothing to compare it with."""
    make_case("test-original")
    with pytest.raises(ExacoupleError, match=r"only .*test-original is finished"):
        select_finished(tmp_path / "runs")


def test_regions_that_can_be_compared_are_though_others_cannot(make_case, tmp_path: Path) -> None:
    """What is missing elsewhere is a note, not the end."""
    make_case("test-original")
    make_case("test-flat", source="flat")
    make_case("chile-flat", source="flat", region="chile")
    damaged = tmp_path / "runs" / "damaged"
    damaged.mkdir()
    (damaged / "case.json").write_text("{")
    (selection,) = select_finished(tmp_path / "runs")
    assert selection.reference.region == "test"
    notes = " ".join(selection.notes)
    assert "region chile: no finished case" in notes
    assert "damaged" in notes


@pytest.mark.parametrize("name", ["runs", "nowhere"])
def test_no_cases_at_all_says_how_to_get_some(tmp_path: Path, name: str) -> None:
    """An empty folder and none are the same to the user."""
    (tmp_path / "runs").mkdir()
    with pytest.raises(ExacoupleError, match=r"no cases in .*exacouple prepare"):
        select_finished(tmp_path / name)
