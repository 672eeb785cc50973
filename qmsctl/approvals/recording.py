"""A merged pull request to the record that is kept of it."""

from __future__ import annotations

import hashlib

from qmsctl.approvals import documents, snapshots
from qmsctl.approvals.control import Control
from qmsctl.approvals.documents import State
from qmsctl.approvals.evidence import PullRequest
from qmsctl.approvals.hands import Contributions
from qmsctl.approvals.reviews import looks, named_role
from qmsctl.approvals.snapshots import Said, Snapshot
from qmsctl.approvals.statement import FOLDER
from qmsctl.history import git, trees
from qmsctl.loader import Loaded, load


class RecordFault(RuntimeError):
    """A pull request cannot be recorded; the message says why."""


def record(loaded: Loaded, control: Control, pull: PullRequest, recorder: str, now: str) -> tuple[str, bytes]:
    """Return (path, content) of the record of a merged pull request. Raises RecordFault, GitFault."""
    history = control.history
    if history is None:
        raise RecordFault("change control is not on: " + (control.hidden[0] if control.hidden else "see qms.yaml"))
    if not pull.merged_as:
        raise RecordFault(f"{pull.number} is not merged")
    landing = history.by_sha.get(pull.merged_as)
    if landing is None or not landing.parents:
        raise RecordFault(
            f"{pull.merged_as[:12]}, which the forge calls the merge of {pull.number}, is not on the main branch here"
        )
    root, base, prefix = loaded.root, landing.parents[0], history.prefix
    before, after = _state(control, base), _state(control, landing.sha)
    changes = documents.changed(before, after)
    items = after.items
    subjects = []
    for change in changes:
        named = documents.record_of(items, change.item, change.revision)
        subjects.append(documents.subject_of(change, prefix, named.path if named else "", named.id if named else ""))
    test = documents.governs((before, after), prefix)
    subjects.append(documents.governing_subject(test))
    work = Contributions(root, git.log(root, landing.sha, since=base))
    hands = {}
    for change in changes:
        paths = {prefix + path for path, _ in change.manifest.files} if change.manifest else set()
        persons, _ = work.to(change.item, paths, before.people, pull.logins)
        author = before.people.by_login(pull.author)
        hands[change.item] = tuple(sorted({*persons, *([author] if author else [])}))
    touched = {t.path for t in landing.touches if test(t.path)}
    if touched:
        persons, _ = work.to("", touched, before.people, pull.logins)
        author = before.people.by_login(pull.author)
        hands[documents.GOVERNING] = tuple(sorted({*persons, *([author] if author else [])}))
    for path in _statements(before, after):
        persons, strangers = work.to("", {prefix + path}, before.people, pull.logins)
        hands[path] = tuple(sorted(persons)) if not strangers else ()
    said = []
    for look in looks(pull, subjects, root):
        role, meaning = named_role(look.review.body)
        said.append(
            Said(
                item=look.subject.item,
                revision=look.subject.revision,
                login=look.review.login,
                stance=look.stance,
                at=look.review.submitted_at,
                files=look.content.files if look.content else (),
                role=role,
                meaning=meaning,
                record=look.record[0],
                record_digest=look.record[1],
                lifted_by=look.review.dismissed_by,
                url=look.review.url,
                problem=f"{look.review.login} is a program" if look.review.bot else look.unknown,
            )
        )
    found = Snapshot(
        recorder=recorder,
        recorded=now,
        forge=pull.forge,
        repository=pull.repository,
        number=pull.number,
        author=pull.author,
        base=base,
        head=pull.head,
        landed=landing.sha,
        title=pull.title,
        url=pull.url,
        merged_by=pull.merged_by,
        merged_at=pull.merged_at,
        contributors=hands,
        votes=tuple(said),
        statements=_statements(before, after),
        notes=pull.notes,
        replies=dict(pull.replies),
    )
    return snapshots.path_of(found), snapshots.render(found)


def _state(control: Control, commit: str) -> State:
    history = control.history
    assert history is not None
    tree = trees.of(history.root, commit, history.prefix)
    with tree.folder() as place:
        return State(tree, load(place))


def _statements(before: State, after: State) -> dict[str, str]:
    """Return the statements that came with the change: the digest of each signature, or of one without."""
    found = {}
    for path in sorted(after.tree.files.keys() - before.tree.files.keys()):
        signed = path.endswith(".txt.sig")
        bare = path.endswith(".txt") and path + ".sig" not in after.tree.files
        if path.startswith(FOLDER + "/") and (signed or bare):
            found[path] = hashlib.sha256(after.tree.read(path)).hexdigest()
    return found
