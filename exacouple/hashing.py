"""Checksums of files."""

import hashlib
from pathlib import Path

from exacouple.errors import ExacoupleError


def sha256_file(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 lower-case hexadecimal digits.

    Parameters
    ----------
    path : str or Path
        The file; it is read in blocks, so its size does not matter.

    Raises
    ------
    ExacoupleError
        The file cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as exc:
        raise ExacoupleError(f"cannot read {path}: {exc.strerror or exc}") from exc
