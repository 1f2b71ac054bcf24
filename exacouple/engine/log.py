"""Lines on stdout and stderr in the format of ExaHyPE, so that one parser reads both engines.

``<seconds since start> [<host>],rank:0 <level> <origin> <message>``; information goes to stdout,
warnings and errors go to stderr.
"""

from __future__ import annotations

import logging
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_PACKAGE = "exacouple"


class LogError(Exception):
    """A line could not be written to stdout or stderr."""


class EngineFormatter(logging.Formatter):
    """Columns of an ExaHyPE line. A record may name its origin as ``extra={"origin": ...}``."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self._start = start
        self._process = f"[{platform.node() or 'localhost'}],rank:0"

    def format(self, record: logging.LogRecord) -> str:
        """Put a record on one line."""
        origin = getattr(record, "origin", f"{record.name}::{record.funcName}(...)")
        message = record.getMessage().replace("\n", " ")
        elapsed = f"{record.created - self._start:.6f}"
        level = record.levelname.lower()
        return f" {elapsed:<13}{self._process:<13}  {level:<12} {origin:<55} {message}"


class _LineHandler(logging.Handler):
    """Writes and flushes each record."""

    def __init__(self, stream: TextIO, lowest: int, highest: int) -> None:
        super().__init__(lowest)
        self._stream, self._highest = stream, highest

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        if record.levelno > self._highest:
            return
        try:
            self._stream.write(self.format(record) + "\n")
            self._stream.flush()
        except OSError as exc:
            raise LogError(f"cannot write the log: {exc.strerror or exc}") from exc


@contextmanager
def engine_log(stdout: TextIO | None = None, stderr: TextIO | None = None) -> Iterator[None]:
    """Send what the package logs to ExaHyPE's streams for as long as the context lasts.

    Parameters
    ----------
    stdout, stderr
        Streams instead of the process's own.

    Raises
    ------
    LogError
        From any logging call, when a stream can no longer be written.
    """
    formatter = EngineFormatter(time.time())
    handlers = (
        _LineHandler(stdout or sys.stdout, logging.INFO, logging.INFO),
        _LineHandler(stderr or sys.stderr, logging.INFO + 1, logging.CRITICAL),
    )
    logger = logging.getLogger(_PACKAGE)
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for handler in handlers:
        handler.setFormatter(formatter)
        logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
