"""Files to a Qms. Never raises for what a user wrote: every fault becomes a finding and the run goes on."""

from __future__ import annotations

import os
import zoneinfo
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from qmsctl import config as configuration
from qmsctl import frontmatter, records, schema, shelf
from qmsctl.itemfile import Sink, bytes_of, language_of, merge_steps, parse_yaml_bytes
from qmsctl.model import Item, Items, Marks, Position, Qms, Translation, nearest, slug
from qmsctl.records import CATALOGUES, Progress

SUFFIXES = (".md", ".yaml", ".yml")

_T = TypeVar("_T")


@dataclass(frozen=True)
class Loaded:
    """A system as it was read: the items, the types they have, the configuration."""

    qms: Qms
    types: Mapping[str, schema.ItemType]
    config: configuration.Config
    root: Path
    foreign: bytes = b""
    """A fingerprint of all translations."""

    @property
    def digests(self) -> dict[str, bytes]:
        """The fingerprints of the files of all items, by path."""
        items = self.qms.items.silently()
        return {item.path: item.stamp[0] for item in items if item.stamp is not None and not item.shipped}


def find_root(start: Path) -> Path | None:
    """Return the nearest folder, upwards from ``start``, that holds a qms.yaml."""
    for folder in (start, *start.parents):
        if (folder / configuration.FILE).is_file():
            return folder
    return None


def load(root: Path, progress: Progress | None = None, also: tuple[str, ...] = (), keep: bool = False) -> Loaded:
    """Read the whole system below ``root``; ``also`` names shipped catalogues beyond those in scope.

    With ``keep``, what was read is kept below build/cache, and files that have not changed are not read again.
    """
    sink = Sink()
    small = _small(root) if keep else _Small(None)
    config = _read_config(root, sink, small)
    types, faults = schema.read_types(root / "item_types", small.parse if keep else parse_yaml_bytes)
    for file, reason in faults:
        sink.add(
            "item-type-broken",
            f"the item type cannot be used: {reason}",
            Position(file),
            "compare it with a type that works: qmsctl schema --list",
        )
    folders = {name: config.folders.get(name, kind.folder) for name, kind in types.items()}
    files = dict(item_files(root, set(folders.values()), config, sink))
    shipped = [n for n in (*config.standards, *also) if "catalogue" in types and _is_shipped(n)]
    ids = records.ids_in(root, files, types, folders.get("catalogue", ""), shipped)
    reading = records.Reading(root, types, folders, ids, keep)
    items: dict[str, Item] = {}
    seen: dict[str, str] = {}
    translated = {path for path in files if language_of(path)}
    for path, record in reading.read({p: s for p, s in files.items() if p not in translated}, sink, progress).items():
        if record[0]:
            sink.findings += records.findings_of(path, record[0])
        item = reading.item_of(path)
        if item is not None:
            _keep(item, items, seen, sink)
    for name in shipped:
        items.setdefault(name, reading.shipped(CATALOGUES / f"{name}.yaml", "catalogue"))
    for mapping in shipped_mappings(items) if "clause-mapping" in types else ():
        items.setdefault(mapping.stem, reading.shipped(mapping, "clause-mapping"))
    reading.keep()
    names = _read_names(root, config, sink, small)
    small.keep()
    if progress is not None:
        progress(len(files), len(files))
    ordered = Items(sorted(items.items()))
    foreign = {path: bytes_of(root, path, sink) for path in files if path in translated}
    said = (read_translation(path, data, ordered, types, config, sink) for path, data in foreign.items() if data)
    translations = tuple(translation for translation in said if translation is not None)
    qms = Qms(str(root), ordered, tuple(sink.findings), names, len(files), translations)
    return Loaded(qms, types, config, root, shelf.digest(*foreign, *foreign.values()))


class _Small:
    """What was made of small files beside the items, kept below build/cache by their content; without a root, nowhere."""

    def __init__(self, root: Path | None) -> None:
        self._file = root / shelf.FOLDER / "small" if root is not None else None
        self._kept: dict[bytes, Any] = (
            shelf.read(self._file, shelf.tool_key()) if self._file is not None else None
        ) or {}
        self._used: dict[bytes, Any] = {}

    def of(self, data: bytes, make: Callable[[bytes], _T]) -> _T:
        """Return what ``make`` makes of the content of a file: plain data."""
        key = shelf.digest(make.__name__, data)
        if key not in self._used:
            self._used[key] = self._kept[key] if key in self._kept else make(data)
        made: _T = self._used[key]
        return made

    def parse(self, data: bytes) -> tuple[dict[str, Any] | None, str]:
        """Return (fields, "") of a schema, or (None, why not)."""
        return self.of(data, parse_yaml_bytes)

    def keep(self) -> None:
        """Keep what was in use, if that is something else than before."""
        if self._file is not None and self._used.keys() != self._kept.keys():
            shelf.write(self._file, shelf.tool_key(), self._used)
            self._kept = dict(self._used)


@lru_cache(maxsize=8)
def _small(root: Path) -> _Small:
    return _Small(root)


def read_translation(
    path: str,
    data: bytes,
    items: Mapping[str, Item],
    types: Mapping[str, schema.ItemType],
    config: configuration.Config,
    sink: Sink,
) -> Translation | None:
    """Read a translation; None if nothing in it can be used."""
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
        merge_steps(kind, fields, marks, parsed, path, sink, source.id)
    content = Item(source.id, source.type, path, fields, marks, parsed.body, parsed.body_line)
    return Translation(content, language, str(fields.get("of_revision") or ""), stamp=shelf.digest(data))


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


def _read_config(root: Path, sink: Sink, small: _Small) -> configuration.Config:
    """Read and check qms.yaml; what cannot be used is left at its default."""
    try:
        data = (root / configuration.FILE).read_bytes()
    except OSError:
        sink.add(
            "configuration-broken",
            "there is no qms.yaml",
            Position(configuration.FILE),
            "begin a management system with: qmsctl init",
        )
        return configuration.Config()
    fields, marks, said, sound = small.of(data, _checked_config)
    sink.findings += records.findings_of(configuration.FILE, said)
    if fields is None:
        return configuration.Config()
    holder = Item("qms.yaml", "", configuration.FILE, fields, marks)
    zone = fields.get("time_zone")
    if isinstance(zone, str) and not _is_zone(zone):
        sound = False
        sink.add(
            "configuration-broken",
            f"there is no time zone `{zone}`",
            holder.position("time_zone"),
            "write a name such as Europe/Berlin or UTC; a day begins and ends there",
        )
    if not sound:
        usable = {k: v for k, v in fields.items() if k in ("organisation", "as_of") and isinstance(v, str)}
        return configuration.config_of(usable)
    return configuration.config_of(fields, holder.position)


def _checked_config(data: bytes) -> tuple[dict[str, Any] | None, Marks, tuple[records.Said, ...], bool]:
    """Return the fields of qms.yaml and where they stand, what is wrong with them, and whether they can be used."""
    sink = Sink()
    parsed = frontmatter.parse_file(data, markdown=False)
    for fault in parsed.faults:
        sink.add(
            "configuration-broken", fault.message, Position(configuration.FILE, fault.line, fault.column), fault.help
        )
    sound = True
    rules = config_rules()
    # What explains is slow to import, and mostly there is nothing to explain.
    if parsed.fields is not None and not schema.decider(rules).is_valid(parsed.fields):
        holder = Item("qms.yaml", "", configuration.FILE, parsed.fields, parsed.marks)
        for problem in schema.problems(rules, parsed.fields, parsed.raw):
            sound = False
            at = holder.position(*problem.path, key=problem.at_key)
            sink.add("configuration-broken", problem.message, at, problem.help)
    return parsed.fields, parsed.marks, tuple(map(records.said_of, sink.findings)), sound


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


def _read_names(root: Path, config: configuration.Config, sink: Sink, small: _Small) -> dict[str, str]:
    """Read the directory of names of people; it may be absent."""
    file = root / config.directory
    if not file.is_file() or not _inside(root, file):
        return {}
    names, faults = small.of(file.read_bytes(), _named)
    for check, message, line, column, help in faults:
        sink.add(check, message, Position(config.directory, line, column), help)
    return names


def _named(data: bytes) -> tuple[dict[str, str], list[tuple[str, str, int, int, str]]]:
    """Return the names by person, and the faults of the file."""
    parsed = frontmatter.parse_file(data, markdown=False)
    faults = [(fault.check, fault.message, fault.line, fault.column, fault.help) for fault in parsed.faults]
    return {str(k): str(v) for k, v in (parsed.fields or {}).items()}, faults


def item_files(
    root: Path, folders: set[str], config: configuration.Config, sink: Sink
) -> Iterator[tuple[str, records.State]]:
    """Yield the relative paths of all files that hold items, in order, and how they look from outside."""
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
        for path, entry in _below(base, folder):
            name = entry.name
            if path in found or name.startswith(".") or name.lower() == "readme.md" or path == config.directory:
                continue
            if entry.is_symlink() and not _inside(root, Path(entry.path)):
                sink.add(
                    "link-leaves-repository",
                    "this symbolic link leads out of the repository",
                    Position(path),
                    "replace it with the file itself",
                )
                continue
            if name.endswith(SUFFIXES) and entry.is_file():
                found.add(path)
                yield path, records.state_of(entry.stat())


def _below(base: Path, path: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield all files and symbolic links below a folder, its own before those of the folders in it."""
    try:
        entries = sorted(os.scandir(base), key=attrgetter("name"))
    except OSError:
        return
    folders = []
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry)
        else:
            yield f"{path}/{entry.name}", entry
    for entry in folders:
        if not entry.name.startswith("."):
            yield from _below(Path(entry.path), f"{path}/{entry.name}")


def _inside(root: Path, path: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def _is_shipped(name: str) -> bool:
    return slug(name) == name and (CATALOGUES / f"{name}.yaml").is_file()


def shipped_mappings(items: Container[str]) -> Iterator[Path]:
    """Yield the files of the mappings that come with qmsctl between catalogues that are there."""
    for file in sorted((CATALOGUES / "mappings").glob("*.yaml")):
        one, _, other = file.stem.partition("-to-")
        if one in items and other in items:
            yield file
