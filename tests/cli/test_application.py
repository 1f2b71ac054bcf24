"""``exacouple application`` writes the application and says what to do with it."""

import json


def test_says_how_to_build_and_prepare(exacouple, tmp_path):
    """The next two commands are there to be copied."""
    result = exacouple("application", "--order", "2", "--out", tmp_path / "app")
    assert result.exit_code == 0, result.stderr
    assert f"EXAHYPE_PATH=/path/to/ExaHyPE {tmp_path / 'app' / 'build.sh'}" in result.stdout
    assert f"--site {tmp_path / 'app' / 'site.toml'}" in result.stdout


def test_json_is_for_programs(exacouple, tmp_path):
    """The result parses and names the manifest."""
    result = exacouple("application", "--out", tmp_path / "app", "--json")
    found = json.loads(result.stdout)
    assert found["order"] == 3
    assert json.loads((tmp_path / "app" / "application.json").read_text())["order"] == 3
    assert found["manifest"] == str(tmp_path / "app" / "application.json")


def test_wrong_order_is_a_usage_error(exacouple, tmp_path):
    """Exit status 2, one line, no folder."""
    result = exacouple("application", "--order", "12", "--out", tmp_path / "app")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: order 12")
    assert not (tmp_path / "app").exists()
