"""Items to linked items: links both ways, parts, cycles, what hangs together."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from qmsctl import tracking
from qmsctl.loader import Loaded
from qmsctl.model import Due, FieldPath, Item, Link, Outline, Part, add_period, nearest
from qmsctl.references import Ids, field_key, outline_of
from qmsctl.schema import DueSpec, LinkSpec, values_at

FEW = 30
"""Items, and clauses, that are looked for one by one before an index of all is made."""


class Parts(Mapping[str, Part]):
    """All parts by their address, made when they are asked for."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    @tracking.kept
    def _all(self) -> dict[str, Part]:
        found: dict[str, Part] = {}
        for item in self._graph.items.values():
            for part in self._graph.parts_in(item):
                found.setdefault(part.ref, part)
        return found

    def get(self, ref: str, default: Any = None) -> Any:
        owner = self._graph.owner(ref)
        if not owner or owner == ref:
            tracking.saw(tracking.EXISTS, owner_of(ref))
            return default
        return self._graph.parts_by_ref(owner).get(ref, default)

    def __getitem__(self, ref: str) -> Part:
        found: Part | None = self.get(ref)
        if found is None:
            raise KeyError(ref)
        return found

    def __contains__(self, ref: object) -> bool:
        return self.get(str(ref)) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def items(self) -> Any:
        return self._all.items()

    def values(self) -> Any:
        return self._all.values()


def owner_of(ref: str) -> str:
    """Return the id in an address: what stands before the first sign that leads to a part."""
    return ref.partition("#")[0].partition("/")[0]


class Graph:
    """All items with their parts and links. Built as far as it is asked, then only read.

    ``reviewed`` holds the day of the last periodic review of items, as change control knows it.
    """

    def __init__(self, loaded: Loaded, reviewed: Mapping[str, str] | None = None) -> None:
        self.reviewed = reviewed or {}
        self.items = loaded.qms.items
        self.types = loaded.types
        self.names = loaded.qms.names
        self.parts = Parts(self)
        self.specs: dict[tuple[str, str], LinkSpec] = {}
        for kind in self.types.values():
            for spec in kind.links:
                self.specs[kind.name, field_key(spec.path)] = spec
        catalogues = [item.id for item in self.items.silently() if item.type == "catalogue"]
        self.ids = Ids(self.types, catalogues)
        self._parts: dict[str, dict[str, Part]] = {}
        self._lists: dict[str, list[Part]] = {}
        self._from: dict[str, list[Link]] = {}
        self._broken: dict[str, list[Link]] = {}
        self._on: dict[str, list[Link]] = {}
        self._to: dict[str, list[Link]] = {}
        self._to_ref: dict[str, dict[str, list[Link]]] = {}
        self._current: dict[str, Any] = {}
        self._counts: dict[str, bool] = {}
        self._chains: dict[Any, Any] = {}

    # --- building -------------------------------------------------------------------------------

    def outline(self, item: Item) -> Outline:
        """Return the parts and references of an item, made anew where the ids that count are others than they were."""
        found = item.outline
        if found is None or found.pattern != self.ids.pattern:
            found = item.outline = outline_of(item, self.types[item.type], self.ids)
        return found

    def parts_in(self, item: Item) -> list[Part]:
        """Return all keyed parts of an item, also those whose key is taken."""
        if tracking.now is not None:
            tracking.now[tracking.PARTS].add(item.id)
        found = self._lists.get(item.id)
        if found is None:
            separators = {spec.field: spec.separator for spec in self.types[item.type].parts}
            found = self._lists[item.id] = [
                Part(item, field, key, title, index, separators[field])
                for field, key, title, index in self.outline(item).parts
            ]
        return found

    def parts_by_ref(self, item: str) -> dict[str, Part]:
        """Return the parts of an item by their address; of two with one key, the first."""
        if tracking.now is not None:
            tracking.now[tracking.PARTS].add(item)
        found = self._parts.get(item)
        if found is None:
            found = self._parts[item] = {}
            for part in self.parts_in(self.items[item]):
                found.setdefault(part.ref, part)
        return found

    def owner(self, ref: str) -> str:
        """Return the id of the item that a reference names or names a part of; "" if there is none."""
        items = self.items
        if dict.__contains__(items, ref):
            return ref
        for separator in ("#", "/"):
            if separator in ref and dict.__contains__(items, owner := ref.split(separator, 1)[0]):
                return owner
        return ""

    def _named(self, item: str) -> Sequence[tuple[str, int]]:
        """Where an item is named. For a few of them, as after one change, looking through all is quicker than an index."""
        if len(self._to) >= FEW or "_into" in vars(self):
            return self._into.get(item, ())
        return [(name, number) for name, number, target in self._written(item) if self.owner(target) == item]

    def _written(self, begin: str) -> Iterator[tuple[str, int, str]]:
        """Yield (item, number of the reference, reference) where one begins so, and perhaps goes on to a part."""
        text, starts, names = self._all_written
        at = text.find(f"\0{begin}")
        while at >= 0:
            end = text.index("\0", at + 1)
            if text[at + 1 + len(begin)] in "\0#/":
                place = bisect_right(starts, at) - 1
                yield names[place], text.count("\0", starts[place], at), text[at + 1 : end]
            at = text.find(f"\0{begin}", end)

    @cached_property
    def _all_written(self) -> tuple[str, list[int], list[str]]:
        """All references in one text, each behind a sign that no id has; where those of each item begin; which it is."""
        texts, starts, names, at = [], [], [], 0
        with tracking.unheard():
            for item in self.items.values():
                targets = self.outline(item).targets
                if targets:
                    text = "\0" + "\0".join(targets)
                    if text.count("\0") != len(targets):
                        text = "\0" + "\0".join(target.replace("\0", "\1") for target in targets)
                    texts.append(text)
                    starts.append(at)
                    names.append(item.id)
                    at += len(text)
        return "".join(texts) + "\0", starts, names

    @cached_property
    def _into(self) -> dict[str, list[tuple[str, int]]]:
        """Item -> where it is named: (item, number of the reference). No cells: `tracking.LINKS_TO` stands for it."""
        with tracking.unheard():
            found: dict[str, list[tuple[str, int]]] = defaultdict(list)
            owners: dict[str, str] = {}
            for item in self.items.values():
                for number, target in enumerate(self.outline(item).targets):
                    owner = owners.get(target)
                    if owner is None:
                        owner = owners[target] = self.owner(target)
                    if owner:
                        found[owner].append((item.id, number))
            return found

    @property
    def links(self) -> list[Link]:
        """All links, by the item they are written in."""
        tracking.saw(tracking.LINKS_FROM, tracking.ALL)
        return self._links

    @property
    def clause_links(self) -> list[Link]:
        """The links that lead to a part of a catalogue, by the item they are written in."""
        tracking.saw(tracking.CLAUSE_LINKS, tracking.ALL)
        with tracking.unheard():
            places = [item.id for item in self.items.values() if any("/" in t for t in self.outline(item).targets)]
            return [link for name in places for link in self.links_from(name) if "/" in link.part]

    def links_on(self, clause: str) -> list[Link]:
        """Return the links that lead to one part of a catalogue, by the item they are written in."""
        tracking.saw(tracking.CLAUSE_LINKS, tracking.ALL)
        if len(self._on) >= FEW or "_on_all" in vars(self):
            return self._on_all.get(clause, [])
        found = self._on.get(clause)
        if found is None:
            with tracking.unheard():
                places = dict.fromkeys(name for name, _, target in self._written(clause) if target == clause)
                found = self._on[clause] = [o for name in places for o in self.links_from(name) if o.part == clause]
        return found

    @cached_property
    def _on_all(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = defaultdict(list)
        with tracking.unheard():
            for link in self.clause_links:
                found[link.part].append(link)
        return found

    @cached_property
    def _links(self) -> list[Link]:
        with tracking.unheard():
            return [link for item in self.items.values() for link in self.links_from(item.id)]

    def _made(self, item: Item) -> list[Link]:
        specs = self.types[item.type].links
        resolve = self.resolve
        found = []
        for name, at, value, line, column, end, part_of, place in self.outline(item).rows:
            to, part, problem = resolve(value, specs[place].to if place >= 0 else ("*",))
            found.append(Link(item, name, at, value, (line, column, end), to, part, part_of, problem))
        return found

    def find_ids(self, text: str) -> list[tuple[str, int]]:
        """Return (reference, offset) for every id mentioned in a text."""
        return [(m.group(), m.start()) for m in self.ids.find(text)]

    # --- asking ---------------------------------------------------------------------------------

    def resolve(self, ref: str, allowed: Iterable[str]) -> tuple[str, str, str]:
        """Return (item id, part address, problem) of a reference; problem is "", missing, part or type."""
        owner = self.owner(ref)
        if not owner:
            tracking.saw(tracking.EXISTS, owner_of(ref))
            return "", "", "missing"
        item = self.items[owner]
        if owner == ref:
            return owner, "", "" if "*" in allowed or item.type in allowed else "type"
        part = self.parts_by_ref(owner).get(ref)
        if part is None:
            return owner, "", "part"
        return owner, ref, "" if "*" in allowed or f"{item.type}#{part.field}" in allowed else "type"

    def spec_of(self, link: Link) -> LinkSpec | None:
        """Return the declaration a link was written under; None for a mention in prose."""
        item = self.items.get(link.source)
        return self.specs.get((item.type, link.field)) if item else None

    def links_from(self, item: str) -> list[Link]:
        """Return the links written in an item."""
        if tracking.now is not None:
            tracking.now[tracking.LINKS_FROM].add(item)
        found = self._from.get(item)
        if found is None:
            with tracking.unheard():
                holder = self.items.get(item)
                found = self._from[item] = self._made(holder) if holder is not None else []
        return found

    def broken_from(self, item: str) -> list[Link]:
        """Return the links written in an item that lead nowhere, or to what may not stand there."""
        found = self._broken.get(item)
        if found is None:
            found = self._broken[item] = [link for link in self.links_from(item) if link.problem]
        elif tracking.now is not None:
            tracking.now[tracking.LINKS_FROM].add(item)
        return found

    def links_to(self, item: str) -> list[Link]:
        """Return the links that name an item or a part of it."""
        if tracking.now is not None:
            tracking.now[tracking.LINKS_TO].add(item)
        found = self._to.get(item)
        if found is None:
            with tracking.unheard():
                found = self._to[item] = [self.links_from(name)[number] for name, number in self._named(item)]
        return found

    def links_to_ref(self, ref: str) -> list[Link]:
        """Return the links that name exactly this item or part."""
        owner = self.owner(ref)
        if not owner:
            tracking.saw(tracking.EXISTS, owner_of(ref))
            return []
        if tracking.now is not None:
            tracking.now[tracking.LINKS_TO].add(owner)
        found = self._to_ref.get(owner)
        if found is None:
            found = self._to_ref[owner] = defaultdict(list)
            for link in self.links_to(owner):
                found[link.part or link.to].append(link)
        return found.get(ref, [])

    def related(self, item: str, name: str) -> list[str]:
        """Return the items under a relation, whichever end it was written at, in order, once each."""
        found = [link.to for link in self.links_from(item) if link.to and not link.problem and _says(link.field, name)]
        for link in self.links_to(item):
            spec = self.spec_of(link)
            if spec is not None and spec.inverse == name and not link.problem:
                found.append(link.source)
        return list(dict.fromkeys(found))

    def is_current(self, item: str) -> bool:
        """Tell whether an item counts: not a draft, not obsolete, not closed."""
        if tracking.now is not None:
            tracking.now[tracking.EXISTS].add(item)
            tracking.now["status"].add(item)
        counts = self._counts.get(item)
        if counts is None:
            found = self.items[item]
            status = found.get("status")
            counts = self._counts[item] = self.types[found.type].is_current(status if isinstance(status, str) else None)
        return counts

    def of_type(self, *names: str) -> list[Item]:
        """Return the current items of some types, by id."""
        if len(names) == 1:
            return [*self._current_of(names[0])]
        found = [item for name in names for item in self._current_of(name)]
        return sorted(found, key=lambda item: item.id)

    def _current_of(self, name: str) -> list[Item]:
        return tracking.keep(
            self._current,
            f"Graph.of_type {name}",
            lambda: [i for i in self.items.values() if i.type == name and self.is_current(i.id)],
        )

    def parts_of(self, item: str, name: str) -> list[Part]:
        """Return the keyed parts of an item in one of its lists."""
        holder = self.items.get(item)
        return [part for part in self.parts_in(holder) if part.field == name] if holder is not None else []

    def title(self, ref: str) -> str:
        """Return what readers call an item or a part."""
        item = self.items.get(ref)
        if item is not None:
            return self.names.get(ref) or str(item.title)
        part = self.parts.get(ref)
        return str(part.title) if part is not None else ref

    def nearest(self, ref: str, allowed: Iterable[str] = ("*",)) -> list[str]:
        """Return up to three existing references most like this one."""
        allowed = tuple(allowed)
        if "*" in allowed:
            known = list(self.items)
        else:
            known = [i.id for i in self.items.values() if i.type in allowed]
            kinds = {a for a in allowed if "#" in a}
            if kinds:
                known += [p.ref for p in self.parts.values() if f"{self.items[p.item].type}#{p.field}" in kinds]
        return nearest(ref, known)

    def chain(self, item: str, direction: str) -> list[tuple[str, Link]]:
        """Return the next items up or down the chain from strategy to form, with the link that says so."""
        return tracking.repeat(self._chains, (item, direction), lambda: self._chain(item, direction))

    def _chain(self, item: str, direction: str) -> list[tuple[str, Link]]:
        other = "down" if direction == "up" else "up"
        found: dict[str, Link] = {}
        for link in self.links_from(item):
            if self._chain_of(link) == direction:
                by_part = self.items[link.to].type in ("strategy", "catalogue")
                found.setdefault(link.part if by_part and link.part else link.to, link)
        for link in self.links_to(item):
            if self._chain_of(link) == other:
                found.setdefault(link.source, link)
        return sorted(found.items())

    def _chain_of(self, link: Link) -> str:
        """Return up or down if a link is part of the chain, else ""."""
        spec = self.spec_of(link)
        if spec is None or not link.to or link.problem:
            return ""
        if spec.chain_types and self.items[link.to].type not in spec.chain_types:
            return ""
        return spec.chain

    def reach(self, item: str) -> dict[str, list[tuple[str, str]]]:
        """Return what a change of an item touches: verb -> list of (item, why).

        A link says in its `impact` what must happen to the item it leads to (``target``) when its holder
        changes, and to its holder (``source``, `review` if not said) when what it names changes.
        """
        found: dict[str, dict[str, str]] = defaultdict(dict)
        queue = deque([item])
        seen = {item}
        while queue:
            current = queue.popleft()
            for link in self.links_to(current):
                if link.source == item or not self.is_current(link.source):
                    continue
                spec = self.spec_of(link)
                verb = spec.impact.get("source", "review") if spec else "mention"
                why = f"{link.field.replace('.', ' ')} names {link.target}"
                down = self._chain_of(link) == "down"
                if current == item and verb != "none":
                    found[verb].setdefault(link.source, why)
                elif current != item and self._chain_of(link):
                    found["inform"].setdefault(link.source, why)
                if current == item and down and link.source not in seen:
                    seen.add(link.source)
                    queue.append(link.source)
        for link in self.links_from(item):
            spec = self.spec_of(link)
            verb = spec.impact.get("target", "") if spec else ""
            if verb and link.to and link.to != item:
                found[verb].setdefault(link.to, f"{link.field.replace('.', ' ')} of {link.source_part or link.source}")
        for weak in ("mention", "inform"):
            named = {name for verb, hits in found.items() if verb != weak for name in hits}
            found[weak] = {name: why for name, why in found[weak].items() if name not in named}
        return {verb: sorted(hits.items()) for verb, hits in found.items() if hits}

    def dues(self, item: str = "") -> list[Due]:
        """Return everything that is due some day, by day; or only of one item."""
        some = self.items.values() if not item else [self.items[item]] if item in self.items else []
        found = [due for one in some for due in self.dues_of(one)]
        return sorted(found, key=lambda d: (d.on, d.item, d.what))

    def dues_of(self, item: Item, until: str = "") -> Iterator[Due]:
        """Yield everything that is due of one item, or only what is due until a day."""
        if item.shipped or not self.types[item.type].dues or not self.is_current(item.id):
            return
        for spec in self.types[item.type].dues:
            for path, value in values_at(item.fields, spec.path):
                on = self._due_on(item, spec, path, value)
                if on and (not until or on <= until):
                    yield self._due(item, spec, path, on)

    def review_due(self, item: str) -> str:
        """Return the day until which an item must be reviewed again; "" if it needs no review."""
        found = self.items[item]
        for spec in self.types[found.type].dues:
            if spec.path == ("review_every",):
                return self._due_on(found, spec, spec.path, found.get("review_every"))
        return ""

    def _due_on(self, item: Item, spec: DueSpec, path: FieldPath, value: Any) -> str:
        """Return the day on which something is due; "" if nothing is."""
        if not isinstance(value, str) or (spec.done and _around(item, path).get(spec.done)):
            return ""
        if not spec.after:
            return value
        days = [str(item.get(n)) for n in spec.after if item.get(n)]
        if "reviewed" in spec.after and "reviewed" not in item.fields:
            days.append(self.reviewed.get(item.id, ""))
        try:
            return _after(max(days, default=""), value)
        except (ValueError, OverflowError):
            return ""

    def _due(self, item: Item, spec: DueSpec, path: FieldPath, on: str) -> Due:
        around = _around(item, path)
        who = around.get(spec.who) or item.get(spec.who) or item.get("owner") or ""
        what = spec.what
        if isinstance(around, Mapping) and around is not item.fields and around.get("what"):
            what = f"{spec.what}: {around['what']}"
        return Due(item.id, what, on, str(who), item, path)


_after = lru_cache(maxsize=4096)(add_period)
"""What many items share: a day, and the time between two reviews."""


def _around(item: Item, path: FieldPath) -> Any:
    """What a value stands in: the item itself, or a row of one of its lists."""
    found: Any = item.fields
    for step in path[:-1]:
        found = found[step]
    return found


def _says(field: str, name: str) -> bool:
    return field == name or field.rsplit(".", 1)[-1] == name


def cycles(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the groups of nodes that lead back to themselves, each once (Tarjan, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in edges:
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(root, iter(edges.get(root, ())))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, below = work[-1]
            for child in below:
                if child not in index:
                    index[child] = low[child] = len(index)
                    stack.append(child)
                    on_stack.add(child)
                    work.append((child, iter(edges.get(child, ()))))
                    break
                if child in on_stack:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        group.append(member)
                        if member == node:
                            break
                    if len(group) > 1 or node in set(edges.get(node, ())):
                        found.append(sorted(group))
    return found
