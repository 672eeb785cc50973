"""What somebody said about the content of a document, whatever its origin: one shape, judged elsewhere."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from qmsctl.approvals import signing, snapshots, timestamps
from qmsctl.approvals.content import Manifest
from qmsctl.approvals.people import People
from qmsctl.approvals.statement import FOLDER, Statement, parse, path_of
from qmsctl.config import Approvals, Key
from qmsctl.history.trees import Tree

FOR, AGAINST, WITHDRAWN = "for", "against", "withdrawn"
PERIODIC = "periodic-review"
AHEAD = datetime.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's word on one content. ``problem`` says why it counts for nothing; "" if it may count.

    ``key`` is that of the manifest looked at, None where nobody knows it. An empty ``role`` or ``meaning``
    was not said. ``time`` is claimed or proven, and ``proof`` the moment by which it is proven that it was said. ``record`` is the change record and its digest. ``lifted_by``
    is the person who took an objection away that was not his.
    """

    item: str
    key: tuple[object, ...] | None
    person: str
    name: str
    stance: str
    at: str
    origin: str
    source: str
    revision: str = ""
    role: str = ""
    meaning: str = ""
    time: str = "claimed"
    proof: str = ""
    record: tuple[str, str] = ("", "")
    verdict: str = ""
    lifted_by: str = ""
    problem: str = ""

    @property
    def evidence(self) -> str:
        """What the vote rests on, and how sure its time is, in words."""
        if self.origin != "signature":
            return "said on the forge" + (f", recorded by {minute(self.proof)}" if self.proof else "")
        if self.time != "proven":
            return "signed; the time is the signer's own"
        return f"signed; existed by {minute(self.proof)}, proven" if self.proof else "signed; time proven"

    @property
    def moment(self) -> datetime.datetime:
        return datetime.datetime.fromisoformat(self.at)


def minute(moment: str) -> str:
    """2026-03-02 14:05 +01:00, for a line of text."""
    when = datetime.datetime.fromisoformat(moment)
    return when.strftime("%Y-%m-%d %H:%M ") + (when.strftime("%z")[:3] + ":" + when.strftime("%z")[3:5])


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides whether a signature or a record counts: all of it read from what has landed."""

    approvals: Approvals
    people: People
    authorities: tuple[bytes, ...] = ()


def policy_of(approvals: Approvals, people: People, tree: Tree) -> Policy:
    """Take the certificates that qms.yaml names out of a tree."""
    return Policy(approvals, people, tuple(tree.read(p) for p in approvals.time_stamps if p in tree.files))


# --- signed statements ------------------------------------------------------------------------------


def statement_files(tree: Tree) -> list[str]:
    """Return the paths of all statements in a tree."""
    found = sorted(p for p in tree.files if p.startswith(FOLDER + "/") and p.endswith(".txt"))
    tree.fetch([p + suffix for p in found for suffix in ("", ".sig", ".tsr") if p + suffix in tree.files])
    return found


def signed(tree: Tree, path: str, policy: Policy, seen: Mapping[str, str], now: str = "") -> Vote:
    """Judge one statement. Raises StatementFault where it is none.

    ``seen`` maps the digest of a signature to the moment a recorder saw it. With ``now`` the statement is
    about to be taken in: a key must count at this very moment, whatever time the statement names.
    """
    data = tree.read(path)
    statement = parse(data)
    signature = tree.read(path + ".sig") if path + ".sig" in tree.files else b""
    stamp = tree.read(path + ".tsr") if path + ".tsr" in tree.files else b""
    moment, time, problem = _time_of(statement, signature, stamp, policy, seen, now)
    if not problem:
        problem = _problem_of(statement, path, data, signature, policy, moment, time, now)
    record, _, digest = statement.change_record.partition(" sha256:")
    return Vote(
        item=statement.item,
        key=statement.manifest.key,
        person=statement.person,
        name=statement.name,
        stance=FOR,
        at=statement.time,
        origin="signature",
        source=path,
        revision=statement.revision,
        role=statement.role,
        meaning=statement.meaning,
        time=time,
        proof=moment if time == "proven" else "",
        record=(record, digest),
        verdict=statement.verdict,
        problem=problem,
    )


def _time_of(
    statement: Statement, signature: bytes, stamp: bytes, policy: Policy, seen: Mapping[str, str], now: str
) -> tuple[str, str, str]:
    """Return (moment to judge the key at, claimed or proven, problem).

    A time stamp is on the signature: one on the text alone could be had long before the text was signed.
    """
    claimed = datetime.datetime.fromisoformat(statement.time)
    if now and claimed > datetime.datetime.fromisoformat(now) + AHEAD:
        return statement.time, "claimed", f"it is dated {statement.time}, which is still to come"
    if stamp:
        proven, reason = timestamps.time_of(signature, stamp, policy.authorities)
        if reason:
            return statement.time, "claimed", reason
        if abs(datetime.datetime.fromisoformat(proven) - claimed) > datetime.timedelta(days=1):
            return proven, "proven", f"it is dated {statement.time}, but was time-stamped at {proven}"
        return proven, "proven", ""
    first = seen.get(hashlib.sha256(signature).hexdigest(), "")
    if first:
        return first, "proven", ""
    return now or statement.time, "claimed", ""


def _problem_of(
    statement: Statement, path: str, data: bytes, signature: bytes, policy: Policy, moment: str, time: str, now: str
) -> str:
    keys = policy.people.signing_keys()
    if tuple(path.split("/")) != tuple(path_of(statement).split("/")):
        return f"a statement like this is kept at {path_of(statement)}"
    if not signature:
        return "it is not signed"
    if now and policy.people.names.get(statement.person, statement.name) != statement.name:
        return f"the printed name `{statement.name}` is not that of {statement.person}"
    reason = _verified(data, signature, statement.person, tuple(keys), signing.STATEMENT, moment)
    if reason:
        return reason
    if policy.approvals.hardware_keys and not signing.asked_owner(signature):
        return "it was not made with a key on a token that asks its owner"
    used = signing.fingerprint_of_signature(signature)
    revoked = next((k.revoked for k in keys if k.revoked and signing.fingerprint(k.key) == used), "")
    if time != "proven" and revoked:
        return f"its key was revoked on {revoked}, and nothing proves that it was signed before"
    if time != "proven" and policy.approvals.time == "proven" and not now:
        return "time not proven: no time stamp, and no recorder saw it"
    return ""


def verify_ahead(tree: Tree, paths: list[str], policy: Policy, seen: Mapping[str, str]) -> None:
    """Judge many statements at once; ssh-keygen is a program of its own, so several can run beside each other."""
    from concurrent.futures import ThreadPoolExecutor  # which most commands never need

    with ThreadPoolExecutor() as pool:
        for path in paths:
            pool.submit(signed, tree, path, policy, seen)


@lru_cache(maxsize=20_000)
def _verified(data: bytes, signature: bytes, holder: str, keys: tuple[Key, ...], namespace: str, moment: str) -> str:
    return signing.verify(data, signature, holder, keys, namespace, moment)


# --- records of what a forge said -------------------------------------------------------------------


def snapshot_files(tree: Tree) -> list[str]:
    """Return the paths of all records in a tree."""
    found = sorted(p for p in tree.files if p.startswith(snapshots.FOLDER + "/") and p.endswith(".json"))
    tree.fetch([p + suffix for p in found for suffix in ("", ".sig") if p + suffix in tree.files])
    return found


def recorded(tree: Tree, path: str, policy: Policy, now: str = "") -> tuple[snapshots.Snapshot | None, str]:
    """Return a record and why it proves nothing, "" if it does.

    With ``now`` the record is about to be taken in, and the recorder's key must count at this very moment.
    """
    data = tree.read(path)
    try:
        found = snapshots.parse(data)
    except snapshots.SnapshotFault as error:
        return None, str(error)
    try:
        home = snapshots.path_of(found)
    except snapshots.SnapshotFault as error:
        return None, str(error)
    if home != path:
        return found, f"a record like this is kept at {home}"
    if path + ".sig" not in tree.files:
        return found, "it is not signed, so it proves nothing"
    signature = tree.read(path + ".sig")
    keys = policy.approvals.recorders
    reason = _verified(data, signature, found.recorder, keys, signing.RECORD, now or found.recorded)
    used = signing.fingerprint_of_signature(signature)
    if not reason and any(k.revoked and signing.fingerprint(k.key) == used for k in keys):
        reason = "the key of its recorder was revoked; record the pull request again"
    return found, reason


def of_snapshot(found: snapshots.Snapshot, path: str, people: People, item: str) -> list[Vote]:
    """Return the votes on an item in a record whose signature was found good."""
    votes = []
    for row in found.votes:
        if row.item != item:
            continue
        person = people.by_login(row.login)
        votes.append(
            Vote(
                item=row.item,
                key=Manifest(row.files).key if row.files else None,
                person=person,
                name=people.name(person) if person else row.login,
                stance=row.stance,
                at=row.at,
                origin="record",
                source=row.url or path,
                revision=row.revision,
                role=row.role,
                meaning=row.meaning,
                time="proven",
                proof=found.recorded,
                record=(row.record, row.record_digest),
                lifted_by=people.by_login(row.lifted_by) if row.lifted_by else "",
                problem=row.problem or ("" if person else f"nobody here has the login {row.login}"),
            )
        )
    return votes


def vouched(vote: Vote, record: snapshots.Snapshot, source: str) -> Vote:
    """Return an unsigned statement as one that a recorder saw its author put forward."""
    return replace(vote, origin="record", source=record.url or source, time="proven", proof=record.recorded, problem="")
