"""Which dialect a file is of, whatever it is called."""

import json
from pathlib import Path

import pytest

from exacouple.errors import ExacoupleError, UsageError
from exacouple.probes import CaseProbes, find_gauge_files, read_case_probes, read_probe, recognise

MANIFEST = Path(__file__).parents[1] / "data" / "case-to-launch.json"

STARTS = {
    "exahype1": "# plot-time, real-time,Q0,Q1,Q2,Q3,Q4\n0, 0, 4, 0, 0, -4, 0\n",
    "exahype2": "number(0), number(1), t, x(0), x(1), data \n"
    "0, 0, 0.0, 300.0, 200.0, 4, 0, 0, -4\n",
    "geoclaw": "# gauge_id= 7 location=( 0.1E+01 0.2E+01 ) num_var= 4\n"
    "# level, time, q[ 1 2 3], eta, aux[]\n01 0.0E+00 0.4E+01 0.0E+00 0.0E+00 0.0E+00\n",
}


@pytest.mark.parametrize("dialect", STARTS)
def test_content_tells_the_dialect(tmp_path: Path, dialect: str) -> None:
    """Users rename files: the first line says what they are."""
    path = tmp_path / "anything.dat"
    path.write_text("\n" * (dialect == "geoclaw") + STARTS[dialect])
    assert recognise(path) == dialect


@pytest.mark.parametrize("dialect", STARTS)
def test_every_dialect_gives_the_same_sea(tmp_path: Path, dialect: str) -> None:
    """Four metres of water over a bottom at -4 m are still water in each of them."""
    path = tmp_path / f"gauge1.{'probe' if dialect == 'exahype1' else 'txt'}"
    path.write_text(STARTS[dialect])
    gauge = read_probe(path, length_unit="m")
    assert (gauge.time, gauge.h, gauge.b, gauge.eta) == (0.0, 4.0, -4.0, 0.0)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.dat", b"time,height\n0,1\n", "starts with 'time,height', which is no probe file"),
        ("a.dat", b"", "is empty"),
        ("gauge00001.bin", b"\x00\x01\x02", "binary gauges are not read here"),
    ],
)
def test_unknown_content_is_told(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """The message says what the known dialects start with."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ExacoupleError, match=said):
        read_probe(path, length_unit="m")


def test_files_are_found_by_name_and_content(tmp_path: Path) -> None:
    """An output directory holds much else: CSV files of other things, figures, logs."""
    (tmp_path / "gauge00007.txt").write_text(STARTS["geoclaw"])
    (tmp_path / "p-rank-0.csv").write_text(STARTS["exahype2"])
    (tmp_path / "21418.csv").write_text("time_s,water_height_m\n0,0\n")
    (tmp_path / "gauge00008.txt").write_text("gauges of the town\n")
    (tmp_path / "fort.gauge").write_text(STARTS["geoclaw"])
    found = find_gauge_files(tmp_path)
    assert {key: [path.name for path in paths] for key, paths in found.items()} == {
        "geoclaw": ["gauge00007.txt"],
        "exahype2": ["p-rank-0.csv"],
    }


def test_geoclaw_is_never_taken_for_kilometres(tmp_path: Path) -> None:
    """GeoClaw computes in metres."""
    path = tmp_path / "gauge7.txt"
    path.write_text(STARTS["geoclaw"])
    with pytest.raises(UsageError, match="in metres, not 'km'"):
        read_probe(path, length_unit="km")
    assert read_probe(path, length_unit="m").id == "7"


def test_several_tracers_are_not_one_gauge(tmp_path: Path) -> None:
    """Which of the gauges in a file is meant cannot be guessed."""
    path = tmp_path / "p-rank-0.csv"
    path.write_text(STARTS["exahype2"] + "0, 1, 0.0, 900.0, 200.0, 4, 0, 0, -4\n")
    with pytest.raises(ExacoupleError, match="holds 2 gauges"):
        read_probe(path, length_unit="m")


def test_case_of_exahype2_is_read_by_the_places_of_its_buoys(tmp_path: Path) -> None:
    """The manifest says where the buoys are and what point the engine counts from."""
    manifest = json.loads(MANIFEST.read_text()) | {
        "projection": "+proj=aeqd +lat_0=38 +lon_0=142 +ellps=WGS84 +units=m",
        "buoys": [
            {"id": key, "name": key, "lon": 142.0, "lat": 38.0, "x_m": x, "y_m": -1800.0}
            for key, x in (("A", 1300.0), ("B", 9300.0))
        ],
        "units": {"specfile": "m", "probes": "m"},
        "probes": {
            "directory": "probes",
            "dialect": "exahype2",
            "origin_m": [1000.0, -2000.0],
            "columns": ["h", "hu", "hv", "b"],
        },
    }
    (tmp_path / "case.json").write_text(json.dumps(manifest))
    assert read_case_probes(tmp_path) == {}
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes" / "tracers-rank-0.csv").write_text(STARTS["exahype2"])
    gauges = read_case_probes(tmp_path)
    assert list(gauges) == ["A"]
    assert (gauges["A"].id, gauges["A"].eta) == ("A", 0.0)


def test_tracer_files_are_read_once_for_all_buoys(tmp_path: Path) -> None:
    """They hold every buoy, and may be long."""
    manifest = json.loads(MANIFEST.read_text()) | {
        "projection": "+proj=aeqd +lat_0=38 +lon_0=142 +ellps=WGS84 +units=m",
        "buoys": [{"id": key, "x_m": x, "y_m": 200.0} for key, x in (("A", 300.0), ("B", 9300.0))],
        "units": {"probes": "m"},
        "probes": {"directory": "", "dialect": "exahype2", "columns": ["h", "hu", "hv", "b"]},
    }
    row = "0, {}, 0.0, {}, 200.0, 4, 0, 0, -4\n"
    header = "number(0), number(1), t, x(0), x(1), data \n"
    path = tmp_path / "tracers-rank-0.csv"
    path.write_text(header + row.format(0, 300.0) + row.format(1, 9300.0))
    probes = CaseProbes(tmp_path, manifest)
    assert probes.gauge("A") is not None
    path.unlink()
    other = probes.gauge("B")
    assert other is not None
    assert other.id == "B"


WHOLE = {
    "exahype1": STARTS["exahype1"] + "9, 9, 4, 0, 0, -4, 0\n18, 18, 4, 0, 0, -4, 0\n",
    "exahype2": "number(0), number(1), t, x(0), x(1), data \n"
    + "".join(f"0, 0, {t}.0, 300.0, 200.0, 4, 0, 0, -4\n" for t in (18, 9, 0)),
    "geoclaw": STARTS["geoclaw"]
    + "".join(f"01 0.{t:02d}E+02 0.4E+01 0.0E+00 0.0E+00 0.0E+00\n" for t in (9, 18)),
}


@pytest.mark.parametrize("dialect", WHOLE)
def test_file_cut_at_every_byte(tmp_path: Path, dialect: str) -> None:
    """Either an error that names the file, or exactly the rows that have a line end."""
    text, path = WHOLE[dialect], tmp_path / "gauge1.probe"
    header = text.count("\n") - 3
    for cut in range(len(text) + 1):
        path.write_text(text[:cut])
        rows = max(text[:cut].count("\n") - header, 0)
        if rows:
            assert len(read_probe(path, length_unit="m").time) == rows
        else:
            with pytest.raises(ExacoupleError, match=r"gauge1\.probe"):
                read_probe(path, length_unit="m")


@pytest.mark.parametrize("dialect", WHOLE)
def test_nul_byte_at_every_place(tmp_path: Path, dialect: str) -> None:
    """A block that was never written to disk reads as NUL: no row is made of it."""
    raw, path = WHOLE[dialect].encode(), tmp_path / "gauge1.probe"
    for place in range(len(raw)):
        path.write_bytes(raw[:place] + b"\0" + raw[place + 1 :])
        try:
            gauge = read_probe(path, length_unit="m")
        except ExacoupleError:
            continue
        assert place == len(raw) - 1, "only the last line end can be lost without damage"
        assert gauge.time.tolist() == ([9.0, 18.0] if dialect == "exahype2" else [0.0, 9.0])
        assert "no line end" in gauge.warnings[0]
