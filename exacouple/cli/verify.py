"""Subcommand ``verify``: the embedded engine against known answers."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exacouple.cli.options import echo_json, force_option, json_option

if TYPE_CHECKING:
    from exacouple.verification.results import Check, Inputs, Picture, Row

_REPORT = "report.md"
_DIRECTORY = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--quick/--full",
    "quick",
    default=True,
    help="The quick half, or every check in its full form.  [default: quick]",
)
@click.option("--list", "listed", is_flag=True, help="List the checks and run none.")
@click.option(
    "--laboratory",
    metavar="DIR",
    type=_DIRECTORY,
    envvar="EXACOUPLE_LABORATORY",
    help="Copy of the NTHMP benchmark repository, for the checks against laboratory data "
    "(or EXACOUPLE_LABORATORY).",
)
@click.option(
    "--reference",
    metavar="DIR",
    type=_DIRECTORY,
    envvar="EXACOUPLE_REFERENCE",
    help="Reference data with probe files of ExaHyPE (or EXACOUPLE_REFERENCE).",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a report with a picture for each check.",
)
@force_option
@json_option
def command(
    names: tuple[str, ...],
    quick: bool,
    listed: bool,
    laboratory: Path | None,
    reference: Path | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Verify the embedded engine: exact solutions, conservation, symmetry, laboratory data.

    Every number has a bound from theory or publications; the command fails if one is not kept.
    Bounds that the engine is known not to keep are told apart, with the reason. NAMEs choose
    single checks, or all whose names begin with a word, such as bowl or laboratory; then checks
    without their data fail too.
    """
    from exacouple.atomic import atomic_directory
    from exacouple.errors import ExacoupleError
    from exacouple.verification import registry, report
    from exacouple.verification.results import Inputs

    checks = registry.select(names, full=not quick)
    if listed:
        _list(checks if names else registry.CHECKS)
        return
    inputs = Inputs(laboratory=laboratory, reference=reference)
    target = nullcontext() if out is None else atomic_directory(out, force=force, marker=_REPORT)
    invocation = " ".join(["exacouple verify", *(() if quick else ("--full",)), *names])
    with target as directory:
        rows = _run(checks, inputs, invocation, full=not quick, directory=directory)
    if as_json:
        echo_json(report.data(rows))
    else:
        click.echo(report.text(rows))
    failed = [row.check for row in rows if row.status == "failed"]
    if failed:
        raise ExacoupleError(
            f"{len(failed)} of {len(rows)} measurements are out of bounds, "
            f"in {', '.join(dict.fromkeys(failed))}"
        )
    lost = [row.check for row in rows if row.status == "no data"]
    if names and lost:
        raise ExacoupleError(f"no data to compare with, in {', '.join(lost)}")


def _list(checks: "tuple[Check, ...]") -> None:
    from exacouple.verification import registry
    from exacouple.verification.cases import load_case

    for check in checks:
        half = "quick" if registry.has_quick_form(check) else "full"
        click.echo(f"{check.name:20s} {half:6s} {load_case(check.name).title}")


def _run(
    checks: "tuple[Check, ...]",
    inputs: "Inputs",
    invocation: str,
    *,
    full: bool,
    directory: Path | None,
) -> "list[Row]":
    """Run the checks with progress; write report and pictures if there is a directory."""
    from exacouple.atomic import write_json, write_text
    from exacouple.progress import task
    from exacouple.verification import registry, report
    from exacouple.verification.cases import load_case

    drawn: list[str] = []

    def draw(check: "Check", pictures: "list[Picture]") -> None:
        from exacouple.verification.figures import draw

        assert directory is not None
        draw(load_case(check.name), pictures, directory / f"{check.name}.png")
        drawn.append(check.name)

    with task("verifying", total=len(checks), unit="checks") as progress:
        rows = registry.run_all(
            checks,
            inputs,
            full=full,
            on_check=lambda done, check: progress.update(
                completed=done, description=f"verifying: {check.name}"
            ),
            on_done=None if directory is None else draw,
        )
        progress.update(completed=len(checks))
    if directory is not None:
        write_text(directory / _REPORT, report.markdown(rows, invocation, drawn))
        write_json(directory / "report.json", report.data(rows))
    return rows
