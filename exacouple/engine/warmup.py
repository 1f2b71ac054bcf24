"""Compile the numerical kernels before they are needed, in two processes at once.

A process that solves never compiles. A function that is compiled into several others is there in
several copies, whose optimised sums may differ in the last bit, and the one that a process meets
first serves for all. So a solver has everything compiled elsewhere and loads it before it begins,
in an order that never changes: only so does a run that was stopped go on bit for bit, whether the
kernels were there at its first start or not. All such functions belong to the part `CORE`, which
comes first; the order of the other parts does not matter.

Numba keeps the machine code in a folder of its own (`exacouple.engine.codefolder`). Marks in it
tell what has been compiled already.

``python -m exacouple.engine.warmup FOLDER ORDER PRECISION PART...`` compiles for a process that
keeps machine code in that folder; without parts it does the half of the second process: all but
what the first one compiles meanwhile.
"""

from __future__ import annotations

import errno
import gc
import hashlib
import logging
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from exacouple.engine.codefolder import is_full, is_kept, writing_to
from exacouple.engine.rehearsal import CORE, PARTS, first_half, run_all, run_rest
from exacouple.errors import ExacoupleError

_log = logging.getLogger(__name__)

_ORIGIN = {"origin": "exahype::runners::Runner::runAsMaster(...)"}

# Order, precision and part of what this process has loaded, or is about to.
_loaded: set[tuple[int, str, str]] = set()
_loading = threading.RLock()


def make_ready(order: int, precision: str, parts: Iterable[str]) -> None:
    """Load what a solver needs, unless this process has done so before; compile it if need be.

    Parameters
    ----------
    order
        Polynomial degree.
    precision
        Of the deep elements, ``"double"`` or ``"single"``.
    parts
        From `PARTS`; `CORE` is always among them.
    """
    with _loading:
        wanted = [part for part in PARTS if part == CORE or part in parts]
        missing = [part for part in wanted if (order, precision, part) not in _loaded]
        if not missing:
            return
        with _about_to_load(order, precision, missing):
            compile_kernels(order, missing, precision)
            run_all(order, precision, missing)


@contextmanager
def _about_to_load(order: int, precision: str, parts: Iterable[str]) -> Iterator[None]:
    """Let the solvers that are started for loading not ask again; after a failure others may."""
    news = {(order, precision, part) for part in parts} - _loaded
    _loaded.update(news)
    try:
        yield
    except BaseException:
        _loaded.difference_update(news)
        raise


def compile_kernels(
    order: int, parts: Iterable[str] = PARTS, precision: str = "double"
) -> float | None:
    """Compile what has not been compiled yet for this order, this machine and these sources.

    Parameters
    ----------
    order
        Polynomial degree.
    parts
        From `PARTS`.
    precision
        Of the deep elements, ``"double"`` or ``"single"``.

    Returns
    -------
    float or None
        Seconds that it took; None if everything was there.
    """
    from exacouple.engine.compiling import CACHE

    marks = {part: CACHE / f"compiled-{part}-{_key(order, precision)}" for part in parts}
    if all(mark.exists() for mark in marks.values()):
        return None
    with _loading, writing_to(CACHE) as lock:
        missing = [part for part, mark in marks.items() if not mark.exists()]
        took = _compile_parts(order, missing, precision, lock) if missing else None
        for part in missing:
            marks[part].touch()
        return took


def _compile_parts(order: int, parts: Iterable[str], precision: str, lock: IO[bytes]) -> float:
    """Compile in another process if that can be; gives the seconds that it took.

    All processes that compile hold the lock, should this one be killed: as their standard input.
    """
    from exacouple.engine.compiling import CACHE

    why = "; they are kept, so that the next start is quick" if is_kept(CACHE) else ""
    _log.info("compiling the numerical kernels of order %d%s", order, why, extra=_ORIGIN)
    start = time.monotonic()
    try:
        _finish(_start_process(CACHE, order, precision, parts, stdin=lock))
    except (OSError, ExacoupleError) as exc:
        if is_full(exc):
            raise
        _log.warning(
            "no other process can compile (%s): this one does so itself, and its results may "
            "differ in the last digits from those of a run that loads what was compiled",
            exc,
        )
        # The solvers must not ask for `CORE` either: they would wait for the lock.
        with _about_to_load(order, precision, {CORE, *parts}):
            run_all(order, precision, parts)
    took = time.monotonic() - start
    _log.info("compiled the numerical kernels in %.1f s", took, extra=_ORIGIN)
    return took


def _compile(folder: Path, order: int, precision: str, parts: Iterable[str]) -> None:
    """Compile in this process, which was started for that; `CORE` in two where there are cores."""
    missing = set(parts)
    if CORE in missing and len(os.sched_getaffinity(0)) > 1:
        # Before Numba is imported, which takes long.
        helper = _start_process(folder, order, precision, ())
        try:
            _check_folder(folder)
            _compile_first_half(order, precision)
        except BaseException:
            # The process that started this one is going to compile by itself.
            helper.kill()
            raise
        _finish(helper)
        missing.remove(CORE)
    _check_folder(folder)
    if missing:
        run_all(order, precision, missing)


def _check_folder(folder: Path) -> None:
    """Find out whether this process keeps machine code where the one that started it does.

    Raises
    ------
    ExacoupleError
        It does not: that process has imported other sources than this one.
    """
    from exacouple.engine.compiling import CACHE

    if folder != CACHE:
        raise ExacoupleError("its files of exacouple are not those that were imported here")


def _compile_first_half(order: int, precision: str) -> None:
    from exacouple.engine.packets import address_of, kinds_of

    # Not `Work`: Numba's index of a function, `enter`, does not bear that two processes write.
    for kernel, values in first_half(order, precision):
        address_of(kernel, kinds_of(values))


def _key(order: int, precision: str) -> str:
    """Digest of what Numba's cache depends on besides the sources: versions, processor."""
    import numba
    from numba.core.registry import cpu_target

    parts = [
        order,
        precision,
        numba.__version__,
        platform.python_version(),
        cpu_target.target_context.codegen().magic_tuple(),
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _start_process(
    folder: Path,
    order: int,
    precision: str,
    parts: Iterable[str],
    *,
    stdin: IO[bytes] | None = None,
) -> subprocess.Popen[str]:
    """Start the program of this module.

    Raises
    ------
    OSError
        It cannot be started.
    """
    if not sys.executable:
        raise OSError("this Python is part of another program and does not know its own")
    # Not resolved: Numba knows a file by the path that it was found under.
    root = str(Path(os.path.abspath(__file__)).parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    program = [sys.executable, "-P", "-m", "exacouple.engine.warmup"]
    return subprocess.Popen(
        [*program, str(folder), str(order), precision, *parts],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "NUMBA_CACHE_DIR": str(folder.parents[1]),
        },
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(process: subprocess.Popen[str]) -> None:
    """Wait for a process, and end it if this one is to end before.

    Raises
    ------
    OSError
        The process found the disk full.
    ExacoupleError
        The process failed.
    """
    try:
        _, said = process.communicate()
    except BaseException:
        process.kill()
        raise
    if process.returncode == errno.ENOSPC:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if process.returncode:
        lines = said.splitlines() or [f"status {process.returncode}"]
        raise ExacoupleError(lines[-1])


def _main(folder: Path, order: int, precision: str, parts: list[str]) -> None:
    """Do what the command line asks for; the solvers of this process compile.

    Where the disk is full, the exit status is the number of that error, ENOSPC.
    """
    # What Numba makes stays until the end.
    gc.disable()
    _loaded.update((order, precision, part) for part in PARTS)
    try:
        if parts:
            _compile(folder, order, precision, parts)
        else:
            _check_folder(folder)
            run_rest(order, precision)
    except (OSError, ExacoupleError) as exc:
        if not is_full(exc):
            raise
        sys.exit(errno.ENOSPC)


if __name__ == "__main__":
    # Solvers know this module by its name, not as the one that was started.
    from exacouple.engine import warmup

    _folder, _order, _precision, *_parts = sys.argv[1:]
    warmup._main(Path(_folder), int(_order), _precision, _parts)
