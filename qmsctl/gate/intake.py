"""What no approval can allow, and the evidence that comes with a change: only what can be verified is let in."""

from __future__ import annotations

import datetime

from qmsctl.approvals import signing, votes
from qmsctl.approvals.statement import FOLDER, StatementFault
from qmsctl.approvals.votes import Vote
from qmsctl.gate.run import Run
from qmsctl.history import git
from qmsctl.history.trees import LINK, SUBMODULE


def shapes(run: Run) -> None:
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


def case_clashes(run: Run) -> None:
    """Refuse names that differ from others only in case: on some machines one would overwrite the other."""
    spelt: dict[str, str] = {}
    for path in sorted(run.whole_base.files) + sorted(run.whole_new.files):
        for at in range(len(path) + 1):
            if at == len(path) or path[at] == "/":
                part = path[:at]
                first = spelt.setdefault(part.casefold(), part)
                if first != part and path in run.whole_new.files and path not in run.whole_base.files:
                    run.block(
                        "id-differs-by-case",
                        f"{path} and {first} differ only in upper and lower case",
                        "use the spelling that is there",
                        path,
                    )
                    break


def records_kept(run: Run) -> None:
    """Refuse to delete change records: they say why the documents are as they are."""
    for item in run.base.items.values():
        if item.type == "change" and item.id not in run.new.items:
            run.block(
                "document-deleted",
                f"the change record {item.id} {item.title} is deleted",
                "keep it; a change that did not come about gets `status: refused` and its reason",
                item.path,
                item.id,
            )


def times(run: Run) -> None:
    """Refuse commits whose time cannot be: once landed, they could not be taken back."""
    latest = datetime.datetime.fromisoformat(run.now) + votes.AHEAD
    for commit in run.work.commits:
        if not commit.committed or datetime.datetime.fromisoformat(commit.committed) > latest:
            run.block(
                "landing-time-impossible",
                f"the commit {commit.sha[:10]} is dated {commit.committed or 'as no clock shows it'}",
                "set the clock of the machine, and commit again: git commit --amend --reset-author",
            )


def signed_commits(run: Run, base: str, head: str) -> None:
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


def statements(run: Run) -> list[Vote]:
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


def _statement(run: Run, path: str, blamed: str = "") -> Vote | None:
    try:
        vote = votes.signed(run.new.tree, path, run.policy, run.register.seen, run.now)
    except StatementFault as error:
        run.block("approval-invalid", f"{path}: {error}", "make statements with qmsctl sign", path)
        return None
    unsigned = path + ".sig" not in run.new.tree.files
    author = run.people.by_login(run.pull.author) if run.pull is not None else ""
    hands, strangers = run.work.to("", {run.prefix + path}, run.people, run.logins)
    if unsigned and vote.meaning == votes.PERIODIC and author == vote.person:
        if set(hands) == {vote.person} and not strangers:
            return vote
        run.block("approval-invalid", f"{path} was not written by {vote.name} alone", "let him state it himself", path)
        return None
    if vote.problem:
        where = blamed or path
        run.block("approval-invalid", f"{where}: {vote.problem}", "sign anew with qmsctl sign", where, vote.item)
    return vote
