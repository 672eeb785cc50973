"""Builds the lived history: the reference system of today as a Git repository of its own that took two years to get there.

    python scripts/lived_history.py build/lived [--verify]

What happened stands in `scripts/lived/`: earlier texts of documents, the changes with their reasons, the people
with their keys. Everything else is worked out from the files at the root: who must approve is asked of the same
rules that the gate judges by. The same input gives the same commits: dates are fixed, and so are the keys, which
are made from their holder's name and protect nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from qmsctl import config as configuration
from qmsctl import frontmatter
from qmsctl.approvals import documents, signing, snapshots, statement
from qmsctl.approvals.content import Manifest, manifest
from qmsctl.approvals.documents import GOVERNING, DocumentChange, State
from qmsctl.approvals.evidence import Head, PullRequest, Review
from qmsctl.approvals.people import People
from qmsctl.approvals.rules import Slot, combined, demand
from qmsctl.gate import decide
from qmsctl.gate.decision import Question
from qmsctl.graph import Graph
from qmsctl.history.trees import Tree
from qmsctl.itemfile import version_of
from qmsctl.loader import Loaded, load
from qmsctl.model import Item, slug

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(__file__).resolve().parent / "lived"
IMPORT = "2024-11-11"
CONTROL = "2024-11-18"
RECORDER = "ci-recorder"
LOGS = "kpi-logs/"
RECORDS = ("audit", "nonconformity", "corrective-action", "management-review")
KNOWN_LATER = (
    "carried_out",
    "findings",
    "correction",
    "corrected_on",
    "cause",
    "actions",
    "effectiveness",
    "closed_on",
)
FORGE = ("gitea", "quality/qms", "https://git.tarnfell.example/quality/qms")
ASKED = ("retrain", "revise", "review")
RECORDED_KINDS = ("new", "major", "obsolete")

Files = dict[str, bytes | None]
Say = Callable[[str], None]


class LivedFault(RuntimeError):
    """The data under scripts/lived no longer fits the files at the root; the message says where."""


# --- reading ------------------------------------------------------------------------------------------------


def data(name: str) -> Any:
    """Read one of the files beside this script."""
    return yaml.load((DATA / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def number(text: str, below: int) -> int:
    """Return a number that always is the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % below


def choose(text: str, rows: list[str]) -> str:
    return rows[number(text, len(rows))]


def day(text: str, days: int = 0) -> str:
    """Return a working day so many days from a date."""
    found = datetime.date.fromisoformat(text) + datetime.timedelta(days=days)
    while found.weekday() > 4:
        found -= datetime.timedelta(days=1)
    return found.isoformat()


def quiet_day(text: str, days: int) -> str:
    """Return a working day so many days from a date on which plants do work."""
    found = day(text, days)
    while found[5:] in HOLIDAYS:
        found = day(found, -1)
    return found


HOLIDAYS = ("01-01", "05-01", "12-24", "12-25", "12-26", "12-31")
MONTHS = [f"{datetime.date(2024, month, 1):%B}" for month in range(1, 13)]


def last_named(text: str, near: str) -> str:
    """Return the last date that a text names, such as `17 September`, in the year before a date; "" for none."""
    found = [""]
    for number_of, month in re.findall(rf"\b(\d\d?) ({'|'.join(MONTHS)})\b", text):
        named = f"{MONTHS.index(month) + 1:02d}-{int(number_of):02d}"
        found.append(f"{int(near[:4]) - (named > near[5:])}-{named}")
    return max(found)


def sentence_date(text: str) -> str:
    """Return a date as people write it."""
    found = datetime.date.fromisoformat(text)
    return f"{found.day} {found:%B %Y}"


# --- text edits: formatting and comments of the files stay ----------------------------------------------------


def field_lines(lines: list[str], name: str) -> tuple[int, int]:
    """Return where a top-level field begins and ends in the lines of a file; (-1, -1) if it is not there."""
    for at, line in enumerate(lines):
        if at and line == "---":
            break
        if line.startswith(f"{name}:"):
            end = at + 1
            while end < len(lines) and lines[end][:1] in (" ", "-") and lines[end] != "---":
                end += 1
            return at, end
    return -1, -1


def set_field(text: str, name: str, value: str, after: str = "change") -> str:
    """Set a top-level field of an item to a plain text or, with "" as value, take it out."""
    lines = text.split("\n")
    start, end = field_lines(lines, name)
    new = [f"{name}: {scalar(value, name)}"] if value else []
    if start < 0:
        if value:
            _, end = field_lines(lines, after)
            lines[end:end] = new
        return "\n".join(lines)
    lines[start:end] = new
    return "\n".join(lines)


def scalar(value: str, name: str = "") -> str:
    """Return a text as YAML writes it: plain where that is safe."""
    plain = re.fullmatch(r"[A-Za-z0-9(][^:#\"'\[\]{}&*!|>%@`]*[^:#\s]", value) and name != "revision"
    unsafe = re.fullmatch(r"[\d.:-]+|true|false|null|yes|no|on|off", value, re.IGNORECASE) and name not in DATES
    return value if plain and not unsafe else json.dumps(value, ensure_ascii=False)


DATES = ("effective", "expires", "withdrawn", "by", "done", "check_on")


def edited(text: str, edits: Iterable[Mapping[str, str]], where: str) -> str:
    """Replace texts, each of which must stand there exactly once."""
    for edit in edits:
        if text.count(edit["find"]) != 1:
            raise LivedFault(f"{where}: this is there {text.count(edit['find'])} times, not once: {edit['find']!r}")
        text = text.replace(edit["find"], edit["replace"])
    return text


def stamped(text: str, row: Mapping[str, str]) -> str:
    """Set what a revision says of itself."""
    for name in ("revision", "effective", "change", "change_kind", "status", "superseded_by"):
        if name in row or name in ("change_kind", "status", "superseded_by"):
            text = set_field(text, name, row.get(name, ""))
    return text


# --- keys ---------------------------------------------------------------------------------------------------


class Keys:
    """Demo keys, each made from its name. They protect nothing, since anybody can make them again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def _private(name: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"lived demo key {name}".encode()).digest())

    def public(self, name: str) -> str:
        raw = self._private(name).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        return " ".join(raw.decode().split()[:2])

    def file(self, name: str) -> Path:
        """Return the file of a private key."""
        found = self.folder / name
        if not found.exists():
            text = self._private(name).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
            found.touch(mode=0o600)
            found.write_bytes(text)
        return found

    def sign(self, text: bytes, name: str, namespace: str = signing.STATEMENT) -> bytes:
        return signing.sign(text, self.file(name), namespace)


# --- Git ----------------------------------------------------------------------------------------------------


class Stream:
    """Writes commits through one `git fast-import`, which is much quicker than a command for each."""

    def __init__(self, root: Path, zone: datetime.tzinfo) -> None:
        self.root = root
        self._zone = zone
        self._marks: dict[str, int] = {}
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self._process = subprocess.Popen(
            ["git", "fast-import", "--quiet"],
            cwd=root,
            env=self._env(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    @staticmethod
    def _env() -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        return {**clean, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def git(self, *arguments: str, given: str = "") -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=self._env(), capture_output=True, text=True, input=given, check=True
        )
        return done.stdout.strip()

    def commit(
        self, ref: str, parents: list[str], files: Mapping[str, bytes | None], who: str, when: str, message: str
    ) -> str:
        """Write a commit on top of its first parent and return its name."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        mark = len(self._marks) + 1
        moment = datetime.datetime.fromisoformat(when).astimezone(self._zone)
        stamp = f"{int(moment.timestamp())} {moment:%z}"
        name = f"{who} <{mail(who)}>"
        text = (message.strip() + "\n").encode()
        out = [f"commit {ref}\nmark :{mark}\nauthor {name} {stamp}\ncommitter {name} {stamp}\n".encode()]
        out.append(b"data %d\n%s" % (len(text), text))
        for at, parent in enumerate(parents):
            out.append(f"{'merge' if at else 'from'} :{self._marks[parent]}\n".encode())
        for path, content in sorted(files.items()):
            if content is None:
                out.append(f"D {path}\n".encode())
            else:
                out.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content))
        out.append(b"\nget-mark :%d\n" % mark)
        self._process.stdin.write(b"".join(out))
        self._process.stdin.flush()
        sha = self._process.stdout.readline().decode().strip()
        if len(sha) != 40:
            raise LivedFault(f"git fast-import refused the commit {message.splitlines()[0]!r}")
        self._marks[sha] = mark
        return sha

    def close(self, keep: Iterable[str]) -> None:
        """Finish writing, drop the branches that were merged, and check main out."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait() != 0:
            raise LivedFault("git fast-import failed")
        refs = self.git("for-each-ref", "--format=%(refname)").split()
        gone = [ref for ref in refs if ref not in {"refs/heads/main", *keep}]
        self.git("update-ref", "--stdin", given="".join(f"delete {ref}\n" for ref in gone))
        self.git("reset", "-q", "--hard", "main")


def mail(who: str) -> str:
    """Return an address for commits: the pseudonymous id, because Git cannot forget a name."""
    return f"{who}@tarnfell.example"


# --- a change -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Vote:
    """One word that somebody will say about an item: signed with a key, or as a review on the forge."""

    item: str
    slot: Slot
    person: str
    role: str
    signed: bool


@dataclass(frozen=True)
class About:
    """What a statement is about."""

    content: Manifest
    title: str
    revision: str = ""
    effective: str = ""

    @staticmethod
    def of(found: DocumentChange, content: Manifest) -> About:
        return About(content, found.title, found.revision, found.effective)


@dataclass
class Change:
    """What lands together, as `changes.yaml` tells it."""

    landed: str
    effective: str
    title: str
    documents: dict[str, str]
    row: Mapping[str, Any]
    record: str = ""

    @property
    def key(self) -> str:
        return f"{self.landed} {self.title}"


@dataclass(frozen=True)
class Landing:
    """What the gate is asked about with --verify."""

    name: str
    base: str
    head: str
    now: str
    pull: PullRequest | None = None
    bootstrap: bool = False


@dataclass(frozen=True)
class Seen:
    """What the recorder saw of a pull request."""

    pull: PullRequest
    base: str
    landed: str
    merged: str
    hands: dict[str, tuple[str, ...]]
    about: dict[str, About]
    said: list[tuple[Vote, Review]]
    record: tuple[str, str]
    proofs: Files


@dataclass
class Lived:
    """The repository while it grows."""

    stream: Stream
    keys: Keys
    loaded: Loaded
    zone: datetime.tzinfo
    texts: dict[str, dict[str, str]]
    paths: dict[str, str]
    files: dict[str, bytes] = field(default_factory=dict)
    tip: str = ""
    clock: str = f"{IMPORT}T08:00:00+01:00"
    landings: list[Landing] = field(default_factory=list)
    persons: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    pulls: int = 0
    branches: int = 0
    say: Say = lambda _: None

    # --- time ---------------------------------------------------------------------------------

    def moment(self, on: str, hour: float) -> str:
        """Return a moment on a day, as clocks on the wall show it."""
        found = datetime.datetime.fromisoformat(on).replace(tzinfo=self.zone) + datetime.timedelta(hours=hour)
        return found.isoformat(timespec="seconds")

    def between(self, on: str, count: int, hours: float = 168) -> Iterator[str]:
        """Yield so many moments between what landed last and the morning of a day; work in hours of work."""
        last = datetime.datetime.fromisoformat(self.clock) + datetime.timedelta(minutes=30)
        begin, end = self.span(on, hours)
        for at in range(count):
            local = (begin + (end - begin) * (at / max(count, 1))).astimezone(self.zone)
            work = 8 + (local.hour + local.minute / 60) * 9 / 24
            calm = datetime.datetime.fromisoformat(self.moment(day(local.date().isoformat()), work))
            calm = local if hours < 24 else calm
            last = max(last + datetime.timedelta(minutes=7), min(calm, end))
            yield last.astimezone(self.zone).isoformat(timespec="seconds")

    def span(self, on: str, hours: float) -> tuple[datetime.datetime, datetime.datetime]:
        """Return when the work on what lands on a day begins and ends."""
        last = datetime.datetime.fromisoformat(self.clock) + datetime.timedelta(minutes=30)
        end = datetime.datetime.fromisoformat(self.moment(on, 9 + number(on, 40) / 10))
        return max(last, end - datetime.timedelta(hours=hours)), end

    def drafted(self, change: Change) -> str:
        """Return the day of the first commit of a change, or a day before it; nobody has signed by then."""
        begin, _ = self.span(change.landed, float(change.row.get("hours", 168)))
        return day(begin.astimezone(self.zone).date().isoformat())

    # --- what is there --------------------------------------------------------------------------

    def tree(self, more: Mapping[str, bytes | None] | None = None) -> Tree:
        """Return the files as they lie on main, with a change."""
        files = {p: c for p, c in {**self.files, **(more or {})}.items() if c is not None}
        names = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
        contents = {names[path]: content for path, content in files.items()}
        return Tree(self.stream.root, {p: ("100644", name) for p, name in names.items()}, contents)

    def item(self, path: str, content: bytes) -> Item:
        found = version_of(path, content, self.loaded.types)
        if found is None:
            raise LivedFault(f"{path} is no item")
        return found

    def people(self, more: Mapping[str, bytes | None] | None = None) -> People:
        """Return who is who on main, or with a change of it."""
        files = {p: c for p, c in {**self.files, **(more or {})}.items() if c is not None}
        items = [self.item(p, c) for p, c in files.items() if re.fullmatch(r"people/p-\d+\.yaml", p)]
        names = frontmatter.parse_file(files[self.loaded.config.directory], markdown=False).fields or {}
        return People({item.id: item for item in items}, {k: str(v) for k, v in names.items()})

    def has_key(self, person: str, on: str) -> str:
        """Return the name of the key that somebody signs with on a day; "" if there is none."""
        for row in reversed(self.persons.get(person, {}).get("keys", [])):
            if row["from"] <= on <= row["until"] and on < row.get("revoked", "9999"):
                return str(row["name"])
        return ""

    # --- landing --------------------------------------------------------------------------------

    def commit(self, ref: str, parents: list[str], files: Files, who: str, when: str, message: str) -> str:
        return self.stream.commit(ref, parents, files, who, when, message)

    def onto_main(self, files: Files, who: str, when: str, message: str, second: str = "") -> str:
        """Land files on main."""
        parents = [sha for sha in (self.tip, second) if sha]
        self.tip = self.commit("refs/heads/main", parents, files, who, when, message)
        for path, content in files.items():
            if content is None:
                self.files.pop(path, None)
            else:
                self.files[path] = content
        self.clock = max(self.clock, when, key=datetime.datetime.fromisoformat)
        return self.tip


# --- who must say yes ---------------------------------------------------------------------------------------


def plan(
    lived: Lived, name: str, slots: Iterable[Slot], people: People, barred: set[str], change: Change
) -> list[Vote]:
    """Find somebody for every place that the rules demand; each person fills one."""
    wanted = list(slots)
    signs = change.row.get("evidence", "signed") == "signed"
    prefer = list(change.row.get("prefer", []))
    item = lived.loaded.qms.items.get(name)
    places = set((item.get("locations") or []) if item is not None else [])

    def may(slot: Slot) -> list[tuple[str, str]]:
        rows = []
        for role in slot.roles:
            deputies = people.deputies(role) if slot.deputies else {}
            for person in [*people.holders(role), *deputies]:
                key, login = bool(lived.has_key(person, change.landed)), forge_login(lived, person)
                if person in barred or not (key or login) or not people.exists(person):
                    continue
                away = places and not places & set(lived.persons[person]["locations"])
                known = person in prefer
                outside = not known and bool(lived.persons[person].get("outside"))
                rank = (not known, outside, person in deputies, bool(away), signs and not key)
                rows.append((rank, role != slot.roles[0], number(f"{change.key} {person}", 1000), person, role))
        return [(person, role) for *_, person, role in sorted(rows)]

    def fill(at: int, used: dict[str, str]) -> list[Vote] | None:
        if at == len(wanted):
            return []
        slot = wanted[at]
        for person, role in may(slot):
            if person in used:
                continue
            rest = fill(at + 1, {**used, person: role})
            if rest is not None:
                key = bool(lived.has_key(person, change.landed))
                return [Vote(name, slot, person, role, key and (signs or not forge_login(lived, person))), *rest]
        return None

    found = fill(0, {})
    if found is None:
        needs = "; ".join(f"{slot.meaning} by {' or '.join(slot.roles)}" for slot in wanted)
        raise LivedFault(f"{change.key}: nobody is left for {name} ({needs}); barred: {', '.join(sorted(barred))}")
    return found


def forge_login(lived: Lived, person: str) -> str:
    return str(lived.persons[person].get("forge") or "")


def describe(lived: Lived, name: str, new: bytes) -> DocumentChange:
    """Compare a document with what is on main."""
    path = lived.paths[name]
    old = lived.files.get(path)
    state = State(Tree(ROOT, {}), lived.loaded)
    before = lived.item(path, old) if old is not None else None
    return documents.change_of(state, state, before, lived.item(path, new), None)


def author_of(change: Change, owner: str) -> str:
    """Return who writes a text for the role that owns it; never one of those who approve."""
    wish = change.row.get("author", "")
    return str(wish or AUTHORS.get(owner, "p-039"))


AUTHORS = {
    "quality-manager": "p-006",
    "quality-engineer": "p-006",
    "plant-manager": "p-027",
    "sales-manager": "p-012",
    "engineering-manager": "p-015",
    "supply-chain-manager": "p-018",
    "purchasing-manager": "p-021",
    "maintenance-manager": "p-035",
    "shift-leader": "p-016",
}
"""Who writes for which owner; for all others the document controller does."""


# --- change records -------------------------------------------------------------------------------------------


def questions(lived: Lived, change: Change, names: Iterable[str]) -> list[Question]:
    """Return everything that a change touches, as the gate asks about it."""
    graph = Graph(lived.loaded)
    found: dict[tuple[str, str], Question] = {}
    for name in names:
        if name not in lived.loaded.qms.items:
            continue
        for verb, rows in graph.reach(name).items():
            for touched, why in rows if verb in ASKED else ():
                if touched in change.documents or lived.loaded.qms.items[touched].shipped:
                    continue
                found.setdefault((touched, verb), Question(name, touched, graph.title(touched), verb, why))
        for number_of, record in lived.records.items():
            named = {record["owner"], *(action["who"] for action in record["actions"])}
            if name in named and record["status"] != "refused":
                asked = Question(name, number_of, record["title"], "review", f"names {name}")
                found.setdefault((number_of, "review"), asked)
    for touched, verb in change.row.get("touches", {}).items():  # by documents that are not there any more
        asked = Question(next(iter(change.documents)), touched, graph.title(touched), verb, "")
        found.setdefault((touched, verb), asked)
    return [found[key] for key in sorted(found)]


def answer(lived: Lived, change: Change, asked: Question, people: People, drafted: str) -> tuple[str, str]:
    """Answer an impact question as the owner did, before anybody signed: (answer, note)."""
    given = change.row.get("answers", {}).get(asked.item)
    if given:
        return str(given["answer"]), str(given["note"])
    text = f"{change.key} {asked.item}"
    if asked.item in lived.records:
        return "not affected", "It records what was decided then; whoever holds the role now sees it through."
    if asked.verb == "retrain":
        return training(lived, change, asked, people)
    kind = lived.loaded.qms.items[asked.item].type
    name = asked.document
    if name in lived.loaded.qms.items and lived.loaded.qms.items[name].type == "role":
        name = f"the role {lived.loaded.qms.items[name].title}"
    owner = lived.loaded.qms.items.get(_owner(lived, asked.item))
    reader = f"The {owner.title}" if owner is not None else "The document controller"
    read = quiet_day(drafted, -1 - number(text, 4))
    when = sentence_date(read).rsplit(" ", 1)[0]
    rows = {
        "risk": [
            f"Rating looked at again with {name}; likelihood stays until a year of figures is there.",
            f"{name[:1].upper()}{name[1:]} is one of its controls and becomes stronger; no new rating before its review.",
            f"{reader} kept the rating on {when}: neither cause nor effect is another one now.",
        ],
        "process": [
            f"Names {name} as a whole; the step stays and the hand-over too.",
            f"{reader} read it against the draft on {when}: inputs, outputs and doers are as before.",
        ],
        "kpi": [
            "Formula and source stay; the figures before and after can be compared.",
            f"{reader} looked at the report on {when}: it counts the same as before.",
            "Reads the same report; the limits were looked at and stay.",
        ],
        "objective": ["Target and date stay; the measure is read in the same report."],
        "role": [
            "Authority and competence of the role are as before.",
            f"{reader} read it on {when}: nothing is decided by somebody else now.",
        ],
        "form": [
            f"Asks for nothing that {name} no longer gives.",
            f"{reader} filled one in on {when}; no field is missing.",
        ],
        "work-instruction": [
            "Read at the workplace; no figure in it comes from the changed part.",
            f"Tried at the workplace on {when}; it can be followed as it stands.",
        ],
    }
    usual = [
        f"{reader} read it against the draft on {when}; it repeats none of the changed text.",
        f"{reader} was asked on {when}; nothing in it has to change.",
        f"Names {name} and leaves the how to it; no limit or doer of it stands there.",
    ]
    fitting = rows.get(kind, usual)
    if read <= last_named(change.row["why"], change.landed):  # nobody reads a draft before there is a reason for it
        fitting = [row for row in fitting if when not in row]
    return "not affected", choose(text, fitting)


FLOOR = ("machinist", "inspector", "operator", "technician", "shift-leader")


def training(lived: Lived, change: Change, asked: Question, people: People) -> tuple[str, str]:
    """Answer who is trained until when: (answer, note)."""
    text, holders = f"{change.key} {asked.item}", set(people.holders(asked.item))
    owner = lived.loaded.qms.items.get(_owner(lived, asked.document))
    trainer = f"the {owner.title}" if owner is not None and owner.id != asked.item else "the author"
    who = {0: "Whoever takes the role", 1: "One person", 2: "Both"}.get(len(holders), f"All {len(holders)}")
    limit = sentence_date(max(quiet_day(change.effective, -3), change.landed))
    reads, them = ("reads it and tells", "this person") if len(holders) == 1 else ("read it and tell", "them")
    onlooker = "the shift leader" if asked.item != "shift-leader" else trainer
    if holders == {author_of(change, _owner(lived, asked.document))}:
        return "no action", "The only holder of the role wrote the text and tried it; nobody is left to train."
    if asked.item.endswith(FLOOR):
        return "action", choose(
            text,
            [
                f"{who}, by {trainer} at the place of work, before {limit}; signed for on FRM-014.",
                f"{who}, at the start of a shift, before {limit}; each does it once while {onlooker} looks on.",
                f"{who}, old and new text side by side, before {limit}; {trainer} asks each two questions about it.",
            ],
        )
    if number(text, 4) == 0:
        return "no action", choose(
            text,
            [
                f"What the role does in {asked.document} reads as before; the notice of the new revision is enough.",
                f"{who} took part in the draft of {asked.document}, and the step of the role is in their own words.",
            ],
        )
    return "action", choose(
        text,
        [
            f"{who}: {trainer} goes through the changed steps with {them} before {limit}; entry on FRM-014.",
            f"{who}, half an hour in the weekly meeting before {limit}, with one case of last month worked through.",
            f"{who} {reads} {trainer} before {limit} what will be done otherwise; entry on FRM-014.",
        ],
    )


def record_of(lived: Lived, change: Change, kinds: Mapping[str, str], drafted: str) -> dict[str, Any]:
    """Write the change record of a change as data, as it stood when the first draft was there."""
    row, people = change.row, lived.people()
    year = (row.get("opened") or change.landed)[:4]
    count = sum(1 for name in lived.records if name.startswith(f"CHG-{year}"))
    owner = row.get("owner") or _owner(lived, next(iter(change.documents)))
    impact = []
    for asked in questions(lived, change, [n for n, kind in kinds.items() if kind in RECORDED_KINDS]):
        said, note = answer(lived, change, asked, people, drafted)
        impact.append({"item": asked.item, "question": asked.text, "answer": said, "note": note})
    open_one = row.get("open_question")
    for line in impact:
        if line["item"] == open_one:
            line.pop("answer"), line.pop("note")
    usual = "major" if "major" in kinds.values() or "new" in kinds.values() else "minor"
    record: dict[str, Any] = {
        "id": f"CHG-{year}-{count + 1:03d}",
        "title": change.title,
        "owner": owner,
        "kind": row.get("kind", usual),
        "why": row["why"],
        "documents": {name: _revision(lived, name, text) for name, text in change.documents.items()},
        "impact": impact,
        "actions": [dict(action) for action in row.get("actions", [])],
        "effective": change.effective,
        "expires": row.get("expires", ""),
        "criterion": row.get("criterion", ""),
        "check_on": row.get("check_on", ""),
        "refused_because": row.get("refused_because", ""),
        "status": "refused" if row.get("refused_because") else "",
    }
    lived.records[record["id"]] = {**record, "row": row}
    return record


def _revision(lived: Lived, name: str, text: str) -> str:
    """Return the revision that one of the texts of a document carries."""
    if not text:
        return ""
    return str(lived.item(lived.paths[name], lived.texts[name][text].encode()).get("revision"))


def _owner(lived: Lived, name: str) -> str:
    item = lived.loaded.qms.items.get(name)
    return str(item.get("owner")) if item is not None else "quality-manager"


def record_file(record: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return path and text of a change record."""
    out = [f"id: {record['id']}", "type: change", f"title: {scalar(record['title'])}"]
    if record.get("status"):
        out.append(f"status: {record['status']}")
    out += [f"owner: {record['owner']}", f"kind: {record['kind']}", *folded("why", record["why"]), "documents:"]
    for name, revision in record["documents"].items():
        out.append(f'  - {{item: {name}, revision: "{revision}"}}' if revision else f"  - {{item: {name}}}")
    if record["impact"]:
        out.append("impact:")
    for row in record["impact"]:
        out += [f"  - item: {row['item']}", f"    question: {scalar(row['question'])}"]
        out += [f"    {name}: {scalar(row[name])}" for name in ("answer", "note") if row.get(name)]
    if record["actions"]:
        out.append("actions:")
    for row in record["actions"]:
        done = f", done: {row['done']}" if row.get("done") else ""
        out.append(
            f"  - {{key: {row['key']}, what: {json.dumps(row['what'], ensure_ascii=False)}, who: {row['who']}, "
            f"by: {row['by']}{done}}}"
        )
    out += [f"{name}: {record[name]}" for name in ("effective", "expires", "withdrawn") if record.get(name)]
    if record["criterion"]:
        out += ["effectiveness:", f"  criterion: {scalar(record['criterion'])}", f"  check_on: {record['check_on']}"]
        out += [f"  {name}: {scalar(record[name])}" for name in ("result", "evidence") if record.get(name)]
    if record["refused_because"]:
        out += folded("refused_because", record["refused_because"])
    path = f"changes/{record['id']}-{slug(record['title'])}.yaml"
    return path, ("\n".join(out) + "\n").encode()


def folded(name: str, text: str) -> list[str]:
    """Write a long text over several lines."""
    flow = " ".join(text.split())
    return [
        f"{name}: >-",
        *textwrap.wrap(flow, 110, initial_indent="  ", subsequent_indent="  ", break_long_words=False),
    ]


def followed_up(lived: Lived, on: str) -> Files:
    """Return the change records as they stand after somebody looked after them on a day."""
    files: Files = {}
    for name, record in lived.records.items():
        row, now = record["row"], dict(record)
        if record.get("status") == "refused":
            continue
        if record["effective"] <= on:
            now["status"] = "in-effect"
        for action, own in zip(now["actions"], row.get("actions", []), strict=True):
            if own.get("done_on") and own["done_on"] <= on:
                action["done"] = own["done_on"]
            action.pop("done_on", None)
        if row.get("withdrawn") and row["withdrawn"] <= on:
            now["withdrawn"] = row["withdrawn"]
        if record["check_on"] and record["check_on"] <= on:
            now["result"] = row.get("result", "effective")
            now["evidence"] = row.get("found", "")
            now["status"] = "closed"
        path, text = record_file(now)
        if lived.files.get(path) != text:
            files[path] = text
            lived.records[name] = now
    return files


# --- landing a change ---------------------------------------------------------------------------------------


def land(lived: Lived, change: Change, more: Files | None = None, bootstrap: bool = False) -> None:
    """Bring a change in: written, reviewed, approved, judged, merged and, where the forge was used, recorded."""
    people = lived.people()
    texts = {name: lived.texts[name][revision].encode() for name, revision in change.documents.items()}
    described = {name: describe(lived, name, text) for name, text in texts.items()}
    kinds = {name: found.facts.kind for name, found in described.items()}
    rules = rules_of(lived.files["qms.yaml"]) or rules_of((more or {}).get("qms.yaml") or b"")
    assert rules is not None
    record: dict[str, Any] = {}
    if any(kind in RECORDED_KINDS for kind in kinds.values()) or change.row.get("why"):
        if not change.row.get("why"):
            named = [name for name, kind in kinds.items() if kind in RECORDED_KINDS]
            raise LivedFault(f"{change.key}: a change record is needed for {', '.join(named)}, but there is no `why`")
        record = record_of(lived, change, kinds, lived.drafted(change))

    written: dict[str, list[str]] = {}
    for name, found in described.items():
        written.setdefault(author_of(change, found.facts.owner), []).append(name)
    opener = str(change.row.get("author") or (next(iter(written)) if len(written) == 1 else "p-039"))
    if not forge_login(lived, opener):
        opener = "p-039"  # somebody else opens it for those without a login
    files: Files = {**{lived.paths[name]: text for name, text in texts.items()}, **(more or {})}
    if record:
        files.update([record_file(record)])
    whole = lived.tree(files)
    about = {name: About.of(found, manifest(whole, lived.paths[name])) for name, found in described.items()}

    votes: list[Vote] = []
    for name, found in described.items():
        author = author_of(change, found.facts.owner)
        votes += plan(lived, name, demand(found.facts, rules).slots, people, {author, opener}, change)
    test = documents.governs(
        (
            State(
                whole,
                dataclasses.replace(lived.loaded, config=dataclasses.replace(lived.loaded.config, approvals=rules)),
            ),
        ),
        "",
    )
    hands: set[str] = set()
    if any(test(path) for path in files):
        content = documents.governing_manifest(whole, test)
        assert content is not None
        about[GOVERNING] = About(content, "Governing files")
        hands = {opener, *(a for a, names in written.items() if any(test(lived.paths[n]) for n in names))}
        if bootstrap:
            people = lived.people(files)
        votes += plan(lived, GOVERNING, combined([rules.strictest]).slots, people, hands, change)

    lived.branches += 1
    ref = f"refs/heads/change/{lived.branches:03d}-{slug(record.get('id', '') + ' ' + change.title)[:50]}"
    steps = len(written) + 5 + len({v.person for v in votes}) * 2 + len({(v.person, v.role) for v in votes}) * 2
    times = lived.between(change.landed, steps, float(change.row.get("hours", 168)))
    base = head = lived.tip
    for author, names in written.items():
        part: Files = {lived.paths[name]: texts[name] for name in names}
        kind = lived.loaded.qms.items[names[0]].type if names[0] in lived.loaded.qms.items else "document"
        head = lived.commit(ref, [head], part, author, next(times), _message(kind, change, names))
    if more:
        head = lived.commit(ref, [head], more, opener, next(times), change.title)
    if record:
        text = f"change: {record['id']} says why, and what it touches"
        head = lived.commit(ref, [head], dict([record_file(record)]), opener, next(times), text)

    heads, proofs = [Head(head, next(times))], Files()
    reviews: list[Review] = []
    said: list[tuple[Vote, Review]] = []
    digest = hashlib.sha256(files[record_file(record)[0]] or b"").hexdigest() if record else ""
    for meaning in ("review", "approval"):
        rows = [vote for vote in votes if vote.slot.meaning == meaning]
        for person in dict.fromkeys(vote.person for vote in rows if vote.signed):
            when = next(times)
            signed: Files = {}
            for at, vote in enumerate(v for v in rows if v.signed and v.person == person):
                later = datetime.datetime.fromisoformat(when) + datetime.timedelta(seconds=40 * at)
                why = f"{record['id']} sha256:{digest}" if record and vote.item != GOVERNING else ""
                signed.update(signed_statement(lived, vote, people, about[vote.item], later.isoformat(), why))
            last = datetime.datetime.fromisoformat(when) + datetime.timedelta(seconds=40 * len(signed))
            head = lived.commit(
                ref, [head], signed, person, last.isoformat(), f"approvals: {meaning} of {change.title}"
            )
            heads.append(Head(head, last.isoformat()))
            proofs.update(signed)
        words = dict.fromkeys((v.person, v.role) for v in rows if not v.signed)
        for person, role in words:
            when = next(times)
            if reviews and _before(when, reviews[-1].submitted_at):
                when = reviews[-1].submitted_at
            if _before(when, heads[-1].pushed_at):
                when = heads[-1].pushed_at
            link = f"{FORGE[2]}/pulls/{lived.pulls + 1}#review-{len(reviews) + 1}"
            text = f"as {role}: {meaning}"
            login = forge_login(lived, person)
            review = Review(str(len(reviews) + 1), login, "approved", when, head, text, url=link)
            reviews.append(review)
            for vote in rows:
                if not vote.signed and (vote.person, vote.role) == (person, role):
                    said.append((vote, review))
    files.update(proofs)

    lived.pulls += 1
    merged = lived.moment(change.landed, 9 + number(change.landed, 40) / 10 + 0.5)
    for earlier, minutes in ((lived.clock, 55), (next(times), 20)):
        after = datetime.datetime.fromisoformat(earlier) + datetime.timedelta(minutes=minutes)
        merged = after.isoformat(timespec="seconds") if _before(merged, after.isoformat()) else merged
    link = f"{FORGE[2]}/pulls/{lived.pulls}"
    pull = PullRequest(
        FORGE[0], FORGE[1], str(lived.pulls), forge_login(lived, opener) or opener, head, "main",
        url=link, title=change.title, heads=tuple(heads), reviews=tuple(reviews),
    )  # fmt: skip
    title = f"{change.title} (pull request {lived.pulls})"
    tip = lived.onto_main(files, "p-039", merged, f"Merge: {title}", head)
    wanted = bool(reviews) or change.row.get("recorded") == "yes"
    lived.landings.append(Landing(change.key, base, head, merged, pull if reviews else None, bootstrap))
    if wanted:
        took_part = {name: tuple(sorted({a, opener})) for a, names in written.items() for name in names}
        if GOVERNING in about:
            took_part[GOVERNING] = tuple(sorted(hands))
        seen = Seen(pull, base, tip, merged, took_part, about, said, (record.get("id", ""), digest), proofs)
        keep_record(lived, change, seen)


def _before(one: str, other: str) -> bool:
    return datetime.datetime.fromisoformat(one) < datetime.datetime.fromisoformat(other)


def _message(kind: str, change: Change, names: list[str]) -> str:
    rows = "\n".join(f"{name} {change.documents[name]}" for name in names)
    return f"{kind}: {change.title}\n\n{rows}"


def signed_statement(
    lived: Lived, vote: Vote, people: People, about: About, when: str, record: str = "", verdict: str = ""
) -> Files:
    """Return a statement and its signature as files."""
    made = statement.Statement(
        lived.loaded.config.organisation,
        vote.item,
        about.title,
        about.revision,
        about.effective,
        record,
        vote.slot.meaning,
        verdict,
        vote.role,
        vote.person,
        people.name(vote.person),
        datetime.datetime.fromisoformat(when).astimezone(lived.zone).isoformat(timespec="seconds"),
        about.content,
    )
    text = statement.render(made).encode()
    path, key = statement.path_of(made), lived.has_key(vote.person, when[:10])
    if not key:
        return {path: text}  # a periodic review that the recorder vouches for
    return {path: text, path + ".sig": lived.keys.sign(text, key)}


def keep_record(lived: Lived, change: Change, seen: Seen) -> None:
    """Keep what was said on the forge, signed by the recorder, in a commit of its own."""
    when = (datetime.datetime.fromisoformat(seen.merged) + datetime.timedelta(minutes=12)).isoformat()
    votes = tuple(
        snapshots.Said(
            vote.item,
            seen.about[vote.item].revision,
            review.login,
            "for",
            review.submitted_at,
            seen.about[vote.item].content.files,
            vote.role,
            vote.slot.meaning,
            *(seen.record if vote.item != GOVERNING else ("", "")),
            url=review.url,
        )
        for vote, review in seen.said
    )
    proofs = {
        path: hashlib.sha256(content).hexdigest()
        for path, content in sorted(seen.proofs.items())
        if content is not None and path + ".sig" not in seen.proofs
    }
    alone = {
        path: (statement.parse(content).person,)
        for path, content in seen.proofs.items()
        if isinstance(content, bytes) and path in proofs and path.endswith(".txt")
    }
    made = snapshots.Snapshot(
        RECORDER, when, *FORGE[:2], seen.pull.number, seen.pull.author, seen.base, seen.pull.head, seen.landed,
        title=change.title, url=seen.pull.url, merged_by=forge_login(lived, "p-039"), merged_at=seen.merged,
        contributors={**seen.hands, **alone},
        votes=votes, statements=proofs,
    )  # fmt: skip
    text, path = snapshots.render(made), snapshots.path_of(made)
    files: Files = {path: text, path + ".sig": lived.keys.sign(text, RECORDER, signing.RECORD)}
    before = lived.tip
    tip = lived.onto_main(files, RECORDER, when, f"approvals: keep what was said in pull request {seen.pull.number}")
    lived.landings.append(Landing(f"{change.key}, recorded", before, tip, when))


# --- people and rules -----------------------------------------------------------------------------------------


def person_file(lived: Lived, person: str, on: str) -> bytes:
    """Return the file of a person as it was on a day: with the keys taken on by then."""
    row = lived.persons[person]
    text = str(row["text"])
    for name in ("keys", "commits_as", "status"):
        text = set_field(text, name, "")
    text = text.rstrip("\n") + "\n"
    if row.get("left") and row["left"] <= on:
        text += "status: left\n"
    text += f"commits_as: [{mail(person)}]\n"
    keys = [key for key in row.get("keys", []) if key["from"] <= on]
    if keys:
        text += "keys:\n"
    for key in keys:
        text += f"  - key: {lived.keys.public(key['name'])}\n    from: {key['from']}\n    until: {key['until']}\n"
        if key.get("revoked") and key["revoked"][:10] <= on:
            text += f'    revoked: "{key["revoked"]}"\n'
        text += f"    proof: {scalar(key['proof'])}\n    checked_by: [{', '.join(key['checked_by'])}]\n"
    return text.encode()


def directory(lived: Lived, on: str) -> bytes:
    """Return the names of the people who were known on a day."""
    text = (ROOT / lived.loaded.config.directory).read_text(encoding="utf-8").rstrip("\n") + "\n"
    for person, row in lived.persons.items():
        if row.get("name") and row.get("since", "") <= on and f"\n{person}:" not in text:
            text += f"{person}: {row['name']}\n"
    return text.encode()


def rules_of(text: bytes) -> configuration.Approvals | None:
    """Read the approval rules out of qms.yaml."""
    fields = frontmatter.parse_file(text, markdown=False).fields or {}
    return configuration.config_of(fields).approvals


def with_rules(lived: Lived, text: str) -> bytes:
    """Return qms.yaml with its approval rules in force from the first day on, and with the key of the recorder."""
    lines = text.split("\n")
    start, end = field_lines(lines, "approvals")
    if start < 0:
        raise LivedFault("qms.yaml has no section `approvals`, so nothing says who must approve what")
    section = "\n".join(lines[start:end]).rstrip("\n")
    section = re.sub(r"(?m)^  from: .*$", f"  from: {CONTROL}", section)
    section = re.sub(r"(?m)^  recorders:.*\n(?:    .*\n?)*", "", section).rstrip("\n")
    key = lived.keys.public(RECORDER)
    recorder = f"    - {{name: {RECORDER}, key: {key}, from: {IMPORT}, until: 2027-12-31}}"
    lines[start:end] = [section, "  recorders:", recorder]
    return "\n".join(lines).encode()


def without_rules(text: str) -> bytes:
    """Return qms.yaml as it was before change control."""
    return set_field(text, "approvals", "").encode()


# --- the two years ----------------------------------------------------------------------------------------------


def system_files(loaded: Loaded) -> dict[str, bytes]:
    """Return the files of the reference system: items, configuration, people, and what the intranet is made with."""
    names = {item.path for item in loaded.qms.items.values() if not item.shipped}
    names |= {configuration.FILE, loaded.config.directory}
    folders = {name.split("/", 1)[0] for name in names if "/" in name} | {"site", "item_types"}
    for folder in sorted(folders):
        names |= {p.relative_to(ROOT).as_posix() for p in (ROOT / folder).rglob("*") if p.is_file()}
    names |= {name for name in ("mkdocs.yml",) if (ROOT / name).is_file()}
    names -= {name for name in names if "/." in name or "__pycache__" in name}
    return {name: (ROOT / name).read_bytes() for name in sorted(names)}


def revisions_of(lived: Lived, files: Mapping[str, bytes], earlier: Mapping[str, Any], more: Mapping[str, Any]) -> None:
    """Work out every text that a controlled document had or will have: lived.texts[id][revision]."""
    for name, item in lived.loaded.qms.items.items():
        if item.shipped or not lived.loaded.types[item.type].controlled:
            continue
        lived.paths[name] = item.path
        now = files[item.path].decode("utf-8")
        own = {str(item.get("revision")): now}
        newer = now
        for row in earlier.get(name, []):
            source = own[row["on"]] if row.get("on") else newer
            newer = stamped(edited(source, row.get("edits", []), f"{name} {row['revision']}"), row)
            own[row.get("as", row["revision"])] = newer
            own[""] = newer
        if "" not in own and str(item.get("effective") or "") > IMPORT:
            own[""] = stamped(now, taken_over(item))
        own.setdefault("", now)
        for row in more.get(name, []):
            source = own[row["on"]] if row.get("on") else now
            own[row.get("as", row["revision"])] = stamped(edited(source, row.get("edits", []), name), row)
        lived.texts[name] = own


def taken_over(item: Item) -> dict[str, str]:
    """Return what a document said of itself when it was taken over, where nobody wrote it down."""
    major, minor = (int(part) for part in str(item.get("revision")).split("."))
    if minor:
        revision = f"{major}.{minor - 1}"
    else:
        revision = f"{major - 1}.{1 + number(item.id, 4)}" if major > 1 else "0.9"
    late = item.get("review_every") == "12 months"
    since = day("2024-09-02" if late else "2024-01-15", number(item.id, 6 if late else 36) * 7)
    since = (
        datetime.date.fromisoformat(since) - datetime.timedelta(datetime.date.fromisoformat(since).weekday())
    ).isoformat()
    month = f"{datetime.date.fromisoformat(since):%B %Y}"
    if revision == "0.9":
        rows = {
            "kpi": [
                f"Taken over from the figures sheet of {month}, where it had no owner and no limits that were agreed."
            ],
            "objective": [f"Taken over from the list of aims of {month}, as a draft for the next management review."],
        }
        usual = [
            f"Taken over from the notes at the workplace, collected in {month}; never issued until now.",
            f"Taken over as a trial text of {month}; to be issued when it has been tried in both plants.",
        ]
        note = choose(item.id, rows.get(item.type, usual))
    else:
        note = choose(
            item.id,
            [
                f"Taken over from the file server as issued in {month}; only the layout is new.",
                f"Taken over from the file server; text of {month}, references replaced by ids.",
                f"Taken over from the signed paper copy of {month}, word by word.",
                f"Taken over from the file server. Two copies were there; this is the one signed in {month}.",
            ],
        )
    return {"revision": revision, "effective": since, "change": note}


def changes_of(lived: Lived, rows: Iterable[Mapping[str, Any]]) -> list[Change]:
    """Return everything that lands, in the order of landing; what nobody planned comes by effective date."""
    found: list[Change] = []
    planned: set[str] = set()
    for row in rows:
        names = dict(_named(ref) for ref in row.get("documents", []))
        for name, wanted in list(names.items()):
            if name not in lived.texts:
                raise LivedFault(f"changes.yaml names {name}, which is not a controlled document")
            last = str(lived.loaded.qms.items[name].get("revision")) if name in lived.loaded.qms.items else ""
            names[name] = (wanted or last).strip("-") if wanted in ("", "-") else wanted
            if names[name] == last:
                planned.add(name)
        landed = row.get("landed") or day(row["effective"], -6 - number(row["effective"] + row["title"], 11))
        found.append(Change(landed, row.get("effective", landed), row["title"], names, row))
    by_day = {change.effective: change for change in found if change.row.get("rest") == "yes"}
    for name, item in sorted(lived.loaded.qms.items.items()):
        if (
            name not in lived.texts
            or name in planned
            or lived.texts[name][""] == lived.texts[name][str(item.get("revision"))]
        ):
            continue
        on, revision = str(item.get("effective")), str(item.get("revision"))
        if on not in by_day:
            by_day[on] = Change(day(on, -6 - number(on, 11)), on, "", {}, {"evidence": choose(on, ["signed", "forge"])})
            found.append(by_day[on])
        by_day[on].documents[name] = revision
    for change in found:
        change.title = change.title or _title(lived, change)
    return sorted(found, key=lambda change: (change.landed, change.row.get("order", "5"), change.title))


def _named(ref: str) -> tuple[str, str]:
    name, _, revision = ref.partition(" ")
    return name, revision


def _title(lived: Lived, change: Change) -> str:
    titles = [lived.loaded.qms.items[name].title for name in change.documents]
    return ", ".join(titles[:2]) + (f" and {len(titles) - 2} more" if len(titles) > 2 else "")


README = """\
# Tarnfell Precision: management system

The documents of Tarnfell Precision (Aldern and Westry) with their history since {start}: every revision, who
reviewed and approved it, the change records, what was refused, withdrawn and made obsolete. The organisation is
invented. The signing keys are demonstration keys that anybody can make again; they prove how it works, not who
signed.

| Look at | With |
|---|---|
| a document as it was on a day | `qmsctl show SOP-014 --as-of 2025-03-01` |
| what is in force, and what comes | `qmsctl check`, `qmsctl site serve` |
| who approved which content | `approvals/`, and `ssh-keygen -Y verify` |
| why something was changed | `changes/` |
| a change that is still open | the branch `{branch}` |

Branch `main` is what counts. Nothing is edited here by hand: `scripts/lived_history.py` builds it anew.
"""


def build(target: Path, say: Say = lambda _: None) -> Lived:
    """Build the repository in a folder, which is emptied first."""
    loaded = load(ROOT)
    zone = zoneinfo.ZoneInfo(loaded.config.time_zone)
    with tempfile.TemporaryDirectory(prefix="lived-keys-") as folder:
        lived = Lived(Stream(target, zone), Keys(Path(folder)), loaded, zone, {}, {}, say=say)
        files = system_files(loaded)
        lived.persons = _persons(loaded, files)
        invented, plan_of = data("added"), data("changes")
        for name, row in invented.items():
            lived.paths[name] = row["path"]
            lived.texts[name] = {str(revision): text for revision, text in row["revisions"].items()}
        revisions_of(lived, files, data("earlier"), data("coming"))
        _import(lived, files, invented)
        _bootstrap(lived, files["qms.yaml"].decode())
        coming = changes_of(lived, plan_of["changes"])
        events = [(c.landed, c.row.get("order", "5"), c.title, c) for c in coming]
        reviews = [(row["on"], "7", row["item"], row) for row in plan_of["reviews"]]
        upkeep = [(on, "8", "", on) for on in plan_of["follow_up"]]
        branch = ""
        yearly = [(row["on"], "6", row["person"], dict(row, yearly=True)) for row in plan_of["yearly"]]
        rows: list[tuple[str, str, str, Any]] = sorted([*events, *reviews, *yearly, *upkeep], key=lambda row: row[:3])
        for at, (_, _, _, event) in enumerate(rows):
            say(f"{at + 1} of {len(rows)}")
            if isinstance(event, Change):
                _event(lived, event)
            elif isinstance(event, str):
                _follow_up(lived, event)
                _records(lived, files, event, last=event == upkeep[-1][0])
            elif event.get("yearly"):
                _yearly(lived, event["person"], event["on"])
            else:
                _review(lived, event)
        _logs(lived, files)
        branch = _proposal(lived, data("proposal"))
        lived.stream.close([f"refs/heads/{branch}"])
    return lived


def _persons(loaded: Loaded, files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """Return who is who: the people at the root, those of `people.yaml`, and their keys."""
    found: dict[str, dict[str, Any]] = {}
    own = data("people")
    for item in loaded.qms.items.values():
        if item.type == "person":
            found[item.id] = {
                "text": files[item.path].decode(),
                "forge": item.get("forge"),
                "locations": item.get("locations") or [],
                **own.get(item.id, {}),
            }
    for person, row in own.items():
        if person not in found:
            fields = frontmatter.parse_file(row["text"].encode(), markdown=False).fields or {}
            found[person] = {
                **row,
                "forge": fields.get("forge"),
                "locations": fields.get("locations") or [],
                "outside": fields.get("external"),
            }
    return found


def _import(lived: Lived, files: Mapping[str, bytes], invented: Mapping[str, Any]) -> None:
    """Take everything over, each document in the revision that was in force then."""
    later = (LOGS, *(f"{lived.loaded.types[name].folder}/" for name in RECORDS))
    first: Files = {path: content for path, content in files.items() if not path.startswith(later)}
    for name in lived.loaded.qms.items:
        if name in lived.texts:
            first[lived.paths[name]] = lived.texts[name][""].encode()
    for name, row in invented.items():
        first[lived.paths[name]] = lived.texts[name][row["imported"]].encode()
    for person, row in lived.persons.items():
        if row.get("name") and row["since"] <= IMPORT:
            first[f"people/{person}.yaml"] = str(row["text"]).encode()
    first["qms.yaml"] = without_rules(files["qms.yaml"].decode())
    first[lived.loaded.config.directory] = directory(lived, IMPORT)
    first["README.md"] = README.format(start=sentence_date(IMPORT), branch=data("proposal")["branch"]).encode()
    first[".gitignore"] = b"build/\n.mkdocs.build.yml\n"
    lived.onto_main(first, "p-038", lived.moment(IMPORT, 16.2), "Take the documents over from the file server")


def _bootstrap(lived: Lived, config: str) -> None:
    """Bring the first rules and keys, before change control begins."""
    on = "2024-11-14"
    more: Files = {
        f"people/{p}.yaml": person_file(lived, p, on) for p, r in lived.persons.items() if r.get("since", "") <= on
    }
    more["qms.yaml"] = with_rules(lived, config)
    row = {"author": "p-038", "evidence": "signed"}
    land(lived, Change(on, on, "Rules of approval, signing keys and addresses", {}, row), more, True)


def _logs(lived: Lived, files: Mapping[str, bytes]) -> None:
    """Bring the logs of the KPIs: nobody can write in 2024 what was seen in 2026."""
    base, when = lived.tip, lived.moment("2026-11-13", 17.5)
    logs: Files = {path: content for path, content in files.items() if path.startswith(LOGS)}
    tip = lived.onto_main(logs, "p-003", when, "KPI logs: what was recorded and explained so far")
    lived.landings.append(Landing("2026-11-13 KPI logs", base, tip, when))


def _event(lived: Lived, change: Change) -> None:
    """Land a change, with the people whose keys or state it touches."""
    on = change.landed
    more: Files = {f"people/{p}.yaml": person_file(lived, p, on) for p in change.row.get("people", [])}
    if more and directory(lived, on) != lived.files[lived.loaded.config.directory]:
        more[lived.loaded.config.directory] = directory(lived, on)
    if change.row.get("refused_because"):
        record = record_of(lived, change, {}, on)
        lived.onto_main(
            dict([record_file(record)]), "p-003", lived.moment(on, 15), f"change: {record['id']} is refused"
        )
        return
    land(lived, change, more)


def _follow_up(lived: Lived, on: str) -> None:
    """Bring the change records up to date, as the quality manager does each quarter."""
    files = followed_up(lived, on)
    if files:
        base = lived.tip
        when = lived.moment(on, 15.5)
        tip = lived.onto_main(files, "p-003", when, "change: what is in effect, and whether it worked")
        lived.landings.append(Landing(f"{on} follow-up", base, tip, when))


def _records(lived: Lived, files: Mapping[str, bytes], on: str, last: bool) -> None:
    """Bring what was audited, found, corrected and decided as it was known on a day; on the last one, as it is."""
    told: Files = {}
    for item in lived.loaded.qms.items.values():
        if item.type in RECORDS:
            text = files[item.path].decode()
            known = [] if last else [state for since, state in states_of(lived.loaded, item, text) if since <= on]
            now = text if last else known[-1] if known else ""
            if now and lived.files.get(item.path) != now.encode():
                told[item.path] = now.encode()
    if told:
        base, when = lived.tip, lived.moment(on, 15.8)
        tip = lived.onto_main(told, "p-003", when, "records: audits, faults, corrective actions and reviews so far")
        lived.landings.append(Landing(f"{on} records", base, tip, when))


def states_of(loaded: Loaded, item: Item, text: str) -> list[tuple[str, str]]:
    """Return what a record said and since when: as it was opened, what came of it, and how it ended."""
    fields, items = item.fields, loaded.qms.items
    first = re.sub(r", done: \d{4}-\d\d-\d\d}", "}", set_field(text, "status", ""))
    for name in KNOWN_LATER:
        first = set_field(first, name, "")
    if item.type != "audit":
        opened = str(fields.get("found_on") or fields.get("opened") or day(str(fields.get("held")), 6))
        named = [items[name] for name in fields.get("actions") or [] if isinstance(name, str)]
        past = [found for found in re.findall(r"\b\d{4}-\d\d-\d\d\b", text) if found <= str(loaded.config.as_of)]
        ended = max(opened, last_named(text, str(loaded.config.as_of)), *past, *(str(x.get("opened")) for x in named))
        return [(opened, first), (ended, text)]
    announced = day(str(fields.get("planned")), -35)
    if not fields.get("carried_out"):
        return [(announced, text)]
    told = day(str(fields["carried_out"]), 6)
    rows = [(announced, set_field(first, "summary", "")), (told, set_field(text, "status", "done", after="title"))]
    followed = [items[row["nonconformity"]] for row in fields.get("findings") or [] if row.get("nonconformity")]
    closed = max([day(told, 30), *(str(found.get("closed_on") or "9999") for found in followed)])
    return [*rows, (closed, text)] if fields.get("status") == "closed" else rows


def _review(lived: Lived, row: Mapping[str, Any]) -> None:
    """Keep a periodic review."""
    base, name = lived.tip, row["item"]
    found = lived.item(lived.paths[name], lived.files[lived.paths[name]])
    slot = Slot("periodic-review", (row["role"],), ())
    about = About(
        manifest(lived.tree(), lived.paths[name]), found.title, str(found.get("revision")), str(found.get("effective"))
    )
    vote = Vote(name, slot, row["person"], row["role"], True)
    when = lived.moment(row["on"], 14 + number(name, 9) / 10)
    files = signed_statement(lived, vote, lived.people(), about, when, verdict=row["verdict"])
    later = (datetime.datetime.fromisoformat(when) + datetime.timedelta(minutes=20)).isoformat()
    message = f"approvals: periodic review of {name}, verdict {row['verdict']}"
    tip = lived.onto_main(files, row["person"], later, message)
    lived.landings.append(Landing(f"{row['on']} review of {name}", base, tip, later))


def _yearly(lived: Lived, person: str, on: str) -> None:
    """Keep the yearly look of an owner at everything with a cycle of a year; without a key, the recorder vouches."""
    people, base, when = lived.people(), lived.tip, lived.moment(on, 9.5)
    files: Files = {}
    for name, item in sorted(lived.loaded.qms.items.items()):
        path, role = lived.paths.get(name, ""), str(item.get("owner"))
        if (
            path not in lived.files
            or item.get("review_every") != "12 months"
            or not people.acts_as(person, role, False)
        ):
            continue
        found = lived.item(path, lived.files[path])
        if str(found.get("effective")) > "2025-01" or (role, person) not in OWNERS.items():
            continue
        about = About(
            manifest(lived.tree(), path), found.title, str(found.get("revision")), str(found.get("effective"))
        )
        vote = Vote(name, Slot("periodic-review", (role,), ()), person, role, True)
        when = (datetime.datetime.fromisoformat(when) + datetime.timedelta(minutes=9)).isoformat()
        files.update(signed_statement(lived, vote, people, about, when, verdict="keep"))
    ref = f"refs/heads/review/{on}-{person}"
    head = lived.commit(ref, [base], files, person, when, "approvals: yearly review, all are kept")
    lived.pulls += 1
    merged = (datetime.datetime.fromisoformat(when) + datetime.timedelta(minutes=25)).isoformat()
    title = f"Yearly review by {person}"
    pull = PullRequest(
        FORGE[0], FORGE[1], str(lived.pulls), forge_login(lived, person), head, "main",
        url=f"{FORGE[2]}/pulls/{lived.pulls}", title=title, heads=(Head(head, when),),
    )  # fmt: skip
    tip = lived.onto_main(files, "p-039", merged, f"Merge: {title} (pull request {lived.pulls})", head)
    lived.landings.append(Landing(f"{on} {title}", base, head, merged, pull))
    if not lived.has_key(person, on):
        keep_record(lived, Change(on, on, title, {}, {}), Seen(pull, base, tip, merged, {}, {}, [], ("", ""), files))


OWNERS = {
    "managing-director": "p-001",
    "finance-manager": "p-002",
    "quality-manager": "p-003",
    "quality-engineer": "p-004",
    "sales-manager": "p-011",
    "engineering-manager": "p-014",
    "supply-chain-manager": "p-017",
    "purchasing-manager": "p-020",
    "plant-manager": "p-025",
    "maintenance-manager": "p-034",
    "hr-manager": "p-037",
    "it-manager": "p-038",
}
"""Who looks at the documents of a role once a year."""


def _proposal(lived: Lived, row: Mapping[str, Any]) -> str:
    """Leave a branch with a change that is not ready: a question is open, an approval is of an older text."""
    people, name = lived.people(), row["item"]
    path = lived.paths[name]
    change = Change(row["opened"], row["effective"], row["title"], {name: row["revision"]}, row)
    record = record_of(lived, change, {name: "major"}, row["opened"])
    ref, head = f"refs/heads/{row['branch']}", lived.tip
    for at, step in enumerate(row["steps"]):
        when = lived.moment(step["on"], float(step["hour"]))
        if "text" in step:
            text = lived.texts[name][step["text"]].encode()
            files: Files = {path: text}
            if not at:
                files.update([record_file(record)])
        else:
            found = lived.item(path, text)
            content = manifest(lived.tree({path: text}), path)
            about = About(content, found.title, str(found.get("revision")), str(found.get("effective")))
            digest = hashlib.sha256(record_file(record)[1]).hexdigest()
            slot = Slot(step["meaning"], (step["role"],), ())
            vote = Vote(name, slot, step["person"], step["role"], True)
            files = signed_statement(lived, vote, people, about, when, f"{record['id']} sha256:{digest}")
        head = lived.commit(ref, [head], files, step["person"], when, step["message"])
    return str(row["branch"])


# --- judging ------------------------------------------------------------------------------------------------------


def sample(landings: list[Landing]) -> list[Landing]:
    """Return the landings with reviews on the forge, the bootstrap, and every third of the others."""
    rest = [landing for landing in landings if not _from_forge(landing)]
    return [landing for landing in landings if _from_forge(landing)] + rest[::3]


def _from_forge(landing: Landing) -> bool:
    return landing.bootstrap or bool(landing.pull and landing.pull.reviews)


def verify(lived: Lived, landings: list[Landing], say: Say = lambda _: None) -> Iterator[str]:
    """Ask the gate about what landed, and yield what it would have refused, with the reasons."""
    tasks = [(lived.stream.root, landing, lived.zone) for landing in landings]
    with contextlib.ExitStack() as stack:
        found: Iterator[str]
        if "fork" in multiprocessing.get_all_start_methods():
            workers = min(os.cpu_count() or 1, 8)
            found = stack.enter_context(multiprocessing.get_context("fork").Pool(workers)).imap(_judged, tasks)
        else:
            found = map(_judged, tasks)
        for at, landing in enumerate(landings):
            say(f"{at + 1} of {len(landings)}: {landing.name}")
            text = next(found)
            if text:
                yield text


def _judged(task: tuple[Path, Landing, datetime.tzinfo]) -> str:
    """Return why the gate would have refused a landing; "" if it would not."""
    root, landing, zone = task
    today = datetime.datetime.fromisoformat(landing.now).astimezone(zone).date().isoformat()
    decision = decide(
        root, landing.base, landing.head,
        today=today, now=landing.now, pull=landing.pull, bootstrap=landing.bootstrap,
    )  # fmt: skip
    if decision.passed:
        return ""
    rows = [f"{finding.position.path}: {finding.message}" for finding in decision.blocking()]
    rows += sorted({f"{vote.name}: {why}" for one in decision.documents for vote, why in one.verdict.refused})
    return "\n    ".join([landing.name, *rows])


def progress(text: str) -> None:
    """Show one line that is written over, where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Build, and judge where that is asked for."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    options.add_argument("target", type=Path, help="folder for the repository; it is emptied first")
    options.add_argument("--verify", action="store_true", help="let the gate judge every landing (slow)")
    chosen = options.parse_args()
    target = chosen.target.resolve()
    if target.exists() and any(target.iterdir()) and not (target / ".git").exists():
        print(f"{target} is not empty and no repository; it is left alone", file=sys.stderr)
        return 2
    lived = build(target, lambda text: progress(f"building: {text}"))
    progress("")
    print(f"{target}: {lived.tip[:12]}, {len(lived.landings)} landings, {len(lived.records)} change records")
    refused = 0
    for text in verify(lived, lived.landings, lambda text: progress(f"judging {text}")) if chosen.verify else ():
        progress("")
        print(f"The gate would have refused: {text}", file=sys.stderr)
        refused += 1
    progress("")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
