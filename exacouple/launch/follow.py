"""Follow a run that another process has started, by the log that it writes."""

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

from exacouple.launch.progress import CollapseWatch, LineSplitter, Progress, ProgressReader

_log = logging.getLogger(__name__)

COMPILING = re.compile(rb"(?:compil(?:ing|ed) the|another process compiles) numerical kernels.*")
"""What the embedded engine says when its first step takes long."""

_BLOCK = 1 << 16
_MOST_BLOCKS = 64


class LogFollower:
    """Reads what has been added to an engine's log since the last look.

    Parameters
    ----------
    path
        The log, in the folder ``logs`` of its case; it need not be there yet.
    end_time
        Simulated time to be reached in s.
    """

    def __init__(self, path: Path, end_time: float) -> None:
        self._path = path
        self._case = path.parents[1]
        self._end_time = end_time
        self.start_again()

    def start_again(self) -> None:
        """Forget what was read: the engine has been started again."""
        self._read = 0
        self._splitter = LineSplitter()
        self._reader = ProgressReader()
        self._watch = CollapseWatch(self._end_time)

    @property
    def latest(self) -> Progress | None:
        """The last time step seen."""
        return self._reader.latest

    @property
    def collapsed(self) -> bool:
        """Whether the time step has shrunk so far that the run would never end."""
        return self._watch.collapsed

    def look(self) -> str | None:
        """Read on; return what is wrong if the time step has collapsed."""
        wrong = None
        for block in self._blocks():
            for line in self._splitter.feed(block):
                if (progress := self._reader.feed(line)) is not None:
                    wrong = self._watch.observe(progress) or wrong
                elif found := COMPILING.search(line):
                    _log.info("%s: %s", self._case, found[0].decode())
        return wrong

    def _blocks(self) -> Iterator[bytes]:
        try:
            with open(self._path, "rb") as stream:
                if os.fstat(stream.fileno()).st_size < self._read:
                    self.start_again()
                stream.seek(self._read)
                for _ in range(_MOST_BLOCKS):
                    if not (block := stream.read(_BLOCK)):
                        return
                    self._read += len(block)
                    yield block
        except OSError:
            return
