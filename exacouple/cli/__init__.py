"""The ``exacouple`` command: one module per subcommand, imported only when it is needed."""

import difflib
import importlib
import logging
import signal
import sys
import traceback
from typing import Any, NoReturn, TextIO

import click

from exacouple import __version__
from exacouple.cli.options import printable
from exacouple.errors import ExacoupleError

COMMANDS = (
    "train",
    "evaluate",
    "reconstruct",
    "regions",
    "application",
    "prepare",
    "run",
    "compare",
    "demo",
    "warm-up",
    "verify",
    "doctor",
)
"""Subcommands in the order of use; ``exacouple.cli.<name>:command`` is the click command."""

INTERRUPTED = 128 + signal.SIGINT

_log = logging.getLogger(__name__)


class _Group(click.Group):
    """A click group with lazy subcommands and one-line errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"exacouple.cli.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f", did you mean '{close[0]}'?" if close else ""
            ctx.fail(f"no command '{args[0]}'{hint} (there are: {', '.join(COMMANDS)})")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as exc:
            _tell_usage(exc, ctx)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except click.UsageError as exc:
            _tell_usage(exc, ctx)
        except (ExacoupleError, OSError, MemoryError) as exc:
            if ctx.params.get("debug"):
                traceback.print_exc()
            click.echo(f"error: {printable(_message(exc))}", err=True)
            ctx.exit(exc.exit_code if isinstance(exc, ExacoupleError) else 1)
        except KeyboardInterrupt:
            click.echo("error: interrupted", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", is_flag=True, help="Say more about what is done.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, prog_name="exacouple")
def main(verbose: bool, quiet: bool, debug: bool) -> None:
    """Couple learned bathymetry with tsunami simulation.

    Prepare cases, run them, compare their waveforms.
    """
    if verbose and quiet:
        raise click.UsageError("-v and -q exclude each other: give one of them")
    _set_up_logging(logging.DEBUG if verbose or debug else logging.INFO, quiet=quiet)


def entry() -> None:
    """Start the command line; the console script ``exacouple``.

    SIGTERM ends it as an exception does, so that temporary files are removed.
    """
    signal.signal(signal.SIGTERM, _terminate)
    main(prog_name="exacouple")


def _terminate(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what ``sys.stderr`` is now, so that a progress display can step aside."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


class _Printable(logging.Formatter):
    """Lets no name from a file steer the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def _set_up_logging(level: int, *, quiet: bool) -> None:
    logger = logging.getLogger("exacouple")
    for handler in [item for item in logger.handlers if isinstance(item, _StandardError)]:
        logger.removeHandler(handler)
    handler = _StandardError()
    pattern = "%(name)s: %(message)s" if level == logging.DEBUG else "%(message)s"
    handler.setFormatter(_Printable(pattern))
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR if quiet else level)


def _tell_usage(exc: click.UsageError, ctx: click.Context) -> NoReturn:
    """Say in one line what is wrong with the words of a command, and end with 2."""
    if isinstance(exc, click.exceptions.NoArgsIsHelpError):
        raise exc
    path = (exc.ctx or ctx).command_path
    text = " ".join(exc.format_message().split()).rstrip(".")
    text = text[:1].lower() + text[1:]
    click.echo(f"error: {printable(text)} ('{path} --help' tells more)", err=True)
    ctx.exit(exc.exit_code)


def _message(exc: BaseException) -> str:
    if isinstance(exc, MemoryError):
        return "not enough memory"
    return str(exc) or type(exc).__name__
