"""Files for other programs, read without our own code."""

import csv
import json
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

from exacouple.cases import Case
from exacouple.gauge import Gauge
from exacouple.waveforms.comparison import Comparison, compare
from exacouple.waveforms.export import to_json, write_csv, write_waveforms


@pytest.fixture
def comparison(make_case) -> Comparison:
    """Reference and one case; B2 of the case is missing, A1 is observed from 36 s on."""
    reference = make_case("o")
    other = make_case("f", {"A1": lambda t: 0.5 * np.sin(t / 300.0)}, source="flat")
    time = np.arange(36.0, 9000.0, 60.0)
    observed = {"A1": Gauge("A1", time, np.cos(time / 300.0), files=(Path("A1.csv"),))}
    return compare(Case.open(reference), [Case.open(other)], observed=observed)


def test_waveforms_are_a_cf_time_series(comparison: Comparison, tmp_path: Path) -> None:
    """CF 1.8, chapter 9: feature type, an identifier per instance, its place, and time."""
    path = tmp_path / "waveforms.nc"
    write_waveforms(path, comparison)
    with netCDF4.Dataset(path) as dataset:
        assert dataset.Conventions == "CF-1.8"
        assert dataset.featureType == "timeSeries"
        (identifier,) = dataset.get_variables_by_attributes(cf_role="timeseries_id")
        assert list(identifier[:]) == ["original/A1", "original/B2", "flat/A1", "observed/A1"]
        eta = dataset["eta"]
        assert eta.dimensions == ("waveform", "time")
        assert eta.units == "m"
        assert {"lat", "lon", "waveform_id"} <= set(eta.coordinates.split())
        assert dataset["lat"].units == "degrees_north"
        assert dataset["lon"].units == "degrees_east"
        first = netCDF4.num2date(dataset["time"][0], dataset["time"].units)
        assert first.isoformat() == "2011-03-11T05:46:24"
        assert np.allclose(np.diff(dataset["time"][:]), 5.0)


def test_waveforms_keep_heights_and_what_is_not_known(
    comparison: Comparison, tmp_path: Path
) -> None:
    """Between rows 7.3 s apart a wave of 300 s is kept to a millimetre; no value is made up."""
    path = tmp_path / "waveforms.nc"
    write_waveforms(path, comparison)
    with netCDF4.Dataset(path) as dataset:
        time = dataset["time"][:]
        eta = np.ma.filled(dataset["eta"][:], np.nan)
    assert np.abs(eta[2] - 0.5 * np.sin(time / 300.0)).max() < 1e-3
    assert np.isnan(eta[3, time < 36.0]).all()
    assert np.isfinite(eta[3, time >= 36.0]).all()
    assert 2000.0 <= time[-1] < 2010.0


def test_hdf5_without_any_netcdf_library_reads_the_same(
    comparison: Comparison, tmp_path: Path
) -> None:
    """h5py knows nothing of the library that writes."""
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "waveforms.nc"
    write_waveforms(path, comparison)
    with h5py.File(path) as file, netCDF4.Dataset(path) as dataset:
        ours = np.ma.filled(dataset["eta"][:], np.nan)
        assert np.array_equal(file["eta"][:], ours, equal_nan=True)
        assert list(file["case"].asstr()[:]) == list(dataset["case"][:])


def test_json_knows_no_nan_and_says_what_was_compared(comparison: Comparison) -> None:
    """Words in place of numbers, null where a number has no meaning."""
    table: dict[str, Any] = json.loads(json.dumps(to_json(comparison), allow_nan=False))
    assert table["reference"] == "original"
    assert [case["label"] for case in table["cases"]] == ["original", "flat"]
    words = {(row["buoy"], row["case"]): row["word"] for row in table["scores"]}
    assert words["B2", "flat"] == "missing"
    assert table["observed"][0] == {"buoy": "A1", "file": "A1.csv", "warnings": []}


def test_csv_has_one_row_per_score_with_units_in_its_head(
    comparison: Comparison, tmp_path: Path
) -> None:
    """The same numbers as in the JSON, empty where null."""
    path = tmp_path / "metrics.csv"
    write_csv(path, [comparison])
    with open(path, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    scores = to_json(comparison)["scores"]
    assert len(rows) == len(scores)
    for row, score in zip(rows, scores, strict=True):
        assert row["region"] == "test"
        for key in ("rmse_m", "lag_s", "peak_m"):
            assert row[key] == ("" if score[key] is None else str(score[key]))
