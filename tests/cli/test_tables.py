"""Tables fit the terminal, and lose nothing by that."""

import io

import pytest
from rich.console import Console

from exacouple.cli.tables import ScoreTable

HEADS = ("peak\nm", "peak at\ns", "arrival\ns", "RMSE\nm", "\nnRMSE", "corre-\nlation", "lag\ns")
NUMBERS = ("1.957", "1784", "1573", "0.551", "1.310", "-0.363", "+157.2")


def printed(width: int) -> list[str]:
    """Return the lines of a table with a row of all numbers, one of three, and one of a word."""
    table = ScoreTable("DART 21418", "case", *HEADS)
    table.add_row("original", *NUMBERS[:3])
    table.add_row("flat", *NUMBERS)
    table.add_row("other", "missing")
    out = io.StringIO()
    table.print(Console(file=out, width=width, markup=False))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [110, 80, 60, 40])
def test_no_number_is_cut_and_each_has_its_case(width: int) -> None:
    """Every number stands once and whole, in a row that begins with its case."""
    lines = printed(width)
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    flat = [line.split() for line in lines if "flat" in line]
    assert all(words[0] == "flat" for words in flat)
    assert [word for words in flat for word in words[1:]] == list(NUMBERS)
    heads = " ".join(lines)
    assert all(word in heads for head in HEADS for word in head.split())


def test_wide_table_is_one_and_narrow_one_has_one_title() -> None:
    """What goes on below repeats neither the title nor cases without numbers there."""
    assert sum("flat" in line for line in printed(110)) == 1
    lines = printed(50)
    assert sum("flat" in line for line in lines) == 2
    assert sum("DART 21418" in line for line in lines) == 1
    assert sum("original" in line for line in lines) == 1
    assert sum("missing" in line for line in lines) == 1
