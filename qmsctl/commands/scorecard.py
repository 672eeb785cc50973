"""qmsctl scorecard"""

from __future__ import annotations

import json
from typing import Any

import click

from qmsctl.commands import Trouble, Workspace, as_of_option, colour, emit, format_option, pass_workspace, width
from qmsctl.commands.kpi import PAINT, governed
from qmsctl.measures import periods, scorecards, words
from qmsctl.measures.model import SIGNS
from qmsctl.measures.scorecards import Card, Line
from qmsctl.output.tables import render_table


@click.command(
    "scorecard",
    epilog="Examples:\n\n  qmsctl scorecard\n\n  qmsctl scorecard --process PRC-008 --period 2026-05\n\n  qmsctl scorecard --location westry",
)
@click.option("--process", metavar="ID", help="The KPIs of a process, with what it comes from.")
@click.option("--objective", metavar="ID", help="The KPIs of an objective and how far it is.")
@click.option("--location", metavar="ID", help="All KPIs that have values at a location.")
@click.option("--role", metavar="ID", help="The KPIs a role owns.")
@click.option("--period", metavar="PERIOD", help="As it stood at the end of a period, such as 2026-05 or 2026-Q3.")
@format_option("text", "json", "csv")
@as_of_option
@pass_workspace
def command(
    workspace: Workspace,
    process: str | None,
    objective: str | None,
    location: str | None,
    role: str | None,
    period: str | None,
    form: str,
    as_of: str | None,
) -> None:
    """Show what is on target and what is not: for the organisation, or for one part of it."""
    chosen = {"process": process, "objective": objective, "location": location, "role": role}
    named = [(kind, ref) for kind, ref in chosen.items() if ref]
    if len(named) > 1:
        raise Trouble("one scorecard at a time", "leave out all but one of --process, --objective, --location, --role")
    if period and as_of:
        raise Trouble("give either --period or --as-of")
    view = governed(workspace, as_of)
    if period:
        view.look_back_to(_day_after(period, view.today()))
    if not named:
        card = scorecards.executive(view.measures)
    else:
        kind, ref = named[0]
        found = view.ref(ref)
        if found not in view.graph.items or view.graph.items[found].type != kind:
            raise Trouble(f"{found} is no {kind}", f"all: qmsctl list {kind}")
        card = scorecards.OF[kind](view.measures, found)
    if form == "json":
        emit(json.dumps(_plain(card), ensure_ascii=False, indent=2))
    elif form == "csv":
        rows = [_row(group.title, line) for group in card.groups for line in group.lines]
        emit(
            render_table(
                rows,
                ["group", "kpi", "title", "location", "status", "value", "unit", "target", "period", "trend"],
                "csv",
            )
        )
    else:
        emit(_text(card))


def _day_after(period: str, today: str) -> str:
    try:
        span = periods.parse(period)
    except periods.PeriodFault as error:
        raise Trouble(str(error)) from error
    day = periods.shift(periods.of(span.last, "day"), 1).key
    if day > today:
        raise Trouble(f"{periods.words(span.key)} is not over on {today}", "choose an earlier period, or leave it out")
    return day


def _text(card: Card) -> str:
    paint = colour()
    bold = (lambda text: click.style(text, bold=True)) if paint else str
    rows = [bold(card.title) + f"  as of {card.today}", _counts(card)]
    room = width()
    for group in card.groups:
        rows += ["", bold(group.title) + (f"  {words.attained(group.attainment)}" if group.attainment else "")]
        rows += [_line(line, room, paint) for line in group.lines]
        if not group.lines and group.attainment is None:
            rows.append("  no KPI")
    return "\n".join(rows)


def _counts(card: Card) -> str:
    return " · ".join(f"{sign} {count} {said}" for sign, said, count in scorecards.counts(card))


def _line(line: Line, room: int, paint: bool) -> str:
    """One KPI in a line: sign, title, value, aim, course, trend; the title takes the room that is left."""
    title = f"{line.kpi} {line.title}"
    wide = max(28, room - 66)
    sign = (
        click.style(SIGNS[line.status], fg=PAINT[line.status]) if paint and PAINT[line.status] else SIGNS[line.status]
    )
    value = f"{line.value} {line.unit}" if line.number is not None else line.words
    cells = [
        f"{title if len(title) <= wide else title[: wide - 1] + '…':{wide}}",
        f"{value if len(value) <= 22 else value[:21] + '…':>22}",
        f"{line.target:16}",
        f"{line.spark[-12:]:12}",
        words.TRENDS[line.trend].split()[0] if line.trend != "unknown" else "",
    ]
    return f"  {sign} {'  '.join(cells)}".rstrip()


def _row(group: str, line: Line) -> dict[str, str]:
    return {
        "group": group,
        "kpi": line.kpi,
        "title": line.title,
        "location": line.location,
        "status": line.status,
        "value": "" if line.number is None else repr(line.number),
        "unit": line.unit,
        "target": line.target,
        "period": line.period,
        "trend": line.trend,
    }


def _plain(card: Card) -> dict[str, Any]:
    return {
        "title": card.title,
        "as_of": card.today,
        "groups": [
            {
                "title": group.title,
                "ref": group.ref,
                "status": group.status,
                "attainment": None
                if group.attainment is None
                else {
                    "reached": group.attainment.reached,
                    "due": group.attainment.due,
                    "state": group.attainment.state,
                },
                "kpis": [_row(group.title, line) for line in group.lines],
            }
            for group in card.groups
        ],
    }
