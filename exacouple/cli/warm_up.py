"""Subcommand ``warm-up``: compile the embedded engine before it is needed."""

import logging
import time

import click

from exacouple.cli.options import echo_json, json_option
from exacouple.errors import ExacoupleError

_log = logging.getLogger(__name__)


@click.command(name="warm-up")
@click.option(
    "--order",
    type=click.IntRange(1, 4),
    multiple=True,
    default=(2,),
    show_default=True,
    help="Polynomial order; may be given several times.",
)
@json_option
def command(order: tuple[int, ...], as_json: bool) -> None:
    """Compile the embedded engine, so that the first run starts at once.

    Without it the first run does so by itself, as does one in single precision. What is compiled is
    kept in the cache of the user or in NUMBA_CACHE_DIR, for this machine and this version.
    """
    from exacouple.engine.codefolder import is_kept
    from exacouple.engine.compiling import CACHE
    from exacouple.engine.warmup import compile_kernels

    if not is_kept(CACHE):
        raise ExacoupleError(
            "nothing that is compiled can be kept: set NUMBA_CACHE_DIR to a folder that can be "
            "written to"
        )
    took: dict[str, float | None] = {}
    for number in dict.fromkeys(order):
        start = time.monotonic()
        compiled = compile_kernels(number)
        took[str(number)] = None if compiled is None else round(time.monotonic() - start, 1)
    if as_json:
        echo_json([{"order": int(key), "seconds": value} for key, value in took.items()])
        return
    for key, value in took.items():
        said = "was compiled before" if value is None else f"compiled in {value:.1f} s"
        click.echo(f"order {key}: {said}")
