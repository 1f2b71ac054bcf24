"""Where the machine code of the kernels is kept: one folder for each state of the engine's sources.

Numba looks only at the file of a function to tell whether its machine code is still right, not at
the files of the functions that are compiled into it. And it finds no machine code of files that
were moved, and in many versions none of files that were written again, as when exacouple is
installed anew. Folders of other sources go when a new one comes, but for the newest, those used
lately and those that another process holds.
"""

import atexit
import errno
import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pooch

from exacouple.errors import ExacoupleError

_log = logging.getLogger(__name__)

KEPT = 3
UNUSED_S = 24 * 3600.0
_LOCK, _WRITING = "in-use", "writing"
_held: list[IO[bytes]] = []


def code_folder() -> Path:
    """Folder of these sources: below that of Numba if set, else below the user's cache.

    Where it cannot be written to, a temporary one that goes with this process.
    """
    try:
        return _hold_below(_wanted())
    except OSError as exc:
        _log.warning(
            "kernels are compiled anew in every run: %s; set NUMBA_CACHE_DIR to a folder that can "
            "be written to",
            exc,
        )
    temporary = Path(tempfile.mkdtemp(prefix="exacouple-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return _hold_below(temporary)


def _wanted() -> Path:
    return Path(os.environ.get("NUMBA_CACHE_DIR") or pooch.os_cache("exacouple")).absolute()


def is_kept(folder: Path) -> bool:
    """Tell whether what `code_folder` gave is more than a temporary folder."""
    return folder.parents[1] == _wanted()


def _hold_below(cache: Path) -> Path:
    base = cache / "kernels"
    return hold_folder(base, _digest_of_sources(base))


def _digest_of_sources(base: Path) -> str:
    """Digest of the sources, their age, and the place of all: Numba knows a file by these.

    The generated ones will lie below ``base``.
    """
    digest = hashlib.sha256(str(base).encode())
    # As Numba does: with symbolic links, but without detours over "..".
    folder = Path(os.path.abspath(__file__)).parent
    # Editors keep hidden files beside those that are open.
    for source in sorted(folder.glob("[!.]*.py")):
        digest.update(f"{source} {source.stat().st_mtime_ns} ".encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def hold_folder(base: Path, name: str) -> Path:
    """Make a folder, hold it as long as this process lives, and remove old ones beside a new one.

    Raises
    ------
    OSError
        The folder cannot be made or written to.
    """
    folder = base / name
    is_new = not folder.exists()
    lock = _share(folder)
    os.utime(lock.fileno())
    _held.append(lock)
    if is_new:
        remove_unused(base)
    return folder


def _share(folder: Path) -> IO[bytes]:
    """Take a shared lock on the folder, which may be just about to go."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("a+b")
        if not _lock(lock, fcntl.LOCK_SH) or _is_in(folder, lock):
            return lock
        lock.close()


def _is_in(folder: Path, lock: IO[bytes]) -> bool:
    try:
        return os.path.samestat((folder / _LOCK).stat(), os.fstat(lock.fileno()))
    except FileNotFoundError:
        return False


@contextmanager
def writing_to(folder: Path) -> Iterator[IO[bytes]]:
    """Wait until no other process writes machine code there, and let none do so meanwhile.

    Numba's index of a function does not bear that two processes write it at once. Gives the lock,
    which lasts as long as any process has it open.

    Raises
    ------
    ExacoupleError
        The disk is full.
    """
    with (folder / _WRITING).open("a+b") as lock:
        if not _lock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB):
            _log.info("another process compiles numerical kernels: waiting for it")
            _lock(lock, fcntl.LOCK_EX)
        try:
            yield lock
        except (OSError, ExacoupleError) as exc:
            if not is_full(exc):
                raise
            raise ExacoupleError(
                f"no room for machine code in {folder}: make room there, or set NUMBA_CACHE_DIR to "
                "a folder on another disk"
            ) from exc


def is_full(error: BaseException | None) -> bool:
    """Tell whether an error, or the one that it came from, is that of a full disk."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return error is not None and is_full(error.__cause__)


def remove_unused(base: Path) -> None:
    """Remove the folders that nobody holds or has used lately, but for the newest `KEPT`."""
    last_use = {lock.parent: lock.stat().st_mtime for lock in base.glob(f"*/{_LOCK}")}
    newest_first = sorted(last_use, key=lambda folder: last_use[folder], reverse=True)
    for folder in newest_first[KEPT:]:
        if last_use[folder] < time.time() - UNUSED_S:
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder unless a process holds it; under another name, so that it goes at once."""
    gone = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        with (folder / _LOCK).open("a+b") as lock:
            if _lock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB):
                folder.rename(gone)
                shutil.rmtree(gone)
    except OSError as exc:
        _log.debug("%s stays: %s", folder, exc)


def _lock(lock: IO[bytes], kind: int) -> bool:
    """Lock a file; False if others hold it, or if its file system knows no locks.

    It must be open to read and to write: network file systems ask for the one or the other.
    """
    try:
        fcntl.flock(lock, kind)
    except OSError:
        return False
    return True
