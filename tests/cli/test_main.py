"""The command line reports errors in one line and with the right exit code."""

import json
import logging
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from exacouple import __version__, cli
from exacouple.cli import main
from exacouple.cli.options import echo_json, force_option, json_option
from exacouple.errors import ExacoupleError, UsageError


@pytest.fixture
def failing(monkeypatch):
    """Return a function that runs a subcommand which raises the given exception."""

    def run(exc, *options):
        @click.command()
        def command():
            raise exc

        monkeypatch.setattr(cli._Group, "get_command", lambda self, ctx, name: command)
        return CliRunner().invoke(main, [*options, "run"])

    return run


@pytest.mark.parametrize(
    ("exc", "code", "message"),
    [
        (UsageError("cells: 0 is too few"), 2, "error: cells: 0 is too few\n"),
        (ExacoupleError("run diverged"), 1, "error: run diverged\n"),
        (PermissionError(13, "Permission denied", "a.nc"), 1, "'a.nc'\n"),
        (MemoryError(), 1, "error: not enough memory\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
    ],
)
def test_errors_are_one_line(failing, exc, code, message):
    """Each kind of error has its exit code and no traceback."""
    result = failing(exc)
    assert result.exit_code == code
    assert result.stderr.endswith(message)
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_debug_shows_the_traceback(failing):
    """With --debug the place of the error is shown too."""
    result = failing(UsageError("no"), "--debug")
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert result.stderr.endswith("error: no\n")


def test_bugs_are_not_dressed_up(failing):
    """An error that is nobody's fault but ours keeps its type."""
    assert isinstance(failing(ZeroDivisionError()).exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("options", "level"), [([], "INFO"), (["-v"], "DEBUG"), (["-q"], "ERROR"), (["-qv"], None)]
)
def test_verbosity(failing, options, level):
    """-v and -q set the level of the package's log, and exclude each other."""
    result = failing(UsageError("no"), *options)
    if level is None:
        assert "exclude each other" in result.stderr
    else:
        assert logging.getLevelName(logging.getLogger("exacouple").level) == level


def test_log_goes_to_standard_error_once(failing):
    """Repeated calls in one process do not repeat the lines."""
    failing(UsageError("no"))
    failing(UsageError("no"))
    handlers = logging.getLogger("exacouple").handlers
    assert len([item for item in handlers if isinstance(item, cli._StandardError)]) == 1


def test_unknown_command_names_the_nearest():
    """A typo gets the command that was meant."""
    result = CliRunner().invoke(main, ["prepar"])
    assert result.exit_code == 2
    assert "no command 'prepar', did you mean 'prepare'?" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prepare"], "error: missing option '--source' ('exacouple prepare --help' tells more)\n"),
        (["prepare", "--sorce", "flat"], "'--source'?) ('exacouple prepare --help' tells more)\n"),
        (["run", "--threads", "0"], "error: invalid value for '--threads': 0 is not in the range"),
        (["run", "--threads", "99999"], "99999 is not in the range 1<=x<=1024"),
        (["--forse", "run"], "error: no such option '--forse'"),
        (["-v", "-q", "run"], "error: -v and -q exclude each other"),
    ],
)
def test_wrong_words_are_one_line(words, said):
    """What click finds wrong looks like every other error."""
    result = CliRunner().invoke(main, words, prog_name="exacouple")
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert not result.stdout


def test_names_in_messages_do_not_steer_the_terminal(failing):
    """Escape sequences in the name of a file are shown, not sent; letters stay what they are."""
    result = failing(UsageError("no such file: \x1b[31mgr\u00f6\u00dfe\r\x07.nc"))
    assert result.stderr == "error: no such file: \\x1b[31mgr\u00f6\u00dfe\\r\\x07.nc\n"


def test_version():
    """--version prints the version of the package."""
    assert CliRunner().invoke(main, ["--version"]).stdout == f"exacouple, version {__version__}\n"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_subcommand_has_help(name):
    """Every subcommand can be imported and explains itself."""
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()[2].strip()) > 20


def test_start_is_light():
    """--help answers without loading numerics, plotting or learning libraries."""
    code = (
        "import sys\n"
        "from exacouple.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'numpy', 'numba', 'matplotlib', 'xarray', 'netCDF4', 'pyproj', 'scipy',\n"
        "         'tensorflow', 'rich', 'jinja2'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_help_lists_every_subcommand_in_order():
    """The list of --help follows the order of use."""
    lines = CliRunner().invoke(main, ["--help"]).stdout.splitlines()
    listed = [line.split()[0] for line in lines[lines.index("Commands:") + 1 :]]
    assert listed == list(cli.COMMANDS)


def test_shared_options_and_json():
    """--json prints valid JSON: numbers that JSON does not know become null."""

    @click.command()
    @json_option
    @force_option
    def command(as_json, force):
        assert as_json
        echo_json({"force": force, "lag": (float("nan"), float("-inf"), 1.5)})

    result = CliRunner().invoke(command, ["--json", "--force"])
    assert json.loads(result.stdout) == {"force": True, "lag": [None, None, 1.5]}


def test_module_starts_the_command_line():
    """``python -m exacouple`` works in a checkout without installation."""
    done = subprocess.run(
        [sys.executable, "-m", "exacouple", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"exacouple, version {__version__}\n"
