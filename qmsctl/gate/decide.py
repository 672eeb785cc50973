"""Judges one change. Reads Git and the evidence it is given; writes nothing, asks nobody."""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from qmsctl import checks
from qmsctl.approvals import documents, impact, signing, votes
from qmsctl.approvals.documents import DocumentChange, State
from qmsctl.approvals.evidence import PullRequest
from qmsctl.approvals.hands import Contributions, barred
from qmsctl.approvals.judge import judge
from qmsctl.approvals.people import People
from qmsctl.approvals.register import Register
from qmsctl.approvals.reviews import Subject, votes_of
from qmsctl.approvals.rules import Demand, combined, demand
from qmsctl.approvals.statement import FOLDER, StatementFault
from qmsctl.approvals.votes import Policy, Vote
from qmsctl.config import FILE, Approvals
from qmsctl.gate.decision import Decision, Judged, Obstacle, Question
from qmsctl.graph import Graph
from qmsctl.history import git, revisions, trees
from qmsctl.history.revisions import History
from qmsctl.history.trees import LINK, SUBMODULE, Tree
from qmsctl.loader import load
from qmsctl.model import Finding, Item

Say = Callable[[str], None]


class GateFault(RuntimeError):
    """The gate cannot judge this at all; the message says why."""


@dataclass
class _Run:
    """What the steps of one judgement share."""

    repository: Path
    prefix: str
    base: State
    new: State
    whole_base: Tree
    whole_new: Tree
    rules: Approvals
    people: People
    policy: Policy
    register: Register
    work: Contributions
    pull: PullRequest | None
    now: str
    obstacles: list[Obstacle] = field(default_factory=list)

    def block(self, check: str, message: str, help: str, path: str = "", item: str = "") -> None:
        self.obstacles.append(Obstacle(check, message, help, path, item))

    @property
    def logins(self) -> Mapping[str, str]:
        return self.pull.logins if self.pull else {}

    def changed_paths(self) -> list[str]:
        """Return the paths, from the top of the repository, that differ between base and merge."""
        old, new = self.whole_base.files, self.whole_new.files
        return sorted(path for path in {*old, *new} if old.get(path) != new.get(path))


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
        run = _Run(
            repository, prefix, old, new, whole_base, whole_new, rules, people,
            votes.policy_of(rules, people, old_tree if old.approvals else new_tree), Register(history, old.loaded),
            Contributions(repository, git.log(repository, head, since=base)), pull, now,
        )  # fmt: skip
        _shapes(run)
        _times(run)
        _signed_commits(run, base, head)
        said = _statements(run)
        say("judging approvals")
        judged = [*_documents(run, said), *_governing(run, said, bootstrap)]
        questions = _questions(run, judged)
        say("checking")
        fresh, pending, older = _findings(run, history, merged, today)
    return Decision(
        base=base,
        head=head,
        documents=tuple(judged),
        obstacles=tuple(run.obstacles),
        questions=tuple(questions),
        findings=tuple(fresh),
        pending=tuple(pending),
        older=tuple(older),
        records=tuple(dict.fromkeys(j.record for j in judged if j.record)),
        other=tuple(_others(run, judged)),
        notes=pull.notes if pull else (),
        names={
            **{item.id: item.title for side in (old, new) for item in side.items.values() if item.type == "role"},
            **people.names,
        },
        holders={item.id: len(people.holders(item.id)) for item in new.items.values() if item.type == "role"},
        acting=_acting(people, judged),
        today=today,
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


# --- what no approval can allow -----------------------------------------------------------------------


def _shapes(run: _Run) -> None:
    """Refuse links and submodules, and files where what is built goes."""
    for path in run.changed_paths():
        mode = run.whole_new.files.get(path, ("", ""))[0]
        if mode in (LINK, SUBMODULE) and path.startswith(run.prefix):
            what = "a symbolic link" if mode == LINK else "a submodule"
            run.block(
                "approval-invalid",
                f"{path} is {what}, so what it shows is not part of what is approved",
                "put the file itself there",
                path,
            )
        elif mode and path.removeprefix(run.prefix).startswith(("build/", ".mkdocs.build.yml")):
            run.block(
                "approval-invalid",
                f"{path} lies where qmsctl builds; what is kept there could be taken for its own work",
                "take it out of the change: git rm --cached",
                path,
            )


def _times(run: _Run) -> None:
    """Refuse commits whose time cannot be: once landed, they could not be taken back."""
    latest = datetime.datetime.fromisoformat(run.now) + votes.AHEAD
    for commit in run.work.commits:
        if not commit.committed or datetime.datetime.fromisoformat(commit.committed) > latest:
            run.block(
                "landing-time-impossible",
                f"the commit {commit.sha[:10]} is dated {commit.committed or 'as no clock shows it'}",
                "set the clock of the machine, and commit again: git commit --amend --reset-author",
            )


def _signed_commits(run: _Run, base: str, head: str) -> None:
    if not run.rules.signed_commits:
        return
    day = run.now[:10]
    keys = [k for k in run.people.signing_keys() if k.since <= day <= k.until and not k.revoked]
    found = git.signatures(run.repository, head, base, signing.signers(keys, "git"))
    for sha in run.work.shas():
        status, who = found.get(sha, ("N", ""))
        if status == "G":
            run.work.signed_by(sha, who)
        else:
            run.block(
                "approval-invalid",
                f"the commit {sha[:10]} carries no good signature by an enrolled key"
                + (f" (it names {who})" if who else ""),
                "sign commits with your enrolled key: git config commit.gpgsign true",
            )


def _statements(run: _Run) -> list[Vote]:
    """Return the votes in signed statements; what is new among the evidence must be verifiable."""
    old, new = run.base.tree.files, run.new.tree.files
    found = [vote for _, vote, _ in run.register.statements if vote is not None]
    folder = FOLDER + "/"
    paths = [p for p in sorted({*old, *new}) if p.startswith(folder) and old.get(p) != new.get(p)]
    for path in paths:
        if path in old:
            gone = "deletes" if path not in new else "changes"
            run.block(
                "approvals-append-only",
                f"the change {gone} {path}; evidence is only ever added",
                f"take it back: git checkout {run.register.history.tip[:10]} -- {run.prefix}{path}",
                path,
            )
            continue
        stem = _signed_file(path)
        if new[path][0] in (LINK, SUBMODULE):
            continue  # refused already
        if path.endswith(".txt"):
            vote = _statement(run, path)
            if vote is not None:
                found.append(vote)
        elif path.endswith(".json") and path in votes.snapshot_files(run.new.tree):
            _, problem = votes.recorded(run.new.tree, path, run.policy, run.now)
            if problem:
                run.block("approval-invalid", f"{path}: {problem}", "record it again: qmsctl approvals record", path)
        elif stem != path and stem in old:
            _statement(run, stem, path)  # a signature or stamp that comes late must hold too
        elif stem == path or stem not in new:
            run.block(
                "approval-invalid",
                f"{path} belongs to no statement",
                f"{FOLDER}/ holds statements, their signatures and time stamps, and records; nothing else",
                path,
            )
    return found


def _signed_file(path: str) -> str:
    """Return the statement or record that a signature or time stamp belongs to; itself for anything else."""
    for ending in (".txt.sig", ".txt.tsr", ".json.sig"):
        if path.endswith(ending):
            return path[:-4]
    return path


def _statement(run: _Run, path: str, blamed: str = "") -> Vote | None:
    try:
        vote = votes.signed(run.new.tree, path, run.policy, run.register.seen, run.now)
    except StatementFault as error:
        run.block("approval-invalid", f"{path}: {error}", "make statements with qmsctl sign", path)
        return None
    unsigned = path + ".sig" not in run.new.tree.files
    author = run.people.by_login(run.pull.author) if run.pull is not None else ""
    if unsigned and vote.meaning == votes.PERIODIC and author == vote.person:
        return vote
    if vote.problem:
        where = blamed or path
        run.block("approval-invalid", f"{where}: {vote.problem}", "sign anew with qmsctl sign", where, vote.item)
    return vote


# --- documents ------------------------------------------------------------------------------------------


def _documents(run: _Run, said: list[Vote]) -> list[Judged]:
    changes = documents.changed(run.base, run.new)
    records = {change.item: documents.record_of(run.new.items, change.item, change.revision) for change in changes}
    subjects = []
    for change in changes:
        record = records[change.item]
        path = record.path if record is not None else ""
        subjects.append(documents.subject_of(change, run.prefix, path, record.id if record else ""))
    every = said + _reviews(run, subjects)
    return [_document(run, change, records[change.item], every) for change in changes]


def _reviews(run: _Run, subjects: Iterable[Subject]) -> list[Vote]:
    return votes_of(run.pull, subjects, run.people, run.repository) if run.pull else []


def _document(run: _Run, change: DocumentChange, record: Item | None, every: list[Vote]) -> Judged:
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
    landed = run.register.history.versions.get(change.item, [])
    verdict = judge(
        wanted,
        rows,
        key,
        run.people,
        barred(persons, run.people),
        named,
        run.rules.evidence == "signatures",
        landed[-1].landed if landed else "",
    )
    if key is None and change.after is not None:
        verdict = dataclasses.replace(verdict, problems=(*verdict.problems, f"{change.after.path} cannot be read"))
    touches = _touches(run, change)
    clauses, locations = _reaches(run, change)
    can = _can(run, wanted, persons)
    return Judged(change, (), wanted, verdict, can, record.id if record else "", touches, clauses, locations)


def _hands(run: _Run, change: DocumentChange) -> tuple[dict[str, str], dict[str, str]]:
    paths = {
        run.prefix + path
        for manifest in (change.manifest, run.base.manifest(change.before))
        if manifest is not None
        for path, _ in manifest.files
    }
    persons, strangers = run.work.to(change.item, paths, run.people, run.logins)
    more, unknown = run.register.open_hands(change.item, run.base)
    return _with_author(run, {**more, **persons}, {**unknown, **strangers})


def _with_author(
    run: _Run, persons: dict[str, str], strangers: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Add who opened the pull request."""
    if run.pull is not None:
        author = run.people.by_login(run.pull.author)
        (persons if author else strangers).setdefault(author or run.pull.author, run.pull.head)
    return persons, strangers


def _can(run: _Run, wanted: Demand, persons: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    found = []
    for slot in wanted.slots:
        names: dict[str, str] = {}
        for role in slot.roles:
            names.update(dict.fromkeys(run.people.holders(role), ""))
            if slot.deputies:
                names.update({p: "deputy" for p in run.people.deputies(role) if p not in names})
        found.append(tuple(p for p in names if p not in persons))
    return tuple(found)


def _governing(run: _Run, said: list[Vote], bootstrap: bool) -> list[Judged]:
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
    )
    return [Judged(None, tuple(paths), wanted, verdict, _can(run, wanted, persons))]


def _others(run: _Run, judged: Iterable[Judged]) -> list[str]:
    """Return the paths that change and need no approval."""
    test = documents.governs((run.base, run.new), run.prefix)
    known = {run.prefix + side.path for j in judged if j.change for side in j.change.facts.sides}
    evidence = run.prefix + FOLDER + "/"
    return [p for p in run.changed_paths() if p not in known and not p.startswith(evidence) and not test(p)]


# --- what it touches --------------------------------------------------------------------------------------


def _touches(run: _Run, change: DocumentChange) -> tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]:
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for state in (run.base, run.new):
        if change.item in state.items:
            graph = Graph(state.loaded)
            for verb, rows in graph.reach(change.item).items():
                for name, why in rows:
                    if not state.items[name].shipped:
                        found.setdefault(verb, {})[name] = (graph.title(name), why)
    return tuple((verb, tuple((n, *facts) for n, facts in sorted(rows.items()))) for verb, rows in found.items())


def _reaches(run: _Run, change: DocumentChange) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the clauses a document answers and the locations where it holds, before and after."""
    clauses: dict[str, None] = {}
    places: dict[str, None] = {}
    for state in (run.base, run.new):
        if change.item not in state.items:
            continue
        graph = Graph(state.loaded)
        for link in graph.links_from(change.item):
            if link.part and graph.items[link.to].type == "catalogue":
                clauses[link.part] = None
        named = state.items[change.item].get("locations")
        places.update(
            dict.fromkeys(graph.title(p) for p in (named if isinstance(named, list) else []) if isinstance(p, str))
        )
    return tuple(clauses), tuple(places)


def _questions(run: _Run, judged: Iterable[Judged]) -> list[Question]:
    """Return what the change records must answer, with the answers they give."""
    found = []
    for one in judged:
        if one.change is None or one.change.facts.kind not in run.rules.change_records or not one.record:
            continue
        record = run.new.items[one.record]
        rows = [row for row in record.get("impact") or [] if isinstance(row, Mapping)]
        answers = {str(row.get("item")): row for row in rows}
        with_it = {str(row.get("item")) for row in record.get("documents") or [] if isinstance(row, Mapping)}
        for verb, hits in one.touches:
            for name, title, why in hits if verb in impact.ASKED else ():
                if name in with_it or name == record.id:
                    continue
                row = answers.get(name, {})
                answer, note = str(row.get("answer") or ""), str(row.get("note") or "")
                if not impact.answered(verb, answer, note):
                    answer = ""
                found.append(Question(one.change.item, name, title, verb, why, answer, note))
    return found


# --- findings ---------------------------------------------------------------------------------------------


def _findings(
    run: _Run, history: History, merged: str, today: str
) -> tuple[list[Finding], list[tuple[str, Finding]], list[Finding]]:
    """Return (new errors today, new errors on days to come, what was there before)."""
    control = run.rules.since <= today
    config = run.base.loaded.config
    judged_by = dataclasses.replace(
        run.new.loaded.config, levels=config.levels, waivers=config.waivers, as_of=config.as_of
    )
    new_loaded = dataclasses.replace(run.new.loaded, config=judged_by)
    before = checks.run(run.base.loaded, today, history=history if control else None).findings
    after = checks.run(new_loaded, today, history=history if control else None).findings
    paths = {path.removeprefix(run.prefix) for path in run.changed_paths()}
    fresh = sorted(_new_errors(before, after), key=lambda f: f.position.path not in paths)
    older = [f for f in after if f not in fresh]
    pending: list[tuple[str, Finding]] = []
    if control:
        top = {p: entry for p, entry in run.whole_new.files.items() if run.whole_base.files.get(p) != entry}
        touches = tuple(
            git.Touch(path, run.whole_base.files.get(path, ("", ""))[1], run.whole_new.files.get(path, ("", ""))[1], "")
            for path in run.changed_paths()
        )
        contents = {blob: run.whole_new.read(path) for path, (mode, blob) in top.items() if mode != SUBMODULE}
        coming = history.with_landing(merged, run.now, touches, contents)
        types = run.new.loaded.types
        for day in sorted({today, *coming.pending_days(today)}):
            old_view = history.files_on(day, run.base.loaded.types, today)
            new_view = coming.files_on(day, types, today)
            if day == today and new_view == run.new.tree.files:
                continue
            earlier = _errors_in(run, old_view, day, config)
            later = _errors_in(run, new_view, day, config)
            known = [f for _, f in pending]
            pending += [(day, f) for f in _new_errors(earlier, later) if f not in known and f not in fresh]
    return fresh, pending, older


def _errors_in(run: _Run, files: Mapping[str, tuple[str, str]], day: str, config: object) -> list[Finding]:
    tree = Tree(run.repository, files)
    with tree.folder() as place:
        loaded = load(place)
        levels, waivers = run.base.loaded.config.levels, run.base.loaded.config.waivers
        fixed = dataclasses.replace(loaded.config, levels=levels, waivers=waivers)
        return list(checks.run(dataclasses.replace(loaded, config=fixed), day).findings)


def _new_errors(before: Iterable[Finding], after: Iterable[Finding]) -> list[Finding]:
    """Return the errors that were not there before, however often."""
    known = Counter((f.check, f.position.path, f.message) for f in before if f.level == "error")
    found = []
    for finding in after:
        if finding.level != "error":
            continue
        key = (finding.check, finding.position.path, finding.message)
        if known[key]:
            known[key] -= 1
        else:
            found.append(finding)
    return found
