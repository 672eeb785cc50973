"""What signing, reviewing and recording share: whose key it is, and what exactly would be signed."""

from __future__ import annotations

from pathlib import Path

import click

from qmsctl.approvals import documents, signing, statement, timestamps
from qmsctl.approvals.content import Manifest, manifest
from qmsctl.approvals.documents import GOVERNING, State
from qmsctl.approvals.people import People
from qmsctl.commands import Trouble, Workspace, emit
from qmsctl.history import git, trees
from qmsctl.model import Item

key_option = click.option(
    "--key", type=click.Path(path_type=Path), help="Your SSH key; else Git's user.signingkey, else ~/.ssh/id_ed25519."
)
stamp_option = click.option("--time-stamp", metavar="URL", help="Let this authority stamp the signature (RFC 3161).")


def own_key(root: Path, given: Path | None) -> Path:
    """Return the file of the key to sign with. Raises Trouble."""
    named = git.setting(root, "user.signingkey")
    choices = [given] if given else [Path(named).expanduser() if named else None, Path.home() / ".ssh" / "id_ed25519"]
    for choice in choices:
        if choice is not None and choice.is_file():
            return choice
    raise Trouble(
        f"there is no key {given}" if given else "no SSH key was found to sign with",
        "name it: --key ~/.ssh/id_ed25519; make one: ssh-keygen -t ed25519",
    )


def public_of(key: Path) -> str:
    """Return the public key that belongs to a key file. Raises Trouble."""
    file = key if key.suffix == ".pub" else key.with_name(key.name + ".pub")
    try:
        return " ".join(file.read_text(encoding="utf-8").split()[:2])
    except OSError as error:
        raise Trouble(f"the public key {file} is missing", f"make it: ssh-keygen -y -f {key} > {file}") from error


def person_of(key: Path, people: People) -> str:
    """Return the person a key is enrolled for. Raises Trouble."""
    used = signing.fingerprint(public_of(key))
    found = next((k.holder for k in people.signing_keys() if signing.fingerprint(k.key) == used), "")
    if not found:
        raise Trouble(
            f"the key {used} is enrolled for nobody",
            "have it enrolled: two persons check who you are and add it to `keys` of your file under people/",
        )
    return found


def committed(workspace: Workspace, item: Item | None) -> tuple[State, Manifest, str]:
    """Return the system as committed, what would be signed, and the time zone prefix. Raises Trouble."""
    root = workspace.root
    try:
        prefix = git.prefix(root)
        whole = trees.of(root, "HEAD")
    except git.GitFault as error:
        raise Trouble(f"there is no commit to sign: {error}", "commit your work first") from error
    state = State(whole.below(prefix), workspace.loaded)
    if item is None:
        content = documents.governing_manifest(whole, documents.governs((state,), prefix))
        paths = [path.removeprefix(prefix) for path, _ in content.files] if content else []
    else:
        if item.path not in state.tree.files:
            raise Trouble(f"{item.path} is not committed", f"git add {item.path} && git commit")
        content = manifest(state.tree, item.path)
        paths = [path for path, _ in content.files]
    if content is None:
        raise Trouble("there is nothing to sign")
    changed = git.changed_since(root, "HEAD") & set(paths)
    if changed:
        raise Trouble(
            f"{', '.join(sorted(changed))} differs from what is committed",
            "commit or take back your change first: what is signed is what Git holds",
        )
    return state, content, prefix


def write(workspace: Workspace, made: statement.Statement, key: Path | None, stamp: str | None, ask: bool) -> None:
    """Show a statement, sign it, and store it. Raises Trouble."""
    try:
        text = statement.render(made)
    except statement.StatementFault as error:
        raise Trouble(str(error)) from error
    emit(text)
    if ask and not click.confirm("Sign this?" if key else "State this?", default=False):
        raise Trouble("nothing was signed")
    try:
        path = workspace.root / statement.path_of(made)
    except statement.StatementFault as error:
        raise Trouble(str(error), "correct the id or the revision of the document first") from error
    if not path.parent.resolve().is_relative_to((workspace.root / statement.FOLDER).absolute()):
        raise Trouble(f"{statement.path_of(made)} leads out of the repository", "a folder on the way is a link")
    if path.exists():
        raise Trouble(f"{statement.path_of(made)} exists already")
    files = {path: text.encode()}
    try:
        if key is not None:
            signature = signing.sign(text.encode(), key, signing.STATEMENT)
            files[path.with_name(path.name + ".sig")] = signature
            if stamp:
                files[path.with_name(path.name + ".tsr")] = timestamps.ask(signature, stamp)
    except (signing.SigningFault, timestamps.TimeStampFault) as error:
        raise Trouble(str(error)) from error
    path.parent.mkdir(parents=True, exist_ok=True)
    for file, data in files.items():
        file.write_bytes(data)
    emit(f"written: {statement.path_of(made)}")
    emit(f"add it to your branch: git add {statement.FOLDER} && git commit -m 'approvals: {made.item} {made.meaning}'")


def statement_for(
    workspace: Workspace, item: Item | None, content: Manifest, person: str, role: str, meaning: str, verdict: str = ""
) -> statement.Statement:
    """Put together what a person states about an item, or about the governing files."""
    loaded = workspace.loaded
    revision = str(item.get("revision") or "") if item else ""
    record = documents.record_of(loaded.qms.items, item.id, revision) if item and not verdict else None
    named = ""
    if record is not None:
        tree = trees.of(workspace.root, "HEAD", git.prefix(workspace.root))
        if record.path in tree.files:
            named = f"{record.id} sha256:{tree.digest(record.path)}"
    return statement.Statement(
        organisation=loaded.config.organisation,
        item=item.id if item else GOVERNING,
        title=item.title if item else "Files that govern the system",
        revision=revision,
        effective=str(item.get("effective") or "") if item else "",
        change_record=named,
        meaning=meaning,
        verdict=verdict,
        role=role,
        person=person,
        name=loaded.qms.names.get(person, person),
        time=workspace.moment(),
        manifest=content,
    )
