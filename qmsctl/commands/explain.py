"""qmsctl explain"""

from __future__ import annotations

import textwrap
from typing import Any

import click

from qmsctl import checks
from qmsctl.commands import Trouble, colour, emit, width


def _complete(ctx: Any, param: Any, incomplete: str) -> list[str]:
    return [name for name in checks.ids() if name.startswith(incomplete)]


@click.command("explain", epilog="Example: qmsctl explain link-target-missing")
@click.argument("check", shell_complete=_complete)
def command(check: str) -> None:
    """Explain a check: what it demands, why it matters, an example that fails, how to fix it."""
    try:
        page = checks.page(check)
    except checks.UnknownCheck as error:
        raise Trouble(str(error.args[0]), "all checks: qmsctl check --list") from error
    paint = colour()
    wrap = textwrap.TextWrapper(width=min(width(), 96)).fill
    rows = [
        click.style(page.id, bold=True) + f"  ({page.level})" if paint else f"{page.id}  ({page.level})",
        "",
        wrap(page.demand),
        "",
        wrap("Why it matters: " + page.why),
        "",
        f"An example that fails; {checks.MARK} marks what is found:",
        "",
        textwrap.indent(page.example, "    "),
        "",
        wrap("How to fix: " + page.fix),
    ]
    emit("\n".join(rows))
