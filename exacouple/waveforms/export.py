"""Write comparisons for programs: JSON, CSV, and the waveforms as a CF NetCDF timeSeries."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from exacouple import __version__
from exacouple.gauge import Gauge
from exacouple.waveforms.alignment import interpolate, regular_axis
from exacouple.waveforms.comparison import OBSERVED, Comparison, Run
from exacouple.waveforms.scoring import ARRIVAL_FRACTION, ARRIVAL_HOLD_S, Score

SCHEMA = "exacouple-compare/1"

DEFINITIONS = {
    "against": "label of what the waveform is scored against; null for the record by itself",
    "word": "why there are no scores; null where there are",
    "start_s, end_s": "interval of all numbers of the row, in s after event_origin",
    "rmse_m": "root mean square of (waveform - against)",
    "nrmse": "rmse_m over the root mean square of `against`; 1 is the score of still water",
    "correlation": "Pearson's correlation coefficient",
    "peak_m, peak_time_s": "greatest water height above mean sea level, and the row it stands in",
    "arrival_s": (
        f"first upward crossing of {ARRIVAL_FRACTION:.0%} of the waveform's own peak that is held "
        f"for {ARRIVAL_HOLD_S:g} s, at the latest the one before the peak"
    ),
    "lag_s": (
        "lag of greatest cross-correlation within max_lag_s, refined below one step; positive "
        "when the waveform arrives later than `against`"
    ),
    "*_lag_removed": "the same scores after the waveform was moved by lag_s",
}
"""What the numbers of a comparison mean, as it stands in ``metrics.json``."""


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain JSON values; what has no meaning is None."""
    return {
        "region": comparison.region,
        "title": comparison.title,
        "event_origin": comparison.origin,
        "reference": comparison.reference.label,
        "step_s": comparison.step,
        "max_lag_s": comparison.max_lag,
        "cases": [_describe_run(run) for run in comparison.runs],
        "buoys": [asdict(buoy) for buoy in comparison.buoys],
        "observed": [
            {"buoy": buoy, "file": str(gauge.files[0]), "warnings": list(gauge.warnings)}
            for buoy, gauge in comparison.observed.items()
        ],
        "scores": [asdict(score) for score in comparison.scores],
        "warnings": list(comparison.warnings),
    }


def write_csv(path: Path, comparisons: Sequence[Comparison]) -> None:
    """Write all scores as one table: region, then the fields of `Score`; empty where None."""
    columns = ["region", *(field.name for field in fields(Score))]
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        for comparison in comparisons:
            for score in comparison.scores:
                writer.writerow({"region": comparison.region, **asdict(score)})


def waveforms_dataset(comparison: Comparison) -> xr.Dataset:
    """Return all waveforms that passed the screening on the common time axis.

    Returns
    -------
    Dataset
        ``eta(waveform, time)`` in metres above mean sea level, NaN outside of a record, after the
        CF conventions for ``timeSeries``: one instance for each pair of case and buoy, named by
        ``waveform_id`` (``case/buoy``), placed by ``lat`` and ``lon`` in degrees. Times are
        seconds since the event origin. Observed records are cut at the end of the runs.
    """
    records: list[tuple[str, str, Gauge]] = [
        (run.label, buoy, gauge) for run in comparison.runs for buoy, gauge in run.gauges.items()
    ]
    start = min(gauge.time[0] for _, _, gauge in records)
    end = max(gauge.time[-1] for _, _, gauge in records)
    axis = regular_axis(start, end, step=comparison.step)
    records += [(OBSERVED, buoy, gauge) for buoy, gauge in comparison.observed.items()]
    place = {buoy.id: buoy for buoy in comparison.buoys}
    eta = np.stack([interpolate(gauge.time, gauge.eta, axis) for _, _, gauge in records])
    since = comparison.origin.replace("T", " ").replace("Z", "")
    attributes: Mapping[str, Mapping[str, str]] = {
        "eta": {
            "long_name": "water height above mean sea level",
            "standard_name": "sea_surface_height_above_mean_sea_level",
            "units": "m",
        },
        "time": {
            "long_name": "time",
            "standard_name": "time",
            "units": f"seconds since {since}",
            "calendar": "standard",
            "axis": "T",
        },
        "waveform_id": {"long_name": "case and buoy", "cf_role": "timeseries_id"},
        "case": {"long_name": "label of the case, or observed"},
        "buoy": {"long_name": "id of the buoy"},
        "lat": {"long_name": "latitude", "standard_name": "latitude", "units": "degrees_north"},
        "lon": {"long_name": "longitude", "standard_name": "longitude", "units": "degrees_east"},
    }
    text = {
        "waveform_id": [f"{case}/{buoy}" for case, buoy, _ in records],
        "case": [case for case, _, _ in records],
        "buoy": [buoy for _, buoy, _ in records],
    }
    places = {
        "lat": [place[buoy].lat for _, buoy, _ in records],
        "lon": [place[buoy].lon for _, buoy, _ in records],
    }
    return xr.Dataset(
        {"eta": (("waveform", "time"), eta, attributes["eta"])},
        coords={
            "time": ("time", axis, attributes["time"]),
            **{
                name: ("waveform", values, attributes[name])
                for name, values in (text | places).items()
            },
        },
        attrs={
            "Conventions": "CF-1.8",
            "featureType": "timeSeries",
            "title": f"Water heights at the buoys: {comparison.title}",
            "source": "water heights of simulations at gauges, and observed records",
            "history": f"written by exacouple compare {__version__}",
            "reference_case": comparison.reference.label,
            "event_origin": comparison.origin,
        },
    )


def write_waveforms(path: Path, comparison: Comparison) -> None:
    """Write `waveforms_dataset` as NetCDF-4."""
    dataset = waveforms_dataset(comparison)
    encoding: dict[str, dict[str, Any]] = {
        name: {"_FillValue": None} for name in ("time", "lat", "lon")
    }
    encoding["eta"] = {"_FillValue": np.nan, "zlib": True}
    dataset.to_netcdf(path, engine="netcdf4", format="NETCDF4", encoding=encoding)


def _describe_run(run: Run) -> dict[str, Any]:
    manifest = run.case.manifest
    return {
        "label": run.label,
        "directory": str(run.case.path),
        "source": dict(manifest["source"]),
        "mesh": dict(manifest["mesh"]),
        "end_time_s": manifest["end_time_s"],
        "warnings": [warning for gauge in run.gauges.values() for warning in gauge.warnings],
    }
