"""A process as BPMN 2.0, with lanes and with the layout of its swimlane, for modelling tools and workflow engines."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qmsctl import __version__
from qmsctl.diagrams import bpmn_names as names
from qmsctl.diagrams.drawing import Point, measure, number, simplified, wrapped
from qmsctl.diagrams.flow import Flow, Way, read, steps_of
from qmsctl.diagrams.flow_bands import band_of
from qmsctl.diagrams.flow_grid import BOX, HANDED, LANE, LINE_OF, ROUND, SIDE, SMALL, Band, Node, Wire, node_of
from qmsctl.diagrams.markup import escape, quoteattr
from qmsctl.diagrams.vega import plain
from qmsctl.graph import Graph
from qmsctl.model import Item

_PAPER_WIDE, _PAPER_TALL, _CELL, _NAMED, _STRIP = 28.0, 36.0, 67.0, 76.0, 86.0
"""A data object, and the room it has with its name."""
_FROM_LEFT, _FROM_TOP = 40.0, 40.0
_TITLE = 30.0
"""The strip in which tools write the name of the pool."""


Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Paper:
    """A data object at a step: what it takes, gives or records."""

    id: str
    name: str
    taken: bool
    said: str = ""


@dataclass(frozen=True, slots=True)
class _Thing:
    """An element of the model; lines that enter and leave it are written between its two halves, as BPMN wants."""

    sort: str
    id: str
    about: str = ""
    name: str = ""
    more: str = ""
    inner: str = ""


@dataclass(slots=True)
class _Writer:
    """The two halves of a file: what there is, and where it is drawn."""

    lanes: str = ""
    things: list[_Thing] = field(default_factory=list)
    flows: list[tuple[str, str, str]] = field(default_factory=list)
    """Of each flow its id, where it begins and where it ends."""
    notes: str = ""
    shapes: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)

    def model(self, objects: str) -> str:
        entering, leaving = defaultdict(list), defaultdict(list)
        for ident, source, target in self.flows:
            leaving[source].append(ident)
            entering[target].append(ident)
        return (
            self.lanes
            + objects
            + "".join(_element(thing, entering[thing.id], leaving[thing.id]) for thing in self.things)
            + self.notes
        )


def _element(thing: _Thing, entering: Sequence[str], leaving: Sequence[str]) -> str:
    inner = _documentation(thing.about)
    inner += "".join(f"      <incoming>{ident}</incoming>\n" for ident in entering)
    inner += "".join(f"      <outgoing>{ident}</outgoing>\n" for ident in leaving)
    inner += thing.inner
    name = f" name={quoteattr(plain(thing.name))}" if thing.name else ""
    head = f"    <{thing.sort} id={quoteattr(thing.id)}{name}{thing.more}"
    return f"{head}>\n{inner}    </{thing.sort}>\n" if inner else f"{head}/>\n"


def document(graph: Graph, process: Item) -> bytes:
    """Return a process as a BPMN 2.0 file. The same process gives the same bytes."""
    steps = steps_of(graph, process.id)
    flow = read(steps, {step.who: graph.title(step.who) for step in steps if step.who})
    parts = graph.parts_of(process.id, "steps")
    data = [part.data for part in parts]
    papers = {i: _papers(graph, process, row) for i, row in enumerate(data)}
    said = [_documented(graph, row) for row in data]
    derived = {i for i, row in enumerate(data) if not row.get("hands_over") and not row.get("branches")}
    return _file(flow, process, papers, said, derived).encode()


# --- what a step says -----------------------------------------------------------------------------


def _texts(value: object) -> list[str]:
    return [str(said) for said in value] if isinstance(value, list) else []


def _named(graph: Graph, refs: Iterable[str]) -> str:
    return "; ".join(f"{ref} {graph.title(ref)}" for ref in refs)


def _documented(graph: Graph, row: Mapping[str, Any]) -> str:
    """Return in lines what BPMN has no element for."""
    lines = [
        (names.HANDS, str(row.get("hands_over") or "")),
        (names.SYSTEM, str(row.get("system") or "")),
        (names.INSTRUCTION, _named(graph, _texts(row.get("instruction")))),
        (names.ACCOUNTABLE, _named(graph, [str(row["accountable"])] if row.get("accountable") else [])),
        (names.CONSULTED, _named(graph, _texts(row.get("consult")))),
        (names.INFORMED, _named(graph, _texts(row.get("inform")))),
    ]
    told = [str(row.get("how") or "").strip(), *(f"{name}: {plain(said)}" for name, said in lines if said)]
    return "\n".join(line for line in told if line)


def _papers(graph: Graph, process: Item, row: Mapping[str, Any]) -> list[_Paper]:
    found = []
    for field_name, listed, prefix in (("inputs", "takes", names.INPUT), ("outputs", "gives", names.OUTPUT)):
        known = {part.key: part for part in graph.parts_of(process.id, field_name)}
        for key in dict.fromkeys(_texts(row.get(listed))):
            if key in known:
                part = known[key]
                lines = [
                    (names.ORIGIN, _named(graph, _texts(part.data.get("from")))),
                    (names.CRITERIA, str(part.data.get("criteria") or "")),
                    (names.RECEIVER, _named(graph, _texts(part.data.get("to")))),
                ]
                said = "\n".join(f"{name}: {plain(words)}" for name, words in lines if words)
                found.append(_Paper(_ncname(prefix + key), part.title, listed == "takes", said))
    for ref in dict.fromkeys(_texts(row.get("records"))):
        if ref in graph.items:
            found.append(_Paper(_ncname(names.RECORD + ref), graph.title(ref), False, f"Kind of record: {ref}"))
    return found


# --- the whole ------------------------------------------------------------------------------------


def _file(
    flow: Flow, process: Item, papers: Mapping[int, Sequence[_Paper]], said: Sequence[str], derived: set[int]
) -> str:
    def sized(flow: Flow, i: int) -> Node:
        return _sized(flow, i, len(papers[i]))

    writer = _Writer()
    if flow.steps:
        band = band_of(flow, 0, max(flow.columns), sized)
        width, height = band.width - LANE + LANE * 0.35 + _TITLE, band.height
        _lanes(writer, flow, band, width)
        ids = _Ids(flow, band)
        _nodes(writer, flow, band, ids, papers, said)
        _flows(writer, flow, band, ids, derived)
    else:
        width, height = 400.0, 120.0
    name, pool = quoteattr(plain(process.title)), f"pool_{process.id}"
    about = [plain(str(process.get("purpose") or "")), f"{process.id} {plain(process.title)}"]
    about += [f"Revision: {plain(str(process.get('revision')))}"] if process.get("revision") else []
    objects = dict.fromkeys((paper.id, paper.name) for i in sorted(papers) for paper in papers[i])
    held = "".join(f"    <dataObject id={quoteattr('object_' + i)} name={quoteattr(plain(n))}/>\n" for i, n in objects)
    inner = _documentation("\n".join(line for line in about if line)) + writer.model(held)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<definitions xmlns="{names.MODEL}" xmlns:bpmndi="{names.BPMNDI}" xmlns:dc="{names.DC}" xmlns:di="{names.DI}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' id="definitions_{process.id}" targetNamespace="urn:qmsctl" exporter="qmsctl" exporterVersion="{__version__}">\n'
        f'  <collaboration id="collaboration_{process.id}">\n'
        f'    <participant id="{pool}" name={name} processRef="{process.id}"/>\n'
        "  </collaboration>\n"
        f'  <process id="{process.id}" name={name} isExecutable="false">\n{inner}  </process>\n'
        f'  <bpmndi:BPMNDiagram id="diagram_{process.id}" name={name}>\n'
        f'    <bpmndi:BPMNPlane id="plane_{process.id}" bpmnElement="collaboration_{process.id}">\n'
        + _shape(pool, (_FROM_LEFT, _FROM_TOP, width, height), more=' isHorizontal="true"')
        + "".join(writer.shapes)
        + "".join(writer.edges)
        + "    </bpmndi:BPMNPlane>\n  </bpmndi:BPMNDiagram>\n</definitions>\n"
    )


def _sized(flow: Flow, i: int, papers: int) -> Node:
    """Return a step with the gateways BPMN wants before and after it, and room for its data objects."""
    node = node_of(flow, i)
    before = node.lead
    entering = sum(way.to == i for way in flow.ways) + (i in flow.starts)
    if entering > 1:
        node.merge = "and" if i in flow.joins else "xor"
        node.lead = 2 * SIDE + 14
    else:
        node.merge, node.lead = "", 0.0
    ways = [way for way in flow.ways if way.start == i]
    if len(ways) < 2 and not any(way.answer for way in ways):
        node.question = []  # one way out is no decision in BPMN, which knows no gateway with a single way
        node.width = node.wide = before + BOX
    elif not _decides(node, ways):
        node.gate = "and"
    moved = node.lead - before
    node.width, node.wide = node.width + moved, node.wide + moved
    if node.gate:
        node.width = node.diamond + SIDE
    if len(ways) == 1 or node.gate:
        node.wide = max(node.wide, node.width + max((measure(line, SMALL) for line in node.hands), default=0.0) + 10)
    room = -(-papers // 2) * _STRIP
    if papers and _decides(node, ways):
        node.up = max(node.up, node.tall / 2 + room + 14)
    elif papers:
        node.down = max(node.down, node.tall / 2 + room + 14)
    return node


def _decides(node: Node, ways: Sequence[Way]) -> bool:
    return bool(node.question) or any(way.answer for way in ways)


def _ncname(said: str) -> str:
    """Return a text as XML takes it for an id."""
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", said)
    return safe if safe[:1].isalpha() else f"x_{safe}"


class _Ids:
    """The ids of what a file holds. Keys of steps have no `_`, so nothing else can be called like one."""

    def __init__(self, flow: Flow, band: Band) -> None:
        seen: dict[str, int] = {}
        self.step: list[str] = []
        for step in flow.steps:
            seen[step.key] = seen.get(step.key, 0) + 1
            again = seen[step.key]
            key = _ncname(step.key)
            self.step.append(key if again == 1 else f"{key}_{again}")
        self.sign = {id(node): f"{node.kind}_{i + 1}" for i, node in enumerate(n for n in band.nodes if n.small)}

    def entry(self, node: Node) -> str:
        """What a line that leads to a node ends at."""
        if node.small:
            return self.sign[id(node)]
        return f"merge_{self.step[node.step]}" if node.merge else self.step[node.step]

    def exit(self, node: Node) -> str:
        if node.small:
            return self.sign[id(node)]
        return f"split_{self.step[node.step]}" if node.fan or node.gate else self.step[node.step]


# --- the model ------------------------------------------------------------------------------------


def _documentation(said: str) -> str:
    return f"      <documentation>{escape(_clean(said))}</documentation>\n" if said else ""


def _clean(said: str) -> str:
    """Return a text of several lines without what XML does not allow."""
    return "\n".join(plain(line) for line in said.splitlines())


def _lanes(writer: _Writer, flow: Flow, band: Band, width: float) -> None:
    lines = ['    <laneSet id="lanes">\n']
    ids = _Ids(flow, band)
    for nr, name in enumerate(flow.lanes):
        who = next(step.who for i, step in enumerate(flow.steps) if flow.lane[i] == nr)
        mine = [
            ref
            for node in band.nodes
            if node.lane == nr
            for ref in dict.fromkeys([ids.entry(node), *([] if node.small else [ids.step[node.step]]), ids.exit(node)])
        ]
        refs = "".join(f"        <flowNodeRef>{escape(ref)}</flowNodeRef>\n" for ref in mine)
        name_id = _ncname(names.LANE + (who or "nobody_yet"))
        lines.append(f"      <lane id={quoteattr(name_id)} name={quoteattr(name)}>\n{refs}      </lane>\n")
        rows = [row for row, lane in enumerate(band.rows) if lane == nr]
        top = band.corridors[rows[0]] if rows[0] else 0.0
        bottom = band.corridors[rows[-1] + 1] if rows[-1] + 1 < len(band.rows) else band.height
        box = (_FROM_LEFT + _TITLE, _FROM_TOP + top, width - _TITLE, bottom - top)
        writer.shapes.append(_shape(name_id, box, more=' isHorizontal="true"'))
    writer.lanes = "".join([*lines, "    </laneSet>\n"])


def _nodes(
    writer: _Writer,
    flow: Flow,
    band: Band,
    ids: _Ids,
    papers: Mapping[int, Sequence[_Paper]],
    said: Sequence[str],
) -> None:
    first = True
    for node in band.nodes:
        x, y = _at((node.x, band.ys[node.row]))
        if node.small:
            name = names.START if node.kind == "start" else names.END
            target = next((w.end.step for w in band.wires if w.start is node), -1)
            inner = "" if first or node.kind == "end" else _trigger(flow, target, ids.sign[id(node)])
            first = first and node.kind == "end"
            writer.things.append(_Thing(f"{node.kind}Event", ids.sign[id(node)], name=name, inner=inner))
            label = (x + ROUND - 16, y + ROUND + 3, 32.0, 14.0)
            writer.shapes.append(_shape(ids.sign[id(node)], (x, y - ROUND, 2 * ROUND, 2 * ROUND), label))
            continue
        _step(writer, flow, node, (x, y), ids, papers[node.step], said[node.step])


def _trigger(flow: Flow, i: int, sign: str) -> str:
    """Return why a process may also start elsewhere: BPMN allows one start without a reason."""
    words = f"{plain(flow.steps[i].title)} is called for"
    return (
        f'<conditionalEventDefinition id="{sign}_when"><condition xsi:type="tFormalExpression">{escape(words)}'
        "</condition></conditionalEventDefinition>"
    )


def _step(
    writer: _Writer, flow: Flow, node: Node, place: Point, ids: _Ids, papers: Sequence[_Paper], said: str
) -> None:
    (x, y), step, ident = place, flow.steps[node.step], ids.step[node.step]
    left = x + node.lead
    if node.merge:
        gateway = "parallelGateway" if node.merge == "and" else "exclusiveGateway"
        merge = f"merge_{ident}"
        writer.things.append(_Thing(gateway, merge, more=' gatewayDirection="Converging"'))
        writer.shapes.append(_shape(merge, (x, y - SIDE, 2 * SIDE, 2 * SIDE), more=_MARKED[gateway]))
        _flow(writer, f"to_{ident}", merge, ident, "", [(x + 2 * SIDE, y), (left, y)])
    told = [said]
    ways = [way for way in flow.ways if way.start == node.step]
    if step.decision and not _decides(node, ways):
        told.append(f"{names.DECISION}: {plain(step.decision)}")
    inner, placed = "", _placed(papers, left, y, node)
    if any(paper.taken for paper in papers):
        inner += f'      <property id={quoteattr("slot_" + ident)} name="__targetRef_placeholder"/>\n'
    for taken in (True, False):
        for paper, box in placed:
            if paper.taken == taken:
                inner += _association(writer, paper, ident, box, (left, y, node.tall, bool(node.fan)))
    about = "\n".join(line for line in told if line)
    writer.things.append(_Thing("task", ident, about, plain(step.title) or step.key, inner=inner))
    writer.shapes.append(_shape(ident, (left, y - node.tall / 2, BOX, node.tall)))
    for paper, (px, py) in placed:
        ref = f"{paper.id}_{ident}"
        more = f" dataObjectRef={quoteattr('object_' + paper.id)}"
        writer.things.append(_Thing("dataObjectReference", ref, paper.said, paper.name, more))
        label = (px - (_NAMED - _PAPER_WIDE) / 2, py + _PAPER_TALL + 2, _NAMED, 14.0 * len(_label(paper.name)))
        writer.shapes.append(_shape(ref, (px, py, _PAPER_WIDE, _PAPER_TALL), label))
    if node.fan or node.gate:
        gateway, split = ("exclusiveGateway" if node.fan else "parallelGateway"), f"split_{ident}"
        middle = x + node.diamond
        asked = (plain(step.decision) or names.UNASKED) if node.fan else ""
        writer.things.append(_Thing(gateway, split, name=asked, more=' gatewayDirection="Diverging"'))
        wide, tall = max((measure(line, SMALL) for line in node.question), default=0.0) * 1.1, len(node.question) * 14.0
        asking: Box | None = (middle - 9 - wide, y + node.tall / 2 + 6, wide, tall) if node.question else None
        writer.shapes.append(_shape(split, (middle - SIDE, y - SIDE, 2 * SIDE, 2 * SIDE), asking, _MARKED[gateway]))
        _flow(writer, f"from_{ident}", ident, split, "", [(left + BOX, y), (middle - SIDE, y)])


_MARKED = {"exclusiveGateway": ' isMarkerVisible="true"', "parallelGateway": ""}


def _label(name: str) -> list[str]:
    return wrapped(name, _CELL - 4, HANDED, 3)


def _placed(papers: Sequence[_Paper], left: float, y: float, node: Node) -> list[tuple[_Paper, Point]]:
    """Return where the data objects of a step stand: two in a row, below it, or above where a decision needs the room."""
    rows = -(-len(papers) // 2)
    top = y - node.tall / 2 - rows * _STRIP - 2 if node.fan else y + node.tall / 2 + 14
    return [
        (paper, (left + (nr % 2) * _CELL + (_CELL - _PAPER_WIDE) / 2, top + (nr // 2) * _STRIP))
        for nr, paper in enumerate(papers)
    ]


def _association(writer: _Writer, paper: _Paper, ident: str, at: Point, box: tuple[float, float, float, bool]) -> str:
    """Return how a data object belongs to a step. The line runs between the columns of data objects."""
    ref, (left, y, tall, above) = f"{paper.id}_{ident}", box
    name = f"{'in' if paper.taken else 'out'}_{ref}"
    middle = left + _CELL
    side = at[0] + _PAPER_WIDE if at[0] < middle else at[0]
    end = y - tall / 2 if above else y + tall / 2
    points = [(side, at[1] + 12), (middle, at[1] + 12), (middle, end)]
    writer.edges.append(_edge(name, points if paper.taken else points[::-1]))
    kind = "dataInputAssociation" if paper.taken else "dataOutputAssociation"
    ends = f"        <sourceRef>{escape(ref)}</sourceRef>\n        <targetRef>{escape('slot_' + ident)}</targetRef>\n"
    if not paper.taken:
        ends = f"        <targetRef>{escape(ref)}</targetRef>\n"
    return f"      <{kind} id={quoteattr(name)}>\n{ends}      </{kind}>\n"


def _flows(writer: _Writer, flow: Flow, band: Band, ids: _Ids, derived: set[int]) -> None:
    noted: set[tuple[int, str]] = set()
    for nr, wire in enumerate(band.wires):
        points = [_at(point) for point in simplified(wire.points)]
        way, ident = wire.way, f"flow_{nr + 1}"
        name, about, inner, label = "", "", "", None
        if way is not None and wire.start.fan:
            name, label = way.answer or names.OTHERWISE, _answer_place(wire, band)
            about = f"{names.HANDS}: {way.hands}" if way.hands else ""
            inner = f'      <conditionExpression xsi:type="tFormalExpression">{escape(name)}</conditionExpression>\n'
        _flow(writer, ident, ids.exit(wire.start), ids.entry(wire.end), name, points, about, inner, label)
        if way is not None and way.hands and way.start not in derived:
            place = _answer_place(wire, band, True) if wire.start.fan else _hands_place(wire, band)
            once = (way.start, "" if not wire.start.fan else ident)
            if place and once not in noted:
                noted.add(once)
                _note(writer, f"hands_{nr + 1}", ident, way.hands, place)


def _note(writer: _Writer, ident: str, flow: str, said: str, box: Box) -> None:
    """Write what is handed over as an annotation of the line."""
    x, y, _, tall = box
    writer.notes += (
        f"    <textAnnotation id={quoteattr(ident)}>\n      <text>{escape(said)}</text>\n    </textAnnotation>\n"
        f'    <association id="{ident}_of" associationDirection="None" sourceRef="{flow}" targetRef="{ident}"/>\n'
    )
    writer.shapes.append(_shape(ident, box))
    writer.edges.append(_edge(f"{ident}_of", [(x + 4, y + tall + 4), (x + 4, y + tall)]))


def _answer_place(wire: Wire, band: Band, hands: bool = False) -> Box | None:
    """Return where the answer stands on its line, or what is handed over with it."""
    node, way = wire.start, wire.way
    if way is None or way not in node.fan:
        return None
    sort, at, answers, handed = node.fan[way]
    x, y = _at((node.x + node.diamond + (SIDE + 1 if sort == "on" else 6), band.ys[node.row] + at))
    below = _noted(handed) if handed else 0.0
    if hands:
        return x, y - 2 - below, _wide(handed, HANDED), below
    tall = LINE_OF * max(len(answers), 1)
    return x, y - 2 - below - tall, (_wide(answers, SMALL) if answers else 60.0) - 12, tall


def _wide(lines: Sequence[str], size: float) -> float:
    """Return how wide tools draw an annotation: they use a larger size and leave a margin."""
    return max(measure(line, size) for line in lines) * 1.15 + 16


def _noted(lines: Sequence[str]) -> float:
    return 14.4 * len(lines) + 8


def _hands_place(wire: Wire, band: Band) -> Box | None:
    node = wire.start
    if not node.hands:
        return None
    wide, tall = _wide(node.hands, HANDED), _noted(node.hands)
    if node.hands_up:
        x, y = _at((node.x + node.lead + BOX - 8, band.ys[node.row] - node.tall / 2 - 4))
    else:
        x, y = _at((node.x + node.exit + 4, band.ys[node.row] - 2))
    return x, y - tall, wide, tall


def _flow(
    writer: _Writer,
    ident: str,
    source: str,
    target: str,
    name: str,
    points: Sequence[Point],
    about: str = "",
    inner: str = "",
    label: Box | None = None,
) -> None:
    more = f" sourceRef={quoteattr(source)} targetRef={quoteattr(target)}"
    writer.things.append(_Thing("sequenceFlow", ident, about, name, more, inner))
    writer.flows.append((ident, source, target))
    writer.edges.append(_edge(ident, points, label if name else None))


# --- the drawing ----------------------------------------------------------------------------------


def _at(point: Point) -> Point:
    """Return a point of the swimlane as a point of the file, whose lanes have narrower names."""
    return point[0] - LANE + LANE * 0.35 + _FROM_LEFT + _TITLE, point[1] + _FROM_TOP


def _bounds(box: Box) -> str:
    x, y, width, height = (number(v) for v in box)
    return f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}"/>'


def _labelled(label: Box | None) -> str:
    return f"        <bpmndi:BPMNLabel>{_bounds(label)}</bpmndi:BPMNLabel>\n" if label else ""


def _shape(ident: str, box: Box, label: Box | None = None, more: str = "") -> str:
    return (
        f"      <bpmndi:BPMNShape id={quoteattr('shape_' + ident)} bpmnElement={quoteattr(ident)}{more}>\n"
        f"        {_bounds(box)}\n{_labelled(label)}      </bpmndi:BPMNShape>\n"
    )


def _edge(ident: str, points: Sequence[Point], label: Box | None = None) -> str:
    drawn = "".join(f'        <di:waypoint x="{number(x)}" y="{number(y)}"/>\n' for x, y in points)
    return (
        f"      <bpmndi:BPMNEdge id={quoteattr('edge_' + ident)} bpmnElement={quoteattr(ident)}>\n"
        f"{drawn}{_labelled(label)}      </bpmndi:BPMNEdge>\n"
    )
