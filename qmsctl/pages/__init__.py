"""Items to Markdown pages: everything a page shows, as files that any engine can build.

A page is Markdown headings with stable anchors and, between them, blocks of HTML. Values are escaped by
the template engine; prose is rendered and cleaned in `prose`. So what is safe does not depend on the engine.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from qmsctl.checks import Report
from qmsctl.loader import Loaded
from qmsctl.model import harmless
from qmsctl.pages import indexes
from qmsctl.pages.performance import Performance
from qmsctl.pages.prose import prose_html
from qmsctl.pages.publication import Publication
from qmsctl.pages.view import View

HERE = Path(__file__).parent
Progress = Callable[[int, int], None]


def write(
    loaded: Loaded,
    report: Report,
    today: str,
    target: Path,
    progress: Progress | None = None,
    control: Publication | None = None,
    performance: Performance | None = None,
) -> list[str]:
    """Write all pages and assets to ``target`` and the theme beside it; return the paths of the pages.

    With ``control`` the pages show approvals and revisions, with ``performance`` values and charts. Everything is written into a sibling folder first
    and swapped in at the end.
    """
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    view = View(loaded, report, today, control, performance)
    environment = _environment(loaded, view)
    pages = list(indexes.pages(view))
    items = list(loaded.qms.items.values())
    written = []
    for number, (path, template, values) in enumerate(pages):
        written.append(_write(fresh, path, environment, template, view, values))
        if progress is not None:
            progress(number, len(pages) + len(items))
    for number, item in enumerate(items):
        template = f"{item.type}.md.j2"
        values = {"item": item, "kind": loaded.types[item.type], "title": view.title(item.id), "ref": item.id}
        written.append(_write(fresh, view.page_of(item.id) + ".md", environment, template, view, values))
        if progress is not None and number % 20 == 0:
            progress(len(pages) + number, len(pages) + len(items))
    _copy(HERE / "assets", fresh / "assets")
    _copy(loaded.root / "site" / "assets", fresh / "assets")
    _copy(loaded.root / "site" / "pages", fresh)
    _copy_images(loaded, view, fresh)
    _copy_rows(view, fresh)
    _theme(loaded, view, target.with_name("theme"))
    _swap(fresh, target)
    return written


def _environment(loaded: Loaded, view: View) -> Any:
    import jinja2
    from jinja2.sandbox import SandboxedEnvironment

    folders = [loaded.root / "item_types", HERE.parent / "item_types", HERE / "templates"]
    environment = SandboxedEnvironment(
        loader=_Fallback([str(folder) for folder in folders]),
        autoescape=True,
        comment_start_string="{!#",  # {#key} is an anchor in Markdown
        comment_end_string="#!}",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    # A blank line would end a block of HTML, and what follows would be read as Markdown.
    environment.filters.update(line=lambda text: " ".join(str(text or "").split()))
    environment.filters.update(md=_heading, prose=lambda text, page="": prose_html(view, str(text or ""), page))
    environment.globals.update(v=view)
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


def _write(root: Path, path: str, environment: Any, template: str, view: View, values: dict[str, Any]) -> str:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    page = path.removesuffix(".md")
    text = environment.get_template(template).render(page=page, **values)
    front = "---\ntitle: " + json.dumps(harmless(str(values["title"])), ensure_ascii=False) + "\n"
    front += "hide:\n  - navigation\n" + ("" if "item" in values else "  - toc\n")
    front += "search:\n  exclude: true\n" if values.get("quiet") else ""
    file.write_text(f"{front}---\n\n{text.strip()}\n", encoding="utf-8")
    return path


def _copy(source: Path, target: Path) -> None:
    """Copy a folder as it is; links are left out, for they could show any file of this machine."""

    def unwanted(folder: str, names: list[str]) -> set[str]:
        return {n for n in names if n.startswith(".") or n.endswith(".j2") or (Path(folder) / n).is_symlink()}

    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=unwanted)


def _copy_images(loaded: Loaded, view: View, target: Path) -> None:
    """Copy pictures that bodies name, if they lie inside the repository."""
    from qmsctl import body

    root = loaded.root.resolve()
    for item in loaded.qms.items.values():
        for link in body.links(item.body, item.body_line) if item.body else ():
            file = (loaded.root / item.path).parent / link.target
            if link.image and ":" not in link.target and file.resolve().is_relative_to(root) and file.is_file():
                place = target / view.page_of(item.id)
                to = place.parent / PurePosixPath(link.target).name
                shutil.copyfile(file, to)


def _copy_rows(view: View, target: Path) -> None:
    """Copy the rows behind values, so that a reader gets from a red dot to what it was made of."""
    if view.performance is None:
        return
    folder = view.types["kpi"].folder
    for kpi in view.performance.measures.definitions:
        _copy(view.performance.rows_folder(kpi), target / folder / "rows" / kpi)


def _theme(loaded: Loaded, view: View, target: Path) -> None:
    """Write the theme's overrides, with the day on which the pages were made."""
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted((HERE / "theme").rglob("*.html")):
        text = file.read_text(encoding="utf-8").replace("@@ANNOUNCE@@", _announcement(view))
        place = target / file.relative_to(HERE / "theme")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    _copy(loaded.root / "site" / "theme", target)


def _mark(text: str) -> str:
    """A watermark for paper: what is printed must not be taken for what is in force."""
    return f'<div class="qms-mark" aria-hidden="true">{text}</div>'


def _announcement(view: View) -> str:
    """Say above every page what it shows and as of when; the browser warns when that is out of date."""
    day = f'<time datetime="{view.today}">{view.long_day(view.today)}</time>'
    fixed = " data-fixed" if view.loaded.config.as_of else ""
    control = view.control
    if control is None:
        what = "<strong>Preview.</strong> The files as they lie in the folder; revisions and approvals were not judged."
        return f'<div class="qms-asof" data-day="{view.today}"{fixed}>{what} As of {day}.</div>'
    if control.preview:
        what = "<strong>Preview.</strong> Proposed texts, not what is in force."
        return f'{_mark("Preview")}<div class="qms-asof qms-preview" data-day="{view.today}"{fixed}>{what} As of {day}.</div>'
    if control.past:
        what = f"<strong>Not current.</strong> What was in force on {day}."
        return (
            f'{_mark("Not current")}<div class="qms-asof qms-preview" data-day="{view.today}" data-fixed>{what}</div>'
        )
    soon = f' data-next="{control.next_day}"' if control.next_day else ""
    return f'<div class="qms-asof" data-day="{view.today}"{soon}{fixed}>What is in force on {day}.</div>'


def _swap(fresh: Path, target: Path) -> None:
    old = target.with_name(target.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
