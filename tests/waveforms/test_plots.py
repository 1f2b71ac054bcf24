"""What the figures of water heights show."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from exacouple import figures
from exacouple.cases import Case
from exacouple.gauge import Gauge
from exacouple.waveforms import plots
from exacouple.waveforms.comparison import Comparison, compare

Draw = Callable[..., list[Axes]]

STILL = {"A1": lambda t: 0.0 * t, "B2": lambda t: np.exp(-(((t - 900.0) / 200.0) ** 2))}


def _compare(*paths: Path, observed: dict[str, Gauge] | None = None) -> Comparison:
    cases = [Case.open(path) for path in paths]
    return compare(cases[0], cases[1:], observed=observed)


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Draw:
    """Return the axes of a figure in place of writing it."""
    drawn: list[Figure] = []
    monkeypatch.setattr(plots, "save", lambda fig, path, caption: drawn.append(fig))

    def axes(comparison: Comparison) -> list[Axes]:
        plots.plot_waveforms(comparison, comparison.buoys, tmp_path / "x.png")
        return [item for panel in drawn[-1].subfigs for item in panel.axes]

    return axes


def _lines(axes: Axes) -> int:
    """Return the number of waveforms; the line of mean sea level has two points."""
    return sum(len(line.get_xdata()) > 2 for line in axes.get_lines())


def test_each_buoy_has_heights_and_differences(make_case, draw: Draw) -> None:
    """All cases above, all but the reference below, and every height is inside the frame."""
    observed = {"A1": Gauge("A1", np.arange(0.0, 2e3, 60.0), np.linspace(-3.0, 3.0, 34))}
    comparison = _compare(
        make_case("o"),
        make_case("f", source="flat"),
        make_case("s", source="smoothed"),
        observed=observed,
    )
    heights, differences, other_heights, _ = draw(comparison)
    assert (_lines(heights), _lines(differences), _lines(other_heights)) == (4, 2, 3)
    assert heights.get_title(loc="left") == "Buoy A1"
    low, high = heights.get_ylim()
    assert low < -2.9
    assert high > 2.9
    assert "(m)" in heights.get_ylabel()
    assert "(s)" in differences.get_xlabel()


def test_bad_gauge_is_named_in_its_panel(make_case, draw: Draw) -> None:
    """A curve that is missing without a word looks forgotten."""
    comparison = _compare(make_case("o"), make_case("f", STILL, source="flat"))
    heights, differences, *_ = draw(comparison)
    assert [text.get_text() for text in heights.texts] == ["not drawn: flat: no wave"]
    assert _lines(differences) == 0


def test_no_differences_to_a_bad_reference(make_case, draw: Draw) -> None:
    """The others are drawn all the same."""
    comparison = _compare(make_case("o", STILL), make_case("f", source="flat"))
    heights, differences, *_ = draw(comparison)
    assert (_lines(heights), _lines(differences)) == (1, 0)


def test_a_record_of_other_times_has_heights_and_no_difference(make_case, draw: Draw) -> None:
    """A run of another program may lie after the reference: it is drawn all the same."""
    comparison = _compare(make_case("o"), make_case("f", source="flat"))
    run = comparison.others[0]
    late = replace(run.gauges["A1"], time=run.gauges["A1"].time + 5000.0)
    moved = replace(run, gauges={**run.gauges, "A1": late})
    heights, differences, *_ = draw(replace(comparison, others=(moved,)))
    assert (_lines(heights), _lines(differences)) == (2, 0)


def test_reference_alone_has_no_difference_panel(make_case, draw: Draw) -> None:
    """Two buoys, one panel each."""
    assert len(draw(_compare(make_case("o")))) == 2


def test_twelve_cases_can_be_told_apart(make_case, draw: Draw) -> None:
    """No two have the same colour and dashes."""
    paths = [make_case(f"c{index}", source=f"s{index}") for index in range(13)]
    styles = plots.line_styles(_compare(*paths))
    looks = {(style["color"], str(style["linestyle"])) for style in styles.values()}
    assert len(looks) == 14


def test_caption_is_in_the_picture_file(tmp_path: Path) -> None:
    """A PNG that was mailed around still says what it shows."""
    with figures.figure(2.0) as fig:
        fig.subplots()
        figures.save(fig, tmp_path / "x.png", "Water heights")
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.info["Description"] == "Water heights"
        assert picture.size[0] == round(figures.WIDTH_IN * figures.DPI)


def test_dollars_are_text(tmp_path: Path) -> None:
    """A name with two of them is no formula, which would be drawn otherwise or stop the drawing."""
    with figures.figure(2.0) as fig:
        axes = fig.subplots()
        title = axes.set_title(r"run $\frac{1$")
        axes.set_yscale("log")
        figures.save(fig, tmp_path / "x.png", r"Costs $5 and \$6$ {")
        assert not title.get_parse_math()
        assert all(label.get_parse_math() for label in axes.get_yticklabels())
