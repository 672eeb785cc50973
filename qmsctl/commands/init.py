"""qmsctl init"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import click

from qmsctl import scaffold
from qmsctl.commands import Trouble, Workspace, emit, pass_workspace


@click.command("init", epilog='Example: qmsctl init --profile micro --organisation "Miller Tools"')
@click.option(
    "--profile",
    type=click.Choice(scaffold.PROFILES),
    default="small",
    show_default=True,
    help="How much to begin with.",
)
@click.option("--organisation", metavar="NAME", help="The name of the organisation; asked for if left out.")
@click.option("--time-zone", default="UTC", show_default=True, help="Its time zone, such as Europe/Berlin.")
@click.option("--owner", "owner_name", metavar="NAME", help="The name of the person who begins; asked for if left out.")
@pass_workspace
def command(
    workspace: Workspace, profile: str, organisation: str | None, time_zone: str, owner_name: str | None
) -> None:
    """Write a small but complete management system that checks clean. Nothing is overwritten."""
    import zoneinfo

    target: Path = workspace.start
    if (target / "qms.yaml").exists():
        raise Trouble(f"{target} holds a management system already", "choose an empty folder with -C DIR")
    try:
        zone = zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise Trouble(f"`{time_zone}` is no time zone", "write one such as Europe/Berlin or America/Chicago") from error
    asks = sys.stdin.isatty()
    if organisation is None:
        organisation = (
            click.prompt("Name of the organisation", default="Our organisation") if asks else "Our organisation"
        )
    if owner_name is None:
        owner_name = click.prompt("Your name", default="First Person") if asks else "First Person"
    today = datetime.datetime.now(zone).date().isoformat()
    kept = scaffold.kept(target, profile)
    try:
        written = scaffold.init(target, str(organisation), profile, time_zone, today, str(owner_name))
    except scaffold.ScaffoldFault as error:
        raise Trouble(str(error)) from error
    for path in kept:
        emit(f"kept as it was: {path}")
    emit(f"{len(written)} files written to {target}.\n\nNext:\n  qmsctl check\n  qmsctl site serve")
