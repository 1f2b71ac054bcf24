"""Compare waveforms at the buoys: alignment, screening, scores, tables and figures."""

from exacouple.waveforms.alignment import Aligned, align, interpolate, regular_axis
from exacouple.waveforms.comparison import OBSERVED, Buoy, Comparison, Run, compare
from exacouple.waveforms.export import to_json, waveforms_dataset
from exacouple.waveforms.metrics import (
    Lag,
    arrival_time,
    correlation,
    normalised_rmse,
    peak,
    rmse,
    time_lag,
)
from exacouple.waveforms.observed import read_observations
from exacouple.waveforms.report import write_report
from exacouple.waveforms.scoring import MAX_LAG_S, Score, score
from exacouple.waveforms.screening import Finding, screen
from exacouple.waveforms.selection import Selection, select_finished, select_named

__all__ = [
    "MAX_LAG_S",
    "OBSERVED",
    "Aligned",
    "Buoy",
    "Comparison",
    "Finding",
    "Lag",
    "Run",
    "Score",
    "Selection",
    "align",
    "arrival_time",
    "compare",
    "correlation",
    "interpolate",
    "normalised_rmse",
    "peak",
    "read_observations",
    "regular_axis",
    "rmse",
    "score",
    "screen",
    "select_finished",
    "select_named",
    "time_lag",
    "to_json",
    "waveforms_dataset",
    "write_report",
]
