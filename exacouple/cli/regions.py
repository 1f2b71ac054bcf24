"""Subcommand ``regions``: list the shipped regions, check a region file."""

from typing import TYPE_CHECKING, Any

import click

from exacouple.cli.options import echo_json, json_option

if TYPE_CHECKING:
    from exacouple.cases.region import Region


@click.command()
@click.option(
    "--check",
    "checked",
    metavar="FILE|NAME",
    help="Check one region with the files that it names: bathymetry, displacement, buoys.",
)
@json_option
def command(checked: str | None, as_json: bool) -> None:
    """List the regions that are shipped, or check a region of your own."""
    from exacouple.cases.region import load_region, region_names

    if checked is not None:
        _check(load_region(checked), as_json=as_json)
        return
    regions = [load_region(name) for name in region_names()]
    if as_json:
        echo_json([_facts(region) for region in regions])
        return
    for region in regions:
        for line in _lines(region):
            click.echo(line)


def _check(region: "Region", *, as_json: bool) -> None:
    """Read all that the region names; what does not fit ends in an error."""
    from exacouple.cases.case import plan_case
    from exacouple.cli.case_text import plan_facts, plan_lines

    plan = plan_case(region, "original", region.name)
    displacement = plan.ground.displacement
    down, up = float(displacement.min()), float(displacement.max())
    if as_json:
        found = {"displacement_min_m": down, "displacement_max_m": up}
        echo_json({"file": str(region.path), **_facts(region), **plan_facts(plan), **found})
        return
    lines = _lines(region)
    lines += [f"  {line}" for line in plan_lines(plan)]
    lines += [f"  sea floor     moves by {down:.2f} to {up:.2f} m", f"{region.path} is all right"]
    for line in lines:
        click.echo(line)


def _facts(region: "Region") -> dict[str, Any]:
    from exacouple.cases.region_file import utc_text

    config, mesh = region.config, region.mesh
    return {
        "name": region.name,
        "title": config.title,
        "origin": utc_text(config.event.origin),
        "magnitude": config.event.magnitude,
        "projection": region.crs,
        "width_km": list(config.domain.width_km),
        "cells": list(mesh.cells),
        "cell_size_m": mesh.cell_size_m,
        "order": config.domain.order,
        "end_time_s": config.simulation.end_time_s,
        "bathymetry": config.bathymetry.grid,
        "displacement": config.displacement.file,
        "buoys": [placed.buoy.id for placed in region.buoys],
    }


def _lines(region: "Region") -> list[str]:
    item = _facts(region)
    width, cells = item["width_km"], item["cells"]
    return [
        f"{item['name']}: {item['title']}, M {item['magnitude']:g}, {item['origin']}",
        f"  {width[0]:g} x {width[1]:g} km, {cells[0]} x {cells[1]} cells of "
        f"{item['cell_size_m'] / 1e3:.2f} km, order {item['order']}, {item['end_time_s']:g} s, "
        f"{item['bathymetry']}, buoys {', '.join(item['buoys'])}",
    ]
