"""Subcommand ``application``: write exacouple's own application for ExaHyPE's toolkit."""

from pathlib import Path

import click

from exacouple.cli.options import echo_json, force_option, json_option


@click.command()
@click.option(
    "--order",
    type=int,
    default=3,
    show_default=True,
    help="Polynomial order, 1 to 9; it is compiled in.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Folder to write.",
)
@force_option
@json_option
def command(order: int, out: Path, force: bool, as_json: bool) -> None:
    """Write exacouple's own application for ExaHyPE's toolkit.

    The folder holds C++ sources, build.sh, which builds them with your checkout of ExaHyPE, and
    site.toml, the profile of the build for --site. Everything but the order is told at run time:
    domain, gravity, dry tolerance, boundary, files and any number of probes.
    """
    from exacouple.cases.toolkit import BUILD, MANIFEST, PROFILE, render_application

    render_application(order, out, force=force)
    if as_json:
        echo_json({"path": str(out), "order": order, "manifest": str(out / MANIFEST)})
        return
    click.echo(f"{out}: application of order {order}")
    click.echo(f"  build    EXAHYPE_PATH=/path/to/ExaHyPE {out / BUILD}")
    click.echo(f"  prepare  exacouple prepare --engine exahype --site {out / PROFILE} ...")
