"""The intranet: complete, without a dead link, without a request to elsewhere, and safe whatever items say."""

from __future__ import annotations

import copy
import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml

from qmsctl import checks, engines, pages, schema
from qmsctl.itemfile import parse_yaml_bytes
from qmsctl.loader import load
from tests.conftest import REPOSITORY, TODAY

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    """Collects what a page links to, its anchors, and everything that could run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if found.get("id"):
            self.ids.add(str(found["id"]))
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        if tag in ("script", "img", "iframe", "source") and found.get("src"):
            self.loads.append(str(found["src"]))
        if tag == "link" and found.get("href") and found.get("rel") not in ("canonical", "next", "prev", "alternate"):
            self.loads.append(str(found["href"]))


def copy_reference(target: Path, german: bool = False) -> Path:
    """Copy the reference system; in English alone, for that is built in half the time, unless German is wanted."""
    unwanted = [".git", ".venv", "build", "node_modules", ".*_cache", "tests"]
    shutil.copytree(REPOSITORY, target, ignore=shutil.ignore_patterns(*unwanted, *([] if german else ["*.de.*"])))
    if not german:
        settings = target / "qms.yaml"
        settings.write_text(settings.read_text(encoding="utf-8").replace("languages: [en, de]\n", ""), encoding="utf-8")
    return target


def build(root: Path, engine: str = "mkdocs") -> Path:
    loaded = load(root)
    pages.write(loaded, checks.run(loaded, TODAY), TODAY, root / "build" / "docs")
    return engines.build(root, engine)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_reference(tmp_path_factory.mktemp("site") / "qms")


@pytest.fixture(scope="module")
def site(root: Path) -> dict[str, Page]:
    return read(build(root))


def test_a_page_for_every_item_and_register(site: dict[str, Page], root: Path) -> None:
    loaded = load(root)
    for item in loaded.qms.items.values():
        assert f"{loaded.types[item.type].folder}/{item.id}.html" in site
    for name in loaded.types:
        assert f"registers/{name}.html" in site


def test_no_link_and_no_anchor_is_dead(root: Path, site: dict[str, Page]) -> None:
    assert dead_links(root / "build" / "site", site) == []


def read(folder: Path) -> dict[str, Page]:
    """The pages of a site by their path."""
    return {f.relative_to(folder).as_posix(): Page(f.read_text(encoding="utf-8")) for f in folder.rglob("*.html")}


def dead_links(folder: Path, site: dict[str, Page] | None = None) -> list[str]:
    """Links of the pages of a site that lead to no file or no anchor."""
    site = read(folder) if site is None else site
    there = {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}
    dead = []
    for name, page in site.items():
        if name == "404.html":
            continue
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https", "mailto", "tel"):
                continue
            path = (Path("/") / Path(name).parent / unquote(parts.path)).as_posix() if parts.path else "/" + name
            target = _normal(path)
            anchor = unquote(parts.fragment).split("~")[0]
            if target not in there:
                dead.append(f"{name}: {link}")
            elif anchor and "=" not in anchor and target in site and anchor not in site[target].ids:
                dead.append(f"{name}: no anchor {link}")
    return dead


def _normal(path: str) -> str:
    out: list[str] = []
    for part in path.split("/"):
        if part == "..":
            out.pop()
        elif part not in ("", "."):
            out.append(part)
    return "/".join(out)


def test_nothing_is_loaded_from_elsewhere(site: dict[str, Page]) -> None:
    foreign = {load for page in site.values() for load in page.loads if "//" in load}
    assert foreign == set()


def test_every_page_is_marked_preview(root: Path, site: dict[str, Page]) -> None:
    for name in site:
        assert "Preview." in (root / "build/site" / name).read_text(encoding="utf-8"), name


def test_from_theme_to_step_and_clause_and_back(site: dict[str, Page]) -> None:
    def reaches(page: str, target: str) -> bool:
        return any(link.split("#")[0].endswith(target) for link in site[page].links)

    assert reaches("strategy/STR-001.html", "objectives/OBJ-008.html")
    assert reaches("objectives/OBJ-008.html", "kpis/KPI-011.html")
    assert reaches("kpis/KPI-011.html", "processes/PRC-007.html")
    assert reaches("processes/PRC-007.html", "sops/SOP-014.html")
    assert reaches("sops/SOP-014.html", "compliance/STD-001.html")
    assert reaches("compliance/STD-001.html", "sops/SOP-014.html")
    assert reaches("sops/SOP-014.html", "processes/PRC-007.html")
    assert reaches("processes/PRC-007.html", "kpis/KPI-011.html")
    assert reaches("kpis/KPI-011.html", "objectives/OBJ-008.html")
    assert reaches("objectives/OBJ-008.html", "strategy/STR-001.html")
    assert "draw-sample" in site["sops/SOP-014.html"].ids


def test_same_input_same_pages(root: Path, tmp_path: Path) -> None:
    loaded = load(root)
    report = checks.run(loaded, TODAY)
    both = []
    for name in ("one", "two"):
        pages.write(loaded, report, TODAY, tmp_path / name / "docs")
        both.append(
            {
                f.relative_to(tmp_path / name).as_posix(): f.read_bytes()
                for f in (tmp_path / name).rglob("*")
                if f.is_file()
            }
        )
    assert both[0] == both[1]


@pytest.mark.heavy
def test_zensical_builds_the_same_sources(root: Path, site: dict[str, Page]) -> None:
    mkdocs = {name: main(root / "build" / "site" / name) for name in site if name != "404.html"}
    folder = engines.build(root, "zensical")
    made = {f.relative_to(folder).as_posix() for f in folder.rglob("*.html")}
    assert set(site) <= made
    differ = [name for name, text in mkdocs.items() if main(folder / name) != text]
    assert not differ, "\n".join(differ)


def main(file: Path) -> list[str]:
    """What a reader sees of the content of a page, word by word, and where its links lead."""
    text = file.read_text(encoding="utf-8")
    if "<main" not in text:
        return []
    inner = re.sub(r"<(style|script)\b.*?</\1>", "", text.split("<main", 1)[1].split("</main>", 1)[0], flags=re.DOTALL)
    words = html.unescape(re.sub(r"<[^>]*>", " ", inner)).split()
    return [*words, *Page(inner).links]


FORGES = {
    "github": ("https://github.example/acme/qms", "/issues/new?", "title", "body", "/edit/release/2026/"),
    "gitlab": (
        "https://gitlab.example/acme/qms",
        "/-/issues/new?",
        "issue[title]",
        "issue[description]",
        "/-/edit/release/2026/",
    ),
    "forgejo": ("https://git.example/acme/qms", "/issues/new?", "title", "body", "/_edit/release/2026/"),
}


def feedback(tmp_path: Path, site: str, title: str) -> list[tuple[str, str]]:
    """The links under the page of a term with some title."""
    from qmsctl.pages.view import View

    folder = tmp_path / "glossary"
    folder.mkdir()
    (tmp_path / "qms.yaml").write_text(f"organisation: Example\n{site}", encoding="utf-8")
    term = {"id": "term-a", "type": "term", "title": title, "definition": "It is one."}
    (folder / "term-a & b.yaml").write_text(json.dumps(term, ensure_ascii=False), encoding="utf-8")
    loaded = load(tmp_path)
    view = View(loaded, checks.run(loaded, TODAY), TODAY)
    return view.feedback(loaded.qms.items["term-a"], "glossary/term-a", title)


@pytest.mark.parametrize("title", ["Lot & label", "a=b&labels=x#y", "\"'><script>alert(1)</script>", "100 % ü 🦄 + ?"])
@pytest.mark.parametrize("kind", FORGES)
def test_feedback_leads_to_the_form_of_the_forge(tmp_path: Path, kind: str, title: str) -> None:
    forge, issues, subject, body, editor = FORGES[kind]
    settings = f"site: {{address: 'https://qms.example', forge: '{forge}', forge_kind: {kind}, branch: release/2026}}\n"
    (report, asked), (suggest, edit) = feedback(tmp_path, settings, title)
    assert (report, suggest) == ("Report a problem", "Suggest a change")
    assert asked.startswith(forge + issues)
    said = parse_qs(urlsplit(asked).query, strict_parsing=True)
    assert set(said) == {subject, body}
    assert title in said[subject][0]
    assert "https://qms.example/glossary/term-a.html" in said[body][0]
    assert edit == forge + editor + "glossary/term-a%20%26%20b.yaml"


@pytest.mark.parametrize("title", ["Lot & label", "a\r\nBcc: all@example.com", "?cc=all@example.com&bcc=x"])
def test_feedback_without_a_forge_is_a_mail(tmp_path: Path, title: str) -> None:
    links = feedback(tmp_path, "site: {email: quality@example.com}\n", title)
    assert [words for words, _ in links] == ["Report a problem", "Suggest a change"]
    for _, address in links:
        parts = urlsplit(address)
        assert (parts.scheme, parts.path) == ("mailto", "quality%40example.com")
        assert set(parse_qs(parts.query)) == {"subject", "body"}
        assert "\n" not in address


def test_feedback_leads_nowhere_if_nothing_is_known(tmp_path: Path) -> None:
    assert feedback(tmp_path, "", "Lot") == []


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[x](javascript:alert(1)) <a href='JaVaScRiPt:alert(1)'>y</a>",
    "{{ 7 * 7 }} {% raw %} {: onclick=alert(1) } {#x onclick=alert(1)}",
    "`a` | b | <svg onload=alert(1)>\n\n</div></div><iframe src='//evil.example'>",
    "# heading\n\n- item\n\n--- \n\n&lt;script&gt;alert(1)&lt;/script&gt;",
]


def poison(value: Any, text: str, keep: set[str]) -> Any:
    if isinstance(value, dict):
        return {k: v if k in keep else poison(v, text, keep) for k, v in value.items()}
    if isinstance(value, list):
        return [poison(v, text, keep) for v in value]
    return text if isinstance(value, str) else value


def test_hostile_values_stay_text(tmp_path: Path) -> None:
    types, _ = schema.read_types(None, parse_yaml_bytes)
    root = tmp_path / "qms"
    root.mkdir()
    (root / "qms.yaml").write_text("organisation: " + json.dumps(HOSTILE[1]) + "\n", encoding="utf-8")
    for name, kind in types.items():
        for number, text in enumerate(HOSTILE):
            fields = poison(copy.deepcopy(dict(kind.schema["examples"][0])), text, {"id", "type", "key", "status"})
            fields["id"] = _id(name, kind.id_template, number)
            fields["title"] = text
            for field in kind.properties:
                if field not in fields and kind.properties[field].get("type") == "string" and field != "status":
                    fields[field] = text
            if kind.body:
                fields.pop(kind.body[0], None)
            front = yaml.safe_dump(fields, allow_unicode=True)
            file = root / kind.folder / f"{fields['id']}.md"
            file.parent.mkdir(parents=True, exist_ok=True)
            steps = f"\n\n## Steps\n\n### {text.splitlines()[0]} {{#one}}\nWho: {text.splitlines()[0]}\n\n{text}\n"
            file.write_text(
                f"---\n{front}---\n\n{text}\n\n## {text.splitlines()[0]}\n\n{text}{steps}", encoding="utf-8"
            )
    loaded = load(root)
    assert len(loaded.qms.items) == len(types) * len(HOSTILE)
    pages.write(loaded, checks.run(loaded, TODAY), TODAY, root / "build" / "docs")
    folder = engines.build(root, "mkdocs")
    allowed = _scripts_of_the_theme(folder / "404.html")
    for file in folder.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        page = Page(text)
        assert "alert(1)" not in "".join(_scripts(text)), file
        assert len(_scripts(text)) <= allowed + 2, file
        for tag, attributes in page.tags:
            assert tag not in ("iframe", "object", "embed"), f"{file}: {tag}"
            for name, value in attributes.items():
                assert not name.startswith("on"), f"{file}: <{tag} {name}>"
                assert not str(value or "").strip().lower().startswith(("javascript:", "data:text")), f"{file}: {value}"
                if name in ("src", "href"):
                    assert urlsplit(str(value)).netloc != "evil.example", file
        assert "49" not in [word for word in text.split() if word == "49"], f"{file}: a template was run"


def _id(name: str, template: str, number: int) -> str:
    return template.replace("YYYY", "2026").replace("###", f"{number + 1:03}").replace("<slug>", f"{name}-{number}")


def _scripts(text: str) -> list[str]:
    return re.findall(r"<script\b[^>]*>(.*?)</script>", text, re.DOTALL | re.IGNORECASE)


def _scripts_of_the_theme(file: Path) -> int:
    return len(_scripts(file.read_text(encoding="utf-8")))
