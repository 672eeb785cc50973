"""What templates may ask about the system: titles, addresses, relations, days."""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from itertools import groupby, takewhile
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from qmsctl import body, coverage, tracking
from qmsctl.checks import Report, reviewed
from qmsctl.coverage import Claim, Claims, Clause, Coverage, Reason, audits_of, coverage_of, standards_of
from qmsctl.diagrams.drawing import Diagram
from qmsctl.graph import Graph
from qmsctl.loader import Loaded
from qmsctl.model import Due, Finding, Item, Link, Part, mapping_of, rows_of
from qmsctl.pages import duties as work
from qmsctl.pages import feedback
from qmsctl.pages.wording import Words
from qmsctl.schema import ItemType
from qmsctl.translation import is_outdated

if TYPE_CHECKING:
    from qmsctl.pages.performance import Performance
    from qmsctl.pages.publication import Publication

TRAIL = 12
FINDINGS = "findings:"
"""The cell of what was found in an item."""
FIGURES = "figures:"
"""The cell of the values of measures."""
CONTROL = "control:"
"""The cell of what change control knows of an item."""
TRANSLATION = "translation:"
"""The cell of what is known of the translation of an item."""


def clause_anchor(key: str) -> str:
    """The anchor of a clause on the page of its standard: 8.5.1 -> c-8-5-1."""
    return "c-" + re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")


def _any_of(names: list[str]) -> str:
    """A pattern for any of some names, the longest first; letter by letter, or each would be tried at each word."""
    branches = []
    for _, same in groupby((name for name in names if name), key=lambda name: name[0]):
        rows = list(same)
        start = "".join(
            letter for letter, _ in takewhile(lambda pair: pair[0] == pair[1], zip(rows[0], rows[-1], strict=False))
        )
        branches.append(re.escape(start) + ("" if rows == [start] else _any_of([row[len(start) :] for row in rows])))
    return f"(?:{'|'.join([*branches, *([''] if '' in names else [])])})"


class View:
    """The system as pages show it."""

    def __init__(
        self,
        loaded: Loaded,
        report: Report,
        today: str,
        control: Publication | None = None,
        performance: Performance | None = None,
        words: Words | None = None,
    ) -> None:
        self.loaded = loaded
        self.words = self.t = words or Words()
        self.language = self.words.language
        self.prefix = "" if self.language == loaded.config.languages[0] else f"{self.language}/"
        self._report = report
        self.today = today
        self.graph = Graph(loaded, reviewed(control.register if control else None, today))
        self.control = control.spoken(self.words, self.graph) if control is not None else None
        self.shows_figures = performance.spoken(self.words, self.graph) if performance is not None else None
        self.types: Mapping[str, ItemType] = loaded.types
        self.organisation = loaded.config.organisation
        self._seen: dict[str, set[str]] = {}
        self.clause_signs = coverage.SIGNS
        self.clause_names = coverage.NAMES
        self.hows = coverage.HOWS
        self.withheld = False
        self._refs: dict[Any, Any] = {}
        self._coverage: dict[str, Any] = {}

    @property
    def report(self) -> Report:
        """What was found."""
        tracking.saw(FINDINGS, tracking.ALL)
        return self._report

    @property
    def found(self) -> tuple[Finding, ...]:
        """What was found, without telling anybody that it was read."""
        return self._report.findings

    @property
    def counted(self) -> tuple[int, int]:
        """How many items and checks there are, without telling anybody that it was read."""
        return self._report.items, self._report.checks

    @property
    def performance(self) -> Performance | None:
        """The figures of this view, where there are any."""
        tracking.saw(FIGURES, tracking.ALL)
        return self.shows_figures

    # --- names and addresses --------------------------------------------------------------------

    def title(self, ref: str) -> str:
        return self.graph.title(ref)

    def named(self, item: str) -> bool:
        """Tell whether an item goes by its title alone, since its id is made of it: roles, terms, locations."""
        found = self.graph.items.get(item)
        return found is not None and self.types[found.type].id_template.endswith("<slug>")

    def label(self, ref: str) -> str:
        """What stands before a title: the id; of a part that of its item; of a clause its number."""
        part = self.graph.parts.get(ref)
        if part is None:
            return "" if self.named(ref) else ref
        return f"{self.title(part.item)} {part.key}" if self.is_clause(ref) else part.item

    def item(self, ref: str) -> Item | None:
        return self.graph.items.get(ref)

    def kind(self, ref: str) -> str:
        """What readers call the type of an item."""
        return self.types[self.graph.items[ref].type].title

    def page_of(self, item: str) -> str:
        """The page of an item, without ending: sops/SOP-014."""
        return f"{self.types[self.graph.items[item].type].folder}/{item}"

    def url(self, ref: object, page: str) -> str:
        """The address of an item or part as seen from a page; "" if there is none, also where a file has no id there."""
        graph = self.graph
        if not isinstance(ref, str):
            return ""
        if ref in graph.parts:
            part = graph.parts[ref]
            standard = self.standards.get(part.item)
            if standard:
                return self.relative(f"compliance/{standard}", page) + f"#{clause_anchor(part.key)}"
            return self.relative(self.page_of(part.item), page) + f"#{self.anchor(part)}"
        return self.relative(self.page_of(ref), page) if ref in graph.items else ""

    @tracking.kept
    def standards(self) -> dict[str, str]:
        """The standard that applies a catalogue, by catalogue: clauses open on its page."""
        return {str(item.get("catalogue")): item.id for item in reversed(self.applied)}

    def ref(self, ref: object, page: str, long: bool = True) -> Markup:
        """A link to an item or part by its title, with its id in front where it is long; what leads nowhere as it is."""
        if not isinstance(ref, str):
            return self._ref(ref, page, long)
        # From all pages of a folder it is the same.
        key = ref, page.count("/"), long
        return tracking.repeat(self._refs, key, lambda: self._ref(ref, page, long))

    def _ref(self, ref: object, page: str, long: bool) -> Markup:
        url = self.url(ref, page)
        if not url:
            return Markup('<span class="qms-broken">{}</span>').format(ref)
        label, title = self.label(str(ref)) if long else "", escape(self.title(str(ref)))
        said = f'<span class="qms-no">{escape(label)}</span> {title}' if label else title
        return Markup(f'<a class="qms-ref" href="{escape(url)}">{said}</a>')

    def relative(self, to: str, page: str) -> str:
        """The address of one page as seen from another."""
        return "../" * page.count("/") + self.prefix + to + ".html"

    def anchor(self, part: Part) -> str:
        """The anchor of a part on the page of its item."""
        return part.key if part.field == "steps" else f"{part.field}-{part.key.replace('.', '-').lower()}"

    @tracking.kept
    def by_file_name(self) -> dict[str, str]:
        return {item.path.rsplit("/", 1)[-1]: item.id for item in self.graph.items.values()}

    @tracking.kept
    def terms(self) -> tuple[re.Pattern[str] | None, dict[str, str]]:
        """What finds the words of the glossary in prose, and the term that each of them, in lower case, stands for."""
        names: dict[str, str] = {}
        for item in self.of_type("term"):
            said = [item.title, item.get("abbreviation"), *(item.get("synonyms") or [])]
            for name in said:
                if isinstance(name, str) and len(name) > 1:
                    names.setdefault(name.lower(), item.id)
        if not names:
            return None, names
        return re.compile(rf"(?<![\w-]){_any_of(sorted(names))}s?(?![\w-])", re.IGNORECASE), names

    def translation(self, item: str) -> str:
        """How far an item is translated into the language of this view: current, outdated, missing, or "" for the source."""
        tracking.saw(TRANSLATION, item)
        if not self.prefix:
            return ""
        for found in self.loaded.qms.translations:
            if found.language == self.language and found.content.id == item:
                if not found.done:
                    return "missing"
                return "outdated" if is_outdated(self.graph.items[item], found) else "current"
        return "missing"

    def written_in(self, item: Item) -> str:
        """The file that holds what this view shows of an item: its translation, else its source."""
        tracking.saw(TRANSLATION, item.id)
        mine = (t for t in self.loaded.qms.translations if t.language == self.language and t.content.id == item.id)
        return next((t.content.path for t in mine), item.path)

    def in_source(self, item: str, page: str) -> str:
        """The address of an item in the language it was written in."""
        return "../" * page.count("/") + self.page_of(item) + ".html"

    # --- relations ------------------------------------------------------------------------------

    def related(self, item: str, name: str) -> list[str]:
        return self.graph.related(item, name)

    def parts(self, item: str, name: str) -> list[Part]:
        return self.graph.parts_of(item, name)

    def of_type(self, *names: str) -> list[Item]:
        return self.graph.of_type(*names)

    def backlinks(self, item: str) -> list[tuple[str, list[str]]]:
        """Who names an item, by relation, mentions last."""
        groups: dict[str, dict[str, None]] = defaultdict(dict)
        properties = self.types[self.graph.items[item].type].properties
        for link in self.graph.links_to(item):
            spec = self.graph.spec_of(link)
            name = "mentioned in" if spec is None else (spec.inverse or link.field)
            # What may be written at either end is called alike at both.
            name = str(mapping_of(properties.get(name)).get("title", name))
            groups[name][link.source_part or link.source] = None
        return sorted(((k, sorted(v)) for k, v in groups.items()), key=lambda row: (row[0] == "mentioned in", row[0]))

    def up(self, item: str) -> list[str]:
        return [ref for ref, _ in self.graph.chain(item, "up")][:TRAIL]

    def way_up(self, item: str) -> list[str]:
        """The shortest way from a strategic theme down to an item, without the item itself; empty if there is none."""
        came: dict[str, str] = {item: ""}
        queue = [item]
        for at in queue:
            for ref, _ in self.graph.chain(at.split("#", 1)[0], "up"):
                if ref in came:
                    continue
                came[ref] = at
                if self._is_theme(ref):
                    way = [ref]
                    while came[way[-1]] != item:
                        way.append(came[way[-1]])
                    return way
                queue.append(ref)
        return []

    def _is_theme(self, ref: str) -> bool:
        return ref in self.graph.parts and self.graph.items[self.graph.parts[ref].item].type == "strategy"

    def down(self, item: str) -> list[str]:
        return [ref for ref, _ in self.graph.chain(item, "down") if not self.is_clause(ref)]

    def is_clause(self, ref: str) -> bool:
        return ref in self.graph.parts and self.graph.items[self.graph.parts[ref].item].type == "catalogue"

    def objectives_of(self, theme: str) -> list[str]:
        return [x.source for x in self.graph.links_to_ref(theme) if self.graph.items[x.source].type == "objective"]

    @tracking.kept
    def applied(self) -> list[Item]:
        """The items that say how we stand to a standard."""
        return standards_of(self.graph)

    @tracking.kept
    def ways(self) -> dict[str, str]:
        """The page about the way from one edition to the next, by the items about either of them."""
        from qmsctl.pages import transition  # that module needs this one

        found: dict[str, str] = {}
        for older, newer in transition.editions(self):
            found[older.id] = found[newer.id] = transition.path_of(newer)
        return found

    @tracking.kept
    def claims(self) -> Claims:
        """Everything that says it answers, proves or measures a clause."""
        return Claims(self.graph, self.today)

    def coverage(self, ref: str) -> Coverage:
        """How we stand to a catalogue, or to that of an item of type standard."""
        return tracking.keep(
            self._coverage, f"View.coverage {ref}", lambda: coverage_of(self.graph, ref, self.today, self.claims)
        )

    def clause(self, ref: str) -> Clause | None:
        """How we stand to one clause; None where it is none of a standard that we apply."""
        catalogue, _, key = ref.partition("/")
        standard = self.standards.get(catalogue)
        return self.coverage(standard).by_key.get(key) if standard else None

    def claims_by(self, item: str) -> list[Claim]:
        """What an item and its parts say of clauses, in the order in which they stand in it."""
        return self.claims.made_by(item)

    def say(self, reason: Reason) -> str:
        """Return a reason in the reader's language, with ids and days as people write them."""
        values = {
            name: self.long_day(value)
            if name == "day"
            else self.title(value)
            if name == "role"
            else self.label(value)
            if name == "clause"
            else value
            for name, value in reason.values.items()
        }
        said = str(self.t(reason.says, **values))
        return f"{self.title(reason.location)}: {said}" if reason.location else said

    def say_linked(self, reason: Reason, page: str) -> Markup:
        """Return a reason with the items and clauses in it as links, by their titles."""
        values: dict[str, str] = {}
        for name, value in reason.values.items():
            if name in ("item", "clause", "role"):
                words = f"{self.label(value)} {self.title(value)}" if name == "clause" else self.title(value)
                values[name] = Markup('<a class="qms-ref" href="{}">{}</a>').format(self.url(value, page), words)
            else:
                values[name] = escape(self.long_day(value) if name == "day" else " ".join(value.split()))
        said = escape(self.t(reason.says, **values))
        return Markup("{}: {}").format(self.title(reason.location), said) if reason.location else said

    def linked(self, item: str, name: str) -> list[Link]:
        return [x for x in self.graph.links_to(item) if x.field == name]

    def audits_of(self, clause: str) -> tuple[list[str], list[str]]:
        """The audits that looked at a clause, and those that are to look at it."""
        held, ahead = audits_of(self.graph, clause, self.today)
        return [item.id for item in held], [item.id for item in ahead]

    def duties(self, *roles: str) -> list[work.Duty]:
        return work.duties(self, list(roles))

    def documents_for(self, *roles: str) -> list[Item]:
        """The documents that roles must know."""
        return work.documents(self, list(roles))

    def approvals_of(self, role: str) -> list[work.Approval]:
        return work.approvals(self, role)

    def feedback(self, item: Item | None, page: str, title: str) -> list[tuple[str, str]]:
        return feedback.links(self, item, page, title)

    def crumbs(self, item: Item, page: str) -> list[tuple[str, str]]:
        """The way from the front page to an item, as (words, address)."""
        kind = self.types[item.type]
        found = [(str(self.t("Start")), self.relative("index", page))]
        if item.type == "process":
            found.append((str(self.t(kind.plural)), self.relative("processes", page)))
            name = str(item.get("class") or "")
            if name in ("management", "core", "support"):
                found.append((str(self.t(name.capitalize())), self.relative("processes", page) + f"#{name}"))
        elif item.type == "role":
            found.append((str(self.t(kind.plural)), self.relative("roles", page)))
        else:
            found.append((str(self.t(kind.plural)), self.relative(f"registers/{item.type}", page)))
        return found

    def holders(self, role: str) -> list[str]:
        """Who holds a role now."""
        return [x.source for x in self.linked(role, "roles") if self.graph.is_current(x.source)]

    def role_steps(self, role: str) -> list[tuple[str, list[Part]]]:
        """The steps a role does, by process or document, in their order."""
        groups: dict[str, dict[int, Part]] = defaultdict(dict)
        for link in self.graph.links_to(role):
            if link.field == "steps.who" and link.source_part in self.graph.parts:
                part = self.graph.parts[link.source_part]
                groups[part.item][part.index] = part
        order = sorted(groups, key=lambda i: (self.graph.items[i].type != "process", i))
        return [(item, [part for _, part in sorted(groups[item].items())]) for item in order]

    def drawn(self, diagram: Diagram) -> Any:
        """The drawing for wide and for narrow screens; every text in it was escaped when it was drawn."""
        from markupsafe import Markup

        return Markup(diagram.svg + diagram.narrow)

    def due_words(self, what: str) -> str:
        """What is due, in the language of the reader: the kind is translated, what an author wrote is not."""
        kind, colon, detail = what.partition(": ")
        return f"{self.t(kind)}{colon}{detail}"

    def replaces(self, item: str) -> list[str]:
        """The ids whose place an item took: those it had before, and those of the items it supersedes."""
        before = [x.source for x in self.graph.links_to(item) if x.field == "superseded_by"]
        return sorted({*before, *(str(old) for old in self.graph.items[item].get("formerly") or [])})

    def begin_page(self) -> None:
        """Forget what the page before came to, so that a page does not depend on those made before it."""
        self._seen.clear()

    def first_time(self, page: str, ref: str) -> bool:
        """Tell whether a page comes to an item for the first time, so that it is unfolded once only."""
        seen = self._seen.setdefault(page, set())
        first = ref not in seen
        seen.add(ref)
        return first

    def chapter_file(self, item: str) -> str:
        """The file, as seen from the top, with an item as a chapter of handbooks."""
        return f"{self.prefix}assets/chapters/{item}.js"

    def relative_file(self, file: str, page: str) -> str:
        """The address of a file, given from the top, as seen from a page."""
        return "../" * page.count("/") + file

    def work_file(self, role: str, page: str) -> str:
        """The address of the small file with what a role has to do."""
        return self.relative(f"assets/duties/{role}", page).removesuffix("html") + "js"

    def dues_of(self, *roles: str) -> list[Due]:
        return [due for due in self._dues if due.who in roles]

    def file(self, item: str, ending: str, page: str) -> str:
        """The address of a file beside the page of an item."""
        return self.relative(self.page_of(item), page).removesuffix("html") + ending

    def documents_of(self, item: Item) -> list[str]:
        """The documents that the steps of an item work by or use."""
        found = {
            link.to: None
            for link in self.graph.links_from(item.id)
            if link.field in ("steps.instruction", "steps.uses")
        }
        return sorted(ref for ref in found if ref in self.graph.items)

    def records_of(self, item: Item) -> list[str]:
        """The kinds of record that the steps of an item produce."""
        found = {link.to: None for link in self.graph.links_from(item.id) if link.field.endswith("records")}
        return sorted(ref for ref in found if ref in self.graph.items)

    def others_on(self, clause: str, item: str) -> list[str]:
        """Who else answers a clause."""
        return sorted({claim.source for claim in self.claims.of(clause) if claim.in_force and claim.source != item})

    def raci(self, process: Item) -> tuple[list[str], list[tuple[Part, dict[str, str]]]]:
        """The roles of a process and, for each step, what they are: R, A, C, I."""
        rows = []
        roles: dict[str, None] = {}
        for part in self.parts(process.id, "steps"):
            letters: dict[str, str] = {}
            for name in part.data.get("inform") or []:
                letters[str(name)] = "I"
            for name in part.data.get("consult") or []:
                letters[str(name)] = "C"
            if part.data.get("who"):
                letters[str(part.data["who"])] = "R"
            answers = str(part.data.get("accountable") or process.get("owner") or "")
            if answers:
                letters[answers] = "RA" if letters.get(answers) == "R" else "A"
            roles.update(dict.fromkeys(letters))
            rows.append((part, letters))
        return list(roles), rows

    def neighbours(self, process: str) -> tuple[list[str], list[str]]:
        """The processes before and after one, by hand-offs."""
        before = [
            x.to for x in self.graph.links_from(process) if x.field == "inputs.from" and self.graph.items.get(x.to)
        ]
        after = [x.source for x in self.graph.links_to(process) if x.field == "inputs.from"]
        only = [b for b in before if self.graph.items[b].type == "process"]
        return sorted(set(only)), sorted(set(after))

    def dues(self, item: str = "", who: str = "") -> list[Due]:
        some = self.graph.dues(item) if item else self._dues
        return [due for due in some if not who or due.who == who]

    @tracking.kept
    def _dues(self) -> list[Due]:
        return self.graph.dues()

    @cached_property
    def _findings(self) -> Mapping[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for finding in self._report.findings:
            found.setdefault(finding.item, []).append(finding)
        return found

    def findings(self, item: str) -> list[Any]:
        tracking.saw(FINDINGS, item)
        return [*self._findings.get(item, [])]

    # --- words ----------------------------------------------------------------------------------

    def long_day(self, day: object) -> str:
        """2 March 2026."""
        return self.words.day(day)

    def is_day(self, value: object) -> bool:
        try:
            return bool(datetime.date.fromisoformat(str(value)))
        except ValueError:
            return False

    def state(self, item: Item) -> str:
        """In force since, takes effect on, or the state of the lifecycle."""
        kind = self.types[item.type]
        status = str(item.get("status") or kind.initial)
        effective = str(item.get("effective") or "")
        if kind.controlled and status == "released" and effective:
            day = self.long_day(effective)
            if effective <= self.today:
                return str(self.t("in force since {day}", day=day))
            return str(self.t("takes effect on {day}", day=day))
        label = str(self.t(str(kind.states.get(status, {}).get("label", status)).lower()))
        since = self.control.withdrawn(item) if self.control and kind.controlled and status == "obsolete" else ""
        return str(self.t("{state} since {day}", state=label, day=self.long_day(since))) if since else label

    def next_review(self, item: str) -> str:
        return next((d.on for d in self.dues(item) if "review" in d.what or "check" in d.what), "")

    def sections(self, item: Item) -> list[tuple[str, str]]:
        """The free sections of a body; steps are shown by themselves."""
        found = self.types[item.type].body
        skip = found[1].lower() if found else None
        return [(title, text) for title, text in body.sections(item.body) if text and title.lower() != skip]

    def steps_come_after(self, item: Item) -> int:
        """How many free sections stand before the steps."""
        found = self.types[item.type].body
        count = 0
        for title, text in body.sections(item.body):
            if found and title.lower() == found[1].lower():
                return count
            count += bool(text)
        return count

    def fields(
        self, data: Mapping[str, Any], properties: Mapping[str, Any], skip: tuple[str, ...] = ()
    ) -> list[tuple[str, Any, Any]]:
        """(name, declaration, value) of the fields that have a value, in the order of the schema.

        A declaration says in ``is_long`` whether the value is a table and wants a section of its own.
        """
        return [
            (name, {**prop, "is_long": bool(prop.get("items", {}).get("properties"))}, data[name])
            for name, prop in properties.items()
            if name in data and name not in skip and data[name] not in (None, [], "")
        ]

    def cell(self, item: Item, column: str) -> list[str]:
        """What a register shows of a field: texts, which may be references."""
        if column == "status":
            return [self.state(item)]
        value = item.get(column)
        if value is None:
            return []
        if isinstance(value, list):
            return [
                str(v.get("title") or v.get("what") or v.get("key") or "") if isinstance(v, dict) else str(v)
                for v in value
            ]
        return [self.long_day(value) if self.is_day(value) else str(value)]

    def column_rules(self, column: Mapping[str, Any]) -> list[str]:
        """What a data contract demands of a column, in words."""
        options = mapping_of(column.get("logicalTypeOptions"))
        found = [
            word
            for name, word in (("primaryKey", "key"), ("required", "never empty"), ("unique", "unique"))
            if column.get(name)
        ]
        for low, high, what in (("minimum", "maximum", ""), ("minLength", "maxLength", " characters")):
            if low in options or high in options:
                edges = [f"from {options[low]:,}"] if low in options else []
                edges += [f"up to {options[high]:,}"] if high in options else []
                found.append(" ".join(edges) + what)
        for rule in rows_of(column.get("quality")):
            values = ", ".join(map(str, mapping_of(rule.get("arguments")).get("validValues") or ()))
            allowed = rule.get("mustBe", rule.get("mustBeLessOrEqualTo", rule.get("mustBeLessThan", 0)))
            some = f", at most {allowed} {rule.get('unit') or 'rows'} otherwise" if allowed else ""
            found.append((f"one of {values}" if values else str(rule.get("metric"))) + some)
        return [*found, *([str(column["classification"])] if column.get("classification") else [])]

    def slug(self, text: str) -> str:
        from qmsctl.model import slug

        return slug(text) or "section"
