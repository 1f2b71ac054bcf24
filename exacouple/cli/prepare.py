"""Subcommand ``prepare``: make the case of a region with a seabed source."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from exacouple.cli.options import (
    echo_json,
    engine_option,
    force_option,
    json_option,
    site_option,
)

if TYPE_CHECKING:
    from exacouple.cases.case import CasePlan
    from exacouple.cases.region import Region
    from exacouple.cases.site import Site

COMPANIONS = ("original", "flat")
"""Sources that every comparison needs; `prepare` makes them along with the one asked for."""


@click.command()
@click.option(
    "--source",
    required=True,
    metavar="NAME|FILE",
    help="Seabed source, such as original, flat, dfcvae, or the file of a model.",
)
@click.option(
    "--region", "region_name", required=True, metavar="NAME|FILE", help="Region, or a region file."
)
@click.option(
    "--bathymetry", metavar="GRID", help="Grid to use instead: a file or an embedded one."
)
@click.option(
    "--cells",
    type=int,
    help="Cells along the longest edge of the domain; the nearest reachable number is taken.",
)
@click.option("--order", type=int, help="Polynomial order: 1 to 4, or that of the build.")
@engine_option
@site_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of this one case (implies --only).  [default: runs/REGION-SOURCE, with a site "
    "runs/REGION-SOURCE-SITE]",
)
@click.option("--only", is_flag=True, help="Do not prepare the cases original and flat as well.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Option of the source.")
@click.option(
    "--with",
    "changes",
    multiple=True,
    metavar="TABLE.KEY=VALUE",
    help="Change of the region file, such as simulation.end_time_s=3600, outputs.maxima=true or "
    "displacement.rupture=kinematic.",
)
@click.option("--replace-land", is_flag=True, help="Let the source change land, not only sea.")
@force_option
@click.option("--dry-run", is_flag=True, help="Show what would be done, write nothing.")
@json_option
def command(
    source: str,
    region_name: str,
    bathymetry: str | None,
    cells: int | None,
    order: int | None,
    engine: str | None,
    site_name: str | None,
    out: Path | None,
    only: bool,
    settings: tuple[str, ...],
    changes: tuple[str, ...],
    replace_land: bool,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make the case of a region with a seabed source.

    Unless --only or --out is given, the region's cases with the original and the flat seabed are
    made as well; those that are there already with the same settings are kept. With --engine
    exahype the case is made for the build of ExaHyPE that the profile --site describes; what that
    build cannot do is refused.
    """
    from exacouple.bathymetry.sources import get_source
    from exacouple.cases import Ground, load_region, plan_case, write_case
    from exacouple.cli.engines import chosen_site
    from exacouple.progress import task

    site = chosen_site(engine, site_name)
    region = load_region(region_name, changes)
    found = get_source(source)
    ground = Ground(region, bathymetry)
    main = plan_case(
        region,
        source,
        out or _default_directory(region, found.name, site),
        ground=ground,
        cells=cells,
        order=order,
        options=_parse(settings),
        keep_land=not replace_land,
        site=site,
    )
    alone = only or out or (site and site.application.bathymetry_m is not None)
    others = [] if alone else [name for name in COMPANIONS if name != found.name]
    plans = [main] + [
        plan_case(
            region,
            name,
            _default_directory(region, name, site),
            ground=ground,
            cells=cells,
            order=order,
            site=site,
        )
        for name in others
    ]
    actions = _decide(plans, force=force)
    if not dry_run:
        to_write = [plan for plan, action in zip(plans, actions, strict=True) if action != "keep"]
        with task("preparing", total=len(to_write), unit="cases") as progress:
            for count, plan in enumerate(to_write, start=1):
                write_case(plan, force=force, progress=progress)
                progress.update(completed=count)
    if not _is_quiet() or dry_run or as_json:
        _report(plans, actions, dry_run=dry_run, as_json=as_json)


def _parse(settings: tuple[str, ...]) -> dict[str, str]:
    """Split ``KEY=VALUE``; the source checks both."""
    for setting in settings:
        if "=" not in setting:
            raise click.UsageError(f"--set {setting}: give KEY=VALUE")
    return dict(setting.split("=", 1) for setting in settings)


def _default_directory(region: "Region", source: str, site: "Site | None") -> Path:
    return Path("runs") / "-".join([region.name, source, *([site.name] if site else [])])


def _decide(plans: "list[CasePlan]", *, force: bool) -> list[str]:
    """Return ``write``, ``replace`` or ``keep`` per case; only companions are ever kept."""
    from exacouple.errors import UsageError
    from exacouple.launch import refuse_running

    actions = []
    for index, plan in enumerate(plans):
        state, found = plan.state()
        if state == "absent":
            actions.append("write")
        elif state == "foreign":
            raise UsageError(f"{plan.path} exists and is no case ({found[0]}): give another --out")
        elif state == "same" and index > 0:
            actions.append("keep")
        elif force:
            refuse_running(plan.path)
            actions.append("replace")
        elif state == "same":
            raise UsageError(
                f"{plan.path} is prepared already with these settings: use --force to replace it "
                "and its results"
            )
        else:
            raise UsageError(
                f"{plan.path} is there already, but differs ({'; '.join(found[:3])}): use --force "
                f"to replace it, or {'--only to leave it alone' if index > 0 else 'another --out'}"
            )
    return actions


def _is_quiet() -> bool:
    return bool(click.get_current_context().find_root().params.get("quiet"))


def _report(plans: "list[CasePlan]", actions: list[str], *, dry_run: bool, as_json: bool) -> None:
    from exacouple.cli.case_text import plan_facts, plan_lines, short_lines

    if as_json:
        echo_json(
            [
                {"path": str(plan.path), "action": action, "dry_run": dry_run, **plan_facts(plan)}
                for plan, action in zip(plans, actions, strict=True)
            ]
        )
        return
    said = {"keep": "kept, it is prepared already", "write": "prepared", "replace": "replaced"}
    if dry_run:
        said |= {"write": "would be prepared", "replace": "would be replaced"}
    lines = []
    for index, (plan, action) in enumerate(zip(plans, actions, strict=True)):
        lines.append(f"{plan.path}: {said[action]}")
        lines += [f"  {line}" for line in (short_lines(plan) if index else plan_lines(plan))]
    if dry_run:
        lines.append(f"files of a case: {', '.join(plans[0].files)}")
    click.echo("\n".join(lines))
