"""Items to what can be found: each item, each part of it, each section, each page that is not one item."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qmsctl import body, tracking
from qmsctl.model import Item, Part, slug
from qmsctl.pages.view import View
from qmsctl.schema import ItemType

EXCERPT = 360
"""Characters of text that an entry carries along for the excerpt."""
INDEXED = 4000
"""Characters of a text that are searched."""
SAYS = 24
"""A text longer than this says something by itself; shorter ones are names and choices."""
_HEAD = ("id", "type", "title", "status", "revision", "effective", "review_every", "change", "change_kind",
         "locations", "audience", "superseded_by", "abbreviation", "synonyms")  # fmt: skip
_MARKS = re.compile(
    r"!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|^!!!.*$|^[ \t]*\|?[ \t]*:?-{2,}.*$|\{#[^}]*\}|^#+|[*_`\[>|]", re.MULTILINE
)
_SIGNS = re.compile(r"[!\]{#*_`\[>|]|--")
"""What all of `_MARKS` have at least one of: most texts have none, and looking for these is quick."""
_GONE = 0.3
PRIOR: Mapping[str, float] = {
    "sop": 1.1, "work-instruction": 1.1, "process": 1.05, "form": 1.1, "kpi": 1.05, "role": 1.0, "term": 0.9,
    "risk": 0.9, "record-kind": 0.75, "data-source": 0.55, "kpi-log": 0.4, "person": 0.5, "catalogue": 0.7,
    "change": 0.6, "audit": 0.45, "nonconformity": 0.5, "corrective-action": 0.5, "management-review": 0.5,
    "obligation": 0.75, "standard": 0.7, "clause-mapping": 0.4,
}  # fmt: skip
"""How likely it is that a reader wants an item of a type; others 0.9."""
PART_PRIOR: Mapping[str, float] = {
    "steps": 1.0, "commitments": 0.95, "clauses": 0.85, "controls": 0.75, "outputs": 0.6, "inputs": 0.5,
    "fields": 0.45, "needs": 0.6, "actions": 0.6,
}  # fmt: skip
"""The same for parts, by the list they stand in; others 0.7."""


HEADED: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "role": (
        ("decisions", "Decisions you may take", "authority"),
        ("competence", "What you must be able to do", "competence"),
    ),
}
"""Type -> (anchor, heading, field) of what its page shows under a heading and readers ask for."""


@dataclass(frozen=True, slots=True)
class Page:
    """What the entries of one page share. ``where`` is the process it belongs to, by id."""

    path: str
    id: str = ""
    title: str = ""
    revision: str = ""
    kind: str = ""
    locations: tuple[str, ...] = ()
    where: str = ""
    gone: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be found. ``fields`` are the texts that are searched, by the weight they have."""

    page: Page
    kind: str
    title: str
    anchor: str
    text: str
    fields: tuple[tuple[str, str], ...]
    refs: tuple[str, ...]
    roles: tuple[str, ...]
    prior: float


def of_index(view: View, path: str, title: str, kind: ItemType | None) -> Entry:
    """Return the entry of a page that is not one item."""
    name = kind.title if kind is not None else ""
    words = view.t("register list table overview of all") if name else view.t("page overview")
    page = Page(path=view.relative(path.removesuffix(".md"), ""), title=title, kind="Page")
    text = str(kind.schema.get("description", "")) if kind is not None else ""
    fields = (("title", title), ("lead", f"{words} {view.t(name) if name else ''}"), ("body", text))
    return Entry(page, "Register" if name else "Page", title, "", text, fields, (), (), 0.9)


def of_item(view: View, item: Item) -> Iterator[Entry]:
    """Yield the entries of one item: itself, its parts, its sections."""
    kind = view.types[item.type]
    current = view.graph.is_current(item.id)
    page = Page(
        path=view.url(item.id, ""),
        id=item.id,
        title=view.title(item.id),
        revision=str(item.get("revision") or ""),
        kind=kind.title,
        locations=tuple(str(x) for x in _list(item.get("locations")) if str(x) in view.graph.items),
        where=_process_of(view, item),
        gone="" if current else str(view.state(item)),
    )
    prior = PRIOR.get(item.type, 0.9) * (1.0 if current else _GONE)
    parts = [part for spec in kind.parts for part in view.parts(item.id, spec.field)]
    names = {spec.field for spec in kind.parts}
    sections = view.sections(item)
    lead = " ".join(filter(None, (plain(item.get(n)) for n in ("purpose", "definition", "summary", "scope"))))
    rest = [
        text
        for name, prop in kind.properties.items()
        if name not in _HEAD and name not in names and name not in ("purpose", "definition", "summary", "scope")
        for text in _texts(view, item.get(name), prop)
    ]
    free = [plain(text) for title, text in sections if not title]
    words = " ".join([*free, *rest])
    yield Entry(
        page,
        kind.title,
        page.title,
        "",
        (lead or " ".join(filter(None, free)) or " · ".join(t for t in rest if len(t) > SAYS))[:EXCERPT],
        (
            ("title", page.title),
            ("names", " , ".join(str(x) for x in (item.get("abbreviation"), *_list(item.get("synonyms"))) if x)),
            ("kind", f"{view.t(kind.title)} {item.type.replace('-', ' ')}"),
            ("lead", lead),
            ("steps", " , ".join(part.title for part in parts if part.field != "fields")),
            ("body", (words + " " + " ".join(part.title for part in parts if part.field == "fields"))[:INDEXED]),
        ),
        (item.id,),
        _roles_of_item(view, item, parts),
        prior,
    )
    for part in parts:
        yield _of_part(view, item, page, part, prior)
    for anchor, title, field in HEADED.get(item.type, ()):
        texts = list(_texts(view, item.get(field), kind.properties.get(field, {})))
        if texts:
            found = (("title", view.t(title)), ("parent", page.title), ("body", " , ".join(texts)[:INDEXED]))
            shown = " · ".join(texts)[:EXCERPT]
            yield Entry(page, "Section", view.t(title), anchor, shown, found, (), (item.id,), prior)
    for title, text in sections:
        if title:
            said = plain(text)
            yield Entry(
                page,
                "Section",
                title,
                slug(title) or "section",
                said[:EXCERPT],
                (("title", title), ("parent", page.title), ("steps", _heads(text)), ("body", said[:INDEXED])),
                (),
                _known(view, _owner(item)),
                prior * 0.8,
            )


def _of_part(view: View, item: Item, page: Page, part: Part, prior: float) -> Entry:
    kind = view.types[item.type]
    columns = kind.properties.get(part.field, {}).get("items", {}).get("properties", {})
    texts = [
        text
        for name, prop in columns.items()
        if name not in ("key", "title", "what", "name", "topic", "label")
        for text in _texts(view, part.data.get(name), prop)
    ]
    long = part.field in ("commitments",) or len(part.title) > 90
    said = plain(part.data.get("text") or part.data.get("how") or part.data.get("criteria") or "")
    roles = [str(part.data[n]) for n in ("who", "accountable") if part.data.get(n)]
    roles += [str(x) for n in ("consult", "inform") for x in _list(part.data.get(n))]
    refs = (part.ref, part.key) if view.is_clause(part.ref) else (part.ref,)
    return Entry(
        page,
        _part_word(part, str(columns.get("title", {}).get("title") or columns.get("what", {}).get("title") or "")),
        part.title,
        view.anchor(part),
        (said or " · ".join(texts))[:EXCERPT],
        (
            ("phrase" if long else "title", part.title),
            ("parent", page.title),
            ("kind", f"{view.t(page.kind)} {view.t(WORDS.get(part.field, ''))}"),
            ("body", " ".join(texts)[:INDEXED]),
        ),
        refs,
        _known(view, roles) or _known(view, _owner(item)),
        prior * PART_PRIOR.get(part.field, 0.7),
    )


WORDS = {
    "steps": "Step", "commitments": "Commitment", "clauses": "Clause", "controls": "Control", "outputs": "Output",
    "inputs": "Input", "fields": "Field", "needs": "Need", "actions": "Action", "themes": "Theme",
}  # fmt: skip


def _part_word(part: Part, declared: str) -> str:
    """What readers call a part: the word for its list, else the title its type gives to the column."""
    return WORDS.get(part.field) or declared or part.field.replace("_", " ").capitalize()


def _process_of(view: View, item: Item) -> str:
    """The process an item belongs to: itself, or the nearest one up the chain."""
    seen, level = {item.id}, [item.id]
    for _ in range(3):
        found = sorted(i for i in level if view.graph.items[i].type == "process")
        if found:
            return found[0]
        level = [i for i in dict.fromkeys(ref for i in level for ref in _above(view, i)) if i not in seen]
        seen.update(level)
    return next((i for i in sorted(level) if view.graph.items[i].type == "process"), "")


def _above(view: View, item: str) -> list[str]:
    """What stands above an item: the process it names, and what it is linked up to."""
    return tracking.keep(vars(view), f"search.above {item}", lambda: _found_above(view, item))


def _found_above(view: View, item: str) -> list[str]:
    named = str(view.graph.items[item].get("process") or "")
    found = [named, *(ref.split("#")[0] for ref, _ in view.graph.chain(item, "up"))]
    return [ref for ref in dict.fromkeys(found) if ref in view.graph.items]


def _roles_of_item(view: View, item: Item, parts: list[Part]) -> tuple[str, ...]:
    who = [str(part.data["who"]) for part in parts if part.data.get("who")]
    own = [item.id] if item.type == "role" else []
    return _known(view, [*own, *who, *_owner(item)])


def _known(view: View, roles: Iterable[str]) -> tuple[str, ...]:
    return tuple(role for role in dict.fromkeys(roles) if role in view.graph.items)


def _owner(item: Item) -> tuple[str, ...]:
    return (str(item.get("owner")),) if item.get("owner") else ()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(view: View, value: Any, prop: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of a field; a reference counts as the title of what it leads to."""
    if isinstance(value, str):
        # What a reference leads to may be left out of this build; then not even its id is told.
        if "x-link" in prop:
            if value in view.graph.parts or value in view.graph.items:
                yield view.title(value)
        elif "x-local" in prop:
            return
        elif not view.is_day(value):
            yield plain(value)
    elif isinstance(value, list):
        for row in value:
            yield from _texts(view, row, prop.get("items", {}))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name != "key":
                yield from _texts(view, inner, prop.get("properties", {}).get(name, {}))


def _heads(text: str) -> str:
    return " , ".join(heading.title for heading in body.headings(text, 0))


def plain(text: Any) -> str:
    """Return Markdown as one line of text without its signs."""
    found = str(text or "")
    return " ".join((_MARKS.sub(" ", found) if _SIGNS.search(found) else found).split())
