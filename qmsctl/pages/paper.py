"""What a page carries on paper: running lines, whether the copy is still current, signatures; and handbooks.

A page is rendered once. Templates say what only the screen shows; the rest, with ids that are unique, is the chapter
of an item: in a PDF and, put together by the browser, in the handbook of a role. Links lead inside the document or to
the published site.
"""

from __future__ import annotations

import html
import json
import posixpath
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qmsctl.model import Item, harmless
from qmsctl.pages.codes import qr_code
from qmsctl.pages.folding import page_html
from qmsctl.pages.pictures import file_of, published
from qmsctl.pages.view import View
from qmsctl.picture import Shown, inert, path_of, shown, unreadable

HERE = Path(__file__).parent
DOCUMENTS = ("policy", "process", "sop", "work-instruction", "form")
"""The types a handbook holds, in its order."""
LONG = 96
PICTURE = "paper:"
"""How addresses of pictures begin in a document for paper; nothing else is ever fetched for one."""
_TAG = re.compile(r"<([a-zA-Z][\w:-]*)(\s(?:[^<>\"']|\"[^\"]*\"|'[^']*')+)>")
"""A tag with attributes."""
_SPACES = re.compile(r"\s+")
_NOT_PLAIN = re.compile(r"[^\w ·.,-]|_")
_ATTRIBUTE = re.compile(r'(\s)(id|href|src|for|headers|aria-[a-z]+|xlink:href)="([^"]*)"')
_DRAWN_BY = re.compile(r"url\(#([^)]+)\)")
_HEADING = re.compile(r"<(/?)h([1-5])\b")
_ACTED_ON = re.compile(r'\sdata-qms-[a-z-]+(?:="[^"]*")?(?=[\s/]|$)')
"""What scripts of the intranet act on; in a handbook nothing does, so the views of a process lie open."""
_FROM_TOP = re.compile(r"^(?:\.\./)+")
_APART = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL)
"""What belongs to a page and not to its text."""
_REFERS = ("for", "headers", "aria-labelledby", "aria-describedby", "aria-controls")


@dataclass(frozen=True)
class Fragment:
    """One document as HTML: its ids carry the name of the item in front, its links are as seen from a page."""

    item: str
    html: str
    anchors: frozenset[str]


class Sides:
    """What of a page only the screen shows: templates mark it, with a sign that no item can know."""

    def __init__(self) -> None:
        sign = secrets.token_hex(16)
        self._marks = (f"\ufdd2{sign}\ufdd3", f"\ufdd3{sign}\ufdd2")
        begin, end = map(re.escape, self._marks)
        self._passage = re.compile(f"{begin}.*?{end}", re.DOTALL)

    def screen(self, text: object) -> Any:
        """Mark what paper does not show; the filter of templates."""
        from markupsafe import Markup

        return Markup(self._marks[0]) + Markup(text) + Markup(self._marks[1])

    def for_screen(self, text: str) -> str:
        """A rendered page without the marks."""
        return text.replace(self._marks[0], "").replace(self._marks[1], "")

    def for_paper(self, text: str) -> str:
        """A rendered page without what is marked."""
        return self._passage.sub("", text)


@dataclass(frozen=True)
class Place:
    """A picture as a text names it: the document's file and line, the picture, and why it cannot be shown, if so."""

    document: str
    line: int
    picture: str
    why: str = ""
    help: str = ""


@dataclass(frozen=True)
class Sheets:
    """A whole document for paper: HTML that stands by itself, and the files of the pictures it names."""

    name: str
    title: str
    html: str
    pictures: Mapping[str, Path] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    """Where each picture is named, by its address; those that cannot be shown included."""


class Paper:
    """What templates may ask about paper."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._made: dict[str, Fragment] = {}

    # --- what every sheet carries ---------------------------------------------------------------

    def lines(self, title: str, item: Item | None = None) -> str:
        """The running lines of a page as custom properties of CSS; nothing in them can end the style."""
        view = self.view
        page, of, end = str(view.t("Page {page} of {pages}", page="\0", pages="\0")).split("\0")
        found = {
            "left": view.organisation,
            "right": self.line(item) if item is not None else f"{title} · {self._as_of()}",
            "mark": self.mark(item),
            "page": page,
            "of": of,
            "end": end,
        }
        return "".join(f"--qms-sheet-{name}:{css_text(text)};" for name, text in found.items())

    def line(self, item: Item) -> str:
        """Which document in which revision a sheet is from: SOP-014 Incoming inspection · Revision 2.1 · in force since …"""
        view = self.view
        revision = view.t("Revision {revision}", revision=item.get("revision")) if item.get("revision") else ""
        state = view.state(item) if view.types[item.type].controlled else self._as_of()
        title = view.title(item.id)
        name = _short(title) if view.slug(title) == item.id else f"{item.id} {_short(title)}"
        return " · ".join(str(x) for x in (name, revision, state) if x)

    def mark(self, item: Item | None = None) -> str:
        """What every sheet says about itself."""
        view, control = self.view, self.view.control
        copy = str(view.t("Uncontrolled copy"))
        if control is not None and control.preview:
            return f"{copy} · {view.t('Preview, not in force')}"
        if control is not None and control.past:
            return f"{copy} · {view.t('Not current')}"
        if item is not None and item.get("status") == "obsolete":
            return f"{copy} · {view.t('Obsolete')}"
        return copy

    def _as_of(self) -> str:
        return str(self.view.t("as of {day}", day=self.view.long_day(self.view.today)))

    def address(self, item: Item) -> str:
        """The address that tells whether a copy is current; "" where the site's own address is not known."""
        site = self.view.loaded.config.site.address
        if not site:
            return ""
        revision = str(item.get("revision") or "")
        asks = f"?rev={quote(revision, safe='')}" if revision else ""
        return f"{site}/{self.view.prefix}{self._page(item.id)}.html{asks}"

    def code(self, item: Item) -> Any:
        """The QR code of the address, drawn; "" where there is none."""
        address = self.address(item)
        return qr_code(address, str(self.view.t("QR code: {address}", address=address))) if address else ""

    def is_current(self, item: Item) -> str:
        """What the page says to a reader who asks for a copy: current, withdrawn, coming, preview or past."""
        control = self.view.control
        if control is not None and (control.preview or control.past):
            return "preview" if control.preview else "past"
        if not self.view.graph.is_current(item.id):
            return "withdrawn"
        return "coming" if str(item.get("effective") or "") > self.view.today else "current"

    def coming(self, item: Item) -> Any:
        """The next revision that is announced, or None."""
        control = self.view.control
        return next(iter(control.coming(item)), None) if control is not None else None

    def signs_by_hand(self, item: Item) -> bool:
        """Tell whether a document is signed on paper: only where no approvals are kept here."""
        return self.view.control is None and self.view.types[item.type].controlled

    def _page(self, item: str) -> str:
        return self.view.page_of(item).removeprefix(self.view.prefix)

    # --- documents ------------------------------------------------------------------------------

    def in_force(self, item: Item) -> bool:
        """Tell whether people work by an item on the day of the view."""
        return self.view.graph.is_current(item.id) and str(item.get("effective") or "") <= self.view.today

    def controlled(self) -> list[Item]:
        """Every controlled document in force, by type and id."""
        kinds = self.view.types
        found = [item for item in self.view.graph.items.values() if kinds[item.type].controlled and self.in_force(item)]
        order = {name: number for number, name in enumerate(DOCUMENTS)}
        return sorted(found, key=lambda item: (order.get(item.type, len(order)), item.type, item.id))

    def documents_of(self, role: str) -> list[Item]:
        """The documents that apply to a role: where it has a step, what tells how, what is used, what is kept to."""
        return [i for i in self.view.documents_for(role) if i.type in DOCUMENTS and self.in_force(i)]

    def fragment(self, environment: Any, item: Item) -> Fragment:
        """Return an item as HTML for paper, as seen from a page one folder below the top."""
        if item.id not in self._made:
            values = {"item": item, "kind": self.view.types[item.type], "title": self.view.title(item.id)}
            page = self.view.prefix + self._page(item.id)
            text = environment.get_template(f"{item.type}.md.j2").render(page=page, ref=item.id, **values)
            self._made[item.id] = self.chapter(environment.globals["sides"].for_paper(text), item)
        return self._made[item.id]

    def chapter(self, text: str, item: Item) -> Fragment:
        """Return the fragment of an item, from its page as rendered for paper."""
        return _apart(item.id, page_html(text), self.view.prefix, posixpath.dirname(self._page(item.id)))

    def has_chapter(self, item: Item) -> bool:
        """Tell whether handbooks may hold an item."""
        return item.type == "role" or (item.type in DOCUMENTS and self.in_force(item))

    def inside(self, fragments: Iterable[Fragment]) -> dict[str, Fragment]:
        """Documents by their page, as links name it."""
        return {self.view.prefix + self._page(fragment.item): fragment for fragment in fragments}


def chapter_file(fragment: Fragment) -> bytes:
    """A chapter as a small script, which handbooks load; a page may not read other pages where it lies in a folder."""
    return f"qmsChapter({json.dumps([fragment.item, _deeper(fragment.html)], ensure_ascii=False)});\n".encode()


def pages(paper: Paper, role: Item) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, template, values) of the handbook of a role."""
    view = paper.view
    title = view.t("Handbook: {role}", role=view.title(role.id))
    values = {"title": title, "role": role, "documents": paper.documents_of(role.id), "quiet": True, "plain": True}
    # A search would find everything twice.
    yield f"{view.page_of(role.id)}-handbook.md", "handbook.md.j2", values


def style(paper: Paper, values: Mapping[str, Any]) -> str:
    """Return what a page says on every sheet, as CSS for its head: of an item, of a handbook, of any other page."""
    handbook = [values["role"], *values["documents"]] if "documents" in values else []
    return f":root{{{paper.lines(str(values['title']), values.get('item'))}}}{running_lines(paper, handbook)}"


def running_lines(paper: Paper, documents: Iterable[Item]) -> str:
    """The sheets of each document in a handbook, and the line at their head, as CSS."""
    return "".join(
        f".qms-d{at} {{ page: qms-d{at} }} @page qms-d{at} {{ @top-right {{ content: {css_text(paper.line(item))} }} }}\n"
        for at, item in enumerate(documents)
    )


def prepared(view: View) -> tuple[Paper, Any]:
    """Return what documents for paper are made with: the questions templates ask, and the templates."""
    from qmsctl import pages

    return Paper(view), pages.environment_of(view)


# --- whole documents, for PDF -----------------------------------------------------------------------


def document(paper: Paper, environment: Any, item: Item, size: str) -> Sheets:
    """Return one item as a document for paper."""
    view = paper.view
    fragment = paper.fragment(environment, item)
    site = view.loaded.config.site.address
    article = _linked(fragment, paper.inside([fragment]), site)
    title = " ".join(x for x in (item.id, view.title(item.id), str(item.get("revision") or "")) if x)
    mark = _watermark(paper, item)
    text = _whole(
        paper,
        title,
        paper.line(item),
        paper.lines(title, item),
        "",
        f'{mark}<article class="md-typeset">{article}</article>',
        size,
    )
    return Sheets(item.id, title, text, pictures(view, [item]), places(view, [item]))


def handbook(paper: Paper, environment: Any, role: Item, size: str) -> Sheets:
    """Return the handbook of a role as a document for paper: cover, contents, duties, each document that applies."""
    view = paper.view
    documents = paper.documents_of(role.id)
    items = [role, *documents]
    fragments = [paper.fragment(environment, item) for item in items]
    inside = paper.inside(fragments)
    site = view.loaded.config.site.address
    articles = "".join(_article(f, _deeper(_linked(f, inside, site)), at) for at, f in enumerate(fragments))
    title = str(view.t("Handbook: {role}", role=view.title(role.id)))
    cover = environment.get_template("paper.j2").make_module({"paper": paper}).cover(role, documents)
    text = _whole(
        paper,
        title,
        title,
        paper.lines(title),
        running_lines(paper, items),
        f'{_watermark(paper)}<div class="md-typeset">{cover}{articles}</div>',
        size,
    )
    return Sheets(f"{role.id}-handbook", title, text, pictures(view, items), places(view, items))


def index(paper: Paper, environment: Any, rows: Sequence[tuple[Item, str]]) -> str:
    """Return the list of documents that were written, with links to the files, as a page that stands by itself."""
    title = str(paper.view.t("Documents in force"))
    table = environment.get_template("paper.j2").make_module({"paper": paper}).index(rows)
    article = f'<article class="md-typeset"><h1>{html.escape(title)}</h1>{table}</article>'
    return _whole(paper, title, title, paper.lines(title), "", article, "A4")


def pictures(view: View, items: Iterable[Item]) -> dict[str, Path]:
    """The files of the pictures that bodies name, by their address in a document for paper."""
    root = view.loaded.root
    found = {}
    for item in items:
        for seen in shown(item, root):
            file = file_of(seen.link.target, (root / item.path).parent, root)
            if file is not None:
                found[_address(seen)] = file
    return found


def places(view: View, items: Iterable[Item]) -> dict[str, Place]:
    """Where bodies name pictures, by their address in a document for paper, and what is wrong with each."""
    root = view.loaded.root
    return {_address(seen): _place(seen, root) for item in items for seen in shown(item, root)}


def _address(seen: Shown) -> str:
    return f"{PICTURE}{seen.item.id}/{quote(published(seen.link.target))}"


def _place(seen: Shown, root: Path) -> Place:
    document, line = seen.item.path, seen.link.line
    if seen.file is None:
        way = "save the picture beside the document and name the file"
        return Place(document, line, seen.link.target, "lies outside the repository", way)
    path = path_of(seen.file, root)
    if not seen.there:
        return Place(document, line, path, "is not there", "put the file there, or correct its name in the text")
    flaw = unreadable(seen.file)
    if flaw is not None:
        return Place(document, line, path, f"cannot be read: {flaw.what}", "open it; if it is damaged, save it anew")
    if not inert(seen.file):
        return Place(document, line, path, "holds active parts", "save it as plain SVG; qmsctl check names the lines")
    return Place(document, line, path)


def _watermark(paper: Paper, item: Item | None = None) -> str:
    """Large letters over every sheet of what must not be taken for what is in force."""
    _, _, why = paper.mark(item).partition(" · ")
    return f'<div class="qms-mark" aria-hidden="true">{html.escape(why.split(",")[0])}</div>' if why else ""


def _whole(paper: Paper, title: str, about: str, lines: str, style: str, content: str, size: str) -> str:
    view = paper.view
    made = css_text(f" · {view.t('made on {day}', day=view.long_day(view.today))}")
    sheet = f":root{{{lines}--qms-printed:{made}}}\n@page {{ size: {size} }}\n{style}"
    return (
        f'<!doctype html>\n<html lang="{html.escape(view.language)}"><head><meta charset="utf-8">'
        f"<title>{html.escape(harmless(title))}</title>"
        f'<meta name="author" content="{html.escape(view.organisation)}">'
        f'<meta name="description" content="{html.escape(harmless(about))}">'
        f'<meta name="dcterms.created" content="{view.today}"><meta name="dcterms.modified" content="{view.today}">'
        f"<style>{_styles()}\n{sheet}</style></head>\n"
        f'<body class="qms-pdf">{content}</body></html>\n'
    )


def _styles() -> str:
    names = (HERE / "assets" / "qms" / "print.css", HERE / "paper.css")
    return "\n".join(file.read_text(encoding="utf-8") for file in names)


def _article(fragment: Fragment, text: str, at: int) -> str:
    """One document of a handbook, on sheets with a line of its own."""
    return f'<article class="qms-doc qms-d{at}" id="{html.escape(fragment.item)}">{text}</article>\n'


def _deeper(text: str) -> str:
    """Put every heading a level deeper."""
    return _HEADING.sub(lambda m: f"<{m[1]}h{int(m[2]) + 1}", text)


# --- HTML in pieces ---------------------------------------------------------------------------------


def _apart(item: str, text: str, prefix: str, folder: str) -> Fragment:
    """Put the name of an item in front of every id, and make links and pictures of its folder lead there from elsewhere."""
    anchors: set[str] = set()
    up = "../" * (prefix.count("/") + 1)

    def attribute(match: re.Match[str]) -> str:
        space, name, value = match.groups()
        if name == "id":
            anchors.add(html.unescape(value))
            value = f"{item}--{value}"
        elif name in _REFERS:
            value = " ".join(f"{item}--{word}" for word in value.split())
        elif name in ("href", "xlink:href") and value.startswith("#"):
            value = f"#{item}--{value[1:]}"
        elif name == "src" and ":" not in value:
            value = f"{up}{prefix}{folder}/{value.rsplit('/', 1)[-1]}"
        elif value.startswith("../"):
            value = f"{up}{_FROM_TOP.sub('', value)}"
        elif name == "href" and ":" not in value.split("/", 1)[0]:
            value = f"{up}{prefix}{folder}/{value}"
        return f'{space}{name}="{value}"'

    def tag(match: re.Match[str]) -> str:
        name, rest = match.groups()
        if " data-qms-" in rest:
            rest = _ACTED_ON.sub("", rest)
        rest = _ATTRIBUTE.sub(attribute, rest)
        if "url(#" in rest:
            rest = _DRAWN_BY.sub(lambda m: f"url(#{item}--{m[1]})", rest)
        return f"<{name}{rest}>"

    return Fragment(item, _TAG.sub(tag, _APART.sub("", text)), frozenset(anchors))


def _linked(fragment: Fragment, inside: Mapping[str, Fragment], site: str) -> str:
    """Make links of a document lead to those that are inside, by page; the others to the site at an address.

    With ``site`` "" a link that leads nowhere on paper becomes text.
    """

    def address(space: str, name: str, value: str) -> str:
        if name == "src":
            return f'{space}src="{PICTURE}{fragment.item}/{posixpath.basename(value)}"'
        path, _, anchor = value.lstrip("./").partition("#")
        there = inside.get(path.removesuffix(".html"))
        if there is not None:
            place = f"--{anchor}" if html.unescape(anchor) in there.anchors else ""
            return f'{space}{name}="#{there.item}{place}"'
        return f'{space}{name}="{html.escape(site)}/{path}{"#" + anchor if anchor else ""}"' if site else ""

    def attribute(match: re.Match[str]) -> str:
        space, name, value = match.groups()
        leads = name in ("href", "xlink:href") and value.startswith("../")
        return address(space, name, value) if leads or (name == "src" and ":" not in value) else match[0]

    return _TAG.sub(lambda match: f"<{match[1]}{_ATTRIBUTE.sub(attribute, match[2])}>", fragment.html)


def _short(title: str) -> str:
    return title if len(title) <= LONG else title[: LONG - 1].rstrip() + "…"


def css_text(text: str) -> str:
    """Return a text as a string of CSS; every sign that could mean something is written by its number."""
    # The space after a number ends it; without it the next sign, or a space that is meant, would be swallowed.
    return '"' + _NOT_PLAIN.sub(lambda found: f"\\{ord(found[0]):x} ", _SPACES.sub(" ", text)) + '"'
