"""Subcommand ``reconstruct``: put a grid file, however large, through a model of the sea floor."""

import logging
from pathlib import Path

import click

from exacouple.cli.options import echo_json, force_option, json_option

_log = logging.getLogger(__name__)


@click.command()
@click.argument("grid", metavar="GRID")
@click.option(
    "--model",
    "--source",
    "model",
    required=True,
    metavar="NAME|FILE",
    help="Model that comes with exacouple, such as dfcvae or pca, or the file of one.",
)
@click.option(
    "--latents",
    type=click.IntRange(min=1),
    help="Numbers per tile, for linear models.  [default: those of the model]",
)
@click.option(
    "--window",
    type=float,
    nargs=4,
    metavar="WEST EAST SOUTH NORTH",
    help="Part of the grid, in degrees; of a projected grid its x and y limits in metres.",
)
@click.option(
    "--overlap",
    type=click.IntRange(min=0),
    help="Pixels that neighbouring tiles share at least.  [default: 8]",
)
@click.option("--replace-land", is_flag=True, help="Reconstruct land as well, not only sea.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.nc",
    help="File to write.  [default: GRID-MODEL.nc in this folder]",
)
@force_option
@json_option
def command(
    grid: str,
    model: str,
    latents: int | None,
    window: tuple[float, float, float, float] | None,
    overlap: int | None,
    replace_land: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write what a model makes of a grid file.

    GRID is a file or an embedded grid; it may be larger than memory. Tiles overlap and are blended,
    so that there are no seams. Land is kept, and the sea stays below sea level. The result is a
    NetCDF grid that `prepare --bathymetry` takes.
    """
    import dataclasses

    from exacouple.autoencoders.codec import load_codec
    from exacouple.autoencoders.reconstruct import OVERLAP
    from exacouple.autoencoders.reconstruct_file import grid_window, reconstruct_file
    from exacouple.bathymetry import embedded_grids
    from exacouple.errors import UsageError
    from exacouple.progress import task

    path = embedded_grids().get(grid, Path(grid))
    codec = load_codec(model, latents=latents)
    target = out or Path(f"{path.stem}-{codec.name}.nc")
    if target.exists() and not force:
        raise UsageError(f"{target} exists already: use --force to replace it")
    if target.exists() and target.samefile(path):
        raise UsageError(f"{target} is the grid itself: give another --out")
    rows, columns = grid_window(path, window)
    with task(f"reconstructing {path.name}", total=rows.stop - rows.start, unit="rows") as progress:
        made = reconstruct_file(
            path,
            target,
            codec,
            rows=rows,
            columns=columns,
            overlap=OVERLAP if overlap is None else overlap,
            keep_land=not replace_land,
            force=force,
            progress=progress,
        )
    if as_json:
        facts = {"model": codec.name, "latents": codec.latents, "tile": codec.tile}
        echo_json({"path": str(target), **facts, **dataclasses.asdict(made)})
        return
    if not _log.isEnabledFor(logging.INFO):
        return
    difference = "" if made.sea_rms_m is None else f"; RMS difference at sea {made.sea_rms_m:.0f} m"
    click.echo(
        f"{target}: {made.rows} x {made.columns} values from {codec.latents} numbers for each "
        f"{codec.tile} x {codec.tile}{difference}"
    )
