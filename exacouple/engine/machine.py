"""What this process may use of the machine: memory and threads."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path

from exacouple.engine.initial import STRIP
from exacouple.engine.lanes import LANES
from exacouple.errors import ExacoupleError, UsageError

_MEMINFO = Path("/proc/meminfo")
_OWN_CGROUP = Path("/proc/self/cgroup")
_CGROUPS = Path("/sys/fs/cgroup")
_DOUBLE = 8
_ARRAYS_AT_START = 12
_DOUBLES_FOR_GATES = 15


def estimate_bytes(nx: int, ny: int, order: int) -> int:
    """Memory that a solver without limited elements allocates.

    The state at both ends of a step, the seabed, the gates between elements, marks for each
    element, and what the initial state needs on its way there.

    Parameters
    ----------
    nx, ny
        Cells of the mesh.
    order
        Polynomial degree N: N + 1 nodes and 2 N + 1 subcells along each edge of a cell.
    """
    nodes, subcells = (order + 1) ** 2, (2 * order + 1) ** 2
    blocks = -(-nx // LANES) * (ny + 2)
    kept = blocks * ((7 * nodes + 4) * LANES * _DOUBLE + 1) + 5 * (nx + 2) * (ny + 2)
    strip = min(max(STRIP, nx * subcells), nx * ny * subcells)
    return kept + max(_ARRAYS_AT_START * strip, _DOUBLES_FOR_GATES * nx * ny) * _DOUBLE


def patch_bytes(patches: int, order: int) -> int:
    """Memory that the finite-volume patches of limited elements take.

    Values at both ends of a step and at the edges, seabed and shares (`exacouple.engine.limiter`),
    and three times the initial values on their way there.
    """
    m = 2 * order + 1
    kept = 8 * m**2 + 16 * m
    return patches * ((kept + 12 * m**2) * _DOUBLE + 150)


def available_bytes() -> int | None:
    """Memory that this process can still get, by the kernel, cgroup and ulimit; None if unknown."""
    limits = [*_from_kernel(), *_from_cgroup(), *_from_ulimit()]
    return max(min(limits), 0) if limits else None


def require_memory(needed: int, purpose: str) -> None:
    """Refuse what cannot fit into memory.

    Raises
    ------
    ExacoupleError
        If `needed` bytes are more than there are.
    """
    available = available_bytes()
    if available is not None and needed > available:
        raise ExacoupleError(
            f"{purpose} needs at least {needed / 1e9:.2g} GB of memory, but only "
            f"{available / 1e9:.2g} GB are available; use a coarser mesh or grid"
        )


def peak_bytes() -> int:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def thread_count(environment: Mapping[str, str] = os.environ) -> int:
    """Threads to use: ``OMP_NUM_THREADS``, or as many as the processors that we may run on.

    Raises
    ------
    UsageError
        If the variable is not a positive whole number.

    Examples
    --------
    >>> thread_count({"OMP_NUM_THREADS": "4"})
    4
    """
    wanted = environment.get("OMP_NUM_THREADS", "").strip()
    if not wanted:
        return len(os.sched_getaffinity(0))
    outermost = wanted.split(",")[0]
    if not outermost.isdecimal() or int(outermost) < 1:
        raise UsageError(f"OMP_NUM_THREADS must be a positive whole number, got {wanted!r}")
    return int(outermost)


def _from_kernel() -> Iterator[int]:
    if _MEMINFO.is_file():
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) * 1024


def _from_cgroup() -> Iterator[int]:
    if not _OWN_CGROUP.is_file():
        return
    for line in _OWN_CGROUP.read_text().splitlines():
        if not line.startswith("0::"):
            continue
        group = _CGROUPS / line[3:].strip().lstrip("/")
        for folder in (group, *group.parents):
            try:
                limit = (folder / "memory.max").read_text().strip()
                used = int((folder / "memory.current").read_text())
            except (OSError, ValueError):
                continue
            if limit != "max":
                yield int(limit) - used


def _from_ulimit() -> Iterator[int]:
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    statm = Path("/proc/self/statm")
    if soft != resource.RLIM_INFINITY and statm.is_file():
        yield soft - int(statm.read_text().split()[0]) * resource.getpagesize()
