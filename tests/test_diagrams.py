"""Swimlanes and turtles as they are drawn: nothing overlaps, nothing leaves the page, no text becomes markup."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qmsctl import frontmatter
from qmsctl.diagrams.drawing import Diagram, address, measure, wrapped
from qmsctl.diagrams.flow import Step, read
from qmsctl.diagrams.flow_bands import WIDEST
from qmsctl.diagrams.swimlane import swimlane
from qmsctl.diagrams.turtle import TurtleParts, turtle
from tests.conftest import REPOSITORY

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</title></svg><script>alert(1)</script><a href="javascript:alert(1)">& \x00 \x1b[31m \'"> \u202e]]>'
PROCESSES = sorted(file for file in (REPOSITORY / "processes").glob("*.md") if ".de." not in file.name)
Box = tuple[float, float, float, float]
_POINT = re.compile(r"(-?[\d.]+),(-?[\d.]+)")


def fields(file: Path) -> dict[str, Any]:
    return dict(frontmatter.parse_file(file.read_bytes(), True).fields)


def steps_of(file: Path) -> list[Step]:
    found = []
    for row in fields(file)["steps"]:
        branches = tuple((b["answer"], b["go"], b.get("hands_over", "")) for b in row.get("branches", ()))
        found.append(
            Step(row["key"], row["what"], row.get("who", ""), tuple(row.get("next", ())), row.get("decision", ""), branches,
                 f"#{row['key']}", row.get("system", ""), row.get("hands_over", ""))
        )  # fmt: skip
    return found


def placed(svg: str) -> list[tuple[ElementTree.Element, float]]:
    """Return the elements with the height by which their band is moved down."""
    found = []

    def walk(node: ElementTree.Element, down: float) -> None:
        move = re.fullmatch(r"translate\(0,([\d.]+)\)", node.get("transform", ""))
        down += float(move[1]) if move else 0.0
        found.append((node, down))
        for child in node:
            walk(child, down)

    walk(ElementTree.fromstring(svg), 0.0)
    return found


def geometry(svg: str) -> tuple[list[Box], list[Box], list[list[tuple[float, float]]]]:
    """Return the boxes of steps, the diamonds and the lines, as they are drawn."""
    boxes, diamonds, lines = [], [], []
    for node, down in placed(svg):
        sort = node.get("class", "")
        if sort == "qms-flow-box" and node.tag == f"{SVG}rect":
            x, y, w, h = (float(node.get(k, "0")) for k in ("x", "y", "width", "height"))
            boxes.append((x, y + down, x + w, y + h + down))
        elif sort == "qms-flow-box":
            (x, y), side = [float(v) for v in _POINT.findall(node.get("d", ""))[0]], 18.0
            diamonds.append((x, y - side + down, x + 2 * side, y + side + down))
        elif sort.startswith("qms-flow-wire"):
            lines.append(_corners(node.get("d", ""), down))
    return boxes, diamonds, lines


def _corners(path: str, down: float) -> list[tuple[float, float]]:
    """Return a line with its corners as they were before they were rounded."""
    sharp = re.sub(r"Q(\S+) \S+?(?=L|$)", r"L\1", path)
    return [(float(x), float(y) + down) for x, y in _POINT.findall(sharp)]


def apart(a: Box, b: Box) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def hits(line: list[tuple[float, float]], box: Box) -> bool:
    """Say whether a line of right angles passes through the inside of a box."""
    inside = (box[0] + 0.6, box[1] + 0.6, box[2] - 0.6, box[3] - 0.6)
    for (x, y), (x2, y2) in pairwise(line):
        assert min(abs(x - x2), abs(y - y2)) < 0.11, "a line goes at a slant"
        if not apart(inside, (min(x, x2), min(y, y2), max(x, x2) + 0.01, max(y, y2) + 0.01)):
            return True
    return False


def sound(diagram: Diagram, count: int) -> None:
    """Assert what is true of every swimlane."""
    boxes, diamonds, lines = geometry(diagram.svg)
    assert len(boxes) == count
    solid = boxes + diamonds
    for i, box in enumerate(solid):
        assert all(apart(box, other) for other in solid[i + 1 :]), "two boxes overlap"
        assert not any(hits(line, box) for line in lines), "a line passes through a box"
    inside(diagram.svg)
    inside(diagram.narrow)
    narrow = geometry(diagram.narrow)
    assert len(narrow[0]) == count
    for i, box in enumerate(narrow[0]):
        assert all(apart(box, other) for other in [*narrow[0][i + 1 :], *narrow[1]])


def words(svg: str) -> list[tuple[str, Box]]:
    """Return what stands outside the boxes of steps, and the room it takes."""
    boxes, _, _ = geometry(svg)
    found = []
    for node, down in placed(svg):
        if node.tag == f"{SVG}text":
            said, size = "".join(node.itertext()), float(node.get("font-size", ""))
            x, y, long = float(node.get("x", "")), float(node.get("y", "")) + down, measure(said, size)
            x -= {"middle": long / 2, "end": long}.get(node.get("text-anchor", ""), 0.0)
            box = (x, y - size * 0.7, x + long, y + size * 0.2)
            if not any(b[0] <= x <= b[2] and b[1] <= y <= b[3] for b in boxes):
                found.append((said, box))
    return found


def legible(svg: str) -> None:
    """Assert that no words stand over a box, over other words, on a line, or outside their band."""
    boxes, diamonds, lines = geometry(svg)
    frames = [
        (float(n.get("y", "")) + down, float(n.get("y", "")) + float(n.get("height", "")) + down)
        for n, down in placed(svg)
        if n.tag == f"{SVG}rect" and n.get("fill") == "none"
    ]
    said = [(text, box) for text, box in words(svg) if text != "?" and not text.isdigit()]
    for i, (text, box) in enumerate(said):
        assert all(apart(box, other) for other in boxes + diamonds), f"{text} stands over a box"
        assert all(apart(box, other) for _, other in said[:i]), f"{text} stands over other words"
        assert not frames or any(top <= box[1] and box[3] <= end for top, end in frames), f"{text} leaves its band"
        assert not any(hits(line, box) for line in lines), f"a line passes through {text}"


def together(svg: str) -> bool:
    """Say whether two lines that neither start nor end together run on top of each other."""
    lines = geometry(svg)[2]
    for i, one in enumerate(lines):
        for other in lines[:i]:
            if one[0] == other[0] or one[-1] == other[-1]:
                continue
            for a, b in pairwise(one):
                for c, d in pairwise(other):
                    for across, along in ((0, 1), (1, 0)):
                        level = max(abs(p[across] - a[across]) for p in (b, c, d)) < 2
                        shared = min(max(a[along], b[along]), max(c[along], d[along]))
                        shared -= max(min(a[along], b[along]), min(c[along], d[along]))
                        if level and shared > 2:
                            return True
    return False


def inside(svg: str) -> None:
    """Assert that all texts, boxes and lines lie inside the picture."""
    root = ElementTree.fromstring(svg)
    width, height = (float(v) for v in root.get("viewBox", "").split()[2:])
    for node, down in placed(svg):
        if node.tag == f"{SVG}text":
            x, y, size = float(node.get("x", "")), float(node.get("y", "")) + down, float(node.get("font-size", ""))
            long = measure("".join(node.itertext()), size)
            left = x - {"middle": long / 2, "end": long}.get(node.get("text-anchor", ""), 0.0)
            assert left >= -0.1, node.text
            assert left + long <= width + 0.1, node.text
            assert size * 0.7 - 0.1 <= y <= height, node.text
        elif node.tag == f"{SVG}rect":
            assert float(node.get("x", "")) + float(node.get("width", "")) <= width
            assert float(node.get("y", "")) + float(node.get("height", "")) + down <= height
    for line in geometry(svg)[2]:
        assert all(0 <= x <= width and 0 <= y <= height for x, y in line)


def linked(svg: str) -> list[str]:
    return [node.get("href", "") for node, _ in placed(svg) if node.tag == f"{SVG}a"]


def harmless(svg: str) -> None:
    known = {"svg", "g", "a", "path", "rect", "circle", "text", "title", "desc"}
    for node, _ in placed(svg):
        assert node.tag.removeprefix(SVG) in known
        assert not any(name.startswith("on") or name == "id" for name in node.attrib)
    assert all(address(href) for href in linked(svg))


@pytest.mark.parametrize("file", PROCESSES, ids=lambda f: f.stem)
def test_reference_processes(file: Path) -> None:
    steps = steps_of(file)
    drawn = swimlane(steps, {}, file.stem)
    sound(drawn, len(steps))
    harmless(drawn.svg)
    assert not together(drawn.svg)
    legible(drawn.svg)
    legible(drawn.narrow)
    handed = {w["hands_over"] for s in fields(file)["steps"] for w in [s, *s.get("branches", ())] if "hands_over" in w}
    assert all(said in drawn.description for said in handed), "what is handed over crosses no lane"
    assert drawn.notes == ()
    assert len(geometry(drawn.svg)[2]) > len(steps)
    assert linked(drawn.svg)
    assert sorted(linked(drawn.svg)) == sorted(s.href for s in steps)
    assert float(ElementTree.fromstring(drawn.svg).get("viewBox", "").split()[2]) <= WIDEST * 1.1
    assert all(f"{i} {s.title}" in drawn.description for i, s in enumerate(steps, 1))


def test_all_reference_processes_are_drawn() -> None:
    assert len(PROCESSES) == 14


def test_words() -> None:
    steps = [
        Step("draw", "Draw the sample", "inspector"),
        Step("judge", "Judge it", "engineer", (), "Is it good?", (("yes", "end"), ("no", "draw"))),
        Step("log", "Keep the log", "inspector", ("draw", "judge")),
    ]
    drawn = swimlane(steps, {"inspector": "Inspector", "engineer": "Engineer"}, "Sampling")
    assert drawn.description == (
        "1 Draw the sample, Inspector; then 2 Judge it. 2 Judge it, Engineer; decision: Is it good? yes → end;"
        " no → 1 Draw the sample. 3 Keep the log, Inspector; then 1 Draw the sample and, side by side, 2 Judge it."
        " It can also start at 3."
    )
    assert 'role="group" aria-label="Sampling"' in drawn.svg


def test_steps_are_reached_by_keyboard() -> None:
    drawn = swimlane([Step("a", "One", href="x.html#a"), Step("b", "Two")], {}, "T")
    for svg in (drawn.svg, drawn.narrow):
        steps = [n for n, _ in placed(svg) if n.get("class") == "qms-flow-step"]
        assert [(n.tag.removeprefix(SVG), n.get("href"), n.get("tabindex")) for n in steps] == [
            ("a", "x.html#a", None),
            ("g", None, "0"),
        ]
        assert [n.findtext(f"{SVG}title") for n in steps] == ["1 One, nobody yet", "2 Two, nobody yet"]


@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("#judge", True), ("../sops/SOP-014.html#step-2", True), ("page.html?q=1", True), ("./a", True),
        ("javascript:alert(1)", False), ("JaVaScRiPt:alert(1)", False), ("java\tscript:alert(1)", False),
        (" javascript:alert(1)", False), ("data:text/html,x", False), ("//elsewhere.example", False), ("/root", False),
        ("https://elsewhere.example", False), ("\\\\elsewhere", False), ('#"><script>', False), ("", False),
        ("#a\n", False),
    ],
)  # fmt: skip
def test_addresses_stay_inside(href: str, kept: bool) -> None:
    assert address(href) == (href if kept else "")
    for drawn in (swimlane([Step("a", "One", href=href)], {}, "T"), turtle(TurtleParts("T", [("One", href)]))):
        for svg in (drawn.svg, drawn.narrow):
            assert linked(svg) == ([href] if kept else [])


def test_hostile_texts() -> None:
    branches = ((HOSTILE, HOSTILE), ("no" + HOSTILE, "end"), ("", "b"))
    steps = [
        Step(HOSTILE, HOSTILE, HOSTILE, (), HOSTILE, branches, HOSTILE, HOSTILE),
        Step("b", "x" * 900, "y" * 300, ("b", HOSTILE, "nowhere" + HOSTILE), "z" * 400, (), "javascript:1", "n" * 300),
        Step("", "", "", ("",), "", (), ""),
        Step("cjk", "検査" * 60, "検査員" * 20),
    ]
    drawn = swimlane(steps, {HOSTILE: HOSTILE * 3}, HOSTILE)
    sound(drawn, 4)
    entries = [(HOSTILE, HOSTILE), ("x" * 500, "#x")] * 20
    shape = turtle(TurtleParts(HOSTILE * 2, entries, entries, entries, entries, entries, entries))
    for svg in (drawn.svg, drawn.narrow, shape.svg, shape.narrow):
        harmless(svg)
        inside(svg)
    assert drawn.notes
    assert "which is no step of this process" in drawn.notes[0]


FLOWS = {
    "none": [],
    "one": [Step("a", "Alone")],
    "three": [Step("a", "One", "r"), Step("b", "Two", ""), Step("c", "Three", "r")],
    "itself": [Step("a", "Again", "r", ("a",)), Step("b", "Or", "r", (), "Ask?", (("a", "b"), ("b", "b"), ("c", "a")))],
    "ring": [Step("a", "A", "x", ("b",)), Step("b", "B", "y", ("c",)), Step("c", "C", "x", ("a",))],
    "unreached ring": [Step("a", "A", "x", ("end",)), Step("b", "B", "y", ("c",)), Step("c", "C", "x", ("b",))],
    "unknown": [Step("a", "A", "x", ("gone",)), Step("b", "B", "x", (), "Q?", (("y", "gone"), ("n", "end")))],
    "side by side": [Step("a", "A", "x", tuple("bcde")), *(Step(k, k, "x", ("f",)) for k in "bcde"), Step("f", "F", "x")],
    "many answers": [
        Step("a", "A", "x", (), "Which of the six is it?", tuple((f"the answer {k}", k) for k in (*"abcde", "end"))),
        *(Step(k, k, w, ("a", "end")) for k, w in zip("bcde", "xyxz", strict=True)),
    ],
    "same key": [Step("a", "A", "x"), Step("a", "B", "x"), Step("b", "C", "x", ("a",))],
    "end is a step": [Step("a", "A", "x", ("end",)), Step("end", "The end", "x")],
}  # fmt: skip


@pytest.mark.parametrize("name", FLOWS)
def test_odd_flows(name: str) -> None:
    drawn = swimlane(FLOWS[name], {}, name)
    if not FLOWS[name]:
        assert "No steps yet" in drawn.svg
        assert drawn.description == "No steps yet."
    else:
        sound(drawn, len(FLOWS[name]))
    assert (len(drawn.notes) > 0) == (name == "unknown")


def test_what_is_handed_over_is_said_where_lanes_are_crossed() -> None:
    yes_or_no = (("yes", "c", "Good lot"), ("no", "d", ""))
    steps = [
        Step("a", "A", "x", hands_over="Order, checked"),
        Step("b", "B", "y", (), "Good?", yes_or_no, hands_over="Report"),
        Step("c", "C", "z", ("end",), hands_over="never said"),
        Step("d", "D", "y", ("end",)),
    ]
    drawn = swimlane(steps, {}, "T")
    for svg in (drawn.svg, drawn.narrow):
        said = " ".join("".join(n.itertext()) for n, _ in placed(svg) if n.get("class") == "qms-flow-hands")
        assert said == "Order, checked Good lot"
    assert "then 2 B, which gets: Order, checked." in drawn.description
    assert "yes → 3 C, which gets: Good lot; no → 4 D" in drawn.description


def test_a_bar_waits_only_for_what_will_come() -> None:
    steps = [
        Step("a", "A", "x", ("b", "c")),
        Step("b", "B", "x", ("d",)),
        Step("c", "C", "y", ("d",)),
        Step("d", "D", "x"),
    ]
    assert read(steps, {}).joins == {3}
    steps[1] = Step("b", "B", "x", (), "Go on?", (("yes", "d"), ("no", "end")))
    assert read(steps, {}).joins == set()
    steps[1], steps[3] = Step("b", "B", "x", ("d",)), Step("d", "D", "x", (), "Good?", (("yes", "end"), ("no", "d")))
    assert read(steps, {}).joins == set()


def test_nobody() -> None:
    drawn = swimlane(FLOWS["three"], {"r": "Inspector"}, "T")
    assert "2 Two, nobody yet" in drawn.description
    assert ">nobody yet</text>" in drawn.svg


KEYS = [f"s{i}" for i in range(25)]
HANDS = st.sampled_from(["", "Inspection report", "Characteristics out of limits, in writing"])
GOES = st.sampled_from([*KEYS, "end", "gone"])


@st.composite
def flows(draw: st.DrawFn) -> list[Step]:
    found = []
    for key in KEYS[: draw(st.integers(1, 25))]:
        said = st.sampled_from(["yes", "no", "the customer must agree", ""])
        answers = st.lists(st.tuples(said, GOES, HANDS), max_size=4)
        found.append(
            Step(
                key,
                draw(
                    st.sampled_from(["Repair", "Look at markets, law, climate and parties", "Check the delivery note"])
                ),
                draw(st.sampled_from(["", *"abcdefg"])),
                tuple(draw(st.lists(GOES, max_size=3))) if draw(st.booleans()) else (),
                draw(st.sampled_from(["", "Do papers, quantity and labels agree with the order?"])),
                tuple(draw(answers)) if draw(st.booleans()) else (),
                hands_over=draw(HANDS),
            )
        )
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(flows())
def test_any_flow(steps: list[Step]) -> None:
    drawn = swimlane(steps, {}, "Any")
    sound(drawn, len(steps))
    legible(drawn.svg)
    legible(drawn.narrow)
    assert drawn == swimlane(list(steps), {}, "Any")


def test_two_on_a_page_share_no_id() -> None:
    steps = FLOWS["many answers"]
    page = "".join(
        d.svg + d.narrow for d in (swimlane(steps, {}, "A"), swimlane(steps, {}, "A"), turtle(TurtleParts("A")))
    )
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert "\n" not in page


def test_turtle_says_all() -> None:
    drawn = turtle(TurtleParts("Buy", [("Need", "#n")], [("Lot", "")], people=[("Buyer", "../roles/buyer.html")]))
    assert drawn.description == (
        "Buy. Inputs: Need. Outputs: Lot. With what: nothing named yet. With whom: Buyer. How: nothing named yet."
        " By what measure: nothing named yet."
    )
    assert set(linked(drawn.svg)) == {"#n", "../roles/buyer.html"}
    inside(drawn.svg)
    inside(drawn.narrow)


def test_they_speak_other_languages() -> None:
    spoken = {"nobody yet": "noch niemand", "end": "Ende", "What comes in?": "Was kommt herein?"}

    def german(text: str, **values: object) -> str:
        return spoken.get(text, text).format(**values)

    drawn = swimlane([Step("a", "A", "", ("end",))], {}, "T", german)
    assert ">noch niemand</text>" in drawn.narrow
    assert "then Ende." in drawn.description
    assert "Was kommt herein?" in turtle(TurtleParts("T"), german).svg


def test_texts_fit() -> None:
    for said in ("Look at markets, law, climate and parties", "Donaudampfschifffahrtsgesellschaft", "検査" * 9, ""):
        assert all(measure(line, 12) <= 90 for line in wrapped(said, 90, 12, 3))
    assert wrapped("one two three four five six seven eight", 60, 12, 2)[-1].endswith("…")
