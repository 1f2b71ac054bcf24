"""How a planned case is told: to people in a few lines, to programs as plain values."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exacouple.cases.case import CasePlan


def plan_lines(plan: "CasePlan") -> list[str]:
    """Return seabed, time step, mesh, displacement and buoys of a case as lines of text."""
    facts = plan_facts(plan)
    moved = facts["displacement_points"]
    lines = [
        *_site_lines(plan),
        *short_lines(plan),
        f"mesh          {plan.mesh.cells[0]} x {plan.mesh.cells[1]} cells of "
        f"{plan.mesh.cell_size_m / 1e3:.2f} km, order {plan.order} "
        f"({_origin(plan)} along the longest edge)",
        f"displacement  {plan.ground.displacement_path.name}, {moved[0]} x {moved[1]} points",
    ]
    if plan.mesh.longest != plan.cells_asked:
        lines.append(
            f"cells         {plan.cells_asked} were asked for, {plan.mesh.longest} is the nearest "
            "number that can be reached"
        )
    lines += _refinement_lines(plan)
    for buoy in facts["buoys"]:
        depth = buoy["depth_m"]
        place = f"{depth:.0f} m deep" if depth > 0 else f"on land, {-depth:.0f} m high"
        lines.append(
            f"buoy          {buoy['id']} at x = {buoy['x_m'] / 1e3:.1f} km, "
            f"y = {buoy['y_m'] / 1e3:.1f} km, {place}"
        )
    return lines


def _refinement_lines(plan: "CasePlan") -> list[str]:
    """Return which cells are cut."""
    wanted = plan.region.config.refinement
    parts = [part for part in ("source", "way", "buoys", "coast") if getattr(wanted, part)]
    if wanted.rectangles_km:
        parts.append(f"{len(wanted.rectangles_km)} rectangles")
    return [f"refined 3:1   {', '.join(parts)}"] if parts else []


def _site_lines(plan: "CasePlan") -> list[str]:
    """Return for which build a case is made, and what to know of it."""
    from exacouple.cases.target import remarks

    if plan.site is None:
        return []
    lines = [f"site          {plan.site.name}: {plan.site.application.title}"]
    told = [plan.site.experimental] if plan.site.experimental else []
    return lines + [f"              {text}" for text in (*told, *remarks(plan.site.application))]


def _origin(plan: "CasePlan") -> str:
    if plan.site is not None and plan.site.exahype2 is not None:
        return f"{plan.mesh.longest} finite volumes"
    return f"{plan.mesh.origin} cells"


def short_lines(plan: "CasePlan") -> list[str]:
    """Return seabed and time step: what may differ between cases of one region."""
    x, y = plan.ground.axes
    config = plan.region.config
    options = ", ".join(_option(key, value) for key, value in plan.options.items())
    return [
        f"seabed        {plan.source.name}{f' ({options})' if options else ''} from "
        f"{plan.ground.name}, {x.size} x {y.size} points, {config.bathymetry.spacing_m / 1e3:g} km",
        f"time step     {plan.time_step_s:.3g} s, {plan.steps} steps to "
        f"{config.simulation.end_time_s:g} s (deepest water at the nodes: {plan.deepest_m:.0f} m)",
    ]


def _option(key: str, value: Any) -> str:
    if key == "depth_m" and value == 0:
        return "mean depth of the sea"
    return f"{key} {value}"


def plan_facts(plan: "CasePlan") -> dict[str, Any]:
    """Return what is known of a case before it is written as plain JSON values."""
    config = plan.region.config
    depths = plan.buoy_depths_m()
    x, y = plan.ground.axes
    moved_x, moved_y = plan.ground.displacement_axes
    return {
        "region": plan.region.name,
        "source": plan.source.name,
        "options": dict(plan.options),
        "keep_land": plan.keep_land,
        "bathymetry": plan.ground.name,
        "bathymetry_points": [x.size, y.size],
        "bathymetry_spacing_m": config.bathymetry.spacing_m,
        "displacement": plan.ground.displacement_path.name,
        "displacement_points": [moved_x.size, moved_y.size],
        "site": plan.site.name if plan.site else None,
        "cells_asked": plan.cells_asked,
        "cells": list(plan.mesh.cells),
        "outside_cells": [plan.mesh.outside_left, plan.mesh.outside_right],
        "cell_size_m": plan.mesh.cell_size_m,
        "order": plan.order,
        "deepest_m": plan.deepest_m,
        "time_step_s": plan.time_step_s,
        "steps": plan.steps,
        "end_time_s": config.simulation.end_time_s,
        "buoys": [
            {
                "id": placed.buoy.id,
                "x_m": placed.x_m,
                "y_m": placed.y_m,
                "depth_m": depths[placed.buoy.id],
            }
            for placed in plan.region.buoys
        ],
    }
