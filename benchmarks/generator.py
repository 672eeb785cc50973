"""Make a management system of any size that checks without errors: python benchmarks/generator.py 2000 TARGET [SEED]

    python benchmarks/generator.py 5000 TARGET 1 --commits 12400

The same size, seed and commits give the same files and the same commits, byte for byte. Links are those of a real
system: themes, objectives, measures, processes that hand over to each other, roles that do the steps, procedures with
instructions and forms. With `--commits` the folder becomes a Git repository in which the documents have grown.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import random
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VERBS = ("Receive", "Inspect", "Plan", "Release", "Clean", "Harden", "Grind", "Measure", "Pack", "Ship", "Review", "Record", "Maintain", "Calibrate", "Train", "Assess", "Approve", "Store", "Label", "Trace", "Sort", "Rework", "Report", "Compare", "Prepare")  # fmt: skip
THINGS = ("bar stock", "spools", "sleeves", "shafts", "housings", "orders", "drawings", "gauges", "furnace loads", "coolant", "fixtures", "tools", "samples", "certificates", "labels", "deliveries", "suppliers", "complaints", "changes", "records", "machines", "operators", "batches", "first articles", "returns")  # fmt: skip
PLACES = ("at goods-in", "in the turning shop", "in the hardening shop", "on the night shift", "for surgical parts", "for hydraulic parts", "after a change", "before release", "in the gauge room", "at the second plant", "for new suppliers", "after a breakdown")  # fmt: skip
WORDS = ("lot", "limit", "drawing", "gauge", "sample", "value", "shift", "machine", "label", "certificate", "operator", "record", "order", "customer", "supplier", "deviation", "temperature", "batch", "tool", "surface", "hardness", "thread", "length", "diameter", "release")  # fmt: skip
MARKS = ("bore diameter", "surface roughness", "runout", "case depth", "core hardness", "thread pitch", "wall thickness", "chamfer", "concentricity", "coating weight", "residual dirt", "fill level", "oven temperature", "quench time", "torque", "clamping force", "concentration of the coolant", "tool wear", "belt speed", "marking depth")  # fmt: skip
FAULTS = ("burrs", "rust", "scratches", "mixed parts", "a missing certificate", "a wrong label", "cracks", "grinding burn", "a torn seal", "an expired gauge", "wrong packaging", "an open order", "a date that cannot be read", "swarf in the bore", "dents", "oil on the spigot")  # fmt: skip
MEANS = ("a micrometer", "the plug gauge", "the roughness tester", "a ring gauge", "the bench scale", "a torque wrench", "the optical comparator", "the hardness tester", "a feeler gauge", "the barcode reader", "a lamp and a mirror", "the coordinate measuring machine")  # fmt: skip
SENTENCES = (
    "Measure the {mark} of {few} {thing} with {means} and write the {word} on the record.",
    "If {fault} show, stop, set the {thing} aside in the red rack and tell whoever answers for the {word}.",
    "The {mark} stays between {low} and {high}; outside of it the {word} is not passed on.",
    "Compare the {word} with order {code} before the {thing} leave the place.",
    "Keep the {thing} of one {word} together, so that a {other} can be traced to where it came from.",
    "Nobody but a trained person changes the {mark}; each change is signed and has a reason.",
    "Repeat this every {few} hours and after each change of {word}, {other} or shift.",
    "Look for {fault} and for {flaw}, since customers returned {few} {word}s for them.",
    "Use {means}; where it is due for calibration, take the spare one from cabinet {code}.",
    "The {word} and the {other} are decided by the role named above, in doubt together with quality.",
    "Wait {few} minutes until the {mark} has settled, then take the second {word}.",
    "What is found here is told to the next shift, together with the {word} and the {mark}.",
)
JOBS = ("Operator", "Inspector", "Planner", "Engineer", "Manager", "Technician", "Buyer", "Setter", "Coordinator", "Auditor")  # fmt: skip
FIELDS = ("Turning", "Grinding", "Hardening", "Quality", "Purchasing", "Sales", "Logistics", "Maintenance", "Assembly", "Cleaning", "Planning", "Laboratory")  # fmt: skip
CLAUSES = ("4.4.1", "7.1.5.1", "7.2", "7.5.3.1", "8.1", "8.2.3.1", "8.4.2", "8.5.1", "8.5.2", "8.6", "8.7.1", "9.1.1", "10.2.1")  # fmt: skip
SHARES = {"sop": 30, "work-instruction": 18, "form": 14, "record-kind": 8, "risk": 9, "kpi": 5, "term": 5, "role": 4, "process": 4, "objective": 2, "policy": 1}  # fmt: skip


@dataclass
class Maker:
    """Makes the items of one system, one after the other."""

    target: Path
    chance: random.Random
    counts: dict[str, int]
    used: set[str]

    def title(self) -> str:
        """A title that nothing else has."""
        while True:
            words = [self.chance.choice(VERBS), self.chance.choice(THINGS), self.chance.choice(PLACES)]
            said = " ".join(words) + (f" {len(self.used)}" if len(self.used) > 400 else "")
            if said not in self.used:
                self.used.add(said)
                return said

    def sentence(self) -> str:
        chance = self.chance
        low = chance.randint(2, 60)
        word, other = chance.sample(WORDS, 2)
        return chance.choice(SENTENCES).format(
            mark=chance.choice(MARKS), thing=chance.choice(THINGS), means=chance.choice(MEANS), word=word, other=other,
            fault=chance.choice(FAULTS), flaw=chance.choice(FAULTS), few=chance.randint(2, 12),
            low=low, high=low + chance.randint(1, 9), code=f"{chance.choice('ABCDEFGHK')}{chance.randint(100, 9999)}",
        )  # fmt: skip

    def prose(self, sentences: int) -> str:
        return " ".join(self.sentence() for _ in range(sentences))

    def pick(self, kind: str) -> str:
        return self.id(kind, self.chance.randint(1, self.counts[kind]))

    def id(self, kind: str, number: int) -> str:
        if kind == "role":
            return role_name(number).lower().replace(" ", "-")
        if kind == "term":
            return f"term-word-{number}"
        prefix = {"sop": "SOP", "work-instruction": "WI", "form": "FRM", "record-kind": "REC", "risk": "RSK", "kpi": "KPI", "process": "PRC", "objective": "OBJ", "policy": "POL"}[kind]  # fmt: skip
        return f"{prefix}-{number:03d}"

    def controlled(self, owner: str = "") -> list[tuple[str, object]]:
        month, day = self.chance.randint(1, 9), self.chance.randint(1, 28)
        return [
            ("revision", f"{self.chance.randint(1, 4)}.{self.chance.randint(0, 9)}"),
            ("effective", f"2026-{month:02d}-{day:02d}"),
            ("owner", owner or self.pick("role")),
            ("review_every", "24 months"),
            ("change", self.sentence()),
        ]

    def write(self, folder: str, name: str, fields: list[tuple[str, object]], body: str | None = None) -> None:
        text = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields)
        file = self.target / folder / (f"{name}.yaml" if body is None else f"{name}.md")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text if body is None else f"---\n{text}---\n\n{body}", encoding="utf-8")


def role_name(number: int) -> str:
    field, job = FIELDS[(number - 1) % len(FIELDS)], JOBS[(number - 1) // len(FIELDS) % len(JOBS)]
    level = (number - 1) // (len(FIELDS) * len(JOBS))
    return f"{field} {job}" + (f" {level + 1}" if level else "")


def counts_for(size: int) -> dict[str, int]:
    total = sum(SHARES.values())
    return {kind: max(2, round(size * share / total)) for kind, share in SHARES.items()}


def generate(target: Path, size: int, seed: int = 1) -> int:
    """Write a system of about ``size`` items; return how many there are."""
    maker = Maker(target, random.Random(seed), counts_for(size), set())
    (target).mkdir(parents=True, exist_ok=True)
    (target / "qms.yaml").write_text(
        "organisation: Generated Works\nas_of: 2026-11-16\nstandards: [iso9001-2015]\n", encoding="utf-8"
    )
    _frame(maker)
    for kind, count in maker.counts.items():
        for number in range(1, count + 1):
            MAKERS[kind](maker, number)
    return sum(maker.counts.values()) + 5


def _frame(m: Maker) -> None:
    themes = [{"key": f"theme-{n}", "title": f"{v} every {t[:-1] if t.endswith('s') else t}", "why": m.sentence()} for n, (v, t) in enumerate(zip(VERBS[:5], THINGS[5:10], strict=True), 1)]  # fmt: skip
    m.write("strategy", "STR-001", [("id", "STR-001"), ("type", "strategy"), ("title", "Where we go"), *m.controlled(), ("purpose", m.sentence()), ("vision", m.sentence()), ("themes", themes)], m.prose(4))  # fmt: skip
    for name in ("north-works", "south-works"):
        m.write("locations", name, [("id", name), ("type", "location"), ("title", name.replace("-", " ").title()), ("kind", "plant"), ("activities", [m.sentence()])])  # fmt: skip
    for name, kind in (("PTY-001", "customer"), ("PTY-002", "supplier")):
        m.write("interested-parties", name, [("id", name), ("type", "interested-party"), ("title", "Customers of ours" if kind == "customer" else "Mills and merchants"), ("kind", kind), ("owner", m.pick("role")), ("needs", [{"key": "parts", "what": m.sentence()}]), ("reviewed", "2026-06-01"), ("review_every", "12 months")])  # fmt: skip


def _process(m: Maker, number: int) -> None:
    kind = "management" if number % 10 == 1 else "support" if number % 4 == 0 else "core"
    count = m.chance.randint(5, 12)
    lanes = [m.pick("role") for _ in range(m.chance.randint(2, 4))]
    steps: list[dict[str, object]] = []
    for at in range(1, count + 1):
        step: dict[str, object] = {"key": f"step-{at}", "what": m.title(), "who": m.chance.choice(lanes), "how": m.sentence()}  # fmt: skip
        if m.chance.random() < 0.6:
            step["instruction"] = [m.pick("sop")]
        if m.chance.random() < 0.4:
            step["records"] = [m.pick("record-kind")]
        if at < count and m.chance.random() < 0.2:
            step["decision"] = m.sentence()[:-1] + "?"
            step["branches"] = [{"answer": "yes", "go": f"step-{at + 1}"}, {"answer": "no", "go": f"step-{max(1, at - 1)}"}]  # fmt: skip
        steps.append(step)
    steps[-1]["gives"] = ["result"]
    before = f"PRC-{number - 1:03d}#result" if number > 1 else "PTY-002"
    steps[0]["takes"] = ["entry"]
    outputs: list[dict[str, object]] = [{"key": "result", "name": m.title(), "criteria": m.sentence()}]
    if number == m.counts["process"]:
        outputs[0]["to"] = ["PTY-001"]
    m.write("processes", f"PRC-{number:03d}", [("id", f"PRC-{number:03d}"), ("type", "process"), ("title", m.title()), *m.controlled(), ("purpose", m.sentence()), ("class", kind), ("chain", number), ("inputs", [{"key": "entry", "name": m.title(), "from": [before]}]), ("outputs", outputs), ("steps", steps), ("kpis", sorted({m.pick("kpi"), m.pick("kpi")})), ("clauses", sorted({f"iso9001-2015/{m.chance.choice(CLAUSES)}" for _ in range(3)}))], f"## How it works in practice\n\n{m.prose(8)}\n")  # fmt: skip


def _steps(m: Maker, count: int) -> str:
    rows = []
    for at in range(1, count + 1):
        rows.append(f"### {m.title()} {{#step-{at}}}\nWho: {m.pick('role')}\nUses: {m.pick('form')}\nRecords: {m.pick('record-kind')}\n\n{m.prose(3)}\n")  # fmt: skip
    return "\n".join(rows)


def _sop(m: Maker, number: int) -> None:
    fields = [("id", f"SOP-{number:03d}"), ("type", "sop"), ("title", m.title()), *m.controlled(), ("purpose", m.sentence()), ("scope", m.sentence()), ("policies", [m.pick("policy")]), ("clauses", [f"iso9001-2015/{m.chance.choice(CLAUSES)}"])]  # fmt: skip
    if number % 3 == 0:
        fields.append(("locations", [m.chance.choice(("north-works", "south-works"))]))
    m.write("sops", f"SOP-{number:03d}", fields, f"## Limits\n\n{m.prose(3)}\n\n## Steps\n\n{_steps(m, m.chance.randint(3, 7))}\n## If something is off\n\n{m.prose(3)} See {m.pick('work-instruction')}.\n")  # fmt: skip


def _instruction(m: Maker, number: int) -> None:
    m.write("work-instructions", f"WI-{number:03d}", [("id", f"WI-{number:03d}"), ("type", "work-instruction"), ("title", m.title()), *m.controlled(), ("purpose", m.sentence()), ("workplace", m.chance.choice(PLACES))], f"## Steps\n\n{_steps(m, m.chance.randint(2, 5))}")  # fmt: skip


def _form(m: Maker, number: int) -> None:
    asked = [{"key": f"field-{n}", "label": m.chance.choice(WORDS).title(), "kind": "text"} for n in range(1, 7)]
    m.write("forms", f"FRM-{number:03d}", [("id", f"FRM-{number:03d}"), ("type", "form"), ("title", m.title()), *m.controlled(), ("purpose", m.sentence()), ("record", m.pick("record-kind")), ("fields", asked)])  # fmt: skip


def _record(m: Maker, number: int) -> None:
    m.write("record-kinds", f"REC-{number:03d}", [("id", f"REC-{number:03d}"), ("type", "record-kind"), ("title", m.title()), ("owner", m.pick("role")), ("shows", m.sentence()), ("kept_at", "ERP"), ("keep_for", "10 years"), ("then", "delete")])  # fmt: skip


def _risk(m: Maker, number: int) -> None:
    m.write("risks", f"RSK-{number:03d}", [("id", f"RSK-{number:03d}"), ("type", "risk"), ("title", m.title()), ("owner", m.pick("role")), ("processes", [m.pick("process")]), ("cause", m.sentence()), ("event", m.sentence()), ("effect", m.sentence()), ("likelihood", m.chance.randint(1, 5)), ("severity", m.chance.randint(1, 5)), ("treatment", "reduce"), ("controls", [m.pick("sop")]), ("reviewed", "2026-05-04"), ("review_every", "12 months")])  # fmt: skip


def _kpi(m: Maker, number: int) -> None:
    m.write("kpis", f"KPI-{number:03d}", [("id", f"KPI-{number:03d}"), ("type", "kpi"), ("title", m.title()), *m.controlled(), ("objectives", [m.pick("objective")]), ("process", m.pick("process")), ("kind", "outcome"), ("unit", "%"), ("direction", "higher"), ("frequency", "monthly"), ("formula", m.sentence()), ("target", 90), ("limits", {"watch": 85, "off": 80}), ("basis", m.sentence())])  # fmt: skip


def _objective(m: Maker, number: int) -> None:
    m.write("objectives", f"OBJ-{number:03d}", [("id", f"OBJ-{number:03d}"), ("type", "objective"), ("title", m.title()), *m.controlled(), ("theme", f"STR-001#theme-{number % 5 + 1}"), ("why", m.sentence()), ("unit", "%"), ("baseline", {"value": 80, "date": "2025-12-31"}), ("target", 90), ("by", "2027-12-31")])  # fmt: skip


def _policy(m: Maker, number: int) -> None:
    m.write("policies", f"POL-{number:03d}", [("id", f"POL-{number:03d}"), ("type", "policy"), ("title", m.title()), *m.controlled(), ("purpose", m.sentence())], f"## What we promise\n\n{m.prose(8)}\n")  # fmt: skip


def _term(m: Maker, number: int) -> None:
    m.write("glossary", f"term-word-{number}", [("id", f"term-word-{number}"), ("type", "term"), ("title", f"{m.chance.choice(WORDS).title()} of kind {number}"), ("definition", m.sentence())])  # fmt: skip


def _role(m: Maker, number: int) -> None:
    m.write("roles", m.id("role", number), [("id", m.id("role", number)), ("type", "role"), ("title", role_name(number)), *m.controlled(m.id("role", 1)), ("purpose", m.sentence()), ("function", FIELDS[(number - 1) % len(FIELDS)]), ("authority", [m.sentence()]), ("competence", [{"need": m.sentence(), "shown_by": m.sentence()}])], "")  # fmt: skip


MAKERS = {"sop": _sop, "work-instruction": _instruction, "form": _form, "record-kind": _record, "risk": _risk, "kpi": _kpi, "term": _term, "role": _role, "process": _process, "objective": _objective, "policy": _policy}  # fmt: skip


FIRST_DAY = datetime.datetime(2022, 1, 3, 7, tzinfo=datetime.UTC)
LAST_DAY = datetime.datetime(2026, 11, 13, 16, tzinfo=datetime.UTC)
AUTHORS = ("Ada Brook", "Ben Castle", "Cleo Dorn", "Dan Ember", "Eve Field", "Finn Grove", "Gwen Hale", "Hugo Ivers")
IMPORTED = 40
"""Files that one commit brings in while the system is set up."""
RENAMED = 0.02
"""Share of documents that had another file name before."""


@dataclass(frozen=True)
class Past:
    """One state of a file on its way to what it is now: how many were before, and how many changes still come."""

    path: str
    before: int
    left: int
    was: str = ""


def commit(target: Path, commits: int, seed: int = 1) -> None:
    """Make a folder a Git repository whose files came to be in so many commits; the last one is what lies there."""
    chance = random.Random(f"{seed} {commits}")
    paths = sorted(file.relative_to(target).as_posix() for file in target.rglob("*") if file.is_file())
    changes = list(_changes(paths, commits, chance))
    _git(target, "init", "--quiet", "--initial-branch", "main")
    stream = subprocess.Popen(
        ["git", "-C", str(target), "fast-import", "--quiet"], stdin=subprocess.PIPE, env=_environment()
    )
    assert stream.stdin is not None
    for at, states in enumerate(changes):
        share = at / max(1, len(changes) - 1)
        moment = FIRST_DAY + (LAST_DAY - FIRST_DAY) * share
        author = chance.choice(AUTHORS)
        mail = author.lower().replace(" ", ".") + "@works.example"
        who = f"{author} <{mail}> {int(moment.timestamp())} +0000"
        said = f"Bring in {len(states)} files" if len(states) > 1 else f"Change {Path(states[0].path).stem}"
        lines = [b"commit refs/heads/main", f"committer {who}".encode(), *_data(said.encode())]
        for state in states:
            if state.was:
                lines.append(f"R {state.was} {state.path}".encode())
            lines += [f"M 100644 inline {state.path}".encode(), *_data(earlier(target, state))]
        stream.stdin.write(b"\n".join(lines) + b"\n")
    stream.stdin.close()
    if stream.wait() != 0:
        raise SystemExit("git fast-import failed")
    _git(target, "read-tree", "main")
    _git(target, "update-index", "-q", "--refresh")


def earlier(target: Path, state: Past) -> bytes:
    """A document as it was in one of its states: a revision below 1.0, and a line that each change wrote anew."""
    text = (target / state.path.replace("-before.md", ".md")).read_text(encoding="utf-8")
    if state.left:
        said = f"Draft {state.before + 1}, not settled yet."
        text = re.sub(r'^revision: ".*"', f'revision: "0.{state.before + 1}"', text, count=1, flags=re.MULTILINE)
        text, count = re.subn(r'^change: ".*"', f'change: "{said}"', text, count=1, flags=re.MULTILINE)
        if not count:
            text = re.sub(
                r'^title: "(.*)"', rf'title: "\1, draft {state.before + 1}"', text, count=1, flags=re.MULTILINE
            )
        if state.path.endswith(".md"):
            text += f"\n{said}\n"
    return text.encode()


def _changes(paths: list[str], commits: int, chance: random.Random) -> Iterator[list[Past]]:
    """Say which files each commit writes: first all of them, in batches, then one at a time, some far more often."""
    batches = [paths[at : at + IMPORTED] for at in range(0, len(paths), IMPORTED)]
    living = [path for path in paths if path != "qms.yaml"]
    often = [1 / (1 + at) ** 0.5 for at in range(len(living))]
    mixed = chance.sample(living, len(living))
    edits = chance.choices(mixed, often, k=max(0, commits - len(batches)))
    left = Counter(edits)
    before: Counter[str] = Counter()
    renamed = {path for path in living if path.endswith(".md") and left[path] and chance.random() < RENAMED}
    for batch in batches:
        yield [Past(_before(path) if path in renamed else path, 0, left[path]) for path in batch]
    for path in edits:
        left[path] -= 1
        before[path] += 1
        yield [Past(path, before[path], left[path], _before(path) if path in renamed else "")]
        renamed.discard(path)


def _before(path: str) -> str:
    return f"{path[:-3]}-before.md"


def _data(content: bytes) -> list[bytes]:
    return [f"data {len(content)}".encode(), content]


def _environment() -> dict[str, str]:
    """Neither a hook's repository nor the reader's settings may change what is made."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def _git(target: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(target), *arguments], check=True, env=_environment())


def main() -> None:
    """Make what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", type=int)
    parser.add_argument("target", type=Path)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--commits", type=int, default=0, help="how many commits the folder's history has")
    given = parser.parse_args()
    made = generate(given.target, given.size, given.seed)
    if given.commits:
        commit(given.target, given.commits, given.seed)
    print(f"{made} items in {given.target}" + (f", {given.commits} commits" if given.commits else ""))


if __name__ == "__main__":
    main()
