"""Make a management system of any size that checks without errors: python benchmarks/generator.py 2000 TARGET [SEED]

The same size and seed give the same files, byte for byte. Links are those of a real system: themes, objectives,
measures, processes that hand over to each other, roles that do the steps, procedures with instructions and forms.
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path

VERBS = ("Receive", "Inspect", "Plan", "Release", "Clean", "Harden", "Grind", "Measure", "Pack", "Ship", "Review", "Record", "Maintain", "Calibrate", "Train", "Assess", "Approve", "Store", "Label", "Trace", "Sort", "Rework", "Report", "Compare", "Prepare")  # fmt: skip
THINGS = ("bar stock", "spools", "sleeves", "shafts", "housings", "orders", "drawings", "gauges", "furnace loads", "coolant", "fixtures", "tools", "samples", "certificates", "labels", "deliveries", "suppliers", "complaints", "changes", "records", "machines", "operators", "batches", "first articles", "returns")  # fmt: skip
PLACES = ("at goods-in", "in the turning shop", "in the hardening shop", "on the night shift", "for surgical parts", "for hydraulic parts", "after a change", "before release", "in the gauge room", "at the second plant", "for new suppliers", "after a breakdown")  # fmt: skip
WORDS = ("lot", "limit", "drawing", "gauge", "sample", "value", "shift", "machine", "label", "certificate", "operator", "record", "order", "customer", "supplier", "deviation", "temperature", "batch", "tool", "surface", "hardness", "thread", "length", "diameter", "release")  # fmt: skip
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
        words = [self.chance.choice(WORDS) for _ in range(self.chance.randint(8, 16))]
        return f"Check the {' and the '.join(words[:3])} before the {' '.join(words[3:])} goes on."

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


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        raise SystemExit(__doc__)
    made = generate(Path(sys.argv[2]), int(sys.argv[1]), int(sys.argv[3]) if len(sys.argv) == 4 else 1)
    print(f"{made} items in {sys.argv[2]}")
