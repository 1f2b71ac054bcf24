"""``exacouple regions`` lists what is shipped and checks what a user wrote."""

import json

import pytest


def test_list_names_the_shipped_regions(exacouple):
    """Every region has a line with its event and one with its mesh."""
    result = exacouple("regions")
    assert result.exit_code == 0
    for name in ("tohoku", "maule", "tokachi"):
        assert f"{name}: " in result.stdout
    assert "79 x 79 cells of 22.76 km" in result.stdout


def test_list_as_json_is_for_programs(exacouple):
    """The list parses and holds origin and buoys."""
    listed = {item["name"]: item for item in json.loads(exacouple("regions", "--json").stdout)}
    assert listed["tohoku"]["origin"] == "2011-03-11T05:46:24Z"
    assert listed["tohoku"]["buoys"] == ["21418", "21419"]


@pytest.mark.parametrize(
    "name", ["maule", "tokachi", pytest.param("tohoku", marks=pytest.mark.slow)]
)
def test_shipped_regions_pass_the_check(exacouple, name):
    """Grid, faults and buoys fit together: the sea floor rises, the buoys float."""
    result = exacouple("regions", "--check", name, "--json")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["displacement_max_m"] > 0.3
    assert report["displacement_min_m"] < 0.0
    assert all(buoy["depth_m"] > 1000.0 for buoy in report["buoys"])
    assert "rim" not in result.stderr


def test_check_reads_a_file_of_ones_own(exacouple, bay):
    """The report gives the depth at the buoy and the range of the displacement."""
    result = exacouple("regions", "--check", bay)
    assert result.exit_code == 0, result.stderr
    assert "4000 m deep" in result.stdout
    assert "moves by 0.00 to 2.00 m" in result.stdout
    assert result.stdout.endswith("is all right\n")


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        ("cells = 7", "cels = 7", 2, "did you mean 'cells'"),
        ("lon = 145.5", "lon = 148.5", 2, "outside the domain"),
        ("lift.tt3", "lift.tt4", 2, "no such file"),
        ("sea.nc", "see.nc", 2, "no such file"),
        ("[200.0, 200.0]", "[900.0, 900.0]", 1, "does not cover"),
    ],
)
def test_check_names_what_is_wrong(exacouple, bay, old, new, code, message):
    """One line and the exit code of a configuration error (2) or of a failure (1)."""
    bay.write_text(bay.read_text().replace(old, new))
    result = exacouple("regions", "--check", bay)
    assert result.exit_code == code
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
