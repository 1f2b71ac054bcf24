"""Subcommand ``compare``: score and draw the waveforms of cases."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exacouple.cli.options import echo_json, json_option
from exacouple.cli.tables import ScoreTable, number, table_console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exacouple.waveforms import Comparison, Score, Selection

_log = logging.getLogger(__name__)

RUNS = Path("runs")
OUT = RUNS / "compare"

_HEADS = (
    "peak\nm",
    "peak at\ns",
    "arrival\ns",
    "RMSE\nm",
    "\nnRMSE",
    "corre-\nlation",
    "lag\ns",
    "aligned\nRMSE, m",
    "aligned\nnRMSE",
    "aligned\ncorr.",
)


@click.command()
@click.argument("cases", nargs=-1, type=click.Path(path_type=Path), metavar="[REFERENCE DIR...]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=OUT,
    show_default=True,
    metavar="DIR",
    help="Where to write tables and figures; what compare wrote there before is replaced.",
)
@click.option(
    "--observed",
    multiple=True,
    metavar="[BUOY=]FILE.csv",
    help="Observed record (time_s,water_height_m); may be repeated. Without BUOY= the file's name "
    "has to hold the id of one buoy.",
)
@click.option(
    "--max-lag",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="SECONDS",
    help="Bound of the time lag. [default: 900]",
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace an earlier comparison even if other files were put into its directory.",
)
@json_option
def command(
    cases: tuple[Path, ...],
    out: Path,
    observed: tuple[str, ...],
    max_lag: float | None,
    force: bool,
    as_json: bool,
) -> None:
    """Compare the waveforms of finished cases with those of REFERENCE.

    Without arguments every finished case under runs/ is compared with the case of source
    'original' of its region. Beside cases, directories with gauges of GeoClaw (gauge*.txt) or
    tracers of ExaHyPE 2 (*.csv) can be named; their gauges are matched with the buoys by position.

    Writes metrics.json, metrics.csv, waveforms.nc and figures. A positive lag means that the
    waveform arrives later than what it is compared with.
    """
    from exacouple.progress import task
    from exacouple.waveforms import select_finished, select_named, write_report

    selections = [select_named(cases)] if cases else select_finished(RUNS)
    comparisons = _compare(selections, observed, max_lag)
    with task("comparing waveforms") as progress:
        result = write_report(comparisons, out, force=force, progress=progress)
    for comparison in comparisons:
        for warning in comparison.warnings:
            _log.warning("warning: %s", warning)
    if as_json:
        echo_json({"directory": str(out), **result})
    elif _log.isEnabledFor(logging.INFO):
        _print(comparisons)
        click.echo(f"written to {out}: {', '.join(result['files'])}")


def _compare(
    selections: "list[Selection]", observed: tuple[str, ...], max_lag: float | None
) -> "list[Comparison]":
    """Compare each selection, with those of the observed records that are of its buoys."""
    from exacouple.errors import UsageError
    from exacouple.waveforms import MAX_LAG_S, compare, read_observations

    buoys = [[str(b["id"]) for b in item.reference.manifest["buoys"]] for item in selections]
    every = [buoy for ids in buoys for buoy in ids]
    records = read_observations(observed, list(dict.fromkeys(every)))
    shared = [buoy for buoy in records if every.count(buoy) > 1]
    if shared:
        raise UsageError(
            f"--observed: buoy {', '.join(shared)} is in several regions: compare one region at a "
            "time, 'exacouple compare REFERENCE DIR...'"
        )
    return [
        compare(
            item.reference,
            item.others,
            observed={buoy: record for buoy, record in records.items() if buoy in ids},
            max_lag=MAX_LAG_S if max_lag is None else max_lag,
            notes=item.notes,
        )
        for item, ids in zip(selections, buoys, strict=True)
    ]


def _print(comparisons: "list[Comparison]") -> None:
    console = table_console()
    for comparison in comparisons:
        console.print(f"{comparison.title}\n")
        for buoy in comparison.buoys:
            for table in _tables(comparison, buoy.id, buoy.name):
                table.print(console)
    console.print(
        "Arrival: at a tenth of the own peak. nRMSE: RMSE over the root mean square of the "
        "waveform compared with; 1 is the score of still water. Lag: positive is later. "
        "Aligned: after the lag was removed."
    )


def _tables(comparison: "Comparison", buoy: str, name: str) -> "Iterator[ScoreTable]":
    """Make one table for each waveform that the others are scored against."""
    scores = [score for score in comparison.scores if score.buoy == buoy]
    alone = {score.case: score for score in scores if score.against is None}
    targets = dict.fromkeys(score.against for score in scores if score.against is not None)
    for target in targets or [comparison.reference.label]:
        against = {score.case: score for score in scores if score.against == target}
        table = ScoreTable(f"{name} against {target}" if targets else name, "case", *_HEADS)
        for case, own in alone.items():
            _add_row(table, against.get(case, own))
        yield table


def _add_row(table: ScoreTable, row: "Score") -> None:
    if row.word is not None:
        table.add_row(row.case, row.word)
        return
    cells = [
        number(row.peak_m, ".3f"),
        number(row.peak_time_s, ".0f"),
        number(row.arrival_s, ".0f"),
    ]
    if row.against is not None:
        cells += [
            number(row.rmse_m, ".3f"),
            number(row.nrmse, ".3f"),
            number(row.correlation, ".3f"),
            number(row.lag_s, "+.1f"),
            number(row.rmse_lag_removed_m, ".3f"),
            number(row.nrmse_lag_removed, ".3f"),
            number(row.correlation_lag_removed, ".3f"),
        ]
    table.add_row(row.case, *cells)
