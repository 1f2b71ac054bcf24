"""What ``run`` says of the cases."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exacouple.launch import Job, Outcome

_log = logging.getLogger(__name__)

_MOST_NAMED = 4


def tell(outcome: "Outcome") -> None:
    """Say what became of a case, on standard error."""
    path = outcome.case
    if outcome.status == "running":
        return
    if outcome.status == "skipped":
        _log.info("%s: has finished before and is unchanged; --force runs it again", path)
    elif outcome.status == "finished":
        _log.info("%s: finished, t = %g s in %.1f s", path, outcome.time or 0.0, outcome.wall_time)
    else:
        for reason in outcome.reasons:
            _log.error("error: %s: %s", path, reason)
        if outcome.status == "failed" and outcome.exit_code is not None:
            _log.error("%s: the engine's logs are in %s", path, path / "logs")
    for warning in outcome.warnings:
        _log.warning("warning: %s: %s", path, warning)


def tell_detached(jobs: Sequence["Job"], *, asked_for: bool) -> None:
    """Say that jobs go on, and how to come back to them."""
    numbers = [job.number for job in jobs]
    named = ", ".join(numbers[:_MOST_NAMED]) + (", ..." if len(numbers) > _MOST_NAMED else "")
    goes_on = f"job {named} goes on" if len(jobs) == 1 else f"{len(jobs)} jobs go on ({named})"
    cases, them = (f" {jobs[0].path}", "it") if len(jobs) == 1 else ("", "them")
    _log.log(
        logging.INFO if asked_for else logging.WARNING,
        "%s: `exacouple run%s` comes back to %s, `exacouple run --cancel%s` ends %s",
        *(goes_on, cases, them, cases, them),
    )


def table(outcomes: Sequence["Outcome"], left: Sequence[Path]) -> str:
    """Return what became of several cases, as a table."""
    rows = [("case", "status", "simulated", "steps", "took")]
    for item in outcomes:
        rows.append(
            (
                str(item.case),
                item.status,
                "-" if item.time is None else f"{item.time:g} s",
                "-" if item.step is None else str(item.step),
                "-" if item.status in ("skipped", "running") else f"{item.wall_time:.1f} s",
            )
        )
    rows += [(str(path), "not run", "-", "-", "-") for path in left]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
