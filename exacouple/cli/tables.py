"""Tables of scores on standard output; names in them are text, not markup."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

_PIPED_WIDTH = 110
_NAME_WIDTH = 8
_EDGES = 2
_GAP = 3


def table_console() -> "Console":
    """Return what prints to a terminal in its width, elsewhere in that of a printed page."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    return console


class ScoreTable:
    """A column of names and columns of numbers; what is too wide goes on below.

    Parameters
    ----------
    title
        Above the table.
    first
        Head of the column of names.
    heads
        Heads of the columns of numbers.
    """

    def __init__(self, title: str, first: str, *heads: str) -> None:
        self._title, self._first, self._heads = title, first, heads
        self._rows: list[tuple[str, ...]] = []

    def add_row(self, *cells: str) -> None:
        """Add a name and the numbers of the first columns."""
        self._rows.append(cells)

    def print(self, console: "Console") -> None:
        """Print as many columns side by side as the console is wide, the others below them."""
        for index, (start, stop) in enumerate(self._parts(console.width)):
            table = self._part(start, stop)
            table.title = self._title if index == 0 else None
            console.print(table)

    def _parts(self, width: int) -> "Iterator[tuple[int, int]]":
        names = max((len(row[0]) for row in self._rows), default=0)
        left = width - max(_NAME_WIDTH, min(names, width // 3)) - _EDGES
        start, free = 0, left
        for column in range(len(self._heads)):
            needed = self._width(column) + _GAP
            if needed > free and column > start:
                yield start, column
                start, free = column, left
            free -= needed
        yield start, len(self._heads)

    def _width(self, column: int) -> int:
        texts = self._heads[column].splitlines()
        texts += [row[column + 1] for row in self._rows if len(row) > column + 1]
        return max(map(len, texts))

    def _part(self, start: int, stop: int) -> "Table":
        from rich import box
        from rich.table import Table

        table = Table(title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column(self._first, overflow="fold", min_width=_NAME_WIDTH)
        for head in self._heads[start:stop]:
            table.add_column(head, justify="right", no_wrap=True)
        for row in self._rows:
            cells = row[1 + start : 1 + stop]
            if cells or start == 0:
                table.add_row(row[0], *cells)
        return table


def number(value: float | None, pattern: str) -> str:
    """Return a number in the form of a format specification, ``none`` where there is none."""
    return "none" if value is None else format(value, pattern)
