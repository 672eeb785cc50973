"""Two states of a system to the documents that differ, and to the files that govern it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qmsctl import redline
from qmsctl.approvals.content import Manifest, manifest
from qmsctl.approvals.people import People
from qmsctl.approvals.reviews import Measure, Subject
from qmsctl.approvals.rules import Facts
from qmsctl.config import FILE, Approvals
from qmsctl.history.trees import SUBMODULE, Tree
from qmsctl.loader import Loaded
from qmsctl.model import Item

GOVERNING = "governing-files"
_TOP = (
    ".github/",
    ".gitlab/",
    ".gitlab-ci.yml",
    ".gitea/",
    ".forgejo/",
    ".woodpecker",
    "azure-pipelines.yml",
    ".ci/",
    ".githooks/",
    "hooks/",
    "Makefile",
    "pyproject.toml",
    "requirements",
    "constraints",
    "action.yml",
    ".circleci/",
    ".drone.yml",
    ".travis.yml",
    ".pre-commit-config.yaml",
    ".python-version",
    "Jenkinsfile",
    "appveyor.yml",
    "bitbucket-pipelines.yml",
    "Pipfile",
    "setup.",
    "tox.ini",
    "noxfile.py",
    "sitecustomize.py",
    "usercustomize.py",
    "qmsctl",
    "GNUmakefile",
    "justfile",
    "package.json",
    "scripts/",
    "tasks.py",
)
"""What decides how the gate runs, and what could be run in its place."""
_ANYWHERE = frozenset({FILE, "CODEOWNERS", ".gitattributes", ".gitmodules"})


@dataclass(frozen=True)
class State:
    """A system as it stands in one tree: its files, what was loaded from them, who is who."""

    tree: Tree
    loaded: Loaded

    @property
    def items(self) -> Mapping[str, Item]:
        return self.loaded.qms.items

    @property
    def approvals(self) -> Approvals | None:
        return self.loaded.config.approvals

    @cached_property
    def people(self) -> People:
        return People(self.items, self.loaded.qms.names)

    @cached_property
    def risks(self) -> Mapping[str, int]:
        """The greatest likelihood times severity of the risks that name an item or a part of it, by item."""
        found: dict[str, int] = {}
        for risk in self.items.values():
            factors = (risk.get("likelihood"), risk.get("severity"))
            if all(isinstance(f, int) for f in factors):
                for name in {text.split("#", 1)[0] for text in _texts(risk.fields)}:
                    found[name] = max(found.get(name, 0), int(factors[0]) * int(factors[1]))
        return found

    def controls(self, item: Item) -> bool:
        """Tell whether change control covers an item: by its type, or because a rule names its type."""
        kind = self.loaded.types.get(item.type)
        named = self.approvals is not None and any(item.type in rule.types for rule in self.approvals.rules)
        return not item.shipped and (named or (kind is not None and kind.controlled))

    def manifest(self, item: Item | None) -> Manifest | None:
        """Return what an approval of an item is about."""
        return manifest(self.tree, item.path) if item is not None and item.path in self.tree.files else None


@dataclass(frozen=True)
class DocumentChange:
    """A document that differs between two states."""

    item: str
    before: Item | None
    after: Item | None
    kind: str
    declared: str
    changes: tuple[redline.Change, ...]
    manifest: Manifest | None
    facts: Facts

    @property
    def title(self) -> str:
        side = self.after or self.before
        return side.title if side else self.item

    @property
    def revision(self) -> str:
        return str((self.after.get("revision") if self.after else "") or "")

    @property
    def effective(self) -> str:
        return str((self.after.get("effective") if self.after else "") or "")


def record_of(items: Mapping[str, Item], document: str, revision: str) -> Item | None:
    """Return the open change record that names a document in a revision, the newest first."""
    for item in sorted(items.values(), key=lambda item: item.id, reverse=True):
        if item.type != "change" or item.get("status", "open") not in ("open", "in-effect"):
            continue
        for row in item.get("documents") or []:
            named = isinstance(row, Mapping) and row.get("item") == document
            if named and row.get("revision", "") == revision:
                return item
    return None


def declared_kind(before: Item | None, after: Item | None) -> str:
    """Return the kind of a change as the document itself says it: by word, else by the number that was raised."""
    if before is None:
        return "new"
    if after is None or (after.get("status") == "obsolete" and before.get("status") != "obsolete"):
        return "obsolete"
    if after.get("change_kind"):
        return str(after.get("change_kind"))
    old, new = _numbers(before.get("revision")), _numbers(after.get("revision"))
    return "major" if new[0] > old[0] else "minor"


def real_kind(declared: str, changes: Iterable[redline.Change]) -> str:
    """Return the kind that counts: a change of meaning is never editorial."""
    return "minor" if declared == "editorial" and redline.substantive(changes) else declared


def _numbers(revision: object) -> tuple[int, int]:
    first, _, second = str(revision or "").partition(".")
    return (int(first), int(second)) if first.isdecimal() and second.isdecimal() else (0, 0)


def changed(before: State, after: State, only: str = "") -> list[DocumentChange]:
    """Return the documents that differ, those whose pictures alone differ included."""
    found = []
    for name in sorted({*before.items, *after.items} if not only else {only}):
        old, new = before.items.get(name), after.items.get(name)
        sides = [(s, i) for s, i in ((before, old), (after, new)) if i is not None]
        if not any(state.controls(item) for state in (before, after) for _, item in sides):
            continue
        was, now = before.manifest(old), after.manifest(new)
        same = was is not None and now is not None and was.key == now.key and was.path == now.path
        if same and old is not None and new is not None:
            continue
        found.append(change_of(before, after, old, new, now, was))
    return found


def change_of(
    before: State, after: State, old: Item | None, new: Item | None, now: Manifest | None, was: Manifest | None = None
) -> DocumentChange:
    """Describe what differs between two versions of a document; ``was`` and ``now`` are what is approved of them."""
    shown_differs = was is not None and now is not None and was.key[1] != now.key[1]
    side = new or old
    assert side is not None
    kinds = after.loaded.types if side.type in after.loaded.types else before.loaded.types

    def title(ref: str) -> str:
        item = after.items.get(ref) or before.items.get(ref)
        return item.title if item else ref

    changes = tuple(redline.compare(old, new, kinds[side.type], title))
    declared = declared_kind(old, new)
    owner = str((old or side).get("owner") or "")
    facts = Facts(
        sides=tuple(item for item in (old, new) if item is not None),
        kind="minor" if declared == "editorial" and shown_differs else real_kind(declared, changes),
        fields=_fields(old, new),
        risk=max(state.risks.get(side.id, 0) for state in (before, after)),
        owner=owner,
    )
    return DocumentChange(side.id, old, new, facts.kind, declared, changes, now, facts)


def _fields(old: Item | None, new: Item | None) -> frozenset[str]:
    """Return the names of the fields that differ; the text of a document is called `body`."""
    if old is None or new is None:
        return frozenset(new.fields if new else old.fields if old else ())
    names = {n for n in {*old.fields, *new.fields} if old.fields.get(n) != new.fields.get(n)}
    return frozenset(names | ({"body"} if old.body != new.body else set()))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for below in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(below)


# --- the files that govern the system ----------------------------------------------------------------


def governs(states: Iterable[State], prefix: str) -> Callable[[str], bool]:
    """Return a test for paths, from the top of the repository, that only the strictest rule may change.

    What either of two states takes for governing is governing.
    """
    inside: set[str] = {FILE, "item_types/", "site/", "mkdocs.yml"}
    for state in states:
        config = state.loaded.config
        inside.add(config.directory)
        for name in ("person", "role"):
            if name in state.loaded.types:
                inside.add(config.folders.get(name, state.loaded.types[name].folder) + "/")
        if config.approvals is not None:
            inside.update(config.approvals.governing)
            inside.update(config.approvals.time_stamps)
    own = tuple(prefix + posixpath.normpath(path) + ("/" if path.endswith("/") else "") for path in inside)

    def test(path: str) -> bool:
        return (
            path.rsplit("/", 1)[-1] in _ANYWHERE
            or path.casefold().startswith(tuple(name.casefold() for name in _TOP))
            or ("/" not in path and path.endswith(".lock"))
            or any(path == name.rstrip("/") or path.startswith(name.rstrip("/") + "/") for name in own)
        )

    return test


def governing_manifest(tree: Tree, test: Callable[[str], bool]) -> Manifest | None:
    """Return the digests of all files that govern the system, as one content that is approved as a whole."""
    paths = sorted(path for path in tree.files if test(path) and tree.files[path][0] != SUBMODULE)
    tree.fetch(paths)
    return Manifest(tuple((path, tree.digest(path)) for path in paths)) if paths else None


# --- what reviews are about ---------------------------------------------------------------------------


def subject_of(change: DocumentChange, prefix: str, record_path: str, record: str) -> Subject:
    """Return a changed document as what a review can be about, wherever it lay in the commit looked at."""
    paths = list(dict.fromkeys(side.path for side in (change.after, change.before) if side is not None))
    return Subject(change.item, change.revision, _measure(paths, prefix, record_path, record))


def _measure(paths: list[str], prefix: str, record_path: str, record: str) -> Measure:
    def measure(whole: Tree) -> tuple[Manifest | None, tuple[str, str]]:
        tree = whole.below(prefix)
        path = next((path for path in paths if path in tree.files), "")
        digest = tree.digest(record_path) if record_path in tree.files else ""
        return (manifest(tree, path) if path else None), ((record, digest) if digest else ("", ""))

    return measure


def governing_subject(test: Callable[[str], bool]) -> Subject:
    """Return the governing files as what a review can be about."""
    return Subject(GOVERNING, "", lambda tree: (governing_manifest(tree, test), ("", "")))
