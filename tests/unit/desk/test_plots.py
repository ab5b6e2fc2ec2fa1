"""What plots draw: lines break where nothing is known, late answers look different, labels are harmless."""

import re
from xml.etree import ElementTree as ET

from markupsafe import Markup

from router.desk import plots
from router.desk.plots import Bar, Dot, Line, Plot

PLOT = Plot(id="p", title="Kept <b>", said='Nine "of" ten & more')


def drawn(found: Markup) -> ET.Element:
    """Return the plot as a reader of XML sees it: what people wrote in it stays text."""
    return ET.fromstring(str(found))  # our own


def numbers(path: str) -> list[float]:
    """Return the numbers of a path."""
    return [float(each) for each in re.findall(r"-?[\d.]+", path)]


def test_names_are_text() -> None:
    """Title, description and labels are told to screen readers as they are written, whatever letters they have."""
    root = drawn(plots.lines(PLOT, ["<i>&"], [Line(name="x", look="kept", values=(0.9,))]))
    assert root.attrib["role"] == "img"
    assert [root.findtext("title"), root.findtext("desc")] == ["Kept <b>", 'Nine "of" ten & more']
    assert "<i>&" in [each.text for each in root.findall("text")]


def test_a_line_breaks_where_nothing_is_known() -> None:
    """A week without promises leaves a gap, and higher shares are drawn higher."""
    values = (0.9, None, 0.95, 1.0)
    root = drawn(plots.lines(PLOT, list("abcd"), [Line(name="kept", look="kept", values=values)]))
    path = next(each.attrib["d"] for each in root.findall("path"))
    assert (path.count("M"), path.count("L")) == (2, 1)
    heights = [float(each.attrib["cy"]) for each in root.findall("circle")]
    assert heights == sorted(heights, reverse=True)
    assert len(heights) == 3


def test_an_empty_plot_is_drawn() -> None:
    """Without any figure there are still axes, and nothing fails."""
    assert drawn(plots.lines(PLOT, [], [Line(name="kept", look="kept", values=())])).findall("line")
    assert drawn(plots.histogram(PLOT, [])).findall("line")
    assert drawn(plots.scatter(PLOT, [])).findall("line")


def test_what_came_late_lies_above_the_line_and_looks_different() -> None:
    """In time is a circle on or below the diagonal, late a triangle above it; extremes stay in the frame."""
    root = drawn(plots.scatter(PLOT, [Dot(promised_s=3600, actual_s=1800), Dot(promised_s=1, actual_s=9e9)]))
    (circle,) = root.findall("circle")
    (late,) = [each for each in root.findall("path") if each.attrib["class"] == "dot late"]
    assert circle.attrib["class"] == "dot"
    x, y = numbers(late.attrib["d"])[:2]
    assert (x, y + 3) == (plots.LEFT, plots.TOP)


def test_bars_are_as_high_as_their_counts() -> None:
    """A bar twice the count is twice as high, and late ones have their own look."""
    bars = [Bar(label="", count=3, late=True), Bar(label="0", count=6, late=False)]
    first, second = drawn(plots.histogram(PLOT, bars)).findall("rect")
    assert round(float(second.attrib["height"]) / float(first.attrib["height"]), 2) == 2
    assert (first.attrib["class"], second.attrib["class"]) == ("bar late", "bar")
