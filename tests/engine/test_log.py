"""Lines in ExaHyPE's format."""

import io
import logging
import re

import pytest

from exacouple.engine.log import LogError, engine_log

_log = logging.getLogger("exacouple.engine.somewhere")


def test_columns_are_those_of_exahype() -> None:
    """Seconds, process, level, origin and message start where ExaHyPE's do."""
    out, err = io.StringIO(), io.StringIO()
    with engine_log(out, err):
        _log.info("step %d\tt_min          =%g", 3, 74.90231, extra={"origin": "a::b(...)"})
    line = out.getvalue()
    assert re.fullmatch(r" \d+\.\d{6}\s+\[\S+\],rank:0 +info +a::b\(\.\.\.\) +step 3\t.*\n", line)
    step = re.search(r"\bstep (\d+)\s+t_min\s+=(\S+)", line)
    assert step is not None
    assert step.groups() == ("3", "74.9023")


def test_warnings_and_errors_go_to_stderr_in_one_line_each() -> None:
    """The word error stands alone so that ' error ' finds it; stdout holds none of them."""
    out, err = io.StringIO(), io.StringIO()
    with engine_log(out, err):
        _log.warning("careful")
        _log.error("first\nsecond")
    warning, error = err.getvalue().splitlines()
    assert " warning " in warning
    assert " error " not in warning
    assert " error " in error
    assert error.endswith("first second")
    assert out.getvalue() == ""


def test_logging_is_as_before_afterwards() -> None:
    """The package's logger is given back."""
    package = logging.getLogger("exacouple")
    before = (package.level, package.propagate, list(package.handlers))
    with engine_log(io.StringIO(), io.StringIO()):
        assert package.propagate is False
    assert (package.level, package.propagate, list(package.handlers)) == before


def test_a_stream_that_fails_ends_the_run() -> None:
    """Progress that cannot be written is not dropped."""

    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    with engine_log(Full(), Full()), pytest.raises(LogError, match="No space left"):
        _log.info("anything")
