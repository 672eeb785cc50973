"""The file a translation begins with: every text of an item in place, ready to be said in another language."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from qmsctl import body as markdown
from qmsctl.editing._new import _field
from qmsctl.editing._text import EditError, IdUnknown
from qmsctl.loader import Loaded
from qmsctl.model import Item, mapping_of, nearest
from qmsctl.schema import ItemType
from qmsctl.translation import OWN, is_text


def start(loaded: Loaded, name: str, language: str) -> tuple[str, str]:
    """Return path and content of the file in which the translation of an item begins. Raises EditError."""
    item = loaded.qms.items.get(name)
    if item is None:
        near = nearest(name, list(loaded.qms.items))
        tip = f"did you mean {' or '.join(near)}?" if near else f"search for it: qmsctl find {name}"
        raise IdUnknown(f"there is no item `{name}`", tip)
    languages = loaded.config.languages
    if language == languages[0]:
        raise EditError(f"`{name}` is written in `{language}` already", "name the language to translate into")
    if language not in languages:
        listed = ", ".join((*languages, language))
        raise EditError(f"qms.yaml does not list the language `{language}`", f"write there: languages: [{listed}]")
    if item.shipped:
        raise EditError(f"`{name}` comes with qmsctl", "copy it into your system first")
    known = [t for t in loaded.qms.translations if t.language == language and t.content.id == name]
    path = known[0].content.path if known else path_of(item, language)
    if known or (loaded.root / path).exists():
        raise EditError(f"{path} exists already", "it is never overwritten; go on in that file")
    return path, content(item, loaded.types[item.type])


def path_of(item: Item, language: str) -> str:
    """Return where the translation of an item lies: beside it, the language before the ending."""
    stem, suffix = posixpath.splitext(item.path)
    return f"{stem}.{language}{suffix}"


def content(item: Item, kind: ItemType) -> str:
    """Return all texts of an item as a translation of its present revision."""
    said: dict[str, Any] = {"translation_of": item.id}
    if item.get("revision"):
        said["of_revision"] = str(item.get("revision"))
    steps = kind.body[0] if kind.body else ""
    own = (*OWN, "id", "type", steps)
    said |= texts({name: value for name, value in item.fields.items() if name not in own}, kind.properties)
    front = "\n".join(line for name, value in said.items() for line in _field(name, value)) + "\n"
    return f"---\n{front}---\n\n{_body(item, kind)}" if item.path.endswith(".md") else front


def texts(fields: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a translation may say, in the order of the item."""
    found = {}
    for name, value in fields.items():
        prop = mapping_of(properties.get(name))
        if name in properties and is_text(prop):
            text = _texts_in(value, prop)
            if text:
                found[name] = text
    return found


def _texts_in(value: Any, prop: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return texts(value, mapping_of(prop.get("properties")))
    if not isinstance(value, list):
        return value if isinstance(value, str) else None
    inner = mapping_of(mapping_of(prop.get("items")).get("properties"))
    if not inner:
        return value if all(isinstance(text, str) for text in value) else None
    rows = [row for row in value if isinstance(row, Mapping)]
    if any("key" in row for row in rows):
        said = [{"key": row.get("key"), **texts({n: v for n, v in row.items() if n != "key"}, inner)} for row in rows]
        return [row for row in said if len(row) > 1]
    # Rows without keys are told apart by their order, so all of them are written.
    said = [texts(row, inner) for row in rows]
    return said if any(said) else None


def _body(item: Item, kind: ItemType) -> str:
    """Return the body without the lines below a step that only hold links: those count as the source says them."""
    if kind.body is None:
        return item.body.strip() + "\n"
    field, section = kind.body
    inner = mapping_of(mapping_of(kind.properties[field].get("items")).get("properties"))
    facts = {
        at
        for step in markdown.steps(item.body, 0, section)
        for name, (_, at, _) in step.facts.items()
        if not is_text(mapping_of(inner.get(name)))
    }
    return "\n".join(line for at, line in enumerate(item.body.split("\n")) if at not in facts).strip() + "\n"
