"""Files and directories appear whole or not at all."""

import errno
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from exacouple import atomic
from exacouple.atomic import atomic_directory, atomic_file, write_json, write_text
from exacouple.errors import ExacoupleError, UsageError

_Usage = namedtuple("_Usage", "total used free")


@pytest.fixture
def full_disk(monkeypatch):
    """Every disk looks full."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: _Usage(1000, 1000, 0))


def test_file_appears_only_at_the_end(tmp_path):
    """Nobody sees the target before the body is done, and the suffix tells writers the format."""
    target = tmp_path / "new" / "grid.nc"
    with atomic_file(target) as temporary:
        temporary.write_text("whole")
        assert not target.exists()
        assert temporary.parent == target.parent
        assert temporary.suffix == ".nc"
    assert target.read_text() == "whole"
    assert os.listdir(target.parent) == ["grid.nc"]


def test_failed_body_leaves_the_old_file(tmp_path):
    """An error while replacing a file keeps the old one and leaves nothing else."""
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(ZeroDivisionError), atomic_file(target, force=True) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_interrupt_removes_the_temporary_file(tmp_path):
    """Ctrl-C while writing leaves nothing behind."""
    with pytest.raises(KeyboardInterrupt), atomic_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_existing_file_needs_force(tmp_path):
    """The refusal names the file and the option that lifts it."""
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(UsageError, match=r"a\.txt exists already: use --force"):
        write_text(target, "new")
    write_text(target, "new", force=True)
    assert target.read_text() == "new"


def test_file_does_not_replace_a_directory(tmp_path):
    """Not even force lets a file take the place of a directory."""
    with pytest.raises(UsageError, match="is a directory"):
        write_text(tmp_path, "x", force=True)


def test_file_that_turns_up_meanwhile_is_kept(tmp_path):
    """What another process wrote in the meantime is not overwritten without force."""
    target = tmp_path / "a.txt"
    with pytest.raises(UsageError, match="exists already"), atomic_file(target) as temporary:
        temporary.write_text("mine")
        target.write_text("theirs")
    assert target.read_text() == "theirs"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("free", [0, 1 << 30])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_system_errors_name_the_target(tmp_path, monkeypatch, number, free):
    """A system error ends as one message with the target and the cause, not the temporary name."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: _Usage(1 << 30, 0, free))
    target = tmp_path / "a.txt"
    with pytest.raises(ExacoupleError) as caught, atomic_file(target) as temporary:
        raise OSError(number, os.strerror(number), str(temporary))
    assert str(caught.value) == f"cannot write {target}: {os.strerror(number)}"
    assert caught.value.exit_code == 1


def test_error_about_another_file_names_it(tmp_path):
    """If an input is missing, the message does not blame the output alone."""
    with (
        pytest.raises(ExacoupleError, match=r"No such file or directory: .*input\.nc"),
        atomic_file(tmp_path / "a.txt"),
    ):
        (tmp_path / "input.nc").read_text()


def test_unwritable_parent_is_one_message(tmp_path):
    """A parent that is a file cannot hold the output."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ExacoupleError, match="cannot write"):
        write_text(tmp_path / "file" / "a.txt", "x")


def test_body_that_writes_nothing_is_an_error(tmp_path):
    """A writer that made no file is not taken for success."""
    with pytest.raises(ExacoupleError, match="cannot write"), atomic_file(tmp_path / "a.txt"):
        pass


@pytest.mark.usefixtures("full_disk")
def test_full_disk_behind_a_library_error(tmp_path):
    """NetCDF says 'HDF error' when the disk is full: the message must say which it is."""
    with (
        pytest.raises(ExacoupleError, match="No space left on device"),
        atomic_file(tmp_path / "a.nc"),
    ):
        raise RuntimeError("NetCDF: HDF error")


@pytest.mark.usefixtures("full_disk")
def test_full_disk_behind_a_library_number(tmp_path):
    """NetCDF's own negative error numbers mean a full disk when there is no space."""
    with (
        pytest.raises(ExacoupleError, match="No space left on device"),
        atomic_file(tmp_path / "a.nc"),
    ):
        raise OSError(-101, "NetCDF: HDF error")


def test_library_error_with_space_left_is_not_hidden(tmp_path):
    """A RuntimeError that is no matter of the disk stays a RuntimeError."""
    with pytest.raises(RuntimeError, match="broken"), atomic_file(tmp_path / "a.nc"):
        raise RuntimeError("broken")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_device_without_space(tmp_path):
    """The kernel's own 'no space' arrives as an error that names the target."""
    with (
        pytest.raises(ExacoupleError, match="No space left on device"),
        atomic_file(tmp_path / "a.txt") as temporary,
    ):
        temporary.symlink_to("/dev/full")
        temporary.write_text("x")


def test_json_keeps_order_and_refuses_nan(tmp_path):
    """JSON is written in the order given; NaN is not JSON."""
    write_json(tmp_path / "a.json", {"b": 1, "a": "ü"})
    assert (tmp_path / "a.json").read_bytes() == '{\n  "b": 1,\n  "a": "ü"\n}\n'.encode()
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "b.json", {"a": float("nan")})
    assert not (tmp_path / "b.json").exists()


def test_directory_appears_only_at_the_end(tmp_path):
    """A case that is being written cannot be taken for a case."""
    target = tmp_path / "runs" / "case"
    with atomic_directory(target) as temporary:
        (temporary / "probes").mkdir()
        (temporary / "case.json").write_text("{}")
        assert not target.exists()
    assert sorted(os.listdir(target)) == ["case.json", "probes"]
    assert os.listdir(target.parent) == ["case"]


def test_failed_directory_leaves_the_old_one(tmp_path):
    """The old directory is replaced only after the new one is whole."""
    target = tmp_path / "case"
    with atomic_directory(target) as temporary:
        (temporary / "old").touch()
    with pytest.raises(ZeroDivisionError), atomic_directory(target, force=True) as temporary:
        (temporary / "new").touch()
        raise ZeroDivisionError
    assert os.listdir(target) == ["old"]
    assert os.listdir(tmp_path) == ["case"]
    with atomic_directory(target, force=True) as temporary:
        (temporary / "new").touch()
    assert os.listdir(target) == ["new"]
    assert os.listdir(tmp_path) == ["case"]


def test_directory_comes_back_if_the_swap_fails(tmp_path, monkeypatch):
    """If the last rename fails, the old directory has its name again."""
    target = tmp_path / "case"
    target.mkdir()
    (target / "old").touch()
    rename = os.rename

    def failing(source, destination):
        if Path(destination) == target and ".partial" in Path(source).name:
            raise OSError(errno.EIO, "Input/output error")
        rename(source, destination)

    monkeypatch.setattr(atomic.os, "rename", failing)
    with (
        pytest.raises(ExacoupleError, match="Input/output error"),
        atomic_directory(target, force=True),
    ):
        pass
    assert os.listdir(target) == ["old"]
    assert os.listdir(tmp_path) == ["case"]


def test_errors_inside_name_the_directory_to_be(tmp_path):
    """A file that cannot be written into a new directory is named as it would have been."""
    with (
        pytest.raises(ExacoupleError, match=r"cannot write .*/case/absent/a/b: Not a directory"),
        atomic_directory(tmp_path / "case") as temporary,
    ):
        (temporary / "absent").touch()
        write_text(temporary / "absent" / "a" / "b", "x")
    assert os.listdir(tmp_path) == []


def test_existing_directory_needs_force_unless_empty(tmp_path):
    """A folder made beforehand may be used; one with content may not."""
    target = tmp_path / "case"
    target.mkdir()
    with atomic_directory(target) as temporary:
        (temporary / "a").touch()
    with pytest.raises(UsageError, match="use --force"), atomic_directory(target):
        pass


def test_force_spares_directories_of_another_kind(tmp_path):
    """With a marker, force replaces only what looks like the thing to be replaced."""
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter1.tex").touch()
    with (
        pytest.raises(UsageError, match=r"holds no case\.json"),
        atomic_directory(target, force=True, marker="case.json"),
    ):
        pass
    assert os.listdir(target) == ["chapter1.tex"]


@pytest.mark.parametrize("name", [".", ".."])
def test_working_directory_is_never_replaced(tmp_path, monkeypatch, name):
    """A slip such as ``--out . --force`` removes nothing."""
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "kept").touch()
    monkeypatch.chdir(inner)
    with pytest.raises(UsageError, match="working directory"), atomic_directory(name, force=True):
        pass
    assert os.listdir(inner) == ["kept"]


def test_directory_does_not_replace_a_file(tmp_path):
    """A file in the way is named."""
    (tmp_path / "case").touch()
    with (
        pytest.raises(UsageError, match="not a directory"),
        atomic_directory(tmp_path / "case", force=True),
    ):
        pass


def test_linked_directory_is_replaced_where_it_lies(tmp_path):
    """A link to another disk stays a link; the directory it points to is replaced."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "case").symlink_to(tmp_path / "disk")
    with atomic_directory(tmp_path / "case", force=True) as temporary:
        (temporary / "a").touch()
    assert (tmp_path / "case").is_symlink()
    assert os.listdir(tmp_path / "disk") == ["a"]
