"""Subcommand ``doctor``: check this machine and a build of ExaHyPE, say what to fix."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exacouple.cli.options import echo_json, json_option, site_option

if TYPE_CHECKING:
    from exacouple.cases.site import Site
    from exacouple.launch.doctor import Check


@click.command()
@site_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a program of the site may take to answer.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, site_name: str | None, timeout: float, as_json: bool) -> None:
    """Check what exacouple needs on this machine, and print what to fix.

    With --site also the build of ExaHyPE that the profile describes: executable, libraries,
    what is compiled in, Python for the validation of specfiles, MPI, SLURM. The exit status is 1
    if a check has failed.
    """
    from exacouple.cases.site import load_site

    site = load_site(site_name) if site_name is not None else None
    found = []
    for check in _checks(site, timeout):
        found.append(check)
        if not as_json:
            _tell(check)
    if as_json:
        echo_json([asdict(check) for check in found])
    if any(check.status == "failed" for check in found):
        ctx.exit(1)


def _checks(site: "Site | None", timeout: float) -> "Iterator[Check]":
    from exacouple.launch.doctor import machine_checks
    from exacouple.launch.doctor_site import site_checks

    yield from machine_checks(Path.cwd())
    if site is not None:
        yield from site_checks(site, timeout=timeout)


def _tell(check: "Check") -> None:
    click.echo(f"{check.status:<8} {check.name}: {check.found}")
    if check.fix:
        click.echo(f"{'':<8} -> {check.fix}")
