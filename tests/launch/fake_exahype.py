"""A stand-in for an ExaHyPE 1 executable: order 2, two probes and a picture writer compiled in.

It does what the real one was seen to do: exit status 0 after most errors, silence about a missing
probe folder and about an order that it ignores, one probe file per rank that owns the cell, rank 0
without cells. The water is 4000 m deep. FAKE_EXAHYPE=hang makes it run for ever, =unfilled leaves
the columns to memory, =split lets two ranks own a probe one after the other.
"""

import json
import math
import os
import sys
import time
from pathlib import Path

PLOTTERS = ("ProbeWriter18", "ProbeWriter19", "Writer")
RANK = int(os.environ.get("OMPI_COMM_WORLD_RANK", "0"))
RANKS = int(os.environ.get("OMPI_COMM_WORLD_SIZE", "1"))
MODE = os.environ.get("FAKE_EXAHYPE", "")


def say(text: str, level: str = "info") -> None:
    stream = sys.stdout if level == "info" else sys.stderr
    print(f" 0.1     [host],rank:{RANK}  {level:<12} {text}", file=stream, flush=True)


def cell_size(document: dict) -> float:
    domain, solver = document["computational_domain"], document["solvers"][0]
    outside = domain.get("outside_cells_left", 1) + domain.get("outside_cells_right", 1)
    power = 1
    while 3**power <= outside or (
        max(domain["width"]) / (3**power - outside) > solver["maximum_mesh_size"]
    ):
        power += 1
    return max(domain["width"]) / (3**power - outside)


def owned_rows(number: int, steps: int) -> range:
    """Return the steps that this rank writes of a probe."""
    if RANKS == 1:
        return range(steps + 1)
    if MODE == "split":
        half = steps // 2
        return {1: range(half), 2: range(half, steps + 1)}.get(RANK, range(0))
    return range(steps + 1) if 1 + number % (RANKS - 1) == RANK else range(0)


def write_probe(plotter: dict, number: int, dt: float, steps: int) -> None:
    rows = [step for step in owned_rows(number, steps) if step * dt >= plotter["time"]]
    path = Path(f"{plotter['output']}-rank-{RANK}.probe")
    if not rows or not path.parent.is_dir():
        return
    values = "4.66539e-310, 0, 9.31099e+242, 1.90853e+185, 0" if MODE == "unfilled" else ""
    with open(path, "w") as stream:
        stream.write("# plot-time, real-time,Q0,Q1,Q2,Q3,Q4\n")
        for step in rows:
            eta = 0.001 * math.sin(step)
            row = values or f"{4.0 + eta:g}, 0, 0, -4, {eta:g}"
            stream.write(f"{step * dt:g}, {step * dt:g}, {row}\n")


def main() -> None:
    if sys.argv[1:] == ["--version"]:
        print("This is fake, an ExaHyPE executable\nDimensions:    2\nMPI Support:   YES")
        print("Solver[0].class:            SWE::MySWESolver")
        print("Solver[0].abstract[ADERDG]: SWE::Abstract(nVar=4, nParam=0, Order=2)")
        for number, name in enumerate(PLOTTERS):
            print(f"Solver[0].Plotter[{number}]: SWE::{name}(variables=0)")
        return
    document = json.loads(Path(sys.argv[1]).read_text())
    shift = Path(os.environ["SHARED_DIR"] + "inputs.txt").read_text().split()
    seen = {"argv": sys.argv, "shift": shift, **os.environ}
    Path(f"seen-by-{RANK}.json").write_text(json.dumps(seen))
    plotters = document["solvers"][0]["plotters"]
    if len(plotters) < len(PLOTTERS):
        number = len(plotters)
        missing = f"Missing entry /solvers/0/plotters/{number}/output"
        say(f"exahype::x {missing} ([json.exception.out_of_range.401] ...", "error")
        say("exahype::main() quit with error code 1")
        return
    dx = cell_size(document)
    dt = 0.9 * 0.17 * dx / (2.0 * math.sqrt(9.81e-3 * 4.0))
    steps = math.ceil(document["computational_domain"]["end_time"] / dt)
    if RANK == 0:
        say(f"x() coarsest mesh size was chosen as {dx:g} based on user's maximum mesh size 1")
        for step in range(steps + 1):
            say(f"printTimeStepInfo(...)        step {step}\tt_min          ={step * dt:g}")
            say(f"printTimeStepInfo(...)        \tdt_min         ={dt:g}")
    while MODE == "hang":
        time.sleep(0.05)
    for number, plotter in enumerate(plotters[: len(PLOTTERS)]):
        if plotter["type"] == "probe::ascii":
            write_probe(plotter, number, dt, steps)
    say("exahype::main() Peano terminates successfully")


if __name__ == "__main__":
    main()
