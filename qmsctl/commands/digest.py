"""qmsctl digest"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import click

from qmsctl.atomic import write_whole
from qmsctl.audience import Redactor
from qmsctl.commands import Trouble, Workspace, as_of_option, emit, format_option, pass_workspace
from qmsctl.commands._published import published
from qmsctl.exports import mail
from qmsctl.model import slug
from qmsctl.pages import digest
from qmsctl.pages.digest import Digest
from qmsctl.pages.view import View
from qmsctl.pages.wording import words_of

ENDINGS = {"text": "txt", "html": "html", "eml": "eml", "json": "json"}
UNITS = {"d": "days", "w": "weeks", "m": "months", "y": "years"}
PERIOD = re.compile(r"([1-9][0-9]{0,2}) ?([dwmy])(?:ays?|eeks?|onths?|ears?)?")


@click.command(
    "digest",
    epilog="Examples:\n\n  qmsctl digest --role quality-manager\n\n  qmsctl digest --format eml --out build/digest",
)
@click.option("--role", metavar="ROLE", help="Only for this role; all roles if neither is named.")
@click.option("--person", metavar="ID", help="For a person: all roles together that the person holds.")
@click.option(
    "--within", default="30 days", show_default=True, metavar="PERIOD", help="How far to look ahead, and back."
)
@click.option("--language", metavar="CODE", help="One of the languages of the system; its first one if left out.")
@click.option(
    "--audience", "audiences", multiple=True, metavar="NAME", help="Show what is meant for this audience too."
)
@click.option("--preview", is_flag=True, help="Look at the files as they lie, approved or not.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write one file for each into this folder."
)
@format_option(*ENDINGS)
@as_of_option
@pass_workspace
def command(
    workspace: Workspace,
    role: str | None,
    person: str | None,
    within: str,
    language: str | None,
    audiences: tuple[str, ...],
    preview: bool,
    out: Path | None,
    form: str,
    as_of: str | None,
) -> None:
    """Tell each owner in a few lines what is overdue, due, new, to be read and off target.

    With --out there is one file for each who has something to see to, ready to be mailed by a nightly job; a file of
    an earlier run is removed when there is nothing any more. The addresses stay with the job: see docs/calendar.md.
    """
    if role and person:
        raise Trouble("name a role or a person, not both", "a person's digest has all of their roles")
    period = _period(within)
    with contextlib.redirect_stdout(sys.stderr):  # what is computed on the way is no part of the answer
        shown = published(workspace, as_of, preview, audiences)
    loaded = shown.workspace.loaded
    chosen = language or loaded.config.languages[0]
    if chosen not in loaded.config.languages:
        raise Trouble(f"`{chosen}` is no language of this system", "languages: " + ", ".join(loaded.config.languages))
    view = View(loaded, shown.report, shown.today, shown.control, shown.performance, words_of(chosen, workspace.root))
    found = [_seen(one, shown.redact) for one in _digests(workspace, view, role, person, period)]
    if out is not None:
        _write(view, found, form, out)
        return
    if form == "json":
        emit(json.dumps([digest.as_data(one) for one in found], ensure_ascii=False, indent=2))
    elif form == "text":
        told = found if role or person else [one for one in found if one.sections]
        emit("\n".join(digest.as_text(one) for one in told) or f"Nothing is due for any role within {within}.")
    elif len(found) == 1:
        emit(_rendered(view, found[0], form).decode())
    else:
        raise Trouble(f"as {form} each digest is a file of its own", "name a role, or a folder with --out")


def _period(within: str) -> str:
    """Return a period as item types write it: "30d" is "30 days"."""
    found = PERIOD.fullmatch(within.strip())
    if found is None:
        raise Trouble(f"`{within}` is not a period", 'write a number and a unit: "30 days", 6w, 3m, 1y')
    return f"{int(found[1])} {UNITS[found[2]]}"


def _digests(workspace: Workspace, view: View, role: str | None, person: str | None, within: str) -> list[Digest]:
    if person:
        return [digest.of_person(view, _named(workspace, view, person, "person"), within)]
    roles = [_named(workspace, view, role, "role")] if role else [item.id for item in view.of_type("role")]
    return [digest.of_role(view, name, within) for name in roles]


def _seen(one: Digest, redact: Redactor) -> Digest:
    """Take out of texts what the audience may not see; the history names it too."""
    sections = tuple(
        replace(s, lines=tuple(replace(line, title=redact(line.title), note=redact(line.note)) for line in s.lines))
        for s in one.sections
    )
    return replace(one, sections=sections)


def _named(workspace: Workspace, view: View, text: str, kind: str) -> str:
    name = workspace.ref(text).split("#")[0]
    if name not in view.graph.items:
        raise Trouble(f"{name} is not in force on {view.today}", "look at it as it lies: --preview")
    if view.graph.items[name].type != kind:
        raise Trouble(f"{name} is no {kind}", f"all of them: qmsctl list {kind}")
    return name


def _write(view: View, found: list[Digest], form: str, out: Path) -> None:
    """Write the digests that say something, and remove the file of one that says nothing any more."""
    if out.is_symlink():
        raise Trouble(f"{out} is a link; what is written would go elsewhere", "name a folder")
    written = []
    for one in found:
        file = out / f"{slug(one.owner)}.{ENDINGS[form]}"
        if not one.sections:
            file.unlink(missing_ok=True)
            continue
        write_whole(file, _rendered(view, one, form))
        written.append(file)
    emit("\n".join(map(str, written)) or "There is nothing to tell; no file was written.")


def _rendered(view: View, one: Digest, form: str) -> bytes:
    if form == "json":
        return (json.dumps(digest.as_data(one), ensure_ascii=False, indent=2) + "\n").encode()
    if form == "text":
        return digest.as_text(one).encode()
    page = digest.as_html(one, view.language)
    if form == "html":
        return page.encode()
    subject = f"{view.organisation}: {one.said}"
    return mail.message(subject, digest.as_text(one), page, one.today, slug(one.owner))
