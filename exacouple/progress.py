"""Progress of long tasks: bars on a terminal, sparse log lines elsewhere, nothing when quiet."""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_log = logging.getLogger(__name__)

_LINE_EVERY_FRACTION = 0.1
_LINE_EVERY_SECONDS = 30.0
_SECONDS_BETWEEN_LINES = 5.0


class Task(Protocol):
    """Handle on a running task."""

    def update(self, *, completed: float | None = None, description: str | None = None) -> None:
        """Say how far the task is, in its unit, or what it does now."""


@contextmanager
def task(description: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
    """Show the progress of the body of a ``with`` statement.

    On a terminal (standard error) this is a bar; tasks that run at the same time share the
    display. Elsewhere it is a log line at INFO at the start and at the end, and in between at
    every tenth, but not more often than every 5 s, and at least every 30 s. If INFO is not enabled
    for this module's logger, nothing is shown.

    Parameters
    ----------
    description : str
        What is done.
    total : float, optional
        The value of ``completed`` at the end; None if not known.
    unit : str
        Unit of `total`, as text to be shown.

    Examples
    --------
    >>> with task("simulating", total=7500, unit="s") as progress:
    ...     progress.update(completed=100.0)
    """
    if not _log.isEnabledFor(logging.INFO):
        yield SILENT
    elif sys.stderr.isatty():
        with _DISPLAY.bar(description, total, unit) as bar:
            yield bar
    else:
        lines = _Lines(description, total, unit)
        yield lines
        lines.finish()


class _Silent:
    def update(self, *, completed: float | None = None, description: str | None = None) -> None:
        pass


SILENT: Task = _Silent()
"""Where progress goes that nobody wants to see."""


class _Lines:
    def __init__(self, description: str, total: float | None, unit: str) -> None:
        self._description = description
        self._total = total
        self._unit = unit
        self._start = self._last_time = time.monotonic()
        self._last_value = 0.0
        _log.info("%s: started", description)

    def update(self, *, completed: float | None = None, description: str | None = None) -> None:
        if description is not None:
            self._description = description
        if completed is None:
            return
        now = time.monotonic()
        far = self._total and completed - self._last_value >= _LINE_EVERY_FRACTION * self._total
        waited = now - self._last_time
        if waited >= (_SECONDS_BETWEEN_LINES if far else _LINE_EVERY_SECONDS):
            total = f" of {self._total:g}" if self._total else ""
            _log.info("%s: %g%s %s", self._description, round(completed, 1), total, self._unit)
            self._last_value = completed
            self._last_time = now

    def finish(self) -> None:
        _log.info("%s: done in %.1f s", self._description, time.monotonic() - self._start)


class _Bar:
    def __init__(self, progress: "Progress", number: "TaskID") -> None:
        self._progress = progress
        self._number = number

    def update(self, *, completed: float | None = None, description: str | None = None) -> None:
        self._progress.update(self._number, completed=completed, description=description)


class _Display:
    """The one live display that all tasks of the process share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._tasks = 0

    @contextmanager
    def bar(self, description: str, total: float | None, unit: str) -> Iterator[_Bar]:
        with self._lock:
            if self._progress is None:
                self._progress = _new_progress()
                self._progress.start()
            progress = self._progress
            self._tasks += 1
        try:
            yield _Bar(progress, progress.add_task(description, total=total, unit=unit))
        finally:
            with self._lock:
                self._tasks -= 1
                if self._tasks == 0:
                    progress.stop()
                    self._progress = None


_DISPLAY = _Display()


def _new_progress() -> "Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Amount(ProgressColumn):
        def render(self, task: Task) -> Text:
            if task.total is None and not task.completed:
                return Text("")
            total = "" if task.total is None else f"/{task.total:.0f}"
            return Text(f"{task.completed:.0f}{total} {task.fields['unit']}")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        Amount(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
