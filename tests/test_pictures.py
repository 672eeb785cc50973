"""Pictures and warnings in instructions: every kind of image is shown, none can run, and those of the reference are drawn alike."""

from __future__ import annotations

import base64
import re
import shutil
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
from qmsctl.pages.pictures import placed, size_of
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
    for name in ("part.png", "photo.jpg", "evil.svg"):
        assert (site / "sops" / name).read_bytes() == FILES[f"sops/{name}"]
    assert "evil.example" not in page
    assert "onload" not in page


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
    assert drawn == [True, True, True]
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
