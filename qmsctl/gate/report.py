"""A decision in words: for a pull request, a terminal, or a program."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable, Iterable
from typing import Any

import click

from qmsctl import redline
from qmsctl.approvals.judge import Place, Verdict
from qmsctl.gate.decision import Decision, Judged
from qmsctl.printable import harmless_in_logs, printable, visible
from qmsctl.redline import escaped

MARK = "<!-- qmsctl gate -->"
"""Stands at the head of the report, so that a comment can be found again and replaced."""
GROUPS = {
    "retrain": "To be trained",
    "revise": "May have to change too",
    "review": "Builds on it",
    "inform": "Further up the chain",
    "mention": "Mentions it",
}
MOST = 12


def code(path: str) -> str:
    """Return the name of a file for Markdown; nothing in it can end the span."""
    return "`" + visible(path).replace("`", "ˋ") + "`"


def day(text: str) -> str:
    """2 March 2026."""
    try:
        date = datetime.date.fromisoformat(text[:10])
    except ValueError:
        return text
    return f"{date.day} {date.strftime('%B')} {date.year}"


def verdict_line(decision: Decision) -> str:
    """Say in one sentence whether it may land, and what is open."""
    if not decision.documents and not decision.obstacles and decision.passed:
        return "Nothing in this change needs an approval, and it brings no new error."
    open_places = sum(len(j.verdict.missing) for j in decision.documents)
    parts = [
        _count(open_places, "approval is missing", "approvals are missing"),
        _count(
            sum(len(j.verdict.problems) for j in decision.documents),
            "objection or gap stands",
            "objections or gaps stand",
        ),
        _count(len(decision.open_questions), "question is open", "questions are open"),
        _count(len(decision.obstacles), "thing must be put right", "things must be put right"),
        _count(len(decision.findings) + len(decision.pending), "new error", "new errors"),
    ]
    said = [part for part in parts if part]
    if not said:
        return "Everything that is needed is there. It may land."
    line = (", ".join(said[:-1]) + " and " + said[-1] if len(said) > 1 else said[0]) + "."
    return line[0].upper() + line[1:]


def _count(number: int, one: str, many: str) -> str:
    return "" if not number else f"{'one' if number == 1 else number} {one if number == 1 else many}"


def heading(judged: Judged) -> str:
    """Say what is changed: SOP-014 Incoming inspection 2.1 → 3.0."""
    change = judged.change
    if change is None:
        return "Rules, roles, people, configuration"
    if change.after is None:
        return f"{judged.title}: deleted or not readable"
    old = str(change.before.get("revision") or "") if change.before else ""
    if change.kind == "obsolete":
        return f"{judged.title} {change.revision} becomes obsolete"
    arrow = f"{old} → {change.revision}" if old and old != change.revision else change.revision
    return f"{judged.title} {arrow}".rstrip() + (" (new)" if not old else "")


def _state(place: Place, verdict: Verdict, can: tuple[str, ...]) -> str:
    if place.vote is not None:
        how = {"signature": "signed", "review": "on the forge", "record": "on the forge"}[place.vote.origin]
        deputy = f", {place.capacity}" if place.capacity.startswith("deputy") else ""
        return f"✓ {place.vote.name}{deputy}, {place.vote.at[:16].replace('T', ' ')}, {how}, for this text"
    fits = [vote for vote in verdict.stale(place) if vote.role or vote.person in can]
    if fits:
        last = fits[-1]
        did = "reviewed" if place.slot.meaning == "review" else "approved"
        return f"✗ {last.name} {did} on {day(last.at)}, **but the text changed since**"
    return "✗ missing"


def markdown(decision: Decision) -> str:
    """Return the report as a comment on a pull request."""
    title = "This change may land" if decision.passed else "This change is not ready yet"
    if len(decision.documents) == 1:
        name = escaped(heading(decision.documents[0]))
        title = f"{name} may land" if decision.passed else f"{name} is not ready yet"
    out = [MARK, f"### {'✓' if decision.passed else '✗'} {title}", "", f"**{verdict_line(decision)}**{_when(decision)}"]
    for judged in decision.documents:
        if len(decision.documents) > 1:
            state = "✓" if judged.verdict.approved else "✗"
            out += ["", f"#### {state} {escaped(heading(judged))}"]
        out += _document(decision, judged)
    if decision.open_questions:
        where = decision.records[-1] if decision.records else "the change record"
        out += ["", f"**Open.** Answer in {where}, under `impact`:", ""]
        out += [f"- {escaped(q.text)} — {escaped(q.why)}" for q in decision.open_questions]
    if decision.obstacles:
        out += ["", "**To be put right.**", ""]
        out += [f"- {escaped(visible(o.message))}. *{escaped(visible(o.help))}*" for o in decision.obstacles]
    fresh = [(f, "") for f in decision.findings] + [(f, f"on {day(d)}: ") for d, f in decision.pending]
    if fresh:
        out += ["", "**New errors.**", ""]
        out += [
            f"- {code(f'{f.position.path}:{f.position.line}')} {escaped(visible(when + f.message))}. *{escaped(f.help)}*"
            for f, when in fresh
        ]
    return printable("\n".join([*out, "", *_how(decision), ""]))


def _when(decision: Decision) -> str:
    days = sorted({j.change.effective for j in decision.documents if j.change and j.change.effective})
    if not days:
        return ""
    verb = "It takes" if decision.passed else "It would take"
    return f" {verb} effect on {' and '.join(day(d) for d in days)}."


def _document(decision: Decision, judged: Judged) -> list[str]:
    out = ["", "| Needed | Who can | State |", "|---|---|---|"]
    for place, can in zip(judged.verdict.places, judged.can, strict=True):
        roles = " or ".join(escaped(decision.name(role)) for role in place.slot.roles)
        names = ", ".join(escaped(decision.candidate(person, place)) for person in can[:4])
        more = f" and {len(can) - 4} more" if len(can) > 4 else ""
        state = _state(place, judged.verdict, can)
        bold = "**but the text changed since**"
        shown = escaped(state.replace(bold, "")) + (bold if bold in state else "")
        out.append(
            f"| {place.slot.meaning.capitalize()} by {roles} | {names or '*nobody: all had a hand in it*'}{more} | {shown} |"
        )
    out += [f"- {escaped(problem)}" for problem in judged.verdict.problems]
    if judged.change is None:
        out += ["", "**What changes.** " + ", ".join(code(path) for path in judged.files[:MOST])]
        return out
    note = str(judged.change.after.get("change") or "") if judged.change.after else ""
    if note:
        out += ["", f"**Why.** {escaped(' '.join(note.split()))}"]
    changes = told(judged)
    if changes:
        out += ["", "**What changes.**", "", redline.markdown(changes[:MOST]).rstrip()]
        if len(changes) > MOST:
            out.append(f"- and {len(changes) - MOST} more: `qmsctl diff {judged.change.item}`")
    elif judged.change.before is not None:
        out += ["", "**What changes.** A picture or a file it shows, or where it lies."]
    if judged.change.declared != judged.change.kind:
        out += [
            "",
            f"It is called {judged.change.declared}, but counts as **{judged.change.kind}**: its meaning changes.",
        ]
    touched = _touches(decision, judged)
    if touched:
        out += ["", "**Whom and what it touches.** " + " ".join(touched)]
    return out


def told(judged: Judged) -> list[redline.Change]:
    """Return what changes besides what the heading says already: revision, date and note."""
    changes = judged.change.changes if judged.change else ()
    return [c for c in changes if c.path not in (("revision",), ("effective",), ("change",), ("change_kind",))]


def _touches(decision: Decision, judged: Judged, write: Callable[[str], str] = escaped) -> list[str]:
    found = []
    for verb, label in GROUPS.items():
        rows = dict(judged.touches).get(verb, ())
        if not rows or verb == "inform":
            continue
        names = [_trained(decision, i, t) if verb == "retrain" else f"{i} {t}" for i, t, _ in rows[:MOST]]
        more = f" and {len(rows) - MOST} more" if len(rows) > MOST else ""
        found.append(f"{label}: {', '.join(map(write, names))}{more}.")
    if judged.clauses:
        found.append(f"Clauses: {', '.join(map(write, judged.clauses[:MOST]))}.")
    if judged.locations:
        found.append(f"At: {', '.join(map(write, judged.locations))}.")
    return found


def _trained(decision: Decision, role: str, title: str) -> str:
    number = decision.holders.get(role, 0)
    return f"{title} ({number} {'person' if number == 1 else 'people'})"


def _how(decision: Decision) -> list[str]:
    out = ["<details><summary>How this was judged</summary>", ""]
    out.append(
        f"The merge of `{decision.head[:12]}` into `{decision.base[:12]}`, by the rules, roles, people and keys of the base, as of {day(decision.today)}."
    )
    for judged in decision.documents:
        out += ["", f"{escaped(judged.title)}: rules {', '.join(escaped(rule) for rule in judged.demand.rules)}."]
        if judged.change and judged.change.manifest:
            out.append("")
            out += [f"- `{digest}` {escaped(visible(path))}" for path, digest in judged.change.manifest.files]
        for vote, reason in judged.verdict.refused:
            out.append(f"- not counted: {escaped(vote.name)}, {vote.at[:16].replace('T', ' ')}: {escaped(reason)}")
    if decision.other:
        names = ", ".join(code(path) for path in decision.other[:MOST])
        more = f" and {len(decision.other) - MOST} more" if len(decision.other) > MOST else ""
        out += ["", f"Without approval: {names}{more}."]
    if decision.older:
        out += ["", f"{len(decision.older)} findings were there before; they do not block:", ""]
        out += [
            f"- {f.level}: {escaped(visible(str(f.position)))}: {escaped(visible(f.message))}"
            for f in decision.older[:MOST]
        ]
        out += [f"- and {len(decision.older) - MOST} more: `qmsctl check`"] if len(decision.older) > MOST else []
    out += [f"- the forge: {escaped(note)}" for note in decision.notes]
    return [*out, "", "</details>"]


def text(decision: Decision, colour: bool, width: int) -> str:
    """Return the report for a terminal."""

    def style(words: str, **how: Any) -> str:
        return click.style(words, **how) if colour else words

    good = decision.passed
    out = [
        style("may land" if good else "may not land", fg="green" if good else "red", bold=True)
        + f"  {verdict_line(decision)}"
    ]
    for judged in decision.documents:
        out += ["", style(heading(judged), bold=True) + _effect(judged)]
        for place, can in zip(judged.verdict.places, judged.can, strict=True):
            roles = " or ".join(decision.name(role) for role in place.slot.roles)
            state = _state(place, judged.verdict, can).replace("**", "")
            out.append(
                f"  {style(state[0], fg='green' if place.vote else 'red')} {place.slot.meaning} by {roles}: {state[2:]}"
            )
            if place.vote is None:
                names = (
                    ", ".join(decision.candidate(person, place) for person in can[:4]) or "nobody: all had a hand in it"
                )
                out.append(f"      can be given by {names}" + (f" and {len(can) - 4} more" if len(can) > 4 else ""))
        out += [f"  {style('✗', fg='red')} {problem}" for problem in judged.verdict.problems]
        out += [f"    not counted: {vote.name}: {reason}" for vote, reason in judged.verdict.refused]
        if judged.change is not None:
            out += [f"    {line}" for line in redline.text(told(judged), colour, width - 4).splitlines()]
        else:
            out += [f"    {visible(path)}" for path in judged.files[:MOST]]
    if decision.open_questions:
        out += ["", style("Open questions", bold=True)]
        out += [f"  {q.document}: {q.text} ({q.why})" for q in decision.open_questions]
        record = decision.records[-1] if decision.records else "the change record"
        out.append(f"   help: answer under `impact` of {record}")
    for title, rows in (
        ("To be put right", [(visible(o.message), visible(o.help)) for o in decision.obstacles]),
        ("New errors", [(f"{visible(str(f.position))}: {visible(f.message)}", f.help) for f in decision.findings]),
        (
            "New errors on days to come",
            [(f"{day(d)}, {visible(str(f.position))}: {visible(f.message)}", f.help) for d, f in decision.pending],
        ),
    ):
        if rows:
            out += ["", style(title, bold=True)]
            for message, help in rows:
                out += [f"  {message}", f"   help: {help}"]
    for judged in decision.documents:
        touched = _touches(decision, judged, str)
        if touched:
            out += ["", style(f"What a change of {judged.name} touches", bold=True)]
            out += [f"  {line}" for line in touched]
    if decision.older:
        out += ["", f"{len(decision.older)} findings were there before; they do not block: qmsctl check"]
    out += [f"the forge: {note}" for note in decision.notes]
    return harmless_in_logs(printable("\n".join(out), colour))


def _effect(judged: Judged) -> str:
    return f"  from {day(judged.change.effective)}" if judged.change and judged.change.effective else ""


def json_text(decision: Decision) -> str:
    """Return the decision as JSON."""
    data = {
        "format": "qmsctl gate, format 1",
        "passed": decision.passed,
        "verdict": verdict_line(decision),
        "base": decision.base,
        "head": decision.head,
        "as_of": decision.today,
        "documents": [_judged(decision, judged) for judged in decision.documents],
        "questions": [{**dataclasses.asdict(q), "text": q.text} for q in decision.questions],
        "obstacles": [dataclasses.asdict(o) for o in decision.obstacles],
        "new_findings": [_finding(f, "") for f in decision.findings] + [_finding(f, d) for d, f in decision.pending],
        "older_findings": len(decision.older),
        "without_approval": list(decision.other),
        "notes": list(decision.notes),
    }
    return json.dumps(data, ensure_ascii=False, indent=2)


def _judged(decision: Decision, judged: Judged) -> dict[str, Any]:
    change = judged.change
    files: Iterable[tuple[str, str]] = change.manifest.files if change and change.manifest else ()
    return {
        "item": judged.name,
        "title": change.title if change else judged.title,
        "kind": change.kind if change else "governing",
        "from_revision": str(change.before.get("revision") or "") if change and change.before else "",
        "to_revision": change.revision if change else "",
        "effective": change.effective if change else "",
        "approved": judged.verdict.approved,
        "change_record": judged.record,
        "rules": list(judged.demand.rules),
        "content": [{"path": path, "sha256": digest} for path, digest in files],
        "files": list(judged.files),
        "changes": [redline.sentence(c) for c in change.changes] if change else [],
        "needed": [
            {
                "meaning": place.slot.meaning,
                "any_of": list(place.slot.roles),
                "rules": list(place.slot.rules),
                "can": list(can),
                "by": place.vote.person if place.vote else "",
                "name": place.vote.name if place.vote else "",
                "role": place.role,
                "capacity": place.capacity,
                "at": place.vote.at if place.vote else "",
                "evidence": place.vote.source if place.vote else "",
            }
            for place, can in zip(judged.verdict.places, judged.can, strict=True)
        ],
        "problems": list(judged.verdict.problems),
        "not_counted": [{"name": v.name, "at": v.at, "reason": reason} for v, reason in judged.verdict.refused],
        "clauses": list(judged.clauses),
        "locations": list(judged.locations),
        "touches": {verb: [{"item": i, "title": t, "why": w} for i, t, w in rows] for verb, rows in judged.touches},
    }


def _finding(finding: Any, on: str) -> dict[str, Any]:
    return {
        "check": finding.check,
        "message": finding.message,
        "path": finding.position.path,
        "line": finding.position.line,
        "help": finding.help,
        "on": on,
    }
