"""A BPMN file as a process of this system: lanes become roles, gateways decisions, data objects records and outputs.

What a process here has no place for is told element by element; nothing is dropped in silence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qmsctl.diagrams import bpmn_names as names
from qmsctl.editing._bpmn_flow import LAST, SUBS, TASKS, Doing, Reader, told
from qmsctl.editing._bpmn_read import MOST_BYTES, Tag, read
from qmsctl.editing._text import EditError
from qmsctl.graph import Graph
from qmsctl.model import nearest, slug

__all__ = ["MOST_BYTES", "Imported", "process_of"]

_KEY = re.compile(r"[a-z][a-z0-9-]*")
_REVISION = re.compile(r"Revision: [0-9.]+")
_BLOCK = re.compile(r"^ *([-*+>|#]|\d+[.)]) ", re.M)
_PAPERS = {"dataObjectReference", "dataObject", "dataStoreReference", "dataInput", "dataOutput"}


@dataclass(frozen=True, slots=True)
class Imported:
    """A process as it was read: title, fields for a new item, and in plain words what could not be carried over.

    ``background`` is what its documentation says besides the purpose, for the body of the item.
    """

    title: str
    fields: Mapping[str, Any]
    lost: tuple[str, ...]
    background: str = ""


@dataclass(slots=True)
class _Papers:
    """The data objects of a process: what they are called, who writes and who reads them."""

    named: dict[str, Tag] = field(default_factory=dict)
    written: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    read: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def process_of(content: bytes, graph: Graph, roles: Mapping[str, str], pool: str = "") -> Imported:
    """Return what a BPMN file says of one process. Raises EditError where it cannot be read or a role is not known.

    ``roles`` names the role of lanes that are called otherwise, ``pool`` the process where a file holds several.
    """
    root = read(content)
    process, called = _chosen(root, pool)
    ours = root.attributes.get("exporter") == "qmsctl" or process.id in graph.items
    reader = Reader(process, ours)
    chart = reader.chart()
    lost = [*_around(root, process), *chart.lost]
    if not chart.steps:
        raise EditError("the process has no tasks", "draw what is done as tasks, or export the right diagram")
    lanes = _lanes(process, reader.inside)
    who = _roles(lanes, called, chart.steps, graph, roles, lost)
    keys = _keys(chart.steps, ours)
    steps = [_step(doing, keys, chart.steps, nr, who, reader, graph, lost) for nr, doing in enumerate(chart.steps)]
    inputs, outputs = _papers(process, chart.steps, steps, graph, lost)
    entered = {go for doing in chart.steps for go in [*doing.next, *(way[1] for way in doing.branches)]}
    extra = [keys[i] for i in chart.starts[1:] if i in keys and i in entered]
    if extra:
        lost.append(f"that the process can also begin at {', '.join(extra)} is not kept, as other steps lead there")
    fields: dict[str, Any] = {"steps": steps}
    fields |= {name: rows for name, rows in (("inputs", inputs), ("outputs", outputs)) if rows}
    purpose, background = _purpose(process, called if ours else "")
    fields |= {"purpose": purpose} if purpose else {}
    return Imported(called or "Imported process", fields, tuple(dict.fromkeys(lost)), background)


def _purpose(process: Tag, called: str) -> tuple[str, str]:
    """Return the purpose of a process, which is the first paragraph of its documentation, and the rest as Markdown.

    A file that was written here says id, title and revision there too; ``called`` is its title, else empty.
    """
    own = {f"{process.id} {name}" for name in (called, process.title)} if called else set()
    said = "\n\n".join(
        "\n".join(line for line in lines if not (line in own or (own and _REVISION.fullmatch(line))))
        for lines in _documentation(process)
    )
    first, _, rest = said.strip().partition("\n\n")
    if _BLOCK.search(first):  # a list is no sentence
        first, _, more = first.partition("\n")
        rest = f"{more}\n\n{rest}"
    # What looks like a heading would cut the section in two.
    return " ".join(first.split()), re.sub(r"^( *)#", r"\1\\#", rest.strip("\n"), flags=re.M)


def _documentation(tag: Tag) -> list[list[str]]:
    """Return the lines of each documentation of an element, without the margin that tools put before them."""
    found = []
    for said in tag.said("documentation"):
        first, *rest = said.expandtabs(4).splitlines()
        margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
        cut = margin if margin >= 4 else 0
        lines = [first.rstrip(), *(line[cut:].rstrip() for line in rest)]
        found.append([line for nr, line in enumerate(lines) if line or lines[nr - 1]])
    return found


# --- which process --------------------------------------------------------------------------------


def _chosen(root: Tag, pool: str) -> tuple[Tag, str]:
    """Return the process to read and what it is called."""
    called: dict[str, str] = {}
    for group in root.each("collaboration"):
        for tag in group.each("participant"):
            called[tag.attributes.get("processRef", "").rpartition(":")[2]] = tag.title
    found = []
    for tag in root.each("process"):
        if any(tag.each(*TASKS, *SUBS)):
            found.append((tag, called.get(tag.id) or tag.title))
    if not found:
        raise EditError("the file holds no process with tasks", "export the diagram as BPMN 2.0 XML")
    if pool:
        mine = [row for row in found if pool.casefold() in (row[1].casefold(), row[0].id.casefold())]
        if not mine:
            raise EditError(
                f"no process is called “{pool}”", "processes: " + ", ".join(name or tag.id for tag, name in found)
            )
        return mine[0]
    if len(found) > 1:
        listed = ", ".join(f"“{name or tag.id}”" for tag, name in found)
        raise EditError(f"the file holds {len(found)} processes: {listed}", 'say which one: --pool "NAME"')
    return found[0]


def _around(root: Tag, process: Tag) -> list[str]:
    """Say what of the rest of a file is not read."""
    found = []
    for group in root.each("collaboration"):
        found += [f"{told(tag)}: messages between pools are not kept" for tag in group.each("messageFlow")]
        for tag in group.each("participant"):
            if tag.attributes.get("processRef", "").rpartition(":")[2] != process.id:
                found.append(f"{told(tag)}: other pools are not read")
    found += [
        f"{told(tag)}: choreographies and conversations are not read"
        for tag in root.each("choreography", "conversation")
    ]
    return found


# --- who ------------------------------------------------------------------------------------------


def _lanes(process: Tag, inside: Mapping[str, str]) -> dict[str, Tag]:
    """Return the innermost lane of each element; what stands in a sub-process shares its lane."""
    found: dict[str, Tag] = {}
    for tag in process.all():
        if tag.name == "lane":
            found.update({ref.rpartition(":")[2]: tag for ref in tag.said("flowNodeRef")})
    for ident in inside:
        owner = ident
        while owner not in found and inside.get(owner):
            owner = inside[owner]
        if owner in found:
            found[ident] = found[owner]
    return found


def _roles(
    lanes: Mapping[str, Tag],
    pool: str,
    steps: list[Doing],
    graph: Graph,
    given: Mapping[str, str],
    lost: list[str],
) -> dict[str, str]:
    """Return the role of each step. Raises EditError with the lanes no role was found for."""
    known = {item.id: item.title for item in graph.of_type("role")}
    wanted = {name.casefold(): role for name, role in given.items()}
    for role in wanted.values():
        if role not in known:
            near = nearest(role, list(known), 1)
            raise EditError(f"there is no role `{role}`", f"did you mean {near[0]}?" if near else 'qmsctl new role "…"')
    found: dict[str, str] = {}
    missing: dict[str, None] = {}
    told_of: set[str] = set()
    for doing in steps:
        ref = doing.id if doing.id in lanes else doing.lane.split(" ")[0]
        lane = lanes.get(ref)
        name, ident = (lane.title, lane.id) if lane is not None else (pool, "")
        role, sure = _role(name, ident, known, wanted)
        if role:
            found[doing.id] = role
            if not sure and name not in told_of:
                lost.append(f'lane “{name}” was taken for the role {role}; if that is wrong: --role "{name}=ROLE"')
            told_of.add(name)
        elif lane is not None and ident != f"{names.LANE}nobody_yet":
            missing[name or ident] = None
        elif lane is None:
            lost.append(f"{doing.called} lies in no lane; say who does it")
    if missing:
        listed = ", ".join(f"“{name}”" for name in missing)
        raise EditError(
            f"no role is called like {'the lane' if len(missing) == 1 else 'these lanes'}: {listed}",
            " ".join(f'--role "{name}=ROLE"' for name in missing) + "; roles: " + ", ".join(known),
        )
    return found


def _role(name: str, ident: str, known: Mapping[str, str], given: Mapping[str, str]) -> tuple[str, bool]:
    """Return the role a lane stands for, and whether that is certain."""
    for said in (name.casefold(), ident.casefold()):
        if said and said in given:
            return given[said], True
    for role in (ident.removeprefix(names.LANE), slug(name)):
        if role in known:
            return role, True
    titles = {title.casefold(): role for role, title in known.items()}
    if name.casefold() in titles:
        return titles[name.casefold()], True
    near = nearest(name.casefold(), list(titles), 1) if name and ident else []
    return (titles[near[0]], False) if near else ("", False)


# --- steps ----------------------------------------------------------------------------------------


def _keys(steps: list[Doing], ours: bool) -> dict[str, str]:
    """Return the key of each step: its id in a file that was written here, else made from its name."""
    found: dict[str, str] = {}
    taken = {LAST}
    for doing in steps:
        own = ours and _KEY.fullmatch(doing.id)
        key = doing.id if own else slug(doing.name)[:40].strip("-") or "step"
        key = key if key[0].isalpha() else f"step-{key}"
        base, number = key, 1
        while key in taken:
            number += 1
            key = f"{base}-{number}"
        taken.add(key)
        found[doing.id] = key
    return found


def _step(
    doing: Doing,
    keys: Mapping[str, str],
    steps: list[Doing],
    nr: int,
    who: Mapping[str, str],
    reader: Reader,
    graph: Graph,
    lost: list[str],
) -> dict[str, Any]:
    """Return a step as it stands in a process."""
    found: dict[str, Any] = {"key": keys[doing.id], "what": doing.name or "To be named"}
    if not doing.name:
        lost.append(f"{told(doing.tag)}: it needs a name")
    if doing.id in who:
        found["who"] = who[doing.id]
    how = _documented(doing, found, graph, lost)
    how += [said for said in reader.about.get(doing.id, ()) if said]
    if any(how):
        found["how"] = "\n".join(how).strip("\n")
    if doing.decision:
        found["decision"] = doing.decision
    if doing.hands and "hands_over" not in found:
        found["hands_over"] = doing.hands
    if doing.branches:
        found["branches"] = [
            {"answer": answer, "go": keys.get(go, LAST)}
            | ({"hands_over": hands} if hands and hands != found.get("hands_over") else {})
            for answer, go, hands in doing.branches
        ]
        return found
    following = steps[nr + 1].id if nr + 1 < len(steps) else LAST
    if doing.next != [following]:
        found["next"] = [keys.get(go, LAST) for go in doing.next]
    return found


def _documented(doing: Doing, found: dict[str, Any], graph: Graph, lost: list[str]) -> list[str]:
    """Fill in what the documentation of an element says in lines of ours; return the rest of it."""
    rest = []
    for line in (line for said in _documentation(doing.tag) for line in said):
        name, _, said = line.partition(": ")
        said = said.strip()
        listed = {names.CONSULTED: "consult", names.INFORMED: "inform", names.INSTRUCTION: "instruction"}.get(name)
        if not said:
            rest.append(line)
        elif name in (names.HANDS, names.SYSTEM, names.DECISION):
            found[{names.HANDS: "hands_over", names.SYSTEM: "system", names.DECISION: "decision"}[name]] = said
        elif name == names.ACCOUNTABLE or listed:
            refs = _refs(
                said, graph, ("role",) if listed != "instruction" else ("sop", "work-instruction"), lost, doing
            )
            if refs:
                found[listed or "accountable"] = refs if listed else refs[0]
        else:
            rest.append(line)
    return rest


def _refs(said: str, graph: Graph, types: tuple[str, ...], lost: list[str], doing: Doing) -> list[str]:
    """Return the items a line names by their ids, as far as they exist."""
    found = []
    for ref in (entry.split()[0] for entry in said.split(";") if entry.split()):
        item = graph.items.get(ref.partition("#")[0])
        if item is not None and item.type in types and ("#" not in ref or ref in graph.parts):
            found.append(ref)
        else:
            lost.append(f"{doing.called} names {ref}, which is not here")
    return found


# --- data -----------------------------------------------------------------------------------------


def _papers(
    process: Tag, doings: list[Doing], steps: list[dict[str, Any]], graph: Graph, lost: list[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give steps their records and what they take, give and hand over; return the inputs and outputs of the process."""
    rows = {doing.id: row for doing, row in zip(doings, steps, strict=True)}
    papers = _gathered(process, doings)
    kinds = {item.title.casefold(): item.id for item in graph.of_type("record-kind")}
    inputs: dict[str, dict[str, Any]] = {}
    outputs: dict[str, dict[str, Any]] = {}
    for ident, tag in papers.named.items():
        name = tag.title
        written, used = papers.written[ident], papers.read[ident]
        record = _kind(tag, kinds, graph)
        if not name or not (written or used):
            if name:
                lost.append(f"{told(tag)} belongs to no step")
        elif tag.name == "dataStoreReference":
            for step in dict.fromkeys([*written, *used]):
                if rows[step].setdefault("system", name) != name:
                    lost.append(f"{told(tag)}: a step names one system only")
        elif record and written:
            for step in dict.fromkeys(written):
                listed = rows[step].setdefault("records", [])
                listed += [] if record in listed else [record]
        elif written and used:
            for step in dict.fromkeys(written):
                if rows[step].setdefault("hands_over", name) != name:
                    lost.append(f"{told(tag)}: a step hands over one thing only")
        else:
            side, name_of, prefix = (outputs, "gives", names.OUTPUT) if written else (inputs, "takes", names.INPUT)
            key = _paper_key(tag, side, prefix)
            if key not in side:
                side[key] = {"key": key, "name": name} | _about_paper(tag, written != [], graph)
            for step in dict.fromkeys([*written, *used]):
                if key not in rows[step].setdefault(name_of, []):
                    rows[step][name_of].append(key)
    return list(inputs.values()), list(outputs.values())


def _gathered(process: Tag, doings: list[Doing]) -> _Papers:
    found = _Papers()
    objects = {}
    for tag in process.all():
        if tag.name in _PAPERS and tag.id:
            objects[tag.id] = tag
    behind = {
        i: tag.attributes.get("dataObjectRef", "") for i, tag in objects.items() if tag.name == "dataObjectReference"
    }
    shown = set(behind.values())
    found.named = {i: tag for i, tag in objects.items() if i not in shown}
    for ident, ref in behind.items():
        if not objects[ident].title and ref in objects:
            objects[ident].attributes["name"] = objects[ref].title
    for doing in doings:
        for kind, side in (("dataInputAssociation", found.read), ("dataOutputAssociation", found.written)):
            for tag in doing.tag.each(kind):
                for ref in [*tag.said("sourceRef"), *tag.said("targetRef")]:
                    local = ref.rpartition(":")[2]
                    if local in found.named:
                        side[local].append(doing.id)
    _associated(process, doings, found)
    return found


def _associated(process: Tag, doings: list[Doing], papers: _Papers) -> None:
    """Read the plain associations some tools draw between data and tasks; the arrow says which way it goes."""
    ids = {doing.id for doing in doings}
    for tag in process.all():
        if tag.name != "association":
            continue
        source, target = (tag.attributes.get(end, "").rpartition(":")[2] for end in ("sourceRef", "targetRef"))
        if source in papers.named and target in ids:
            papers.read[source].append(target)
        elif source in ids and target in papers.named:
            papers.written[target].append(source)


def _kind(tag: Tag, kinds: Mapping[str, str], graph: Graph) -> str:
    """Return the kind of record a data object stands for, if it is one."""
    if tag.attributes.get("dataObjectRef", "").startswith((f"object_{names.INPUT}", f"object_{names.OUTPUT}")):
        return ""
    said = " ".join([tag.title, *tag.said("documentation")])
    for ref, _ in graph.find_ids(said):
        if ref in graph.items and graph.items[ref].type == "record-kind":
            return ref
    return kinds.get(tag.title.casefold(), "")


def _paper_key(tag: Tag, side: Mapping[str, Mapping[str, Any]], prefix: str) -> str:
    """Return the key of an input or output: the same for data of the same name."""
    for key, row in side.items():
        if row["name"].casefold() == tag.title.casefold():
            return key
    own = tag.attributes.get("dataObjectRef", "")
    key = (
        own.removeprefix(f"object_{prefix}") if own.startswith(f"object_{prefix}") else slug(tag.title)[:40].strip("-")
    )
    key = key if _KEY.fullmatch(key) else f"data-{slug(key)}".strip("-")
    number, base = 1, key
    while key in side:
        number += 1
        key = f"{base}-{number}"
    return key


def _about_paper(tag: Tag, output: bool, graph: Graph) -> dict[str, Any]:
    """Return where an input comes from, or when an output is good and who receives it."""
    found: dict[str, Any] = {}
    for line in (line for said in tag.said("documentation") for line in said.splitlines()):
        name, _, said = line.partition(": ")
        if output and name == names.CRITERIA:
            found["criteria"] = said
        elif name == (names.RECEIVER if output else names.ORIGIN):
            refs = [entry.split()[0] for entry in said.split(";") if entry.split()]
            known = [ref for ref in refs if ref in graph.items or ref in graph.parts]
            found |= {"to" if output else "from": known} if known else {}
    return found
