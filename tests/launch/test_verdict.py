"""Tests of the judgement on a run, mostly with what ExaHyPE 1 has really printed."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from exacouple.cases.mesh import plan_mesh
from exacouple.cases.truth import MeshTruth
from exacouple.launch.progress import Progress
from exacouple.launch.verdict import Expected, Verdict, judge

LOGS = Path(__file__).parents[1] / "data" / "exahype1" / "logs"

HEADER = "# plot-time, real-time,Q0,Q1,Q2,Q3,Q4\n"
CALM = "{0}, {0}, 4.95, 0, 0, -4.95, 0\n"
GOOD_LOG = (
    " 1.0 info  step 0\tt_min =0\n 1.0 info  step 10\tt_min =200\n"
    " 1.1 info  exahype::main()  Peano terminates successfully\n"
)

Judge = Callable[..., Verdict]


@pytest.fixture
def judged(tmp_path: Path) -> Judge:
    """Return a function that judges a run of 200 s with one buoy, given by what it left."""

    def run(
        *,
        exit_code: int = 0,
        out: str | bytes | Path = GOOD_LOG,
        err: str | bytes | Path = "",
        probe: str | None = HEADER + CALM.format(0) + CALM.format(200),
        end_time: float = 200.0,
        sampling: float = 5.0,
        stopped: str | None = None,
        mesh: MeshTruth | None = None,
    ) -> Verdict:
        probes = tmp_path / "probes"
        probes.mkdir()
        if probe is not None:
            (probes / "18-rank-0.probe").write_text(probe)
        logs = {}
        for name, content in (("out", out), ("err", err)):
            logs[name] = tmp_path / name
            if isinstance(content, Path):
                content = content.read_bytes() if content.exists() else b""
            logs[name].write_bytes(content.encode() if isinstance(content, str) else content)
        expected = Expected(tmp_path, end_time, sampling, ("18",), probes, mesh)
        return judge(expected, exit_code, logs["out"], logs["err"], stopped=stopped)

    return run


def test_good_run(judged: Judge) -> None:
    """Success line, last step and probe at the end, finite values, exit status 0."""
    verdict = judged()
    assert verdict == Verdict(True, (), (), Progress(10, 200.0))


def test_what_the_embedded_engine_warns_of_is_told(judged: Judge) -> None:
    """Else nobody reads it; ExaHyPE's own warnings are many and mostly idle."""
    err = (
        " 3.293526     [host],rank:0  warning      exacouple.engine.simulation::_warn(...)       "
        "probe ProbeWriter18 lies in the sponge\n"
        " 0.021842     [host],rank:0  warning      peano::utils::UserInterface::UserInterface()  "
        "number of threads is 1\n"
    )
    verdict = judged(err=err)
    assert verdict.ok
    assert verdict.warnings == ("probe ProbeWriter18 lies in the sponge",)


def test_real_success(judged: Judge) -> None:
    """The log of a real run that reached 5617.67 s of 5600 s is a success."""
    out, err = LOGS / "l0_up_v5.stdout.txt", LOGS / "l0_up_v5.stderr.txt"
    probe = HEADER + CALM.format(0) + CALM.format(5617.67)
    assert judged(out=out, err=err, probe=probe, end_time=5600.0).ok


@pytest.mark.parametrize(
    ("run", "exit_code", "advice"),
    [
        ("e_missingspec", 134, "finds no specfile doesnotexist.exahype2: prepare the case again"),
        ("e_malformed", 134, "not valid JSON"),
        ("s_empty", 134, "not valid JSON .parse error at 1"),
        ("e_unk_solver", 134, "key 'foo', which the engine does not know: correct or remove"),
        ("e_repeat0", 134, "0.0 is less than or equal to the minimum of 0: correct"),
        ("e_name", 0, "names the solver Other, this executable was compiled with MySWESolver"),
        ("e_plotters1", 0, "fewer plotters .buoys. than this executable was compiled with"),
        ("e_dim3", 0, "dimension 3, .* set computational_domain/dimension to 2"),
        ("e_dim3", 1, "dimension 3, .* set computational_domain/dimension to 2"),
        ("m_nosharedmem", 0, "lacks /distributed_memory/ranks_per_node.* add a section"),
        ("e_nobath_l2", 134, "cannot read tohoku_2011/tohoku_gebco_ucsb3_2000m_hawaii_bath.nc"),
        ("e_releasefilter", 0, "use the exahype.log-filter that prepare writes"),
    ],
)
def test_real_failure_gets_one_piece_of_advice(
    judged: Judge, run: str, exit_code: int, advice: str
) -> None:
    """What ExaHyPE printed when it failed, also with exit status 0, is one clear reason."""
    verdict = judged(
        exit_code=exit_code,
        out=LOGS / f"{run}.stdout.txt",
        err=LOGS / f"{run}.stderr.txt",
        probe=None,
    )
    assert not verdict.ok
    assert len(verdict.reasons) == 1
    assert_matches(verdict, advice)


def level0(order: int) -> MeshTruth:
    """Return what upstream's level 0 on 25 x 25 cells must choose."""
    step = {2: 24.9674, 3: 24.9674 * 0.1 / 0.17}[order]
    return MeshTruth(plan_mesh((1798.0, 1798.0), 25), order, 1000.0, step, 9, 200.0)


@pytest.mark.parametrize(
    ("run", "order", "probe", "advice"),
    [
        (
            "e_order3",
            3,
            HEADER + CALM.format(0) + CALM.format(224.707),
            "computed with order 2, the case asks for order 3 .*prepare with --order 2",
        ),
        ("e_noprobesdir", 2, None, "no probe file of buoy 18 .* could not write there"),
        (
            "e_paramoutside",
            2,
            HEADER + CALM.format(0) + CALM.format(55018.8),
            "has not computed this case .*55018.8 s.* no other inputs.txt shifts",
        ),
        ("e_order3", 2, "# plot-time, real-time\n0, 0\n224.707, 224.707\n", "variables to 5"),
    ],
)
def test_real_failure_that_looks_like_success(
    judged: Judge, run: str, order: int, probe: str | None, advice: str
) -> None:
    """ExaHyPE terminated successfully, said nothing, and the result is none."""
    verdict = judged(
        out=LOGS / f"{run}.stdout.txt",
        err=LOGS / f"{run}.stderr.txt",
        probe=probe,
        mesh=level0(order),
    )
    assert not verdict.ok
    assert len(verdict.reasons) == 1
    assert_matches(verdict, advice)


def test_real_run_with_the_order_asked_for(judged: Judge) -> None:
    """The same log is good for a case of order 2."""
    probe = HEADER + CALM.format(0) + CALM.format(224.707)
    verdict = judged(
        out=LOGS / "e_order3.stdout.txt",
        err=LOGS / "e_order3.stderr.txt",
        probe=probe,
        mesh=level0(2),
    )
    assert verdict == Verdict(True, (), (), Progress(9, 224.707, 24.9674))


def assert_matches(verdict: Verdict, pattern: str) -> None:
    """Fail unless a reason matches."""
    assert any(re.search(pattern, reason) for reason in verdict.reasons), verdict.reasons


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("0.1 error  exahype::main()   Usage: X --help (file:main.cpp,line:47)", "its argument"),
        ("  what():  Error while parsing easi model file.", "cannot use data.yaml"),
        ("0.1 error  a::B()   Missing entry /solvers/0/order (file:P.cpp)", "lacks /solvers/0/ord"),
        ("x was not able to open input file exahype.log-filter (file:L", "log-filter is missing"),
        ("terminate called after throwing an instance of 'std::bad_alloc'", "fewer cells"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("  what():  Could not properly call toolkit from ExaHyPE.", "needs python3"),
        (" 1.0 error  exahype::main()   the sky fell (file:a.cpp,line:1)", ": the sky fell$"),
        (" 0.697309     error        the sky fell", ": the sky fell$"),
        ("ValueError: the sky fell", ": the sky fell$"),
        (
            "./ExaHyPE: error while loading shared libraries: libasagi.so.1: cannot open shared",
            "does not find the library libasagi.so.1: load its module",
        ),
        ("bash: line 1: module: command not found", "no command `module`"),
        ("ERROR: Unable to locate a modulefile for 'x'", "module avail"),
        ('Lmod: The following module(s) are unknown: "x"', "module avail"),
        ("mpirun has detected an attempt to run as root.", "--allow-run-as-root"),
        (
            "There are not enough slots available in the system to satisfy the 9",
            "no room for 9 ranks here: ask for fewer",
        ),
        ("or execute an executable:", "mpirun cannot start the executable: check `executable`"),
    ],
)
def test_complaint_is_a_failure_whatever_the_rest_says(
    judged: Judge, line: str, advice: str
) -> None:
    """An error line spoils a run that looks good otherwise."""
    verdict = judged(err=line + "\n")
    assert not verdict.ok
    assert_matches(verdict, advice)


def test_warning_line_is_no_error(judged: Judge) -> None:
    """ExaHyPE's routine warnings spoil nothing."""
    assert judged(err=LOGS / "l0_up_v5.stderr.txt").ok


@pytest.mark.parametrize(
    ("exit_code", "advice"),
    [
        (-9, "memory ran out.*fewer cells"),
        (137, "memory ran out.*fewer cells"),
        (139, "two or more MPI ranks"),
        (-15, "SIGTERM"),
        (134, "exit status 134: it aborted"),
        (3, "exit status 3; its last words: it hurts"),
    ],
)
def test_bad_end_is_told(judged: Judge, exit_code: int, advice: str) -> None:
    """The exit status alone spoils a run, and signals are explained."""
    assert_matches(judged(exit_code=exit_code, err="it hurts\n\n"), advice)


def test_success_line_missing(judged: Judge) -> None:
    """A run that just ends is no success."""
    assert_matches(judged(out="step 10\tt_min =200\n"), "without 'Peano terminates successfully'")


def test_quit_with_exit_status_zero(judged: Judge) -> None:
    """ExaHyPE's exit status 0 after an error is not believed."""
    verdict = judged(out=" 1 info main() quit with error code 1\n", probe=None)
    assert_matches(verdict, "gave up with error code 1 though its exit status is 0")


def test_end_time_not_reached(judged: Judge) -> None:
    """The last step must be at or after the end time."""
    out = GOOD_LOG.replace("=200", "=150")
    assert_matches(judged(out=out), r"came to t = 150 s of 200 s \(step 10\)")


@pytest.mark.parametrize(
    ("probe", "advice"),
    [
        (None, "no probe file of buoy 18 .*outside the domain"),
        ("", "without rows"),
        (HEADER, "without rows"),
        (HEADER + CALM.format(0), "rows of buoy 18 end at t = 0 s of 200 s"),
        ("# plot-time, real-time\n0, 0\n200, 200\n", "variables to 5"),
        (HEADER + CALM.format(0) + CALM.format(200) + "205, 2", "cut off at line 4"),
        (HEADER + CALM.format(0) + "200, 200, 4.95\n", "cut off at line 3"),
        (HEADER + CALM.format(0) + "200, 200, \0, 0, 0, 0, 0\n", "cut off at line 3"),
        (HEADER + "0, 0, 4.66724e-310, 0, 0, -4.95, 0\n" + CALM.format(200), "uninitialised"),
        (HEADER + CALM.format(0) + "200, 200, 5, 0, 9.3e+242, -5, 0\n", "uninitialised"),
        (HEADER + "0, 0, 5, 0, 0, nan, nan\n" + CALM.format(200), "holds NaN at buoy 18: fill"),
        (HEADER + CALM.format(0) + "200, 200, -nan, 0, 0, -5, inf\n", "blew up, or NaN .* spread"),
    ],
)
def test_bad_probe_file(judged: Judge, probe: str | None, advice: str) -> None:
    """Every probe file must be there, whole and finite."""
    verdict = judged(probe=probe)
    assert not verdict.ok
    assert_matches(verdict, advice)


def test_real_blow_up_names_the_cfl_condition(judged: Judge) -> None:
    """Broken CFL conditions in a log with NUL bytes explain the NaN."""
    err = (LOGS / "v_displ1000.stderr.txt").read_bytes().replace(b"dt_adm", b"\0dt_adm")
    verdict = judged(err=err, probe=HEADER + CALM.format(0) + "200, 200, nan, 0, 0, -5, nan\n")
    assert_matches(verdict, r"from t = 200 s: .* \d+ updates broke the CFL condition: check that")


def test_broken_cfl_with_finite_result_is_a_warning(judged: Judge) -> None:
    """A finite result stands, but the user is told."""
    verdict = judged(err=LOGS / "v_displ1000.stderr.txt")
    assert verdict.ok
    assert "CFL" in verdict.warnings[0]


def test_clamped_points_are_a_warning(judged: Judge) -> None:
    """ASAGI's constant continuation of a file that is too small is told."""
    line = "Mon, Warn:  ASAGI: Coordinate in dimension 0  is out of range. Fixing.\n"
    assert "2 points lay outside" in judged(err=line * 2).warnings[0]


def test_steps_hidden_by_the_log_filter_are_a_warning(judged: Judge) -> None:
    """The probe files prove a run whose log shows no steps."""
    verdict = judged(out=" 1.1 info  exahype::main()  Peano terminates successfully\n")
    assert verdict.ok
    assert "shows no time steps" in verdict.warnings[0]


def test_no_step_at_all(judged: Judge) -> None:
    """A success line without any step or row is no success."""
    verdict = judged(out="Peano terminates successfully\n", probe=None)
    assert_matches(verdict, "no time step was run")


def test_last_row_may_precede_the_end_by_the_sampling(judged: Judge) -> None:
    """With a row every 60 s the last one of 200 s is that at 180 s."""
    probe = HEADER + CALM.format(0) + CALM.format(180)
    assert judged(probe=probe, sampling=60.0).ok


def test_rows_of_all_ranks_count(judged: Judge, tmp_path: Path) -> None:
    """A serial file and those of other MPI ranks belong to the buoy, other buoys' do not."""
    verdict = judged(probe=HEADER + CALM.format(0))
    assert not verdict.ok
    (tmp_path / "probes" / "18-rank-3.probe").write_text(HEADER + CALM.format(200))
    (tmp_path / "probes" / "180-rank-0.probe").write_text("rubbish")
    expected = Expected(tmp_path, 200.0, 5.0, ("18",), tmp_path / "probes")
    assert judge(expected, 0, tmp_path / "out", tmp_path / "err").ok


def test_reason_of_the_launcher_stands_first(judged: Judge) -> None:
    """Why the launcher ended the engine is the cause, not the signal that it sent."""
    verdict = judged(exit_code=-2, stopped="the time step fell", out="step 1\tt_min =25\n")
    assert verdict.reasons[0] == "the time step fell"
    assert not any("SIGINT" in reason for reason in verdict.reasons)


def test_messages_are_printable(judged: Judge) -> None:
    """Control characters of a log do not reach the terminal."""
    verdict = judged(exit_code=1, err=b"bad \x1b[31m\x00 news\xff " + b"x" * 100_000)
    assert all(reason.isprintable() and len(reason) < 500 for reason in verdict.reasons)
