"""Find out which buoy a file of an observed record belongs to."""

import re
from collections.abc import Sequence
from pathlib import Path

from exacouple.errors import UsageError
from exacouple.gauge import Gauge
from exacouple.probes import read_observed


def read_observations(requests: Sequence[str], buoys: Sequence[str]) -> dict[str, Gauge]:
    """Read observed records that were named as ``FILE`` or ``BUOY=FILE``.

    Parameters
    ----------
    requests : sequence of str
        Without ``BUOY=`` the file's name has to hold the id of exactly one buoy.
    buoys : sequence of str
        Ids of the buoys that there are.

    Returns
    -------
    dict of str to Gauge
        By buoy id.

    Raises
    ------
    UsageError
        A buoy is unknown or named twice, or a file's name tells none or several.
    ExacoupleError
        A file cannot be read.

    Examples
    --------
    >>> read_observations([], ["21418"])
    {}
    """
    found: dict[str, Gauge] = {}
    for request in requests:
        buoy, path = _split(request, buoys)
        if buoy in found:
            first = found[buoy].files[0]
            raise UsageError(f"two observed records for buoy {buoy}: {first} and {path}")
        found[buoy] = read_observed(path)
    return found


def _split(request: str, buoys: Sequence[str]) -> tuple[str, Path]:
    prefix, sign, rest = request.partition("=")
    if sign and prefix in buoys:
        return prefix, Path(rest)
    path = Path(request)
    known = ", ".join(buoys)
    if sign and not path.exists():
        raise UsageError(f"--observed {request}: no buoy '{prefix}' (there are: {known})")
    named = [buoy for buoy in buoys if _names(path.stem, buoy)]
    if len(named) != 1:
        what = f"names {' and '.join(named)}" if named else "names no buoy"
        raise UsageError(
            f"--observed {request}: the file {what}: say whose record it is, BUOY={request} "
            f"(buoys: {known})"
        )
    return named[0], path


def _names(stem: str, buoy: str) -> bool:
    """Tell whether a file name holds an id that is not part of a longer number or word."""
    around = "0-9" if buoy.isdigit() else "A-Za-z0-9"
    return re.search(f"(?<![{around}]){re.escape(buoy)}(?![{around}])", stem) is not None
