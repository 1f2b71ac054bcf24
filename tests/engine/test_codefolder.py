"""Folders of machine code: old ones go, those in use stay."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import exacouple
from exacouple.engine import codefolder
from exacouple.engine.codefolder import KEPT, UNUSED_S, code_folder, hold_folder

HOLD = """
import sys
from pathlib import Path
from exacouple.engine.codefolder import hold_folder
print(hold_folder(Path(sys.argv[1]), sys.argv[2]).name, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Let go of what a test holds."""
    locks: list[object] = []
    monkeypatch.setattr(codefolder, "_held", locks)
    return locks


def make_old(base: Path, name: str, days: float) -> None:
    """Make a folder with machine code that was last used some days ago."""
    folder = base / name
    folder.mkdir(parents=True)
    (folder / "code").write_text("machine code")
    (folder / "in-use").touch()
    last_use = time.time() - days * UNUSED_S
    os.utime(folder / "in-use", (last_use, last_use))


def names(base: Path) -> set[str]:
    return {path.name for path in base.iterdir()}


def test_a_new_folder_leaves_the_newest_old_ones(tmp_path: Path) -> None:
    """It counts as the newest itself."""
    for days in range(2, 8):
        make_old(tmp_path, f"old{days}", days)
    hold_folder(tmp_path, "new")
    assert names(tmp_path) == {"new", *(f"old{days}" for days in range(2, 2 + KEPT - 1))}


def test_folders_used_today_stay(tmp_path: Path) -> None:
    """Several versions may be in use in turns."""
    for number in range(6):
        make_old(tmp_path, f"old{number}", 0.9)
    hold_folder(tmp_path, "new")
    assert len(names(tmp_path)) == 7


def test_an_old_folder_that_is_used_again_counts_as_new(tmp_path: Path, held: list[object]) -> None:
    """Using it removes nothing; later it is among the newest."""
    for days in range(2, 8):
        make_old(tmp_path, f"old{days}", days)
    hold_folder(tmp_path, "old7")
    assert len(names(tmp_path)) == 6
    held.clear()
    hold_folder(tmp_path, "new")
    assert names(tmp_path) == {"new", "old7", "old2"}
    assert (tmp_path / "old7" / "code").exists()


def test_a_folder_that_another_process_holds_stays(tmp_path: Path) -> None:
    """However old it is; once the process has ended, it goes."""
    for days in range(2, 8):
        make_old(tmp_path, f"old{days}", days)
    environment = os.environ | {"PYTHONPATH": str(Path(exacouple.__file__).parent.parent)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), "old7"],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "old7\n"
        long_ago = time.time() - 30 * UNUSED_S
        os.utime(tmp_path / "old7" / "in-use", (long_ago, long_ago))
        hold_folder(tmp_path, "new")
        assert names(tmp_path) == {"new", "old2", "old3", "old7"}
        assert (tmp_path / "old7" / "code").exists()
        other.communicate()
    hold_folder(tmp_path, "newer")
    assert "old7" not in names(tmp_path)


def test_what_is_no_folder_of_machine_code_stays(tmp_path: Path) -> None:
    """A folder without the mark of ours, or a file, is somebody else's."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "notes.txt").touch()
    for days in range(2, 8):
        make_old(tmp_path, f"old{days}", days)
    hold_folder(tmp_path, "new")
    assert {"mine", "notes.txt"} < names(tmp_path)


def folder_of(package: Path, cache: Path) -> str:
    """Name of the folder that a process with a copy of the package holds."""
    code = "from exacouple.engine.codefolder import code_folder; print(code_folder().name)"
    return subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(package.parent), "NUMBA_CACHE_DIR": str(cache)},
    ).stdout  # fmt: skip


def copy_to(place: Path) -> Path:
    """A copy of the package."""
    package = place / "exacouple"
    shutil.copytree(
        Path(exacouple.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    return package


def test_what_was_moved_or_installed_again_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """Numba finds no machine code for it: none must seem to be there."""
    package, cache = copy_to(tmp_path / "one"), tmp_path / "cache"
    first = folder_of(package, cache)
    assert folder_of(package, cache) == first
    (tmp_path / "link").symlink_to(package.parent)
    linked = folder_of(tmp_path / "link" / package.name, cache)
    os.utime(package / "engine" / "sweep.py", (0.0, 0.0))
    written_again = folder_of(package, cache)
    moved = folder_of(package.parent.rename(tmp_path / "two") / package.name, cache)
    assert len({first, linked, written_again, moved}) == 4


def test_a_detour_to_the_sources_leads_to_the_same_folder(tmp_path: Path) -> None:
    """Python takes them out of PYTHONPATH, by which the processes that compile find the sources."""
    package, cache = copy_to(tmp_path / "one"), tmp_path / "cache"
    code = (
        f"import sys; sys.path.insert(0, {str(package.parent / '..' / 'one')!r});"
        "from exacouple.engine.codefolder import code_folder; print(code_folder().name)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True,
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)},
    )  # fmt: skip
    assert done.stdout == folder_of(package, cache)


def test_a_cache_under_another_path_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """The generated kernels lie in it, for which Numba finds no machine code under that path."""
    package, cache = Path(exacouple.__file__).parent, tmp_path / "cache"
    first = folder_of(package, cache)
    (tmp_path / "link").symlink_to(cache)
    linked = folder_of(package, tmp_path / "link")
    moved = folder_of(package, cache.rename(tmp_path / "moved"))
    assert len({first, linked, moved}) == 3


def test_what_an_editor_keeps_beside_a_source_is_none(tmp_path: Path) -> None:
    """Emacs locks a file with a link to nowhere."""
    package, cache = copy_to(tmp_path), tmp_path / "cache"
    first = folder_of(package, cache)
    (package / "engine" / ".#sweep.py").symlink_to("someone@somewhere.1:2")
    assert folder_of(package, cache) == first


def test_the_folder_stays_where_it_is_when_the_program_goes_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative NUMBA_CACHE_DIR belongs to where the program was when it was read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NUMBA_CACHE_DIR", "cache")
    folder = code_folder()
    assert folder.is_absolute()
    assert tmp_path in folder.parents


def test_without_a_folder_to_write_to_there_is_a_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The run goes on and says that it compiles anew."""
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(blocked))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = code_folder()
    assert folder.is_dir()
    assert tmp_path in folder.parents
    assert "compiled anew in every run" in caplog.text


WRITE = """
import sys, time
from pathlib import Path
from exacouple.engine.codefolder import writing_to
with writing_to(Path(sys.argv[1])):
    found = len(list(Path(sys.argv[1]).glob("*.begun")))
    (Path(sys.argv[1]) / f"{sys.argv[2]}.begun").touch()
    time.sleep(0.3)
    ended = len(list(Path(sys.argv[1]).glob("*.ended")))
    (Path(sys.argv[1]) / f"{sys.argv[2]}.ended").touch()
raise SystemExit(found != ended)
"""


def test_processes_write_machine_code_one_after_another(tmp_path: Path) -> None:
    """Each begins when those that have begun before have ended."""
    environment = os.environ | {"PYTHONPATH": str(Path(exacouple.__file__).parent.parent)}
    writers = [
        subprocess.Popen([sys.executable, "-P", "-c", WRITE, tmp_path, str(k)], env=environment)
        for k in range(3)
    ]
    assert [writer.wait(60.0) for writer in writers] == [0, 0, 0]
    assert len(list(tmp_path.glob("*.ended"))) == 3
