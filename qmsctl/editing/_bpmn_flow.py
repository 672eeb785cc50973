"""What leads where in a BPMN file, told in steps alone: gateways, events and sub-processes are taken apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from qmsctl.diagrams.bpmn_names import END, HANDS, OTHERWISE, START, UNASKED
from qmsctl.editing._bpmn_read import Tag
from qmsctl.editing._text import EditError

TASKS = {"task", "userTask", "manualTask", "serviceTask", "scriptTask", "sendTask", "receiveTask", "businessRuleTask",
         "callActivity"}  # fmt: skip
SUBS = {"subProcess", "transaction", "adHocSubProcess"}
EVENTS = {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
DECIDING = {"exclusiveGateway": "", "inclusiveGateway": "any number of answers may apply",
            "complexGateway": "its rule is not kept", "eventBasedGateway": "what happens first decides"}  # fmt: skip
NODES = TASKS | SUBS | EVENTS | {*DECIDING, "parallelGateway"}
LAST = "end"
MOST_NODES, MOST_AT_ONCE = 2000, 50

_TOLD = {"userTask": "user task", "manualTask": "manual task", "serviceTask": "service task", "scriptTask": "script task",
         "sendTask": "send task", "receiveTask": "receive task", "businessRuleTask": "business rule task"}  # fmt: skip


@dataclass(slots=True)
class Edge:
    """A sequence flow; ``hands`` is what an annotation or its documentation says is handed over."""

    id: str
    source: str
    target: str
    name: str = ""
    hands: str = ""
    asked: bool = False


@dataclass(slots=True)
class Doing:
    """A step to be: an activity of the file, or a decision that has no activity before it."""

    id: str
    tag: Tag
    name: str
    decision: str = ""
    next: list[str] = field(default_factory=list)
    branches: list[tuple[str, str, str]] = field(default_factory=list)
    hands: str = ""
    lane: str = ""
    """The id of the element whose lane it lies in, where that is another than its own."""

    @property
    def called(self) -> str:
        """What a reader of the drawing calls it."""
        return f"“{self.name}”" if self.name else told(self.tag)


@dataclass(slots=True)
class Chart:
    """The steps of one process of a file, in order, and what could not be carried over."""

    steps: list[Doing]
    starts: list[str]
    lost: list[str]


def told(tag: Tag) -> str:
    """Name an element as a reader of the drawing knows it."""
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in tag.name)
    if tag.title:
        return f"line {tag.line}: {words} “{tag.title}”"
    return f"{words} `{tag.id}`, line {tag.line}" if tag.id else f"{words} without a name, line {tag.line}"


class Reader:
    """Takes one process apart."""

    def __init__(self, process: Tag, keeps_order: bool) -> None:
        self.keeps_order = keeps_order
        self.lost: list[str] = []
        self.nodes: dict[str, Tag] = {}
        self.inside: dict[str, str] = {}
        self.flows: list[Tag] = []
        self.notes: dict[str, str] = {}
        self.about: dict[str, list[str]] = defaultdict(list)
        self._gather(process)
        self.edges = list(self._edges())
        self._unfold()
        self.out: dict[str, list[Edge]] = defaultdict(list)
        self.into: dict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            self.out[edge.source].append(edge)
            self.into[edge.target].append(edge)
        self.made: dict[str, Doing] = {}
        self.boundary: dict[str, list[str]] = defaultdict(list)
        for ident, tag in self.nodes.items():
            if tag.name == "boundaryEvent":
                self.boundary[_local(tag.attributes.get("attachedToRef", ""))].append(ident)

    # --- gathering ----------------------------------------------------------------------------------

    def _gather(self, process: Tag) -> None:
        waiting: list[tuple[Tag, str]] = [(process, "")]
        artifacts: list[Tag] = []
        number = 0
        while waiting:
            holder, owner = waiting.pop(0)
            for tag in holder.children:
                if tag.name in NODES:
                    number += 1
                    ident = tag.id or f"unnamed {number}"
                    if ident in self.nodes:
                        self.lost.append(f"{told(tag)} has the id {ident} a second time; the first one stays")
                        continue
                    self.nodes[ident], self.inside[ident] = tag, owner
                    if len(self.nodes) > MOST_NODES:
                        raise EditError(f"the process has more than {MOST_NODES} elements", "export a part of it")
                    if tag.name in SUBS:
                        waiting.append((tag, ident))
                elif tag.name == "sequenceFlow":
                    self.flows.append(tag)
                elif tag.name in ("textAnnotation", "association"):
                    artifacts.append(tag)
                elif tag.name == "group":
                    self.lost.append(f"{told(tag)}: groups are not kept")
        # Sub-processes are read after what stands around them, but belong where they stand.
        order = {id(tag): nr for nr, tag in enumerate(process.all())}
        self.nodes = dict(sorted(self.nodes.items(), key=lambda pair: order[id(pair[1])]))
        self._annotate(artifacts)

    def _annotate(self, artifacts: Iterable[Tag]) -> None:
        artifacts = list(artifacts)
        texts = {tag.id: tag for tag in artifacts if tag.name == "textAnnotation"}
        used: set[str] = set()
        lines = {flow.id for flow in self.flows}
        for tag in artifacts:
            if tag.name != "association":
                continue
            ends = [_local(tag.attributes.get(end, "")) for end in ("sourceRef", "targetRef")]
            for note, other in (ends, ends[::-1]):
                if note in texts and other not in texts:
                    used.add(note)
                    said = " ".join(" ".join(texts[note].said("text")).split())
                    if other in lines:
                        self.notes[other] = said
                    elif other in self.nodes:
                        self.about[other].append(said)
                    else:
                        used.discard(note)
        for ident, tag in texts.items():
            said = " ".join(" ".join(tag.said("text")).split())
            if ident not in used and said:
                self.lost.append(f"line {tag.line}: the note “{said[:120]}” belongs to no step")

    def _edges(self) -> Iterator[Edge]:
        seen: set[str] = set()
        for tag in self.flows:
            source, target = (_local(tag.attributes.get(end, "")) for end in ("sourceRef", "targetRef"))
            if source not in self.nodes or target not in self.nodes:
                self.lost.append(f"{told(tag)} begins or ends at something that is not in the file")
                continue
            if tag.id and tag.id in seen:
                self.lost.append(f"{told(tag)} has the id {tag.id} a second time; the first one stays")
                continue
            seen.add(tag.id)
            condition = " ".join(tag.said("conditionExpression"))
            hands = next(
                (line.partition(":")[2].strip() for about in tag.said("documentation") for line in about.splitlines()
                 if line.startswith(f"{HANDS}:")),
                self.notes.get(tag.id, ""),
            )  # fmt: skip
            name = tag.title or " ".join(condition.split())
            yield Edge(tag.id, source, target, name, hands, bool(condition))

    def _unfold(self) -> None:
        """Take sub-processes apart: what leads to one leads to its beginning, its ends lead to what follows it."""
        inner: dict[str, list[str]] = defaultdict(list)
        for ident, owner in self.inside.items():
            if owner:
                inner[owner].append(ident)
        self.open = {ident for ident in inner if any(self.nodes[n].name in TASKS | SUBS for n in inner[ident])}
        for ident in self.open:
            tag = self.nodes[ident]
            self.lost.append(f"{told(tag)} was unfolded: its steps stand in the list themselves")
            if tag.name == "adHocSubProcess":
                self.lost.append(f"{told(tag)}: that its steps may be done in any order is not kept")
        entered = {edge.target for edge in self.edges}
        left = {edge.source for edge in self.edges}
        for edge in self.edges:
            if edge.source in self.open:
                edge.source = f"{edge.source} out"
            if edge.target in self.open:
                edge.target = f"{edge.target} in"
        for ident in self.open:
            members = [n for n in inner[ident] if self.nodes[n].name != "boundaryEvent"]
            starts = [n for n in members if self.nodes[n].name == "startEvent"]
            reacting = self.nodes[ident].attributes.get("triggeredByEvent") == "true"
            for n in [] if reacting else starts or [n for n in members if n not in entered]:
                self.edges.append(Edge("", f"{ident} in", f"{n} in" if n in self.open else n))
            for n in members:
                if n not in left and not reacting:
                    self.edges.append(Edge("", f"{n} out" if n in self.open else n, f"{ident} out"))

    # --- following ----------------------------------------------------------------------------------

    def chart(self) -> Chart:
        """Return the steps with what follows each of them."""
        self.attached: dict[str, str] = {}
        for ident, tag in self.nodes.items():
            if self._is_step(ident):
                self.made[ident] = Doing(ident, tag, tag.title)
            elif self._decides(ident):
                before = self.into[ident]
                first = before[0].source if len(before) == 1 else ""
                if first and self._is_step(first) and len(self.out[first]) == 1 and not before[0].name:
                    self.attached[first] = ident
                else:
                    self.made[ident] = Doing(ident, tag, tag.title or "Decide")
        for ident in list(self.made):
            self._follow(self.made[ident])
        for ident, tag in self.nodes.items():
            self._report(ident, tag)
        starts = [ident for edgeless in self._starts() for ident in self._reach(edgeless)]
        steps = list(self.made.values()) if self.keeps_order else self._ordered(starts)
        return Chart(steps, list(dict.fromkeys(starts)), self.lost)

    def _is_step(self, ident: str) -> bool:
        tag = self.nodes.get(ident)
        return tag is not None and (tag.name in TASKS or (tag.name in SUBS and ident not in self.open))

    def _decides(self, ident: str) -> bool:
        tag = self.nodes.get(ident)
        return tag is not None and tag.name in DECIDING and len(self.out[ident]) > 1

    def _starts(self) -> list[str]:
        return [i for i, tag in self.nodes.items() if tag.name == "startEvent" and not self.into[i]]

    def _reach(self, ident: str) -> list[str]:
        """Return the steps that come next at a place, through everything that is none."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        waiting = [ident]
        while waiting:
            here = waiting.pop()
            if here in self.made:
                found[here] = None
            elif here not in seen:
                seen.add(here)
                waiting += reversed([edge.target for edge in self.out.get(here, ())])
                if not self.out.get(here):
                    found[LAST] = None
            if len(found) > MOST_AT_ONCE:
                raise EditError(f"more than {MOST_AT_ONCE} steps would begin at once", "draw it with fewer ways")
        return list(found)

    def _single(self, found: list[str], key: str, tag: Tag) -> str:
        """Return the one step a way leads to; where several begin at once, a step that says so."""
        if len(found) < 2:
            return found[0] if found else LAST
        name = f"{key} begin"
        if name not in self.made:
            self.lost.append(f"line {tag.line}: one answer leads to several steps at once; a step was put before them")
            self.made[name] = Doing(
                name, Tag("task", {}, tag.line), "Start what runs side by side", next=found, lane=key
            )
        return name

    def _follow(self, doing: Doing) -> None:
        gate = self.attached.get(doing.id, doing.id if doing.id in self.nodes and self._decides(doing.id) else "")
        edges = self.out[gate or doing.id]
        if gate:
            tag = self.nodes[gate]
            doing.decision = "" if tag.title == UNASKED else tag.title
            default = tag.attributes.get("default", "")
            for nr, edge in enumerate(edges):
                doing.branches.append(
                    (
                        self._answer(edge, nr, default),
                        self._single(self._reach(edge.target), edge.target, tag),
                        edge.hands,
                    )
                )
            if DECIDING[tag.name]:
                self.lost.append(f"{told(tag)} became a decision with one answer: {DECIDING[tag.name]}")
        elif len(edges) > 1 and any(edge.asked for edge in edges):
            default = doing.tag.attributes.get("default", "")
            for nr, edge in enumerate(edges):
                doing.branches.append(
                    (
                        self._answer(edge, nr, default),
                        self._single(self._reach(edge.target), edge.target, doing.tag),
                        edge.hands,
                    )
                )
        else:
            found = [step for edge in edges for step in self._reach(edge.target)]
            doing.next = list(dict.fromkeys(found)) or [LAST]
            doing.hands = next((edge.hands for edge in edges if edge.hands), "")
            self.lost += [
                f"the name “{edge.name}” of the line after {doing.called} is not kept" for edge in edges if edge.name
            ]
        self._exceptions(doing)

    def _answer(self, edge: Edge, nr: int, default: str) -> str:
        if edge.name and edge.name != OTHERWISE:
            return edge.name
        target = self.nodes.get(edge.target.removesuffix(" in"))
        waits = target is not None and target.name in ("intermediateCatchEvent", "receiveTask")
        return (target.title if target is not None and waits else "") or (
            OTHERWISE if edge.id == default or edge.name else f"answer {nr + 1}"
        )

    def _exceptions(self, doing: Doing) -> None:
        """Carry over what may interrupt a step as an answer of its own."""
        for ident in self.boundary.get(doing.id, ()):
            tag = self.nodes[ident]
            if not self.out[ident]:
                self.lost.append(f"{told(tag)} at {doing.called} leads nowhere")
                continue
            if not doing.branches:
                usual = self._single(doing.next, doing.id, tag)
                doing.branches, doing.next = [("as planned", usual, doing.hands)], []
                doing.decision, doing.hands = "Does it go as planned?", ""
            said = tag.title or f"no: {_event(tag)}"
            doing.branches.append((said, self._single(self._reach(ident), ident, tag), ""))
            self.lost.append(f"{told(tag)} at {doing.called} became the answer “{said}”")

    def _ordered(self, starts: list[str]) -> list[Doing]:
        """Return the steps so that what follows stands after, as far as loops allow, in the order of the file."""
        found: list[str] = []
        state: set[str] = set()
        for root in [*starts, *self.made]:
            if root not in self.made or root in state:
                continue
            state.add(root)
            trail = [(root, iter(self._onward(root)))]
            late: list[str] = []
            while trail:
                here, rest = trail[-1]
                onto = next(rest, None)
                if onto is None:
                    late.append(here)
                    trail.pop()
                elif onto not in state:
                    state.add(onto)
                    trail.append((onto, iter(self._onward(onto))))
            found += reversed(late)
        return [self.made[ident] for ident in found]

    def _onward(self, ident: str) -> list[str]:
        doing = self.made[ident]
        return [i for i in reversed([*doing.next, *(go for _, go, _ in doing.branches)]) if i in self.made]

    # --- what is lost -------------------------------------------------------------------------------

    def _report(self, ident: str, tag: Tag) -> None:
        """Say what of an element has no place in a process here."""
        if tag.name in _TOLD:
            self.lost.append(f"{told(tag)}: that it is a {_TOLD[tag.name]} is not kept")
        if tag.name == "callActivity":
            called = tag.attributes.get("calledElement", "")
            self.lost.append(
                f"{told(tag)} became a step; what it calls{f', {called},' if called else ''} is not linked"
            )
        if any(tag.each("standardLoopCharacteristics", "multiInstanceLoopCharacteristics")):
            self.lost.append(f"{told(tag)}: that it is repeated is not kept; say it in `how`")
        event = _event(tag)
        if tag.name in ("intermediateCatchEvent", "intermediateThrowEvent"):
            self.lost.append(f"{told(tag)} ({event}) is not kept; the step before leads to the step after")
        elif tag.name in ("startEvent", "endEvent"):
            plain = tag.title in ("", START, END)
            if event != "event" and not (tag.name == "startEvent" and plain):
                self.lost.append(f"{told(tag)}: that it is a {event} is not kept")
            elif not plain:
                self.lost.append(f"{told(tag)}: its name is not kept")
        if tag.name == "subProcess" and tag.attributes.get("triggeredByEvent") == "true":
            self.lost.append(f"{told(tag)}: that an event starts it is not kept; it is a second beginning")
        if tag.name in SUBS and ident not in self.open:
            self.lost.append(f"{told(tag)} became one step, as nothing stands in it")


def _event(tag: Tag) -> str:
    """Return which sort of event it is, in words."""
    sort = next((child.name for child in tag.children if child.name.endswith("EventDefinition")), "")
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in sort.removesuffix("Definition"))
    return words.strip() or "event"


def _local(ref: str) -> str:
    """Return an id without the prefix some tools put before it."""
    return ref.strip().rpartition(":")[2]
