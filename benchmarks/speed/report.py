"""Results as Markdown: what each way took at each size, ratios to qmsctl, what was not run and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.peers.peer import CHANGED, COLD, STEPS, WARM
from benchmarks.speed.browser import Asked
from benchmarks.speed.plan import AREAS
from benchmarks.speed.rounds import Cell

NONE = "–"


def report(facts: Mapping[str, Any], cells: Sequence[Cell], asked: Sequence[Asked], pictures: Mapping[str, str]) -> str:
    """Return the whole report; ``pictures`` are the files of the charts by area and step."""
    out = [*_head(facts)]
    for area, title in AREAS.items():
        mine = [cell for cell in cells if cell.area == area]
        if not mine:
            continue
        out += ["", f"## {title}"]
        for step in (COLD, WARM, CHANGED):
            run = [cell for cell in mine if cell.step == step and cell.seconds]
            if run:
                out += ["", *_times(area, step, run)]
                picture = pictures.get(f"{area}-{step}")
                out += ["", f"![{title}: seconds by number of items, {step}]({picture})"] if picture else []
        out += _weights(mine)
        out += _notes(mine)
        out += _not_run(mine)
    out += _browser(asked)
    return "\n".join(out) + "\n"


def _head(facts: Mapping[str, Any]) -> Iterator[str]:
    yield "# Speed beside other tools"
    yield ""
    yield f"Made on {facts['day']} by `{facts['command']}`: whole processes by the clock, medians, all tools in turns."
    yield "In brackets: how many times the time of qmsctl. These ratios count; another machine has other seconds."
    if facts.get("busy"):
        yield ""
        yield f"**The machine had other work ({facts['busy']}); these figures only show that everything runs.**"
    yield ""
    yield "| Machine and tools | |"
    yield "|---|---|"
    for name, value in {**facts["machine"], **facts["versions"]}.items():
        yield f"| {name} | {value} |"


def _times(area: str, step: str, cells: Sequence[Cell]) -> Iterator[str]:
    sizes = sorted({cell.size for cell in cells})
    yield f"| {step.capitalize()}: {STEPS[step]} | " + " | ".join(f"{size:,} items" for size in sizes) + " | growth |"
    yield "|---" * (len(sizes) + 2) + "|"
    for label in labels(cells):
        row = {cell.size: cell for cell in cells if cell.label == label}
        own = {size: ours(cells, size) for size in sizes} if area != "limits" else {}
        shown = [_time(row.get(size), own.get(size)) for size in sizes]
        yield f"| {label} | " + " | ".join(shown) + f" | {growth(list(row.values()))} |"


def labels(cells: Sequence[Cell]) -> list[str]:
    """The ways in the order they were given, each once."""
    return list(dict.fromkeys(cell.label for cell in cells))


def ours(cells: Sequence[Cell], size: int) -> Cell | None:
    """The first way of ours that was measured at a size: what the others are compared with."""
    return next((c for c in cells if c.size == size and c.seconds and c.label.startswith("qmsctl")), None)


def growth(cells: Sequence[Cell]) -> str:
    """How many times longer the largest size took than the one before, beside how many times larger it is."""
    known = sorted((cell.size, cell.median) for cell in cells if cell.seconds)
    if len(known) < 2:
        return NONE
    (small, less), (large, more) = known[-2:]
    return f"{large / small:.3g} × items, {more / less:.2g} × time"


def seconds(value: float) -> str:
    """A time as people read it."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 120 else f"{value / 60:.1f} min"


def _time(cell: Cell | None, own: Cell | None) -> str:
    if cell is None:
        return NONE
    said = seconds(cell.median)
    if own is None or own is cell:
        return f"**{said}**" if own is cell else said
    return f"{said} ({cell.median / own.median:.2g} ×)"


def _weights(cells: Sequence[Cell]) -> Iterator[str]:
    """Peak memory, and what was written, of cold runs at the largest size of each way."""
    cold = [cell for cell in cells if cell.step == COLD and cell.seconds]
    if not cold:
        return
    yield ""
    yield "| Cold, largest size that was run | items | rounds | processor | peak memory | output | files |"
    yield "|---|---|---|---|---|---|---|"
    for label in labels(cold):
        cell = max((one for one in cold if one.label == label), key=lambda one: one.size)
        processor = sorted(cell.processor)[len(cell.processor) // 2]
        made = f"{size_of(cell.bytes)} | {cell.files:,}" if cell.files else f"{NONE} | {NONE}"
        yield f"| {label} | {cell.size:,} | {len(cell.seconds)} | {seconds(processor)} | {size_of(max(cell.memory))} | {made} |"


def size_of(count: int) -> str:
    """A number of bytes as people read it."""
    for unit, divisor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= divisor:
            return f"{count / divisor:,.3g} {unit}" if count < 100 * divisor else f"{count / divisor:,.0f} {unit}"
    return f"{count} B"


def _notes(cells: Sequence[Cell]) -> Iterator[str]:
    notes = {cell.label: cell.note for cell in cells if cell.note}
    if notes:
        yield ""
        yield from (f"* {label}: {note}." for label, note in notes.items())


def _not_run(cells: Sequence[Cell]) -> Iterator[str]:
    missing: dict[tuple[str, str], list[int]] = {}
    for cell in cells:
        if cell.why:
            sizes = missing.setdefault((cell.label, cell.why), [])
            if cell.size not in sizes:
                sizes.append(cell.size)
    if missing:
        yield ""
        yield "Not run, or not to the end:"
        yield ""
    for (label, why), sizes in missing.items():
        yield f"* {label}, {' and '.join(f'{size:,}' for size in sizes)} items: {why}."


def _browser(asked: Sequence[Asked]) -> Iterator[str]:
    if not asked:
        return
    yield ""
    yield "## In the browser"
    yield ""
    yield "| Chromium, nothing kept | items | first page | requests | with the first hit | first hit after | longest hold-up |"
    yield "|---|---|---|---|---|---|---|"
    for one in asked:
        if not one.why:
            yield f"| {one.label} | {one.size:,} | {size_of(one.first)} | {one.requests} | {size_of(one.first + one.hit)} | {seconds(one.seconds)} | {seconds(one.held) if one.held else NONE} |"
    failed = [one for one in asked if one.why]
    if failed:
        yield ""
        yield from (f"* {one.label}, {one.size:,} items: not measured, {one.why}." for one in failed)
