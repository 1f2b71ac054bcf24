"""Job scripts: what they ask SLURM for, and what they do, started here by a plain shell."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exacouple.cases import Case
from exacouple.cases.site import Site, load_site
from exacouple.cases.site_slurm import SlurmJob
from exacouple.errors import ExacoupleError, UsageError
from exacouple.launch import Engine, expectation
from exacouple.launch.jobrecord import read_end, read_start, slurm_says
from exacouple.launch.jobscript import JobPlan, render_array, render_job
from exacouple.launch.state import try_lock

MakeCase = Callable[[], Path]
FakeEngine = Callable[[str], Engine]


@pytest.fixture
def case(make_case: MakeCase, tmp_path: Path) -> Path:
    """Return a case whose path a shell must not touch."""
    path = tmp_path / "it's a $(touch sea) `case`; #1"
    make_case().rename(path)
    return path


@pytest.fixture
def site(tmp_path: Path) -> Callable[[str], Site]:
    """Return a function that writes a profile of the embedded engine in jobs."""

    def write(text: str = "") -> Site:
        path = tmp_path / "here.toml"
        path.write_text(f'base = "embedded-slurm"\nname = "here"\n{text}\n')
        return load_site(path)

    return write


def script(case: Path, engine: Engine, site: Site, *, resume: bool = False) -> Path:
    """Write the job script of a case."""
    opened = Case.open(case)
    path = case / "job.slurm"
    path.write_text(render_job(JobPlan(opened, expectation(opened), engine, resume), site))
    return path


def execute(path: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Start a job script as SLURM does: a copy of it, elsewhere."""
    environment = {**os.environ, "SLURM_JOB_ID": "7", **variables}
    words = ["bash", "-s"]
    return subprocess.run(
        words, input=path.read_text(), env=environment, cwd="/", capture_output=True, text=True
    )


def test_job_runs_the_case_and_records_its_start_and_end(case, fake_engine, site) -> None:
    """Logs, probes and records are in the case, whatever its name is."""
    done = execute(script(case, fake_engine("good"), site()))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("exacouple: job 7 starts on ")
    start, end = read_start(case, "7"), read_end(case, "7")
    assert start is not None
    assert end is not None
    assert (end.exit_code, end.restarts, end.signal) == (0, 0, "")
    assert "Peano terminates successfully" in (case / "logs" / "stdout.log").read_text()
    assert len(list((case / "probes").iterdir())) == 2
    assert read_end(case, "8") is None


def test_exit_status_of_the_engine_is_that_of_the_job(case, fake_engine, site) -> None:
    """128 plus the signal that killed it."""
    assert execute(script(case, fake_engine("killed"), site())).returncode == 137
    end = read_end(case, "7")
    assert end is not None
    assert end.exit_code == 137


def test_job_of_an_array_has_its_index(case, fake_engine, site) -> None:
    """It is the number by which squeue and scancel know it."""
    path = script(case, fake_engine("good"), site())
    execute(path, SLURM_ARRAY_JOB_ID="5", SLURM_ARRAY_TASK_ID="3")
    assert read_end(case, "5_3") is not None


def test_sigterm_reaches_the_engine_and_is_recorded(case, fake_engine, site) -> None:
    """SLURM sends it at the time limit; the job ends when the engine has ended."""
    path = script(case, fake_engine("hang_until_sigint"), site())
    process = subprocess.Popen(
        ["bash", path], env={**os.environ, "SLURM_JOB_ID": "7"}, stdout=subprocess.DEVNULL
    )
    log = case / "logs" / "stdout.log"
    deadline = time.monotonic() + 30
    while not (log.exists() and b"dt_min" in log.read_bytes()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 143
    end = read_end(case, "7")
    assert end is not None
    assert (end.signal, end.exit_code) == ("TERM", 143)


def test_second_start_removes_the_probes_of_the_first(case, fake_engine, site) -> None:
    """Those of all ranks of its own buoys, nothing else; the end of the first counts no more."""
    path = script(case, fake_engine("no_probes"), site())
    for name in ("21418.probe", "21419-rank-12.probe", "214180-rank-0.probe", "21418-rank-x.probe"):
        (case / "probes" / name).write_text("old")
    execute(path)
    left = sorted(item.name for item in (case / "probes").iterdir())
    assert left == ["21418-rank-x.probe", "214180-rank-0.probe"]
    execute(path, SLURM_RESTART_COUNT="1")
    end = read_end(case, "7")
    assert end is not None
    assert end.restarts == 1
    (case / "logs" / "job.start").write_text("job=7\nrestarts=2\nnode=x\n")
    assert read_end(case, "7") is None


@pytest.mark.parametrize(
    ("resume", "restarts", "checkpoint", "goes_on"),
    [
        (False, "0", True, False),
        (True, "0", True, True),
        (True, "0", False, False),
        (False, "1", True, True),
    ],
)
def test_job_goes_on_from_its_own_checkpoint(
    case, fake_engine, site, resume, restarts, checkpoint, goes_on
) -> None:
    """One of an earlier run only if that was asked for; probes are kept then, else removed."""
    fresh, resumed = fake_engine("good"), fake_engine("no_probes")
    engine = Engine(
        "fake", "", fresh.command, resume=resumed.command, checkpoint=lambda spec: "c p"
    )
    path = script(case, engine, site(), resume=resume)
    old = case / "probes" / "21418-rank-9.probe"
    old.write_text("old")
    if checkpoint:
        (case / "c p").touch()
    execute(path, SLURM_RESTART_COUNT=restarts)
    assert old.exists() == goes_on
    assert (case / "probes" / "21418-rank-0.probe").exists() != goes_on
    assert (case / "c p").exists() == goes_on


def test_job_keeps_off_a_case_that_was_prepared_again(case, fake_engine, site) -> None:
    """Its script is that of another case."""
    path = script(case, fake_engine("good"), site())
    (case / "case.json").write_text("{}")
    done = execute(path)
    assert done.returncode == 76
    assert "case.json is another one" in done.stderr
    assert read_start(case, "7") is None


def test_job_keeps_off_a_case_that_another_run_holds(case, fake_engine, site) -> None:
    """Logs and probe files of that run stay as they are."""
    path = script(case, fake_engine("good"), site())
    path.write_text(path.read_text().replace("--wait 60", "--wait 0.1"))
    with try_lock(case) as lock:
        assert lock is not None
        done = execute(path)
    assert done.returncode == 75
    assert "another run holds this case" in done.stderr
    assert not (case / "logs" / "stdout.log").exists()


def test_variables_and_modules_are_set_as_they_are(case, fake_engine, site, tmp_path) -> None:
    """Those of the profile, then threads; references are to variables of the node."""
    init = tmp_path / "modules" / "init"
    init.mkdir(parents=True)
    (init / "bash").write_text('module() { export LOADED="${LOADED-}$2;"; }\n')
    profile = site(
        'modules = ["net cdf"]\nenvironment = {NOTE = "a \'b\' $c `d`", JOINED = "x:${LOADED}"}\n'
        "[slurm]\ncpus_per_task = 3"
    )
    program = tmp_path / "show.py"
    program.write_text(
        "import json, os\n"
        "names = ('NOTE', 'JOINED', 'LOADED', 'OMP_NUM_THREADS')\n"
        "print(json.dumps([os.environ.get(name) for name in names]))\n"
    )
    engine = fake_engine("good")
    shows = Engine("fake", "", lambda spec: (sys.executable, str(program)), engine.environment)
    execute(script(case, shows, profile), MODULESHOME=str(init.parent))
    seen = json.loads((case / "logs" / "stdout.log").read_text())
    assert seen == ["a 'b' $c `d`", "x:net cdf;", "net cdf;", "3"]


def test_module_that_fails_ends_the_job_with_a_record(case, fake_engine, site, tmp_path) -> None:
    """Its complaint is in the log that is judged."""
    init = tmp_path / "modules" / "init"
    init.mkdir(parents=True)
    (init / "bash").write_text("module() { echo 'ERROR: no such module' >&2; return 1; }\n")
    profile = site('modules = ["netcdf"]')
    done = execute(script(case, fake_engine("good"), profile), MODULESHOME=str(init.parent))
    end = read_end(case, "7")
    assert end is not None
    assert end.exit_code == done.returncode == 127
    assert "no such module" in (case / "logs" / "stderr.log").read_text()


WORDS = st.text(min_size=1, max_size=30)


@given(partition=WORDS, account=WORDS, time=WORDS, mem=WORDS, extra=st.tuples(WORDS))
def test_no_value_can_smuggle_in_a_line_or_an_option(partition, account, time, mem, extra) -> None:
    """Each value is refused or stays the rest of one word."""
    for key, value in (
        ("partition", partition), ("account", account), ("time", time), ("mem", mem),
        ("extra", (*extra,)), ("extra", (f"--{extra[0]}",)), ("extra", (f"--qos={extra[0]}",)),
    ):  # fmt: skip
        try:
            options = SlurmJob(**{key: value}).options
        except ValueError:
            continue
        assert all(option.startswith("-") for option in options)
        assert not any(set(option) & set(" \t\r\n\0\"'\\#$") for option in options)
        assert all(option.isascii() and option.isprintable() for option in options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('partition = "a b"', "a name as `sinfo` shows it"),
        ('time = "1h"', "HH:MM:SS"),
        ('mem = "4 GB"', "a whole number with K, M, G or T"),
        ("at_once = 0", "must be 1 or more"),
        ('extra = ["--qos=high low"]', "blanks"),
        ('extra = ["qos"]', "is no option"),
        ('extra = ["--array=1-5"]', "set by exacouple"),
        ('extra = ["--outp=x"]', "--output is set by exacouple"),
        ('extra = ["-ox"]', "--output is set by exacouple"),
        ('extra = ["-pdeep"]', "give it as partition"),
        ('extra = ["--time=5"]', "give it as time"),
        ("ntasks = 2", "one process with threads"),
    ],
)
def test_wrong_wish_is_refused(site, text, message) -> None:
    """The file, the value and what is allowed are told."""
    with pytest.raises(UsageError, match=r"here\.toml") as caught:
        site(f"[slurm]\n{text}")
    assert message in str(caught.value)


def test_wishes_are_options_of_the_job(case, fake_engine, site) -> None:
    """In the words of sbatch, one on each line, before anything else."""
    profile = site(
        '[slurm]\npartition = "deep"\naccount = "sea"\ntime = "1-12:00:00"\ncpus_per_task = 4\n'
        'mem = "8G"\nextra = ["--qos=high", "--constraint=[a|b]"]'
    )
    lines = script(case, fake_engine("good"), profile).read_text().splitlines()
    asked = [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH")]
    assert lines[0] == "#!/bin/bash"
    assert lines[1 : len(asked) + 1] == [f"#SBATCH {option}" for option in asked]
    wanted = "--partition=deep --account=sea --time=1-12:00:00 --cpus-per-task=4 --mem=8G"
    assert {*wanted.split(), "--qos=high", "--constraint=[a|b]", "--ntasks=1"} <= set(asked)
    assert asked[0] == "--job-name=exacouple-it_s_a___touch_sea___case____1"


def test_task_of_an_array_is_the_job_of_its_case(case, fake_engine, site, tmp_path) -> None:
    """The line of the task list counts, and SLURM's log is found from the case."""
    script(case, fake_engine("good"), site())
    folder = tmp_path / "an 'array'"
    folder.mkdir()
    (folder / "tasks").write_text(f"/nowhere\n{case}\n")
    (folder / "1.log").write_text("exacouple: job 5_1 starts\n")
    text = render_array(site(), folder, "many")
    environment = {
        **os.environ,
        "SLURM_JOB_ID": "6",
        "SLURM_ARRAY_JOB_ID": "5",
        "SLURM_ARRAY_TASK_ID": "1",
    }
    subprocess.run(["bash", "-s"], input=text, env=environment, check=True, text=True)
    assert read_end(case, "5_1") is not None
    assert (case / "logs" / "slurm.log").resolve() == folder / "1.log"


def test_path_with_nul_is_refused(case, fake_engine, site) -> None:
    """No shell can read it; nothing is written."""
    broken = Engine("fake", "", lambda spec: ("a\0b",))
    with pytest.raises(ExacoupleError, match="NUL"):
        script(case, broken, site())


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("DUE TO TIME LIMIT ", "TIMEOUT"),
        ("DUE TO PREEMPTION ", "PREEMPTED"),
        ("DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ", "NODE_FAIL"),
        ("", "CANCELLED"),
    ],
)
def test_last_words_of_slurm_are_understood(case, said, state) -> None:
    """They are in the log of the job, accounting or not; only the last start counts."""
    (case / "logs").mkdir()
    line = f"slurmstepd-n1: error: *** JOB 3 ON n1 CANCELLED AT 2026-11-23T13:37:43 {said}***\n"
    (case / "logs" / "slurm.log").write_text(f"exacouple: job 3 starts on n1\n{line}")
    assert slurm_says(case)[0] == state
    with open(case / "logs" / "slurm.log", "a") as stream:
        stream.write("exacouple: job 3 starts on n1, restarts: 1\n")
    assert slurm_says(case) == (None, "")


def test_want_of_memory_is_understood(case) -> None:
    """The kernel ends the engine, SLURM says why."""
    (case / "logs").mkdir()
    (case / "logs" / "slurm.log").write_text(
        "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=3.batch cgroup.\n"
    )
    assert slurm_says(case)[0] == "OUT_OF_MEMORY"
