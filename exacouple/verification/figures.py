"""The picture of a check: what the engine found against what is known."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from exacouple.figures import BLACK, GREY, PALETTE, figure, save
from exacouple.verification.cases import Case
from exacouple.verification.results import Picture, Series

_PANEL_IN, _CAPTION_IN = 2.6, 0.7
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (5, 1.5, 1, 1.5)), (0, (1.2, 1.2)))
_GROUND = "#d9d2c3"


def draw(case: Case, pictures: Sequence[Picture], path: Path) -> None:
    """Write the panels of a check as one PNG, two beside each other.

    Parameters
    ----------
    case
        Gives title and source for the caption.
    pictures
        The panels.
    path
        PNG to write.
    """
    columns = min(len(pictures), 2)
    rows = -(-len(pictures) // columns)
    found = [s.label for p in pictures for s in p.series if s.role == "found"]
    order = {label: index for index, label in enumerate(dict.fromkeys(found))}
    with figure(rows * _PANEL_IN + _CAPTION_IN) as fig:
        panels = fig.subplots(rows, columns, squeeze=False).ravel()
        for axes, picture in zip(panels, pictures, strict=False):
            _draw_panel(axes, picture, order)
        for axes in panels[len(pictures) :]:
            axes.set_axis_off()
        handles = {
            label: handle
            for axes in panels
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        fig.legend(handles.values(), handles, loc="outside upper left", ncols=4)
        save(fig, path, f"{case.title}. {case.source}.")


def _draw_panel(axes: Axes, picture: Picture, order: dict[str, int]) -> None:
    if picture.scale == "log":
        axes.set_xscale("log")
    if picture.scale != "linear":
        axes.set_yscale("log")
    wet = [np.asarray(s.y) for s in picture.series if s.role != "ground"]
    for series in picture.series:
        _draw_series(axes, series, order, points=picture.scale == "log")
    if wet and picture.scale == "linear" and any(s.role == "ground" for s in picture.series):
        axes.set_ylim(*_room(np.concatenate([y.ravel() for y in wet])))
    if picture.scale == "log":
        cells = sorted({float(x) for s in picture.series for x in np.ravel(s.x)})
        axes.set_xticks(cells, [f"{x:g}" for x in cells])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.margins(x=0.02 if any(s.role == "measured" for s in picture.series) else 0.0)
    axes.set_title(picture.title)
    axes.set_xlabel(picture.x_label)
    axes.set_ylabel(picture.y_label)


def _room(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.25 * (high - low) or 0.1
    return low - 2.0 * margin, high + margin


def _draw_series(axes: Axes, series: Series, order: dict[str, int], *, points: bool) -> None:
    if series.role == "ground":
        floor = float(np.min(series.y)) - 10.0 * (float(np.ptp(series.y)) + 1.0)
        axes.fill_between(series.x, floor, series.y, color=_GROUND, label=series.label, lw=0.0)
    elif series.role == "expected":
        axes.plot(series.x, series.y, color=BLACK, lw=1.8, alpha=0.75, label=series.label)
    elif series.role == "measured":
        axes.plot(series.x, series.y, "o", color=GREY, ms=2.6, mfc="white", label=series.label)
    else:
        index = order[series.label]
        axes.plot(
            series.x, series.y, label=series.label, color=PALETTE[index % len(PALETTE)], lw=1.1,
            linestyle=_DASHES[index % len(_DASHES)], marker="o" if points else None, markersize=3.0,
        )  # fmt: skip
