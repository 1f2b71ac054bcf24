"""Rows as text, as a Markdown table and as data for programs."""

import math
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from typing import Any, get_args

from exacouple import __version__
from exacouple.verification.cases import load_case
from exacouple.verification.results import Measurement, Row, Status

_PACKAGES = ("numba", "numpy", "scipy")
_HEADER = (
    "| measured | value | bound | source of the bound | status |",
    "|---|---:|---:|---|---|",
)


def text(rows: Sequence[Row]) -> str:
    """The table for a terminal: one block for each check, with notes below it."""
    blocks = []
    for name, group in groupby(rows, lambda row: row.check):
        members = list(group)
        lines = [f"{name}: {load_case(name).title} ({_seconds(members):.1f} s)"]
        numbers: dict[str, int] = {}
        for row in members:
            m = row.measurement
            if m is None:
                lines.append(f"  {_status(row.status):11s}{row.note}")
                continue
            notes = [m.source, *([f"known: {row.note}"] if row.note else [])]
            marks = "".join(f"[{numbers.setdefault(note, len(numbers) + 1)}]" for note in notes)
            lines.append(
                f"  {_status(row.status):11s}{m.value:>9.3g} {_sign(m)} {m.bound:<8.3g} "
                f"{m.quantity}  {marks}"
            )
        lines += [f"  {'':11s}[{number}] {note}" for note, number in numbers.items()]
        blocks.append("\n".join(lines))
    return "\n".join([*blocks, summary(rows)])


def summary(rows: Sequence[Row]) -> str:
    """How many rows there are of each status, and the processor time they took."""
    counts = {status: sum(row.status == status for row in rows) for status in get_args(Status)}
    parts = [f"{count} {_plural(status, count)}" for status, count in counts.items() if count]
    return f"{', '.join(parts) or 'nothing to do'}; {_seconds(rows):.0f} s of processor time"


def data(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as dictionaries; fields are None where nothing is measured or it is not finite."""
    found = []
    for row in rows:
        m = row.measurement
        found.append(
            {
                "check": row.check,
                "measured": m.quantity if m else None,
                "value": m.value if m and math.isfinite(m.value) else None,
                "bound": m.bound if m else None,
                "at_least": m.at_least if m else None,
                "source": m.source if m else None,
                "status": row.status,
                "seconds": round(row.seconds, 3),
                "note": row.note,
            }
        )
    return found


def markdown(rows: Sequence[Row], command: str, figures: Sequence[str] = ()) -> str:
    """A report: command, versions, date, and a table and a figure for each check.

    Parameters
    ----------
    rows
        What was found.
    command
        What the user typed.
    figures
        Names of the checks that have a picture of their name beside the report.
    """
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    lines = [
        "# Verification of the embedded engine",
        "",
        f"`{command}` on {datetime.now(UTC):%Y-%m-%d}: {summary(rows)}.",
        "",
        f"exacouple {__version__}, Python {platform.python_version()}, {packages}, "
        f"{platform.machine()}.",
    ]
    for name, group in groupby(rows, lambda row: row.check):
        members = list(group)
        case = load_case(name)
        lines += ["", f"## {name}", "", f"{case.title}. {case.source}."]
        lines += ["", *_table(members)]
        if name in figures:
            lines += ["", f"![{name}: {case.title}]({name}.png)"]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Row]) -> list[str]:
    measured = [row for row in rows if row.measurement is not None]
    lines = list(_HEADER) if measured else []
    for row in measured:
        m = row.measurement
        assert m is not None
        bound = f"{'≥' if m.at_least else '≤'} {m.bound:.3g}"
        cells = (m.quantity, f"{m.value:.3g}", bound, m.source, row.status)
        lines.append(f"| {' | '.join(cells)} |")
    reasons = dict.fromkeys(row.note for row in measured if row.note)
    lines += [line for reason in reasons for line in ("", f"Known limitation: {reason}")]
    for row in rows:
        if row.measurement is None:
            lines += ["", f"{row.status}: {row.note}"]
    return lines


def _sign(m: Measurement) -> str:
    return ">=" if m.at_least else "<="


def _status(status: Status) -> str:
    return "FAILED" if status == "failed" else status


def _plural(status: Status, count: int) -> str:
    known = "known limitation" + ("" if count == 1 else "s")
    return {"limitation": known, "no data": "without data"}.get(status, status)


def _seconds(rows: Sequence[Row]) -> float:
    return sum(row.seconds for row in rows)
