"""Pages of an evidence pack: how a standard is met, clause by clause, for readers who have nothing but the pack."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qmsctl.approvals.trail import Entry
from qmsctl.audience import NOTHING_HIDDEN, UNJUDGED
from qmsctl.coverage import NAMES, SIGNS, Claim, Clause, Coverage, Reason, Record, above
from qmsctl.model import Due, Item, harmless, rows_of
from qmsctl.pages import paper as sheets
from qmsctl.pages.prose import prose_html
from qmsctl.pages.view import View, clause_anchor

HERE = Path(__file__).parent
STYLES = ("assets/qms/qms.css", "assets/qms/pages.css", "assets/qms/charts.css", "assets/qms/print.css", "evidence.css")
RECORDS = 12
"""How many records of one kind a clause names; the page of the kind and the list of documents have them all."""
VALUES = 6
"""How many values of a KPI a clause shows; its page has them all."""
REVISIONS = 8
"""How many revisions a page shows; the audit trail has them all."""
CASES = ("nonconformity", "corrective-action")
"""Types of items that stay open until somebody closes them."""
ENDED = ("closed", "withdrawn", "obsolete", "rejected")
_TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_LINK = re.compile(r'\s(?:xlink:)?(href|src)="([^"]*)"')
_WORDS = re.compile(r'\salt="([^"]*)"')
_OF_LINKS = re.compile(r'\s(?:download|target|rel|hreflang|type)(?:="[^"]*")?(?=[\s/]|$)')
_SCREEN_ONLY = re.compile(
    r'<nav class="qms-crumbs".*?</nav>|<section class="qms-signatures">.*?</section>|<a class="qms-button"[^<>]*\sdownload.*?</a>',
    re.DOTALL,
)
_VALUES = re.compile(r'(<details\b[^<>]*--all-values")')
_SAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Request:
    """What a pack is asked to hold, and where it comes from.

    ``commit`` is the state of the main branch it shows, "" outside Git, ``committed`` its day; ``history`` returns what landed of an item,
    newest first. ``controlled`` says that change control vouches for it, ``unread`` that it would if its history
    could be read.
    """

    coverage: Coverage
    clauses: frozenset[str]
    whole: bool
    location: str = ""
    audiences: tuple[str, ...] = ()
    commit: str = ""
    committed: str = ""
    controlled: bool = False
    unread: bool = False
    history: Callable[[Item], Sequence[Entry]] = lambda item: ()
    withheld: int = 0
    """How many items are hidden from the readers."""
    unjudged: frozenset[str] = frozenset()
    """The clauses that stand otherwise than it seems without those items."""


@dataclass(frozen=True)
class Answer:
    """What answers or proves a clause: the item, the place in it, and the claims that say so."""

    item: Item
    claim: Claim
    place: str


@dataclass(frozen=True)
class Open:
    """Something that is still to be done: what it is, by whom, by when, and where it is told."""

    sort: str
    ref: str
    what: str
    who: str = ""
    by: str = ""
    late: bool = False
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A file the pack holds beside a page: its path in the pack, its digest and what it is."""

    path: str
    digest: str
    what: str


@dataclass
class Chapter:
    """A clause at the top with all chosen ones below it: one page."""

    page: str
    clauses: list[Clause] = field(default_factory=list)


class Evidence:
    """What an evidence pack shows, and at which address."""

    def __init__(self, view: View, request: Request, redact: Callable[[str], str] = NOTHING_HIDDEN) -> None:
        self.view = view
        self.t = view.t
        self.request = request
        self.coverage = request.coverage
        self.redact = redact
        self.paper, self.environment = sheets.prepared(view)
        self.names = {**NAMES, UNJUDGED: str(self.t("not judged for these readers"))}
        self.signs = {**SIGNS, UNJUDGED: "?"}
        self.most, self.records_shown, self.values_shown = REVISIONS, RECORDS, VALUES
        self.sources: dict[str, list[Source]] = {}
        self.known = False
        """Whether anything landed of what is shown, up to the day."""
        self.loose = 0
        """How many of the files stand in no commit as they are."""
        self._templates = self.environment.overlay()
        self._templates.globals = {**self.environment.globals, "e": self}
        self._templates.filters = {**self.environment.filters, "told": self.told}

    # --- what it holds ------------------------------------------------------------------------------

    @cached_property
    def clauses(self) -> list[Clause]:
        """The chosen clauses with the headings above them, in order."""
        wanted = set(self.request.clauses)
        wanted.update(key for chosen in self.request.clauses for key in above(chosen))
        return [clause for clause in self.coverage.clauses if clause.key in wanted]

    @cached_property
    def chapters(self) -> list[Chapter]:
        """The clauses by the one at their top."""
        known = {clause.key for clause in self.clauses}
        found: dict[str, Chapter] = {}
        for clause in self.clauses:
            top = next((key for key in reversed(above(clause.key)) if key in known), clause.key)
            found.setdefault(top, Chapter(f"clauses/{self.anchors[top]}")).clauses.append(clause)
        return list(found.values())

    @cached_property
    def anchors(self) -> dict[str, str]:
        """The anchor of every clause; no two have the same, whatever their numbers are."""
        found: dict[str, str] = {}
        taken: set[str] = set()
        for at, clause in enumerate(self.coverage.clauses):
            anchor = clause_anchor(clause.key)
            found[clause.key] = anchor if anchor not in taken else f"{anchor}-n{at}"
            taken.add(found[clause.key])
        return found

    @cached_property
    def _chapter_of(self) -> dict[str, str]:
        return {clause.key: chapter.page for chapter in self.chapters for clause in chapter.clauses}

    @cached_property
    def items(self) -> list[Item]:
        """Everything that has a page of its own: what answers, proves or measures, and what is still open."""
        graph = self.view.graph
        found: dict[str, None] = {}
        if self.coverage.standard is not None:
            found[self.coverage.standard.id] = None
        for clause in self.clauses:
            for claim in self.claims(clause):
                found[claim.source] = None
                found.update(dict.fromkeys(record.at for record in self.records(claim)))
            found.update(dict.fromkeys(self.kpis(clause)))
            found.update(dict.fromkeys(self.audits(clause)))
        for name in list(found):
            found.update(dict.fromkeys(self._cases.get(name, ())))
        for clause in self.clauses:
            found.update(dict.fromkeys(self._cases.get(clause.ref, ())))
        kinds = {name: number for number, name in enumerate(self.view.types)}
        items = [graph.items[name] for name in found if name in graph.items and not graph.items[name].shipped]
        return sorted(items, key=lambda item: (not self._is_document(item), kinds.get(item.type, 0), item.id))

    def _is_document(self, item: Item) -> bool:
        return self.view.types[item.type].controlled

    @cached_property
    def files(self) -> dict[str, str]:
        """The page of each item, without ending. No name in it can do harm, and no two are the same to any computer."""
        found: dict[str, str] = {}
        taken: set[str] = set()
        for item in self.items:
            name = plain = safe(item.id)
            number = 1
            while name.lower() in taken:
                number += 1
                name = f"{plain}-n{number}"
            taken.add(name.lower())
            found[item.id] = f"documents/{name}"
        return found

    def claims(self, clause: Clause) -> list[Claim]:
        """The claims in force on a clause, at the location that is asked for."""
        return [claim for claim in clause.claims if claim.in_force and claim.applies(self.request.location)]

    def own(self, clause: Clause, how: str) -> list[Answer]:
        """What was said of a clause itself; where nothing was, what was said of clauses that correspond to it."""
        found = self.answers(clause, how)
        return [answer for answer in found if answer.claim.via is None] or found

    def derived(self, clause: Clause, how: str) -> list[Answer]:
        """What was said of clauses that correspond to one, where something was said of that one itself."""
        own = self.own(clause, how)
        return [answer for answer in self.answers(clause, how) if answer not in own]

    def answers(self, clause: Clause, how: str) -> list[Answer]:
        """What implements, evidences or measures a clause, each place once."""
        graph = self.view.graph
        found: dict[tuple[str, str, str], Answer] = {}
        for claim in self.claims(clause):
            if claim.how == how and claim.source in graph.items:
                part = graph.parts.get(claim.at) if claim.at != claim.source else None
                place = part.title if part is not None else claim.section
                via = claim.via.clause if claim.via is not None else ""
                found.setdefault((claim.at, claim.section, via), Answer(graph.items[claim.source], claim, place))
        return list(found.values())

    def kpis(self, clause: Clause) -> list[str]:
        """The KPIs of the processes that answer a clause, without those that say themselves that they measure it."""
        graph = self.view.graph
        own = {claim.source for claim in self.claims(clause) if claim.how == "measures"}
        processes = dict.fromkeys(a.item.id for a in self.answers(clause, "implements") if a.item.type == "process")
        found = dict.fromkeys(kpi for process in processes for kpi in graph.related(process, "kpis"))
        return [kpi for kpi in found if kpi not in own and graph.is_current(kpi)]

    def records(self, claim: Claim) -> list[Record]:
        """The records a claim rests on, at the location that is asked for."""
        here = self.request.location
        return [record for record in claim.records if not here or not record.location or record.location == here]

    def seen(self, item: Item, record: Record) -> Mapping[str, Any]:
        """What is known of a sample beside its date: who looked it up and what it showed."""
        same = (
            row
            for row in rows_of(item.get("samples"))
            if record.at == item.id and row.get("date") == record.date and row.get("reference") == record.reference
        )
        return next(same, {})

    def audits(self, clause: Clause) -> list[str]:
        """The audits that looked at a clause, the newest first."""
        view = self.view
        found = [
            link.source
            for link in view.graph.links_to_ref(clause.ref)
            if (spec := view.graph.spec_of(link)) is not None and spec.inverse == "audited by" and not link.problem
        ]
        carried = [(str(view.graph.items[name].get("carried_out") or ""), name) for name in dict.fromkeys(found)]
        return [name for day, name in sorted(carried, reverse=True) if day and self._here(view.graph.items[name])]

    def _here(self, item: Item) -> bool:
        """Tell whether an item holds at the location that is asked for; one that names none holds at all of them."""
        named, here = item.get("locations"), self.request.location
        return not here or not isinstance(named, list) or not named or here in named

    # --- what is open -------------------------------------------------------------------------------

    @cached_property
    def _cases(self) -> dict[str, list[str]]:
        """Open nonconformities and corrective actions, by the clause or item they are about."""
        graph = self.view.graph
        found: dict[str, list[str]] = {}
        for case in graph.items.values():
            if case.type not in CASES or not is_open(case) or not self._here(case):
                continue
            for link in graph.links_from(case.id):
                if link.problem:
                    continue
                if link.field in ("clause", "item", "nonconformities"):
                    found.setdefault(link.part or link.to, []).append(case.id)
                    found.setdefault(link.to, []).append(case.id)
                elif link.field == "actions" and link.to in graph.items and is_open(graph.items[link.to]):
                    found.setdefault(case.id, []).append(link.to)
        together = {
            ref: [*names, *(below for name in names for below in found.get(name, ()))] for ref, names in found.items()
        }
        return {ref: list(dict.fromkeys(names)) for ref, names in together.items()}

    def cases(self, clause: Clause) -> list[Item]:
        """The open nonconformities and corrective actions about a clause or about what answers it."""
        names = dict.fromkeys(self._cases.get(clause.ref, ()))
        for claim in self.claims(clause):
            names.update(dict.fromkeys(self._cases.get(claim.source, ())))
        return [self.view.graph.items[name] for name in names if name in self.files]

    @cached_property
    def open(self) -> list[Open]:
        """Everything still to be done: clauses first, then cases, then what is overdue."""
        found = [point for clause in self.clauses if not clause.heading for point in self._of_clause(clause)]
        about: dict[str, list[str]] = {}
        for clause in self.clauses:
            for case in self.cases(clause):
                about.setdefault(case.id, []).append(clause.key)
        for name, keys in about.items():
            item = self.view.graph.items[name]
            text = str(item.get("what") or "") or item.title
            by = min((due.on for due in self._dues if due.item == name), default="")
            owner = str(item.get("owner") or "")
            found.append(Open(item.type, name, text, owner, by, bool(by) and by < self.view.today, tuple(keys)))
        cases = set(about)
        for due in self._dues:
            if due.on < self.view.today and due.item in self.files and due.item not in cases:
                found.append(Open("overdue", due.item, self.view.due_words(due.what), due.who, due.on, True))
        return found

    @cached_property
    def _dues(self) -> list[Due]:
        return self.view.dues()

    def _of_clause(self, clause: Clause) -> Iterator[Open]:
        state, reasons = self.stand(clause)
        if state in ("gap", "partly"):
            text = "\n\n".join(dict.fromkeys(self.say(reason) for reason in reasons))
            yield Open(state, clause.ref, text, clause.owner, "", False, (clause.key,))
        plan = clause.plan
        if plan is not None and (
            not self.request.location or not plan.locations or self.request.location in plan.locations
        ):
            yield Open("planned", clause.ref, plan.what, plan.who, plan.by, plan.by < self.view.today, (clause.key,))

    def points(self, *sorts: str) -> list[Open]:
        """What is open of some sorts."""
        return [point for point in self.open if point.sort in sorts]

    # --- how it stands ------------------------------------------------------------------------------

    def stand(self, clause: Clause) -> tuple[str, tuple[Reason, ...]]:
        """The state of a clause and why it is not better, at the location that is asked for."""
        if clause.key in self.request.unjudged:
            return UNJUDGED, ()
        place = clause.places.get(self.request.location) if self.request.location else None
        return (place.state, place.reasons) if place is not None else (clause.state, clause.reasons)

    def state(self, clause: Clause) -> str:
        return self.stand(clause)[0]

    def say(self, reason: Reason) -> str:
        """A reason in the language of the pack, clauses by their standard and number."""
        clause = reason.values.get("clause", "")
        values = {**reason.values, "clause": self.view.label(clause)} if clause else reason.values
        return str(self.view.say(replace(reason, values=values)))

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many of the chosen clauses that demand something are in each state."""
        found = dict.fromkeys(self.signs if self.request.unjudged else SIGNS, 0)
        for clause in self.clauses:
            if not clause.heading and clause.key in self.request.clauses:
                found[self.state(clause)] += 1
        return found

    def linked(self, reason: Reason, up: int) -> Any:
        """The same, with its items and clauses as links inside the pack."""
        return self.led(str(self.view.say_linked(reason, "pack/page")), up)

    def holders(self, role: str) -> str:
        """Who holds a role, as far as the directory has names."""
        return ", ".join(self.view.title(person) for person in self.view.holders(role))

    def revisions(self, item: Item) -> Sequence[Entry]:
        """The contents of an item that landed, newest first."""
        control = self.view.control
        rows = control.revisions(item) if control is not None else self.request.history(item)
        return rows[:REVISIONS]

    def redline(self, entry: Entry) -> Any:
        """What a revision changed, as HTML that leads to nothing outside the pack; "" where that is not known."""
        control = self.view.control
        return self.led(str(control.redline(entry.before, entry.version)), 1) if control and entry.before else ""

    def cited(self, item: Item) -> list[tuple[Clause, Claim]]:
        """The clauses of this pack that an item answers, proves or measures."""
        return self._cited.get(item.id, [])

    @cached_property
    def _cited(self) -> dict[str, list[tuple[Clause, Claim]]]:
        found: dict[str, list[tuple[Clause, Claim]]] = {}
        for clause in self.clauses:
            for claim in self.claims(clause):
                row = found.setdefault(claim.source, [])
                if not any(c is clause and x.how == claim.how for c, x in row):
                    row.append((clause, claim))
        return found

    # --- addresses ----------------------------------------------------------------------------------

    def url(self, ref: str, up: int = 0) -> str:
        """The address of an item, a part or a clause in the pack, seen from a page some folders down; "" if it is not in it."""
        path, anchor = self._place(ref)
        return "../" * up + path + (f"#{quote(anchor, safe='')}" if anchor else "") if path else ""

    def _place(self, ref: str) -> tuple[str, str]:
        graph = self.view.graph
        part = graph.parts.get(ref)
        if part is not None and part.item == self.coverage.catalogue.id:
            page = self._chapter_of.get(part.key, "")
            return (f"{page}.html", self.anchors[part.key]) if page else ("", "")
        name = part.item if part is not None else ref
        if name not in self.files:
            return "", ""
        anchor = f"{name}--{self.view.anchor(part)}" if part is not None else ""
        return f"{self.files[name]}.html", anchor if anchor and self._has(name, anchor) else ""

    def label(self, ref: str) -> str:
        """What stands before a title: the number of a clause of this standard alone, else as on the intranet."""
        part = self.view.graph.parts.get(ref)
        return part.key if part is not None and part.item == self.coverage.catalogue.id else self.view.label(ref)

    def answer_url(self, answer: Answer, up: int = 0) -> str:
        """The address of the place in a document that answers a clause."""
        if answer.claim.at != answer.item.id or not answer.claim.section:
            return self.url(answer.claim.at, up)
        base = self.url(answer.item.id, up)
        anchor = f"{answer.item.id}--{self.view.slug(answer.claim.section)}"
        return f"{base}#{quote(anchor, safe='')}" if base and self._has(answer.item.id, anchor) else base

    def _has(self, item: str, anchor: str) -> bool:
        """Tell whether the page of an item has an anchor."""
        fragment = self.paper.fragment(self.environment, self.view.graph.items[item])
        return anchor.removeprefix(f"{item}--") in fragment.anchors

    @cached_property
    def _intranet(self) -> dict[str, str]:
        """The item or the standard behind each page of the intranet, as links name it."""
        view = self.view
        found = {view.page_of(item.id): item.id for item in view.graph.items.values()}
        standard = self.coverage.standard
        if standard is not None:
            found[f"compliance/{standard.id}"] = self.coverage.catalogue.id
        return {view.prefix + page: ref for page, ref in found.items()}

    @cached_property
    def _clause_at(self) -> dict[str, str]:
        return {anchor: key for key, anchor in self.anchors.items()}

    def _led_to(self, address: str, up: int) -> str:
        """Turn an address of the intranet into one of the pack; "" where that has no such page."""
        path, _, anchor = html.unescape(address).partition("#")
        while path.startswith("../"):
            path = path[3:]
        ref = self._intranet.get(path.removesuffix(".html"), "")
        if not ref:
            return ""
        if ref == self.coverage.catalogue.id:
            key = self._clause_at.get(anchor, "")
            return self.url(f"{ref}/{key}", up) if key else "../" * up + "index.html"
        base = self.url(ref, up)
        whole = f"{ref}--{anchor}"
        return f"{base}#{quote(whole, safe='')}" if base and anchor and self._has(ref, whole) else base

    def led(self, text: str, up: int, pictures: Mapping[str, str] | None = None) -> Any:
        """Make the links of HTML lead inside the pack; one that leads nowhere becomes text."""
        from markupsafe import Markup

        def attribute(match: re.Match[str]) -> str:
            name, value = match.groups()
            if name == "src":
                return f' src="{html.escape((pictures or {}).get(posixpath.basename(value), ""))}"'
            if value.startswith("#") or re.match(r"(?:https?|mailto|tel):", value):
                return match[0]
            found = self._led_to(value, up)
            return f' href="{html.escape(found)}"' if found else ""

        def tag(match: re.Match[str]) -> str:
            close, name, rest = match.groups()
            made = _LINK.sub(attribute, rest)
            if name == "img":
                return self._image(made)
            if name == "a" and not _LINK.search(made):
                made = _OF_LINKS.sub("", made)
            return f"<{close}{name}{made}>"

        return Markup(_TAG.sub(tag, text))

    def _image(self, attributes: str) -> str:
        """An image, or what it shows in words where its file may not be shown."""
        words = _WORDS.search(attributes)
        if ' src=""' in attributes:
            said = words.group(1) if words else ""
            return f'<span class="qms-small">[{said or html.escape(str(self.t("a picture that is not shown")))}]</span>'
        return f"<img{attributes}>" if words else f'<img alt=""{attributes}>'

    def told(self, text: object, up: int = 1) -> Any:
        """Prose as HTML, with links inside the pack."""
        return self.led(str(prose_html(self.view, str(text or ""), "")), up)

    # --- pages --------------------------------------------------------------------------------------

    def of_item(self, item: Item) -> tuple[str, dict[str, Path]]:
        """Return the text of an item as HTML for its page, and the pictures it shows by their path in the pack."""
        fragment = self.paper.fragment(self.environment, item)
        folder = f"files/{posixpath.basename(self.files[item.id])}"
        shown: dict[str, str] = {}
        found: dict[str, Path] = {}
        for at, (address, file) in enumerate(sorted(sheets.pictures(self.view, [item]).items())):
            name = f"{at + 1}-{safe(file.stem)[:40]}{file.suffix.lower()}"
            shown[address.rsplit("/", 1)[-1]] = f"{folder}/{name}"
            found[f"documents/{folder}/{name}"] = file
        text = _VALUES.sub(r"\1 open", _SCREEN_ONLY.sub("", fragment.html))
        return self.redact(str(self.led(text, 1, shown))), found

    def page_of(self, item: Item) -> tuple[str, str, dict[str, Path]]:
        """Return the page of an item: its path, its HTML, and the pictures beside it."""
        body, pictures = self.of_item(item)
        title = self.view.title(item.id) if self.view.named(item.id) else f"{item.id} {self.view.title(item.id)}"
        page = f"{self.files[item.id]}.html"
        return page, self._render("item", title, 1, item=item, body=body), pictures

    def front(self) -> Iterator[tuple[str, str]]:
        """Yield (path, HTML) of the pages by clause and of the lists."""
        t = self.t
        yield "index.html", self._render("index", self.title, 0)
        for at, chapter in enumerate(self.chapters):
            top = chapter.clauses[0]
            near = {
                "before": self.chapters[at - 1] if at else None,
                "after": self.chapters[at + 1] if at + 1 < len(self.chapters) else None,
            }
            path = f"{chapter.page}.html"
            yield path, self._render("chapter", f"{top.key} {top.topic}", 1, chapter=chapter, **near)
        yield "open-points.html", self._render("open", str(t("Open points")), 0)
        yield "documents.html", self._render("documents", str(t("Documents and records")), 0)

    @property
    def title(self) -> str:
        standard = self.coverage.standard
        return self.view.title((standard or self.coverage.catalogue).id)

    def _render(self, name: str, title: str, up: int, **values: Any) -> str:
        item = values.get("item")
        values = {"title": title, "up": up, "root": "../" * up, "clean": harmless(title), **values}
        lines = self.paper.lines(title, item)
        text = self._templates.get_template(f"evidence/{name}.j2").render(lines=lines, **values)
        return self.redact(re.sub(r"\n\s*\n+", "\n", text))


def style() -> str:
    """The style sheet of a pack: that of the intranet, and what only a pack needs."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in STYLES)


def is_open(item: Item) -> bool:
    """Tell whether a nonconformity or a corrective action is still open."""
    return str(item.get("status") or "open") not in ENDED


def safe(name: str) -> str:
    """Return a name that is a file name on every computer and means nothing in an address."""
    plain = _SAFE.sub("-", name).strip("-.")[:80] or "item"
    return f"x-{plain}" if re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", plain.split(".")[0]) else plain


def chosen(coverage: Coverage, wanted: Iterable[str]) -> tuple[frozenset[str], list[str]]:
    """Return the numbers of the clauses that were asked for, with all below them, and those that are none.

    Nothing asked for means all.
    """
    names = [text.strip().removeprefix(f"{coverage.catalogue.id}/") for text in wanted if text.strip()]
    known = {clause.key for clause in coverage.clauses}
    unknown = [name for name in names if name not in known]
    if not names:
        return frozenset(known), []
    asked = set(names)
    return frozenset(key for key in known if key in asked or asked & set(above(key))), unknown
