"""``exacouple doctor`` finds what would keep a run from working, and says what to do."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from exacouple.launch import doctor as machine


@pytest.fixture(autouse=True)
def quick_machine(monkeypatch, tmp_path):
    """Leave out what takes seconds and is tested by itself; work in an empty directory."""
    monkeypatch.setattr(machine, "CORE", ("numpy",))
    monkeypatch.setattr(machine, "_embedded_engine", lambda: machine.Check("engine", "ok", ""))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)


@pytest.fixture
def examined(exacouple):
    """Return a function that runs ``doctor --json`` and gives exit status and checks by name."""

    def run(*arguments):
        result = exacouple("doctor", "--json", *arguments)
        checks = json.loads(result.stdout)
        assert set(checks[0]) == {"name", "status", "found", "fix"}
        return result.exit_code, {item["name"]: item for item in checks}

    return run


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """Return a function that puts a small bash program first on the search path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def put(name, text):
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)

    return put


def test_machine_alone_is_all_right(exacouple, examined):
    """Without a site the machine is checked, and optional packages are no failure."""
    status, checks = examined()
    assert status == 0
    assert checks["numpy"]["status"] == "ok"
    assert checks["tensorflow"]["status"] in ("ok", "skipped")
    assert checks["write access"]["found"] == str(Path.cwd())
    text = exacouple("doctor").stdout
    assert "ok       write access: " in text


def test_missing_package_is_a_failure(examined, monkeypatch):
    """The fix is a command that can be copied."""
    monkeypatch.setattr(machine, "CORE", ("numpy", "no_such_package"))
    status, checks = examined()
    assert status == 1
    assert checks["no_such_package"]["fix"] == "pip install --upgrade no_such_package"


@pytest.mark.slow
def test_embedded_engine_is_started(monkeypatch):
    """The real check runs the real engine."""
    monkeypatch.undo()
    assert machine._embedded_engine().status == "ok"


@pytest.mark.parametrize(
    ("threads", "status"), [("1", "ok"), ("0", "warning"), ("99999", "warning")]
)
def test_senseless_number_of_threads_is_a_warning(examined, monkeypatch, threads, status):
    """More threads than processors slow the engine down."""
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    assert examined()[1]["processors"]["status"] == status


def test_directory_that_cannot_be_written_is_a_failure(tmp_path):
    """A run needs its own directory."""
    (check,) = [
        item for item in machine.machine_checks(tmp_path / "gone") if item.name == "write access"
    ]
    assert check.status == "failed"
    assert check.fix


def test_good_site(examined, site):
    """Executable, start, build and specfile validation are found and agree with the profile."""
    status, checks = examined("--site", site())
    assert status == 0
    for name in ("site profile", "executable", "libraries", "starts", "build"):
        assert checks[name]["status"] == "ok", checks[name]
    assert "order 2, plotters ProbeWriter18, ProbeWriter19, Writer" in checks["build"]["found"]
    assert checks["specfile validation"]["found"] == "the executable reads the specfile itself"


def test_profile_that_contradicts_the_build(examined, site):
    """The executable itself says with which order it was compiled."""
    profile = site()
    profile.write_text(profile.read_text().replace("order = 2", "order = 4"))
    status, checks = examined("--site", profile)
    assert status == 1
    assert "set application.order = 2" in checks["build"]["found"]


def test_writers_that_fill_nothing(examined):
    """Upstream as it is published cannot give a result."""
    status, checks = examined("--site", "upstream-l0")
    assert status == 1
    assert "fill nothing" in checks["site profile"]["found"]
    assert 'base = "upstream-l0"' in checks["executable"]["fix"]


def test_executable_without_permission(examined, site, program):
    """It is there, but it is not found."""
    path = program()
    path.chmod(0o644)
    _, checks = examined("--site", site(executable=path))
    assert checks["executable"]["fix"] == "chmod +x it"
    assert "starts" not in checks


def test_missing_libraries_are_named(examined, site, on_path):
    """All of them, once each."""
    on_path("ldd", r'printf "\tlibasagi.so.1 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x1)\n"')
    status, checks = examined("--site", site())
    assert status == 1
    assert checks["libraries"]["found"] == "not found: libasagi.so.1"
    assert "LD_LIBRARY_PATH" in checks["libraries"]["fix"]


def test_executable_that_hangs_is_ended(examined, site, program, tmp_path):
    """The check ends in time and leaves nothing running."""
    mark = tmp_path / "pid"
    path = program(body=f'echo $$ > "{mark}"; sleep 600 & wait')
    start = time.monotonic()
    status, checks = examined("--site", site(executable=path), "--timeout", "1")
    assert status == 1
    assert "has not answered within 1 s" in checks["starts"]["found"]
    assert time.monotonic() - start < 15
    assert not Path(f"/proc/{mark.read_text().strip()}/exe").exists()


def test_executable_that_fails_says_why(examined, site, program):
    """Its last line is what is told."""
    path = program(body='echo "cannot open the sea" >&2; exit 3')
    _, checks = examined("--site", site(executable=path))
    assert checks["starts"]["found"] == "cannot open the sea"


def test_other_program_is_doubted(examined, site, program):
    """Whatever runs may be meant, but it is no ExaHyPE build."""
    status, checks = examined("--site", site(executable=program(body="echo hello")))
    assert status == 0
    assert checks["build"]["status"] == "warning"
    assert "specfile validation" not in checks


@pytest.mark.parametrize(
    ("toolkit", "status", "words"),
    [
        (None, "failed", "is gone"),
        ("exit 0", "ok", "works with Python 3"),
        (
            'echo "At least one required Python3 module is not available." >&2; exit 1',
            "failed",
            "Py",
        ),
    ],
)
def test_toolkit_that_validates_the_specfile(
    examined, site, program, tmp_path, toolkit, status, words
):
    """ExaHyPE starts the toolkit of its source tree at every start; the path is compiled in."""
    path = tmp_path / "src" / "Toolkit" / "toolkit.sh"
    if toolkit is not None:
        path.parent.mkdir(parents=True)
        path.write_text(toolkit)
    _, checks = examined("--site", site(executable=program(prologue=f"# {path} --format=any")))
    assert checks["specfile validation"]["status"] == status
    assert words in checks["specfile validation"]["found"]


def test_module_that_is_not_there(examined, site, tmp_path, monkeypatch):
    """What the module command said is told."""
    init = tmp_path / "modules" / "init"
    init.mkdir(parents=True)
    (init / "bash").write_text('module() { echo "no $2 here" >&2; return 1; }\n')
    monkeypatch.setenv("MODULESHOME", str(init.parent))
    status, checks = examined("--site", site('modules = ["netcdf"]'))
    assert status == 1
    assert checks["modules"]["found"] == "no netcdf here"


def test_build_without_mpi_has_one_rank(examined, site, program, on_path):
    """Several ranks would each compute the whole domain and write the same files."""
    on_path("mpirun", "echo fake MPI 1.0")
    answer = r'printf "This is x, an ExaHyPE executable\nMPI Support:   no\n"'
    profile = site('launcher = "mpirun"\nranks = 3', executable=program(body=answer))
    status, checks = examined("--site", profile)
    assert status == 1
    assert "DISTRIBUTEDMEM=MPI" in checks["MPI support"]["fix"]


@pytest.mark.parametrize(
    ("script", "status", "fix"),
    [
        ("echo fake MPI 1.0", "ok", ""),
        (
            '[ "$1" = --version ] || { echo "an attempt to run as root."; exit 1; }',
            "failed",
            "--allow-run-as-root",
        ),
        (
            '[ "$1" = --version ] || { echo "There are not enough slots available"; exit 1; }',
            "failed",
            "--oversubscribe",
        ),
        ("exit 1", "failed", "install MPI"),
    ],
)
def test_mpi_is_started(examined, site, on_path, script, status, fix):
    """A trial start of as many ranks as the profile asks for."""
    on_path("mpirun", script)
    _, checks = examined("--site", site('launcher = "mpirun"\nranks = 3'))
    assert checks["MPI"]["status"] == status
    assert fix in checks["MPI"]["fix"]


def test_two_ranks_are_one_worker(examined, site, on_path):
    """Rank 0 computes nothing."""
    on_path("mpirun", "echo fake MPI 1.0")
    _, checks = examined("--site", site('launcher = "mpirun"\nranks = 2'))
    assert checks["MPI"]["status"] == "warning"
    assert "one worker" in checks["MPI"]["fix"]


@pytest.mark.mpi
def test_real_mpi_is_started(examined, site, mpi):
    """Open MPI of this machine starts three ranks."""
    _, checks = examined("--site", site(mpi(3)))
    assert checks["MPI"]["status"] == "ok", checks["MPI"]
    assert "starts 3 ranks" in checks["MPI"]["found"]


@pytest.mark.parametrize(
    ("partition", "sinfo", "status", "words"),
    [
        ("", "echo debug; echo batch; echo debug", "ok", "slurm 1, partitions batch, debug"),
        ("batch", "echo debug; echo batch", "ok", "slurm 1"),
        ("gpu", "echo debug; echo batch", "failed", "no partition gpu"),
        (
            "",
            'echo "Unable to contact slurm controller" >&2; exit 1',
            "failed",
            "Unable to contact",
        ),
    ],
)
def test_slurm_is_asked(examined, site, on_path, partition, sinfo, status, words):
    """The controller answers, and the partition of the profile is there."""
    on_path("sbatch", "echo slurm 1")
    on_path("sinfo", sinfo)
    top = f'launcher = "slurm"\nslurm = {{partition = "{partition}"}}'
    _, checks = examined("--site", site(top))
    assert checks["SLURM"]["status"] == status
    assert words in checks["SLURM"]["found"]


def test_version_of_python_is_told(examined):
    """It is the one that runs exacouple."""
    assert sys.executable in examined()[1]["Python"]["found"]
