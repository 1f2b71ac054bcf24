"""Site profiles are read strictly, build on each other, and quote what goes to a shell."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exacouple.cases.site import expand, load_site, shell_word
from exacouple.errors import UsageError

PROFILE = """\
schema = 1
name = "mine"
executable = "bin/ExaHyPE-SWE"

[application]
title = "mine"
output_directory = "ApplicationExamples/SWE/mine"
order = 2
plotters = [{name = "One"}, {name = "Grid", type = "vtk::Cartesian::vertices::ascii"}]
writes = ["eta"]
"""


@pytest.fixture
def profile(tmp_path):
    """Return a function that writes a profile with further lines on top and in [application]."""

    def write(top="", application="", name="mine.toml", text=PROFILE):
        file = tmp_path / name
        file.write_text(f"{top}\n{text}{application}\n")
        return file

    return write


@pytest.mark.parametrize("level", ["l0", "l1", "l2"])
def test_probe_writers_as_published_fill_nothing(level):
    """The upstream application is described as published and with writers that fill."""
    assert load_site(f"upstream-{level}").application.writes == ()
    assert load_site(f"upstream-{level}-probes").application.writes != ()


@pytest.mark.parametrize("level", ["l0", "l1", "l2"])
def test_upstream_with_probes_differs_only_in_its_writers(level):
    """A profile on top of a shipped one keeps all that it does not name."""
    published, filled = load_site(f"upstream-{level}"), load_site(f"upstream-{level}-probes")
    assert filled.application.writes == ("h", "hu", "hv", "b", "eta")
    assert filled.application.plotters == published.application.plotters
    assert filled.application.domain_km == (-499.0, -949.0, 1798.0, 1798.0)


def test_base_is_changed_key_by_key(profile, tmp_path):
    """Tables are merged, values of the profile win, the base may be a file beside it."""
    profile()
    above = tmp_path / "above.toml"
    above.write_text(
        'base = "mine.toml"\nname = "above"\nlauncher = "mpirun"\nranks = 3\n'
        "[application]\norder = 3\n"
    )
    site = load_site(above)
    assert (site.name, site.profile.ranks, site.application.order) == ("above", 3, 3)
    assert site.application.output_directory == "ApplicationExamples/SWE/mine"


def test_executable_is_relative_to_the_profile(profile, tmp_path, monkeypatch):
    """The working directory does not matter; a plain name is left to the search path."""
    file = profile()
    monkeypatch.chdir("/")
    assert load_site(file).executable == str(tmp_path / "bin" / "ExaHyPE-SWE")
    assert load_site("upstream-l2").executable == "ExaHyPE-SWE"


def test_paths_of_a_base_count_from_its_folder(tmp_path):
    """A profile elsewhere changes the launcher of a build; the build stays where it is."""
    build, mine = tmp_path / "build", tmp_path / "mine"
    build.mkdir()
    mine.mkdir()
    (build / "site.toml").write_text(
        'base = "exacouple"\nname = "built"\nexecutable = "./ExaHyPE-exacouple"\n'
    )
    (build / "peano.toml").write_text(
        'base = "peano-config"\nname = "peano"\n[exahype2]\nconfig = "mine.json"\ncells = 81\n'
    )
    (mine / "mpi.toml").write_text(
        'base = "../build/site.toml"\nname = "mpi"\nlauncher = "mpirun"\nranks = 3\n'
    )
    (mine / "peano.toml").write_text('base = "../build/peano.toml"\nranks = 1\n')
    assert load_site(mine / "mpi.toml").executable == str(build / "ExaHyPE-exacouple")
    assert load_site(mine / "peano.toml").exahype2_config == build / "mine.json"


def test_shift_file_is_found_in_the_case(profile):
    """SHARED_DIR is a prefix that needs its slash; without a shift file it is not set."""
    assert load_site("upstream-l2").variables == {"SHARED_DIR": "./"}
    assert load_site(profile()).variables == {}


@pytest.mark.parametrize(
    ("top", "application", "message"),
    [
        ("rank = 2", "", "unknown key 'rank', did you mean 'ranks'"),
        ("", "ordre = 2", "unknown key 'ordre', did you mean 'order'"),
        ("ranks = 0", "", "ranks 0 must be 1 or more"),
        ("ranks = 2", "", "'local' starts one process: give launcher 'mpirun'"),
        ('launcher = "ssh"', "", "expected one of 'local', 'mpirun', 'slurm'"),
        ("", "single_rank = true\n[slurm]\nnodes = 0", "nodes 0 must be 1 or more"),
        ('environment = {"A B" = "1"}', "", "'A B' is no name of a variable"),
        ('modules = [""]', "", "modules: '' is no word"),
        ("", 'easi_file = "../data.yaml"', "easi_file '../data.yaml': give a plain name"),
        ("", 'probes_folder = ""', "ExaHyPE writes no probes without one"),
        (
            'environment = {SHARED_DIR = "/elsewhere/"}',
            'shift_file = "inputs.txt"',
            "environment.SHARED_DIR: leave it out",
        ),
        (
            'launcher = "mpirun"\nranks = 2',
            "single_rank = true",
            "crashes with two or more ranks",
        ),
        ('base = "mine.toml"', "", "its own base"),
        ('base = "upstream-l3"', "", "did you mean 'upstream-l"),
        ("base = 3", "", "expected the name or path of a profile, got 3"),
    ],
)
def test_wrong_profile_is_refused_with_the_reason(profile, top, application, message):
    """The message names the file, the key and what to do."""
    file = profile(top, application)
    with pytest.raises(UsageError, match=r"mine\.toml") as caught:
        load_site(file)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('plotters = [{name = "Grid", type = "vtk"}]', "no buoy can be recorded"),
        ("plotters = []", "no buoy can be recorded"),
        ('writes = ["eta", "eta"]', "a column is named twice"),
        ('writes = ["height"]', "expected one of 'h', 'hu', 'hv', 'b', 'eta'"),
        ("order = 0", "order 0 must be 1 or more"),
    ],
)
def test_impossible_application_is_refused(profile, line, message):
    """A build that records nothing, or the same twice, is none."""
    key = line.partition(" =")[0]
    kept = [text for text in PROFILE.splitlines() if not text.startswith(key)]
    file = profile(application=line, text="\n".join(kept) + "\n")
    with pytest.raises(UsageError) as caught:
        load_site(file)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("upstrem-l1", "did you mean 'upstream-l1'"),
        ("nowhere.toml", "nowhere.toml: no such site profile"),
        ("no/where", "no/where: no such site profile"),
        (".", "is a directory: a site profile is a TOML file"),
    ],
)
def test_unknown_profile_is_told(name, message):
    """A typing error is answered with what there is."""
    with pytest.raises(UsageError) as caught:
        load_site(name)
    assert message in str(caught.value)


TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)


@given(st.lists(st.one_of(TEXT, st.just("${PLACE}"), st.just("${GONE}")), max_size=4).map("".join))
def test_shell_reads_a_value_as_it_is_meant(value):
    """Bash makes of a quoted value what is made of it without a shell, whatever is in it."""
    environment = {"PATH": os.environ["PATH"], "PLACE": "a 'b' $c", "LC_ALL": "C.UTF-8"}
    script = f'X={shell_word(value)}; printf "%s" "$X"'
    shown = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, check=True
    ).stdout
    assert shown.decode() == expand(value, environment)


def test_profile_of_the_embedded_engine_needs_no_build(tmp_path):
    """It says only how that engine is started; the shipped one does so in jobs."""
    site = load_site("embedded-slurm")
    assert site.is_embedded
    assert site.profile.launcher == "slurm"
    assert site.executable == sys.executable
    file = tmp_path / "mine.toml"
    file.write_text('base = "embedded-slurm"\nname = "mine"\nexecutable = "bin/python"\n')
    assert load_site(file).executable == str(tmp_path / "bin" / "python")


def test_embedded_engine_on_top_of_a_build_keeps_what_jobs_ask_for(profile, tmp_path):
    """The application of the base is left alone, and its variables do not count."""
    profile(application='shift_file = "inputs.txt"')
    file = tmp_path / "embedded.toml"
    file.write_text(
        'base = "mine.toml"\nengine = "embedded"\nexecutable = ""\nlauncher = "slurm"\n'
        '[slurm]\npartition = "deep"\n'
    )
    site = load_site(file)
    assert (site.variables, site.profile.slurm.partition) == ({}, "deep")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('executable = "x"', "key 'application' is missing"),
        ('engine = "embedded"\nlauncher = "mpirun"', "one process with threads"),
        ('engine = "embedded"\nlauncher = "slurm"\nranks = 3', "one process with threads"),
        ('engine = "embeded"', "did you mean 'embedded'"),
    ],
)
def test_engine_of_a_profile_is_checked(tmp_path, text, message):
    """What is missing, or does not fit, is told."""
    file = tmp_path / "mine.toml"
    file.write_text(f'schema = 1\nname = "mine"\n{text}\n')
    with pytest.raises(UsageError) as caught:
        load_site(file)
    assert message in str(caught.value)


def test_ranks_of_jobs_count_for_a_build_that_crashes_with_two(profile):
    """`slurm.ntasks` is as bad as `ranks`."""
    top = 'launcher = "slurm"\nslurm = {ntasks = 4}'
    with pytest.raises(UsageError, match="crashes with two or more ranks"):
        load_site(profile(top=top, application="single_rank = true"))
