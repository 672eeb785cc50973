"""MkDocs from the inside: its own functions, called for some pages, in several processes, with less to parse.

Everything that leans on how MkDocs and Python-Markdown work within is here and nowhere else, for the versions named
below; with others, or with settings that let pages depend on each other in ways not seen here, the plain program
builds. What comes out is the same, byte for byte: tests compare whole folders.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import logging
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import Any, TextIO

from jinja2.runtime import Context
from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import nest_toc_tokens
from markdown.preprocessors import HtmlBlockPreprocessor
from mkdocs.__main__ import State, _enable_warnings
from mkdocs.commands import build as steps
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.structure import files as files_module
from mkdocs.structure import pages as page_module
from mkdocs.structure.files import File, Files, InclusionLevel, get_files, set_exclusions
from mkdocs.structure.nav import Navigation, Section, get_navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import get_toc
from mkdocs.utils import CountHandler, get_build_date, get_build_datetime, markdown_extensions

from qmsctl import plain

VERSIONS = {"mkdocs": ("1.6",), "markdown": ("3.",), "jinja2": ("3.",)}
"""The versions whose inner parts are known, by how they begin."""
OTHERS = ("mkdocs-material", "pymdown-extensions", "pyyaml")
"""What else a page is made by."""
INDEPENDENT = {"toc", "tables", "fenced_code", "attr_list", "admonition", "def_list", "abbr", "footnotes"}
INDEPENDENT |= {"sane_lists", "smarty", "nl2br", "md_in_html"}
"""Extensions of Markdown that read nothing but the page."""
THEMES = (None, "material", "mkdocs", "readthedocs")
"""Themes of the packages above."""
LATE = "assets/search/"
"""The files below make no page another one, and may come when all others are there."""
DOCS, THEME = Path("build", "docs"), Path("build", "theme")
"""Where pages, and the templates around them, usually lie."""
ALL = "*"
"""What a page depends on that shows a list of all pages."""
NOW = "!"
"""What a page depends on that shows the moment it was built."""
TODAY = "@"
"""What a page depends on that shows the day it was built."""
MANY = 100
"""If a page shows more than so many others, it counts as showing all: a list of them for every page is quadratic."""
_UNUSUAL = re.compile(r"^/|/$|//|(^|/)\.(/|$)")
"""In names of files: what the same file could also be called without."""
_WIDE = {"pages": ALL, "build_date_utc": NOW}
_STRUCTURE = frozenset({"url", "abs_url", "canonical_url", "edit_url", "is_homepage", "is_index", "is_top_level", "is_page", "is_section", "is_link", "children", "parent", "ancestors", "active", "previous_page", "next_page"})  # fmt: skip
"""What follows from the configuration and the names of files alone."""
_CONTENT = frozenset({"markdown", "content", "toc", "meta", "title", "_title_from_render", "present_anchor_ids", "links_to_anchors"})  # fmt: skip
"""What is only known when a page was read."""

Said = list[tuple[str, int, str]]
"""What was logged: (logger, level, message)."""


@dataclass
class Rendered:
    """What is known of a page after it was rendered; plain data, for it comes from another process."""

    uri: str
    source: tuple[int, int, int]
    digest: str
    asked: dict[str, bool]
    links: dict[str, dict[str, str]]
    shows: list[str]
    reading: Said = field(default_factory=list)
    building: Said = field(default_factory=list)


class _Listener(logging.Handler):
    """Keeps what MkDocs says about one page, so that it is said in order, or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.said: Said = []
        self.deaf = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self.deaf:
            self.said.append((record.name, record.levelno, record.getMessage()))

    def taken(self) -> Said:
        said, self.said = self.said, []
        return said


class _Blocks(HtmlBlockPreprocessor):
    """Puts blocks of HTML aside as Python-Markdown does, without parsing those that are plain."""

    def run(self, lines: list[str]) -> list[str]:
        parts = plain.parts("\n".join(lines), self.md.is_block_level)
        if parts is None:
            return super().run(lines)
        text = []
        for number, (is_block, part) in enumerate(parts):
            if not is_block:
                text.append(part)
                continue
            # The parser keeps one line end with a block if a blank line follows.
            blank = parts[number + 1][1].startswith("\n\n")
            text += ["\n", self.md.htmlStash.store(part + "\n" if blank else part), "\n\n"]
        return "".join(text).split("\n")


class _Quick(Extension):
    """Swaps the parser of HTML blocks, unless an extension brought one of its own."""

    def extendMarkdown(self, md: Any) -> None:  # the name is Python-Markdown's
        if type(md.preprocessors["html_block"]) is HtmlBlockPreprocessor:
            md.preprocessors.register(_Blocks(md), "html_block", 20)


class _Anchors(page_module._RawHTMLPreprocessor):
    """Collects the anchors inside of HTML only where a link asks for them: that takes as long as all of the rest."""

    wanted = False

    def run(self, lines: list[str]) -> list[str]:
        return super().run(lines) if _Anchors.wanted else lines


class _Asked(Files):
    """The files of a site; keeps what a page asked about them."""

    def __init__(self, files: Files) -> None:
        self._src_uris = files._src_uris
        self.answers: dict[str, bool] = {}

    def get_file_from_path(self, path: str) -> File | None:
        found = super().get_file_from_path(path)
        self.answers[path] = found is not None
        return found


class _Watched(Page):
    """A page that tells what others show of it, and is read when they do. A plain one is read without Python-Markdown."""

    levels = range(0)
    """The levels of headings that its contents list; none where pages are not read that way."""

    def read_source(self, config: MkDocsConfig) -> None:
        meta = _facts(self.file.content_string)
        if meta is None:
            super().read_source(config)
        else:
            self.markdown, self.meta = meta

    def render(self, config: MkDocsConfig, files: Files) -> None:
        quick = not _Anchors.wanted and len(self.levels) and "title" in self.meta
        found = plain.read(self.markdown or "") if quick else None
        if found is None:
            super().render(config, files)
            return
        self.content, headings = found
        listed = [h for h in headings if h.level in self.levels]
        tokens: list[Any] = [{"level": h.level, "id": h.anchor, "name": h.text} for h in listed]
        self.toc = get_toc(nest_toc_tokens(tokens))
        self.present_anchor_ids = {h.anchor for h in headings}
        self.links_to_anchors = {}

    def __getattribute__(self, name: str) -> Any:
        site = _watching
        if site is None:
            return object.__getattribute__(self, name)
        watch(None)  # what a property looks at itself does not count
        try:
            if name not in _STRUCTURE and not name.startswith("__"):
                site.note(self, name)
            return object.__getattribute__(self, name)
        finally:
            watch(site)


def _facts(source: str) -> tuple[str, dict[str, Any]] | None:
    """Split a page whose head is lines of JSON from what follows; None if YAML could see something else in it."""
    head, end, rest = source.partition("\n---\n")
    if not end or not head.startswith("---\n"):
        return None
    found: dict[str, Any] = {}
    for line in head[4:].split("\n"):
        name, _, value = line.partition(": ")
        escapes = value.replace("\\\\", "")
        # Numbers, signs that cannot be seen and rare escapes are where the two differ.
        if (
            not name.isalpha()
            or name.lower() in _WORDS
            or not line.isprintable()
            or "\\u" in escapes
            or "\\/" in escapes
        ):
            return None
        try:
            found[name] = json.loads(value)
        except ValueError:
            return None
        texts = found[name].values() if isinstance(found[name], dict) and len(value) < 1000 else [found[name]]
        if not all(isinstance(text, str | bool) for text in texts):
            return None
    return rest.lstrip("\n"), found


_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Names that are none to YAML, in whatever case."""
_watching: Site | None = None


def watch(site: Site | None) -> None:
    """Note from now on what is shown of pages, or nothing any more."""
    global _watching  # noqa: PLW0603 -- asked for every attribute of every page
    _watching = site


class _Listing:
    """The files of a theme, without folders that MkDocs leaves out: Material keeps 14,000 icons in one."""

    def __init__(self, folders: Sequence[str]) -> None:
        self.folders = folders

    def list_templates(self, filter_func: Callable[[str], bool]) -> list[str]:
        found: set[str] = set()
        for folder in self.folders:
            for here, below, names in os.walk(folder):
                below[:] = [name for name in below if name[0] != "."]
                relative = os.path.relpath(here, folder)
                found.update(PurePath(relative, name).as_posix() for name in names)
        return [name for name in sorted(found) if filter_func(name)]


class _File(File):
    """A file; the name it is found by is mostly what MkDocs would make of it."""

    @property
    def src_path(self) -> str:
        return os.path.normpath(self.src_uri)

    @src_path.setter
    def src_path(self, value: str) -> None:
        name = value.removeprefix("./")
        plain = os.sep == "/" and name and not _UNUSUAL.search(name)
        self.src_uri = name if plain else PurePath(value).as_posix()


class _Context(Context):
    """The names a template sees; tells when one is used that stands for more than the page."""

    def resolve_or_missing(self, key: str) -> Any:
        if _watching is not None and key in _WIDE:
            _watching.shown.add(_WIDE[key])
        return super().resolve_or_missing(key)


class _Text(io.BytesIO):
    """What a file will hold."""

    def __init__(self, place: Path, text: str) -> None:
        super().__init__(text.encode())
        self.name = str(place)


@dataclass(frozen=True)
class Seen:
    """What a `Site` is made from before it is built: a fingerprint of it, and late files, of which others may take the place.

    Pages count by their names alone, for they are read later.
    """

    mark: str = ""
    late: frozenset[str] = frozenset()


def seen(root: Path, text: str) -> Seen | None:
    """Look at all that a site is made from; None where there is nothing yet. Raises OSError."""
    if not all((root / name).is_dir() for name in (DOCS, THEME)) or "INHERIT" in text:
        return None
    rows = [text, get_build_date()]
    late = set()
    docs = str(root / DOCS)
    for here, below, names in os.walk(docs, followlinks=True):
        below.sort()
        folder = here[len(docs) + 1 :].replace(os.sep, "/")
        for name in sorted(names):
            uri = f"{folder}/{name}" if folder else name
            if uri.startswith(LATE) and not uri.endswith((*markdown_extensions, ".html")):
                late.add(uri)
            else:
                rows.append(uri)
    rows += [f"{name} {content}" for name, content in _contents(root / THEME)]
    return Seen(digest_of("\n".join(rows).encode("utf-8", "surrogatepass")), frozenset(late))


class Site:
    """One site: its configuration, files, navigation and templates. Raises Abort with what MkDocs objects to.

    With ``text`` the configuration is that, whatever its file holds.
    """

    def __init__(self, configuration: Path, text: str | None = None) -> None:
        # As the program `mkdocs build` does: where and how messages are written.
        self.output = State()  # type: ignore[no-untyped-call]
        self.output.stream.setFormatter(logging.Formatter("%(levelname)-8s-  %(message)s"))  # as without a terminal
        _enable_warnings()  # type: ignore[no-untyped-call]
        self.listener = _Listener()
        self.log = logging.getLogger("mkdocs")
        self.counter = CountHandler()
        self.counter.setLevel(logging.WARNING)
        source = str(configuration) if text is None else _Text(configuration, text)
        self.config: MkDocsConfig = load_config(config_file=source, strict=True)
        self.objection = _objection(self.config)
        self.current: Page | None = None
        self.shown: set[str] = set()
        self.pages: Sequence[File] = ()
        self.statics: list[File] = []

    def is_usual(self, root: Path) -> bool:
        """Whether what it is made from is what `seen` looks at."""
        places = [root / DOCS, root / THEME]
        return [self.config.docs_dir, self.config.theme.custom_dir] == [*map(str, places)]

    def prepare(self) -> None:
        """Do what else can be done before pages are there: addresses, templates."""
        for file in self.pages:
            _ = file.abs_src_path, file.abs_dest_path, file.url
        for name in ("main.html", *self.config.theme.static_templates):
            self.env.get_template(name)

    def exchange(self, gone: Collection[str], come: Collection[str]) -> bool:
        """Take late files out and others in, none of them a page; tell whether that is all that changes by it."""
        config = self.config
        for uri in (*gone, *come):
            if any(Path(folder, uri).exists() for folder in config.theme.dirs):
                return False
        for uri in gone:
            self.files.remove(self.files.src_uris[uri])
        new = [File(uri, config.docs_dir, config.site_dir, config.use_directory_urls) for uri in sorted(come)]
        set_exclusions(new, config)
        for file in new:
            self.files.append(file)
        # What comes may have been found already: it was looked for after `seen` had looked.
        self.statics = [file for file in self.statics if file.src_uri not in gone and file.src_uri not in come]
        self.statics += filter(_is_static, new)
        return True

    def speak(self, stream: TextIO) -> None:
        """Say from now on there what is to be said."""
        self.output.stream.setStream(stream)

    def survey(self) -> None:
        """Find all files, the navigation and the templates."""
        config = self.config
        self.log.addHandler(self.counter)
        files_module.File = _File  # type: ignore[misc]  # a class in place of another
        self.files = get_files(config)
        self.env = config.theme.get_env()
        self.env.context_class = _Context
        self.files.add_files_from_theme(_Listing(config.theme.dirs), config)  # type: ignore[arg-type]
        set_exclusions(self.files, config)
        self.nav: Navigation = get_navigation(self.files, config)
        self.pages = self.files.documentation_pages()
        self.statics = [file for file in self.files if _is_static(file)]
        self.quick = copy.copy(config)
        self.quick["markdown_extensions"] = [*config.markdown_extensions, _Quick()]
        page_module._RawHTMLPreprocessor = _Anchors  # type: ignore[misc]  # a class in place of another
        _Watched.levels = _levels(config)
        for file in self.pages:
            assert file.page is not None
            file.page.__class__ = _Watched

    def crowded(self) -> bool:
        """Whether two files would be written to the same place, where the order decides which one stays."""
        places = [f.dest_uri for f in (*self.pages, *self.statics)]
        places += [*self.config.theme.static_templates, "sitemap.xml.gz"]
        return len({place.casefold() for place in places}) != len(places)

    def settings(self) -> list[object]:
        """What every page is made by: versions, configuration, navigation, templates."""
        config = {name: repr(value) for name, value in sorted(self.config.items()) if name not in ("plugins", "theme")}
        theme = self.config.theme
        package = [str(folder) for folder in theme.dirs]
        facts = [sorted(theme.items(), key=str), theme.name, theme.custom_dir, package, str(theme.locale)]
        own = _contents(Path(theme.custom_dir)) if theme.custom_dir else []
        return [versions(), config, repr(facts), own, _structure(self.nav.items)]

    def note(self, page: Page, name: str) -> None:
        """Note that something of a page is shown, and see to it that it is there."""
        known = vars(page)
        if name == "update_date":
            self.shown.add(TODAY)
        elif page is not self.current and not (name == "title" and "title" in known):
            self.shown.add(page.file.src_uri)
            if name in _CONTENT and known["content"] is None:
                self.read(page)

    def read(self, page: Page) -> None:
        """Read a page that another one shows; what is to be said about it is said when its own turn comes."""
        deaf, self.listener.deaf = self.listener.deaf, True
        try:
            with self.listening():
                steps._populate_page(page, self.quick, self.files)
        finally:
            self.listener.deaf = deaf

    @contextmanager
    def listening(self) -> Iterator[_Listener]:
        """Keep what MkDocs says instead of saying it."""
        handlers, self.log.handlers = self.log.handlers, [self.listener]
        try:
            yield self.listener
        finally:
            self.log.handlers = handlers

    def render(self, file: File) -> Rendered:
        """Render one page and write it; return what it was made from."""
        page, place = file.page, str(file.abs_src_path)
        assert page is not None
        found = os.stat(place)
        with open(place, "rb") as stream:
            data = stream.read()
        # Read once, so that what is rendered is what the checksum is of; as MkDocs reads it.
        file._content = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        asked = _Asked(self.files)
        with self.listening() as listener:
            try:
                steps._populate_page(page, self.quick, asked)
                reading = listener.taken()
                self.shown, self.current = set(), page
                watch(self)
                steps._build_page(page, self.config, self.pages, self.nav, self.env)
            finally:
                watch(None)
                self.current = None
                building = listener.taken()
        links = {to.src_uri: dict(found) for to, found in (page.links_to_anchors or {}).items()}
        # Other pages may need the memory.
        file._content = page.content = page.markdown = page.links_to_anchors = None
        page.toc = []  # type: ignore[assignment]
        return Rendered(
            file.src_uri,
            stamp(found),
            digest_of(data),
            asked.answers,
            links,
            sorted(self.shown if len(self.shown) <= MANY else {ALL, *self.shown & {NOW, TODAY}}),
            reading,
            building,
        )

    def read_anchors(self, file: File) -> None:
        """Find the places of a page that can be linked to."""
        assert file.page is not None
        _Anchors.wanted = True
        try:
            self.read(file.page)
        finally:
            _Anchors.wanted = False

    def now(self, exactly: bool) -> str:
        """The day or the moment that MkDocs shows as that of the build."""
        return str(get_build_datetime()) if exactly else get_build_date()

    def knows(self, path: str) -> bool:
        """Whether there is a file of that name, as links see it."""
        return PurePath(path).as_posix() in self.files.src_uris

    def write_templates(self) -> set[str]:
        """Write what the theme adds to the pages; return what it shows of them."""
        self.shown = set()
        watch(self)
        try:
            for template in self.config.theme.static_templates:
                steps._build_theme_template(template, self.env, self.files, self.config, self.nav)
        finally:
            watch(None)
        return self.shown

    def check_links(self, file: File, links: dict[str, dict[str, str]]) -> bool:
        """Say which links of a page lead to places that are not there; return whether all was well."""
        assert file.page is not None
        file.page.links_to_anchors = {self.files.src_uris[uri]: to for uri, to in links.items()}
        with self.listening() as listener:
            file.page.validate_anchor_links(files=self.files, log_level=self.config.validation.links.anchors)
            said = listener.taken()
        say(said)
        return not said

    def finish(self) -> None:
        """Fail as MkDocs does if anything was objected to."""
        self.log.removeHandler(self.counter)
        if counts := self.counter.get_counts():
            raise Abort(f"Aborted with {', '.join(f'{v} {k.lower()}s' for k, v in counts)} in strict mode!")


def _is_static(file: File) -> bool:
    return not file.is_documentation_page() and InclusionLevel.is_included(file.inclusion)  # type: ignore[no-untyped-call]


def say(said: Said) -> None:
    """Say what was kept."""
    for name, level, message in said:
        logging.getLogger(name).log(level, message)


def digest_of(data: bytes) -> str:
    """A fingerprint of a file."""
    return hashlib.sha256(data).hexdigest()


def stamp(found: os.stat_result) -> tuple[int, int, int]:
    """What changes when a file is written."""
    return found.st_size, found.st_mtime_ns, found.st_ino


def versions() -> dict[str, str]:
    """What pages are made by."""
    found = {}
    for name in (*VERSIONS, *OTHERS):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def _objection(config: MkDocsConfig) -> str:
    """Why the plain program has to build; nothing if there is no reason."""
    found = versions()
    for name, known in VERSIONS.items():
        if not found[name].startswith(known):
            return f"{name} {found[name]} is not known"
    if config.plugins:
        return "plugins are set"
    if config.hooks:
        return "hooks are set"
    if config.extra_templates:
        return "extra templates are set"
    if config.theme.name not in THEMES:
        return f"the theme {config.theme.name} is not known"
    other = [
        name for name in config.markdown_extensions if name.removeprefix("markdown.extensions.") not in INDEPENDENT
    ]
    return f"the Markdown extension {other[0]} is not known" if other else ""


_SAMPLE = (
    '# A&#58; b\n\n<p>one</p>\n<div id="x">\n<b>&#45;</b></div>\n\n## B &#40;c&#41; {#b.c}\n\n<p>two</p><p>three</p>\n'
)


def _levels(config: MkDocsConfig) -> range:
    """The levels of headings that contents list, if plain pages come out as `plain` makes them; else none."""
    names = {name.removeprefix("markdown.extensions.") for name in config.markdown_extensions}
    given = config.mdx_configs or {}
    if not names <= {"toc", "tables", "fenced_code", "attr_list"} or given.keys() - {"toc"}:
        return range(0)
    if given.get("toc", {}).keys() - {"permalink", "toc_depth"}:
        return range(0)
    reader = Markdown(extensions=config.markdown_extensions, extension_configs=given)
    made = plain.read(_SAMPLE)
    if made is None or reader.convert(_SAMPLE) != made[0]:
        return range(0)
    toc: Any = reader.treeprocessors["toc"]
    return range(toc.toc_top, toc.toc_bottom + 1)


def _contents(folder: Path) -> list[tuple[str, str]]:
    """The files of a folder, each with its fingerprint."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return sorted((str(file.relative_to(folder)), digest_of(file.read_bytes())) for file in found)


def _structure(items: Any) -> list[object]:
    """The navigation as far as it does not come from pages: addresses, order and titles that were set."""
    found: list[object] = []
    for item in items or ():
        if isinstance(item, Section):
            found.append([item.title, _structure(item.children)])
        elif isinstance(item, Page):
            found.append((item.file.src_uri, vars(item).get("title")))
        else:
            found.append((item.title, item.url))
    return found
