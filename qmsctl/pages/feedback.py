"""Where a reader says what is wrong, or proposes something better: on the forge, else by e-mail."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from qmsctl.model import Item

if TYPE_CHECKING:
    from qmsctl.pages.view import View

ISSUES = {"github": "/issues/new", "gitlab": "/-/issues/new", "forgejo": "/issues/new"}
FIELDS = {"github": ("title", "body"), "gitlab": ("issue[title]", "issue[description]"), "forgejo": ("title", "body")}
EDITORS = {"github": "/edit/{branch}/{path}", "gitlab": "/-/edit/{branch}/{path}", "forgejo": "/_edit/{branch}/{path}"}


def links(view: View, item: Item | None, page: str, title: str) -> list[tuple[str, str]]:
    """Return (words, address) of what a reader can do about a page; empty if no forge and no e-mail is known."""
    site = view.loaded.config.site
    where = f"{site.address}/{page}.html" if site.address else f"{page}.html"
    about = (
        " ".join(part for part in (item.id, view.title(item.id), str(item.get("revision") or "")) if part)
        if item
        else title
    )
    subject = str(view.t("Problem: {what}", what=about))
    text = "\n".join(
        [str(view.t("What is wrong, missing or unclear?")), "", "", str(view.t("Which step or place?")), "", "", where]
    )
    report, suggest = str(view.t("Report a problem")), str(view.t("Suggest a change"))
    if site.forge and site.forge_kind in ISSUES:
        names = FIELDS[site.forge_kind]
        asked = f"{site.forge}{ISSUES[site.forge_kind]}?" + urlencode({names[0]: subject, names[1]: text})
        found = [(report, asked)]
        if item is not None and not item.shipped:
            form = EDITORS[site.forge_kind].format(branch=quote(site.branch), path=quote(view.written_in(item)))
            found.append((suggest, site.forge + form))
        return found
    if site.email:
        wish = str(view.t("Suggestion: {what}", what=about))
        return [(report, _mail(site.email, subject, text)), (suggest, _mail(site.email, wish, where))]
    return []


def _mail(to: str, subject: str, text: str) -> str:
    return f"mailto:{quote(to)}?" + urlencode({"subject": subject, "body": text}, quote_via=quote)
