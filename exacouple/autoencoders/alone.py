"""One training at a time in a directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exacouple.errors import ExacoupleError, UsageError


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Keep two trainings from writing the same files; the lock ends with the process.

    Parameters
    ----------
    directory : Path
        Made if it is missing.

    Raises
    ------
    UsageError
        Another process trains into it, or it is no directory.
    ExacoupleError
        It cannot be made or read.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY)
    except FileExistsError as exc:
        raise UsageError(f"{directory} is not a directory: give another --out") from exc
    except OSError as exc:
        raise ExacoupleError(f"cannot write {directory}: {exc.strerror}") from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as exc:
        raise UsageError(
            f"another process trains into {directory}: wait for its end, or give another --out"
        ) from exc
    finally:
        os.close(descriptor)
