"""Another id for an item: in its file, in every link to it, in mentions, in the configuration."""

from __future__ import annotations

import dataclasses
import posixpath
from pathlib import Path

from qmsctl import body as markdown
from qmsctl import config as configuration
from qmsctl import frontmatter, itemfile
from qmsctl.editing._text import Edit, EditError, IdMalformed, IdTaken, IdUnknown, Rename, Source, Sources, Unplaced
from qmsctl.graph import Graph
from qmsctl.loader import Loaded
from qmsctl.model import FieldPath, Item, Items, Position, nearest


def renumber(loaded: Loaded, old: str, new: str, file: str | None = None) -> tuple[list[Edit], list[Rename]]:
    """Return what gives an item another id. Raises EditError.

    Where two files hold the id, ``file`` says which one is meant: then only that file is changed, with what it
    says about itself, and links elsewhere stay with the other.
    """
    item, shared = _chosen(loaded, old, file)
    _check(loaded, item, new)
    if shared:
        qms = dataclasses.replace(loaded.qms, items=Items({**loaded.qms.items, old: item}))
        loaded = dataclasses.replace(loaded, qms=qms)
    graph = Graph(loaded)
    sources = Sources(loaded.root)
    own = sources.of(item.path, item.body_line)
    own.swap(item.position("id"), old, new)
    prose: set[tuple[str, FieldPath]] = set()
    for link in graph.links_from(old) if shared else graph.links_to(old):
        holder = graph.items[link.source]
        if link.to != old:
            continue
        source = sources.of(holder.path, holder.body_line)
        if link.field == "mentions" and link.path[0] != "body":
            prose.add((holder.id, link.path))
        else:
            source.swap(link.position, link.target, new + link.target[len(old) :])
    for name, path in prose:
        holder = graph.items[name]
        _mentions(graph, sources.of(holder.path, holder.body_line), holder, path, old, new)
    renames = _renames(loaded, item, new)
    if not shared:
        _configuration(loaded, sources, old, new)
        _directory(loaded, sources, old, new)
        for translation in loaded.qms.translations:
            content = translation.content
            _translation(graph, sources.of(content.path, content.body_line), content, old, new)
            if content.id == old:
                renames += _renames(loaded, content, new)
    for before, after in renames:
        for holder in loaded.qms.items.values():
            if holder.body and not holder.shipped:
                _addresses(sources, holder, before, after)
    return sources.edits(), renames


def _chosen(loaded: Loaded, old: str, file: str | None) -> tuple[Item, bool]:
    """Return the item meant and whether another file holds the same id."""
    item = loaded.qms.items.get(old)
    if item is None:
        near = nearest(old, list(loaded.qms.items))
        raise IdUnknown(
            f"there is no item `{old}`",
            f"did you mean {' or '.join(near)}?" if near else f"search for it: qmsctl find {old}",
        )
    if item.shipped:
        raise EditError(f"`{old}` comes with qmsctl and keeps its id", "renumber items of your own")
    others = [f.position.path for f in loaded.qms.findings if f.check == "id-duplicate" and f.item == old]
    holders = [item.path, *others]
    if file is None:
        if others:
            raise EditError(
                f"{len(holders)} files hold the id `{old}`: {', '.join(holders)}",
                f"say which one to renumber: qmsctl renumber {old} NEW --file {others[0]}",
            )
        return item, False
    path = _relative(loaded.root, file)
    if path not in holders:
        raise IdUnknown(f"{file} does not hold the id `{old}`", f"it stands in {' and '.join(holders)}")
    if path == item.path:
        return item, bool(others)
    folders = {name: loaded.config.folders.get(name, kind.folder) for name, kind in loaded.types.items()}
    found = itemfile.read_item(loaded.root, path, loaded.types, folders, itemfile.Sink())
    if found is None or found.id != old:
        raise IdUnknown(f"{path} has changed and no longer holds `{old}`", "run the command again")
    return found, True


def _relative(root: Path, file: str) -> str:
    """Return a path as items have it: relative to the root, with slashes."""
    full = Path(file) if Path(file).is_absolute() else root / file
    return posixpath.normpath(full.relative_to(root).as_posix()) if full.is_relative_to(root) else file


def _check(loaded: Loaded, item: Item, new: str) -> None:
    """Refuse an id that is malformed or taken."""
    kind = loaded.types[item.type]
    if not kind.id_pattern.match(new):
        raise IdMalformed(
            f"`{new}` is no id for a {kind.title.lower()}", f"an id of this type looks like {kind.id_template}"
        )
    if new == item.id:
        raise IdTaken(f"the id is `{new}` already", "choose another one")
    for known in loaded.qms.items.values():
        if known.id.lower() == new.lower() and known.id.lower() != item.id.lower():
            raise IdTaken(f"the id `{new}` is taken by {known.path}", "choose another one")
    if new in loaded.qms.names:
        raise IdTaken(f"`{new}` has an entry in {loaded.config.directory}", "choose another one; ids are never reused")


def _mentions(graph: Graph, source: Source, item: Item, path: FieldPath, old: str, new: str) -> None:
    """Replace every mention in the text of a field."""
    place = item.position(*path)
    span = source.value(place)
    start = span.start
    if span.style in ("|", ">"):
        start = source.text.index("\n", span.start)
    found = [(ref, at) for ref, at in graph.find_ids(source.text[start : span.end]) if _names(graph, ref, old)]
    value = item.fields
    for step in path:
        value = value[step]  # type: ignore[index]  # a path of the loader leads through lists and mappings
    if [ref for ref, _ in found] != [ref for ref, _ in graph.find_ids(str(value)) if _names(graph, ref, old)]:
        raise Unplaced(place, old)
    for _, at in found:
        source.put(start + at, start + at + len(old), new)


def _names(graph: Graph, ref: str, old: str) -> bool:
    return graph.resolve(ref, ("*",))[0] == old


def _translation(graph: Graph, source: Source, content: Item, old: str, new: str) -> None:
    """Replace the id in a translation: where it names its source, and in its texts."""
    if content.id == old:
        source.swap(content.position("translation_of"), old, new)
    for ref, at in graph.find_ids(source.text):
        if _names(graph, ref, old):
            source.put(at, at + len(old), new)


def _configuration(loaded: Loaded, sources: Sources, old: str, new: str) -> None:
    """Replace the id in waivers and among the standards in scope."""
    source = sources.of(configuration.FILE)
    parsed = frontmatter.parse_file(source.raw.encode("utf-8"), markdown=False)
    holder = Item(configuration.FILE, "", configuration.FILE, parsed.fields or {}, parsed.marks)
    if loaded.config.standards and old in loaded.config.standards:
        source.swap(holder.position("standards", loaded.config.standards.index(old)), old, new)
    for number, waiver in enumerate(loaded.config.waivers):
        for index, name in enumerate(waiver.items):
            if name == old:
                source.swap(holder.position("waivers", number, "items", index), old, new)


def _directory(loaded: Loaded, sources: Sources, old: str, new: str) -> None:
    """Replace the id in the directory of names."""
    if old not in loaded.qms.names:
        return
    source = sources.of(loaded.config.directory)
    parsed = frontmatter.parse_file(source.raw.encode("utf-8"), markdown=False)
    mark = parsed.marks.get((old,))
    if mark is not None:
        source.swap(Position(source.path, mark[3], mark[4]), old, new)


def _renames(loaded: Loaded, item: Item, new: str) -> list[Rename]:
    """Return the new name of the file, if its name begins with the id."""
    folder, name = posixpath.split(item.path)
    stem, suffix = posixpath.splitext(name)
    if stem != item.id and not stem.startswith((item.id + "-", item.id + ".")):
        return []
    after = posixpath.join(folder, new + stem[len(item.id) :] + suffix)
    if (loaded.root / after).exists() and item.path.lower() != after.lower():
        raise IdTaken(f"there is a file {after} already", "choose another id, or move that file")
    return [(item.path, after)]


def _addresses(sources: Sources, holder: Item, before: str, after: str) -> None:
    """Let Markdown links to a renamed file follow it."""
    for link in markdown.links(holder.body, holder.body_line):
        target = link.target.split("#", 1)[0].split("?", 1)[0]
        if target and posixpath.normpath(posixpath.join(posixpath.dirname(holder.path), target)) == before:
            source = sources.of(holder.path, holder.body_line)
            end = source.offset(link.line, link.column) + len(target)
            name = posixpath.basename(before)
            if source.text[end - len(name) : end] == name:
                source.put(end - len(name), end, posixpath.basename(after))
