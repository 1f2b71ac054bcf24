"""Tables of scores on standard output; names in them are text, not markup."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_PIPED_WIDTH = 110


def table_console() -> "Console":
    """Return what prints to a terminal in its width, elsewhere in that of a printed page."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    return console


def score_table(title: str, first: str, *heads: str) -> "Table":
    """Return an empty table: a column of names, and columns of numbers by their heads."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    table.add_column(first, overflow="fold", min_width=8)
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    return table


def number(value: float | None, pattern: str) -> str:
    """Return a number in the form of a format specification, ``none`` where there is none."""
    return "none" if value is None else format(value, pattern)
