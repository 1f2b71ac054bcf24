"""All checks, and how they are chosen and run."""

import difflib
import logging
import time
from collections.abc import Callable, Iterator, Sequence

from exacouple.errors import ExacoupleError, UsageError
from exacouple.verification import (
    bowls,
    conical_island,
    convergence,
    dam_breaks,
    invariances,
    laboratory,
    monai_valley,
    oblique,
    open_sea,
    real_engine,
    refined,
    rest,
    run_up,
    steady_flows,
    swash,
)
from exacouple.verification.cases import load_case, settings_of
from exacouple.verification.results import Check, Inputs, Measurement, NoData, Picture, Row

_log = logging.getLogger(__name__)

CHECKS: tuple[Check, ...] = (
    *rest.CHECKS,
    *convergence.CHECKS,
    *dam_breaks.CHECKS,
    *bowls.CHECKS,
    *run_up.CHECKS,
    *swash.CHECKS,
    *steady_flows.CHECKS,
    *invariances.CHECKS,
    *open_sea.CHECKS,
    *oblique.CHECKS,
    *refined.CHECKS,
    *laboratory.CHECKS,
    *conical_island.CHECKS,
    *monai_valley.CHECKS,
    *real_engine.CHECKS,
)
"""Every check, in the order of the table."""


def has_quick_form(check: Check) -> bool:
    """Whether a check belongs to the quick half."""
    return load_case(check.name).quick is not None


def select(names: Sequence[str], *, full: bool) -> tuple[Check, ...]:
    """Checks by name or first word of their names, or those of the quick half, or all with `full`.

    Raises
    ------
    UsageError
        For a name that does not exist.
    """
    if not names:
        return tuple(check for check in CHECKS if full or has_quick_form(check))
    return tuple(dict.fromkeys(check for name in names for check in _named(name)))


def _named(name: str) -> list[Check]:
    known = {check.name: check for check in CHECKS}
    if name in known:
        return [known[name]]
    found = [check for check in CHECKS if check.name.startswith(f"{name}-")]
    if not found:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f", did you mean '{close[0]}'?" if close else ""
        raise UsageError(f"no check '{name}'{hint} ('exacouple verify --list' names them all)")
    return found


def run(
    check: Check,
    inputs: Inputs,
    *,
    full: bool = False,
    pictures: list[Picture] | None = None,
) -> Iterator[Row]:
    """Run one check and collect its pictures.

    A solver that breaks down, or data that are missing, make a row and no exception.
    """
    clock = time.process_time
    case = load_case(check.name)
    start = clock()
    try:
        for found in check.run(settings_of(check, full=full), inputs):
            if isinstance(found, Measurement):
                yield _row(check.name, found, case.reason(found), clock() - start)
                start = clock()
            elif pictures is not None:
                pictures.append(found)
    except NoData as reason:
        yield Row(check.name, "no data", clock() - start, note=str(reason))
    except ExacoupleError as exc:
        yield Row(check.name, "failed", clock() - start, note=str(exc))


def _row(name: str, found: Measurement, reason: str | None, seconds: float) -> Row:
    if found.passed:
        return Row(name, "passed", seconds, found)
    if reason is None:
        return Row(name, "failed", seconds, found)
    return Row(name, "limitation", seconds, found, reason)


def run_all(
    checks: Sequence[Check],
    inputs: Inputs,
    *,
    full: bool = False,
    on_check: Callable[[int, Check], None] | None = None,
    on_done: Callable[[Check, list[Picture]], None] | None = None,
) -> list[Row]:
    """Run checks one after the other.

    Parameters
    ----------
    checks, inputs, full
        What to run on what, and in which form.
    on_check
        Called with the number of checks done and the next check.
    on_done
        Called with a check that is done and its pictures; without it none are kept.
    """
    rows: list[Row] = []
    for count, check in enumerate(checks):
        _log.debug("%s", check.name)
        if on_check is not None:
            on_check(count, check)
        pictures: list[Picture] | None = None if on_done is None else []
        rows += run(check, inputs, full=full, pictures=pictures)
        if on_done is not None and pictures:
            on_done(check, pictures)
    return rows
