"""Bundles to the files of the index that hold more than what is shown of a hit.

A search reads the first file, those few that hold its words, and those that hold what it shows; so what is transferred
does not grow with the system. Every file but the first is named after its content, and cut where a change somewhere else
does not move the cut: a browser keeps what did not change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from qmsctl.model import slug
from qmsctl.pages.search import packing
from qmsctl.pages.search.bundling import SPAN, Bundle
from qmsctl.pages.search.gathered import Gathered, spelling
from qmsctl.pages.search.packing import NAME, ROOM, Files, Pieces
from qmsctl.pages.search.parts import LEVELS
from qmsctl.pages.search.words import ENDINGS, LONGEST, STOP


@dataclass(frozen=True, slots=True)
class Titles:
    """What readers call kinds, processes and locations, and to which family of signs a kind belongs."""

    kind: Callable[[str], str]
    family: Callable[[str], str]
    process: Callable[[str], str]
    location: Callable[[str], str]


def pack(parts: Sequence[Bundle], language: str, titles: Titles, gathered: Gathered) -> Pieces:
    """Return every file but those of what is shown: the first one as `start.js`, the others named after what they hold."""
    kinds = parts[0].kinds if parts else ()
    files = Files()
    roles = {role: files.add(packing.said(rows)) for role, rows in gathered.roles.items()}
    first = {
        "language": language,
        "count": sum(bundle.entries for bundle in parts),
        "slots": parts[-1].facets[-1][0] + 1 if parts else 0,
        "room": ROOM,
        "span": SPAN,
        "name": NAME,
        "levels": LEVELS,
        "kinds": [[slug(kind), str(titles.kind(kind)), titles.family(kind)] for kind in kinds],
        "firsts": " ".join(words.split(" ", 1)[0] for words, _ in gathered.words),
        "shards": "".join(files.add(packing.said(shard)) for shard in gathered.words),
        "blocks": "".join(files.add(packing.said([shown])) for shown in _spans(parts)),
        "roles": files.add(packing.said([" ".join(roles), "".join(roles.values())])),
        "spelling": files.add(packing.said(spelling(gathered.forms))),
        "facets": files.add(packing.said(_facets(parts, titles))),
        "stop": " ".join(sorted(STOP)),
        "longest": LONGEST,
        "endings": [[list(ending) for ending in endings] for endings in ENDINGS.get(language, ())],
    }
    return {"start.js": packing.script("start", packing.said(first)), **files.pieces()}


def _spans(found: Iterable[Bundle]) -> list[str]:
    """For each SPAN of slots the files of what is shown."""
    spans: list[str] = []
    for bundle in found:
        spans += [""] * (bundle.span - len(spans))
        spans.append(bundle.shown)
    return spans


def _facets(found: Iterable[Bundle], titles: Titles) -> dict[str, object]:
    """By what hits are filtered: for each unit the kinds of its entries, its process, its locations."""
    rows = [row for bundle in found for row in bundle.facets]
    pattern = {text: at for at, text in enumerate(sorted({row[1] for row in rows}))}
    process = {ref: at for at, ref in enumerate(sorted({row[2] for row in rows}))}
    group = {places: at for at, places in enumerate(sorted({row[3] for row in rows}))}
    names = sorted({place for places in group for place in places})
    return {
        "slots": "".join(packing.number(slot) for slot in _steps([row[0] for row in rows])),
        "patterns": packing.runs([pattern[row[1]] for row in rows]),
        "pattern": list(pattern),
        "processes": packing.runs([process[row[2]] for row in rows]),
        "process": [[ref, titles.process(ref)] for ref in process],
        "groups": packing.runs([group[row[3]] for row in rows]),
        "group": [[names.index(place) for place in places] for places in group],
        "locations": [[ref, titles.location(ref)] for ref in names],
    }


def _steps(slots: Sequence[int]) -> list[int]:
    """Runs of slots, each as the slots left out before it and its length."""
    out: list[int] = []
    last = -1
    for slot in slots:
        if out and slot == last + 1:
            out[-1] += 1
        else:
            out += [slot - last - 1, 1]
        last = slot
    return out
