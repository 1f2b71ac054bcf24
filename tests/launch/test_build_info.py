"""What an ExaHyPE executable says of itself is held against its profile."""

from dataclasses import replace
from pathlib import Path

import pytest

from exacouple.cases import load_site
from exacouple.cases.application import Plotter
from exacouple.launch.build_info import contradictions, read_build_info

VERSION = Path(__file__).parents[1] / "data" / "exahype1" / "logs" / "version.stdout.txt"


@pytest.fixture
def info():
    """Return what the real level 0 says."""
    return read_build_info(VERSION.read_text())


def test_real_answer_is_understood(info):
    """Order, names and plotters stand in lines of their own, more or less."""
    assert info.is_exahype
    assert (info.order, info.dimensions, info.mpi) == (2, 2, True)
    assert (info.project, info.solver) == ("SWE", "MySWESolver")
    assert info.plotters == ("ProbeWriter18", "ProbeWriter19", "Writer")


@pytest.mark.parametrize("level", ["l0", "l1", "l2"])
def test_shipped_profiles_agree_with_it(info, level):
    """All levels are compiled with the same order, names and plotters."""
    assert contradictions(info, load_site(f"upstream-{level}").application) == []


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"order": 3}, "set application.order = 2"),
        ({"solver": "Other"}, "set application.solver = 'MySWESolver'"),
        ({"project": "Sea"}, "set application.project = 'SWE'"),
        ({"plotters": (Plotter("One"),)}, "compiled with 3 plotters"),
        ({"plotters": (Plotter("A"), Plotter("B"), Plotter("C"))}, "in that order"),
    ],
)
def test_contradiction_says_what_to_change(info, changes, advice):
    """Each is one message with the key of the profile."""
    application = replace(load_site("upstream-l0").application, **changes)
    (found,) = contradictions(info, application)
    assert advice in found


def test_other_dimension_is_no_use(info):
    """The profile has no key for it."""
    application = load_site("upstream-l0").application
    (found,) = contradictions(replace(info, dimensions=3), application)
    assert "build it for 2" in found


def test_other_program_says_nothing():
    """What is not said contradicts nothing."""
    info = read_build_info("GNU bash, version 5.2\n")
    assert not info.is_exahype
    assert contradictions(info, load_site("upstream-l0").application) == []
