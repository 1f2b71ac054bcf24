"""Submission to SLURM, with a small program in the place of ``sbatch``."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from exacouple.cases.site import Site, load_site
from exacouple.errors import UsageError
from exacouple.launch import Outcome, RunState, read_state, submit_cases
from exacouple.launch.state import write_state


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return the profile of a cluster that takes every job as number 12."""
    sbatch = tmp_path / "bin" / "sbatch"
    sbatch.parent.mkdir()
    sbatch.write_text("#!/bin/sh\necho 12\n")
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", f"{sbatch.parent}{os.pathsep}{os.environ['PATH']}")
    profile = tmp_path / "here.toml"
    profile.write_text('base = "embedded-slurm"\nname = "here"\n')
    return load_site(profile)


def _unexpected(outcome: Outcome) -> None:
    raise AssertionError(outcome)


def test_case_of_another_machine_is_submitted_only_with_force(
    site: Site, make_case: Callable[[], Path]
) -> None:
    """Whether a process of another login node lives is for the user to say, as in a run here."""
    case = make_case()
    running = RunState("running", "embedded", ("x",), 1, "boot:1", "elsewhere", "then", "0" * 64)
    write_state(case, running)
    with pytest.raises(UsageError, match=r"being run on elsewhere .* use --force"):
        submit_cases([case], site, on_outcome=_unexpected)
    assert submit_cases([case], site, force=True, on_outcome=_unexpected) == [case]
    state = read_state(case)
    assert state is not None
    assert state.job == "12"
