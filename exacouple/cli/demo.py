"""Subcommand ``demo``: the main job on the Tohoku region from start to end."""

from pathlib import Path

import click

from exacouple.cli.options import force_option

REGION = "tohoku"
SOURCES = ("original", "dfcvae", "pca", "flat")
"""Seabed sources of the cases; the first is the reference."""


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs/demo"),
    show_default=True,
    metavar="DIR",
    help="Where to put cases, scores and pictures.",
)
@force_option
@click.pass_context
def command(ctx: click.Context, out: Path, force: bool) -> None:
    """Run the whole job once for the Tohoku tsunami of 2011.

    Prepares it over four sea floors (the original, two made from 100 numbers per tile by dfcvae
    and pca, and a flat one), runs the four, compares the waves at the buoys, and says where the
    pictures are. What an earlier demo has finished is kept unless --force is given.
    """
    from exacouple.cli import compare, run

    cases = [out / source for source in SOURCES]
    _prepare(cases, force=force)
    ctx.invoke(run.command, cases=tuple(cases))
    ctx.invoke(compare.command, cases=tuple(cases), out=out / "compare", force=force)
    for picture in sorted((out / "compare").rglob("*.png")):
        click.echo(f"picture: {picture}")


def _prepare(directories: list[Path], *, force: bool) -> None:
    """Write the cases that are not there yet; with `force`, write all."""
    from exacouple.cases import Ground, load_region, plan_case, write_case
    from exacouple.errors import UsageError
    from exacouple.launch import refuse_running
    from exacouple.progress import task

    region = load_region(REGION)
    ground = Ground(region)
    with task("preparing", total=len(directories), unit="cases") as progress:
        for count, (source, path) in enumerate(zip(SOURCES, directories, strict=True), start=1):
            plan = plan_case(region, source, path, ground=ground)
            state, found = plan.state()
            if state == "absent" or force:
                refuse_running(path)
                write_case(plan, force=force, progress=progress)
            elif state != "same":
                raise UsageError(
                    f"{path} is something else already ({'; '.join(found[:3])}): use --force to "
                    "replace it, or give another --out"
                )
            progress.update(completed=count)
