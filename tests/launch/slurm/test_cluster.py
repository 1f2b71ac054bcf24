"""``exacouple run`` on a real cluster: jobs that succeed, fail, hang, die and are preempted."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from exacouple.cli import main
from exacouple.hashing import sha256_file
from exacouple.launch import case_status, read_state, watch

pytestmark = pytest.mark.slurm

ROOT = Path(__file__).parents[3]
FAKE_ENGINE = Path(__file__).parents[1] / "fake_engine.py"
MANIFEST = ROOT / "tests" / "data" / "case-to-launch.json"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder whose name a shell must not touch."""
    path = tmp_path / "it's $HOME; `sea`"
    path.mkdir()
    monkeypatch.chdir(path)
    monkeypatch.setattr(watch, "SETTLE", 1.0)
    return path


def write_site(text="", *, engine=FAKE_ENGINE, name="here.toml"):
    """Write the profile of a cluster whose Python runs the fake engine."""
    python = Path("fake python")
    python.write_text(f'#!/bin/bash\nexec "{sys.executable}" "{engine}" as_told "$@"\n')
    python.chmod(0o755)
    Path(name).write_text(
        'schema = 1\nname = "here"\nengine = "embedded"\nlauncher = "slurm"\n'
        f'executable = "./fake python"\n[slurm]\npartition = "low"\n{text}\n'
    )
    return name


def make_case(path, behaviour="good"):
    """Write a case that the fake engine runs with a behaviour."""
    path = Path(path)
    path.mkdir(parents=True)
    specfile = path / "tsunami.exahype2"
    table = {"buoys": ["21418", "21419"], "end_time": 1000.0, "behaviour": behaviour}
    specfile.write_text(json.dumps(table))
    manifest = json.loads(MANIFEST.read_text())
    manifest["files"] = {specfile.name: sha256_file(specfile)}
    (path / "case.json").write_text(json.dumps(manifest))
    return path


def run(*arguments) -> Result:
    """Run ``exacouple run`` in this process."""
    return CliRunner().invoke(main, ["run", *map(str, arguments)])


def state_of(case):
    """Return the state of a case, which is there."""
    state = read_state(Path(case))
    assert state is not None
    return state


def job_state(case):
    """Return what SLURM says of the job of a case."""
    words = ("squeue", "--noheader", "--array", "--states=all", "--format=%T")
    job = f"--jobs={state_of(case).job}"
    return subprocess.run([*words, job], capture_output=True, text=True, check=True).stdout.strip()


def scontrol(*words):
    """Change something on the cluster."""
    subprocess.run(["scontrol", *words], check=True)


def has_started(case):
    """Tell whether the engine of a case has printed a step."""
    log = Path(case) / "logs" / "stdout.log"
    return log.exists() and b"dt_min" in log.read_bytes()


def start(case, behaviour, wait_until, *options):
    """Leave a case running in a job."""
    make_case(case, behaviour)
    result = run("--site", write_site(), "--no-wait", *options, case)
    assert result.exit_code == 0, result.output
    wait_until(lambda: has_started(case), "the engine has started")


def test_embedded_engine_runs_in_a_job():
    """A prepared case, the real engine: submitted, watched, judged, with probes to the end."""
    Path("bay").mkdir()
    Path("bay/lift.tt3").write_text(LIFT)
    Path("bay/region.toml").write_text(REGION)
    region = ("--region", "bay/region.toml", "--only")
    result = CliRunner().invoke(main, ["prepare", "--source", "original", *region])
    assert result.exit_code == 0, result.output
    Path("mine.toml").write_text(
        'base = "embedded-slurm"\nname = "mine"\n[slurm]\ncpus_per_task = 2\ntime = "10"\n'
    )
    result = run("--site", "mine.toml")
    assert result.exit_code == 0, result.output
    state = state_of("runs/bay-original")
    assert (state.status, state.job_state, state.engine) == ("finished", "COMPLETED", "embedded")
    assert state.time is not None
    assert state.time >= 60.0
    assert f"submitted as job {state.job}" in result.stderr
    assert "runs on one" in result.stderr
    assert run("--site", "mine.toml", "--json").exit_code == 0


LIFT = """\
3 mx
3 my
1 mt
144.5 xlower
37.5 ylower
0.0 t0
0.5 dx
0.5 dy
1.0 dt
0 0 0
0 2 0
0 0 0
"""

REGION = """\
schema = 1
name = "bay"
title = "A bay that does not exist"
event = {origin = 2020-01-02T03:04:05Z, epicentre = [145.0, 38.0], magnitude = 8.0, source = "none"}
bathymetry = {grid = "etopo5-northwest-pacific", spacing_m = 10000}
projection = {crs = "+proj=aeqd +lat_0=38 +lon_0=145"}
domain = {offset_km = [-100.0, -100.0], width_km = [200.0, 200.0], cells = 7, order = 2}
displacement = {kind = "dtopo", file = "lift.tt3"}
simulation = {end_time_s = 60, sampling_s = 5}
buoys = [{id = "A1", name = "first", lon = 145.5, lat = 38.5, source = "none"}]
"""


def test_failure_is_judged():
    """An engine that gives up with exit status 0 has failed, though SLURM says COMPLETED."""
    case = make_case("runs/a", "quits")
    result = run("--site", write_site(), case)
    assert result.exit_code == 1
    assert "do not run code as parser reported errors" in result.stderr
    assert (state_of(case).status, state_of(case).job_state) == ("failed", "COMPLETED")


def test_killed_engine_is_told():
    """Exit status 137 of the job script is a SIGKILL of the engine."""
    result = run("--site", write_site(), make_case("runs/a", "killed"))
    assert result.exit_code == 1
    assert "it was killed (SIGKILL)" in result.stderr
    assert state_of("runs/a").exit_code == 137


def test_time_limit_is_told_with_what_is_needed(wait_until):
    """A run that hangs is ended by SLURM while nobody looks; the next command says so."""
    start("runs/a", "hang_until_sigint", wait_until)
    scontrol("update", f"JobId={state_of('runs/a').job}", "EndTime=now+1")
    wait_until(lambda: job_state("runs/a") == "TIMEOUT", "the time limit")
    result = run("runs/a")
    assert result.exit_code == 1
    assert "reached its time limit of 1:00 at t = " in result.stderr
    assert "set slurm.time in the site profile" in result.stderr
    assert (state_of("runs/a").status, state_of("runs/a").job_state) == ("failed", "TIMEOUT")


def test_cancelled_job_is_told_and_submitted_again(wait_until):
    """What scancel has done behind our back is told first, and then made good."""
    start("runs/a", "waits", wait_until)
    first = state_of("runs/a").job
    subprocess.run(["scancel", first], check=True)
    wait_until(lambda: job_state("runs/a") == "CANCELLED", "the end of the job")
    result = run("--site", "here.toml", "runs/a")
    assert result.exit_code == 1
    assert f"job {first} was cancelled at t = 25 s of 1000 s; `exacouple run" in result.stderr
    assert "here.toml'` starts it again from the beginning" in result.stderr
    assert case_status(Path("runs/a")) == "interrupted"
    result = run("runs/a")
    assert result.exit_code == 2
    assert f"was run in SLURM job {first} and has not finished: --site" in result.stderr
    Path("runs/a/go").touch()
    assert run("--site", "here.toml", "runs/a").exit_code == 0
    assert state_of("runs/a").job != first


def test_preempted_job_starts_again_without_its_old_probes(wait_until):
    """A job of higher priority takes the node; the second start mixes nothing with the first."""
    site = write_site("cpus_per_task = 4")
    case = make_case("runs/a", "hang_at_first")
    assert run("--site", site, "--no-wait", case).exit_code == 0
    wait_until(lambda: has_started(case), "the engine has started")
    stale = case / "probes" / "21418-rank-7.probe"
    assert stale.exists()
    words = ("sbatch", "--partition=high", "--ntasks=4", "--output=/dev/null", "--wrap=sleep 1")
    subprocess.run(words, check=True, capture_output=True)
    wait_until(lambda: job_state(case) == "PENDING", "the job waits again")
    assert case_status(case) == "running"
    wait_until(lambda: "sleep" not in squeue_names(), "the other job has ended")
    scontrol("update", f"JobId={state_of(case).job}", "StartTime=now")
    result = run(case)
    assert result.exit_code == 0, result.output
    assert not stale.exists()
    assert sorted(path.name for path in (case / "probes").iterdir()) == [
        "21418-rank-0.probe",
        "21419-rank-0.probe",
    ]
    assert "restarts=1" in (case / "logs" / "job.end").read_text()


def squeue_names():
    """Return the names of the jobs on the cluster."""
    words = ("squeue", "--noheader", "--format=%j")
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_only_the_failed_case_of_an_array_is_submitted_again():
    """Three cases are one array; the next command submits one job."""
    for name in "abc":
        make_case(f"runs/{name}", "until_mended" if name == "b" else "good")
    result = run("--site", write_site("at_once = 2"))
    assert result.exit_code == 1, result.output
    jobs = {name: state_of(f"runs/{name}").job for name in "abc"}
    number = jobs["a"].partition("_")[0]
    assert jobs == {"a": f"{number}_0", "b": f"{number}_1", "c": f"{number}_2"}
    assert [state_of(f"runs/{name}").status for name in "abc"] == ["finished", "failed", "finished"]
    Path("runs/b/mended").touch()
    result = run("--site", "here.toml")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("submitted as job") == 1
    assert {name: state_of(f"runs/{name}").job for name in "ac"} == {
        name: jobs[name] for name in "ac"
    }
    assert "_" not in state_of("runs/b").job
    assert "exacouple: job" in Path("runs/b/logs/slurm.log").read_text()


def test_interrupted_command_leaves_its_job_and_comes_back(wait_until):
    """Ctrl-C ends the watching only; the next command finds the job by its number."""
    case = make_case("runs/a", "waits")
    command = [sys.executable, "-m", "exacouple", "run", "--site", write_site(), str(case)]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: has_started(case), "the engine has started", 60)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    job = state_of(case).job
    assert f"job {job} goes on: `exacouple run runs/a` comes back to it" in errors
    assert job_state(case) == "RUNNING"
    refused = run("--site", "here.toml", "--no-wait", case)
    assert f"in job {job} since" in refused.stderr
    (case / "go").touch()
    result = run(case)
    assert result.exit_code == 0, result.output
    assert (state_of(case).status, state_of(case).job) == ("finished", job)


def test_end_that_nobody_saw_is_judged_later(wait_until):
    """The job ends and SLURM forgets it; the record in the case is enough."""
    start("runs/a", "waits", wait_until)
    Path("runs/a/go").touch()
    wait_until(lambda: job_state("runs/a") == "COMPLETED", "the end of the job")
    state, record = Path("runs/a/state.json"), Path("runs/a/logs/job.end")
    job = state_of("runs/a").job
    for path in (state, record, Path("runs/a/logs/job.start")):
        path.write_text(
            path.read_text().replace(f'"{job}"', '"99999"').replace(f"={job}\n", "=99999\n")
        )
    assert run("runs/a").exit_code == 0
    assert state_of("runs/a").status == "finished"


def test_job_that_has_vanished_is_told(wait_until):
    """SLURM knows nothing and the case has no record: that is said, and nothing is assumed."""
    start("runs/a", "waits", wait_until)
    job = state_of("runs/a").job
    pids = processes_of(job)
    os.kill(next(pid for pid, command in pids.items() if "bash" in command), signal.SIGKILL)
    result = run("runs/a")
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert result.exit_code == 1
    assert f"job {job} has gone without a record of its end" in result.stderr


def processes_of(job):
    """Return the processes of a job, with the program of each."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"SLURM_JOB_ID={job}" in (path / "environ").read_text("latin-1").split("\0"):
                found[int(path.name)] = (path / "cmdline").read_text("latin-1").partition("\0")[0]
    return found


def test_waiting_job_is_cancelled(wait_until):
    """--cancel takes a job out of the queue; it says why the job waits, and that it never ran."""
    start("runs/a", "waits", wait_until)
    make_case("runs/b")
    result = run("--site", write_site("cpus_per_task = 4"), "--no-wait", "runs/b")
    assert result.exit_code == 0, result.output
    wait_until(lambda: job_state("runs/b") == "PENDING", "the job waits")
    result = run("--cancel", "runs/b")
    assert result.exit_code == 0, result.output
    assert "was cancelled before it started" in result.stderr
    assert case_status(Path("runs/b")) == "interrupted"
    result = run("--cancel")
    assert "runs/a: job" in result.stderr or "was cancelled at t = 25 s" in result.stderr
    assert case_status(Path("runs/a")) == "interrupted"
    assert run("--cancel").stderr.endswith("none of these cases is being run\n")


def test_local_run_of_a_case_in_a_job_is_refused(wait_until):
    """One case is in one place at a time; the command watches the job instead."""
    from exacouple.launch import CaseBusyError, run_case

    start("runs/a", "waits", wait_until)
    with pytest.raises(CaseBusyError, match=r"is in SLURM job \d+ since .* --cancel runs/a"):
        run_case(Path("runs/a"), force=True)


def test_case_that_was_prepared_again_is_left_alone_by_its_old_job(wait_until):
    """A job that waited does not run what it was not submitted for."""
    start("runs/a", "waits", wait_until)
    case = make_case("runs/b")
    assert run("--site", write_site("cpus_per_task = 4"), "--no-wait", case).exit_code == 0
    manifest = case / "case.json"
    manifest.write_text(manifest.read_text() + "\n")
    Path("runs/a/go").touch()
    result = run("runs/b")
    assert result.exit_code == 1
    assert "case.json is another one than when the job was submitted" in result.stderr
    assert not list(case.glob("probes/*"))


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ('partition = "deep"', "set slurm.partition in the site profile"),
        ("cpus_per_task = 99", "ask for less in [slurm]"),
        ('time = "5-0"', "set slurm.time in the site profile"),
    ],
)
def test_refusal_of_slurm_is_told(wish, message):
    """Its own words, and which key to change; the case has failed, and nothing waits."""
    case = make_case("runs/a")
    site = Path(write_site())
    site.write_text(site.read_text().replace('partition = "low"', wish))
    result = run("--site", site, case)
    assert result.exit_code == 1
    assert "SLURM refuses" in result.stderr
    assert message in result.stderr
    assert case_status(case) == "failed"


def test_doctor_asks_slurm_for_the_job():
    """A trial submission finds out what the cluster would refuse."""
    site = write_site()
    result = CliRunner().invoke(main, ["doctor", "--site", site, "--json"])
    checks = {item["name"]: item for item in json.loads(result.stdout)}
    assert checks["SLURM"]["status"] == "ok", checks["SLURM"]
    assert checks["SLURM job"]["status"] == "ok", checks["SLURM job"]
    result = CliRunner().invoke(
        main, ["doctor", "--site", write_site("cpus_per_task = 99"), "--json"]
    )
    checks = {item["name"]: item for item in json.loads(result.stdout)}
    assert checks["SLURM job"]["status"] == "failed"
    assert result.exit_code == 1


BUILD = """\
schema = 1
name = "build"
executable = "./my ExaHyPE"
launcher = "slurm"
ranks = {ranks}
environment = {{NOTE = "a 'b' $c"}}
mpirun = {{arguments = ["--allow-run-as-root", "--oversubscribe"]}}

[slurm]
partition = "low"
starter = "{starter}"

[application]
title = "a fake"
output_directory = "ApplicationExamples/SWE/mine"
order = 2
plotters = [
    {{name = "ProbeWriter18"}},
    {{name = "ProbeWriter19"}},
    {{name = "Writer", type = "vtk::Cartesian::cells::limited::ascii"}},
]
writes = ["h", "hu", "hv", "b", "eta"]
shift_file = "inputs.txt"
bathymetry_m = -4000.0
"""


@pytest.mark.parametrize(
    ("ranks", "starter"),
    [
        (1, "auto"),
        (1, "srun"),
        pytest.param(3, "mpirun", marks=pytest.mark.mpi),
    ],
)
def test_build_of_exahype_runs_on_its_ranks(ranks, starter):
    """Prepared for a build, started by srun or mpirun in the job, probes found at their rank."""
    if starter == "mpirun" and shutil.which("mpirun") is None:
        pytest.skip("no mpirun: apt-get install openmpi-bin")
    program = Path("my ExaHyPE")
    fake = FAKE_ENGINE.with_name("fake_exahype.py")
    program.write_text(f'#!/bin/bash\nexec "{sys.executable}" "{fake}" "$@"\n')
    program.chmod(0o755)
    Path("build.toml").write_text(BUILD.format(ranks=ranks, starter=starter))
    Path("bay").mkdir()
    Path("bay/lift.tt3").write_text(LIFT)
    Path("bay/region.toml").write_text(REGION)
    command = ("prepare", "--source", "flat", "--set", "depth_m=4000", "--replace-land")
    place = ("--region", "bay/region.toml", "--only", "--site", "build.toml")
    result = CliRunner().invoke(main, [*command, *place])
    assert result.exit_code == 0, result.output
    result = run("--site", "build.toml", "--no-wait")
    assert result.exit_code == 0, result.output
    case = Path("runs/bay-flat-build")
    result = run(case)  # says how the job ends, and needs no profile for that
    assert result.exit_code == 0, result.output
    owner = 0 if ranks == 1 else 1
    assert [path.name for path in (case / "probes").iterdir()] == [f"A1-rank-{owner}.probe"]
    seen = json.loads((case / f"seen-by-{ranks - 1}.json").read_text())
    assert (seen["NOTE"], seen["SHARED_DIR"], seen["OMP_NUM_THREADS"]) == ("a 'b' $c", "./", "1")
    assert seen["SLURM_JOB_ID"] == state_of(case).job
    assert state_of(case).engine == "exahype"
