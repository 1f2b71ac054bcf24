"""Peak files, against what upstream's probe writers write."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from exacouple.engine.peakfiles import PeakFile, peak_files
from exacouple.engine.plotters import Probe

LEVEL_0 = "ApplicationExamples/SWE/SWE_asagi_limited_l0"
HEIGHTS = {0.0: 0.0, 1847.5905: 0.0016750190001, 2480.0: 0.0005, 2505.0: 0.001, 2530.0: 0.002}


def _probe(name: str, repeat: float = 10.0) -> Probe:
    return Probe(name, "./Probes/buoy", x=1.0, y=2.0, variables=0, start=0.0, repeat=repeat)


def _record(files: list[PeakFile], heights: dict[float, float]) -> None:
    for time, height in heights.items():
        solver: Any = SimpleNamespace(time=time, sample=lambda x, y, h=height: (4.95, 0, 0, 0, h))
        for file in files:
            file.record(solver)


def test_peak_until_the_first_row_after_2500_s_with_15_decimals(tmp_path: Path) -> None:
    """Upstream prints fixed with digits10 of a double, and never again after the first time."""
    _record(peak_files(LEVEL_0, [_probe("ProbeWriter18")], {"SHARED_DIR": f"{tmp_path}/"}), HEIGHTS)
    lines = (tmp_path / "Probe18outputs.txt").read_text().splitlines()
    assert lines == ["1847.590500000000020", "0.001675019000100"]


def test_second_probe_waits_until_5550_s_and_prints_six_digits(tmp_path: Path) -> None:
    """A C++ stream's default."""
    file = peak_files(LEVEL_0, [_probe("ProbeWriter19")], {"SHARED_DIR": f"{tmp_path}/a-"})
    _record(file, HEIGHTS)
    assert not list(tmp_path.iterdir())
    _record(file, {5560.0: 0.0})
    assert (tmp_path / "a-Probe19outputs.txt").read_text() == "2530\n0.002\n"


def test_only_rows_count(tmp_path: Path) -> None:
    """The writer sees the solution when the plotter is due, not at every step."""
    file = peak_files(LEVEL_0, [_probe("ProbeWriter18", 100.0)], {"SHARED_DIR": f"{tmp_path}/"})
    _record(file, {0.0: 0.0, 50.0: 9.0, 110.0: 1.0, 2600.0: 0.0})
    assert (tmp_path / "Probe18outputs.txt").read_text().splitlines()[0].startswith("110.0")


def test_a_run_that_ends_early_leaves_no_file_of_an_earlier_run(tmp_path: Path) -> None:
    """A sampler would take the peak of another sample for this one's."""
    (tmp_path / "Probe18outputs.txt").write_text("1\n2\n")
    _record(
        peak_files(LEVEL_0, [_probe("ProbeWriter18")], {"SHARED_DIR": f"{tmp_path}/"}), {0.0: 0}
    )
    assert not list(tmp_path.iterdir())


def test_a_run_that_goes_on_keeps_its_peak(tmp_path: Path) -> None:
    """The peak may lie before the checkpoint."""
    probes, shared = [_probe("ProbeWriter18")], {"SHARED_DIR": f"{tmp_path}/"}
    first, second = (peak_files(LEVEL_0, probes, shared)[0] for _ in range(2))
    _record([first], {0.0: 0.0, 1800.0: 0.5})
    second.restore(first.state())
    _record([second], {2600.0: 0.25})
    assert (tmp_path / "Probe18outputs.txt").read_text().splitlines()[0].startswith("1800.0")


@pytest.mark.parametrize(
    ("directory", "name", "environment"),
    [
        ("ApplicationExamples/SWE/exacouple", "ProbeWriter18", {"SHARED_DIR": "./"}),
        (LEVEL_0, "ProbeWriter21418", {"SHARED_DIR": "./"}),
        (LEVEL_0, "ProbeWriter18", {}),
    ],
)
def test_others_write_none(directory: str, name: str, environment: dict[str, str]) -> None:
    """Only upstream's two writers do, and only where they are told to by SHARED_DIR."""
    assert peak_files(directory, [_probe(name)], environment) == []
