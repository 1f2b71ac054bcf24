"""Figures of water heights at the buoys."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import AutoMinorLocator

from exacouple.errors import ExacoupleError
from exacouple.figures import BLACK, GREY, PALETTE, degrees, figure, save
from exacouple.waveforms.alignment import align
from exacouple.waveforms.comparison import OBSERVED, Buoy, Comparison

_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (5, 1.5, 1, 1.5)), (0, (1.2, 1.2)))
_PANEL_IN = 3.3
_CAPTION_IN = 0.6
_HEADROOM = 0.08


def plot_waveforms(comparison: Comparison, buoys: Sequence[Buoy], path: Path) -> None:
    """Draw water heights of all cases at these buoys, and below each its difference panel.

    Parameters
    ----------
    comparison : Comparison
        What is drawn: the reference in black, the cases in colours and dashes that are the same
        in every figure, observed records as dots.
    buoys : sequence of Buoy
        One pair of panels each, two beside each other.
    path : Path
        PNG to write.
    """
    columns = min(len(buoys), 2)
    rows = -(-len(buoys) // columns)
    with figure(rows * _PANEL_IN + _CAPTION_IN + 0.4) as fig:
        panels = fig.subfigures(rows, columns, squeeze=False).ravel()
        for panel, buoy in zip(panels, buoys, strict=False):
            _draw_buoy(panel, comparison, buoy)
        _legend(fig, comparison, buoys)
        save(fig, path, _caption(comparison, buoys))


def line_styles(comparison: Comparison) -> dict[str, dict[str, Any]]:
    """Return colour, dashes and width by label, the same in every figure of a comparison."""
    styles: dict[str, dict[str, Any]] = {
        comparison.reference.label: {"color": BLACK, "linestyle": "-", "linewidth": 1.9}
    }
    for index, run in enumerate(comparison.others):
        dashes = _DASHES[(index + index // len(PALETTE)) % len(_DASHES)]
        color = PALETTE[index % len(PALETTE)]
        styles[run.label] = {"color": color, "linestyle": dashes, "linewidth": 1.3}
    styles[OBSERVED] = {
        "color": GREY,
        "linestyle": "-",
        "linewidth": 0.5,
        "marker": "o",
        "markersize": 2.2,
        "markerfacecolor": "white",
        "markeredgewidth": 0.6,
    }
    return styles


def _draw_buoy(panel: SubFigure, comparison: Comparison, buoy: Buoy) -> None:
    if comparison.others:
        heights, differences = panel.subplots(2, 1, sharex=True, height_ratios=(2.6, 1.0))
    else:
        heights = differences = panel.subplots()
    styles = line_styles(comparison)
    record = comparison.observed.get(buoy.id)
    if record is not None:
        heights.plot(record.time, record.eta, zorder=1, **styles[OBSERVED])
    reference = comparison.reference.gauges.get(buoy.id)
    for order, run in enumerate(comparison.runs):
        gauge = run.gauges.get(buoy.id)
        if gauge is None:
            continue
        heights.plot(gauge.time, gauge.eta, zorder=2 + order, **styles[run.label])
        if reference is not None and run is not comparison.reference:
            with suppress(ExacoupleError):  # no time in common: the scores say so
                both = align(
                    gauge.time, gauge.eta, reference.time, reference.eta, step=comparison.step
                )
                differences.plot(both.time, both.compared - both.reference, **styles[run.label])
    _mark_bad(heights, comparison, buoy)
    heights.set_title(buoy.name)
    heights.set_title(_place(buoy), loc="right", fontsize=7.0, fontweight="normal", color=GREY)
    heights.set_ylabel("water height (m)")
    differences.set_xlabel("time after the earthquake's origin (s)")
    _frame(heights, comparison)
    if comparison.others:
        differences.set_ylabel("difference (m)")
        _frame(differences, comparison)
        differences.locator_params(axis="y", nbins=4)
        panel.align_ylabels([heights, differences])


def _frame(axes: Axes, comparison: Comparison) -> None:
    axes.axhline(0.0, color="#999999", linewidth=0.5, zorder=0)
    axes.grid(True, axis="both")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    end = max(float(run.case.manifest["end_time_s"]) for run in comparison.runs)
    axes.set_xlim(0.0, end)
    low, high = _visible_range(axes, end)
    room = _HEADROOM * max(high - low, 1e-3)
    axes.set_ylim(low - room, high + room)
    axes.xaxis.set_minor_locator(AutoMinorLocator())
    axes.locator_params(axis="x", nbins=8)


def _visible_range(axes: Axes, end: float) -> tuple[float, float]:
    values = [0.0]
    for line in axes.get_lines():
        x, y = (np.asarray(data, dtype=np.float64) for data in line.get_data())
        if len(x) > 2:
            values += y[x <= end].tolist()
    return min(values), max(values)


def _mark_bad(axes: Axes, comparison: Comparison, buoy: Buoy) -> None:
    """Say in the panel which cases are not drawn."""
    bad = [
        f"{run.label}: {run.findings[buoy.id].word}"
        for run in comparison.runs
        if buoy.id in run.findings
    ]
    if bad:
        axes.text(
            0.02, 0.03, "not drawn: " + ", ".join(bad), transform=axes.transAxes, fontsize=7.0
        )


def _legend(fig: Figure, comparison: Comparison, buoys: Sequence[Buoy]) -> None:
    styles = line_styles(comparison)
    labels = [run.label for run in comparison.runs]
    if any(buoy.id in comparison.observed for buoy in buoys):
        labels.append(OBSERVED)
    handles = [Line2D([], [], **styles[label]) for label in labels]
    fig.legend(
        handles, labels, loc="outside upper left", ncols=min(len(labels), 6), handlelength=3.2
    )


def _caption(comparison: Comparison, buoys: Sequence[Buoy]) -> str:
    origin = comparison.origin.replace("T", " ").replace("Z", " UTC")
    text = (
        f"{comparison.title}. Water height above mean sea level at "
        f"{' and '.join(buoy.name for buoy in buoys)}; time counts from {origin}."
    )
    if comparison.others:
        text += f" Lower panel: case minus {comparison.reference.label}."
    if any(buoy.id in comparison.observed for buoy in buoys):
        text += " Observed: recorded water height with the tide removed."
    return text


def _place(buoy: Buoy) -> str:
    return f"{degrees(buoy.lat, 'N', 'S')}, {degrees(buoy.lon, 'E', 'W')}"
