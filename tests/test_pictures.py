"""Pictures and warnings in instructions: every kind of image is shown, none can run, and those of the reference are drawn alike."""

from __future__ import annotations

import base64
import re
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from xml.etree import ElementTree

import pytest

from qmsctl import body, checks, engines, pages
from qmsctl.loader import load
from qmsctl.model import Item
from qmsctl.pages.pictures import file_of, placed, size_of
from qmsctl.picture import MOST_BYTES, Verdict, judge, unreadable
from tests.conftest import REPOSITORY, TODAY, in_ci

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PHOTO = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////"
    "wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA="
)
EVIL = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" onload="parent.ran = true; alert(1)">
<script>parent.ran = true; fetch('https://evil.example/')</script><image href="https://evil.example/x.png"/>
<rect width="9" height="9"/></svg>"""
BODY = """## Steps

### Look at the part {#look}
Who: worker

Compare.

!!! danger "Sharp edges"
    Wear gloves.

![A drawing of the part](part.png)

![A photograph of the part](photo.jpg)

![A drawing from elsewhere](evil.svg "Do not open")
"""
SOP = f"---\nid: SOP-001\ntype: sop\ntitle: Look\nowner: worker\npurpose: Parts are looked at.\n---\n\n{BODY}"
FILES: dict[str, str | bytes] = {
    "roles/worker.yaml": "id: worker\ntype: role\ntitle: Worker\npurpose: Works.\n",
    "sops/SOP-001-look.md": SOP,
    "sops/part.png": PIXEL,
    "sops/photo.jpg": PHOTO,
    "sops/evil.svg": EVIL,
}
System = Callable[[dict[str, str | bytes]], Path]


def build(root: Path) -> Path:
    loaded = load(root)
    shutil.copyfile(Path(pages.__file__).parent / "mkdocs.yml", root / "mkdocs.yml")
    pages.write(loaded, checks.run(loaded, TODAY), TODAY, root / "build" / "docs")
    return engines.build(root)


def test_png_jpg_and_svg_lie_beside_the_page_and_are_images(system: System) -> None:
    site = build(system(FILES))
    page = (site / "sops/SOP-001.html").read_text(encoding="utf-8")
    tags = re.findall(r"<img [^>]*>", page)
    assert [re.findall(r'src="([^"]+)"', tag)[0] for tag in tags] == ["part.png", "photo.jpg", "evil.svg"]
    assert all(re.search(r'alt="A [a-z]+', tag) for tag in tags)
    assert not (site / "sops/evil.svg").exists()
    for name in ("part.png", "photo.jpg"):
        assert (site / "sops" / name).read_bytes() == FILES[f"sops/{name}"]
    assert "evil.example" not in page
    assert "onload" not in page


def svg(inner: str, more: str = "") -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'xmlns:h="http://www.w3.org/1999/xhtml" xmlns:s="http://www.w3.org/2000/svg" {more}>\n{inner}</svg>'
    )


HOSTILE = {
    "script": svg("<script>alert(1)</script>"),
    "script in CDATA": svg("<script><![CDATA[alert(1)]]></script>"),
    "uppercase": svg("<SCRIPT/><g ONLOAD='x()'/>"),
    "another prefix": svg("<s:script>alert(1)</s:script>"),
    "script of HTML": svg("<h:script>alert(1)</h:script>"),
    "a page inside": svg("<foreignObject><h:p>x</h:p></foreignObject>"),
    "on the root": svg("", 'onload="alert(1)"'),
    "focus": svg('<g tabindex="1" onfocusin="alert(1)"/>'),
    "address of code": svg('<a href="javascript:alert(1)"><text>x</text></a>'),
    "code in entities": svg('<a xlink:href="&#106;ava&#x73;cript&#58;alert(1)"><text>x</text></a>'),
    "code with gaps": svg('<a href=" java&#10;script:alert(1)"/>'),
    "xlink": svg('<image xlink:href="https://evil.example/x.png"/>'),
    "another prefix of xlink": svg('<image y:href="//evil.example/x" xmlns:y="http://www.w3.org/1999/xlink"/>'),
    "file beside": svg('<use href="other.svg#a"/>'),
    "drawing in an address": svg('<use href="data:image/svg+xml;base64,PHN2Zz4=#a"/>'),
    "page in an address": svg('<a href="data:text/html,x"/>'),
    "another base": svg('<use href="#a"/>', 'xml:base="https://evil.example/"'),
    "style attribute": svg('<rect style="fill:url(https://evil.example/x)"/>'),
    "style with escapes": svg('<rect style="fill:u\\72l(https://evil.example/x)"/>'),
    "second address": svg('<rect style="fill:url(#a);stroke:url(//evil.example)"/>'),
    "presentation attribute": svg("<rect filter=\"url('x.svg#f')\"/>"),
    "import": svg("<style>@import 'https://evil.example/x.css';</style>"),
    "import in CDATA": svg("<style><![CDATA[@IMPORT 'https://evil.example/x.css';]]></style>"),
    "import with escapes": svg("<style>@\\69mport 'x.css';</style>"),
    "font": svg("<style>@font-face{font-family:a;src:url(https://evil.example/a.woff)}</style>"),
    "image set": svg("<style>g{background:image-set('https://evil.example/x' 1x)}</style>"),
    "changed later": svg('<a href="#a"><set attributeName="href" to="javascript:alert(1)"/></a>'),
    "changed later to elsewhere": svg('<a><animate attributeName="xlink:href" values="#a;https://evil.example"/></a>'),
    "handler set later": svg('<set attributeName="onclick" to="alert(1)"/>'),
    "entity": '<!DOCTYPE svg [<!ENTITY a "&lt;script/>">]>' + svg("&a;"),
    "file as entity": '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + svg("<text>&a;</text>"),
    "many laughs": "<!DOCTYPE s [<!ENTITY a 'aaa'><!ENTITY b '&a;&a;&a;'>]>" + svg("&b;"),
    "style sheet": '<?xml-stylesheet type="text/xsl" href="x.xsl"?>' + svg(""),
    "broken off": svg("<script>alert(1)</script>")[:-6],
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_drawing_that_could_run_or_fetch_something_is_active(name: str, encoding: str, tmp_path: Path) -> None:
    verdict = judge(HOSTILE[name].encode(encoding))
    assert verdict.active, verdict
    (tmp_path / "evil.SVG").write_bytes(HOSTILE[name].encode(encoding))
    assert file_of("evil.SVG", tmp_path, tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        svg(""),
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!-- <script> -->' + svg("<text>onload= javascript url(x</text>"),
        svg('<use xlink:href="#a"/><rect fill="url(#g)" style="stroke: url( \'#h\' )"/>'),
        svg('<image href=" data:image/png;base64,iVBORw0K"/><style>g{fill:url(data:image/png;base64,iVB)}</style>'),
        svg('<animate attributeName="x" values="1;2" from="1" to="2"/>'),
        svg('<metadata><i:a xmlns:i="urn:i" i:resource="https://example.org"/></metadata>'),
    ],
)
def test_a_plain_drawing_is_not_active(text: str) -> None:
    assert judge(text.encode()) == Verdict()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a drawing",
        b"<html xmlns='http://www.w3.org/1999/xhtml'/>",
        b"<svg/>",
        b"<svg",
        svg("<g>").encode(),
        b'<?xml version="1.0" encoding="utf-7"?>' + svg("").encode(),
        svg("<text>" + "a" * MOST_BYTES + "</text>").encode(),
    ],
)
def test_what_is_no_drawing_is_told_and_not_published(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.svg"
    file.write_bytes(data)
    assert unreadable(file) is not None
    assert file_of("a.svg", tmp_path, tmp_path) is None


def test_a_drawing_made_to_keep_us_busy_does_not() -> None:
    started = time.monotonic()
    for inner in ("/*" * 900_000, "url(" * 400_000, "\\" * 900_000):
        judge(svg(f"<style>{inner}</style><g style='{inner}'/>").encode())
    judge(svg("<g>" * 200_000).encode())
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("name", "data", "good"),
    [
        ("a.png", PIXEL, True),
        ("a.jpg", PHOTO, True),
        ("a.JPEG", PHOTO, True),
        ("a.gif", b"GIF89a..", True),
        ("a.webp", b"RIFF\0\0\0\0WEBP", True),
        ("a.png", PHOTO, False),
        ("a.png", PIXEL[:20], False),
        ("a.png", PIXEL[:60], False),
        ("a.jpg", PHOTO[:25], False),
        ("a.gif", b"", False),
        ("a.webp", PIXEL, False),
        ("a.bmp", b"BM", False),
        ("a.png", b"version https://git-lfs.github.com/spec/v1", False),
    ],
)
def test_a_picture_can_be_read_or_not(name: str, data: bytes, good: bool, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    assert (unreadable(tmp_path / name) is None) == good


def test_a_warning_keeps_its_kind_and_its_words(system: System) -> None:
    page = (build(system(FILES)) / "sops/SOP-001.html").read_text(encoding="utf-8")
    assert re.search(r'<div class="admonition danger">\s*<p class="admonition-title">Sharp edges</p>', page)


def test_a_missing_picture_and_one_from_elsewhere_are_errors(system: System) -> None:
    text = SOP.replace("(part.png)", "(other.png)").replace("(photo.jpg)", "(https://evil.example/photo.jpg)")
    root = system({**FILES, "sops/SOP-001-look.md": text})
    found = [f for f in checks.run(load(root), TODAY).findings if f.check == "image-missing"]
    lines = text.split("\n")
    assert [lines[f.position.line - 1].rsplit("(", 1)[-1] for f in found] == [
        "other.png)",
        "https://evil.example/photo.jpg)",
    ]
    assert all(f.level == "error" for f in found)


@pytest.fixture
def chromium() -> Iterator[Any]:
    """A browser, or the reason why there is none; CI must have one."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program and not in_ci():
        pytest.skip("no Chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api") if not in_ci() else __import__("playwright.sync_api").sync_api
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_drawing_with_a_script_runs_nothing_and_asks_nobody(system: System, chromium: Any) -> None:
    site = build(system(FILES))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    page = chromium.new_page()
    asked: list[str] = []
    dialogs: list[str] = []

    def closed(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", closed)
    page.goto(address + "sops/SOP-001.html", wait_until="networkidle")
    drawn = page.evaluate("[...document.images].map(i => i.complete && i.naturalWidth > 0)")
    ran = page.evaluate("'ran' in window")
    page.close()
    server.shutdown()
    server.server_close()
    assert drawn == [True, True, False]
    assert not ran
    assert dialogs == []
    assert [url for url in asked if not url.startswith(address)] == []


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PIXEL, (1, 1)),
        (PHOTO, (1, 1)),
        (
            b'<?xml version="1.0"?>\n<svg xmlns="x" width="640px" height="409.6"><rect width="9" height="9"/></svg>',
            (640, 410),
        ),
        (b'<svg viewBox="0 0 300 150.2">', (300, 150)),
        (b'<svg stroke-width="3" height="4" viewBox="0,0,8,6">', (8, 6)),
        (b'<svg width="100%" height="100%">', None),
        (b'<svg width="1.2.3" height="4">', None),
        (b"<svg", None),
        (PIXEL[:20], None),
        (PHOTO[:25], None),
        (b"\xff\xd8" + b"\xff\xe0\x00\x00" * 40, None),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 8 + b"\xff" * 8, None),
        (b"", None),
    ],
)
def test_the_size_of_a_picture_is_read_from_its_file(data: bytes, size: tuple[int, int] | None) -> None:
    assert size_of(data) == size


def test_images_say_their_size_and_nothing_outside_is_opened(tmp_path: Path) -> None:
    inside = tmp_path / "qms" / "sops"
    inside.mkdir(parents=True)
    (inside / "part.png").write_bytes(PIXEL)
    (tmp_path / "other.png").write_bytes(PIXEL)
    (inside / "link.png").symlink_to(tmp_path / "other.png")
    text = '<p><img alt="a" src="part.png"><img src="link.png" alt=""><img alt="x" src="gone.png"><img alt="none"></p>'
    assert placed(text, inside, tmp_path / "qms") == (
        '<p><img alt="a" src="part.png" width="1" height="1" loading="lazy">'
        '<img src="link.png" alt="" loading="lazy"><img alt="x" src="gone.png" loading="lazy"><img alt="none"></p>'
    )


# --- the pictures of the reference system --------------------------------------------------------------------


def shown() -> list[tuple[Item, str, Path]]:
    """Every picture of the reference system: the item that shows it, the address it has there, the file."""
    loaded = load(REPOSITORY)
    return [
        (item, link.target, REPOSITORY / Path(item.path).parent / link.target)
        for item in loaded.qms.items.values()
        for link in (body.links(item.body, item.body_line) if item.body else ())
        if link.image
    ]


def test_every_drawing_is_shown_by_the_document_it_is_named_after() -> None:
    files = {file for folder in ("sops", "work-instructions") for file in (REPOSITORY / folder).glob("*.svg")}
    assert len(files) >= 8
    assert {file for _, _, file in shown()} == files
    for item, target, _ in shown():
        assert target.startswith(f"{item.id}-"), target


@pytest.mark.parametrize("file", sorted({file for _, _, file in shown()}), ids=lambda file: file.name)
def test_a_drawing_is_small_still_titled_and_legible(file: Path) -> None:
    data = file.read_bytes()
    assert len(data) < 15_000
    root = ElementTree.fromstring(data)
    names = {element.tag.rsplit("}", 1)[-1] for element in root.iter()}
    assert names <= {
        "svg", "title", "defs", "pattern", "g", "path", "rect", "circle", "ellipse", "line", "text"
    }, names  # fmt: skip
    assert not [name for element in root.iter() for name in element.attrib if "href" in name or name.startswith("on")]
    assert root[0].tag.endswith("title")
    assert len(root[0].text or "") > 20
    assert root.get("viewBox") == f"0 0 640 {root.get('height')}"
    assert root.get("width") == "640"
    sizes = [float(element.get("font-size", "99")) for element in root.iter()]
    assert min(sizes) >= 16
    back = root.find("{http://www.w3.org/2000/svg}rect")
    assert back is not None
    assert back.get("fill") == "#fff"
    assert back.get("rx") == "12"
    said = " ".join("".join(element.itertext()) for element in root.iter() if element.tag.endswith("text"))
    assert not re.search(r"\b[A-Z]{2,4}-\d{3}\b", said), "ids in pictures are not checked, not linked and not left out"
