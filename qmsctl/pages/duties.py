"""What one role has to do, know, decide and approve; and the same for a person who holds several."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qmsctl import tracking
from qmsctl.config import Rule
from qmsctl.model import Due, Item, Part

if TYPE_CHECKING:
    from qmsctl.pages.view import View

DOCUMENTS = ("policy", "process", "sop", "work-instruction", "form", "external-document")
CHANGED = 5


@dataclass(frozen=True)
class Duty:
    """The steps of one process or document that a role does."""

    owner: str
    steps: list[Part]


@dataclass(frozen=True)
class Approval:
    """A statement that a role may give: its meaning, and the rule that asks for it."""

    meaning: str
    rule: str
    own: bool


def duties(view: View, roles: list[str]) -> list[Duty]:
    """Return the steps of roles, processes first, each in its order."""
    found: dict[str, dict[int, Part]] = {}
    for role in roles:
        for owner, steps in view.role_steps(role):
            found.setdefault(owner, {}).update({part.index: part for part in steps})
    order = sorted(found, key=lambda owner: (view.graph.items[owner].type != "process", owner))
    return [Duty(owner, [part for _, part in sorted(found[owner].items())]) for owner in order]


def documents(view: View, roles: list[str]) -> list[Item]:
    """Return the documents that apply to roles: where they have a step, what they use in it, what it keeps to.

    Only what is current; by type, then by id.
    """
    known: dict[Any, Any] = vars(view).setdefault("duties.documents", {})
    return tracking.repeat(known, tuple(roles), lambda: _documents(view, roles))


def _documents(view: View, roles: list[str]) -> list[Item]:
    graph = view.graph
    found: dict[str, None] = {}
    for duty in duties(view, roles):
        found[duty.owner] = None
        steps = {part.ref for part in duty.steps}
        named = [link.to for link in graph.links_from(duty.owner) if link.to and link.source_part in steps]
        found.update(dict.fromkeys(named))
    for name in list(found):
        found.update(dict.fromkeys(link.to for link in graph.links_from(name) if link.field == "policies"))
    items = [graph.items[name] for name in found if name in graph.items and graph.is_current(name)]
    return sorted((i for i in items if i.type in DOCUMENTS), key=lambda item: (DOCUMENTS.index(item.type), item.id))


def approvals(view: View, role: str) -> list[Approval]:
    """Return what a role may state on the way of a change, by the rules of this system."""
    rules = view.loaded.config.approvals
    if rules is None:
        return []
    owns = bool(view.linked(role, "owner"))
    return [found for rule in (*rules.rules, rules.strictest) for found in _approvals(rule, role, owns)]


def _approvals(rule: Rule, role: str, owns: bool) -> Iterator[Approval]:
    for need in rule.needs:
        if role in need.roles:
            yield Approval(need.meaning, rule.name, False)
        elif "owner" in need.roles and owns:
            yield Approval(need.meaning, rule.name, True)


def files(view: View) -> Iterator[tuple[str, bytes]]:
    """Yield what the front page shows to the holder of each role: what is due and what changed, as a small script."""
    from qmsctl.pages import agenda  # which asks this module what roles must know

    page = f"{view.prefix}index"
    coming = agenda.coming(view)
    due: dict[str, list[Due]] = defaultdict(list)
    for each in view.dues():
        due[each.who].append(each)
    for role in view.of_type("role"):
        mine = documents(view, [role.id])
        known = {item.id for item in mine}
        recent = sorted(
            (item for item in mine if str(item.get("effective") or "9") <= view.today),
            key=lambda item: (str(item.get("effective")), item.id),
            reverse=True,
        )
        work = {
            "title": view.title(role.id),
            "url": view.url(role.id, page),
            "due": [
                {"title": f"{d.item} {view.title(d.item)}", "url": view.url(d.item, page), "note": view.due_words(d.what), "on": d.on, "day": view.long_day(d.on)}
                for d in due[role.id][:CHANGED]
            ],
            "coming": [
                {
                    "title": f"{c.item} {view.title(c.item)} {c.revision}".strip(),
                    "url": view.url(c.item, page),
                    "note": str(view.t("from {day}", day=view.long_day(c.on))),
                }
                for c in coming
                if c.item in known
            ][:CHANGED],
            "changed": [
                {"title": f"{item.id} {view.title(item.id)}", "url": view.url(item.id, page), "note": view.state(item)}
                for item in recent[:CHANGED]
            ],
        }  # fmt: skip
        yield f"{view.prefix}assets/duties/{role.id}.js", f"qmsWork({json.dumps(work, sort_keys=True)});\n".encode()
