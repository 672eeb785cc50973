"""The quick way to build the intranet gives what `mkdocs build` gives, byte for byte, whatever happened before."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import markdown
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mkdocs.structure.files import File
from mkdocs.utils import meta

from benchmarks.generator import generate
from qmsctl import checks, engines, pages
from qmsctl.engines import _drive, mkdocs, mkdocs_internals
from qmsctl.loader import load
from qmsctl.plain import parts, read
from tests.conftest import REPOSITORY, TODAY
from tests.sites import proof

Folder = dict[str, bytes]
__all__ = ["proof"]

CONFIGURATION = (REPOSITORY / "qmsctl" / "pages" / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[
    0
] + "\n"
NAV = "nav:\n  - Start: index.md\n  - first.md\n  - More:\n      - second.md\n      - Third one: third.md\n"
THEME = """<!doctype html><title>{{ page.title if page }} · {{ config.site_name }}</title>
{% for style in config.extra_css %}<link href="{{ style | url }}">{% endfor %}
<nav>{% for entry in nav %}<a href="{{ entry.url | url if entry.url }}">{{ entry.title }}</a>{% endfor %}</nav>
{% if page and page.next_page %}<a href="{{ page.next_page.url | url }}">{{ page.next_page.title }}</a>{% endif %}
<ul>{% if page %}{% for entry in page.toc %}<li>{{ entry.title }}</li>{% endfor %}{% endif %}</ul>
{% block content %}{{ page.content if page }}{% endblock %}
"""
PAGES = {
    "index.md": '---\ntitle: "Start here"\n---\n\n# Start\n\nTo [first](first.md#one) and [below](folder/deep.md).\n\n<div>\n<p id="raw">x</p>\n</div>\n',
    "first.md": "# The first\n\n## One {#one}\n\nText with `<b>`, &amp; and &nbsp.\n\n<div>one</div>\n<div>two</div>\ntext\n",
    "second.md": "# The second\n\nBack to [raw](index.md#raw), [own](#own).\n\n## Own\n\n```\n<div>\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    "third.md": "No heading, <i>inline</i> and <!-- a comment --> here.\n\n<div>\n\nopen\n",
    "folder/deep.md": "\ufeff---\ntitle: Deep\n---\r\n# Deep\r\n\r\n<section><h3>a</h3></section>\r\n\r\n![picture](../assets/a.svg)\r\n",
    "folder/README.md": "# Folder\n\n[deep](deep.md)\n",
    "empty.md": "",
    "assets/a.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "assets/rows.js": "rows = 1\n",
    "assets/search/start.js": "start = 1\n",
    "assets/search/words.js": "words = 1\n",
}


@pytest.fixture(autouse=True)
def _same_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The map of the site holds the day: two builds around midnight would differ."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")  # what the theme says about itself depends on how it was started


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small site, of pages as people and templates write them."""
    folder = tmp_path / "qms"
    put(folder, "qms.yaml", "organisation: Example\n")
    put(folder, "mkdocs.yml", CONFIGURATION + NAV)
    put(folder, "build/theme/main.html", THEME)
    put(folder, "build/theme/assets/search/of-theme.js", "theme")
    put(folder, "build/theme/404.html", '{% extends "main.html" %}{% block content %}gone{% endblock %}')
    for name, text in PAGES.items():
        put(folder, f"build/docs/{name}", text)
    return folder


def put(root: Path, name: str, text: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())


def content(folder: Path) -> Folder:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def plain(root: Path) -> Folder:
    """What `mkdocs build` makes of the same sources."""
    place = root / "build" / "plain"
    shutil.rmtree(place, ignore_errors=True)
    file = engines.configuration(root, place)
    done = engines._program(mkdocs.command(file), root)
    assert done.returncode == 0, done.stderr
    return content(place)


def quick(root: Path) -> Folder:
    """What the quick way makes of them; it is an error if it was not taken."""
    said: list[str] = []
    place = engines.build(root, say=said.append)
    assert said == []
    return content(place)


def assert_same(root: Path) -> None:
    found, wanted = quick(root), plain(root)
    assert sorted(found) == sorted(wanted)
    assert [name for name in wanted if found[name] != wanted[name]] == []


def places(root: Path) -> dict[str, int]:
    """Which file on the disk each output is."""
    site = root / "build" / "site"
    return {f.relative_to(site).as_posix(): f.stat().st_ino for f in site.rglob("*") if f.is_file()}


def settle(root: Path) -> None:
    """Make everything look as if it was written an hour before."""
    for folder in ("docs", "site"):
        for file in (root / "build" / folder).rglob("*"):
            if file.is_file():
                when = file.stat().st_mtime_ns - 3600 * 10**9
                os.utime(file, ns=(when, when))


# --- the same output -----------------------------------------------------------------------------


def test_small_site(root: Path) -> None:
    assert_same(root)
    assert_same(root)


def test_generated_system(tmp_path: Path) -> None:
    """Pages as qmsctl writes them: enough of them for several processes; then one item is changed."""
    root = tmp_path / "qms"
    generate(root, 60)
    write(root)
    assert_same(root)
    first = places(root)
    file = next((root / "sops").glob("*.md"))
    file.write_text(file.read_text(encoding="utf-8") + "\nOne more sentence.\n", encoding="utf-8")
    write(root)
    assert_same(root)
    second = places(root)
    again = {name for name in first if second.get(name) == first[name] and name.endswith(".html")}
    assert len(again) > len([name for name in first if name.endswith(".html")]) / 2
    assert f"sops/{file.stem.partition(' ')[0]}.html" not in again


@pytest.mark.heavy
def test_reference_system(proof: Path, tmp_path: Path) -> None:
    root = tmp_path / "qms"
    shutil.copytree(proof, root, symlinks=True)
    shutil.rmtree(root / "build" / "cache")
    assert_same(root)
    assert_same(root)


def write(root: Path) -> None:
    loaded = load(root)
    pages.write(loaded, checks.run(loaded, TODAY), TODAY, root / "build" / "docs")


# --- after a change ------------------------------------------------------------------------------


def _same_length(root: Path) -> None:
    """An edit that size and time do not show, right after the build."""
    file = root / "build/docs/first.md"
    found = file.stat()
    put(root, "build/docs/first.md", PAGES["first.md"].replace("Text", "Tent"))
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))


def _new_docs(root: Path) -> None:
    """All sources written once more, as a page writer does that knows nothing of the ones before."""
    shutil.copytree(root / "build/docs", root / "build/docs.new")
    shutil.rmtree(root / "build/docs")
    (root / "build/docs.new").rename(root / "build/docs")


def _linked_docs(root: Path) -> None:
    """All sources linked from the ones before, one written anew."""
    shutil.copytree(root / "build/docs", root / "build/docs.new", copy_function=os.link)
    shutil.rmtree(root / "build/docs")
    (root / "build/docs.new").rename(root / "build/docs")
    (root / "build/docs/second.md").unlink()
    put(root, "build/docs/second.md", "# Linked\n")


def _output_is_a_link(root: Path) -> None:
    file = root / "build/site/first.html"
    put(root, "build/elsewhere.html", "other")
    file.unlink()
    file.symlink_to(root / "build/elsewhere.html")


def _damage(position: int) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        file = root / engines.STATE
        data = bytearray(file.read_bytes())
        data[position] ^= 1
        file.write_bytes(bytes(data))

    return damage


CHANGES: dict[str, Callable[[Path], None]] = {
    "nothing": lambda root: None,
    "a page": lambda root: put(root, "build/docs/first.md", PAGES["first.md"] + "\nmore\n"),
    "its title": lambda root: put(root, "build/docs/second.md", PAGES["second.md"].replace("The second", "Another")),
    "its front matter": lambda root: put(root, "build/docs/index.md", PAGES["index.md"].replace("here", "there")),
    "size and time as before": _same_length,
    "a new page": lambda root: put(root, "build/docs/folder/new.md", "# New\n\n[first](../first.md)\n"),
    "a page removed": lambda root: (root / "build/docs/empty.md").unlink(),
    "a page renamed": lambda root: (root / "build/docs/empty.md").rename(root / "build/docs/void.md"),
    "a page for a readme": lambda root: put(root, "build/docs/folder/sub/README.md", "# Sub\n"),
    "a page emptied": lambda root: put(root, "build/docs/folder/README.md", ""),
    "an asset": lambda root: put(root, "build/docs/assets/rows.js", "rows = 2\n"),
    "a new asset": lambda root: put(root, "build/docs/assets/more.js", "rows = 3\n"),
    "an asset removed": lambda root: (root / "build/docs/assets/rows.js").unlink(),
    "another search": lambda root: put(root, "build/docs/assets/search/start.js", "start = 2\n"),
    "more search": lambda root: put(root, "build/docs/assets/search/more.js", "more = 1\n"),
    "less search": lambda root: (root / "build/docs/assets/search/words.js").unlink(),
    "all sources written": _new_docs,
    "sources linked": _linked_docs,
    "the theme": lambda root: put(root, "build/theme/main.html", THEME.replace("<ul>", "<ol>")),
    "a file for the theme": lambda root: put(root, "build/theme/assets/own.css", "a {}"),
    "a title of the navigation": lambda root: put(root, "mkdocs.yml", CONFIGURATION + NAV.replace("Third", "3rd")),
    "no navigation": lambda root: put(root, "mkdocs.yml", CONFIGURATION),
    "a style": lambda root: put(root, "mkdocs.yml", CONFIGURATION + "extra_css: [own.css]\n" + NAV),
    "an extension": lambda root: put(
        root, "mkdocs.yml", CONFIGURATION.replace("  - attr_list", "  - attr_list\n  - sane_lists") + NAV
    ),
    "an address": lambda root: put(root, "mkdocs.yml", CONFIGURATION + "site_url: https://qms.example/x/\n" + NAV),
    "addresses of folders": lambda root: put(
        root, "mkdocs.yml", CONFIGURATION.replace("urls: false", "urls: true") + NAV
    ),
    "an output edited": lambda root: put(root, "build/site/first.html", "edited"),
    "an output appended to": lambda root: (root / "build/site/first.html").open("a").write("x") and None,
    "an output asset edited": lambda root: put(root, "build/site/assets/rows.js", "edited"),
    "an output removed": lambda root: (root / "build/site/first.html").unlink(),
    "an output that is a link": _output_is_a_link,
    "outputs mixed up": lambda root: (
        shutil.copyfile(root / "build/site/first.html", root / "build/site/second.html") and None
    ),
    "an output too many": lambda root: put(root, "build/site/stray.html", "stray"),
    "no former site": lambda root: shutil.rmtree(root / "build/site"),
    "no cache": lambda root: shutil.rmtree(root / "build/cache"),
    "an empty cache": lambda root: put(root, str(engines.STATE), ""),
    "damage at the beginning": _damage(3),
    "damage to the checksum": _damage(20),
    "damage at the end": _damage(-3),
    "a build that was cut off": lambda root: put(root, "build/site.new/first.html", "half"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_after_a_change(root: Path, name: str) -> None:
    quick(root)
    CHANGES[name](root)
    assert_same(root)


def test_many_changes_in_a_row(root: Path) -> None:
    """Whatever is done in whatever order, no trace of it is left."""
    rnd = random.Random(7)
    names = sorted(set(CHANGES) - {"no navigation", "addresses of folders"})
    for step in range(6):
        for name in rnd.sample(names, 2):
            # What another change has removed is not there.
            try:
                CHANGES[name](root)
            except FileNotFoundError:
                continue
        if step % 2:
            settle(root)
        quick(root)
    assert_same(root)


@pytest.mark.parametrize("said", ["", "'site_dir': site\n", "site_dir: other\n"])
def test_the_folder_of_sources_is_never_emptied(root: Path, said: str) -> None:
    """MkDocs builds into site/ where nothing else is said, and there the sources of the organisation lie."""
    quick(root)
    put(root, "site/pages/about.md", "# About\n")
    put(root, "mkdocs.yml", CONFIGURATION.replace("site_dir: build/site\n", said) + NAV)
    for _ in range(2):
        assert_same(root)
        assert content(root / "site") == {"pages/about.md": b"# About\n"}


def test_another_folder_is_not_merged(root: Path) -> None:
    quick(root)
    put(root, "site/pages/about.md", "# About\n")
    file = engines.configuration(root, root / "site")
    site = _drive.Site(file)
    site.survey()
    build = _drive.Build(site, root / "build/site", root / engines.STATE)
    build.begin(file.stat().st_mtime_ns)
    build.finish()
    assert not build.merge()
    assert (root / "site/pages/about.md").is_file()


# --- looking ahead -------------------------------------------------------------------------------

CHANGES_AHEAD: dict[str, Callable[[Path], None]] = {
    "an asset of the theme": lambda root: put(root, "build/docs/assets/images/favicon.png", "own"),
    "search that is left out": lambda root: put(root, "build/docs/assets/search/.hidden.js", "x"),
    "search that the theme has": lambda root: put(root, "build/docs/assets/search/of-theme.js", "x"),
    "a page among the search": lambda root: put(root, "build/docs/assets/search/page.md", "# A page\n"),
    "no pages": lambda root: shutil.rmtree(root / "build/docs/folder"),
}
STILL = {"nothing", "a page", "its title", "its front matter", "size and time as before", "a page emptied", "an asset", "another search", "more search", "less search", "all sources written", "sources linked", "an output edited", "an output appended to", "an output asset edited", "an output removed", "an output that is a link", "outputs mixed up", "an output too many", "no former site", "no cache", "an empty cache", "damage at the beginning", "damage to the checksum", "damage at the end", "a build that was cut off", "search that is left out"}  # fmt: skip
"""After these what was looked at ahead still stands."""


def _waits(process: Any) -> None:
    """Wait until a process waits."""
    spent = -1
    while True:
        time.sleep(0.3)
        before, spent = spent, sum(map(int, Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))  # fmt: skip
        if spent == before > 10:
            return


OF_THE_LAST = {name for name in CHANGES if "output" in name or "former" in name or "cache" in name or "damage" in name}
"""Changes of what was built before, which nobody makes while it is locked."""


@pytest.mark.parametrize(
    ("name", "locked"),
    [
        (name, locked)
        for name in [*CHANGES, *CHANGES_AHEAD]
        for locked in (False, True)
        if not (locked and name in OF_THE_LAST)
    ],
)
def test_a_change_while_the_engine_waits(root: Path, name: str, locked: bool) -> None:
    """What it has looked at ahead counts as far as it is still there, and nothing of the rest is left."""
    change = {**CHANGES, **CHANGES_AHEAD}[name]
    if name == "no pages":
        put(root, "build/docs/index.md", "# Start\n\n## Raw {#raw}\n")
    quick(root)
    said: list[str] = []
    lock = engines.alone(root) if locked else contextlib.nullcontext()
    with lock, engines.started(root, "mkdocs") as ahead:
        assert ahead is not None
        _waits(ahead._process)
        change(root)
        found = content(engines.build(root, say=said.append, ahead=ahead))
    wanted = plain(root)
    assert said == []
    assert sorted(found) == sorted(wanted)
    assert [name for name in wanted if found[name] != wanted[name]] == []


@pytest.mark.parametrize("name", [*CHANGES, *CHANGES_AHEAD])
def test_what_was_looked_at_ahead_stands_or_falls(root: Path, name: str) -> None:
    quick(root)
    fresh = root / engines.FRESH
    site, before = _drive._looked(root / engines.CONFIGURATION, engines.settings_of(root, fresh))
    assert site is not None
    assert before is not None
    {**CHANGES, **CHANGES_AHEAD}[name](root)
    now = mkdocs_internals.seen(root, engines.settings_of(root, fresh))
    assert _drive._still(site, before, now) == (name in STILL)


ALONE = (
    "<!doctype html><title>{{ page.title if page }}</title>{% block content %}{{ page.content if page }}{% endblock %}"
)
"""A theme in which a page shows nothing of others."""
PICTURE = "build/docs/assets/search/a.svg"
LATER: dict[str, Callable[[Path], None]] = {
    name: CHANGES[name]
    for name in (
        "nothing",
        "another search",
        "more search",
        "less search",
        "a new asset",
        "an asset removed",
        "a new page",
        "a page removed",
        "the theme",
    )
}
LATER |= CHANGES_AHEAD
LATER["a picture that a page shows"] = lambda root: put(root, PICTURE, "<svg xmlns='http://www.w3.org/2000/svg'/>")


@pytest.mark.parametrize(("name", "former"), [*((name, True) for name in LATER), ("more search", False)])
def test_a_change_after_the_engine_began(root: Path, name: str, former: bool) -> None:
    """Other assets may come with pages that were begun before; where more is another, all is made anew."""
    put(root, "build/theme/main.html", ALONE)
    put(root, "build/docs/index.md", "# Start\n\n## Raw {#raw}\n")
    if former:
        quick(root)
    put(root, "build/docs/first.md", "# Changed\n\n## One {#one}\n")
    if name == "a picture that a page shows":
        put(root, "build/docs/second.md", "# Second\n\n![picture](assets/search/a.svg)\n")
    said: list[str] = []
    with engines.started(root, "mkdocs") as ahead:
        assert ahead is not None
        ahead.pages_are_there()
        _waits(ahead._process)
        LATER[name](root)
        found = content(engines.build(root, say=said.append, ahead=ahead))
    assert not (root / engines.CONFIGURATION).exists()
    wanted = plain(root)
    assert said == []
    assert sorted(found) == sorted(wanted)
    assert [name for name in wanted if found[name] != wanted[name]] == []
    assert_same(root)


@pytest.mark.parametrize("theme", [THEME, ALONE], ids=["others", "alone"])
@pytest.mark.parametrize("name", LATER)
def test_what_was_begun_stands_or_falls(root: Path, name: str, theme: str) -> None:
    put(root, "build/theme/main.html", theme)
    quick(root)
    if name == "a picture that a page shows":
        put(root, "build/docs/second.md", "# Second\n\n![picture](assets/search/a.svg)\n")
    file = engines.configuration(root, root / engines.FRESH)
    site, before = _drive._looked(file, file.read_text(encoding="utf-8"))
    assert site is not None
    assert before is not None
    build = _drive._begun(_drive.Build(site, root / "build/site", root / engines.STATE), file)
    LATER[name](root)
    now = mkdocs_internals.seen(root, file.read_text(encoding="utf-8"))
    stands = {"nothing", "another search"}
    if theme == ALONE:
        stands |= {"more search", "less search", "search that is left out"}
    assert _drive._still(site, before, now, build) == (name in stands)


def test_search_that_was_written_while_it_was_looked_for(root: Path) -> None:
    """A first build finds files of the search that were not there when it began to look."""
    put(root, "build/docs/assets/search/late.js", "late")
    put(root, "build/docs/assets/search/later.js", "later")
    file = engines.configuration(root, root / engines.FRESH)
    site, now = _drive._looked(file, file.read_text(encoding="utf-8"))
    assert site is not None
    assert now is not None
    before = mkdocs_internals.Seen(now.mark, now.late - {"assets/search/late.js"})
    assert _drive._still(site, before, now)
    assert not site.crowded()
    assert len([f for f in site.statics if f.src_uri == "assets/search/late.js"]) == 1


def test_a_first_build_is_the_quick_one(tmp_path: Path) -> None:
    """The plain program would do the same, and nobody would see but by the time."""
    made = tmp_path / "qms"
    made.mkdir()
    generate(made, 60, 1)
    command = [sys.executable, "-P", "-m", "qmsctl", "-C", str(made), "site", "build", "--preview"]
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "MkDocs builds all pages anew" not in done.stdout


def test_a_build_that_was_given_up(root: Path) -> None:
    """What was begun leaves nothing behind."""
    good = quick(root)
    put(root, "build/docs/first.md", "# Changed\n\n## One {#one}\n")
    with engines.started(root, "mkdocs") as ahead:
        assert ahead is not None
        ahead.pages_are_there()
        _waits(ahead._process)
        assert (root / engines.FRESH / "first.html").is_file()
    assert content(root / "build/site") == good
    assert not (root / engines.FRESH).exists()
    assert not (root / engines.CONFIGURATION).exists()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("mkdocs.yml", CONFIGURATION.replace("custom_dir: build/theme", "custom_dir: own") + NAV),
        ("mkdocs.yml", CONFIGURATION.replace("docs_dir: build/docs", "docs_dir: own") + NAV),
        ("mkdocs.yml", "INHERIT: base.yml\n"),
        ("mkdocs.yml", "nav: ["),
        ("mkdocs.yml", CONFIGURATION + "nav:\n  - gone.md\n"),
        ("build/theme/main.html", "{% if %}"),
    ],
)
def test_nothing_else_is_looked_at_ahead(root: Path, file: str, text: str) -> None:
    """Where more is read than what is compared, or something is to be said, the build begins at the beginning."""
    put(root, "base.yml", CONFIGURATION + NAV)
    put(root, "own/index.md", "# Own\n")
    put(root, file, text)
    site, before = _drive._looked(root / engines.CONFIGURATION, engines.settings_of(root, root / engines.FRESH))
    assert site is None
    assert before in (None, _drive.REFUSED)


def test_unchanged_files_are_linked(root: Path) -> None:
    """Also where their times say nothing: pages are then compared by content."""
    quick(root)
    before = places(root)
    settle(root)
    put(root, "build/docs/third.md", "# Changed\n")
    quick(root)
    changed = {name for name, place in places(root).items() if before[name] != place and name.endswith(".html")}
    # The template shows the title of the page after; the one of the third is set.
    assert changed == {"third.html", "404.html"}
    settle(root)
    quick(root)
    settled = places(root)
    quick(root)
    assert {name for name, place in places(root).items() if settled[name] != place} == {
        "404.html",
        "sitemap.xml",
        "sitemap.xml.gz",
    }


def test_what_is_built_shares_no_file_with_its_sources(root: Path) -> None:
    """An edit of the one must never change the other, nor an installed package."""
    for _ in range(2):
        quick(root)
        found = [f for f in (root / "build/site").rglob("*") if f.is_file() and f.stat().st_nlink != 1]
        assert found == []


@pytest.mark.parametrize(
    "shown",
    [
        "{% if page and page.next_page %}{{ page.next_page.content }}{% endif %}",
        "{% for file in pages %}{{ file.page.title }}{{ file.page.meta }}{% endfor %}",
        "{% for file in pages %}{{ file.page.toc | length }}{% endfor %}",
        "{{ nav.pages[1].meta }}{{ nav.homepage.title }}",
        "{% for entry in nav recursive %}{{ entry.title }}{{ loop(entry.children) if entry.children }}{% endfor %}",
        "{{ build_date_utc }}{{ page.update_date if page }}",
    ],
)
def test_what_pages_show_of_each_other(root: Path, shown: str) -> None:
    put(root, "build/theme/main.html", THEME + shown)
    assert_same(root)
    put(root, "build/docs/first.md", "---\ntitle: Named\n---\n\n# Heading\n\nwords\n\n## One {#one}\n")
    assert_same(root)
    put(root, "build/docs/second.md", PAGES["second.md"].replace("# The second", "# Renamed"))
    assert_same(root)


def test_many_pages_show_many(root: Path) -> None:
    """As a theme does that has the whole navigation on every page."""
    put(root, "mkdocs.yml", CONFIGURATION)
    for number in range(mkdocs_internals.MANY + 10):
        put(root, f"build/docs/many{number}.md", f"# Page {number}\n")
    assert_same(root)
    put(root, "build/docs/many7.md", "# Another\n")
    assert_same(root)
    put(root, "build/docs/many11.md", "# Page 11\n\nmore\n")
    assert_same(root)


def test_the_moment_of_the_build(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be the same in two builds is never taken from the one before."""
    put(root, "build/theme/main.html", THEME + "{{ build_date_utc }}")
    quick(root)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1796000000")
    assert_same(root)


# --- strict --------------------------------------------------------------------------------------


def refused(root: Path) -> str:
    with pytest.raises(engines.BuildFault) as caught:
        engines.build(root, say=pytest.fail)
    return str(caught.value)


def objections(root: Path) -> str:
    """What `mkdocs build` says against the same sources."""
    file = engines.configuration(root, root / "build" / "plain")
    done = engines._program(mkdocs.command(file), root)
    assert done.returncode == 1
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    return "mkdocs could not build the intranet:\n" + "\n".join(lines[-12:])


FAULTS: dict[str, Callable[[Path], None]] = {
    "no such page": lambda root: put(root, "build/docs/empty.md", "[gone](gone.md)\n"),
    "no such page, two times": lambda root: put(root, "build/docs/empty.md", "[a](a.md) [b](b.md)\n"),
    "no such place": lambda root: put(root, "build/docs/empty.md", "[first](first.md#gone)\n"),
    "no such place on the page": lambda root: put(root, "build/docs/empty.md", "[own](#gone)\n"),
    "the page is gone": lambda root: (root / "build/docs/folder/deep.md").unlink(),
    "the picture is gone": lambda root: (root / "build/docs/assets/a.svg").unlink(),
    "the place is gone": lambda root: put(root, "build/docs/first.md", "# The first\n"),
    "the place in HTML is gone": lambda root: put(root, "build/docs/index.md", "# Start\n"),
    "the navigation leads nowhere": lambda root: put(root, "mkdocs.yml", CONFIGURATION + NAV + "  - gone.md\n"),
    "an unknown setting": lambda root: put(root, "mkdocs.yml", CONFIGURATION + "unheard: of\n" + NAV),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_found_as_ever(root: Path, name: str) -> None:
    """Also in pages that are not rendered again, and again and again; the last good site stays."""
    good = quick(root)
    FAULTS[name](root)
    wanted = objections(root)
    for _ in range(2):
        assert _timeless(refused(root)) == _timeless(wanted)
        assert content(root / "build/site") == good


def test_a_fault_that_was_mended(root: Path) -> None:
    quick(root)
    FAULTS["the place is gone"](root)
    refused(root)
    put(root, "build/docs/first.md", PAGES["first.md"])
    assert_same(root)


def _timeless(said: str) -> list[str]:
    """What was objected to, without what is said about the build as such or by the theme about itself."""
    return [line for line in said.splitlines() if not any(mark in line for mark in ("INFO", "│", "site_dir"))]


# --- when the plain program builds ---------------------------------------------------------------

OTHERWISE: dict[str, tuple[Callable[[Path], None], str]] = {
    "plugins": (
        lambda root: put(root, "mkdocs.yml", CONFIGURATION.replace("plugins: []", "plugins: [search]") + NAV),
        "plugins are set",
    ),
    "hooks": (
        lambda root: (
            put(root, "mkdocs.yml", CONFIGURATION + "hooks: [hook.py]\n" + NAV),
            put(root, "hook.py", "def on_page_content(html, **_):\n    return html + 'hook'\n"),
        )[0],
        "s are set",
    ),
    "an extension": (
        lambda root: put(
            root, "mkdocs.yml", CONFIGURATION.replace("  - attr_list", "  - attr_list\n  - pymdownx.snippets") + NAV
        ),
        "the Markdown extension pymdownx.snippets is not known",
    ),
    "two files for one address": (
        lambda root: put(root, "build/docs/404.html", "another"),
        "two files have the same address",
    ),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_the_plain_program_builds(root: Path, name: str) -> None:
    change, why = OTHERWISE[name]
    quick(root)
    change(root)
    said: list[str] = []
    found = content(engines.build(root, say=said.append))
    assert len(said) == 1
    assert why in said[0]
    assert found == plain(root)


def test_a_page_that_cannot_be_read(root: Path) -> None:
    """The plain program says what it says."""
    (root / "build/docs/first.md").write_bytes(b"# \xff\n")
    with pytest.raises(engines.BuildFault, match=r"Encoding error reading file: first\.md|codec can't decode"):
        engines.build(root)


def test_unknown_versions(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = mkdocs_internals.load_config(config_file=str(engines.configuration(root, root / "build/site.new")))
    assert mkdocs_internals._objection(config) == ""
    monkeypatch.setattr(mkdocs_internals, "versions", lambda: {"mkdocs": "2.0", "markdown": "3.6", "jinja2": "3.1"})
    assert mkdocs_internals._objection(config) == "mkdocs 2.0 is not known"


def test_a_quick_way_that_does_not_start(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with another MkDocs, where a part it calls is gone: the plain program builds."""
    monkeypatch.setattr(mkdocs, "quick_command", lambda *_: [sys.executable, "-P", "-m", "qmsctl.engines.gone"])
    said: list[str] = []
    assert content(engines.build(root, say=said.append)) == plain(root)
    assert said == ["MkDocs builds all pages anew: it ended with 1"]


def test_a_process_that_dies() -> None:
    """Whatever happens to the quick way, it is known, and the plain one builds."""
    assert mkdocs.answer(-9, "") == {"plain": "it ended with -9"}
    assert mkdocs.answer(0, "") == {"plain": "it ended with 0"}
    assert mkdocs.answer(1, "") == {"plain": "it ended with 1"}
    assert mkdocs.answer(mkdocs.FAULT, "Aborted with 1 warnings in strict mode!\n") == {}
    assert mkdocs.answer(0, '\n{"rendered": 1, "linked": 2}\n') == {"rendered": 1, "linked": 2}
    assert mkdocs.answer(0, '\n{"plain": "because"}\n') == {"plain": "because"}


@pytest.mark.parametrize("name", ["build/site.new", "build/.lock", "build"])
def test_nothing_is_written_through_links(root: Path, name: str) -> None:
    precious = root.parent / "precious"
    precious.mkdir()
    if name == "build":
        (root / "build").rename(root / "other")
    (root / name).symlink_to(precious, target_is_directory=True)
    with pytest.raises(engines.BuildFault, match="is a link"):
        engines.build(root)
    assert list(precious.iterdir()) == []


# --- several at once -----------------------------------------------------------------------------


def test_two_builds_at_once(root: Path) -> None:
    """One waits for the other."""
    code = "import sys; from pathlib import Path; from qmsctl import engines; engines.build(Path(sys.argv[1]))"
    running = [subprocess.Popen([sys.executable, "-c", code, str(root)]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert content(root / "build/site") == plain(root)
    assert_same(root)


def test_alone_waits_for_others_and_may_be_nested(tmp_path: Path) -> None:
    order = []

    def other() -> None:
        with engines.alone(tmp_path):
            order.append("other")

    thread = threading.Thread(target=other)
    with engines.alone(tmp_path), engines.alone(tmp_path):
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]


KILLED = """
import os, signal
from pathlib import Path
from qmsctl.engines import _drive
real, left = os.replace, {moves}
def replace(*places):
    global left
    if Path(places[1]).parts[-3:-1] == ("build", "cache"):
        return real(*places)
    if left == 0:
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(9)
    left -= 1
    real(*places)
_drive.os.replace = replace
_drive._ended()
"""
"""The engine, killed with what started it after some files of the last site have made room for new ones."""


@pytest.mark.parametrize("moves", [0, 1, 3])
def test_a_build_that_was_killed(root: Path, moves: int) -> None:
    """Until all is made the last good site stays; every file in it is an old or a new one, and the next build is whole."""
    good = quick(root)
    put(root, "build/docs/first.md", "# Changed\n\n## One {#one}\n")
    put(root, "build/docs/assets/new.js", "new\n")
    put(root, "build/docs/assets/rows.js", "rows = 2\n")
    code = (
        "import sys; from pathlib import Path; from qmsctl import engines\n"
        "from qmsctl.engines import mkdocs\n"
        "mkdocs.quick_command = lambda: [sys.executable, '-P', '-c', sys.argv[2]]\n"
        "engines.build(Path(sys.argv[1]))"
    )
    killed = [sys.executable, "-c", code, str(root), KILLED.replace("{moves}", str(moves))]
    assert subprocess.run(killed, check=False).returncode == -9
    left = content(root / "build/site")
    wanted = plain(root)
    assert good.keys() <= left.keys()
    assert {name for name in left if left[name] != good.get(name)} <= {n for n in left if left[n] == wanted.get(n)}
    assert len([name for name in left if left[name] != good.get(name)]) == moves
    assert_same(root)


# --- blocks of HTML ------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *("<div>", "</div>", "<p>", "</p>", "<span>", "</span>", "<ul><li>", "</li></ul>", "<td>", "</td>", "<b>"),
        *("</b>", "<br>", "<br/>", "<hr>", "<img src='x'>", '<img src="x" />', "<input disabled>", "<svg>", "</svg>"),
        *("<title>", "</title>", "<style>", "</style>", "<script>", "</script>", "<!-- ", "-->", "<?x ?>", "<!x>"),
        *('<a href="a">', '<a href="a > b">', "<a href='", "<a b=c>", "</a>", "<DIV>", "</DIV>", "<div", "</div >"),
        *("<Div>", "</dIV>", "<textarea>", "</textarea>", '<p id="x" class="a b">', "<x-y>", "</x-y>", "<http://a.b>"),
        *("&amp;", "&#45;", "&#x2d;", "&#45", "&copy", "&", "&;", "&#;", "<", ">", '"', "'", "`", "``", "text", " "),
        *("\n", "\n", "\n\n", "\n\n", "\n \n", "    ", "# Heading", "## Two {#two}", "- item", "> quote", "```\n"),
        *(
            "*em*",
            "[a](b.md)",
            "\\",
            "\t",
            "\r\n",
            "{: .x}",
            "<p>whole</p>",
            "<div><p>whole</p></div>\n\n",
            "é",
            "\x02",
        ),
    ]
)


def as_read(text: str) -> tuple[str, list[tuple[int, str, str]]]:
    """HTML and headings as Python-Markdown reads them."""
    reader: Any = markdown.Markdown(extensions=["toc", "tables", "fenced_code", "attr_list"])
    made = reader.convert(text)
    found: list[tuple[int, str, str]] = []

    def walk(tokens: list[dict[str, Any]]) -> None:
        for token in tokens:
            found.append((token["level"], token["id"], token["name"]))
            walk(token["children"])

    walk(reader.toc_tokens)
    return made, found


def same_if_plain(text: str) -> bool:
    found = read(text)
    if found is not None:
        assert (found[0], [(h.level, h.anchor, h.text) for h in found[1]]) == as_read(text)
    return found is not None


def rendered(text: str, quickly: bool) -> str:
    given = ["toc", "tables", "fenced_code", "attr_list", *([mkdocs_internals._Quick()] if quickly else [])]
    return markdown.Markdown(extensions=given).convert(text)


@settings(max_examples=1500, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
@example("<div><span><div></span></div>\n\ntext</div>\n")
@example("<p>a</p>\n## B\n\n<p>c</p>")
@example('text\n\n<div title="\n\n<p>x</p>\n')
@example("`<div>\n\n<p>x</p>\n\n`")
@example("<svg><title>a & b</title></svg>\n")
@example("<div>&#45 x</div>\n")
def test_blocks_are_what_they_were(text: str) -> None:
    assert rendered(text, True) == rendered(text, False)
    same_if_plain(text)


WORDS = st.sampled_from(
    ["words", "&amp;", "<b>bold</b>", '<a href="x.html">y</a>', "<br>", "\n", "<br />", "<svg><g/></svg>"]
)
TAGS = st.sampled_from(["div", "p", "ul", "table", "section", "span", "title", "P", "dl", "h2"])


@st.composite
def elements(draw: Any, depth: int = 3) -> str:
    tag = draw(TAGS)
    inner = st.lists(WORDS if depth == 0 else st.one_of(WORDS, elements(depth - 1)), max_size=3)
    attributes = draw(st.sampled_from(["", ' class="x"', ' id="a" hidden', '\n data-x="a\'b"']))
    return f"<{tag}{attributes}>{''.join(draw(inner))}</{tag}>"


HEADINGS = st.builds(
    "{} {}{}".format,
    st.sampled_from(["#", "##", "###", "######", "#######", " #"]),
    st.lists(
        st.sampled_from(["Word", "ü", "²", " ", "&#40;", "&#63;", "&amp;", ",", ";", "_", "*", "3", "-"]), max_size=5
    ).map("".join),
    st.sampled_from(["", " {#a}", " {#a-b.c_d}", " {#ü}", "{#x}", " {.x}", " {#a} ", " #", " {#word}"]),
)
PARAGRAPHS = st.one_of(
    elements(), HEADINGS, st.sampled_from(["# Heading", "prose & more", "- a\n- b", "a\n<div>b</div>", "<p>"])
)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(PARAGRAPHS, st.sampled_from(["\n\n", "\n\n\n", "\n"])), max_size=8))
def test_well_formed_blocks_are_what_they_were(paragraphs: list[tuple[str, str]]) -> None:
    text = "".join(a + b for a, b in paragraphs)
    assert rendered(text, True) == rendered(text, False)
    same_if_plain(text)


def test_pages_of_templates_are_plain() -> None:
    """Otherwise nothing is won."""
    assert same_if_plain(
        "# Title&#58; one\n\n<div>\n<p>x</p></div>\n\n## Does it&#63; {#does-it}\n\n<p>a</p><p>b</p>\n"
    )
    assert not same_if_plain("# Title\n\nprose\n")


def test_blocks_of_templates_are_not_parsed() -> None:
    """Otherwise nothing is won."""
    block = '<div class="x"><p>&#45;</p><br><svg><title>t</title></svg></div>'
    text = f"\n# A {{#a}}\n\n{block}\n<p>b</p>\n\nprose\n\n"
    found = parts(text, markdown.Markdown().is_block_level)
    assert found is not None
    assert [part for is_block, part in found if is_block] == [block, "<p>b</p>"]
    assert "".join(part for _, part in found) == text


def test_anchors_are_those_of_mkdocs(root: Path) -> None:
    """Only those that a link asks for are looked for."""
    file = engines.configuration(root, root / "build/site.new")
    site = _drive.Site(file)
    site.survey()
    start = site.files.src_uris["index.md"]
    site.read_anchors(start)
    assert start.page is not None
    assert start.page.present_anchor_ids == {"start", "raw"}


# --- facts at the head of a page -----------------------------------------------------------------

_NAMES = st.sampled_from(["title", "path", "prefix", "plain", "on", "Yes", "NULL", "ab c", "é", "a-b", ""])
_SIGNS = st.text(st.characters(codec="utf-8") | st.sampled_from("\\\"/'#:{}u\x7f\ufeff\u2028\x85\n -"), max_size=8)
_VALUES = st.recursive(st.one_of(_SIGNS, st.booleans(), st.none(), st.integers(), st.floats()), lambda v: st.lists(v, max_size=2) | st.dictionaries(_SIGNS, v, max_size=3), max_leaves=4)  # fmt: skip
_LINES = st.builds(lambda name, value, plain: f"{name}: {json.dumps(value, ensure_ascii=plain)}", _NAMES, _VALUES, st.booleans())  # fmt: skip
_HEADS = st.lists(_LINES | _SIGNS, max_size=4)


@settings(max_examples=600, deadline=None)
@given(_HEADS, st.sampled_from(["---", "--- ", "...", ""]), _SIGNS)
@example(['title: "a"', 'translations: {"de": "x.html"}', "plain: true"], "---", "\n\n# A\n")
@example(['title: "\\ud83d\\ude00"'], "---", "")
@example(["title: 1e5"], "---", "")
@example(["title: {}", 'path: {"a": 1.5e3}'], "---", "")
@example(['title: "a"', "---", 'path: "b"'], "---", "")
def test_facts_are_read_as_mkdocs_reads_them(lines: list[str], end: str, rest: str) -> None:
    source = "\n".join(["---", *lines, end, rest])
    found = mkdocs_internals._facts(source)
    assert found is None or found == meta.get_data(source)


def test_facts_of_our_pages_need_no_reader_of_yaml() -> None:
    source = '---\ntitle: "Größe – 3 \\"µm\\""\npaper: ":root{\\\\2d }"\ntranslations: {"de": "../de/a.html"}\nplain: true\n---\n\n# A\n'
    found = mkdocs_internals._facts(source)
    assert found is not None
    assert found == meta.get_data(source)


@given(st.text(st.sampled_from("./\\ aä#"), max_size=8), st.sampled_from(["", "./", "a/b/"]))
@example("", "./")
@example("index.md", "./")
def test_a_file_is_called_what_mkdocs_calls_it(name: str, folder: str) -> None:
    def called(kind: type[File]) -> tuple[str, str]:
        file = kind(folder + name, "docs", "site", use_directory_urls=True)
        return file.src_uri, file.src_path

    assert called(mkdocs_internals._File) == called(File)


@pytest.mark.parametrize(
    ("before", "settled"),
    [(200_000_001, True), (50_000_001, False), (1_000_000_000, False), (3_000_000_000, True), (-1, False)],
    ids=["a fine time", "a moment ago", "a rough time", "long ago", "later"],
)
def test_a_file_written_just_now_is_looked_into(before: int, settled: bool) -> None:
    build = _drive.Build.__new__(_drive.Build)
    build.began = 1_700_000_000_000_000_000
    found = (10, build.began - before, 1)
    assert build._settled(found) == (found if settled else _drive.NO_STAMP)
