"""The engine against the probe files of the real ExaHyPE."""

from exacouple.verification.registry import CHECKS, run
from exacouple.verification.results import Inputs


def test_probe_files_of_exahype(reference_dir):
    """Water height, crest and its time agree for both levels of the application."""
    check = next(c for c in CHECKS if c.name == "real-engine")
    rows = list(run(check, Inputs(reference=reference_dir)))
    assert [row.status for row in rows] == ["passed"] * 6
