"""Who must approve each document that changes, and whether they did."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping

from qmsctl.approvals import documents, votes
from qmsctl.approvals.documents import DocumentChange
from qmsctl.approvals.hands import barred
from qmsctl.approvals.judge import judge
from qmsctl.approvals.reviews import Subject, votes_of
from qmsctl.approvals.rules import Demand, combined, demand
from qmsctl.approvals.statement import FOLDER
from qmsctl.approvals.votes import Vote
from qmsctl.gate.decision import Judged
from qmsctl.gate.run import Run
from qmsctl.gate.touched import reaches, touches
from qmsctl.model import Item


def judge_documents(run: Run, said: list[Vote]) -> list[Judged]:
    changes = documents.changed(run.base, run.new)
    records = {change.item: documents.record_of(run.new.items, change.item, change.revision) for change in changes}
    subjects = []
    for change in changes:
        record = records[change.item]
        path = record.path if record is not None else ""
        subjects.append(documents.subject_of(change, run.prefix, path, record.id if record else ""))
    every = said + _reviews(run, subjects)
    return [_document(run, change, records[change.item], every) for change in changes]


def _reviews(run: Run, subjects: Iterable[Subject]) -> list[Vote]:
    return votes_of(run.pull, subjects, run.people, run.repository) if run.pull else []


def _document(run: Run, change: DocumentChange, record: Item | None, every: list[Vote]) -> Judged:
    there = next((s.path for s in change.facts.sides if s.path in run.new.tree.files), "")
    other = next((item.id for item in run.new.items.values() if item.path == there), "")
    if change.after is None and there and not other:
        run.block(
            "document-deleted",
            f"{change.item} {change.title} cannot be read any more: {there}",
            "see the new errors in this file first; most of the others follow from it",
            there,
            change.item,
        )
    elif change.after is None:
        run.block(
            "document-deleted",
            f"{change.item} {change.title} is deleted; readers of older records could no longer find it"
            + (f" ({there} is called {other} now)" if other else ""),
            "keep the file and write `status: obsolete`",
            change.facts.sides[0].path,
            change.item,
        )
    old = run.base.tree.files
    wants_record = change.facts.kind in run.rules.change_records
    if wants_record and record is None:
        run.block(
            "change-record-missing",
            f"no change record names {change.item} {change.revision}".rstrip(),
            f"write down why, and what it touches: qmsctl new change --for {change.item}",
            change.facts.sides[-1].path,
            change.item,
        )
    wanted = demand(change.facts, run.rules)
    persons, strangers = _hands(run, change)
    for address, sha in strangers.items():
        run.block(
            "approval-missing",
            f"nobody knows who `{address}` on the commit {sha[:10]} of {change.item} is, so nobody knows who may not approve",
            "add the address to `commits_as` of the person, in a change of its own",
            change.facts.sides[-1].path,
            change.item,
        )
    rows = [vote for vote in every if vote.item == change.item and vote.meaning != votes.PERIODIC]
    rows += [v for v in run.register.votes(change.item, run.base) if v.origin == "record"]
    # What was said about a revision that has landed long ago is of no interest here.
    rows = [
        v
        for v in rows
        if v.revision == change.revision or v.origin == "review" or (v.origin == "signature" and v.source not in old)
    ]
    named = (record.id, run.new.tree.digest(record.path)) if record is not None and wants_record else ("", "")
    key = change.manifest.key if change.manifest else None
    verdict = judge(
        wanted,
        rows,
        key,
        run.people,
        barred(persons, run.people),
        named,
        run.rules.evidence == "signatures",
        _on_top_of(run, change),
    )
    if key is None and change.after is not None:
        verdict = dataclasses.replace(verdict, problems=(*verdict.problems, f"{change.after.path} cannot be read"))
    reached = touches(run, change)
    clauses, locations = reaches(run, change)
    can = _can(run, wanted, persons)
    return Judged(change, (), wanted, verdict, can, record.id if record else "", reached, clauses, locations)


def _on_top_of(run: Run, change: DocumentChange) -> str:
    """Return when the text or picture landed that this change goes on top of; "" if there is none."""
    register = run.register
    times = [register.on_top_of(register.history.versions.get(change.item, []))]
    for content in (change.manifest, run.base.manifest(change.before)):
        times += register.pictures_changed(content) if content is not None else []
    return max((t for t in times if t), key=datetime.datetime.fromisoformat, default="")


def _hands(run: Run, change: DocumentChange) -> tuple[dict[str, str], dict[str, str]]:
    paths = {
        run.prefix + path
        for manifest in (change.manifest, run.base.manifest(change.before))
        if manifest is not None
        for path, _ in manifest.files
    }
    persons, strangers = run.work.to(change.item, paths, run.people, run.logins)
    more, unknown = run.register.open_hands(change.item, run.base)
    return _with_author(run, {**more, **persons}, {**unknown, **strangers})


def _with_author(run: Run, persons: dict[str, str], strangers: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Add who opened the pull request."""
    if run.pull is not None:
        author = run.people.by_login(run.pull.author)
        (persons if author else strangers).setdefault(author or run.pull.author, run.pull.head)
    return persons, strangers


def _can(run: Run, wanted: Demand, persons: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    found = []
    for slot in wanted.slots:
        names: dict[str, str] = {}
        for role in slot.roles:
            names.update(dict.fromkeys(run.people.holders(role), ""))
            if slot.deputies:
                names.update({p: "deputy" for p in run.people.deputies(role) if p not in names})
        found.append(tuple(p for p in names if p not in persons))
    return tuple(found)


def judge_governing(run: Run, said: list[Vote], bootstrap: bool) -> list[Judged]:
    test = documents.governs((run.base, run.new), run.prefix)
    paths = [path for path in run.changed_paths() if test(path)]
    if not paths:
        return []
    content = documents.governing_manifest(run.whole_new, test)
    rule = run.rules.strictest
    if bootstrap:
        rule = dataclasses.replace(rule, persons=max(rule.persons, 2))
    wanted = combined([rule])
    persons, strangers = _with_author(run, *run.work.to("", set(paths), run.people, run.logins))
    persons = {**run.register.governing_hands, **persons}
    for address, sha in strangers.items():
        run.block(
            "approval-missing",
            f"nobody knows who `{address}` on the commit {sha[:10]} is, and it changes files that govern the system",
            "add the address to `commits_as` of the person, in a change of its own",
            paths[0],
        )
    rows = [vote for vote in said if vote.item == documents.GOVERNING]
    rows += [v for v in run.register.votes(documents.GOVERNING, run.base) if v.origin == "record"]
    rows += _reviews(run, [documents.governing_subject(test)])
    key = content.key if content else None
    verdict = judge(
        wanted,
        rows,
        key,
        run.people,
        barred(persons, run.people, "these files"),
        ("", ""),
        run.rules.evidence == "signatures",
        run.register.governing_since,
    )
    return [Judged(None, tuple(paths), wanted, verdict, _can(run, wanted, persons))]


def others(run: Run, judged: Iterable[Judged]) -> list[str]:
    """Return the paths that change and need no approval."""
    test = documents.governs((run.base, run.new), run.prefix)
    known = {run.prefix + side.path for j in judged if j.change for side in j.change.facts.sides}
    evidence = run.prefix + FOLDER + "/"
    return [p for p in run.changed_paths() if p not in known and not p.startswith(evidence) and not test(p)]
