"""Fault tables: what is read, what is refused and what the shipped ones hold."""

import csv
import re

import numpy as np
import pytest

from exacouple.earthquake.fault import FaultTable, read_fault_table, write_fault_table
from exacouple.errors import UsageError
from exacouple.resources import simulations_dir

HEADER = (
    "longitude_deg,latitude_deg,depth_m,strike_deg,dip_deg,rake_deg,slip_m,length_m,width_m,"
    "rupture_time_s,rise_time_start_s,rise_time_end_s,rigidity_Pa"
)
ROWS = [
    "143.9,38.1,12e3,200,12,88,10,50e3,40e3,15,6,2,4e10",
    "143.5,38.2,20e3,205,14,92,3.5,50e3,40e3,32,8,4,5e10",
]


def _write(path, *, reference="# reference: centroid", header=HEADER, rows=ROWS):
    path.write_text("\n".join(["# a comment", reference, header, *rows, ""]), encoding="utf-8")
    return path


def test_reads_all_columns(tmp_path):
    """Positions, angles, sizes and times arrive in the fields of their names."""
    table = read_fault_table(_write(tmp_path / "fault.csv"))
    assert len(table) == 2
    assert table.reference == "centroid"
    np.testing.assert_array_equal(table.lon, [143.9, 143.5])
    np.testing.assert_array_equal(table.lat, [38.1, 38.2])
    np.testing.assert_array_equal(table.depth_m, [12e3, 20e3])
    np.testing.assert_array_equal(table.strike, [200, 205])
    np.testing.assert_array_equal(table.dip, [12, 14])
    np.testing.assert_array_equal(table.rake, [88, 92])
    np.testing.assert_array_equal(table.slip_m, [10, 3.5])
    np.testing.assert_array_equal(table.length_m, [50e3, 50e3])
    np.testing.assert_array_equal(table.width_m, [40e3, 40e3])
    np.testing.assert_array_equal(table.rupture_time_s, [15, 32])
    np.testing.assert_array_equal(table.rise_time_start_s, [6, 8])
    np.testing.assert_array_equal(table.rise_time_end_s, [2, 4])
    np.testing.assert_array_equal(table.rigidity_pa, [4e10, 5e10])


def test_times_and_rigidity_may_be_absent(tmp_path):
    """Without times the slip counts as instantaneous; without rigidity there is no moment."""
    header, row = HEADER.split(",")[:9], ROWS[0].split(",")[:9]
    path = _write(tmp_path / "f.csv", header=",".join(header), rows=[",".join(row)])
    table = read_fault_table(path)
    np.testing.assert_array_equal(table.rupture_time_s, [0.0])
    with pytest.raises(UsageError, match="no column rigidity_Pa"):
        table.seismic_moment()
    assert table.seismic_moment(4e10) == pytest.approx(4e10 * 50e3 * 40e3 * 10)


def test_column_order_is_free(tmp_path):
    """Columns are found by name."""
    order = list(range(13))[::-1]
    rows = [",".join(np.array(row.split(","))[order]) for row in ROWS]
    path = _write(
        tmp_path / "f.csv", header=",".join(np.array(HEADER.split(","))[order]), rows=rows
    )
    np.testing.assert_array_equal(read_fault_table(path).lon, [143.9, 143.5])


@pytest.mark.parametrize("reference", ["centroid", "top_center", "top_corner"])
def test_writing_and_reading_gives_the_same(tmp_path, reference):
    """Every value and the reference survive a round trip, comments come first."""
    table = read_fault_table(_write(tmp_path / "a.csv", reference=f"# reference: {reference}"))
    write_fault_table(tmp_path / "b.csv", table, comments=["Source: nowhere"])
    again = read_fault_table(tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_text().startswith("# Source: nowhere\n# reference: ")
    assert again.reference == reference
    for name in vars(table):
        np.testing.assert_array_equal(getattr(again, name), getattr(table, name))


def test_does_not_overwrite_without_force(tmp_path):
    """An existing file stays unless force is given."""
    table = read_fault_table(_write(tmp_path / "a.csv"))
    with pytest.raises(UsageError, match=r"a\.csv"):
        write_fault_table(tmp_path / "a.csv", table)
    write_fault_table(tmp_path / "a.csv", table, force=True)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("dip_deg", "95", "dip_deg is 95: allowed are degrees below the horizontal, 0 to 90"),
        ("dip_deg", "-1", "dip_deg is -1"),
        ("latitude_deg", "91", "latitude_deg is 91: allowed are degrees north, -90 to 90"),
        ("longitude_deg", "361", "longitude_deg is 361"),
        ("width_m", "-2e4", "width_m is -20000: allowed are metres, above 0"),
        ("length_m", "0", "length_m is 0"),
        ("slip_m", "nan", "slip_m is nan"),
        ("depth_m", "-5000", "depth_m is -5000: allowed are metres, positive down"),
        ("rake_deg", "inf", "rake_deg is inf"),
        ("rupture_time_s", "-3", "rupture_time_s is -3"),
        ("rigidity_Pa", "40", "rigidity_Pa is 40: allowed are pascals"),
        ("strike_deg", "north", "strike_deg: 'north' is not a number"),
        ("slip_m", "", "slip_m: '' is not a number"),
        ("depth_m", "2000", "upper edge lies 2838 m above the sea floor"),
    ],
)
def test_wrong_value_is_named_with_line_and_column(tmp_path, column, value, message):
    """A wrong value in the second subfault is reported with file, line 5 and column."""
    cells = ROWS[1].split(",")
    cells[HEADER.split(",").index(column)] = value
    path = _write(tmp_path / "f.csv", rows=[ROWS[0], ",".join(cells)])
    with pytest.raises(UsageError) as caught:
        read_fault_table(path)
    assert str(caught.value).startswith(f"{path}, line 5")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"header": HEADER.replace("slip_m,", "")}, "line 3: missing column slip_m"),
        ({"header": HEADER.replace("dip_deg", "dip")}, "unknown column 'dip', did you mean"),
        ({"header": HEADER.replace("dip_deg", "rake_deg")}, "column 'rake_deg' occurs twice"),
        ({"reference": "#"}, "no line '# reference: ...'"),
        ({"reference": "# reference: middle"}, "line 2: reference 'middle' of a fault table: al"),
        ({"rows": []}, "no subfaults"),
        ({"rows": [ROWS[0] + ",7"]}, "line 4: 14 values for 13 columns"),
    ],
)
def test_wrong_form_is_named(tmp_path, changes, message):
    """Missing, unknown and double columns, and a missing reference are told apart."""
    path = _write(tmp_path / "f.csv", **changes)
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        read_fault_table(path)
    assert str(path) in str(caught.value)


def test_missing_file_and_binary_file(tmp_path):
    """A file that is not there and one that is not text are refused by name."""
    with pytest.raises(UsageError, match=r"no such fault table: .*none\.csv"):
        read_fault_table(tmp_path / "none.csv")
    (tmp_path / "grid.nc").write_bytes(b"\x89HDF\r\n\x1a\n\xff\xfe")
    with pytest.raises(UsageError, match="not a text file"):
        read_fault_table(tmp_path / "grid.nc")


def test_kilometres_are_suspected(tmp_path, caplog):
    """Sizes of a few metres draw a warning that they may be kilometres."""
    row = "143.9,38.1,12,200,12,88,10,50,40,0,0,0,4e10"
    read_fault_table(_write(tmp_path / "f.csv", rows=[row]))
    assert "measures only 40 m" in caplog.text


def test_table_cannot_be_changed(tmp_path):
    """Arrays are read-only copies."""
    table = read_fault_table(_write(tmp_path / "f.csv"))
    with pytest.raises(ValueError, match="read-only"):
        table.slip_m[0] = 1.0


def test_arrays_must_match():
    """A field of another length is refused by its column name."""
    one = np.ones(2)
    with pytest.raises(UsageError, match="dip_deg for 2 rows"):
        FaultTable(one, one, 1e5 * one, one, np.ones(3), one, one, one, one, "centroid")


@pytest.mark.parametrize(
    ("slip_m", "magnitude"), [(10**9.1 / 4e19, 0.0), (1.0, 7.00), (1000.0, 9.00)]
)
def test_moment_magnitude(slip_m, magnitude):
    """Mw follows the IASPEI formula: 0 at 10**9.1 N m, and 2 more for a thousandfold moment."""
    one = np.ones(1)
    table = FaultTable(
        one, one, one, one, one, one, slip_m * one, 40e3 * one, 25e3 * one, "top_center"
    )
    assert table.magnitude(4e10) == pytest.approx(magnitude, abs=5e-3)


@pytest.mark.parametrize(
    ("region", "subfaults", "moment", "magnitude"),
    [
        ("tohoku", 190, 5.8e22, 9.1),  # Shao et al. 2011
        ("maule", 36, 1.7e22, 8.8),  # Fujii and Satake 2013
        ("tokachi", 425, 3.0655e21, 8.24),  # USGS, solution p000c8kvHAYES
    ],
)
def test_shipped_tables_have_the_published_moment(region, subfaults, moment, magnitude):
    """Slip, size and rigidity of each table give the moment and magnitude of its source."""
    table = read_fault_table(simulations_dir() / region / "fault.csv")
    assert len(table) == subfaults
    assert table.seismic_moment() == pytest.approx(moment, rel=0.02)
    assert table.magnitude() == pytest.approx(magnitude, abs=0.06)


@pytest.mark.parametrize("region", ["tohoku", "tokachi"])
def test_shipped_kinematic_tables_keep_their_times(region):
    """Rupture spreads over 90 s and more, and every subfault takes time to slip."""
    table = read_fault_table(simulations_dir() / region / "fault.csv")
    assert 90 < table.rupture_time_s.max() < 300
    assert (table.rise_time_start_s > 1).all()


def test_maule_rows_hang_together():
    """The subfaults of Maule join: 50 km along the strike and down the dip of 14 degrees."""
    table = read_fault_table(simulations_dir() / "maule" / "fault.csv")
    depth = table.depth_m.reshape(3, 12)
    np.testing.assert_allclose(np.diff(depth[:, 0]), 50e3 * np.sin(np.radians(14)), atol=50)
    east = np.radians(table.lon) * np.cos(np.radians(36)) * 6371e3
    north = np.radians(table.lat) * 6371e3
    along = np.hypot(np.diff(east.reshape(3, 12)), np.diff(north.reshape(3, 12)))
    np.testing.assert_allclose(along, 50e3, rtol=0.01)


def test_tohoku_table_is_the_source(reference_dir):
    """The shipped table holds the figures of the UCSB3 table, subfault by subfault."""
    path = reference_dir / "tohoku_ucsb3_subfaults.csv"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    source = list(csv.DictReader(lines))
    table = read_fault_table(simulations_dir() / "tohoku" / "fault.csv")
    for column, name in {
        "longitude_deg": "lon",
        "latitude_deg": "lat",
        "depth_m": "depth_m",
        "strike_deg": "strike",
        "dip_deg": "dip",
        "rake_deg": "rake",
        "slip_m": "slip_m",
        "length_m": "length_m",
        "width_m": "width_m",
        "rupture_time_s": "rupture_time_s",
        "rise_time_start_s": "rise_time_start_s",
        "rise_time_end_s": "rise_time_end_s",
        "rigidity_Pa": "rigidity_pa",
    }.items():
        expected = [float(row[column]) for row in source]
        np.testing.assert_array_equal(getattr(table, name), expected)
