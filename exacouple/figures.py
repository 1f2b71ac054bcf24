"""Look of all figures: sizes, colours that colour-blind readers tell apart, captions."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.text import Text

WIDTH_IN = 7.2
"""Width of a figure over two columns of a journal."""

DPI = 200

BLACK = "#000000"
GREY = "#767676"
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe, M. and Ito, K. (2008): Color Universal Design, without black and yellow."""

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.titlesize": 9.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.0,
    "axes.linewidth": 0.6,
    "axes.grid": False,
    "axes.formatter.useoffset": False,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "savefig.dpi": DPI,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def figure(height: float, *, width: float = WIDTH_IN) -> Iterator[Figure]:
    """Yield an empty figure (inches) that does not need a display, in the common style."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield Figure(figsize=(width, height), layout="constrained")


def save(fig: Figure, path: Path, caption: str) -> None:
    """Write a PNG with its caption below the panels and in the file's description.

    A dollar sign in a name or title is drawn as one and begins no formula; the numbers of axes are
    not made yet.
    """
    per_line = int(fig.get_figwidth() * 19)
    fig.supxlabel(
        textwrap.fill(caption, per_line), x=0.012, ha="left", fontsize=7.0, color="#333333"
    )
    for text in fig.findobj(Text):
        text.set_parse_math("$" not in text.get_text())
    fig.savefig(path, format="png", metadata={"Description": caption, "Software": "exacouple"})


def degrees(value: float, positive: str, negative: str) -> str:
    """Write an angle with its hemisphere.

    Examples
    --------
    >>> degrees(-70.5, "E", "W"), degrees(190.0, "E", "W")
    ('70.5°W', '170°W')
    """
    value = (value + 180.0) % 360.0 - 180.0
    side = positive if value >= 0.0 else negative
    return f"{abs(value):g}°{side}"
