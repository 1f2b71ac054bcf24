"""A stand-in for an engine: ``python fake_engine.py BEHAVIOUR SPECFILE`` in a case directory.

The specfile is JSON with buoy ids, the end time and, for the behaviour "as_told", what to do.
Behaviours with a good end write probe
files and progress lines as ExaHyPE does.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

DT = 25.0
BLAST = 8_000


def say(text: str, level: str = "info") -> None:
    stream = sys.stdout if level == "info" else sys.stderr
    print(f" 0.1  [host],rank:0  {level:<12} exahype::main()  {text}", file=stream, flush=True)


def step(number: int, dt: float = DT, at: float | None = None) -> None:
    at = number * dt if at is None else at
    trace = "exahype::runners::Runner::printTimeStepInfo(...)"
    print(f" 0.1  [host],rank:0  info  {trace}  step {number}\tt_min          ={at:g}", flush=True)
    print(f" 0.1  [host],rank:0  info  {trace}  \tdt_min         ={dt:g}", flush=True)


def rows(buoys: list[str], until: float, eta: str = "0.001", name: str = "{}-rank-0.probe") -> None:
    for buoy in buoys:
        with open(Path("probes") / name.format(buoy), "w") as stream:
            stream.write("# plot-time, real-time,Q0,Q1,Q2,Q3,Q4\n")
            for number in range(int(until / DT) + 1):
                at = number * DT
                value = eta if at > 0 else "0"
                stream.write(f"{at:g}, {at:g}, 4.95, 0, 0, -4.95, {value}\n")


def run(buoys: list[str], end: float) -> None:
    for number in range(int(end / DT) + 1):
        step(number)


def ignore(*numbers: int) -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)


def hang(pause: float = 0.02) -> None:
    number = 0
    while True:
        step(number, dt=1e-3)
        number += 1
        time.sleep(pause)


def good(buoys: list[str], end: float) -> None:
    rows(buoys, end)
    run(buoys, end)
    say("Peano terminates successfully")


def environment(buoys: list[str], end: float) -> None:
    """Succeed, and say in which surroundings."""
    names = ("OMP_NUM_THREADS", "PYTHONUNBUFFERED")
    say(json.dumps({name: os.environ.get(name) for name in names}))
    good(buoys, end)


def other_rank(buoys: list[str], end: float) -> None:
    """Succeed as rank 1 of an MPI run."""
    rows(buoys, end, name="{}-rank-1.probe")
    run(buoys, end)
    say("Peano terminates successfully")


def loud(buoys: list[str], end: float) -> None:
    """Succeed after filling both pipes many times over, with NUL bytes."""
    line = b" 1.0 warning  harmless\x00 " + b"x" * 400 + b"\n"
    for _ in range(BLAST):
        os.write(2, line)
        os.write(1, line)
    good(buoys, end)


def quits(buoys: list[str], end: float) -> None:
    """ExaHyPE's way to fail: exit status 0."""
    say("do not run code as parser reported errors (file:Runner.cpp,line:939)", "error")
    say("quit with error code 1")


def raises(buoys: list[str], end: float) -> None:
    step(0)
    raise RuntimeError("the tide is out")


def aborts(buoys: list[str], end: float) -> None:
    os.abort()


def killed(buoys: list[str], end: float) -> None:
    rows(buoys, 100.0)
    step(4)
    os.kill(os.getpid(), signal.SIGKILL)


def short(buoys: list[str], end: float) -> None:
    """Claim success long before the end."""
    rows(buoys, 100.0)
    run(buoys, 100.0)
    say("Peano terminates successfully")


def no_probes(buoys: list[str], end: float) -> None:
    run(buoys, end)
    say("Peano terminates successfully")


def first_buoy_only(buoys: list[str], end: float) -> None:
    good(buoys[:1], end)


def not_a_number(buoys: list[str], end: float) -> None:
    rows(buoys, end, eta="-nan")
    run(buoys, end)
    say("Peano terminates successfully")


def blow_up(buoys: list[str], end: float) -> None:
    say("Finite volumes solver time step size harmed CFL condition. dt=2, dt_adm=1.", "warning")
    not_a_number(buoys, end)


def collapse(buoys: list[str], end: float) -> None:
    """Go on for ever with smaller and smaller steps."""
    dt, at, number = DT, 0.0, 0
    while True:
        step(number, dt, at)
        at += dt
        dt = max(dt * 0.3, 1e-8)
        number += 1
        time.sleep(0.002)


def hang_until_sigint(buoys: list[str], end: float) -> None:
    """Obey, also if the tests run in the background, where shells have SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    hang()


def hang_until_sigterm(buoys: list[str], end: float) -> None:
    ignore(signal.SIGINT)
    hang()


def hang_until_sigkill(buoys: list[str], end: float) -> None:
    ignore(signal.SIGINT, signal.SIGTERM)
    hang()


def hang_silently(buoys: list[str], end: float) -> None:
    ignore(signal.SIGINT, signal.SIGTERM)
    step(1)
    time.sleep(600)


def leaves_child(buoys: list[str], end: float) -> None:
    """Succeed, but a child keeps the pipes open."""
    if os.fork() == 0:
        time.sleep(600)
        os._exit(0)
    good(buoys, end)


def until_mended(buoys: list[str], end: float) -> None:
    """Fail, unless there is a file "mended"."""
    good(buoys, end) if Path("mended").exists() else quits(buoys, end)


def waits(buoys: list[str], end: float) -> None:
    """Succeed once there is a file "go"."""
    step(1)
    while not Path("go").exists():
        time.sleep(0.05)
    good(buoys, end)


def hang_at_first(buoys: list[str], end: float) -> None:
    """Hang with probe files of another rank when started first, succeed when started again."""
    if Path("started").exists():
        good(buoys, end)
        return
    Path("started").touch()
    rows(buoys, 100.0, name="{}-rank-7.probe")
    hang()


if __name__ == "__main__":
    _, behaviour, *_, specfile = sys.argv
    case = json.loads(Path(specfile).read_text())
    if behaviour == "as_told":
        behaviour = case["behaviour"]
    globals()[behaviour](case["buoys"], case["end_time"])
