"""BPMN as it is written and read: the standard's schema, the tools people use, files that mean harm, and the way back."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from qmsctl.cli import app
from qmsctl.diagrams import bpmn
from qmsctl.diagrams.bpmn_names import BPMNDI, DC, DI, MODEL
from qmsctl.diagrams.flow import END, read, steps_of
from qmsctl.editing import EditError
from qmsctl.editing import bpmn as importing
from qmsctl.editing.bpmn import Imported, process_of
from qmsctl.graph import Graph
from qmsctl.loader import Loaded, load
from qmsctl.model import Item, Items
from tests.conftest import REPOSITORY, in_ci
from tests.test_diagrams import Box, apart, hits

MODULES = Path(__file__).parent / "npm" / "node_modules"
SEEDS = range(8)


@cache
def reference() -> Loaded:
    return load(REPOSITORY)


@cache
def graph() -> Graph:
    return Graph(reference())


PROCESSES = [item.id for item in graph().of_type("process")]


def drawn_up(seed: int) -> list[dict[str, Any]]:
    """Return the steps of a process of 25 steps and 8 lanes, with loops, decisions and branches side by side."""
    some = random.Random(seed)
    roles = [item.id for item in graph().of_type("role")][:8]
    rows: list[dict[str, Any]] = []
    keys = [f"step-{chr(97 + i)}" for i in range(25)]
    while len(rows) < 25:
        i = len(rows)
        row: dict[str, Any] = {"key": keys[i], "what": "Check that it is right", "who": some.choice(roles)}
        kind = some.random()
        if kind < 0.25 and i < 22:
            to = keys[max(0, i - some.randint(1, 5))] if some.random() < 0.5 else keys[min(24, i + some.randint(2, 5))]
            row |= {"decision": "Is it right?", "hands_over": "What was found"}
            row["branches"] = [
                {"answer": "yes", "go": keys[i + 1]},
                {"answer": "no", "go": to},
                {"answer": "never", "go": END},
            ]
            rows.append(row)
        elif kind < 0.45 and i < 21:
            rows.append(row | {"next": [keys[i + 1], keys[i + 2]], "gives": ["released-material"]})
            for n in (1, 2):
                rows.append(
                    {"key": keys[i + n], "what": "Do a part of it", "who": some.choice(roles), "next": [keys[i + 3]]}
                )
        else:
            rows.append(row | {"records": ["REC-001", "REC-005", "REC-012"], "hands_over": "A lot"})
    return rows


def with_steps(rows: list[dict[str, Any]]) -> tuple[Graph, Item]:
    """Return the reference system in which one process has other steps."""
    loaded = reference()
    item = loaded.qms.items["PRC-007"]
    item = item.saying({**item.fields, "steps": rows}, item.body)
    qms = dataclasses.replace(loaded.qms, items=Items({**loaded.qms.items, "PRC-007": item}))
    return Graph(dataclasses.replace(loaded, qms=qms)), item


@cache
def documents() -> dict[str, bytes]:
    found = {name: bpmn.document(graph(), graph().items[name]) for name in PROCESSES}
    return found | {f"seed-{seed}": bpmn.document(*with_steps(drawn_up(seed))) for seed in SEEDS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bpmn")
    for name, content in documents().items():
        (place / f"{name}.bpmn").write_bytes(content)
    return place


# --- written --------------------------------------------------------------------------------------


def test_written_twice_it_is_the_same() -> None:
    assert documents()["PRC-007"] == bpmn.document(Graph(load(REPOSITORY)), graph().items["PRC-007"])


@pytest.mark.parametrize("name", documents())
def test_schema_of_the_standard(name: str) -> None:
    if not in_ci():
        pytest.importorskip("SpiffWorkflow")
    from lxml import etree
    from SpiffWorkflow.bpmn.parser import BpmnValidator

    BpmnValidator().validate(etree.fromstring(documents()[name]))


def tool(*path: str) -> Path:
    """Return a file of the npm packages; without it the test is skipped here, but fails in CI."""
    file = MODULES.joinpath(*path)
    if not file.exists():
        reason = f"{path[0]} is missing; run: npm install --ignore-scripts --no-package-lock in tests/npm"
        if in_ci():
            pytest.fail(reason)
        pytest.skip(reason)
    return file


LINT = """
import {BpmnModdle} from 'bpmn-moddle'; import fs from 'fs'; import linting from 'bpmnlint';
import resolving from 'bpmnlint/lib/resolver/node-resolver.js';
const found = {};
for (const file of process.argv.slice(1)) {
  const {rootElement, warnings} = await new BpmnModdle().fromXML(fs.readFileSync(file, 'utf8'));
  const resolver = new (resolving.default || resolving)();
  const result = await new linting.Linter({config: {extends: 'bpmnlint:recommended'}, resolver}).lint(rootElement);
  found[file] = [...warnings.map(w => w.message),
    ...Object.entries(result).flatMap(([rule, rows]) => rows.map(row => `${rule}: ${row.id} ${row.message}`))];
}
console.log(JSON.stringify(found));
"""


def test_moddle_and_lint_have_nothing_to_say(folder: Path) -> None:
    tool("bpmnlint", "package.json")
    tool("bpmn-moddle", "package.json")
    files = sorted(str(file) for file in folder.glob("*.bpmn"))
    run = subprocess.run(
        ["node", "--input-type=module", "-e", LINT, *files],
        cwd=MODULES.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert {Path(file).stem: said for file, said in json.loads(run.stdout).items() if said} == {}


@pytest.mark.browser
def test_bpmn_js_opens_it_without_warnings(folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    script = tool("bpmn-js", "dist", "bpmn-viewer.production.min.js")
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(chromium).exists() and not in_ci():
        pytest.skip("Chromium is missing")
    options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page()
        page.set_content("<div id=c style='height:600px'></div>")
        page.add_script_tag(path=str(script))
        for file in sorted(folder.glob("*.bpmn")):
            warnings, shapes = page.evaluate(
                """async xml => { document.getElementById('c').innerHTML = '';
                const view = new BpmnJS({container: '#c'});
                const result = await view.importXML(xml);
                return [result.warnings.map(w => w.message), view.get('elementRegistry').getAll().length]; }""",
                file.read_text(),
            )
            assert warnings == [], file.name
            assert shapes > 20
        browser.close()


def drawing(content: bytes) -> tuple[dict[str, str], dict[str, Box], dict[str, list[tuple[float, float]]]]:
    """Return the sort of each element, the boxes of shapes and the points of lines."""
    root = ElementTree.fromstring(content)
    sorts = {node.get("id", ""): node.tag.removeprefix(f"{{{MODEL}}}") for node in root.iter() if node.get("id")}
    boxes, lines = {}, {}
    for shape in root.iter(f"{{{BPMNDI}}}BPMNShape"):
        bounds = shape.find(f"{{{DC}}}Bounds")
        assert bounds is not None
        x, y, w, h = (float(bounds.get(name, "")) for name in ("x", "y", "width", "height"))
        boxes[shape.get("bpmnElement", "")] = (x, y, x + w, y + h)
    for edge in root.iter(f"{{{BPMNDI}}}BPMNEdge"):
        points = [(float(p.get("x", "")), float(p.get("y", ""))) for p in edge.iter(f"{{{DI}}}waypoint")]
        lines[edge.get("bpmnElement", "")] = points
    return sorts, boxes, lines


@pytest.mark.parametrize("name", documents())
def test_layout(name: str) -> None:
    """Everything is drawn, inside the pool; no two boxes overlap; no line of the flow passes through a step."""
    sorts, boxes, lines = drawing(documents()[name])
    solid = {i: box for i, box in boxes.items() if sorts[i] == "task" or sorts[i].endswith(("Gateway", "Event"))}
    solid |= {i: box for i, box in boxes.items() if sorts[i] == "dataObjectReference"}
    listed = list(solid.items())
    for nr, (one, box) in enumerate(listed):
        for other, second in listed[nr + 1 :]:
            assert apart(box, second), f"{one} and {other} overlap"
    drawn = {"task", "startEvent", "endEvent", "lane", "participant", "dataObjectReference", "sequenceFlow"}
    assert {i for i, sort in sorts.items() if sort in drawn} <= boxes.keys() | lines.keys()
    pool = next(box for i, box in boxes.items() if sorts[i] == "participant")
    for i, box in boxes.items():
        assert min(box[0] - pool[0], box[1] - pool[1], pool[3] - box[3]) > -0.1, i
        assert box[2] <= pool[2] + 0.1 or sorts[i] == "textAnnotation", i
    steps = [box for i, box in solid.items() if sorts[i] == "task"]
    for i, line in lines.items():
        if sorts[i] == "sequenceFlow":
            assert not any(hits(line, box) for box in steps), i
    for _, after in pairwise(sorted(box for i, box in boxes.items() if sorts[i] == "lane")):
        assert after[0] == pool[0] + 30


def sorts_of(rows: list[dict[str, Any]]) -> dict[str, str]:
    return drawing(bpmn.document(*with_steps(rows)))[0]


def test_gateways() -> None:
    rows: list[dict[str, Any]] = [
        {"key": "a", "what": "A", "next": ["b", "c"]},
        {"key": "b", "what": "B", "next": ["d"]},
        {"key": "c", "what": "C", "next": ["d"]},
        {
            "key": "d",
            "what": "D",
            "decision": "Good?",
            "branches": [{"answer": "yes", "go": "end"}, {"answer": "no", "go": "b"}],
        },
    ]
    found = sorts_of(rows)
    assert found["split_a"] == "parallelGateway"
    assert found["split_d"] == "exclusiveGateway"
    assert found["merge_b"] == "exclusiveGateway"
    assert found["merge_d"] == "exclusiveGateway", "b can come again alone, so d must not wait for c"
    rows[3] = {"key": "d", "what": "D"}
    assert sorts_of(rows)["merge_d"] == "parallelGateway"
    rows[1] |= {"decision": "Go on?", "branches": [{"answer": "yes", "go": "d"}, {"answer": "no", "go": "end"}]}
    assert sorts_of(rows)["merge_d"] == "exclusiveGateway", "b may never reach d, so d must not wait for it"


def test_hostile_texts_are_escaped() -> None:
    said = "</task><script>&\"' \x00\x1b ]]> \u202e"
    rows: list[dict[str, Any]] = [
        {"key": "a", "what": said, "how": said, "system": said, "decision": said, "hands_over": said, "who": said,
         "records": [said], "takes": [said], "instruction": [said],
         "branches": [{"answer": said, "go": "b"}, {"answer": said + "2", "go": said}]},
        {"key": "b", "what": said, "who": "buyer"},
    ]  # fmt: skip
    root = ElementTree.fromstring(bpmn.document(*with_steps(rows)))
    assert not any("script" in node.tag for node in root.iter())
    ids = Counter(node.get("id") for node in root.iter() if node.get("id"))
    assert max(ids.values()) == 1


def test_files_and_pictures_of_a_site() -> None:
    from qmsctl.checks import Report
    from qmsctl.pages import flows
    from qmsctl.pages.view import View

    view = View(reference(), Report(()), "2026-11-16")
    written = dict(flows.files(view))
    assert written == {f"processes/{name}.bpmn": documents()[name] for name in PROCESSES}
    process = graph().items["PRC-007"]
    drawn = flows.flow_of(view, process)
    assert "../sops/SOP-014.html" in drawn.svg
    assert 'href="#order-material"' in drawn.svg, "a step without instruction opens its row"
    turtle = flows.turtle_of(view, process)
    for said in ("Material need", "Released material", "Incoming inspection", "Inspector", "CAQ"):
        assert said in turtle.description


# --- and back -------------------------------------------------------------------------------------


def ways(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return what leads where, whether it is written out or follows from the order."""
    here, item = with_steps(rows)
    flow = read(steps_of(here, item.id), {})
    keys = [step.key for step in flow.steps]
    return sorted((keys[way.start], keys[way.to] if way.to >= 0 else END, way.answer) for way in flow.ways)


@pytest.mark.parametrize("name", PROCESSES)
def test_there_and_back(name: str) -> None:
    item = graph().items[name]
    back = process_of(documents()[name], graph(), {})
    assert back.lost == ()
    assert back.title == item.title
    assert back.fields["purpose"] == item.get("purpose")
    rows = [dict(row) for row in item.get("steps")]
    assert ways(back.fields["steps"]) == ways(rows)
    without = [{k: v for k, v in row.items() if k != "next"} for row in back.fields["steps"]]
    assert without == [{k: v for k, v in row.items() if k != "next"} for row in rows]
    again = bpmn.document(*renewed(item, back))
    assert again == documents()[name]


def renewed(item: Item, back: Imported) -> tuple[Graph, Item]:
    loaded = reference()
    item = item.saying({**item.fields, **back.fields}, item.body)
    qms = dataclasses.replace(loaded.qms, items=Items({**loaded.qms.items, item.id: item}))
    return Graph(dataclasses.replace(loaded, qms=qms)), item


@pytest.mark.parametrize("seed", SEEDS)
def test_there_and_back_of_any(seed: int) -> None:
    rows = drawn_up(seed)
    back = process_of(documents()[f"seed-{seed}"], graph(), {})
    assert ways(back.fields["steps"]) == ways(rows)
    assert [row.get("who") for row in back.fields["steps"]] == [row.get("who") for row in rows]
    assert [row.get("decision") for row in back.fields["steps"]] == [row.get("decision") for row in rows]


# --- files of other tools -------------------------------------------------------------------------


def foreign(inner: str, more: str = "", name: str = "Incoming goods") -> bytes:
    """Return a file as other tools write it, with prefixes and ids of their own."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions xmlns:bpmn="{MODEL}" id="D" targetNamespace="x">'
        f'{more}<bpmn:process id="Process_1" name="{name}">{inner}</bpmn:process></bpmn:definitions>'
    ).encode()


def flows(*pairs: str) -> str:
    """`a>b`, `a>b:answer`."""
    found = ""
    for nr, pair in enumerate(pairs):
        ends, _, name = pair.partition(":")
        source, _, target = ends.partition(">")
        found += f'<bpmn:sequenceFlow id="f{nr}" name="{name}" sourceRef="{source}" targetRef="{target}"/>'
    return found


def lane(name: str, *refs: str, ident: str = "L") -> str:
    inner = "".join(f"<bpmn:flowNodeRef>{ref}</bpmn:flowNodeRef>" for ref in refs)
    return f'<bpmn:lane id="{ident}" name="{name}">{inner}</bpmn:lane>'


def task(ident: str, name: str = "", inner: str = "", sort: str = "task") -> str:
    return f'<bpmn:{sort} id="{ident}" name="{name or ident}">{inner}</bpmn:{sort}>'


def rows_by_name(found: Imported) -> dict[str, dict[str, Any]]:
    return {row["what"]: row for row in found.fields["steps"]}


def test_decision_and_lanes() -> None:
    content = foreign(
        f"<bpmn:laneSet>{lane('Inspector', 'Activity_1', 'g')}{lane('Buyers', 'Activity_2', ident='M')}</bpmn:laneSet>"
        + task("s", "Goods arrive", sort="startEvent")
        + task("Activity_2", "Claim it")
        + task("Activity_1", "Inspect it", sort="userTask")
        + task("g", "Is it good?", sort="exclusiveGateway")
        + task("e", "", sort="endEvent")
        + flows("s>Activity_1", "Activity_1>g", "g>e:yes", "g>Activity_2:no", "Activity_2>e")
    )
    found = process_of(content, graph(), {})
    assert found.title == "Incoming goods"
    inspect, claim = found.fields["steps"]
    assert inspect == {
        "key": "inspect-it", "what": "Inspect it", "who": "inspector", "decision": "Is it good?",
        "branches": [{"answer": "yes", "go": "end"}, {"answer": "no", "go": "claim-it"}],
    }  # fmt: skip
    assert claim == {"key": "claim-it", "what": "Claim it", "who": "buyer"}
    said = "\n".join(found.lost)
    assert "lane “Buyers” was taken for the role buyer" in said
    assert "user task “Inspect it”: that it is a user task is not kept" in said
    assert "start event “Goods arrive”: its name is not kept" in said


def test_lane_nobody_knows() -> None:
    content = foreign(f"<bpmn:laneSet>{lane('Gate keeper', 'a')}</bpmn:laneSet>" + task("a", "Open the gate"))
    with pytest.raises(EditError, match='“Gate keeper”; --role "Gate keeper=ROLE"; roles: '):
        process_of(content, graph(), {})
    with pytest.raises(EditError, match="there is no role `inspectr`; did you mean inspector"):
        process_of(content, graph(), {"Gate keeper": "inspectr"})
    assert process_of(content, graph(), {"gate Keeper": "inspector"}).fields["steps"][0]["who"] == "inspector"


def test_side_by_side_and_loops() -> None:
    content = foreign(
        task("s", sort="startEvent")
        + "".join(task(name) for name in ("Plan", "Buy", "Make", "Test"))
        + "".join(task(name, sort="parallelGateway") for name in ("fork", "join"))
        + task("g", "Right?", sort="exclusiveGateway")
        + task("e", sort="endEvent")
        + flows("s>Plan", "Plan>fork", "fork>Buy", "fork>Make", "Buy>join", "Make>join", "join>Test", "Test>g", "g>e:yes",
                "g>Plan:no")
    )  # fmt: skip
    rows = rows_by_name(process_of(content, graph(), {}))
    assert list(rows) == ["Plan", "Buy", "Make", "Test"]
    assert rows["Plan"]["next"] == ["buy", "make"]
    assert rows["Buy"]["next"] == ["test"]
    assert "next" not in rows["Make"]
    assert rows["Test"]["branches"] == [{"answer": "yes", "go": "end"}, {"answer": "no", "go": "plan"}]


def test_decision_without_a_task_before_it() -> None:
    content = foreign(
        task("s", sort="startEvent") + task("g", "Which size?", sort="inclusiveGateway") + task("a", "Cut") + task("b", "Saw")
        + task("p", sort="parallelGateway") + flows("s>g", "g>a:small", "g>p:large", "p>a", "p>b")
    )  # fmt: skip
    found = process_of(content, graph(), {})
    first = found.fields["steps"][0]
    assert first["what"] == first["decision"] == "Which size?"
    assert [(way["answer"], way["go"]) for way in first["branches"]] == [
        ("small", "cut"), ("large", "start-what-runs-side-by-side"),
    ]  # fmt: skip
    assert rows_by_name(found)["Start what runs side by side"]["next"] == ["cut", "saw"]
    assert any("any number of answers may apply" in said for said in found.lost)


def test_sub_process_boundary_and_events() -> None:
    content = foreign(
        task("s", sort="startEvent")
        + task("S", "Prepare", task("s2", sort="startEvent") + task("x", "Clean") + task("y", "Dry")
               + task("e2", sort="endEvent") + flows("s2>x", "x>y", "y>e2"), "subProcess")
        + task("w", "Two days later", "<bpmn:timerEventDefinition/>", "intermediateCatchEvent")
        + task("z", "Measure", "<bpmn:standardLoopCharacteristics/>")
        + '<bpmn:boundaryEvent id="b" name="Gauge breaks" attachedToRef="z"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>'
        + task("r", "Repair the gauge") + task("e", sort="endEvent")
        + flows("s>S", "S>w", "w>z", "z>e", "b>r", "r>z").replace('id="f', 'id="o')
    )  # fmt: skip
    found = process_of(content, graph(), {})
    rows = rows_by_name(found)
    assert list(rows)[:3] == ["Clean", "Dry", "Measure"]
    assert "next" not in rows["Dry"]
    assert rows["Measure"]["branches"] == [
        {"answer": "as planned", "go": "end"}, {"answer": "Gauge breaks", "go": "repair-the-gauge"},
    ]  # fmt: skip
    said = "\n".join(found.lost)
    for part in ("“Prepare” was unfolded", "“Two days later” (timer event) is not kept", "“Measure”: that it is repeated",
                 "“Gauge breaks” at “Measure” became the answer"):  # fmt: skip
        assert part in said


def test_data_becomes_records_inputs_and_outputs() -> None:
    record = graph().items["REC-012"]

    def data(kind: str, *refs: str) -> str:
        inner = "".join(
            f"<bpmn:{'source' if kind == 'Input' else 'target'}Ref>{r}</bpmn:{'source' if kind == 'Input' else 'target'}Ref>"
            for r in refs
        )
        return f'<bpmn:data{kind}Association id="{"".join(refs)}{kind}">{inner}</bpmn:data{kind}Association>'

    objects = "".join(
        f'<bpmn:dataObjectReference id="{ident}" name="{name}" dataObjectRef="o{ident}"/><bpmn:dataObject id="o{ident}"/>'
        for ident, name in (
            ("d1", "Order"),
            ("d2", record.title),
            ("d3", "Sorted lot"),
            ("d4", "Sample"),
            ("d5", "Lonely"),
        )
    )
    store = '<bpmn:dataStoreReference id="erp" name="ERP"/>'
    content = foreign(
        objects + store
        + task("a", "Draw", data("Input", "d1") + data("Output", "d4") + data("Output", "erp"))
        + task("b", "Inspect", data("Input", "d4") + data("Output", "d2") + data("Output", "d3"))
        + flows("a>b")
    )  # fmt: skip
    found = process_of(content, graph(), {})
    draw, inspect = found.fields["steps"]
    assert found.fields["inputs"] == [{"key": "order", "name": "Order"}]
    assert found.fields["outputs"] == [{"key": "sorted-lot", "name": "Sorted lot"}]
    assert (draw["takes"], draw["system"], draw["hands_over"]) == (["order"], "ERP", "Sample")
    assert (inspect["records"], inspect["gives"]) == (["REC-012"], ["sorted-lot"])
    assert any("“Lonely” belongs to no step" in said for said in found.lost)


def test_several_processes_are_asked_for() -> None:
    more = (
        '<bpmn:collaboration id="C"><bpmn:participant id="P" name="Us" processRef="Process_1"/>'
        '<bpmn:participant id="Q" name="Them" processRef="Process_2"/>'
        '<bpmn:messageFlow id="m" name="Order" sourceRef="P" targetRef="Q"/></bpmn:collaboration>'
        f'<bpmn:process id="Process_2">{task("t", "Answer")}</bpmn:process>'
    )
    content = foreign(task("a", "Ask"), more)
    with pytest.raises(EditError, match="2 processes: “Them”, “Us”"):
        process_of(content, graph(), {})
    with pytest.raises(EditError, match="no process is called “You”"):
        process_of(content, graph(), {}, "You")
    found = process_of(content, graph(), {}, "them")
    assert [row["what"] for row in found.fields["steps"]] == ["Answer"]
    assert any("“Order”: messages between pools are not kept" in said for said in found.lost)


# --- files that mean harm -------------------------------------------------------------------------

BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
HARM = {
    "entities": (f"<?xml version='1.0'?>{BOMB}<definitions xmlns='{MODEL}'>&b;</definitions>".encode(), "document type"),
    "outside file": (b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x/>", "document type"),
    "deep": (foreign("<bpmn:subProcess>" * 200 + "</bpmn:subProcess>" * 200), "too deep"),
    "many": (foreign("<bpmn:documentation/>" * 61_000), "too large"),
    "many steps": (foreign("".join(f'<bpmn:task id="t{i}"/>' for i in range(2001))), "more than 2000 elements"),
    "many at once": (
        foreign(
            task("p", sort="parallelGateway") + "".join(task(f"t{i}") for i in range(60))
            + flows(*(f"p>t{i}" for i in range(60)), *(f"t{i}>p" for i in range(60)))
        ),
        "more than 50 steps",
    ),
    "large": (b" " * (importing.MOST_BYTES + 1), "more than 8 MB"),
    "no XML": (b"PK\x03\x04", "no XML"),
    "cut off": (foreign(task("a"))[:-30], "no XML: .*line 1"),
    "empty": (b"", "no XML"),
    "draw.io": (b"<mxfile><diagram/></mxfile>", "draw.io"),
    "another language": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "begins with <svg>"),
    "unknown encoding": (b"<?xml version='1.0' encoding='utf-99'?><x/>", "no XML|cannot be read"),
    "no tasks": (foreign(task("s", sort="startEvent")), "no process with tasks"),
}  # fmt: skip


@pytest.mark.parametrize("name", HARM)
def test_harm(name: str) -> None:
    content, said = HARM[name]
    with pytest.raises(EditError, match=said):
        process_of(content, graph(), {})


def test_contradictions_are_told() -> None:
    content = foreign(
        task("a", "One") + task("a", "Two") + task("b", "Three")
        + "".join(task(f"g{i}", sort="exclusiveGateway") for i in range(3))
        + flows("a>g0", "g0>g1", "g1>g2", "g2>g0", "b>gone", "b>b")
    )  # fmt: skip
    found = process_of(content, graph(), {})
    assert {row["what"] for row in found.fields["steps"]} == {"One", "Three"}
    said = "\n".join(found.lost)
    assert "“Two” has the id a a second time" in said
    assert "begins or ends at something that is not in the file" in said


def test_words_stay_words() -> None:
    content = foreign(task("a", "&lt;b&gt; {{ x }} # &#10; !!python/object:x"), name="&lt;script&gt;: &quot;x&quot;")
    found = process_of(content, graph(), {})
    assert found.title == '<script>: "x"'
    assert found.fields["steps"][0]["what"] == "<b> {{ x }} # !!python/object:x"


# --- commands -------------------------------------------------------------------------------------


@pytest.fixture
def small(system: Callable[..., Path]) -> Path:
    return system(
        {
            "roles/inspector.md": "---\nid: inspector\ntype: role\ntitle: Inspector\npurpose: Looks.\n---\n",
            "processes/PRC-001-look.md": "---\nid: PRC-001\ntype: process\ntitle: Look\nrevision: '1.0'\neffective: 2026-01-01\n"
            "owner: inspector\nreview_every: 12 months\nchange: First.\npurpose: See.\nclass: core\n"
            "steps:\n  - {key: look, what: Look, who: inspector}\n---\n",
        }
    )


def run(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["-C", str(root), *arguments])


def test_export_and_import(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "out" / "look.bpmn"
    assert run(small, "export", "bpmn", "PRC-001", "--out", str(file)).exit_code == 0
    assert run(small, "export", "bpmn", "PRC-001").output == file.read_text()
    done = run(small, "import", "bpmn", str(file))
    assert done.exit_code == 0, done.output
    assert "processes/PRC-002-look.md written: 1 step, 1 role." in done.output
    again = load(small)
    assert again.qms.items["PRC-002"].get("steps") == again.qms.items["PRC-001"].get("steps")
    assert again.qms.items["PRC-002"].get("status") == "draft"
    taken = run(small, "import", "bpmn", str(file), "--id", "PRC-001")
    assert taken.exit_code == 2
    assert "is taken" in taken.output


def test_import_says_what_it_needs(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.bpmn"
    file.write_bytes(foreign(f"<bpmn:laneSet>{lane('Gate keeper', 'a')}</bpmn:laneSet>" + task("a", "Open")))
    refused = run(small, "import", "bpmn", str(file))
    assert refused.exit_code == 2
    assert '--role "Gate keeper=ROLE"' in refused.output
    assert run(small, "import", "bpmn", str(file), "--role", "Gate keeper").exit_code == 2
    assert run(small, "import", "bpmn", str(file), "--role", "Gate keeper=inspector", "--id", "PRC-009").exit_code == 0
    assert (small / "processes" / "PRC-009-incoming-goods.md").exists()
    assert run(small, "export", "bpmn", "inspector").exit_code == 2


def test_texts_of_several_lines_survive(small: Path, tmp_path: Path) -> None:
    said = "<bpmn:documentation>Proves lots.\n\nSince 2019.\n\n## Old\n- one\n- two</bpmn:documentation>"
    how = '<bpmn:documentation>Take five.\n\n- top\n  - left\n- end: colon # and "sign"</bpmn:documentation>'
    unnamed = '<bpmn:task id="t2"/>'
    lanes = f"<bpmn:laneSet>{lane('Inspector', 'a')}</bpmn:laneSet>"
    file = tmp_path / "x.bpmn"
    file.write_bytes(foreign(said + lanes + task("a", "Open", how) + unnamed + flows("a>t2")))
    done = run(small, "import", "bpmn", str(file))
    assert done.exit_code == 0, done.output
    assert "2 steps, 1 role." in done.output
    assert "task `t2`, line 11: it needs a name" in done.output
    assert "task `t2`, line 11 lies in no lane" in done.output
    (path,) = (small / "processes").glob("PRC-002*")
    text = path.read_text(encoding="utf-8")
    assert "## Background\n\nSince 2019.\n\n\\## Old\n- one\n- two\n" in text
    assert "    how: |-\n      Take five.\n\n      - top\n        - left\n" in text
    item = load(small).qms.items["PRC-002"]
    assert item.get("purpose") == "Proves lots."
    assert item.get("steps")[0]["how"] == 'Take five.\n\n- top\n  - left\n- end: colon # and "sign"'
