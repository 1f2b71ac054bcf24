"""Fill the theory page on verification: python tools/make_verification_page.py DIR...

Each DIR is a report of `exacouple verify --full --out DIR`. The table gives one line for each check
and quantity, the worst over all orders and cases; figures go to docs/images/verification. What no
DIR holds stays as it is, and so do checks that lacked some of their data.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shrink_png import shrink

from exacouple.atomic import write_text
from exacouple.verification.cases import load_case
from exacouple.verification.registry import CHECKS

_CASES = (
    r"(Japan|Chile|subcritical|supercritical|geostrophic jet|inertial circle|A = [\d.]+|"
    r"\d+ degrees)"
)
DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "theory" / "verification.md"
IMAGES = DOCS / "images" / "verification"
START, END = "<!-- results -->", "<!-- end of results -->"
COLOURS = 48
Row = dict[str, Any]


def main(directories: Sequence[str]) -> None:
    """Write table and figures."""
    reports = [Path(directory) for directory in directories]
    rows: list[Row] = []
    figures: dict[str, Path] = {}
    for report in reports:
        found = json.loads((report / "report.json").read_text(encoding="utf-8"))
        lacking = {row["check"] for row in found if row["status"] == "no data"}
        rows += [row for row in found if row["check"] not in lacking]
        figures |= {path.stem: path for path in report.glob("*.png") if path.stem not in lacking}
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    known, _, after = rest.partition(END)
    table = "\n".join(lines(rows, known))
    write_text(PAGE, f"{before}{START}\n\n{table}\n\n{END}{after}", force=True)
    for name in re.findall(r"images/verification/([\w-]+)\.png", before + after):
        if name in figures:
            size = shrink(figures[name], IMAGES / f"{name}.png", colours=COLOURS)
            print(f"{name}: {load_case(name).title}, {size // 1024} kB")


def lines(rows: Sequence[Row], known: str) -> Iterator[str]:
    """The table, in the order of the checks; those without rows have the lines already known."""
    yield "| check | measured (worst of) | value | bound | source of the bound | status |"
    yield "|---|---|---:|---:|---|---|"
    for check in CHECKS:
        groups: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            if row["check"] == check.name:
                groups.setdefault((kind_of(row), row["status"]), []).append(row)
        for (kind, status), members in groups.items():
            yield line(check.name, kind, status, members)
        if not groups:
            yield from (old for old in known.splitlines() if old.startswith(f"| {check.name} |"))


def kind_of(row: Row) -> str:
    """The quantity without order, case and mesh."""
    quantity: str = row["measured"] or row["note"]
    head, _, tail = quantity.rpartition(": ")
    named = re.match(_CASES, head)
    form = re.search(r"(polynomials|volumes)", head)
    parts = [match.group(1) for match in (named, form) if match]
    if head.startswith(("case", "H/d", "l0", "l2")):
        parts = [head]
    return ": ".join([*parts, tail])


def line(check: str, kind: str, status: str, members: Sequence[Row]) -> str:
    """One line: the member nearest to its bound, or furthest beyond it."""
    if members[0]["measured"] is None:
        return f"| {check} | {kind} | | | | {status} |"
    worst = max(members, key=_excess)
    sign = "≥" if worst["at_least"] else "≤"
    many = f"{kind} ({len(members)})" if len(members) > 1 else kind
    value = "not finite" if worst["value"] is None else f"{worst['value']:.3g}"
    cells = (check, many, value, f"{sign} {worst['bound']:.3g}", worst["source"], status)
    return f"| {' | '.join(cells)} |"


def _excess(row: Row) -> float:
    if row["value"] is None:
        return float("inf")
    if row["at_least"]:
        return float(row["bound"] - row["value"])
    return float(row["value"] / row["bound"] if row["bound"] else row["value"])


if __name__ == "__main__":
    main(sys.argv[1:])
