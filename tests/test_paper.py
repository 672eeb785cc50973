"""Paper: tagged PDFs of documents and handbooks, what every sheet says, and what is told when something is missing."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2
import pytest
import zxingcpp
from click.testing import CliRunner, Result

from qmsctl import checks
from qmsctl.cli import app
from qmsctl.exports import pdf
from qmsctl.loader import load
from qmsctl.pages import paper
from qmsctl.pages.view import View
from tests.conftest import TODAY
from tests.test_lived_history import lived
from tests.test_site import HOSTILE

__all__ = ["lived"]
ADDRESS = "https://qms.example.org/quality"
ROLE = """id: inspector
type: role
title: Inspector
status: released
revision: "1.0"
effective: 2026-01-05
owner: inspector
review_every: 12 months
change: First revision.
purpose: Lets only proven lots go on.
"""
SOP = """---
id: SOP-001
type: sop
title: {title}
status: released
revision: "{revision}"
effective: {effective}
owner: inspector
review_every: 24 months
change: First revision.
purpose: Nothing unproven reaches a machine.
---

## Steps

### Draw the sample {{#draw-sample}}
Who: inspector

Take five pieces. {text}

![Where to take them]({picture})

### Decide {{#decide}}
Who: inspector

See [the first step](#draw-sample), [the sister](SOP-002-second.md#draw-sample) and [a site](https://example.org/x).
"""
Files = Callable[..., Path]


def png() -> bytes:
    """A picture of one black point."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def sop(title: str = "First", text: str = "", picture: str = "pieces.png", **facts: str) -> str:
    given = {"revision": "2.1", "effective": "2026-03-02"} | facts
    return SOP.format(title=title, text=text, picture=picture, **given)


def make(system: Files, files: dict[str, str | bytes] | None = None, site: bool = True) -> Path:
    root = system(
        {
            "roles/inspector.yaml": ROLE,
            "sops/SOP-001-first.md": sop(),
            "sops/SOP-002-second.md": sop("Second").replace("SOP-001", "SOP-002"),
            "sops/pieces.png": png(),
            **(files or {}),
        }
    )
    where = f"site:\n  address: {ADDRESS}/\n" if site else ""
    (root / "qms.yaml").write_text(f"organisation: Example\nas_of: {TODAY}\n{where}", encoding="utf-8")
    return root


def export(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["-C", str(root), "export", "pdf", *arguments])


def texts(file: Path) -> list[str]:
    document = pypdfium2.PdfDocument(file)
    return [page.get_textpage().get_text_bounded() for page in document]


def codes(file: Path) -> list[str]:
    document = pypdfium2.PdfDocument(file)
    return [found.text for page in document for found in zxingcpp.read_barcodes(page.render(scale=3).to_pil())]


def view_of(root: Path) -> View:
    loaded = load(root)
    return View(loaded, checks.run(loaded, TODAY), TODAY)


# --- one document -----------------------------------------------------------------------------------


def test_a_document_is_tagged_and_says_what_it_is(system: Files) -> None:
    root = make(system)
    done = export(root, "SOP-001")
    assert done.exit_code == 0, done.output
    catalogue: Any = pypdf.PdfReader(root / "build/pdf/SOP-001.pdf")
    top = catalogue.root_object
    assert "/StructTreeRoot" in top
    assert top["/MarkInfo"]["/Marked"]
    assert top["/Lang"] == "en"
    assert top["/ViewerPreferences"]["/DisplayDocTitle"]
    assert (
        b"pdfuaid:part" in top["/Metadata"].get_data().replace(b"ns0", b"pdfuaid")
        or b"pdfua/ns/id" in top["/Metadata"].get_data()
    )
    assert catalogue.metadata.title == "SOP-001 First 2.1"
    assert catalogue.metadata.author == "Example"
    assert "Revision 2.1" in catalogue.metadata.subject
    assert {str(entry["/Title"]) for entry in _outline(catalogue.outline)} >= {"First", "Steps", "Draw the sample"}


def _outline(entries: list[Any]) -> list[Any]:
    return [x for entry in entries for x in (_outline(entry) if isinstance(entry, list) else [entry])]


def _tags(node: Any) -> list[Any]:
    node = node.get_object() if hasattr(node, "get_object") else node
    if not isinstance(node, dict):
        return []
    below = node.get("/K", [])
    below = below if isinstance(below, list) else [below]
    return [node, *(x for child in below for x in _tags(child))]


def test_headings_lists_tables_and_pictures_are_tagged(system: Files) -> None:
    root = make(system)
    export(root, "SOP-001")
    tags = _tags(pypdf.PdfReader(root / "build/pdf/SOP-001.pdf").root_object["/StructTreeRoot"])
    kinds = {str(tag.get("/S")) for tag in tags}
    assert {"/H1", "/H2", "/H3", "/P", "/Table", "/TH", "/TD", "/Figure", "/Link"} <= kinds
    said = [str(tag.get("/Alt", "")) for tag in tags if tag.get("/S") == "/Figure"]
    assert sorted(said) == [f"QR code: {ADDRESS}/sops/SOP-001.html?rev=2.1", "Where to take them"]


def test_every_sheet_says_which_document_it_is_from(system: Files) -> None:
    root = make(system, {"sops/SOP-001-first.md": sop(text="\n\n".join("A long text. " * 60 for _ in range(12)))})
    export(root, "SOP-001")
    found = texts(root / "build/pdf/SOP-001.pdf")
    assert len(found) > 2
    for number, text in enumerate(found, 1):
        assert "Example" in text
        assert "SOP-001 First · Revision 2.1 · in force since 2 March 2026" in text
        assert "Uncontrolled copy · made on 16 November 2026" in text
        assert f"Page {number} of {len(found)}" in text


@pytest.mark.parametrize(("size", "wide"), [("A4", 595), ("letter", 612)])
def test_paper_of_either_size(system: Files, size: str, wide: int) -> None:
    root = make(system)
    export(root, "SOP-001", "--size", size)
    assert round(float(pypdf.PdfReader(root / "build/pdf/SOP-001.pdf").pages[0].mediabox.width)) == wide


def test_the_code_leads_to_the_page_with_the_revision_of_the_copy(system: Files) -> None:
    root = make(system, {"sops/SOP-001-first.md": sop(revision="2.1-β")})
    export(root, "SOP-001")
    assert codes(root / "build/pdf/SOP-001.pdf") == [f"{ADDRESS}/sops/SOP-001.html?rev=2.1-%CE%B2"]


def test_without_an_address_paper_says_how_to_find_out(system: Files) -> None:
    root = make(system, site=False)
    export(root, "SOP-001")
    assert codes(root / "build/pdf/SOP-001.pdf") == []
    assert "Compare its revision" in " ".join(texts(root / "build/pdf/SOP-001.pdf")[0].split())


def test_same_input_same_bytes(system: Files) -> None:
    root = make(system)
    for name in ("one", "two"):
        assert export(root, "SOP-001", "--out", str(root / name)).exit_code == 0
    assert (root / "one/SOP-001.pdf").read_bytes() == (root / "two/SOP-001.pdf").read_bytes()


def test_links_lead_inside_to_the_site_or_nowhere(system: Files) -> None:
    root = make(system)
    for name, site in (("with", True), ("without", False)):
        make(system, site=site)
        export(root, "SOP-001", "--out", str(root / name))
        reader = pypdf.PdfReader(root / name / "SOP-001.pdf")
        marks = [a.get_object() for page in reader.pages for a in page.get("/Annots") or []]
        found = {str(mark["/A"]["/URI"]) for mark in marks if "/A" in mark and "/URI" in mark["/A"]}
        assert "https://example.org/x" in found
        assert (f"{ADDRESS}/sops/SOP-002.html#draw-sample" in found) == site
        assert not [link for link in found if not link.startswith(("https://example.org/x", ADDRESS))]
        assert [mark for mark in marks if "/Dest" in mark or "/D" in mark.get("/A", {})], "the link to the own step"


# --- what is missing --------------------------------------------------------------------------------


def test_a_missing_picture_is_told_and_the_pdf_is_written(system: Files) -> None:
    root = make(system, {"sops/SOP-001-first.md": sop(picture="lost.png")})
    done = export(root, "SOP-001")
    assert done.exit_code == 1
    line = sop(picture="lost.png").split("\n").index("![Where to take them](lost.png)") + 1
    assert f"SOP-001  error  sops/SOP-001-first.md:{line}: the picture sops/lost.png is not there\n" in done.output
    assert "help: put the file there" in done.output
    assert "Where to take them" in " ".join(texts(root / "build/pdf/SOP-001.pdf"))


def test_a_picture_that_is_none_is_told(system: Files) -> None:
    root = make(system, {"sops/pieces.png": b"not a picture"})
    assert "the picture sops/pieces.png cannot be read: the file does not begin as PNG does" in (
        export(root, "SOP-001").output
    )
    (root / "sops/pieces.png").write_bytes(png()[:45])
    assert "the picture sops/pieces.png cannot be read: the file breaks off" in export(root, "SOP-001").output
    # The beginning is good: only who draws it finds out.
    (root / "sops/pieces.gif").write_bytes(b"GIF89a")
    (root / "sops/SOP-001-first.md").write_text(sop(picture="pieces.gif"), encoding="utf-8")
    assert "the picture sops/pieces.gif cannot be read\n" in export(root, "SOP-001").output


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        ("/etc/hostname", "/etc/hostname lies outside the repository"),
        ("../../x.png", "../../x.png lies outside the repository"),
        ("https://example.org/x.png", "https://example.org/x.png lies outside the repository"),
        ("a%00.png", "a%00.png lies outside the repository"),
        ("more%20pieces.png", "sops/more pieces.png is not there"),
        ("evil.svg", "sops/evil.svg holds active parts"),
    ],
)
def test_why_a_picture_is_not_shown(system: Files, picture: str, why: str) -> None:
    evil = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    root = make(system, {"sops/SOP-001-first.md": sop(picture=picture), "sops/evil.svg": evil})
    done = export(root, "SOP-001")
    assert done.exit_code == 1
    assert f"the picture {why}" in done.output
    assert done.output.count("  error  ") == 1


def test_a_picture_with_a_space_in_its_name_is_shown(system: Files) -> None:
    root = make(system, {"sops/SOP-001-first.md": sop(picture="more%20pieces.png"), "sops/more pieces.png": png()})
    done = export(root, "SOP-001")
    assert done.exit_code == 0, done.output


def test_a_document_that_cannot_be_read_is_told_with_its_file(system: Files) -> None:
    root = make(system, {"sops/SOP-013-third.md": "---\nid: SOP-013\ntitle: a: b\n---\n"})
    runs = [["show", "SOP-013"], ["show", "sop-013#step"], ["export", "pdf", "SOP-013"]]
    for arguments in runs:
        done = CliRunner().invoke(app, ["-C", str(root), *arguments])
        assert done.exit_code == 2
        assert "cannot be read: sops/SOP-013-third.md:3" in done.output
        assert "qmsctl check" in done.output
    assert "there is no item `SOP-01`" in CliRunner().invoke(app, ["-C", str(root), "show", "SOP-01"]).output
    done = export(root, "--all")
    assert done.exit_code == 1
    assert "1 file would be left out; it cannot be read: sops/SOP-013-third.md:3" in done.output
    done = CliRunner().invoke(app, ["-C", str(root), "site", "build"])
    assert done.exit_code == 1
    assert not (root / "build/docs").exists()
    done = export(root, "--all", "--preview")
    assert done.exit_code == 0, done.output
    assert "1 file left out, it cannot be read: sops/SOP-013-third.md:3; see qmsctl check" in done.output


@pytest.mark.parametrize(
    "picture", ["../qms.yaml", "/etc/hostname", "file:///etc/hostname", "http://127.0.0.1:9/x.png"]
)
def test_only_pictures_beside_the_document_are_read(system: Files, picture: str) -> None:
    root = make(system, {"sops/SOP-001-first.md": sop(picture=picture)})
    view = view_of(root)
    held, environment = paper.prepared(view)
    made = paper.document(held, environment, view.graph.items["SOP-001"], "A4")
    assert all(file.is_relative_to(root) for file in made.pictures.values())
    flaws = pdf.write(made.html, root / "out.pdf", made.pictures)
    assert (root / "out.pdf").is_file()
    assert not [flaw for flaw in flaws if flaw.kind == "other"]


def test_a_letter_no_font_has_is_told(system: Files) -> None:
    root = make(system, {"sops/SOP-001-first.md": sop(text="\U000e0150 \U000f1234")})
    done = export(root, "SOP-001")
    assert done.exit_code == 0, done.output
    assert "SOP-001  warning  no font here has" in done.output
    assert "U+F1234" in done.output
    assert "install a font" in done.output
    assert export(root, "SOP-001", "--strict").exit_code == 1


def test_our_own_style_is_understood(system: Files) -> None:
    """What the engine does not know of the style sheets is meant for browsers; nothing else may be left out."""
    import logging

    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    root = make(system)
    logger, listener = logging.getLogger("weasyprint"), Listener()
    logger.addHandler(listener)
    try:
        assert export(root, "SOP-001").exit_code == 0
    finally:
        logger.removeHandler(listener)
    for_browsers = ("print-color-adjust", "widows", "hyphens", "details-content")
    odd = [line for line in said if "@page" in line or ("unknown property" not in line and "Ignored" in line)]
    assert [line for line in odd if not any(word in line for word in for_browsers)] == []


# --- handbooks and all documents --------------------------------------------------------------------


def test_a_handbook_holds_what_applies_and_is_in_force(system: Files) -> None:
    late = sop("Third", effective="2026-12-01").replace("SOP-001", "SOP-003")
    gone = sop("Fourth").replace("SOP-001", "SOP-004").replace("status: released", "status: obsolete")
    root = make(system, {"sops/SOP-003-third.md": late, "sops/SOP-004-fourth.md": gone})
    done = export(root, "--role", "inspector")
    assert done.exit_code == 0, done.output
    file = root / "build/pdf/inspector-handbook.pdf"
    found = texts(file)
    whole = " ".join(" ".join(found).split())
    assert "Handbook: Inspector" in found[0]
    assert "as in force on 16 November 2026" in " ".join(found[0].split())
    assert "Contents" in found[1]
    assert "SOP-001 First" in whole
    assert "SOP-002 Second" in whole
    assert "Third" not in found[1]
    assert "Fourth" not in found[1]
    assert not [text for text in found if "SOP-003 Third ·" in text or "SOP-004 Fourth ·" in text]
    pages = {
        name: at for at, text in enumerate(found, 1) for name in ("SOP-001 First ·", "SOP-002 Second ·") if name in text
    }
    assert len(pages) == 2, "each document has its own line on its own sheets"
    assert re.search(rf"SOP-001 First.*?{pages['SOP-001 First ·']}\b", found[1], re.DOTALL)
    for number, text in enumerate(found[1:], 2):
        assert f"Page {number} of {len(found)}" in text
    assert {str(entry["/Title"]) for entry in _outline(pypdf.PdfReader(file).outline)} >= {
        "First",
        "Second",
        "Contents",
    }
    assert codes(file)[0] == f"{ADDRESS}/roles/inspector.html?rev=1.0"


def test_links_between_documents_of_a_handbook_stay_inside(system: Files) -> None:
    root = make(system)
    view = view_of(root)
    held, environment = paper.prepared(view)
    text = paper.handbook(held, environment, view.graph.items["inspector"], "A4").html
    assert 'href="#SOP-002--draw-sample"' in text
    ids = re.findall(r'\sid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', text)) <= set(ids)


def test_all_documents_and_their_list(system: Files) -> None:
    root = make(system)
    out = root / "out"
    out.mkdir()
    (out / "SOP-099.pdf").write_bytes(b"old")
    done = export(root, "--all", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert {file.name for file in out.iterdir()} == {
        "SOP-001.pdf", "SOP-002.pdf", "inspector.pdf", "index.html", "SOP-099.pdf",
    }  # fmt: skip
    assert "SOP-099.pdf  warning" in done.output
    index = (out / "index.html").read_text(encoding="utf-8")
    assert '<a href="SOP-001.pdf">SOP-001</a>' in index
    assert "in force since 2 March 2026" in index


def test_a_file_is_replaced_only_by_a_whole_one(system: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make(system)
    file = root / "build/pdf/SOP-001.pdf"
    export(root, "SOP-001")
    before = file.read_bytes()
    monkeypatch.setattr(Path, "replace", _broken)
    assert export(root, "SOP-001", "--size", "letter").exit_code == 2
    assert file.read_bytes() == before


def _broken(self: Path, target: Path) -> Path:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name documents, or --role, or --all"),
        (["SOP-001", "--all"], "name documents, or --role, or --all"),
        (["SOP-0001"], "did you mean SOP-001"),
        (["--role", "SOP-001"], "SOP-001 is no role"),
        (["SOP-001", "--language", "de"], "`de` is no language of this system"),
    ],
)
def test_what_cannot_be_asked_for(system: Files, arguments: list[str], words: str) -> None:
    done = export(make(system), *arguments)
    assert done.exit_code == 2
    assert words in done.output


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_titles_stay_text(system: Files, text: str) -> None:
    import json

    root = make(system, {"sops/SOP-001-first.md": sop(json.dumps(text), text=text)})
    (root / "qms.yaml").write_text(f"organisation: {json.dumps(text)}\nas_of: {TODAY}\n", encoding="utf-8")
    view = view_of(root)
    held, environment = paper.prepared(view)
    for made in (
        paper.document(held, environment, view.graph.items["SOP-001"], "A4"),
        paper.handbook(held, environment, view.graph.items["inspector"], "A4"),
    ):
        assert not re.search(r"<(script|iframe|img src=x|svg onload)", made.html)
        assert not re.search(r"<[^<>]*\son\w+=", re.sub(r'"[^"]*"', '""', made.html))
        assert made.html.count("<style>") == made.html.count("</style>") == 1
        pdf.write(made.html, root / "out.pdf", made.pictures)
        assert pypdf.PdfReader(root / "out.pdf").pages
    assert re.fullmatch(r"(--qms-sheet-[a-z]+:\"([\w ·.,-]|\\[0-9a-f]+ )*\";)*", held.lines(text))


# --- change control ---------------------------------------------------------------------------------


@pytest.mark.heavy
def test_under_change_control_paper_shows_what_is_in_force(lived: Path, tmp_path: Path) -> None:
    done = export(lived, "SOP-014", "--out", str(tmp_path / "now"))
    assert done.exit_code == 0, done.output
    whole = " ".join(" ".join(texts(tmp_path / "now/SOP-014.pdf")).split())
    assert "Approvals" in whole
    assert "Signatures" not in whole
    done = export(lived, "SOP-014", "--preview", "--out", str(tmp_path / "next"))
    assert done.exit_code == 0, done.output
    for text in texts(tmp_path / "next/SOP-014.pdf"):
        assert "Preview, not in force" in " ".join(text.split())


# --- qms.yaml ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("address: javascript:alert(1)", "`address` cannot be `javascript:alert(1)`"),
        ("address: https://qms.example.org/?a=b", "`address` cannot be"),
        ("adress: https://qms.example.org", "`adress` is not a field here"),
        ("forge: https://git.example.org/quality/qms", "`forge_kind` is missing"),
        ("forge: https://git.example.org/q/qms\n  forge_kind: svn", "`forge_kind` cannot be `svn`"),
        ("email: nobody", "`email` cannot be `nobody`"),
        ("branch: --upload-pack=x", "`branch` cannot be"),
    ],
)
def test_mistakes_about_the_site_are_told(system: Files, lines: str, words: str) -> None:
    root = make(system)
    (root / "qms.yaml").write_text(f"organisation: Example\nsite:\n  {lines}\n", encoding="utf-8")
    found = [finding.message for finding in load(root).qms.findings]
    assert [message for message in found if words in message], found


def test_the_site_is_read(system: Files) -> None:
    root = make(system)
    lines = (
        f"address: {ADDRESS}/\n  forge: https://git.example.org/q/qms\n  forge_kind: forgejo\n  email: qm@example.org"
    )
    (root / "qms.yaml").write_text(f"organisation: Example\nsite:\n  {lines}\n", encoding="utf-8")
    site = load(root).config.site
    assert (site.address, site.forge_kind, site.branch, site.email) == (ADDRESS, "forgejo", "main", "qm@example.org")


def test_a_code_can_be_read_whatever_its_length() -> None:
    import PIL.Image

    for text in ("https://q.example/a.html?rev=1.0", "https://q.example/" + "folder/" * 20 + "a.html?rev=10.12"):
        made = pdf_of(str(paper.qr_code(text, "words")))
        image = PIL.Image.open(io.BytesIO(made))
        assert [found.text for found in zxingcpp.read_barcodes(image)] == [text]


def pdf_of(svg: str) -> bytes:
    """A picture of one drawing, as paper shows it."""
    import weasyprint

    page = f"<!doctype html><html lang=en><style>@page{{size:60mm;margin:4mm}}svg{{width:40mm;height:40mm}}</style>{svg}</html>"
    document = pypdfium2.PdfDocument(weasyprint.HTML(string=page).write_pdf())
    out = io.BytesIO()
    document[0].render(scale=4).to_pil().save(out, "png")
    return out.getvalue()
