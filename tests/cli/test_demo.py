"""The demo prepares four cases of one region and hands them to run and compare."""

import shutil

import click
import pytest
from click.testing import CliRunner

from exacouple.cases import Case
from exacouple.cli import compare, demo, main, run
from exacouple.resources import simulations_dir

NAMES = ["original", "dfcvae", "pca", "flat"]


@pytest.fixture(autouse=True)
def coarse_region(monkeypatch, tmp_path_factory):
    """Let the demo take its region with grids that are quick to compute."""
    folder = tmp_path_factory.mktemp("region")
    shutil.copytree(simulations_dir() / demo.REGION, folder, dirs_exist_ok=True)
    path = folder / "region.toml"
    text = path.read_text(encoding="utf-8")
    assert text.count("spacing_m = 2000\n") == 2
    path.write_text(text.replace("spacing_m = 2000\n", "spacing_m = 20000\n"), encoding="utf-8")
    monkeypatch.setattr(demo, "REGION", path)


@pytest.fixture
def calls(monkeypatch):
    """Stand-ins for run and compare that note what they are given."""
    seen = {}

    @click.command()
    @click.argument("cases", nargs=-1)
    def running(cases):
        seen["run"] = cases

    @click.command()
    @click.argument("cases", nargs=-1)
    @click.option("--out")
    @click.option("--force", is_flag=True)
    def comparing(cases, out, force):
        seen["compare"] = cases
        out.mkdir(exist_ok=True)
        (out / "waveforms.png").touch()

    monkeypatch.setattr(run, "command", running)
    monkeypatch.setattr(compare, "command", comparing)
    return seen


def test_demo_goes_from_cases_to_pictures(calls, tmp_path):
    """The original is the reference, and the last lines say where the pictures are."""
    out = tmp_path / "demo"
    result = CliRunner().invoke(main, ["-q", "demo", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert [Case.open(path).source for path in calls["run"]] == NAMES
    assert calls["compare"] == calls["run"]
    assert result.stdout == f"picture: {out / 'compare' / 'waveforms.png'}\n"


@pytest.mark.usefixtures("calls")
def test_demo_again_keeps_what_is_there(tmp_path):
    """A second call repeats nothing; a case that differs is not replaced without --force."""
    arguments = ["-q", "demo", "--out", str(tmp_path)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    (tmp_path / "flat" / "result").touch()
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert (tmp_path / "flat" / "result").exists()
    (tmp_path / "flat" / "data.yaml").write_text("")
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code == 2
    assert "use --force" in refused.stderr
    assert CliRunner().invoke(main, [*arguments, "--force"]).exit_code == 0
    assert not (tmp_path / "flat" / "result").exists()
