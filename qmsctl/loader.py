"""Files to a Qms. Never raises for what a user wrote: every fault becomes a finding and the run goes on."""

from __future__ import annotations

import os
import re
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from qmsctl import body as markdown
from qmsctl import config as configuration
from qmsctl import frontmatter, schema
from qmsctl.model import FieldPath, Finding, Item, Position, Qms, Translation, nearest, slug

SUFFIXES = (".md", ".yaml", ".yml")
LARGE = ("catalogue", "clause-mapping")
"""The types whose items may be large: lists of clauses that were taken from elsewhere."""
CATALOGUES = Path(str(resources.files("qmsctl"))) / "standards"
Progress = Callable[[int, int], None]
_LANGUAGE = re.compile(r"\.([a-z]{2})\.(?:md|yaml|yml)$")
_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,100}")


@dataclass(frozen=True)
class Loaded:
    """A system as it was read: the items, the types they have, the configuration."""

    qms: Qms
    types: Mapping[str, schema.ItemType]
    config: configuration.Config
    root: Path


@dataclass
class Sink:
    """Collects findings while reading."""

    findings: list[Finding] = field(default_factory=list)

    def add(self, check: str, message: str, position: Position, help: str = "", item: str = "") -> None:
        self.findings.append(Finding(check, message, position, help, item=item))


def find_root(start: Path) -> Path | None:
    """Return the nearest folder, upwards from ``start``, that holds a qms.yaml."""
    for folder in (start, *start.parents):
        if (folder / configuration.FILE).is_file():
            return folder
    return None


def parse_yaml_bytes(data: bytes) -> tuple[dict[str, Any] | None, str]:
    """Return (fields, "") or (None, why not)."""
    parsed = frontmatter.parse_file(data, markdown=False)
    fatal = [fault for fault in parsed.faults if fault.fatal]
    if parsed.fields is None or fatal:
        return None, f"line {fatal[0].line}: {fatal[0].message}" if fatal else "empty"
    return parsed.fields, ""


def load(root: Path, progress: Progress | None = None, also: tuple[str, ...] = ()) -> Loaded:
    """Read the whole system below ``root``; ``also`` names shipped catalogues beyond those in scope."""
    sink = Sink()
    config = read_config(root, sink)
    types, faults = schema.read_types(root / "item_types", parse_yaml_bytes)
    for file, reason in faults:
        sink.add(
            "item-type-broken",
            f"the item type cannot be used: {reason}",
            Position(file),
            "compare it with a type that works: qmsctl schema --list",
        )
    folders = {name: config.folders.get(name, kind.folder) for name, kind in types.items()}
    files = list(item_files(root, set(folders.values()), config, sink))
    items: dict[str, Item] = {}
    seen: dict[str, str] = {}
    foreign: list[str] = []
    for number, path in enumerate(files):
        if progress is not None and number % 50 == 0:
            progress(number, len(files))
        if language_of(path):
            foreign.append(path)
            continue
        item = read_item(root, path, types, folders, sink)
        if item is not None:
            _keep(item, items, seen, sink)
    for catalogue in shipped_catalogues((*config.standards, *also), types):
        items.setdefault(catalogue.id, catalogue)
    for mapping in shipped_mappings(items, types):
        items.setdefault(mapping.id, mapping)
    names = read_names(root, config, sink)
    if progress is not None:
        progress(len(files), len(files))
    ordered = dict(sorted(items.items()))
    translations = tuple(t for path in foreign if (t := read_translation(root, path, ordered, types, config, sink)))
    qms = Qms(str(root), ordered, tuple(sink.findings), names, len(files), translations)
    return Loaded(qms, types, config, root)


def language_of(path: str) -> str:
    """Return the language that a file name ends with, as `de` in SOP-014-incoming-inspection.de.md; "" if it names none."""
    found = _LANGUAGE.search(path.rsplit("/", 1)[-1])
    return found.group(1) if found else ""


def read_translation(
    root: Path,
    path: str,
    items: Mapping[str, Item],
    types: Mapping[str, schema.ItemType],
    config: configuration.Config,
    sink: Sink,
) -> Translation | None:
    """Read a translation; None if nothing in it can be used."""
    data = _bytes_of(root, path, sink)
    if data is None:
        return None
    parsed = frontmatter.parse_file(data, markdown=path.endswith(".md"))
    for fault in parsed.faults:
        sink.add(fault.check, fault.message, Position(path, fault.line, fault.column), fault.help)
    fields = parsed.fields
    if fields is None:
        return None
    frontmatter.clean(parsed, data)
    language = language_of(path)
    holder = Item(path, "", path, fields, parsed.marks)
    if language not in config.languages[1:]:
        sink.add(
            "translation-unmatched",
            f"the name of this file says it is in the language `{language}`, which qms.yaml does not list",
            holder.position(),
            f"languages: [{', '.join((*config.languages, language))}]",
        )
        return None
    named = str(fields.get("translation_of") or "")
    source = items.get(named)
    if source is None:
        like = nearest(named, list(items), 1)
        sink.add(
            "translation-unmatched",
            f"`translation_of` names `{named}`, and there is no such item" if named else "`translation_of` is missing",
            holder.position("translation_of", key=not named),
            f"did you mean `{like[0]}`?" if like else "name the item that this file translates",
        )
        return None
    kind = types[source.type]
    marks = dict(parsed.marks)
    if kind.body is not None and parsed.body:
        _merge_steps(kind, fields, marks, parsed, path, sink, source.id)
    content = Item(source.id, source.type, path, fields, marks, parsed.body, parsed.body_line)
    return Translation(content, language, str(fields.get("of_revision") or ""))


def _keep(item: Item, items: dict[str, Item], seen: dict[str, str], sink: Sink) -> None:
    """Add an item unless its id is taken, in whatever case."""
    lower = item.id.lower()
    if item.id in items:
        first = items[item.id].position("id")
        sink.add(
            "id-duplicate",
            f"the id `{item.id}` is taken by {first.path}:{first.line}",
            item.position("id"),
            f"give one of the two another id: qmsctl renumber --file {item.path}",
            item.id,
        )
        return
    if lower in seen:
        sink.add(
            "id-differs-by-case",
            f"`{item.id}` and `{seen[lower]}` differ only in upper and lower case",
            item.position("id"),
            "use one spelling; some systems cannot tell the two apart",
            item.id,
        )
    seen[lower] = item.id
    items[item.id] = item


def read_config(root: Path, sink: Sink) -> configuration.Config:
    """Read and check qms.yaml; what cannot be used is left at its default."""
    file = root / configuration.FILE
    try:
        data = file.read_bytes()
    except OSError:
        sink.add(
            "configuration-broken",
            "there is no qms.yaml",
            Position(configuration.FILE),
            "begin a management system with: qmsctl init",
        )
        return configuration.Config()
    parsed = frontmatter.parse_file(data, markdown=False)
    for fault in parsed.faults:
        sink.add(
            "configuration-broken", fault.message, Position(configuration.FILE, fault.line, fault.column), fault.help
        )
    if parsed.fields is None:
        return configuration.Config()
    holder = Item("qms.yaml", "", configuration.FILE, parsed.fields, parsed.marks)
    rules = config_rules()
    broken = False
    for problem in schema.problems(rules, parsed.fields, parsed.raw):
        broken = True
        sink.add(
            "configuration-broken", problem.message, holder.position(*problem.path, key=problem.at_key), problem.help
        )
    zone = parsed.fields.get("time_zone")
    if isinstance(zone, str) and not _is_zone(zone):
        broken = True
        sink.add(
            "configuration-broken",
            f"there is no time zone `{zone}`",
            holder.position("time_zone"),
            "write a name such as Europe/Berlin or UTC; a day begins and ends there",
        )
    if broken:
        usable = {k: v for k, v in parsed.fields.items() if k in ("organisation", "as_of") and isinstance(v, str)}
        return configuration.config_of(usable)
    return configuration.config_of(parsed.fields, holder.position)


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=1)
def config_rules() -> dict[str, Any]:
    """Return the schema of qms.yaml."""
    rules, reason = parse_yaml_bytes(configuration.SCHEMA.read_bytes())
    if rules is None:
        raise schema.TypeFault(reason)
    return rules


def read_names(root: Path, config: configuration.Config, sink: Sink) -> dict[str, str]:
    """Read the directory of names of people; it may be absent."""
    file = root / config.directory
    if not file.is_file() or not _inside(root, file):
        return {}
    parsed = frontmatter.parse_file(file.read_bytes(), markdown=False)
    for fault in parsed.faults:
        sink.add(fault.check, fault.message, Position(config.directory, fault.line, fault.column), fault.help)
    return {str(k): str(v) for k, v in (parsed.fields or {}).items()}


def item_files(root: Path, folders: set[str], config: configuration.Config, sink: Sink) -> Iterator[str]:
    """Yield the relative paths of all files that hold items, in order."""
    found: set[str] = set()
    for folder in sorted(folders):
        base = root / folder
        if not base.is_dir():
            continue
        if not _inside(root, base):
            sink.add(
                "link-leaves-repository",
                "this symbolic link leads out of the repository",
                Position(folder),
                "replace it with the folder itself",
            )
            continue
        for here, below, names in os.walk(base, followlinks=False):
            below[:] = sorted(d for d in below if not d.startswith("."))
            for name in sorted([*names, *(d for d in below if os.path.islink(os.path.join(here, d)))]):
                full = Path(here) / name
                path = full.relative_to(root).as_posix()
                if path in found or name.startswith(".") or name.lower() == "readme.md" or path == config.directory:
                    continue
                if full.is_symlink() and not _inside(root, full):
                    sink.add(
                        "link-leaves-repository",
                        "this symbolic link leads out of the repository",
                        Position(path),
                        "replace it with the file itself",
                    )
                    continue
                if name.endswith(SUFFIXES) and full.is_file():
                    found.add(path)
                    yield path


def _inside(root: Path, path: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def shipped_catalogues(names: Iterable[str], types: Mapping[str, schema.ItemType]) -> Iterator[Item]:
    """Yield the catalogues of these names that come with qmsctl."""
    for name in names:
        file = CATALOGUES / f"{name}.yaml"
        if slug(name) == name and file.is_file() and "catalogue" in types:
            yield _shipped(file, "catalogue")


def shipped_mappings(items: Mapping[str, Item], types: Mapping[str, schema.ItemType]) -> Iterator[Item]:
    """Yield the mappings that come with qmsctl between catalogues that are there."""
    for file in sorted((CATALOGUES / "mappings").glob("*.yaml")):
        one, _, other = file.stem.partition("-to-")
        if one in items and other in items and "clause-mapping" in types:
            yield _shipped(file, "clause-mapping")


def _shipped(file: Path, kind: str) -> Item:
    parsed = frontmatter.parse_file(file.read_bytes(), markdown=False)
    folder = "catalogues" if kind == "catalogue" else "clause-mappings"
    return Item(file.stem, kind, f"{folder}/{file.name}", parsed.fields or {}, parsed.marks, shipped=True)


def read_item(
    root: Path, path: str, types: Mapping[str, schema.ItemType], folders: Mapping[str, str], sink: Sink
) -> Item | None:
    """Read one file; None if nothing in it can be used as an item."""
    data = _bytes_of(root, path, sink, _is_large(path, folders))
    return None if data is None else item_of(path, data, types, folders, sink)


def _is_large(path: str, folders: Mapping[str, str]) -> bool:
    """Tell whether a file may be large, by the folder it lies in."""
    return any(name in folders and path.startswith(f"{folders[name]}/") for name in LARGE)


def _bytes_of(root: Path, path: str, sink: Sink, large: bool = False) -> bytes | None:
    """Return the bytes of a file; None, with a finding, where it cannot be read."""
    most = frontmatter.most_bytes(large)
    try:
        full = root / path
        if full.stat().st_size > most:
            size = full.stat().st_size / 1e6
            sink.add(
                "file-too-large",
                f"the file has {size:.0f} MB; an item may have {most // 1_000_000}",
                Position(path),
                "keep large material as an attachment and link to it",
            )
            return None
        return full.read_bytes()
    except OSError as error:
        sink.add(
            "file-unreadable", f"the file cannot be read: {error.strerror}", Position(path), "check its permissions"
        )
        return None


def item_of(
    path: str, data: bytes, types: Mapping[str, schema.ItemType], folders: Mapping[str, str], sink: Sink
) -> Item | None:
    """Turn the bytes of one file into an item."""
    parsed = frontmatter.parse_file(data, markdown=path.endswith(".md"), large=_is_large(path, folders))
    for fault in parsed.faults:
        sink.add(fault.check, fault.message, Position(path, fault.line, fault.column), fault.help)
    places = frontmatter.clean(parsed, data) if parsed.fields is not None else []
    fields = parsed.fields
    if fields is None:
        return None
    for place in places:
        found = Item(str(fields.get("id") or path), "", path, fields, parsed.marks)
        sink.add(
            "control-character",
            "this text holds signs that cannot be seen and that steer what is shown",
            found.position(*place),
            "type it anew; they often come along when text is copied",
            found.id,
        )
    holder = Item(str(fields.get("id") or path), str(fields.get("type") or ""), path, fields, parsed.marks)
    kind = types.get(holder.type)
    if kind is None:
        if "type" not in fields:
            sink.add(
                "type-unknown",
                "`type` is missing",
                holder.position(key=True),
                "say what kind of item it is: " + ", ".join(types),
                holder.id,
            )
        else:
            like = nearest(holder.type, list(types), 1)
            tip = f"did you mean `{like[0]}`?" if like else "types: " + ", ".join(types)
            sink.add(
                "type-unknown", f"there is no item type `{fields['type']}`", holder.position("type"), tip, holder.id
            )
        return None
    marks = dict(parsed.marks)
    if kind.body is not None and parsed.body:
        _merge_steps(kind, fields, marks, parsed, path, sink, holder.id)
    item = Item(holder.id, kind.name, path, fields, marks, parsed.body, parsed.body_line)
    if not kind.valid(fields):
        for problem in kind.problems(fields, parsed.raw):
            at_key = problem.at_key
            sink.add(problem.check, problem.message, item.position(*problem.path, key=at_key), problem.help, item.id)
    folder = folders[kind.name]
    if not path.startswith(folder + "/"):
        sink.add(
            "folder-wrong",
            f"a {kind.title.lower()} belongs into `{folder}/`",
            item.position("type"),
            f"git mv {path} {folder}/{path.rsplit('/', 1)[-1]}",
            item.id,
        )
    if not isinstance(fields.get("id"), str) or not _PLAIN_ID.fullmatch(fields["id"]):
        return None  # the schema has said so; such an id must never become the name of a file or an address
    return item


def version_of(path: str, data: bytes, types: Mapping[str, schema.ItemType]) -> Item | None:
    """Return an earlier content of an item, whatever is wrong with it; None if it is none."""
    return item_of(path, data, types, {name: kind.folder for name, kind in types.items()}, Sink())


def _merge_steps(
    kind: schema.ItemType,
    fields: dict[str, Any],
    marks: dict[FieldPath, tuple[int, int, int, int, int]],
    parsed: frontmatter.Parsed,
    path: str,
    sink: Sink,
    item: str,
) -> None:
    """Read the steps of a body into the fields, as if they had been written there."""
    assert kind.body is not None
    name, section = kind.body
    element = kind.properties[name]["items"]["properties"]
    rows: list[dict[str, Any]] = []
    for index, step in enumerate(markdown.steps(parsed.body, parsed.body_line, section)):
        here: FieldPath = (name, index)
        key = step.key
        if not key:
            key = slug(step.title)
            sink.add(
                "step-without-key",
                f'the step "{step.title}" has no key',
                Position(path, step.line, 1),
                f"write a key after the heading, once and for all: ### {step.title} {{#{key}}}",
                item,
            )
        row: dict[str, Any] = {"key": key, "title": step.title}
        marks[here] = marks[(*here, "key")] = marks[(*here, "title")] = (step.line, 1, 0, step.line, 1)
        for label, (text, line, column) in step.facts.items():
            field_name = label.replace(" ", "_")
            place = (*here, field_name)
            marks[place] = (line, column, column + len(text), line, 1)
            if element.get(field_name, {}).get("type") == "array":
                row[field_name] = []
                at = column
                for number, piece in enumerate(text.split(",")):
                    lead = len(piece) - len(piece.lstrip())
                    word = piece.strip()
                    marks[(*place, number)] = (line, at + lead, at + lead + len(word), line, 1)
                    row[field_name].append(word)
                    at += len(piece) + 1
            else:
                row[field_name] = text
        row["text"] = step.text
        marks[(*here, "text")] = (step.text_line, 1, 0, step.text_line, 1)
        rows.append(row)
    if rows:
        fields.setdefault(name, rows)
        marks.setdefault((name,), marks[(name, 0)])
