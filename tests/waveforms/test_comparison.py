"""Cases against a reference, buoy by buoy."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exacouple.cases import Case
from exacouple.errors import ExacoupleError, UsageError
from exacouple.gauge import Gauge
from exacouple.waveforms.comparison import Comparison, compare
from exacouple.waveforms.scoring import Score

END_S = 2000.0


def _pulse(at: float, height: float = 1.0) -> Any:
    return lambda time: height * np.exp(-(((time - at) / 120.0) ** 2))


def _compare(reference: Path, *others: Path, **options: Any) -> Comparison:
    return compare(Case.open(reference), [Case.open(path) for path in others], **options)


def _score(comparison: Comparison, buoy: str, case: str, against: str | None) -> Score:
    (found,) = (
        item
        for item in comparison.scores
        if (item.buoy, item.case, item.against) == (buoy, case, against)
    )
    return found


def test_late_and_lower_wave_is_scored_so(make_case) -> None:
    """A wave 60 s later and a fifth lower: once the lag is removed, a fifth is left."""
    reference = make_case("o", {"A1": _pulse(600.0), "B2": _pulse(1200.0)})
    other = make_case("s", {"A1": _pulse(660.0, 0.8), "B2": _pulse(1200.0)}, source="smoothed")
    comparison = _compare(reference, other)
    late = _score(comparison, "A1", "smoothed", "original")
    assert late.lag_s == pytest.approx(60.0, abs=0.5)
    assert late.peak_m == pytest.approx(0.8, abs=2e-3)
    before = math.sqrt(1.0 + 0.8**2 - 2.0 * 0.8 * math.exp(-(60.0**2) / (2.0 * 120.0**2)))
    assert late.nrmse == pytest.approx(before, abs=5e-3)
    assert late.nrmse_lag_removed == pytest.approx(0.2, abs=5e-3)
    assert late.correlation_lag_removed == pytest.approx(1.0, abs=1e-4)
    same = _score(comparison, "B2", "smoothed", "original")
    assert (same.rmse_m, same.nrmse, same.correlation) == (0.0, 0.0, 1.0)
    assert same.lag_s == pytest.approx(0.0, abs=1e-9)


def test_every_record_has_its_own_peak_and_arrival(make_case) -> None:
    """The reference's stand beside those of the others, without scores."""
    comparison = _compare(make_case("o"), make_case("f", source="flat"))
    own = _score(comparison, "A1", "original", None)
    assert own.peak_m == pytest.approx(1.0, abs=2e-3)
    assert own.peak_time_s == pytest.approx(600.0, abs=4.0)
    assert own.arrival_s == pytest.approx(600.0 - 120.0 * np.sqrt(np.log(10.0)), abs=4.0)
    assert own.rmse_m is None


def test_observed_records_are_a_second_reference(make_case) -> None:
    """All cases are scored against it, the reference too, where both have values."""
    time = np.arange(36.0, 5000.0, 60.0)
    observed = {"A1": Gauge(id="A1", time=time, eta=_pulse(700.0)(time))}
    comparison = _compare(make_case("o"), make_case("f", source="flat"), observed=observed)
    against = _score(comparison, "A1", "original", "observed")
    assert against.lag_s == pytest.approx(-100.0, abs=5.0)
    assert (against.start_s, against.end_s) == (40.0, END_S)
    assert _score(comparison, "A1", "observed", None).peak_m == pytest.approx(1.0, abs=0.1)
    assert not [item for item in comparison.scores if item.buoy == "B2" and item.case == "observed"]


def test_observed_record_that_ends_before_the_run_gives_a_word(make_case) -> None:
    """No common interval is no score of zero."""
    time = np.arange(3000.0, 9000.0, 60.0)
    observed = {"A1": Gauge(id="A1", time=time, eta=_pulse(4000.0)(time))}
    comparison = _compare(make_case("o"), make_case("f", source="flat"), observed=observed)
    assert _score(comparison, "A1", "original", "observed").word == "no overlap"


def test_flat_observed_record_is_not_scored_against(make_case) -> None:
    """A dead sensor is no reference."""
    time = np.arange(0.0, 2000.0, 60.0)
    observed = {"A1": Gauge(id="A1", time=time, eta=0.0 * time)}
    comparison = _compare(make_case("o"), observed=observed)
    assert _score(comparison, "A1", "observed", None).word == "no wave"
    assert all(item.against is None for item in comparison.scores)


def test_bad_gauges_get_words_and_the_others_their_scores(make_case) -> None:
    """One missing, unreadable or dead file does not end the comparison."""
    reference = make_case("o")
    missing = make_case("m", {"A1": _pulse(600.0)}, source="smoothed")
    broken = make_case("b", source="flat")
    (broken / "probes" / "B2-rank-0.probe").write_text("# plot-time, real-time\n0, 0\n")
    still = make_case("z", {"A1": _pulse(600.0), "B2": lambda t: 0.0 * t}, source="still")
    comparison = _compare(reference, missing, broken, still)
    words = {
        case: _score(comparison, "B2", case, None).word for case in ("smoothed", "flat", "still")
    }
    assert words == {"smoothed": "missing", "flat": "unreadable", "still": "no wave"}
    for case in words:
        assert _score(comparison, "A1", case, "original").nrmse == 0.0
    assert any("'variables': 0" in warning for warning in comparison.warnings)


def test_reference_without_a_usable_buoy_is_an_error(make_case) -> None:
    """The message has the reason of every buoy."""
    with pytest.raises(ExacoupleError, match="A1: missing, no probe file; B2: missing"):
        _compare(make_case("o", {}), make_case("f", source="flat"))


def test_lag_beyond_the_bound_has_no_lag_removed_scores(make_case) -> None:
    """What cannot be aligned is not aligned at the bound."""
    reference = make_case("o", {"A1": _pulse(600.0), "B2": _pulse(600.0)})
    other = make_case("f", {"A1": _pulse(700.0), "B2": _pulse(600.0)}, source="flat")
    comparison = _compare(reference, other, max_lag=60.0)
    late = _score(comparison, "A1", "flat", "original")
    assert late.lag_s is late.rmse_lag_removed_m is late.nrmse_lag_removed is None
    assert late.detail == "no lag: the correlation still grows at 60 s"
    assert late.rmse_m is not None


def test_run_that_was_cut_short_is_not_scored(make_case) -> None:
    """Taken by hand, without state.json, its probe files end before the end time."""
    other = make_case("f", source="flat", end_time_s=4000.0, status=None)
    comparison = _compare(make_case("o"), other)
    assert _score(comparison, "A1", "flat", None).word == "too short"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"region": "chile"}, "is of region chile"),
        ({"event_origin": "2011-03-11T05:48:15Z"}, "lags would mean nothing"),
    ],
)
def test_cases_that_mean_other_times_or_places_are_refused(
    make_case, changes: dict[str, str], said: str
) -> None:
    """Published origins of the 2011 event differ by up to 142 s, as much as the lags."""
    with pytest.raises(UsageError, match=said):
        _compare(make_case("o"), make_case("f", source="flat", **changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"end_time_s": 1900.0}, "ends at 1900 s"),
        (
            {"mesh": {"cells": [79, 79], "cell_size_m": 22759.5, "order": 3}},
            "another mesh than the reference .79 x 79 cells of order 3; 25 x 25 cells of order 2",
        ),
        ({"projection": "EPSG:32654"}, "another projection"),
    ],
)
def test_what_else_differs_is_said(make_case, changes: dict[str, Any], said: str) -> None:
    """Scores between meshes are welcome, but they are not of the seabed alone."""
    comparison = _compare(make_case("o"), make_case("f", source="flat", **changes))
    assert any(said in warning.replace("(", ".") for warning in comparison.warnings)


def test_other_displacement_and_engine_are_said(make_case) -> None:
    """Then waveforms differ for more than one reason."""
    other = make_case("f", source="flat")
    _change(other / "case.json", "files", {"displacement.nc": "0" * 64})
    _change(other / "state.json", "engine", "exahype")
    said = " ".join(_compare(make_case("o"), other).warnings)
    assert "another displacement" in said
    assert "another engine than the reference (exahype; embedded)" in said


def test_a_moving_sea_floor_is_another_displacement(make_case) -> None:
    """It ends where the other one is from the start, so that displacement.nc is the same."""
    other = make_case("f", source="flat")
    files = json.loads((other / "case.json").read_text())["files"]
    _change(other / "case.json", "files", {**files, "motion.nc": "0" * 64})
    assert "another displacement" in " ".join(_compare(make_case("o"), other).warnings)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"coriolis": True}, "Coriolis force"),
        ({"manning": 0.025}, "Manning 0.025"),
        ({"precision": "single"}, "single precision"),
    ],
)
def test_other_forces_are_said(make_case, change: dict[str, Any], said: str) -> None:
    """They change the wave more than many a sea floor."""
    other = make_case("f", source="flat")
    config = json.loads((other / "case.json").read_text())["region_config"]
    simulation = {**config["simulation"], **change}
    _change(other / "case.json", "region_config", {**config, "simulation": simulation})
    (warning,) = _compare(make_case("o"), other).warnings
    assert "another physics" in warning
    assert said in warning


def _change(path: Path, key: str, value: Any) -> None:
    table = json.loads(path.read_text())
    table[key] = value
    path.write_text(json.dumps(table))


def test_same_settings_give_no_warning(make_case) -> None:
    """A warning that always comes is not read."""
    assert _compare(make_case("o"), make_case("f", source="flat")).warnings == ()


def test_buoy_that_was_moved_is_not_compared(make_case) -> None:
    """The same id 1 km away is another place."""
    moved = {"A1": (301e3, 100e3), "C3": (0.0, 0.0)}
    other = make_case("f", source="flat", buoys=moved)
    comparison = _compare(make_case("o"), other)
    assert _score(comparison, "A1", "flat", None).word == "elsewhere"
    assert _score(comparison, "B2", "flat", None).detail == "the case has no such buoy"


def test_labels_are_sources_unless_two_are_the_same(make_case) -> None:
    """Two originals on two meshes are told apart by their directories."""
    coarse, fine, flat = make_case("coarse"), make_case("fine"), make_case("f", source="flat")
    assert [run.label for run in _compare(coarse, flat).runs] == ["original", "flat"]
    assert [run.label for run in _compare(coarse, fine).runs] == ["coarse", "fine"]


def test_unknown_buoy_and_too_small_bound_are_refused(make_case) -> None:
    """Both are mistyped options."""
    case = make_case("o")
    record = Gauge(id="X", time=np.arange(3.0), eta=np.arange(3.0))
    with pytest.raises(UsageError, match=r"no buoy X .*there are: A1, B2"):
        _compare(case, observed={"X": record})
    with pytest.raises(UsageError, match="shorter than one step"):
        _compare(case, max_lag=1.0)
