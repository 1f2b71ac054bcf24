"""A SLURM cluster of one node, started for the tests: no accounting, no systemd, any user."""

import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")
_DISABLED_SINCE = (23, 11)

_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
EnforcePartLimits=ALL
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
KillWait=3
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=low Nodes=one Default=YES PriorityTier=1 DefaultTime=10 MaxTime=60 State=UP
PartitionName=high Nodes=one PriorityTier=10 PreemptMode=OFF State=UP
"""


@pytest.fixture(autouse=True)
def cluster(cluster_of_the_session: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Lead SLURM's programs to the cluster, and leave no job behind."""
    monkeypatch.setenv("SLURM_CONF", str(cluster_of_the_session))
    yield cluster_of_the_session
    subprocess.run(["scancel", f"--user={getpass.getuser()}"], check=False)
    _wait_until(lambda: not _squeue(), "the node is free again")


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """Return a function that waits until something is true."""
    return _wait_until


@pytest.fixture(scope="session")
def cluster_of_the_session() -> Iterator[Path]:
    """Start the cluster; yield its slurm.conf."""
    missing = [name for name in _PROGRAMS if shutil.which(name, path=_search_path()) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: apt-get install slurmctld slurmd slurm-client munge")
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # short: a socket has a name of 107 bytes
    folder.chmod(0o755)
    conf = _configure(folder)
    try:
        _start(folder, conf)
        yield conf
    finally:
        for name in ("slurmd", "slurmctld", "munged"):
            _end(folder / f"{name}.pid")
        shutil.rmtree(folder, ignore_errors=True)


def _squeue() -> str:
    words = ("squeue", "--noheader")
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def _wait_until(true: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)


def _search_path() -> str:
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def _configure(folder: Path) -> Path:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        controller, node = one.getsockname()[1], other.getsockname()[1]
    host = socket.gethostname().partition(".")[0]
    conf = folder / "slurm.conf"
    conf.write_text(
        _CONF.format(
            host=host, controller=controller, node=node, user=getpass.getuser(), folder=folder
        )
    )
    version = _run(folder, "slurmctld", "-V").stdout
    numbers = re.search(r"(\d+)\.(\d+)", version)
    assert numbers is not None, version
    if (int(numbers[1]), int(numbers[2])) >= _DISABLED_SINCE:
        (folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
    return conf


def _start(folder: Path, conf: Path) -> None:
    _run(
        folder,
        "munged",
        "--force",
        *(
            f"--{option}={folder}/{name}"
            for option, name in (
                ("key-file", "munge.key"),
                ("socket", "munge.socket"),
                ("pid-file", "munged.pid"),
                ("log-file", "munged.log"),
                ("seed-file", "munged.seed"),
            )
        ),
    )
    _run(folder, "slurmctld", "-c", "-f", str(conf))
    _run(folder, "slurmd", "-N", "one", "-f", str(conf))

    def idle() -> bool:
        answer = _run(folder, "sinfo", "-h", "-o", "%T", check=False)
        return set(answer.stdout.split()) == {"idle"}

    try:
        _wait_until(idle, "the node is idle", 60.0)
    except AssertionError as exc:
        logs = "\n".join(path.read_text() for path in sorted(folder.glob("*.log")))
        raise AssertionError(f"{exc}\n{logs}") from exc


def _run(folder: Path, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "PATH": _search_path(),
        "SLURM_CONF": str(folder / "slurm.conf"),
    }
    with open(folder / "errors", "a+") as errors:
        answer = subprocess.run(
            words, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, check=False
        )
    if check and answer.returncode:
        raise AssertionError(f"{words[0]} does not start: {(folder / 'errors').read_text()}")
    return answer


def _end(pid_file: Path) -> None:
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return
    deadline = time.monotonic() + 10.0
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)
