"""Every way in which ExaHyPE 1 was seen to fail is judged a failure that says what to change.

What it printed is replayed: whole logs from tests/data/exahype1/logs (see also test_verdict), and
here excerpts; complaints about the schema are in the words of the toolkit's library.
"""

from pathlib import Path

import pytest

from exacouple.launch.progress import CollapseWatch, ProgressReader
from exacouple.launch.verdict import Expected, Verdict, judge

DATA = Path(__file__).parents[1] / "data" / "exahype1"
ABORT = "[host] *** Process received signal ***\n[host] Signal: Aborted (6)\n"
EASI = (
    "terminate called after throwing an instance of 'std::runtime_error'\n"
    "  what():  Error while parsing easi model file.\n" + ABORT
)
PARSER = " 1.4     07:32:25     [host],rank:0  error        exahype::parser::Parser::"
MAIN = " 1.5     07:32:27     [host],rank:0  error        exahype::main()          "
NO_RUN = (
    " 7.3     [host],rank:0  error        exahype::runners::Runner::run(...)      "
    "do not run code as parser reported errors (file:Runner.cpp,line:939)\n"
)
QUIT = " 7.3     [host],rank:0  info         exahype::main()          quit with error code 1\n"
SUCCESS = (
    " 2.9     [host],rank:0  info         exahype::main()          Peano terminates successfully\n"
)
STEPS = (
    " 0.1     [host],rank:0  info         exahype::x(...)        step 0\tt_min          =0\n"
    " 0.9     [host],rank:0  info         exahype::x(...)        step 9\tt_min          =224.707\n"
)
SCHEMA = (
    "ERROR: This specification file did not pass the schema validation step. The error message is: "
)

FAILURES = {
    "no argument": (
        0, "", MAIN + "Usage: ExaHyPE-SWE --help (file:main.cpp,line:47)\n",
        "name tsunami.exahype2 as its argument",
    ),
    "missing specfile": (
        134, "", "omni_reader.py: error: argument specfile: can't open 'x.exahype2': [Errno 2] No "
        "such file or directory: 'x.exahype2'\n  what():  Could not properly call toolkit from "
        "ExaHyPE.\n" + ABORT,
        "finds no specfile x.exahype2: prepare the case again",
    ),
    "missing specfile, strict build": (
        134, "", PARSER + "readFile()                     Syntax Error (Error type 101): "
        "[json.exception.parse_error.101] parse error at 1: syntax error - unexpected end of input "
        "(file:/src)\n" + ABORT,
        "is not valid JSON (parse error at 1: syntax error - unexpected end of input): prepare",
    ),
    "malformed JSON": (
        134, "", "omni_reader.py: All file formats tested failed\n" + ABORT, "is not valid JSON",
    ),
    "unknown key": (
        134, "", SCHEMA + "Additional properties are not allowed ('foo' was unexpected)\n" + ABORT,
        "has the key 'foo', which the engine does not know: correct or remove it",
    ),
    "unknown key under mpirun": (
        134, "", SCHEMA + "Additional properties are not allowed ('foo' was unexpected)\n" + ABORT
        + "mpirun noticed that process rank 0 with PID 0 on node x exited on signal 6 (Aborted).\n",
        "has the key 'foo', which the engine does not know: correct or remove it",
    ),
    "end time that is text": (
        134, "", SCHEMA + "'soon' is not of type 'number'\n" + ABORT,
        "'soon' is not of type 'number': correct this value",
    ),
    "negative mesh size": (
        134, "", SCHEMA + "-120.0 is less than or equal to the minimum of 0\n" + ABORT,
        "-120.0 is less than or equal to the minimum of 0: correct this value",
    ),
    "repeat of zero": (
        134, "", SCHEMA + "0.0 is less than or equal to the minimum of 0\n" + ABORT,
        "correct this value",
    ),
    "both or none of end_time and time_steps": (
        134, "", SCHEMA + "{'end_time': 1.0} is not valid under any of the given schemas\n" + ABORT,
        "correct this value",
    ),
    "no solvers": (
        134, "", SCHEMA + "'solvers' is a required property\n" + ABORT, "correct this value",
    ),
    "strict build, no end_time": (
        0, "", PARSER + "getIntFromPath()               Missing entry /computational_domain/"
        "time_steps ([json.exception.out_of_range.403] key 'time_steps' not found) (file:p)\n"
        + MAIN + "invalid config file. Quit (file:main.cpp,line:168)\n",
        "lacks /computational_domain/time_steps",
    ),
    "solver name": (
        0, QUIT, PARSER + "checkSolverConsistency         'Other': Identifier in specification "
        "file ('Other') differs from identifier used in implementation ('MySWESolver'). (file:e)\n"
        + NO_RUN,
        "names the solver Other, this executable was compiled with MySWESolver",
    ),
    "number of variables": (
        0, QUIT, PARSER + "checkSolverConsistency         'MySWESolver': Value for 'variables' in "
        "specification file('3') differs from number of variables used in implementation file "
        "('4'). (file:/x)\n" + NO_RUN,
        "use the values that it was compiled with",
    ),
    "fewer plotters": (
        0, QUIT, PARSER + "getDoubleFromPath()            Missing entry /solvers/0/plotters/2/"
        "repeat ([json.exception.out_of_range.401] array index 2 is out of range)\n" + NO_RUN,
        "fewer plotters (buoys) than this executable was compiled with",
    ),
    "plotter without repeat": (
        0, QUIT, PARSER + "getDoubleFromPath()            Missing entry /solvers/0/plotters/0/"
        "repeat ([json.exception.out_of_range.403] key 'repeat' not found) (file:Par)\n" + NO_RUN,
        "lacks /solvers/0/plotters/0/repeat: add it",
    ),
    "plotter without select": (
        134, "", PARSER + "isValueValidDouble()           No parameters found at all! (file:p)\n"
        + ABORT,
        "lacks its position: add select with x and y",
    ),
    "dimension 3": (
        0, "", PARSER + "getDomainSize()                dimension: value 3 in specification file "
        "does not match -DDim2 switch in Makefile. Rerun toolkit! (file:Parser.cpp)\n"
        + MAIN + "invalid config file. Quit (file:main.cpp,line:168)\n",
        "set computational_domain/dimension to 2",
    ),
    "no distributed_memory": (
        0, SUCCESS, PARSER + "getIntFromPath()               Missing entry /distributed_memory/"
        "ranks_per_node ([json.exception.out_of_range.403] key 'distributed_memory' not found)\n",
        "add a section distributed_memory with ranks_per_node",
    ),
    "no displacement": (
        134, "Could not open tohoku_2011/displ.nc\n", EASI,
        "cannot read tohoku_2011/displ.nc: the file is missing, damaged, or has no variable",
    ),
    "no variable z in the bathymetry": (
        134, "Could not open bathymetry.nc\n", EASI, "has no variable of the name that data.yaml",
    ),
    "no easi file": (134, "", EASI, "cannot use data.yaml: it is missing or wrong"),
    "no probe folder": (0, STEPS + SUCCESS, "", "could not write there"),
    "more plotters than compiled": (0, STEPS + SUCCESS, "", "has fewer probes compiled in"),
    "no log filter": (
        0, STEPS + SUCCESS, " 2.4     [host],rank:0  error        tarch::logging::"
        "LogFilterFileReader::parsePlainTextFile(string) was not able to open input file "
        "exahype.log-filter (file:LogFilterFileReader.cpp,line:89)\n",
        "exahype.log-filter is missing in the case directory: prepare the case again",
    ),
    "two ranks of the upstream build": (139, STEPS, "", "run it with one"),
    "ended by the batch system": (143, STEPS, "", "perhaps at its time limit"),
    "killed for want of memory": (137, STEPS, "", "use fewer cells (prepare --cells)"),
}  # fmt: skip


def judged(folder: Path, code: int, out: str, err: str, probe: str | None = None) -> Verdict:
    """Judge a run of 200 s with one buoy by what it left."""
    (folder / "probes").mkdir()
    (folder / "out").write_text(out)
    (folder / "err").write_text(err)
    if probe is not None:
        (folder / "probes" / "18-rank-0.probe").write_text(probe)
    expected = Expected(folder, 200.0, 10.0, ("18",), folder / "probes")
    return judge(expected, code, folder / "out", folder / "err")


@pytest.mark.parametrize("name", FAILURES)
def test_failure_is_judged_and_advised(tmp_path: Path, name: str) -> None:
    """The first reason is the cause, and what to change is in it."""
    code, out, err, advice = FAILURES[name]
    verdict = judged(tmp_path, code, out, err)
    assert not verdict.ok
    assert advice in verdict.reasons[0], verdict.reasons
    assert not verdict.diverged


def test_hole_in_the_bathymetry(tmp_path: Path) -> None:
    """ExaHyPE computes with NaN to the end and says nothing: the probes give it away."""
    logs = DATA / "logs"
    verdict = judged(
        tmp_path,
        0,
        (logs / "v_nan7500.stdout.txt").read_text(),
        (logs / "v_nan7500.stderr.txt").read_text(),
        (DATA / "nan-rank-0.probe").read_text(),
    )
    assert not verdict.ok
    assert verdict.diverged
    assert (
        "bathymetry.nc or displacement.nc holds NaN at buoy 18: fill the gaps"
        in (verdict.reasons[0])
    )


def test_blow_up_with_adaptive_steps_never_ends(tmp_path: Path) -> None:
    """Displacement times 1000: the time step falls to 1e-8 s, and the launcher has to end it."""
    reader, watch = ProgressReader(), CollapseWatch(7500.0)
    wrong, dt, time = None, 18.5571, 0.0
    for step in range(1, 60):
        reader.feed(f" 0.7     info         step {step}\tt_min          ={time:g}".encode())
        progress = reader.feed(f" 0.7     info         \tdt_min         ={dt:g}".encode())
        assert progress is not None
        wrong = wrong or watch.observe(progress)
        time, dt = time + dt, max(0.3 * dt, 1e-8)
    assert watch.collapsed
    assert wrong is not None
    assert "the solution has blown up and the run would never end" in wrong


@pytest.mark.parametrize(
    "message",
    [
        "the solution is not finite in the cell around x = 1, y = 2 at t = 3",
        "the fixed time step 2 is no longer stable at t = 5: the largest stable one is 1",
    ],
)
def test_embedded_engine_that_diverges_says_so(tmp_path: Path, message: str) -> None:
    """Its words mark the run as one that would fail again from its checkpoint."""
    verdict = judged(
        tmp_path, 1, STEPS, f" 1.5  [host],rank:0  error  exahype::main()  {message}\n"
    )
    assert verdict.diverged
    assert message in verdict.reasons[0]
