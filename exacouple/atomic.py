"""Write files and directories so that they appear whole or not at all."""

import contextlib
import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from exacouple.errors import ExacoupleError, UsageError

_FULL_BELOW_BYTES = 1 << 20


@contextmanager
def atomic_file(path: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it to `path` on success.

    The temporary name keeps the suffix of `path`, so that writers which choose the format by
    suffix work. Missing parent directories are made. If the body raises, the temporary file is
    removed and `path` is as it was before.

    Parameters
    ----------
    path : str or Path
        The file to write.
    force : bool
        Replace an existing file.

    Raises
    ------
    UsageError
        `path` exists and `force` is not set, or it is a directory.
    ExacoupleError
        The file cannot be written: full disk, read-only file system, missing rights.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial{path.suffix}")
    with _removed_on_error(temporary, path):
        _check_target_file(path, force=force)
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _sync(temporary)
        _check_target_file(path, force=force)
        os.replace(temporary, path)


@contextmanager
def atomic_directory(
    path: str | Path, *, force: bool = False, marker: str | None = None
) -> Iterator[Path]:
    """Yield a temporary directory beside `path` and rename it to `path` on success.

    An existing directory stays untouched until the body has succeeded. An empty one counts as
    absent. If the body raises, the temporary directory is removed.

    Parameters
    ----------
    path : str or Path
        The directory to write.
    force : bool
        Replace an existing directory with all that is in it.
    marker : str, optional
        Name of a file that an existing directory must hold to be replaced, so that ``--force``
        with a mistyped path cannot remove a directory of another kind.

    Raises
    ------
    UsageError
        `path` exists and `force` is not set; it is a file, the working directory or one above
        it; or it lacks the `marker`.
    ExacoupleError
        The directory cannot be written: full disk, read-only file system, missing rights.
    """
    path = Path(path)
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    with _removed_on_error(temporary, path):
        _check_target_directory(path, force=force, marker=marker)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield temporary
        for entry in temporary.rglob("*"):
            if entry.is_file() and not entry.is_symlink():
                _sync(entry)
        _check_target_directory(path, force=force, marker=marker)
        _swap_in(temporary, target)


def write_text(path: str | Path, text: str, *, force: bool = False) -> None:
    """Write `text` as UTF-8 with ``\\n`` line ends through :func:`atomic_file`."""
    with atomic_file(path, force=force) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | Path, obj: Any, *, force: bool = False) -> None:
    """Write `obj` as indented JSON, keys in the order given, through :func:`atomic_file`.

    Raises
    ------
    ValueError
        `obj` holds NaN or an infinity, which JSON does not know.
    """
    text = json.dumps(obj, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n", force=force)


def _check_target_file(path: Path, *, force: bool) -> None:
    if path.is_dir():
        raise UsageError(f"{path} is a directory: name a file")
    if not force and os.path.lexists(path):
        raise UsageError(f"{path} exists already: use --force to replace it")


def _check_target_directory(path: Path, *, force: bool, marker: str | None) -> None:
    if not os.path.lexists(path):
        return
    if not path.is_dir():
        raise UsageError(f"{path} exists and is not a directory: name another one")
    resolved = path.resolve()
    if resolved in (Path.cwd(), *Path.cwd().parents):
        raise UsageError(f"{path} is the working directory or above it: name one to be made")
    if not any(path.iterdir()):
        return
    if not force:
        raise UsageError(f"{path} exists already: use --force to replace it")
    if marker is not None and not (path / marker).exists():
        raise UsageError(f"{path} holds no {marker}, so it is not replaced: name another directory")


def _swap_in(temporary: Path, target: Path) -> None:
    """Rename `temporary` to `target`; what was there is removed only after that."""
    if not target.exists():
        os.rename(temporary, target)
        return
    old = target.with_name(f".{target.name}.{secrets.token_hex(4)}.old")
    os.rename(target, old)
    try:
        os.rename(temporary, target)
    except OSError:
        os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    """Have the bytes on the disk before the name, so that a late write error is seen here."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _removed_on_error(temporary: Path, path: Path) -> Iterator[None]:
    """Remove `temporary` if the body fails, and say in one message why `path` is not there."""
    try:
        yield
    except BaseException as exc:
        full = _is_full(temporary.parent)
        with contextlib.suppress(OSError):
            if temporary.is_dir():
                shutil.rmtree(temporary)
            else:
                temporary.unlink()
        if isinstance(exc, OSError):
            cause = _cause(exc, path, temporary, full=full)
            raise ExacoupleError(f"cannot write {path}: {cause}") from exc
        if isinstance(exc, RuntimeError) and full:
            raise ExacoupleError(f"cannot write {path}: {os.strerror(errno.ENOSPC)}") from exc
        if isinstance(exc, ExacoupleError) and str(temporary) in str(exc):
            raise type(exc)(str(exc).replace(str(temporary), str(path))) from exc
        raise


def _is_full(directory: Path) -> bool:
    """Tell whether the disk is full: file libraries hide that behind errors of their own."""
    try:
        return shutil.disk_usage(directory).free < _FULL_BELOW_BYTES
    except OSError:
        return False


def _cause(exc: OSError, path: Path, temporary: Path, *, full: bool) -> str:
    of_library = exc.errno is None or exc.errno <= 0
    reason = os.strerror(errno.ENOSPC) if of_library and full else exc.strerror or str(exc)
    name = None if exc.filename is None else Path(os.fsdecode(exc.filename))
    if name is None or name in (path, temporary) or temporary in name.parents:
        return reason
    return f"{reason}: {name}"
