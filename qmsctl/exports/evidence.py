"""Evidence packs: pages, source files and approvals in one folder or ZIP that is verified without this program."""

from __future__ import annotations

import calendar
import datetime
import hashlib
import io
import json
import shlex
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from qmsctl.approvals import signing, snapshots
from qmsctl.approvals.register import Register
from qmsctl.approvals.trail import approvals_of
from qmsctl.approvals.votes import PERIODIC, Vote
from qmsctl.atomic import write_whole
from qmsctl.audience import NOTHING_HIDDEN, UNJUDGED, Redactor
from qmsctl.coverage import Clause, Coverage
from qmsctl.exports import trail
from qmsctl.exports.values import ExportFault
from qmsctl.graph import Graph
from qmsctl.history import git, trees
from qmsctl.history.revisions import History, Version
from qmsctl.model import Item
from qmsctl.picture import judge, path_of, shown

FORMAT = "qmsctl evidence pack, format 1"
SOURCE = "source/"
SIGNERS = "allowed_signers"
MANIFEST, SUMS, VERIFY, ORIGINS, TRAIL = "manifest.json", "SHA256SUMS", "VERIFY.txt", "SOURCES", "audit-trail.csv"
_MOST_MANIFEST = 256_000_000
_BEGAN = (1980, 1, 1, 0, 0, 0)
"""The time that every file in a ZIP carries, so that the same content gives the same bytes."""


class Pack:
    """Takes files one after the other and keeps their digests. It appears as a whole, or not at all."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.digests: dict[str, tuple[str, int]] = {}
        self._zip = target.suffix.lower() == ".zip"
        self._work = self._fresh = target
        self._archive: zipfile.ZipFile | None = None

    def __enter__(self) -> Pack:
        _may_replace(self.target, self._zip)
        place = self.target.absolute().parent
        place.mkdir(parents=True, exist_ok=True)
        self._work = Path(tempfile.mkdtemp(prefix=f".{self.target.name[:100]}.", dir=place))
        self._fresh = self._work / "new"
        if self._zip:
            self._archive = zipfile.ZipFile(self._fresh, "w", zipfile.ZIP_DEFLATED)
        else:
            self._fresh.mkdir()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if self._archive is not None:
                self._archive.close()
            if kind is None:
                self._appear()
        finally:
            shutil.rmtree(self._work, ignore_errors=True)

    def _appear(self) -> None:
        """Put the pack in its place; what was there goes back where that fails."""
        _may_replace(self.target, self._zip)
        if not self.target.is_dir():
            self._fresh.replace(self.target)
            return
        old = self._work / "old"
        self.target.rename(old)
        try:
            self._fresh.rename(self.target)
        except OSError:
            old.rename(self.target)
            raise

    def add(self, path: str, data: bytes | str) -> str:
        """Put a file into the pack and return its SHA-256. Raises ExportFault where there is one of that name."""
        content = data.encode("utf-8") if isinstance(data, str) else data
        if path in self.digests or path.startswith("/") or ".." in path.split("/"):
            raise ExportFault(f"{path} cannot be put into the pack", "give the file another name")
        digest = hashlib.sha256(content).hexdigest()
        self.digests[path] = (digest, len(content))
        if self._archive is None:
            write_whole(self._fresh / path, content)
        else:
            entry = zipfile.ZipInfo(path, _BEGAN)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
            self._archive.writestr(entry, content)
        return digest


def _may_replace(target: Path, is_zip: bool) -> None:
    """Refuse to write over what is no pack, or holds what no pack put there. Raises ExportFault."""
    if target.is_symlink():
        raise ExportFault(f"{target} is a link; what is written would go elsewhere", "name another place")
    if not target.exists():
        return
    if is_zip:
        ours = target.is_file() and _is_packed(target)
    else:
        ours = target.is_dir() and (not any(target.iterdir()) or _is_pack(target))
    if not ours:
        raise ExportFault(f"{target} is there already and is no evidence pack", "name another place, or delete it")
    strange = "" if is_zip else _strange(target)
    if strange:
        raise ExportFault(
            f"{target} holds {strange}, which is not as the pack there had it",
            "put it elsewhere, or name another place",
        )


def _is_pack(folder: Path) -> bool:
    try:
        return all((folder / name).is_file() for name in (MANIFEST, SUMS)) and _is_ours(
            (folder / MANIFEST).read_bytes()
        )
    except OSError:
        return False


def _is_packed(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive, archive.open(MANIFEST) as stream:
            return _is_ours(stream.read(_MOST_MANIFEST))
    except (OSError, KeyError, ValueError, NotImplementedError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error):
        return False


def _is_ours(manifest: bytes) -> bool:
    """Tell whether a manifest is that of a pack, of whatever version of this format."""
    try:
        data = json.loads(manifest)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and str(data.get("format") or "").startswith(FORMAT.rpartition(" ")[0])


def _strange(folder: Path) -> str:
    """Return a file in the folder of a pack that is not there as its list of digests has it; "" if there is none."""
    listed = (
        set((folder / SUMS).read_text(encoding="utf-8", errors="replace").split("\n"))
        if (folder / SUMS).is_file()
        else set()
    )
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if file.is_symlink() or not (file.is_dir() or file.is_file()):
            return path
        if path == SUMS or file.is_dir():
            continue
        if sum_line(path, hashlib.sha256(file.read_bytes()).hexdigest()).rstrip("\n") not in listed:
            return path
    return ""


# --- the files behind the pages -------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A file of the system in the pack: where it lies, its digest, what it is, and the commit that holds it."""

    item: str
    path: str
    digest: str
    what: str
    repository_path: str
    commit: str


@dataclass
class Files:
    """What is copied into a pack, and from where: ``root`` holds the files as the pages show them, ``repository`` is the system in Git.

    ``withheld`` says how many items are hidden from the readers, ``left_out`` collects files that name one of them,
    ``active`` drawings that would run or fetch something. ``committed`` is the day of the commit; ``enrolled`` are the
    files that say whose keys those of the signers are.
    """

    root: Path
    repository: Path
    day: str
    commit: str = ""
    committed: str = ""
    history: History | None = None
    register: Register | None = None
    redact: Redactor = NOTHING_HIDDEN
    withheld: int = 0
    left_out: list[str] = field(default_factory=list)
    active: list[str] = field(default_factory=list)
    enrolled: list[Kept] = field(default_factory=list)
    _trees: dict[str, trees.Tree] = field(default_factory=dict)

    @cached_property
    def _committed(self) -> Mapping[str, tuple[str, str]]:
        """The files of the commit that the pack names."""
        prefix = git.prefix(self.repository) if self.commit else ""
        return trees.of(self.repository, self.commit, prefix).files if self.commit else {}

    def known(self, items: Iterable[Item]) -> bool:
        """Tell whether anything is known of how the items became what they are, up to the day."""
        history = self.history
        return history is not None and any(history.landed(item.id, self.day) for item in items)

    def version(self, item: Item) -> Version | None:
        """What landed of an item and is in force on the day; None where the history does not know it."""
        if self.history is None:
            return None
        found = self.history.in_force(item.id, self.day, "9999-12-31")
        return found if found is not None and found.path == item.path else None

    def of(self, item: Item) -> Iterator[tuple[str, bytes, str, str]]:
        """Yield (path, content, what it is, commit) of the file of an item and of the pictures it shows."""
        version = self.version(item)
        if version is not None and self.register is not None and self.register.controls(version):
            yield from self._approved(version)
            return
        yield from self._lying(item, version)

    def _approved(self, version: Version) -> Iterator[tuple[str, bytes, str, str]]:
        """The very bytes that approvals are about."""
        assert self.history is not None
        assert self.register is not None
        own, *beside = self.register.manifest(version).files
        yield own[0], self.history.content(version), "document", version.commit
        for path, digest in beside:
            for commit in (version.commit, self.history.tip):
                tree = self._tree(commit)
                plain = path in tree.files and tree.files[path][0] not in (trees.LINK, trees.SUBMODULE)
                if plain and tree.digest(path) == digest:
                    yield path, tree.read(path), "shown in it", commit
                    break

    def _tree(self, commit: str) -> trees.Tree:
        assert self.history is not None
        if commit not in self._trees:
            self._trees[commit] = trees.of(self.history.root, commit, self.history.prefix)
        return self._trees[commit]

    def _lying(self, item: Item, version: Version | None) -> Iterator[tuple[str, bytes, str, str]]:
        """The files as they lie; nothing outside the system's folder, and nothing behind a link."""
        content = self._read(self.root / item.path)
        if content is None:
            return
        yield item.path, content, "document", self._commit_of(item.path, content, version)
        for seen in shown(item, self.root):
            found = self._read(seen.file) if seen.file is not None and seen.there else None
            if found is not None and seen.file is not None:
                path = path_of(seen.file, self.root)
                yield path, found, "shown in it", self._commit_of(path, found)

    def _read(self, file: Path) -> bytes | None:
        if not file.resolve().is_relative_to(self.root.resolve()) or not file.is_file():
            return None
        below = file.relative_to(self.root) if file.is_relative_to(self.root) else Path()
        steps = [self.root / Path(*below.parts[: number + 1]) for number in range(len(below.parts))]
        return None if not steps or any(step.is_symlink() for step in steps) else file.read_bytes()

    def _commit_of(self, path: str, content: bytes, version: Version | None = None) -> str:
        """A commit that holds exactly this content: where it landed, else the one the pack names; "" if neither does."""
        if version is not None and version.blob == _blob(content, version.blob):
            return version.commit
        name = self._committed.get(path, ("", ""))[1]
        return self.commit if name and name == _blob(content, name) else ""

    def may_leave(self, path: str, data: bytes) -> bool:
        """Tell whether a file may be given to the readers of the pack: it, and its name, name nothing hidden from them."""
        text = f"{path}\n{data.decode('utf-8', 'replace')}"
        return self.redact(text) == text


def _blob(content: bytes, like: str) -> str:
    """The name that Git gives a content, by the same algorithm as another name."""
    algorithm = "sha1" if len(like) == 40 else "sha256"
    return hashlib.new(algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def sources(pack: Pack, files: Files, items: Iterable[Item]) -> dict[str, list[Kept]]:
    """Copy the files of items into the pack under the paths they have in the repository; return them by item."""
    found: dict[str, list[Kept]] = {}
    for item in items:
        for path, data, what, commit in files.of(item):
            if not files.may_leave(path, data):
                files.left_out.append(path)
                continue
            if not _is_inert(path, data):
                files.active.append(path)
                continue
            place = _placed(pack, f"{SOURCE}{path}", item.id, data)
            digest = pack.digests[place][0]
            found.setdefault(item.id, []).append(Kept(item.id, place, digest, what, path, commit))
    return found


def _is_inert(path: str, data: bytes) -> bool:
    """Tell whether a file can be opened by itself in a browser and run nothing."""
    if not path.lower().endswith(".svg"):
        return True
    found = judge(data)
    return found.unreadable is None and not found.active


def _placed(pack: Pack, path: str, owner: str, data: bytes) -> str:
    """Add a file unless the same one is there; another content under the same path goes into a folder of its own."""
    digest = hashlib.sha256(data).hexdigest()
    number = 1
    place = path
    while place in pack.digests and pack.digests[place][0] != digest:
        number += 1
        place = f"{SOURCE.rstrip('/')}-{number}/{path.removeprefix(SOURCE)}"
    if place not in pack.digests:
        pack.add(place, data)
    return place


# --- approvals ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signature:
    """A signed file in the pack and what ssh-keygen needs to verify it."""

    path: str
    holder: str
    namespace: str
    at: str
    what: str


def approvals(pack: Pack, files: Files, items: Iterable[Item]) -> tuple[dict[str, list[Kept]], list[Signature]]:
    """Copy the statements and records that approve what the pack shows; return them by item, and all signatures."""
    register = files.register
    if register is None:
        return {}, []
    statements = _statements(register)
    records = _records(register)
    kept: dict[str, list[Kept]] = {}
    signatures: dict[str, Signature] = {}
    for item in items:
        version = files.version(item)
        if version is None or not register.controls(version):
            continue
        key = register.manifest(version).key
        for path, vote in statements.get(item.id, ()):
            if vote.key != key or (vote.meaning == PERIODIC and vote.at[:10] > files.day):
                continue
            what = "periodic review" if vote.meaning == PERIODIC else vote.meaning or "statement"
            _evidence(pack, files, item.id, path, what, kept)
            if path + ".sig" in register.tree.files:
                signatures[path] = Signature(path, vote.person, signing.STATEMENT, vote.at, f"{item.id} {what}")
            for record in records.naming.get(path + ".sig", ()):
                _evidence(pack, files, item.id, record, "record of the merge", kept)
        for record in records.about.get((item.id, version.revision), ()):
            _evidence(pack, files, item.id, record, "record of the merge", kept)
    for path, snapshot in records.all.items():
        if SOURCE + path in pack.digests and path + ".sig" in register.tree.files:
            signatures[path] = Signature(path, snapshot.recorder, signing.RECORD, snapshot.recorded, "record")
    return kept, [signatures[path] for path in sorted(signatures) if SOURCE + path in pack.digests]


def _evidence(pack: Pack, files: Files, item: str, path: str, what: str, kept: dict[str, list[Kept]]) -> None:
    """Put a file of evidence, its signature and its time stamp into the pack, unless they name what is hidden."""
    assert files.register is not None
    tree = files.register.tree
    if any(row.repository_path == path for row in kept.get(item, ())):
        return
    if not files.may_leave(path, tree.read(path)):
        files.left_out.append(path)
        return
    for ending, said in (("", what), (".sig", "signature"), (".tsr", "time stamp")):
        if path + ending in tree.files:
            data = tree.read(path + ending)
            place = _placed(pack, f"{SOURCE}{path}{ending}", item, data)
            digest = pack.digests[place][0]
            commit = files.register.history.tip
            kept.setdefault(item, []).append(Kept(item, place, digest, said, path + ending, commit))


def _statements(register: Register) -> dict[str, list[tuple[str, Vote]]]:
    found: dict[str, list[tuple[str, Vote]]] = {}
    for path, vote, _ in register.statements:
        if vote is not None and not vote.problem:
            found.setdefault(vote.item, []).append((path, vote))
    return found


@dataclass
class _Records:
    """The records of merges: all of them, those about a revision, and those that saw a signature."""

    all: dict[str, snapshots.Snapshot] = field(default_factory=dict)
    about: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    naming: dict[str, list[str]] = field(default_factory=dict)


def _records(register: Register) -> _Records:
    found = _Records()
    for path, record, problem in register.records:
        if record is None or problem:
            continue
        found.all[path] = record
        for key in dict.fromkeys((vote.item, vote.revision) for vote in record.votes):
            found.about.setdefault(key, []).append(path)
        for named in record.statements:
            found.naming.setdefault(named, []).append(path)
    return found


def keys(pack: Pack, files: Files, signatures: Iterable[Signature], graph: Graph) -> None:
    """Write the public keys of those who signed as ssh-keygen reads them, and the files that enrolled them."""
    register = files.register
    rows = list(signatures)
    if register is None or register.approvals is None or not rows:
        return
    people = {row.holder for row in rows if row.namespace == signing.STATEMENT}
    recorders = {row.holder for row in rows if row.namespace == signing.RECORD}
    own = [key for key in register.present.people.signing_keys() if key.holder in people]
    robots = [key for key in register.approvals.recorders if key.holder in recorders]
    text = signing.allowed_signers(own, signing.STATEMENT) + signing.allowed_signers(robots, signing.RECORD)
    pack.add(SIGNERS, text)
    for name in sorted(people):
        item = graph.items.get(name)
        content = register.tree.read(item.path) if item is not None and item.path in register.tree.files else None
        if item is not None and content is not None and files.may_leave(item.path, content):
            place = _placed(pack, f"{SOURCE}{item.path}", name, content)
            digest = pack.digests[place][0]
            files.enrolled.append(Kept(name, place, digest, "enrolled", item.path, register.history.tip))


def audit_trail(pack: Pack, files: Files, graph: Graph, items: Iterable[Item], today: str) -> int:
    """Write who changed what in the items of the pack, up to its day, if anything is known; return how many changes."""
    history, items = files.history, list(items)
    if history is None or not files.known(items):
        return 0
    names = [item.id for item in items if item.id in history.versions]
    history.fetch(version for name in names for version in history.versions[name])
    rows = trail.rows(history, files.register, graph, names, today)
    known = [row for row in rows if history.day(row["landed"]) <= files.day]
    pack.add(TRAIL, trail.csv_text([{n: files.redact(text) for n, text in row.items()} for row in known]))
    return len(known)


# --- what the pack says about itself ----------------------------------------------------------------------


@dataclass(frozen=True)
class About:
    """What a pack is about, for its manifest."""

    organisation: str
    coverage: Coverage
    clauses: tuple[Clause, ...]
    states: Mapping[str, str]
    whole: bool
    location: str
    audiences: tuple[str, ...]
    pages: Mapping[str, str]
    approved_by: Mapping[str, str] = field(default_factory=dict)


def close(pack: Pack, files: Files, about: About, items: Iterable[Item], kept: Mapping[str, list[Kept]], signatures: list[Signature]) -> str:  # fmt: skip
    """Write what says how to verify the pack, its manifest and the list of digests; return the digest of that list."""
    items = list(items)
    rows = [*files.enrolled, *(row for rows in kept.values() for row in rows)]
    if files.commit:
        pack.add(ORIGINS, origins(rows))
    pack.add(VERIFY, verify_text(files, about, signatures, rows, files.known(items)))
    pack.add(MANIFEST, manifest(pack, files, about, items, kept))
    sums = "".join(sum_line(path, digest) for path, (digest, _) in sorted(pack.digests.items()))
    return pack.add(SUMS, sums)


def origins(rows: Iterable[Kept]) -> str:
    """The digest of each file, the commit that holds it and its path there, one a line; those that have a commit."""
    return "".join(sorted({f"{row.digest} {row.commit} {row.repository_path}\n" for row in rows if _traced(row)}))


def _traced(row: Kept) -> bool:
    """Tell whether a shell that reads line by line finds a file in Git by what a line says."""
    path = row.repository_path
    return bool(row.commit) and path == path.strip() and not set("\n\r\0") & set(path)


def sum_line(path: str, digest: str) -> str:
    """One line as `sha256sum` writes it: a name with a backslash or a line end is written with escapes."""
    plain = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if plain == path else chr(92)}{digest}  {plain}\n"


def manifest(pack: Pack, files: Files, about: About, items: Iterable[Item], kept: Mapping[str, list[Kept]]) -> str:
    """What the pack is about, every document in it and the digest of every file, as JSON."""
    coverage = about.coverage
    catalogue, standard = coverage.catalogue, coverage.standard
    head: dict[str, Any] = {
        "format": FORMAT,
        "organisation": about.organisation,
        "as_of": files.day,
        "standard": standard.id if standard else "",
        "catalogue": catalogue.id,
        "title": catalogue.title,
        "edition": str(catalogue.get("edition") or ""),
        "catalogue_complete": catalogue.get("complete") is True,
        "catalogue_confidence": coverage.confidence,
        "clauses_chosen": "all" if about.whole else [clause.key for clause in about.clauses],
        "location": about.location,
        "audiences": list(about.audiences),
        "commit": files.commit,
        "committed": files.committed,
        "under_change_control": files.register is not None,
        "withheld_items": files.withheld,
        "clauses_not_judged": [c.ref for c in about.clauses if not c.heading and about.states[c.key] == UNJUDGED],
        "left_out_for_this_audience": len(set(files.left_out)),
        "left_out_because_active": sorted(set(files.active)),
    }
    states = [
        {
            "clause": clause.ref,
            "state": about.states[clause.key],
            "owner": clause.owner,
            "confidence": clause.confidence,
        }
        for clause in about.clauses
        if not clause.heading
    ]
    documents = [_document(files, item, about, kept.get(item.id, [])) for item in items]
    listed = [{"path": path, "sha256": digest, "bytes": size} for path, (digest, size) in sorted(pack.digests.items())]
    whole = {**head, "clauses": states, "documents": documents, "files": listed}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _document(files: Files, item: Item, about: About, rows: list[Kept]) -> dict[str, Any]:
    version = files.version(item)
    found: dict[str, Any] = {
        "id": item.id,
        "type": item.type,
        "title": item.title,
        "revision": str(item.get("revision") or ""),
        "effective": str(item.get("effective") or ""),
        "page": about.pages.get(item.id, ""),
        "files": [
            {
                "path": row.path,
                "sha256": row.digest,
                "is": row.what,
                "in_repository": row.repository_path,
                "commit": row.commit,
            }
            for row in rows
        ],
    }
    if version is not None and files.register is not None and files.register.controls(version):
        verdict = files.register.verdict(version)
        found["approved"] = verdict.approved
        found["without_approval_because"] = verdict.exempt
        found["approvals"] = approvals_of(verdict)
    return found


def verify_text(files: Files, about: About, signatures: list[Signature], rows: Sequence[Kept], history: bool) -> str:
    """How to verify a pack by hand, with the commands for this one."""
    coverage = about.coverage
    out = io.StringIO()
    out.write(
        f"How to verify this evidence pack\n\n{about.organisation}, {coverage.catalogue.title}, as of {files.day}\n\n"
        "You need sha256sum"
        + (", git and ssh-keygen" if files.register else " and git" if files.commit else "")
        + "; no other program. Open a shell in the folder of this file.\n\n"
    )
    out.write(
        f"1. Is the pack complete and unchanged?\n\n    sha256sum --quiet -c {SUMS} && echo complete\n\n"
        f'Nothing but "complete" may be said (macOS: shasum -a 256 -c {SUMS}). That proves only that the files fit\n'
        "this list. Whoever changed a file could have changed the list: ask the organisation, on another way than the\n"
        f"pack came, for the digest it wrote down when the pack was made, and compare:\n\n    sha256sum {SUMS}\n\n"
        f"The list names every file but itself. {MANIFEST} says the same for programs, and where each file comes from.\n\n"
    )
    _verify_origin(out, files, rows, history)
    if signatures:
        _verify_signatures(out, signatures)
    elif files.register is not None:
        out.write("3. Signatures\n\nNo document in this pack was approved by a signature.\n\n")
    _verify_limits(out, files, about, history)
    return out.getvalue()


def _verify_origin(out: io.StringIO, files: Files, rows: Iterable[Kept], history: bool) -> None:
    out.write("2. Are these the files of the system?\n\n")
    if not files.commit:
        out.write(
            "There is no history in Git that could be read where the pack was made. Nothing here proves what the files were\n"
            "on an earlier day, who changed them or who approved them. Compare them with the system itself.\n\n"
        )
        return
    folder = SOURCE.rstrip("/")
    out.write(f"The pack shows the system at commit\n\n    {files.commit}\n\nof {_day(files.committed)}. ")
    if not history:
        out.write(f"No change was committed up to {_day(files.day)}: what the files were on that day is not proven.\n")
    out.write(
        f"Ask for a clone. {ORIGINS} has a line for each file under {SOURCE}: its digest, as in {SUMS}, the commit that\n"
        "holds it, and its path there. Say where in the clone qms.yaml lies, and compare every file with what Git stores:\n\n"
        '    clone=../clone\n    while read -r d c p; do [ "$(git -C "$clone" show "$c:./$p" | sha256sum | cut -c1-64)" = "$d" ] '
        f'|| echo "differs: $p"; done < {ORIGINS}\n\n'
        "Nothing may be told as differing (macOS: shasum -a 256). Then, what has no commit:\n\n"
        f'    grep \'  {folder}\' {SUMS} | while read -r d p; do grep -q "^$d " {ORIGINS} || echo "no commit: $p"; done\n\n'
    )
    loose = sorted({row.path for row in rows if not _traced(row)})
    if loose:
        out.write(
            f"It names what was changed after the last commit, or was never in one; when the pack was made: {len(loose)}.\n\n"
        )
        out.write("".join(f"    {json.dumps(path, ensure_ascii=False)[1:-1]}\n" for path in loose) + "\n")
    else:
        out.write("It named nothing when the pack was made.\n\n")
    out.write(
        "That the commit is on the main branch says, in the clone:\n\n"
        f'    git -C "$clone" branch -a --contains {files.commit}\n\n'
    )


def _day(day: str) -> str:
    """21 November 2026."""
    if not day:
        return "a day that is not known"
    date = datetime.date.fromisoformat(day)
    return f"{date.day} {calendar.month_name[date.month]} {date.year}"


def _verify_signatures(out: io.StringIO, signatures: list[Signature]) -> None:
    out.write(
        "3. Who approved it, and was it this very text?\n\n"
        f"A statement (.txt) lists the digests of what was signed. Statements and documents lie below {SOURCE} under\n"
        "their paths in the repository, so that, for each statement, the commands below compare the digests and verify\n"
        "the signature.\n\n"
        "A file that a statement names and that is not in the pack is told as missing; nothing may be told as FAILED\n"
        "that is there. The file may have been renamed since it was signed: its digest counts, not its name.\n\n"
        f"{SIGNERS} holds the keys of those who signed, and the days on which each counts, as the organisation\n"
        "enrolled them. Whoever writes that file decides who counts. So compare each key with what its owner shows\n"
        f"you; people/ below {SOURCE} says who checked the person (proof, checked_by). Then:\n\n"
        f"    cd {SOURCE.rstrip('/')}\n\n"
    )
    for row in signatures:
        moment = datetime.datetime.fromisoformat(row.at).astimezone(datetime.UTC).strftime("%Y%m%d%H%M%SZ")
        path = shlex.quote(row.path)
        digests = f"sha256sum --quiet -c {path}\n" if row.namespace == signing.STATEMENT else ""
        out.write(
            f"# {row.what}\n{digests}ssh-keygen -Y verify -f ../{SIGNERS} -I {shlex.quote(row.holder)} -n {row.namespace} "
            f"-O verify-time={moment} -s {shlex.quote(row.path + '.sig')} < {path}\n"
        )
    out.write(
        '\nEach ssh-keygen must end with exit code 0 and name the person after "for". "Good signature" alone proves nothing: it is\n'
        "said of any key when check-novalidate is used.\n\n"
        "A statement says when it was signed, by the signer's clock. That it existed by a moment is proven by a time\n"
        "stamp beside it (.tsr: openssl ts -verify), or by a record in approvals/records that names the digest of its\n"
        'signature under "statements"; records are signed by the recorder.\n\n'
        "A line `change-record` in a statement holds the digest of the change record as it stood then. It takes the\n"
        "repository to compare: git log --follow -- PATH finds the commit, git show COMMIT:PATH | sha256sum the digest.\n\n"
    )


def _verify_limits(out: io.StringIO, files: Files, about: About, history: bool) -> None:
    coverage = about.coverage
    out.write("What this pack does not prove\n\n")
    rows = [
        "That a clause is met. It shows what the organisation says, and what that rests on.",
        f"What the standard says. The clauses are numbers and topics in other words than the standard's; the list rests "
        f"on: {coverage.confidence or 'no source named'}. Check it against your copy.",
        "That records exist elsewhere. Samples are what somebody looked up and wrote down; ask to see the record itself.",
        "Values of KPIs. They were computed or recorded by the organisation; the definition stands in the file.",
    ]
    if files.register is None:
        rows.append("Approvals. There is no change control here that could prove one.")
    if not history:
        rows.append(
            f"History. No change was committed up to {_day(files.day)}."
            if files.history is not None
            else "History. There is none that could be read."
        )
    if files.withheld:
        number = sum(about.states[clause.key] == UNJUDGED for clause in about.clauses if not clause.heading)
        rows.append(
            f"The whole system. Items withheld, because they are meant for others: {files.withheld}. Clauses that depend on "
            f"them and are not judged here: {number}."
        )
    if files.active:
        named = ", ".join(sum_line(path, "").strip() for path in sorted(set(files.active)))
        rows.append(f"Drawings that hold a script, or fetch something, are left out: {named}.")
    if files.left_out:
        number = len(set(files.left_out))
        rows.append(
            f"{number} files are left out, because they name what is meant for other readers than those of this pack."
        )
    out.write("".join(f"- {row}\n" for row in rows))
