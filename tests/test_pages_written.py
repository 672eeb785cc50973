"""Pages are the same however many processes write them, and files that stay equal stay the same files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jinja2
import markdown
import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.exceptions import SecurityError

from benchmarks import generator
from qmsctl import checks, pages, shelf
from qmsctl.diagrams import vega
from qmsctl.loader import load
from qmsctl.pages import codes, compiled, folding, hands, prose
from qmsctl.pages.folder import Folder
from qmsctl.pages.sandbox import Sandbox
from tests.conftest import TODAY

SIGNS = "abzÄß059 .,;:()'\"/%?–-…_*`#&<>[]!|\n\t\\=+~{}"


def made(root: Path) -> dict[str, bytes]:
    """Write the pages of a system; return every file by its path."""
    loaded = load(root)
    target = root / "build" / "docs"
    pages.write(loaded, checks.run(loaded, TODAY), TODAY, target)
    return {str(file.relative_to(target)): file.read_bytes() for file in target.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "qms"
    generator.generate(folder, 150, 1)
    return folder


def test_as_many_processes_as_there_are_make_the_same_pages(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks_given: list[tuple[int, int]] = []
    real = hands.Hands.do

    def do(self: hands.Hands, tasks: Any, tell: Any) -> Any:
        tasks_given.append((len(tasks), len(self._hired)))
        return real(self, tasks, tell)

    monkeypatch.setattr(hands.Hands, "do", do)
    monkeypatch.setattr(pages, "how_many", lambda _: 1)
    alone = made(root)
    monkeypatch.setattr(pages, "how_many", lambda _: 3)
    shutil.rmtree(root / shelf.FOLDER)  # or nothing would be left to make
    assert made(root) == alone
    # Pages and the files beside them; of the search what lists add, bundles, and what these make together.
    assert [count for _, count in tasks_given] == [0, 0, 0, 0, 3, 3, 3, 3]
    counts = [count for count, _ in tasks_given]
    assert counts[:4] == counts[4:]
    assert all(counts)
    assert any(name.endswith("-handbook.md") and b"qms-doc" in data for name, data in alone.items())


def test_files_that_stay_equal_stay_the_same_files_and_others_do_not(root: Path) -> None:
    made(root)
    docs = root / "build" / "docs"
    before = {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in docs.rglob("*") if file.is_file()}
    sop = sorted((root / "sops").glob("*.md"))[0]
    old = sop.read_text(encoding="utf-8")
    sop.write_text(old + "\nOne sentence more.\n", encoding="utf-8")
    page = docs / "sops" / sop.name
    kept = docs.parent / "former.md"
    os.link(page, kept)
    try:
        said = kept.read_bytes()
        made(root)
    finally:
        sop.write_text(old, encoding="utf-8")
    assert b"One sentence more" in page.read_bytes()
    assert kept.read_bytes() == said, "the former file must not be written to"
    after = {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in before if file.exists()}
    changed = {file for file in before if before[file] != after.get(file)}
    assert page in changed
    assert len(changed) < len(before) / 2
    assert not list(docs.rglob(".*"))


def test_what_leads_elsewhere_is_taken_away_and_not_written_through(tmp_path: Path) -> None:
    place, other = tmp_path / "docs", tmp_path / "other"
    (place / "b").mkdir(parents=True)
    other.mkdir()
    (other / "x").write_text("theirs")
    (place / "a").symlink_to(other)
    (place / "b" / "x").symlink_to(other / "x")
    os.mkfifo(place / "pipe")
    docs = Folder(place)
    docs.put("a/x", b"ours")
    docs.put("b/x", b"ours")
    docs.finish()
    assert (other / "x").read_text() == "theirs"
    assert {f.relative_to(place).as_posix() for f in place.rglob("*") if f.is_file()} == {"a/x", "b/x"}
    assert not any(f.is_symlink() for f in place.rglob("*"))


def test_files_and_folders_give_way_to_each_other_and_what_is_not_wanted_goes(tmp_path: Path) -> None:
    docs = Folder(tmp_path)
    for path in ("a", "b/c/d", "old/x", "kept/y", "same"):
        docs.put(path, b"1")
    docs.finish()
    time = (tmp_path / "same").stat().st_mtime_ns
    docs = Folder(tmp_path)
    docs.put("a/b/c", b"2")
    docs.put("b", b"2")
    docs.put("same", b"1")
    docs.keep(["kept/y"])
    docs.finish()
    assert {f.relative_to(tmp_path).as_posix() for f in tmp_path.rglob("*")} == {
        "a", "a/b", "a/b/c", "b", "kept", "kept/y", "same"
    }  # fmt: skip
    assert (tmp_path / "same").stat().st_mtime_ns == time


def test_progress_is_told_now_and_then_up_to_the_end_whatever_the_steps() -> None:
    told: list[int] = []
    step = pages._part(lambda done, total: told.append(done), 100, 300)
    for number in (1, 2, 9, 64, 72, 80, 88, 96, 180, 250):
        step(number)
    assert told == [101, 164, 188, 280, 300]


def test_templates_are_compiled_once_and_again_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "FILE", tmp_path / "kept" / "templates")
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    own, other = tmp_path / "package" / "a.j2", tmp_path / "a.j2"
    own.parent.mkdir()
    monkeypatch.setattr(compiled, "PACKAGE", own.parent)
    counted: list[str] = []
    real = jinja2.Environment._generate
    monkeypatch.setattr(
        jinja2.Environment, "_generate", lambda self, *a, **k: counted.append(a[1]) or real(self, *a, **k)
    )

    def said(folder: Path) -> str:
        cache = compiled.Compiled()
        environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), bytecode_cache=cache)
        text = environment.get_template("a.j2").render()
        cache.keep()
        return text

    own.write_text("{{ 1 + 1 }}")
    other.write_text("theirs")
    assert [said(own.parent), said(own.parent), said(tmp_path), said(tmp_path)] == ["2", "2", "theirs", "theirs"]
    assert len(counted) == 3, "one of the package is kept, another is not"
    own.write_text("{{ 1 + 2 }}")
    assert said(own.parent) == "3"
    compiled.FILE.write_bytes(compiled.FILE.read_bytes()[:-3] + b"bad")
    assert said(own.parent) == "3"
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    compiled.FILE.unlink()
    assert said(own.parent) == "3"
    assert not compiled.FILE.exists()


def done(work: Callable[[Any], Any], tasks: Sequence[Any], most: int, tell: Callable[[int], None]) -> list[Any]:
    some = hands.Hands(work, most)
    try:
        return some.do(tasks, tell)
    finally:
        some.close()


def test_a_fault_in_a_process_shows_as_it_would_without() -> None:
    def work(number: int) -> int:
        if number == 7:
            raise ValueError("seven")
        return number * number

    with pytest.raises(ValueError, match="seven"):
        done(work, range(20), 2, lambda _: None)
    assert done(lambda number: number * number, range(400), 3, lambda _: None) == [n * n for n in range(400)]


@pytest.mark.parametrize("how", ["raises", "ends", "gives nothing that can be sent"])
def test_what_a_process_could_not_do_is_done_by_the_one_that_gave_it_out(how: str) -> None:
    here = os.getpid()

    def work(number: int) -> Any:
        if os.getpid() != here and number in (3, 150, 151):
            if how == "raises":
                raise MemoryError
            if how == "ends":
                os._exit(3)
            return object()
        return number

    told: list[int] = []
    assert done(work, range(200), 2, told.append) == list(range(200))
    assert told == sorted(told)
    assert told[-1] == 200


def test_processes_know_what_they_came_to_know_and_large_tasks_and_results_pass() -> None:
    known: list[int] = []

    def work(task: Any) -> Any:
        known.append(1)
        return len(known), len(task), b"x" * 300_000

    some = hands.Hands(work, 2)
    try:
        for _ in range(2):
            rows = some.do([b"y" * 300_000] * 70, lambda _: None)
        assert max(row[0] for row in rows) > 70 / 2
        assert {row[1:] for row in rows} == {(300_000, b"x" * 300_000)}
        assert not known
    finally:
        some.close()


@given(st.text(alphabet=SIGNS, max_size=60))
def test_plain_prose_is_what_markdown_and_cleaning_make_of_it(text: str) -> None:
    found, clean = prose._rendered(text)
    assert found == str(prose._reader().reset().convert(text))
    if clean:
        assert found == nh3.clean(found, tags=prose.TAGS, attributes=prose.ATTRIBUTES)


PIECES = st.lists(
    st.sampled_from(
        [
            "<div>",
            "</div>",
            "<p>",
            "</p>",
            '<a href="../x.html#y">',
            "</a>",
            "<br>",
            "<svg>",
            "<path d='a'/>",
            "</svg>",
            '<path d="M1 2"/>',
            "&amp;",
            "&#39;",
            "&x\n",
            "text ",
            "*em*",
            "\n",
            "\n\n",
            "\n  \n",
            "## Head {#head}",
            "`a`",
            "<linearGradient>",
            "</linearGradient>",
            "<script>",
            "</script>",
            "<!-- x -->",
            "```\n",
            "a < b",
            "<a href=x/>",
            "<hr>",
            '<img src="x.png">',
            "<P>",
            "[toc]",
        ]
    ),
    max_size=16,
)


@given(PIECES, PIECES)
def test_blocks_that_are_set_aside_come_back_as_markdown_would_leave_them(first: list[str], then: list[str]) -> None:
    text = '# Title\n\n<div class="x">' + "".join(first) + "</div>\n\n" + "".join(then)
    assert folding.page_html(text) == markdown.markdown(text, extensions=["attr_list", "tables", "fenced_code", "toc"])


@pytest.mark.parametrize(
    "source",
    [
        "{{ x.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ f.__globals__ }}",
        "{{ '{0.__class__}'.format(x) }}",
        "{{ ('{0.__class__}' | attr('format'))(x) }}",
        "{{ x['__class__'] }}",
        "{{ danger() }}",
    ],
)
def test_the_sandbox_refuses_what_jinja_refuses(source: str) -> None:
    def function() -> str:
        return ""

    def danger() -> str:
        return "done"

    danger.unsafe_callable = True  # type: ignore[attr-defined]
    template = Sandbox(undefined=StrictUndefined).from_string(source)
    for _ in range(2):  # the second time from what was judged
        with pytest.raises(SecurityError):
            template.render(x=[], f=function, danger=danger)


def test_the_sandbox_hands_macros_and_marked_functions_their_surroundings() -> None:
    source = "{% macro m(a, b=2) %}<{{ a }}{{ b }}>{% endmacro %}{% for i in [1] %}{{ m(i, b='<') }}{{ d.get('k') }}{% endfor %}"
    assert Sandbox(autoescape=True).from_string(source).render(d={"k": "&"}) == "<1&lt;>&amp;"


def test_codes_are_kept_and_a_damaged_file_is_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "_known", {})
    first = codes.qr_code("https://qms.example.org/SOP-001", "words")
    codes.keep(tmp_path)
    codes._known.clear()
    codes.take(tmp_path)
    assert codes._known.keys() == {"https://qms.example.org/SOP-001"}
    assert codes.qr_code("https://qms.example.org/SOP-001", "words") == first
    file = tmp_path / shelf.FOLDER / "codes"
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    codes._known.clear()
    codes.take(tmp_path)
    assert not codes._known
    assert codes.qr_code("https://qms.example.org/SOP-001", "words") == first


def test_charts_are_kept_and_damaged_ones_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("vl_convert")
    monkeypatch.setattr(vega, "_folders", [])
    vega.keep_below(tmp_path)
    scene = vega.Scene(20, 20)
    scene.add("rect", [{"x": 1, "y": 1, "x2": 9, "y2": 9, "fill": "#0b6b6b"}])
    vega._marks.cache_clear()
    first = vega.draw(scene, "k", "s", "Title", "Words")
    (file,) = (tmp_path / shelf.FOLDER / "charts").glob("[0-9a-f]*")
    vega._marks.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(vega, "_reduced", lambda _: pytest.fail("drawn although it is kept"))
        assert vega.draw(scene, "k", "s", "Title", "Words") == first
    file.write_bytes(file.read_bytes()[:-3])
    vega._marks.cache_clear()
    assert vega.draw(scene, "k", "s", "Title", "Words") == first
