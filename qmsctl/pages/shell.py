"""What stands around every page: header, navigation, the notice of what is shown, styles and scripts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import material

from qmsctl.model import harmless
from qmsctl.pages.folder import Folder
from qmsctl.pages.view import View
from qmsctl.pages.wording import SOURCE, Words, for_scripts

HERE = Path(__file__).parent
_SOURCE_MAP = re.compile(rb"/\*# sourceMappingURL=[^*]*\*/")
ASSETS = HERE / "assets" / "qms"
STYLES = ("qms", "shell", "pages", "notes", "charts", "search", "register", "calendar", "transition", "print")
SCRIPTS = ("qms", "page", "search", "register", "calendar", "print")
NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "it": "Italiano", "pl": "Polski", "cs": "Čeština", "nl": "Nederlands", "pt": "Português"}  # fmt: skip


def write(views: Sequence[View], pages: Iterable[str], docs: Folder, theme: Folder) -> None:
    """Write the theme for all languages, and into ``docs`` what scripts have to say."""
    source = views[0]
    indexes = sorted({page.removeprefix(source.prefix).removesuffix(".md") for page in pages if "/" not in page})
    spoken = {view.language: view.words for view in views}
    others = "".join(
        f'{{% if language == "{view.language}" %}}{_plain(announcement(view))}{{% endif %}}' for view in views[1:]
    )
    parts = {
        "@@WORDS@@": _literal({code: _words(words) for code, words in spoken.items()}),
        "@@LANGUAGE@@": source.language,
        "@@PAGES@@": _literal(indexes),
        "@@ANNOUNCE@@": _plain(announcement(source)),
        "@@ANNOUNCE_OTHERS@@": others,
        "@@STYLES@@": "\n".join(
            f'      <link rel="stylesheet" href="{{{{ \'assets/qms/{n}.css\' | url }}}}?v={v}">'
            for n, v in [*_material(docs), *_files("css")]
        ),
        "@@SCRIPTS@@": "\n".join(
            [
                f'{{% if language == "{code}" %}}<script defer src="{{{{ \'assets/qms/words-{code}.js\' | url }}}}?v={v}"></script>{{% endif %}}'
                for code, v in _script_words(spoken, docs)
            ]
            + [f"<script defer src=\"{{{{ 'assets/qms/{n}.js' | url }}}}?v={v}\"></script>" for n, v in _files("js")]
        ),
    }
    for file in sorted((HERE / "theme").rglob("*.html")):
        text = file.read_text(encoding="utf-8")
        for mark, value in parts.items():
            text = text.replace(mark, value)
        theme.put(file.relative_to(HERE / "theme").as_posix(), text.encode())


def _material(docs: Folder) -> list[tuple[str, str]]:
    """Copy the styles of Material beside ours, so that every engine builds the same page; return (name, mark)."""
    folder = Path(material.__path__[0]) / "templates" / "assets" / "stylesheets"
    found = []
    for name in ("main", "palette"):
        (file,) = folder.glob(f"{name}.*.min.css")
        data = _SOURCE_MAP.sub(b"", file.read_bytes())
        docs.put(f"assets/qms/material-{name}.css", data)
        found.append((f"material-{name}", _mark_of(data)))
    return found


def _files(kind: str) -> list[tuple[str, str]]:
    """The styles or scripts that exist, each with a mark of its content, so that no cache mixes two builds."""
    names = STYLES if kind == "css" else SCRIPTS
    found = [(name, ASSETS / f"{name}.{kind}") for name in names]
    return [(name, _mark_of(file.read_bytes())) for name, file in found if file.is_file()]


def _mark_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:10]


def _script_words(spoken: dict[str, Words], docs: Folder) -> list[tuple[str, str]]:
    """Write the texts of scripts for every language but English; return (language, mark)."""
    scripts = {name: (ASSETS / f"{name}.js").read_text(encoding="utf-8") for name, _ in _files("js")}
    found = []
    for code, words in spoken.items():
        if code != SOURCE:
            said = json.dumps(for_scripts(words, scripts), ensure_ascii=True, sort_keys=True).replace("<", "\\u003c")
            data = f"window.qmsWords = {said};\n".encode()
            docs.put(f"assets/qms/words-{code}.js", data)
            found.append((code, _mark_of(data)))
    return found


def _words(words: Words) -> dict[str, object]:
    """The texts of the shell in one language."""
    sections = ("Start", "Strategy", "Processes", "Performance", "Documents", "Roles", "Risks", "Compliance", "Registers", "Calendar", "About")  # fmt: skip
    return {
        "own_name": NAMES.get(words.language, words.language),
        "gone": words("There is no such page"),
        "gone_help": words(
            "Search for what you need, or begin at the start. If an address on paper led here, tell the owner of the document."
        ),
        "skip": words("Skip to the content"),
        "shown": words("What these pages show"),
        "ask": words("What do you need to do?"),
        "search": words("Search the management system"),
        "scheme": words("Light or dark"),
        "menu": words("Menu"),
        "sections": words("Sections"),
        "contents": words("On this page"),
        "foot": words("Printed copies are not controlled."),
        "nav": {name: words(name) for name in sections},
    }


def _literal(value: object) -> str:
    """A value as a template reads it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True).replace("{", "{ ").replace("}", " }")


def _plain(text: str) -> str:
    """HTML that a template takes as it is: nothing in it opens a tag of the template language."""
    return text.replace("{", "&#123;").replace("}", "&#125;")


def announcement(view: View) -> str:
    """Say above every page what it shows and as of when; the browser warns when that is out of date."""
    t = view.t
    day = f'<time datetime="{view.today}">{view.long_day(view.today)}</time>'
    fixed = " data-fixed" if view.loaded.config.as_of else ""
    control = view.control
    if control is None:
        what = f"<strong>{t('Preview.')}</strong> {t('The files as they lie in the folder; revisions and approvals were not judged.')}"
        return f'<div class="qms-asof" data-day="{view.today}"{fixed}>{what} {t("As of")} {day}.</div>'
    if control.preview:
        what = f"<strong>{t('Preview.')}</strong> {t('Proposed texts, not what is in force.')}"
        return f'{_mark(t("Preview"))}<div class="qms-asof qms-preview" data-day="{view.today}"{fixed}>{what} {t("As of")} {day}.</div>'
    if control.past:
        what = f"<strong>{t('Not current.')}</strong> {t('What was in force on')} {day}."
        return f'{_mark(t("Not current"))}<div class="qms-asof qms-preview" data-day="{view.today}" data-fixed>{what}</div>'
    soon = f' data-next="{control.next_day}"' if control.next_day else ""
    return f'<div class="qms-asof" data-day="{view.today}"{soon}{fixed}>{t("What is in force on")} {day}.</div>'


def _mark(text: str) -> str:
    """A watermark for paper: what is printed must not be taken for what is in force."""
    return f'<div class="qms-mark" aria-hidden="true">{text}</div>'


def title_of(text: object) -> str:
    """A title for the front matter of a page; themes do not escape it."""
    return harmless(str(text))
