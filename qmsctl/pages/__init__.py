"""Items to Markdown pages: everything a page shows, as files that any engine can build.

A page is Markdown headings with stable anchors and, between them, blocks of HTML. Values are escaped by
the template engine; prose is rendered and cleaned in `prose`. So what is safe does not depend on the engine.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from qmsctl import shelf, tracking
from qmsctl.audience import NOTHING_HIDDEN, Redactor
from qmsctl.checks import Report
from qmsctl.diagrams import vega
from qmsctl.loader import Loaded
from qmsctl.model import Item, harmless
from qmsctl.pages import codes, files, indexes, paper, search, shell
from qmsctl.pages.flows import flow_of, turtle_of
from qmsctl.pages.folder import Folder
from qmsctl.pages.hands import Hands, how_many
from qmsctl.pages.kept import Kept, kept_for, learn, made_with
from qmsctl.pages.pictures import file_of, published
from qmsctl.pages.prose import prose_html
from qmsctl.pages.view import View
from qmsctl.pages.wording import words_of
from qmsctl.references import body_links
from qmsctl.schema import ItemType
from qmsctl.translation import loaded_in

if TYPE_CHECKING:
    from qmsctl.pages.performance import Performance
    from qmsctl.pages.publication import Publication

HERE = Path(__file__).parent
Progress = Callable[[int, int], None]
NOW_AND_THEN = 20
"""Pages after which progress is told again."""


class Waiting(Protocol):
    """What builds the pages, and can begin before all is there."""

    def pages_are_there(self) -> None:
        """Hear that all is written but the search."""

    def all_is_there(self) -> None:
        """Hear that all is written."""


def write(
    loaded: Loaded,
    report: Report,
    today: str,
    target: Path,
    progress: Progress | None = None,
    control: Publication | None = None,
    performance: Performance | None = None,
    redact: Redactor = NOTHING_HIDDEN,
    engine: Waiting | None = None,
) -> list[str]:
    """Write all pages and assets to ``target`` and the theme beside it; return the paths of the pages.

    With ``control`` the pages show approvals and revisions, with ``performance`` values and charts. Files that stay equal
    stay the same files. ``engine`` is told as soon as it can begin.
    """
    from qmsctl.pages.compiled import compiled  # Jinja is read only where pages are written

    docs = Folder(target)
    views = [
        View(loaded_in(loaded, language), report, today, control, performance, words_of(language, loaded.root))
        for language in loaded.config.languages
    ]
    for view in views:
        view.withheld = redact.hides
    docs.copy(HERE / "assets", "assets")
    docs.copy(loaded.root / "site" / "assets", "assets")
    docs.copy(loaded.root / "site" / "pages")
    written: list[str] = []
    vega.keep_below(loaded.root)
    codes.take(loaded.root)
    tracking.kept_cells.clear()
    conditions = [[other.language for other in views], target.name, redact.pattern]
    former = [kept_for(view, conditions, target) for view in views]
    searches = []
    for number, (view, kept) in enumerate(zip(views, former, strict=True)):
        each = len(view.graph.items)
        step = _part(progress, number * each, each * len(views))
        paths, write_search = _write_language(view, views, docs, step, redact, kept)
        written += paths
        searches.append(write_search)
    codes.keep(loaded.root)
    _copy_rows(views[0], docs)
    theme = Folder(target.with_name("theme"))
    shell.write(views, written, docs, theme)
    theme.copy(loaded.root / "site" / "theme")
    theme.finish()
    if engine is not None:
        engine.pages_are_there()
    for write_search in searches:
        write_search()
    docs.finish()
    if engine is not None:
        engine.all_is_there()
    for kept in former:
        if kept is not None:
            kept.save()
    compiled().keep()
    return written


def _part(progress: Progress | None, done: int, total: int) -> Callable[[int], None]:
    """Tell progress of one language as progress of the whole, now and then."""
    last = -NOW_AND_THEN

    def told(number: int) -> None:
        nonlocal last
        if progress is not None and number - last >= NOW_AND_THEN:
            last = number
            progress(min(done + number, total), total)

    return told


def _write_language(
    view: View, views: list[View], docs: Folder, progress: Callable[[int], None], redact: Redactor, kept: Kept | None
) -> tuple[list[str], Callable[[], None]]:
    """Write the pages of one language, and the files beside them, as far as they are not kept from the build before.

    Return the paths of the pages, and what writes the search, which is made of what the others found out.

    First everything that is made by itself: a page of an item comes with its chapter for handbooks and with what it adds
    to the search. What one of them finds out and the search needs comes back as plain data, so several processes can
    make them.
    """
    environment = environment_of(view)
    others = [other for other in views if other is not view]
    books = paper.Paper(view)
    items = [*view.graph.items.silently()]

    def write(path: str, template: str, values: dict[str, Any]) -> str:
        return _write(docs, path, environment, template, view, others, redact, values)

    def write_item(item: Item) -> Any:
        values = {"item": item, "kind": view.types[item.type], "title": view.title(item.id), "ref": item.id}
        text = write(_page_of(view, item), f"{item.type}.md.j2", values)
        if books.has_chapter(item):
            chapter = paper.chapter_file(books.chapter(redact(environment.globals["sides"].for_paper(text)), item))
            docs.put(view.chapter_file(item.id), chapter)
        return search.part(view, item)

    def write_group(make: Callable[[], Iterable[indexes.Page]]) -> Any:
        rows = [*make()]
        for row in rows:
            write(*row)
        return [_told(path, values) for path, _, values in rows]

    def write_beside(make: Callable[[], Iterable[tuple[str, bytes]]]) -> None:
        for path, data in make():
            docs.put(path, redact(data.decode()).encode())

    groups = {f"group {name}": partial(write_group, partial(make, view)) for name, make in indexes.groups()}
    roles = view.of_type("role")
    books_of = {f"handbook {role.id}": partial(write_group, partial(paper.pages, books, role)) for role in roles}
    pages = {f"item {item.id}": partial(write_item, item) for item in items}
    beside = {f"files {name}": partial(write_beside, make) for name, make in files.makers(view).items()}

    alone = {**groups, **beside, **books_of}
    found = _made({**alone, **pages}, docs, kept, partial(_warm, view, environment), progress)
    listed = [row for name in alone for row in found[name] or ()]
    index = [(path, title, kind) for path, title, kind, quiet in listed if not quiet]
    parts = [part for name in pages for part in found[name]]

    def write_bundle(make: Callable[[], tuple[Any, dict[str, bytes]]]) -> Any:
        plain, files = make()
        write_beside(files.items)
        return plain

    def write_rest(bundles: Mapping[str, Any]) -> None:
        store, key = view.loaded.root / shelf.FOLDER / f"search-{view.language}", shelf.tool_key()
        names, said = shelf.read(store, key) or ((), None)
        of = [kept.former(name) for name in names] if kept is not None else []
        before = (said, of) if of and None not in of else None
        found, gathered = search.files(view, bundles.values(), before)
        write_beside(found.items)
        shelf.write(store, key, (list(bundles), gathered))

    def write_search() -> None:
        docs.was_left(kept.files_of("search") if kept is not None else {})
        # What each is made of, as far as it is not read from items, stands in its name.
        first = {f"search pages {shelf.digest(index).hex()}": partial(search.parts_of_pages, view, index)}
        (of_pages,) = _made(first, docs, kept, _nothing, _nothing).values()
        makers = search.bundles(view, [*of_pages, *parts])
        bundles = {f"search {name}": partial(write_bundle, make) for name, make in makers.items()}
        made = _made(bundles, docs, kept, _nothing, _nothing)
        _made(
            {f"search all {shelf.digest(*made).hex()}": partial(write_rest, made)},
            docs,
            kept,
            _nothing,
            _nothing,
        )

    _copy_images(view.loaded, view, docs)
    paths = [*(row[0] for row in listed), *(_page_of(view, item) for item in items)]
    return [view.prefix + path for path in paths], write_search


def _told(path: str, values: Mapping[str, Any]) -> tuple[str, str, str, bool]:
    """What the search needs to know of a page that is not one item."""
    kind = values.get("kind")
    return path, str(values["title"]), kind.name if isinstance(kind, ItemType) else "", bool(values.get("quiet"))


def _made(
    makers: Mapping[str, Callable[[], Any]],
    docs: Folder,
    kept: Kept | None,
    warm: Callable[[], None],
    progress: Callable[[int], None],
) -> dict[str, Any]:
    """Take over from the build before what can be, let processes make the rest; return what else is known of each.

    What is about one item has its id at the end of its name; ``warm`` makes ready what several processes share.
    """
    said: dict[str, Any] = {}
    todo = []
    for name in makers:
        if kept is not None and kept.holds(name, name.rsplit(" ", 1)[-1]):
            files, said[name] = kept.take(name)
            docs.keep(files)
        else:
            said[name] = None
            todo.append(name)
    if not todo:
        return said
    most = how_many(len(todo))
    if most > 1:
        warm()
    seen = set(tracking.kept_cells)

    def make(name: str) -> Any:
        with docs.noting() as files:
            return files, *made_with(makers[name], seen), codes.drawn()

    with contextlib.closing(Hands(make, most)) as several:
        made = several.do(todo, progress)
    for name, (files, known, held, news, squares) in zip(todo, made, strict=True):
        learn(news)
        codes.learn(squares)
        docs.keep(files)
        said[name] = known
        if kept is not None:
            kept.add(name, held, files, known)
    return said


def _nothing(*_: object) -> None:
    """Do nothing."""


def _page_of(view: View, item: Item) -> str:
    return view.page_of(item.id) + ".md"


def _warm(view: View, environment: Any) -> None:
    """Read the templates, and what many pages ask, before processes are started, or each would do so."""
    types = {item.type for item in view.graph.items.silently()}
    beside = {name for name in environment.list_templates() if not name.startswith(("evidence/", "item.md"))}
    own = {f"{name}.md.j2" for name in view.types}
    for name in sorted((beside - own) | {f"{name}.md.j2" for name in types}):
        environment.get_template(name)
    with tracking.listening():
        _ = view.terms, view.by_file_name, view.claims


def environment_of(view: View) -> Any:
    """Return the templates, with what they may ask."""
    import jinja2

    from qmsctl.pages.compiled import compiled
    from qmsctl.pages.sandbox import Sandbox

    @jinja2.pass_context  # so that a constant text is not turned into HTML once for all views
    def prose(_context: Any, text: object, page: str = "") -> Any:
        return prose_html(view, str(text or ""), page)

    said = view.words.table.get

    def t(text: object, **values: Any) -> Any:
        return view.t(text, **values) if values or type(text) is not str else said(text, text)

    folders = [view.loaded.root / "item_types", HERE.parent / "item_types", HERE / "templates"]
    environment = Sandbox(
        loader=_Fallback([str(folder) for folder in folders]),
        autoescape=True,
        comment_start_string="{!#",  # {#key} is an anchor in Markdown
        comment_end_string="#!}",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        bytecode_cache=compiled(),
        auto_reload=False,  # nobody writes templates while they are used
    )
    sides = paper.Sides()
    # A blank line would end a block of HTML, and what follows would be read as Markdown.
    environment.filters.update(line=lambda text: " ".join(str(text or "").split()))
    environment.filters.update(md=_heading, prose=prose, screen=sides.screen)
    environment.globals.update(
        paper=paper.Paper(view),
        sides=sides,
        v=view,
        t=t,
        flow_of=partial(flow_of, view),
        turtle_of=partial(turtle_of, view),
    )
    return environment


def _heading(text: object) -> Any:
    """Write text for a Markdown heading: every sign that could mean something becomes a reference."""
    from markupsafe import Markup

    return Markup("".join(c if c.isalnum() or c in " ,;" else f"&#{ord(c)};" for c in " ".join(str(text).split())))


def _Fallback(folders: list[str]) -> Any:
    """A loader that falls back to the general page for a type without a template of its own."""
    import jinja2

    class Loader(jinja2.FileSystemLoader):
        def get_source(self, environment: jinja2.Environment, template: str) -> Any:
            try:
                return super().get_source(environment, template)
            except jinja2.TemplateNotFound:
                if template.endswith(".md.j2") and template != "item.md.j2":
                    return super().get_source(environment, "item.md.j2")
                raise

    return Loader(folders)


def _write(
    docs: Folder,
    path: str,
    environment: Any,
    template: str,
    view: View,
    others: list[View],
    redact: Redactor,
    values: dict[str, Any],
) -> str:
    """Write one page; return its text with the marks of what only the screen shows."""
    view.begin_page()
    name = path.removesuffix(".md")
    page = view.prefix + name
    made: str = environment.get_template(template).render(page=page, **values)
    text = environment.globals["sides"].for_screen(made)
    text = f"{text.strip()}\n\n{environment.get_template('feedback.md.j2').render(page=page, **values)}"
    facts: dict[str, Any] = {
        "title": harmless(str(values["title"])),
        "path": page,
        "section": section_of(name, values.get("kind")),
        "language": view.language,
    }
    if view.prefix:
        facts["prefix"] = view.prefix
    if others:
        facts["translations"] = {other.language: other.relative(name, page) for other in others}
    facts["paper"] = paper.style(environment.globals["paper"], values)
    if values.get("plain"):
        facts["plain"] = True
    # JSON is YAML; so no title can be more than a title.
    front = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in facts.items())
    # Redlines and messages come from the history; what this audience may not see is named there too.
    docs.put(view.prefix + path, redact(f"---\n{front}---\n\n{text.strip()}\n").encode())
    return made


SECTIONS = {"documents": "documents", "people": "roles", "risks": "risks", "compliance": "compliance"}
SECTIONS |= {"strategy": "strategy", "processes": "processes", "measures": "performance"}


def section_of(page: str, kind: ItemType | None) -> str:
    """The entry of the navigation under which a page lies."""
    if kind is None:
        return "compliance" if page.startswith("compliance/") else page
    if page.startswith("registers/"):
        return "registers"
    return (
        "performance"
        if kind.name in ("kpi", "kpi-log", "data-source")
        else SECTIONS.get(str(kind.schema.get("x-group")), "registers")
    )


def _copy_images(loaded: Loaded, view: View, docs: Folder) -> None:
    """Copy pictures that bodies name, if they lie inside the repository."""
    for item in loaded.qms.items.values():
        for link in body_links(item):
            file = file_of(link.target, (loaded.root / item.path).parent, loaded.root) if link.image else None
            if file is not None:
                folder = view.page_of(item.id).rpartition("/")[0]
                docs.put(f"{view.prefix}{folder}/{published(link.target)}", file.read_bytes())


def _copy_rows(view: View, docs: Folder) -> None:
    """Copy the rows behind values, so that a reader gets from a red dot to what it was made of."""
    if view.performance is None:
        return
    folder = view.types["kpi"].folder
    for kpi in view.performance.measures.definitions:
        docs.copy(view.performance.rows_folder(kpi), f"{folder}/rows/{kpi}")
