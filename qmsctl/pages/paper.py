"""What a page carries on paper: running lines, whether the copy is still current, signatures; and handbooks.

The same templates make pages for the screen and for paper. On paper `item.md.j2` is framed by
`paper_item.md.j2`, ids are made unique, and links lead inside the document or to the published site.
"""

from __future__ import annotations

import html
import posixpath
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qmsctl import tracking
from qmsctl.model import Item, harmless
from qmsctl.pages.codes import qr_code
from qmsctl.pages.folding import page_html
from qmsctl.pages.pictures import file_of, published
from qmsctl.pages.view import View
from qmsctl.picture import Shown, inert, path_of, shown, unreadable

HERE = Path(__file__).parent
DOCUMENTS = ("policy", "process", "sop", "work-instruction", "form")
"""The types a handbook holds, in its order."""
WEIGHT = 230_000
"""How many bytes, packed, the documents of a handbook on the intranet may have; a page stays below 300 kB."""
LONG = 96
PICTURE = "paper:"
"""How addresses of pictures begin in a document for paper; nothing else is ever fetched for one."""
_TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r'(\s)(id|href|src|for|headers|aria-[a-z]+|xlink:href)="([^"]*)"')
_DRAWN_BY = re.compile(r"url\(#([^)]+)\)")
_HEADING = re.compile(r"<(/?)h([1-5])\b")
_ACTED_ON = re.compile(r'\sdata-qms-[a-z-]+(?:="[^"]*")?(?=[\s/]|$)')
"""What scripts of the intranet act on; in a handbook nothing does, so the views of a process lie open."""
_BLANK = re.compile(r"\n\s*\n")
_PREFORMATTED = re.compile(r"<pre\b.*?</pre>", re.DOTALL)
_APART = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL)
"""What belongs to a page and not to its text."""
_REFERS = ("for", "headers", "aria-labelledby", "aria-describedby", "aria-controls")


Chapter = tuple[str, list[str]]
"""A fragment as plain data: its HTML and its anchors."""


@dataclass(frozen=True)
class Fragment:
    """One document as HTML: its ids carry the name of the item in front, its links are as seen from a page."""

    item: str
    html: str
    anchors: frozenset[str]

    @property
    def plain(self) -> Chapter:
        return self.html, sorted(self.anchors)

    @cached_property
    def weight(self) -> int:
        """How many bytes it has, packed."""
        return len(zlib.compress(self.html.encode(), 6))

    @cached_property
    def lower(self) -> Fragment:
        """The same as a chapter of a page on the screen: a level deeper, in one block."""
        return Fragment(self.item, _one_block(_deeper(self.html)), self.anchors)

    @cached_property
    def links(self) -> list[tuple[int, int, str, str, str]]:
        """Where links to other pages and pictures stand: begin, end, space before, attribute, address."""
        return [
            (tag.start(3) + found.start(), tag.start(3) + found.end(), found[1], found[2], found[3])
            for tag in _TAG.finditer(self.html)
            if '="../' in tag[3] or " src=" in tag[3]
            for found in _ATTRIBUTE.finditer(tag[3])
            if found[2] == "src" or (found[2] in ("href", "xlink:href") and found[3].startswith("../"))
        ]


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
        self._made: dict[str, Any] = {}
        self._frame: tuple[Any, Any] = (None, None)

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
        return tracking.keep(self._made, self._key(item.id), lambda: self._fragment(environment, item))

    def _key(self, item: str) -> str:
        return f"Paper.fragment {self.view.prefix}{item}"

    def _fragment(self, environment: Any, item: Item) -> Fragment:
        page = f"{self.view.prefix}paper/{item.id}"
        if self._frame[0] is not environment:
            self._frame = (environment, self._environment(environment))
        frame = self._frame[1]
        values = {"item": item, "kind": self.view.types[item.type], "title": self.view.title(item.id)}
        text = frame.get_template(f"{item.type}.md.j2").render(page=page, ref=item.id, **values)
        made = page_html(text)
        parts = frame.get_template("paper.j2").module
        made = made.replace("</h1>", f"</h1>{parts.sheet(item)}", 1) + str(parts.signatures(item))
        return _apart(item.id, made, self._folder(item))

    def learn(self, item: str, chapter: Chapter) -> None:
        """Take over a fragment that another process made; so are the cells it was made from."""
        fragment = Fragment(item, chapter[0], frozenset(chapter[1]))
        tracking.put(self._made, self._key(item), fragment)

    def chapters(self, roles: Iterable[str]) -> set[str]:
        """The items that stand in the handbooks of some roles."""
        return {name for role in roles for name in (role, *(item.id for item in self.documents_of(role)))}

    def inside(self, fragments: Iterable[Fragment]) -> dict[str, Fragment]:
        """Documents by their page, as links name it."""
        return {self.view.prefix + self._page(fragment.item): fragment for fragment in fragments}

    def _folder(self, item: Item) -> str:
        """The folder of the page of an item, as links from a page one folder below the top begin."""
        return "../" * (self.view.prefix.count("/") + 1) + self.view.prefix + posixpath.dirname(self._page(item.id))

    def _environment(self, environment: Any) -> Any:
        """The environment of the pages, with the frame for paper in place of the one for the screen."""
        import jinja2

        def source(name: str) -> Any:
            if name == "screen_item.md.j2":
                return environment.loader.get_source(environment, "item.md.j2")
            text, file, fresh = environment.loader.get_source(environment, name)
            # A type without a template of its own gets the general one, which is framed as well.
            if name.endswith(".md.j2") and name != "paper_item.md.j2" and Path(file).name == "item.md.j2":
                return environment.loader.get_source(environment, "paper_item.md.j2")
            return text, file, fresh

        made = environment.overlay(loader=jinja2.FunctionLoader(source))
        made.globals = {**environment.globals, "paper": self}
        return made


def pages(paper: Paper, role: Item) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, template, values) of the handbook of a role."""
    import jinja2

    view = paper.view
    documents = paper.documents_of(role.id)

    @jinja2.pass_environment
    def bodies(environment: Any) -> Any:
        return _for_the_screen(paper, environment, [role, *documents])

    title = view.t("Handbook: {role}", role=view.title(role.id))
    values = {"title": title, "role": role, "documents": documents, "paper": paper, "bodies": bodies}
    # A search would find everything twice.
    yield f"{view.page_of(role.id)}-handbook.md", "handbook.md.j2", {**values, "quiet": True, "plain": True}


def _for_the_screen(paper: Paper, environment: Any, items: Sequence[Item]) -> dict[str, Any]:
    """The documents that fit on one page of the intranet, and the names of those that do not."""
    from markupsafe import Markup

    kept: list[Fragment] = []
    weight = 0
    for item in items:
        fragment = paper.fragment(environment, item)
        weight += fragment.weight
        if weight > WEIGHT:
            break
        kept.append(fragment)
    inside = paper.inside(kept)
    whole = [_article(f, _linked(f.lower, inside, None), at) for at, f in enumerate(kept)]
    return {"html": Markup("".join(whole)), "left": [item.id for item in items[len(kept) :]]}


def style(paper: Paper, values: Mapping[str, Any]) -> str:
    """Return what a page says on every sheet, as CSS for its head: of an item, of a handbook, of any other page."""
    item = values.get("item")
    handbook = [values["role"], *values["documents"]] if "bodies" in values else []
    return f":root{{{paper.lines(str(values['title']), item)}}}{running_lines(paper, handbook)}"


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


def _apart(item: str, text: str, folder: str) -> Fragment:
    """Put the name of an item in front of every id, and make links and pictures of its folder lead there from elsewhere."""
    anchors: set[str] = set()

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
            value = f"{folder}/{value.rsplit('/', 1)[-1]}"
        elif name == "href" and not value.startswith("../") and ":" not in value.split("/", 1)[0]:
            value = f"{folder}/{value}"
        return f'{space}{name}="{value}"'

    def tag(match: re.Match[str]) -> str:
        close, name, rest = match.groups()
        if not rest:
            return match[0]
        rest = _ATTRIBUTE.sub(attribute, _ACTED_ON.sub("", rest))
        return f"<{close}{name}{_DRAWN_BY.sub(lambda m: f'url(#{item}--{m[1]})', rest)}>"

    return Fragment(item, _TAG.sub(tag, _APART.sub("", text)), frozenset(anchors))


def _linked(fragment: Fragment, inside: Mapping[str, Fragment], site: str | None) -> str:
    """Make links of a document lead to those that are inside, by page; the others to the site at an address.

    With ``site`` "" a link that leads nowhere on paper becomes text; with None, on the intranet, it stays.
    """

    def address(name: str, value: str) -> str | None:
        if name == "src":
            return f"{PICTURE}{fragment.item}/{posixpath.basename(value)}"
        path, _, anchor = value.lstrip("./").partition("#")
        there = inside.get(path.removesuffix(".html"))
        if there is not None:
            return f"#{there.item}--{anchor}" if html.unescape(anchor) in there.anchors else f"#{there.item}"
        return f"{html.escape(site)}/{path}{'#' + anchor if anchor else ''}" if site else None

    pieces = []
    last = 0
    for begin, end, space, name, value in fragment.links:
        if name == "src" and (site is None or ":" in value):
            continue
        found = address(name, value)
        if found is None and site is None:
            continue
        pieces += [fragment.html[last:begin], f'{space}{name}="{found}"' if found is not None else ""]
        last = end
    return "".join(pieces) + fragment.html[last:]


def _one_block(text: str) -> str:
    """Take out blank lines, which would end a block of HTML for some readers of Markdown."""
    kept = _PREFORMATTED.sub(lambda m: m[0].replace("\n", "&#10;"), text)
    return _BLANK.sub("\n", kept)


def _short(title: str) -> str:
    return title if len(title) <= LONG else title[: LONG - 1].rstrip() + "…"


def css_text(text: str) -> str:
    """Return a text as a string of CSS; every sign that could mean something is written by its number."""
    # The space after a number ends it; without it the next sign, or a space that is meant, would be swallowed.
    plain = re.sub(r"\s+", " ", text)
    return '"' + "".join(c if c.isalnum() or c in " ·.,-" else f"\\{ord(c):x} " for c in plain) + '"'
