"""``prepare`` and ``run`` with a site profile, with small programs in the place of ExaHyPE."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exacouple.launch import read_state
from exacouple.probes import read_case_probes

FAKE = Path(__file__).parents[1] / "launch" / "fake_exahype.py"


@pytest.fixture
def prepare(exacouple, bay):
    """Return a function that prepares the original case of the bay."""

    def run(profile, *options):
        result = exacouple(
            "prepare", "--source", "original", "--region", bay, "--only", "--engine", "exahype",
            "--site", profile, *options,
        )  # fmt: skip
        assert result.exit_code == 0, result.stderr
        return Path("runs/bay-original-mine")

    return run


def surroundings(case, rank=0):
    """Return what a rank of the fake has seen: arguments, shift and environment."""
    return json.loads((case / f"seen-by-{rank}.json").read_text())


def test_case_is_prepared_and_run_on_the_site(exacouple, site, prepare):
    """The mesh is said before, the result is judged, the probes can be read in metres."""
    profile = site()
    case = prepare(profile)
    result = exacouple("run", "--site", profile)
    assert result.exit_code == 0, result.stderr
    assert "7 x 7 cells (3^2 - 1 - 1) of 28.57 km, order 2, time step 11 s, 55" in result.stderr
    state = read_state(case)
    assert state is not None
    assert (state.status, state.engine, state.step) == ("finished", "exahype", 55)
    gauge = read_case_probes(case)["A1"]
    assert gauge.h is not None
    assert gauge.h[0] == 4000.0
    assert gauge.time[-1] >= 600.0


def test_words_and_variables_arrive_as_they_are(exacouple, site, prepare, monkeypatch):
    """Blanks, quotes and dollars are data, and only ${NAME} stands for a variable."""
    monkeypatch.setenv("OLD", "it's old")
    monkeypatch.setenv("SHARED_DIR", "/another's/")
    top = 'environment = {PLAIN = "a \'b\' $c; d", JOINED = "new:${OLD}", OMP_NUM_THREADS = "1"}'
    profile = site(top)
    case = prepare(profile)
    assert exacouple("run", "--site", profile, "--threads", "3").exit_code == 0
    seen = surroundings(case)
    assert seen["argv"][1:] == ["tsunami.exahype2"]
    assert seen["PLAIN"] == "a 'b' $c; d"
    assert seen["JOINED"] == "new:it's old"
    assert seen["SHARED_DIR"] == "./"
    assert seen["shift"] == ["0.0", "0.0"]
    assert seen["OMP_NUM_THREADS"] == "3"


def test_modules_are_loaded_before_the_variables_are_set(
    exacouple, site, prepare, tmp_path, monkeypatch
):
    """A variable may add to what a module has set."""
    init = tmp_path / "modules" / "init"
    init.mkdir(parents=True)
    (init / "bash").write_text('module() { export LOADED="${LOADED-}$2;" FROM_MODULE=/m; }\n')
    monkeypatch.setenv("MODULESHOME", str(init.parent))
    profile = site(
        'modules = ["net cdf/4.9", "python"]\n'
        'environment = {JOINED = "/mine \'x\':${FROM_MODULE}", LOST = "${NOWHERE}"}'
    )
    case = prepare(profile)
    result = exacouple("run", "--site", profile)
    assert result.exit_code == 0, result.stderr
    seen = surroundings(case)
    assert seen["LOADED"] == "net cdf/4.9;python;"
    assert seen["JOINED"] == "/mine 'x':/m"
    assert (seen["LOST"], seen["SHARED_DIR"]) == ("", "./")


def test_module_that_fails_keeps_the_engine_from_starting(
    exacouple, site, prepare, tmp_path, monkeypatch
):
    """A run with other libraries than meant is none."""
    init = tmp_path / "modules" / "init"
    init.mkdir(parents=True)
    (init / "bash").write_text(
        "module() { echo \"ERROR: Unable to locate a modulefile for '$2'\" >&2; return 1; }\n"
    )
    monkeypatch.setenv("MODULESHOME", str(init.parent))
    profile = site('modules = ["netcdf"]')
    prepare(profile)
    result = exacouple("run", "--site", profile)
    assert result.exit_code == 1
    assert "a module of the site profile is not known here" in result.stderr


def test_order_that_the_build_ignores_is_found_out(exacouple, site, prepare):
    """The profile says order 3, the build has 2: the time step is 1.7 times what it should be."""
    profile = site(application="", name="wrong.toml")
    profile.write_text(profile.read_text().replace("order = 2", "order = 3"))
    prepare(profile, "--order", "3")
    result = exacouple("run", "--site", profile)
    assert result.exit_code == 1
    assert "the engine has computed with order 2, the case asks for order 3" in result.stderr
    assert "say order = 2 in the site profile" in result.stderr


def test_columns_of_memory_are_no_result(exacouple, site, prepare, monkeypatch):
    """A writer that fills nothing is caught although the profile says that it does."""
    monkeypatch.setenv("FAKE_EXAHYPE", "unfilled")
    profile = site()
    prepare(profile)
    result = exacouple("run", "--site", profile)
    assert result.exit_code == 1
    assert "uninitialised numbers" in result.stderr


def test_fewer_plotters_than_compiled_are_caught(exacouple, site, prepare):
    """ExaHyPE ends with exit status 0 then."""
    profile = site()
    text = profile.read_text()
    profile.write_text(text.replace('    {name = "ProbeWriter19"},\n', ""))
    prepare(profile)
    result = exacouple("run", "--site", profile)
    assert result.exit_code == 1
    assert "fewer plotters (buoys) than this executable was compiled with" in result.stderr


@pytest.mark.parametrize("top", ["", 'launcher = "mpirun"\nmpirun = {command = "no-such-mpirun"}'])
def test_missing_program_is_a_wrong_request(exacouple, site, prepare, program, top):
    """Nothing is started, and the message says which key names it."""
    profile = site(top, executable=None if top else "/nowhere/ExaHyPE-SWE")
    case = prepare(profile)
    result = exacouple("run", "--site", profile)
    assert result.exit_code == 2
    assert ("mpirun.command" if top else "`executable`") in result.stderr
    assert read_state(case) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--engine", "exahype"), "needs --site"),
        (("--engine", "embedded", "--site", "upstream-l2"), "upstream-l2 is for ExaHyPE"),
        (("--engine", "exahype", "--site", "embedded-slurm"), "is for the embedded engine"),
        (("--site", "upstream-l9"), "no site profile 'upstream-l9'"),
        (("--engine", "exahpye"), "did you mean 'exahype'"),
    ],
)
@pytest.mark.parametrize("command", ["run", "prepare"])
def test_options_that_do_not_fit_are_refused(exacouple, bay, command, arguments, message):
    """Both commands know the same engines and sites."""
    needed = ("--source", "flat", "--region", bay) if command == "prepare" else ()
    result = exacouple(command, *needed, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_cases_are_run_where_they_belong(exacouple, bay, site, prepare):
    """Without names each engine takes its own cases; a wrong one that is named is an error."""
    profile = site()
    case = prepare(profile)
    assert exacouple("prepare", "--source", "flat", "--region", bay, "--only").exit_code == 0
    result = exacouple("run", case)
    assert result.exit_code == 2
    assert "was prepared for the build of ExaHyPE at site 'mine'" in result.stderr
    result = exacouple("run", "runs/bay-flat", "--site", profile)
    assert result.exit_code == 2
    assert "was prepared for the embedded engine: prepare it" in result.stderr
    result = exacouple("run", "--site", profile, "--json")
    assert [item["case"] for item in json.loads(result.stdout)] == [str(case)]
    assert "left out: 1 case that was prepared for another engine" in result.stderr


def test_named_case_of_another_engine_does_not_keep_the_others_from_running(
    exacouple, bay, site, prepare
):
    """Of several named cases those that fit are run; what the other needs is said."""
    case = prepare(profile := site())
    assert exacouple("prepare", "--source", "flat", "--region", bay, "--only").exit_code == 0
    result = exacouple("run", "--site", profile, "runs/bay-flat", case, "--json")
    assert result.exit_code == 1
    assert {item["case"]: item["status"] for item in json.loads(result.stdout)} == {
        "runs/bay-flat": "failed",
        str(case): "finished",
    }
    assert "was prepared for the embedded engine: prepare it with" in result.stderr


def test_what_became_of_a_run_needs_no_profile(exacouple, site, prepare):
    """A finished case is told by its name alone; to run it again takes its profile."""
    case = prepare(profile := site())
    assert exacouple("run", "--site", profile).exit_code == 0
    result = exacouple("run", case, "--json")
    assert result.exit_code == 0, result.stderr
    assert [item["status"] for item in json.loads(result.stdout)] == ["skipped"]
    assert "embedded" not in result.stderr
    result = exacouple("run", "--force", case)
    assert result.exit_code == 2
    assert "was prepared for the build of ExaHyPE at site 'mine'" in result.stderr


def test_damaged_case_does_not_keep_the_others_from_running(exacouple, site, prepare):
    """Its own error is told, among several cases."""
    profile = site()
    prepare(profile)
    broken = Path("runs/broken")
    broken.mkdir()
    (broken / "case.json").write_text("{")
    result = exacouple("run", "--site", profile, "--json")
    assert result.exit_code == 1
    outcomes = {Path(item["case"]).name: item["status"] for item in json.loads(result.stdout)}
    assert outcomes == {"bay-original-mine": "finished", "broken": "failed"}


def test_only_foreign_cases_are_told(exacouple, bay, site):
    """Where no case fits the engine, the message says how to make one."""
    assert exacouple("prepare", "--source", "flat", "--region", bay, "--only").exit_code == 0
    profile = site()
    result = exacouple("run", "--site", profile)
    assert result.exit_code == 2
    assert f"prepare some with --site {profile}" in result.stderr


def test_finish_on_another_engine_is_told(exacouple, site, prepare, caplog):
    """A case that is finished is not run again, but one learns on what it was."""
    profile = site()
    case = prepare(profile)
    assert exacouple("run", "--site", profile).exit_code == 0
    state = case / "state.json"
    state.write_text(state.read_text().replace('"exahype"', '"embedded"'))
    result = exacouple("run", "--site", profile)
    assert result.exit_code == 0
    assert "has finished on engine embedded; --force runs it again on exahype" in result.stderr


def test_nearest_mesh_is_said(exacouple, bay, site):
    """A build that knows only 3^k - 2 cells gets 7 or 25, and the user is told."""
    profile = site(application='outside_cells = "one"')
    command = ("prepare", "--source", "flat", "--region", bay, "--site", profile, "--dry-run")
    result = exacouple(*command, "--cells", "20")
    assert result.exit_code == 0, result.stderr
    assert "25 x 25 cells of 8.00 km" in result.stdout
    assert "20 were asked for, 25 is the nearest" in result.stdout
    facts = json.loads(exacouple(*command, "--cells", "20", "--json").stdout)
    assert {(item["cells_asked"], *item["cells"]) for item in facts} == {(20, 25, 25)}


def test_companions_are_made_for_the_site_too(exacouple, bay, site):
    """A comparison needs all its cases from one engine."""
    result = exacouple("prepare", "--source", "smoothed", "--region", bay, "--site", site())
    assert result.exit_code == 0, result.stderr
    names = sorted(path.name for path in Path("runs").iterdir())
    assert names == ["bay-flat-mine", "bay-original-mine", "bay-smoothed-mine"]


@pytest.mark.mpi
@pytest.mark.parametrize(("ranks", "owner"), [(1, 0), (2, 1), (3, 1)])
def test_ranks_write_their_probes(exacouple, site, prepare, mpi, ranks, owner):
    """With several ranks the first has no cells; the probe is found in whichever file it is."""
    profile = site(mpi(ranks) + "\nenvironment = {NOTE = \"a 'b' c\"}")
    case = prepare(profile)
    result = exacouple("run", "--site", profile)
    assert result.exit_code == 0, result.stderr
    assert [path.name for path in (case / "probes").iterdir()] == [f"A1-rank-{owner}.probe"]
    assert read_case_probes(case)["A1"].time[-1] >= 600.0
    seen = surroundings(case, ranks - 1)
    assert (seen["NOTE"], seen["SHARED_DIR"]) == ("a 'b' c", "./")
    assert seen["argv"][1:] == ["tsunami.exahype2"]


@pytest.mark.mpi
def test_rows_of_several_ranks_are_one_record(exacouple, site, prepare, mpi, monkeypatch):
    """A probe that moves from rank to rank is put together; old files do not get in."""
    monkeypatch.setenv("FAKE_EXAHYPE", "split")
    profile = site(mpi(3))
    case = prepare(profile)
    stale = case / "probes" / "A1-rank-7.probe"
    stale.write_text("# plot-time, real-time,Q0,Q1,Q2,Q3,Q4\n0, 0, 9, 0, 0, -9, 0\n")
    result = exacouple("run", "--site", profile)
    assert result.exit_code == 0, result.stderr
    assert not stale.exists()
    gauge = read_case_probes(case)["A1"]
    assert {path.name for path in gauge.files} == {"A1-rank-1.probe", "A1-rank-2.probe"}
    assert len(gauge.time) == 56


@pytest.mark.mpi
def test_ranks_end_with_the_run(site, prepare, mpi, monkeypatch, tmp_path):
    """Ctrl-C leaves no rank behind."""
    monkeypatch.setenv("FAKE_EXAHYPE", "hang")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    profile = site(mpi(3))
    case = prepare(profile)
    command = [sys.executable, "-m", "exacouple", "run", "--site", str(profile)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        pids = started_ranks(case, 3)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted" in errors
    state = read_state(case)
    assert state is not None
    assert state.status == "interrupted"
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(map(is_there, pids)):
        time.sleep(0.1)
    assert not any(map(is_there, pids))


def started_ranks(case, ranks):
    """Return the process numbers of the ranks of a case once all have started."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pids = [
            int(path.name)
            for path in Path("/proc").glob("[0-9]*")
            if is_fake_in(path, case.resolve())
        ]
        log = case / "logs" / "stdout.log"
        if len(pids) == ranks and log.exists() and b"dt_min" in log.read_bytes():
            return pids
        time.sleep(0.1)
    raise AssertionError("the ranks have not started")


def is_fake_in(process, directory):
    """Tell whether a process is the fake, at work in a directory."""
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        return os.fsencode(FAKE) in words and (process / "cwd").resolve() == directory
    except OSError:
        return False


def is_there(pid):
    """Tell whether a process runs."""
    return Path(f"/proc/{pid}/exe").exists()
