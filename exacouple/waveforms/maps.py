"""Maps of a case's seabed and displacement, with epicentre and buoys, in its own projection.

The plane of the simulation is drawn at equal scale in both directions; meridians and parallels
lie over it. The axes are labelled where these cross the lower and the left edge.
"""

from pathlib import Path

import matplotlib as mpl
import matplotlib.patheffects as patheffects
import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from exacouple.bathymetry.projection import project_points, unproject_points
from exacouple.figures import BLACK, WIDTH_IN, degrees, figure, save
from exacouple.waveforms.comparison import Comparison, Run
from exacouple.waveforms.foreign import ForeignRun

FloatArray = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, right, lower and upper edge in projected metres."""

_LAND = "#d9d2c3"
_HALO = [patheffects.withStroke(linewidth=2.0, foreground="white")]
_LATTICE = 121
_LINES = 5
_NICE_DEG = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0)
_NICE_KM = (10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_MOST_PIXELS = 1200
_DIFFERENCE_PERCENTILE = 99.0
_CAPTION_IN = 0.65


def plot_bathymetry(comparison: Comparison, run: Run, path: Path) -> None:
    """Draw the seabed of a case, and beside it what the case changes in the reference's.

    Parameters
    ----------
    comparison : Comparison
        Gives the reference, whose depth range scales the colours of all cases.
    run : Run
        The case; the reference is drawn without difference.
    path : Path
        PNG to write.
    """
    box = domain_box(comparison)
    reference = _inside(comparison.reference.case.bathymetry(), box)
    grid = _inside(run.case.bathymetry(), box)
    deepest = float(reference.min())
    known = not isinstance(comparison.reference.case, ForeignRun)
    comparable = known and run is not comparison.reference and _same_nodes(grid, reference)
    caption = (
        f"{comparison.title}: sea floor of case {run.label} in the plane of the simulation. Star: "
        "epicentre; triangles: buoys; land is beige."
    )
    panels = 2 if comparable else 1
    width = WIDTH_IN if comparable else 0.62 * WIDTH_IN
    with figure(_height(box, width / panels), width=width) as fig:
        axes = fig.subplots(1, panels, squeeze=False)[0]
        image = _show(axes[0], grid, _sea_colours(), deepest, 0.0)
        _decorate(axes[0], comparison, box, reference)
        axes[0].set_title(run.label)
        fig.colorbar(
            image,
            ax=axes[0],
            location="bottom",
            shrink=0.85,
            aspect=30,
            pad=0.02,
            ticks=MaxNLocator(6),
        ).set_label("elevation above mean sea level (m)")
        if comparable:
            label = f"{run.label} minus {comparison.reference.label}"
            caption += " " + _draw_difference(axes[1], grid, reference, comparison, box, label)
        save(fig, path, caption)


def plot_displacement(comparison: Comparison, path: Path) -> None:
    """Draw the sea-floor displacement of the reference: whole domain, and where it is large.

    Parameters
    ----------
    comparison : Comparison
        Gives the reference.
    path : Path
        PNG to write.
    """
    box = domain_box(comparison)
    case = comparison.reference.case
    coast = _inside(case.bathymetry(), box)
    grid = case.displacement()
    near = _overlap(box, _edges(grid))
    limit = float(np.abs(grid).max()) or 1.0
    colours = mpl.colormaps["RdBu_r"]
    contours = _contour_step(limit)
    caption = (
        f"{comparison.title}: vertical displacement of the sea floor, up positive, from "
        f"{float(grid.min()):.2f} to {float(grid.max()):.2f} m; contours every {contours:g} m, "
        "dashed where it sinks. Star: epicentre; triangles: buoys; black: coast."
    )
    with figure(_height(box, WIDTH_IN / 2)) as fig:
        left, right = fig.subplots(1, 2)
        for axes, extent, title in ((left, box, "domain"), (right, near, "source area")):
            image = _show(axes, grid, colours, -limit, limit)
            _decorate(axes, comparison, extent, coast)
            axes.set_title(title)
            axes.set_facecolor(colours(0.5))
        km = 1e-3
        levels = np.arange(1, int(limit / contours) + 1) * contours
        right.contour(
            grid["x"] * km,
            grid["y"] * km,
            grid.values,
            np.concatenate([-levels[::-1], levels]),
            colors=BLACK,
            linewidths=0.5,
        )
        fig.colorbar(
            image,
            ax=[left, right],
            location="bottom",
            shrink=0.6,
            aspect=40,
            pad=0.02,
            ticks=MaxNLocator(6),
        ).set_label("vertical displacement (m)")
        save(fig, path, caption)


def domain_box(comparison: Comparison) -> Box:
    """Return the edges of the reference's domain in projected metres."""
    domain = comparison.reference.case.manifest["region_config"]["domain"]
    (x0, y0), (width, height) = domain["offset_km"], domain["width_km"]
    return x0 * 1e3, (x0 + width) * 1e3, y0 * 1e3, (y0 + height) * 1e3


def _draw_difference(
    axes: Axes,
    grid: xr.DataArray,
    reference: xr.DataArray,
    comparison: Comparison,
    box: Box,
    label: str,
) -> str:
    """Draw a difference of two seabeds; return what the caption says of it."""
    difference = grid.copy(data=grid.values - reference.values)
    sea = difference.values[reference.values < 0.0]
    size = np.abs(sea)
    limit = float(np.percentile(size, _DIFFERENCE_PERCENTILE)) if len(size) else 0.0
    image = _show(axes, difference, mpl.colormaps["PuOr_r"], -(limit or 1.0), limit or 1.0)
    _decorate(axes, comparison, box, reference)
    axes.set_title(label)
    beyond = "both" if len(size) and size.max() > limit else "neither"
    axes.figure.colorbar(
        image,
        ax=axes,
        location="bottom",
        shrink=0.85,
        aspect=30,
        pad=0.02,
        ticks=MaxNLocator(6),
        extend=beyond,
    ).set_label("difference of elevation (m)")
    if not len(size):
        return ""
    rms = float(np.sqrt(np.mean(np.square(sea))))
    return f"Right: {label}; over the sea {rms:.0f} m RMS, at most {size.max():.0f} m."


def _show(axes: Axes, grid: xr.DataArray, colours: Colormap, low: float, high: float) -> AxesImage:
    """Draw a grid, thinned to what a page can show."""
    stride = max(1, -(-max(grid.shape) // _MOST_PIXELS))
    grid = grid[::stride, ::stride]
    extent = [edge * 1e-3 for edge in _edges(grid)]
    return axes.imshow(
        grid.values,
        cmap=colours,
        vmin=low,
        vmax=high,
        extent=(extent[0], extent[1], extent[2], extent[3]),
        origin="lower",
        interpolation="nearest",
    )


def _decorate(axes: Axes, comparison: Comparison, box: Box, coast: xr.DataArray) -> None:
    """Add coast, graticule, epicentre, buoys and scale; limit the axes to `box`."""
    km = 1e-3
    axes.contour(
        coast["x"] * km, coast["y"] * km, coast.values, [0.0], colors=BLACK, linewidths=0.4
    )
    event = comparison.reference.case.manifest["region_config"]["event"]
    crs = comparison.reference.case.manifest["projection"]
    _graticule(axes, crs, box, float(event["epicentre"][0]))
    x, y = project_points(crs, *event["epicentre"])
    axes.plot(
        float(x) * km,
        float(y) * km,
        "*",
        color="#F0E442",
        markeredgecolor=BLACK,
        markeredgewidth=0.7,
        markersize=11,
        zorder=5,
        clip_on=False,
    )
    for buoy in comparison.buoys:
        if box[0] <= buoy.x_m <= box[1] and box[2] <= buoy.y_m <= box[3]:
            axes.plot(
                buoy.x_m * km,
                buoy.y_m * km,
                "^",
                color="white",
                markeredgecolor=BLACK,
                markeredgewidth=0.8,
                markersize=5.5,
                zorder=5,
            )
            right = buoy.x_m > box[0] + 0.8 * (box[1] - box[0])
            axes.annotate(
                buoy.id,
                (buoy.x_m * km, buoy.y_m * km),
                (-5 if right else 5, 4),
                textcoords="offset points",
                ha="right" if right else "left",
                fontsize=7.5,
                zorder=6,
                path_effects=_HALO,
            )
    axes.set_aspect("equal")
    axes.set_xlim(box[0] * km, box[1] * km)
    axes.set_ylim(box[2] * km, box[3] * km)
    _scale_bar(axes, box)


def _graticule(axes: Axes, crs: str, box: Box, near: float) -> None:
    """Draw meridians and parallels and label them at the lower and the left edge."""
    x = np.linspace(box[0], box[1], _LATTICE)
    y = np.linspace(box[2], box[3], _LATTICE)
    lon, lat = unproject_points(crs, *np.meshgrid(x, y))
    lon = near + (lon - near + 180.0) % 360.0 - 180.0
    meridians, parallels = _round_values(lon), _round_values(lat)
    for field, values in ((lon, meridians), (lat, parallels)):
        axes.contour(
            x * 1e-3,
            y * 1e-3,
            field,
            values,
            colors="#333333",
            linewidths=0.35,
            linestyles="dotted",
        )
    below = _crossings(lon[0], x, meridians)
    beside = _crossings(lat[:, 0], y, parallels)
    axes.set_xticks([at * 1e-3 for at, _ in below], [degrees(v, "E", "W") for _, v in below])
    axes.set_yticks([at * 1e-3 for at, _ in beside], [degrees(v, "N", "S") for _, v in beside])
    axes.tick_params(length=2.5, labelsize=7.0)


def _round_values(field: FloatArray) -> FloatArray:
    low, high = float(field.min()), float(field.max())
    step = next((nice for nice in _NICE_DEG if (high - low) / nice <= _LINES + 1), _NICE_DEG[-1])
    return np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step


def _crossings(
    along: FloatArray, position: FloatArray, values: FloatArray
) -> list[tuple[float, float]]:
    """Return where along an edge the field takes each value that it takes there."""
    order = np.argsort(along)
    inside = [value for value in values if along[order[0]] <= value <= along[order[-1]]]
    return [(float(np.interp(v, along[order], position[order])), float(v)) for v in inside]


def _scale_bar(axes: Axes, box: Box) -> None:
    width = (box[1] - box[0]) * 1e-3
    length = max((nice for nice in _NICE_KM if nice <= 0.3 * width), default=_NICE_KM[0])
    left, lower = box[0] * 1e-3 + 0.05 * width, box[2] * 1e-3 + 0.05 * width
    axes.plot(
        [left, left + length],
        [lower, lower],
        color=BLACK,
        linewidth=2.0,
        zorder=6,
        solid_capstyle="butt",
        path_effects=_HALO,
    )
    axes.annotate(
        f"{length:g} km",
        (left + length / 2, lower),
        (0, 3),
        textcoords="offset points",
        ha="center",
        fontsize=7.0,
        zorder=6,
        path_effects=_HALO,
    )


def _sea_colours() -> Colormap:
    """Return dark blue for the deep to nearly white for the shallow sea, land in grey."""
    shades = mpl.colormaps["Blues_r"](np.linspace(0.0, 0.97, 256))
    return LinearSegmentedColormap.from_list("sea", shades).with_extremes(over=_LAND)


def _inside(grid: xr.DataArray, box: Box) -> xr.DataArray:
    return grid.sel(x=slice(box[0], box[1]), y=slice(box[2], box[3]))


def _same_nodes(one: xr.DataArray, two: xr.DataArray) -> bool:
    return one.shape == two.shape and all(
        np.allclose(one[name], two[name], rtol=0.0, atol=1e-3) for name in ("x", "y")
    )


def _edges(grid: xr.DataArray) -> Box:
    x, y = grid["x"].values, grid["y"].values
    half_x, half_y = 0.5 * (x[1] - x[0]), 0.5 * (y[1] - y[0])
    return (
        float(x[0] - half_x),
        float(x[-1] + half_x),
        float(y[0] - half_y),
        float(y[-1] + half_y),
    )


def _overlap(one: Box, two: Box) -> Box:
    return max(one[0], two[0]), min(one[1], two[1]), max(one[2], two[2]), min(one[3], two[3])


def _contour_step(limit: float) -> float:
    return next((step for step in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if limit / step <= 12), 10.0)


def _height(box: Box, panel_width: float) -> float:
    aspect = (box[3] - box[2]) / (box[1] - box[0])
    return min(0.86 * panel_width * aspect + 0.85 + _CAPTION_IN, 9.5)
