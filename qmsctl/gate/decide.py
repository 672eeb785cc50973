"""Judges one change. Reads Git and the evidence it is given; writes nothing, asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from qmsctl.approvals import votes
from qmsctl.approvals.documents import State
from qmsctl.approvals.evidence import PullRequest
from qmsctl.approvals.hands import Contributions
from qmsctl.approvals.people import People
from qmsctl.approvals.register import Register
from qmsctl.config import FILE, Approvals
from qmsctl.gate.approvals import judge_documents, judge_governing, others
from qmsctl.gate.decision import Decision, Judged
from qmsctl.gate.fresh import fresh_findings
from qmsctl.gate.intake import case_clashes, records_kept, shapes, signed_commits, statements, times
from qmsctl.gate.run import Run
from qmsctl.gate.touched import questions
from qmsctl.history import git, revisions, trees
from qmsctl.history.trees import Tree
from qmsctl.loader import load
from qmsctl.printable import visible

Say = Callable[[str], None]


class GateFault(RuntimeError):
    """The gate cannot judge this at all; the message says why."""


def decide(
    repository: Path,
    base: str,
    head: str,
    *,
    today: str,
    now: str,
    pull: PullRequest | None = None,
    prefix: str | None = None,
    bootstrap: bool = False,
    say: Say = lambda _: None,
) -> Decision:
    """Judge whether the merge of ``head`` into ``base`` may land. Raises GateFault, git.GitFault, MergeConflict.

    ``today`` is an ISO day, ``now`` a moment with zone. ``pull`` holds reviews that were fetched in this run.
    """
    base, head = git.commit(repository, base), git.commit(repository, head)
    if pull is not None and pull.head != head:
        raise GateFault(
            f"the forge says that the head of {pull.number} is {pull.head[:12]}, not {head[:12]}; fetch again and retry"
        )
    gaps = git.gaps(repository)
    if gaps:
        raise GateFault(f"part of the history is hidden here: {gaps[0]}")
    merged = git.merge(repository, base, head)
    whole_base, whole_new = trees.of(repository, base), trees.of(repository, merged)
    prefix = _prefix(whole_base, whole_new) if prefix is None else prefix
    with ExitStack() as stack:
        say("reading both sides")
        old_tree, new_tree = whole_base.below(prefix), whole_new.below(prefix)
        old = State(old_tree, load(stack.enter_context(old_tree.folder())))
        new = State(new_tree, load(stack.enter_context(new_tree.folder())))
        rules, people = _authority(old, new, bootstrap)
        history = revisions.read(
            repository, old.loaded.config, old.loaded.types, base, None, prefix, max(today, now[:10])
        )
        register = Register(history, old.loaded)
        if not bootstrap:
            # What landed round the gate decides nothing: the last approved rules and people do.
            rules, people = register.trusted.approvals or rules, register.trusted.people
        run = Run(
            repository, prefix, old, new, whole_base, whole_new, rules, people,
            votes.policy_of(rules, people, old_tree if old.approvals else new_tree), Register(history, old.loaded),
            Contributions(repository, git.log(repository, head, since=base)), pull, now,
        )  # fmt: skip
        shapes(run)
        case_clashes(run)
        records_kept(run)
        times(run)
        signed_commits(run, base, head)
        said = statements(run)
        say("judging approvals")
        judged = [*judge_documents(run, said), *judge_governing(run, said, bootstrap)]
        _base_is_sound(run, judged)
        asked = questions(run, judged)
        say("checking")
        fresh, pending, older = fresh_findings(run, history, merged, today)
    return Decision(
        base=base,
        head=head,
        documents=tuple(judged),
        obstacles=tuple(run.obstacles),
        questions=tuple(asked),
        findings=tuple(fresh),
        pending=tuple(pending),
        older=tuple(older),
        records=tuple(dict.fromkeys(j.record for j in judged if j.record)),
        other=tuple(others(run, judged)),
        notes=pull.notes if pull else (),
        names={
            **{item.id: item.title for side in (old, new) for item in side.items.values() if item.type == "role"},
            **people.names,
        },
        holders={item.id: len(people.holders(item.id)) for item in new.items.values() if item.type == "role"},
        acting=_acting(people, judged),
        today=today,
    )


def _base_is_sound(run: Run, judged: list[Judged]) -> None:
    """Refuse to build on rules or people nobody approved, unless this very change sets them right.

    A change that brings nothing but evidence passes: it may be the one that proves their approval.
    """
    if not judged and not others(run, judged):
        return
    rows = run.register.governing
    mended = any(one.change is None and one.verdict.approved for one in judged)
    if rows and not rows[-1][2].approved and not mended:
        landing, paths, _ = rows[-1]
        run.block(
            "governing-not-approved",
            f"the base is not sound: {', '.join(map(visible, paths[:3]))} landed without approval ({landing.sha[:10]})",
            "have them approved as they are (qmsctl sign governing-files), or bring the approved files back first",
            paths[0],
        )


def _acting(people: People, judged: Iterable[Judged]) -> dict[str, dict[str, str]]:
    """Return person -> role -> holder, or deputy for somebody, for all who can fill a place."""
    found: dict[str, dict[str, str]] = {}
    for one in judged:
        for place, can in zip(one.verdict.places, one.can, strict=True):
            for person in can:
                for role in place.slot.roles:
                    how = people.acts_as(person, role, place.slot.deputies)
                    if how:
                        found.setdefault(person, {})[role] = how
    return found


def _prefix(*sides: Tree) -> str:
    """Return the folder that holds the system, by the one qms.yaml there is."""
    for tree in sides:
        found = sorted((p for p in tree.files if p == FILE or p.endswith("/" + FILE)), key=lambda p: p.count("/"))
        if found and (len(found) == 1 or found[0].count("/") < found[1].count("/")):
            return found[0][: -len(FILE)]
        if found:
            raise GateFault("there are several systems in this repository; name one with --folder")
    raise GateFault(f"there is no {FILE} in the base or in the change")


def _authority(old: State, new: State, bootstrap: bool) -> tuple[Approvals, People]:
    """Return the rules and people that decide: those of the base; its own only for the very first rules."""
    if old.approvals is not None:
        if bootstrap:
            raise GateFault("the base has approval rules already; --bootstrap is for the change that brings the first")
        return old.approvals, old.people
    if not bootstrap or new.approvals is None:
        raise GateFault(
            "the base has no approval rules, so nothing can be approved by them; add a section `approvals` to "
            "qms.yaml and land it with --bootstrap, approved by two persons other than its author"
        )
    return new.approvals, new.people
