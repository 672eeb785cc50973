"""Markdown to changes: tables by row and column, everything else by words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from qmsctl.model import FieldPath
from qmsctl.redline.change import Change, Words
from qmsctl.redline.tables import Table, first, laid_out, split, told
from qmsctl.redline.words import diff, likeness, limits, pictures, references, spoken, squeezed, without_pictures

LONG = 12
"""From how many words on a value is shown as a word diff, not as before and after."""


@dataclass(frozen=True)
class Place:
    """Where a text stands: its path, and its name in the reader's words."""

    path: FieldPath
    what: str
    label: str = ""


def numbered(values: Iterable[Hashable]) -> list[tuple[Hashable, int]]:
    """Number values that occur more than once, so that each can be told apart."""
    seen: dict[Hashable, int] = {}
    found = []
    for value in values:
        seen[value] = seen.get(value, 0) + 1
        found.append((value, seen[value]))
    return found


def moved(before: Sequence[Hashable], after: Sequence[Hashable]) -> set[Hashable]:
    """Return the fewest values that must be taken elsewhere to get from one order of them to the other."""
    place = {value: index for index, value in enumerate(before)}
    ends: list[int] = []  # ends[n] is the lowest place at which an ascending run of n + 1 values can end
    at: list[Hashable] = []
    back: dict[Hashable, Hashable | None] = {}
    for value in after:
        size = bisect_left(ends, place[value])
        back[value] = at[size - 1] if size else None
        if size == len(ends):
            ends.append(place[value])
            at.append(value)
        else:
            ends[size], at[size] = place[value], value
    stays = set()
    value = at[-1] if at else None
    while value is not None:
        stays.add(value)
        value = back[value]
    return set(after) - stays


def touched(before: str, after: str) -> set[str]:
    """Return what a new wording touches besides the wording: limits, links."""
    found = set()
    if limits(before) != limits(after):
        found.add("limit")
    if references(before) != references(after):
        found.add("link")
    return found


def long_words(before: str, after: str) -> Words:
    """Return a word diff where the values are too long to be set side by side."""
    return diff(before, after) if max(len(before.split()), len(after.split())) > LONG else ()


def compare_prose(place: Place, before: str, after: str) -> list[Change]:
    """Compare two versions of a Markdown text; an empty text is none."""
    if before.strip() == after.strip():
        return []
    if not before.strip() or not after.strip():
        return [_whole(place, before.strip(), after.strip())]
    old_text, old_tables = split(before)
    new_text, new_tables = split(after)
    gone, come = pictures(old_text) - pictures(new_text), pictures(new_text) - pictures(old_text)
    found = []
    for files, kind in ((gone, "removed"), (come, "added")):
        found += [_picture(place, file, kind) for file in files]
    only = (set(gone) - set(pictures(new_text))) | (set(come) - set(pictures(old_text)))
    old_text, new_text = without_pictures(old_text, only), without_pictures(new_text, only)
    if squeezed(old_text) != squeezed(new_text) or any(sign != " " for sign, _ in diff(old_text, new_text)):
        found.append(_reworded(place, old_text, new_text))
    found += _tables(place, old_tables, new_tables)
    if not found and laid_out(before) != laid_out(after):  # the same words, cut in another way
        found.append(Change(place.path, place.what, "changed", before, after, place.label, (), frozenset({"prose"})))
    return found


def _picture(place: Place, file: str, kind: str) -> Change:
    texts = (file, "") if kind == "removed" else ("", file)
    return Change(place.path, place.what, kind, *texts, f"picture “{file}”", (), frozenset({"prose", "link"}))


def _reworded(place: Place, before: str, after: str) -> Change:
    names = frozenset({"prose"} | touched(before, after))
    one, two = spoken(before), spoken(after)
    if squeezed(one) == squeezed(two):  # the marks alone differ, so they are what there is to show
        one, two = before, after
    return Change(place.path, place.what, "changed", before, after, place.label, diff(one, two), names)


def _whole(place: Place, before: str, after: str) -> Change:
    names = {"prose", "field"} | touched(before, after)
    tables = split(before or after)[1]
    if tables:
        names.add("table")
    kind, sign = ("removed", "-") if before else ("added", "+")
    words = ((sign, spoken(before or after)),)
    return Change(place.path, place.what, kind, before, after, place.label, words, frozenset(names))


def _tables(place: Place, before: list[Table], after: list[Table]) -> list[Change]:
    """Pair tables by their heads, then those left over in order."""
    old = dict(zip(numbered(tuple(t.head) for t in before), before, strict=True))
    new = dict(zip(numbered(tuple(t.head) for t in after), after, strict=True))
    pairs: list[tuple[Table | None, Table | None]] = [(old[key], new[key]) for key in new if key in old]
    gone = [old[key] for key in old if key not in new]
    come = [new[key] for key in new if key not in old]
    while gone and come and set(gone[0].head) & set(come[0].head):
        pairs.append((gone.pop(0), come.pop(0)))
    pairs += [(table, None) for table in gone] + [(None, table) for table in come]
    found = []
    for one, two in pairs:
        if one is not None and two is not None:
            found += _table(place, one, two)
        else:
            found.append(_part(place, f'table "{first((one or two or Table([])).head)}"', one, two))
    return found


def _part(place: Place, label: str, before: Table | str | None, after: Table | str | None) -> Change:
    """Report a table, a row or a column that came or went."""
    old = before.text() if isinstance(before, Table) else before or ""
    new = after.text() if isinstance(after, Table) else after or ""
    kind, sign = ("removed", "-") if after is None else ("added", "+")
    names = frozenset({"table"} | touched(old + label if after is None else "", new + label if before is None else ""))
    words = ((sign, old or new),) if old or new else ()
    return Change(place.path, place.what, kind, old, new, label, words, names)


def _table(place: Place, before: Table, after: Table) -> list[Change]:
    """Compare two tables by the headers of their columns and the first cells of their rows."""
    found = []
    columns, gone, come = _columns(before.head, after.head)
    for old, new in columns:
        if before.head[old] != after.head[new]:
            found.append(_cell(place, f"header of column {new + 1}", before.head[old], after.head[new]))
    for old in gone:
        found.append(_part(place, f'column "{before.head[old]}"', _down(before, old), None))
    for new in come:
        found.append(_part(place, f'column "{after.head[new]}"', None, _down(after, new)))
    kept = [old for old, _ in columns], [new for _, new in columns]
    found += [_column_moved(place, after.head, index) for index in _out_of_order(*kept)]
    return found + _rows(place, before, after, columns)


def _columns(before: list[str], after: list[str]) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Pair columns by header; two that were left over at the same place are one that was renamed."""
    old = {key: index for index, key in enumerate(numbered(before))}
    new = {key: index for index, key in enumerate(numbered(after))}
    pairs = [(old[key], index) for key, index in new.items() if key in old]
    gone = [index for key, index in old.items() if key not in new]
    come = [index for key, index in new.items() if key not in old]
    renamed = set(gone) & set(come) if len(gone) == len(come) else set()
    pairs = sorted([*pairs, *((index, index) for index in renamed)], key=lambda pair: pair[1])
    return pairs, [i for i in gone if i not in renamed], [i for i in come if i not in renamed]


def _out_of_order(old: list[int], new: list[int]) -> list[int]:
    strays = moved(sorted(old), old)
    return [index for value, index in zip(old, new, strict=True) if value in strays]


def _column_moved(place: Place, head: list[str], index: int) -> Change:
    after = f'column "{head[index - 1]}"' if index else ""
    return Change(
        place.path, place.what, "moved", "", after, f'column "{head[index]}"', (), frozenset({"table", "prose"})
    )


def _rows(place: Place, before: Table, after: Table, columns: list[tuple[int, int]]) -> list[Change]:
    old = dict(zip(numbered(first(row) for row in before.rows), before.rows, strict=True))
    new = dict(zip(numbered(first(row) for row in after.rows), after.rows, strict=True))
    renamed = _renamed({k: v for k, v in old.items() if k not in new}, {k: v for k, v in new.items() if k not in old})
    strays = moved([k for k in old if k in new], [k for k in new if k in old])
    found = []
    last = ""
    for key, row in new.items():
        was = old.get(renamed.get(key, key))
        name = first(was if was is not None else row)
        if was is None:
            found.append(_part(place, f'row "{name}"', None, told(after.head, row)))
        else:
            for one, two in columns:
                header = after.head[two]
                label = f'{header} in row "{name}"' if header else f'column {two + 1} in row "{name}"'
                found += _cells_differ(place, label, _at(was, one), _at(row, two))
        if key in strays:
            behind = f'row "{last}"' if last else ""
            found.append(
                Change(place.path, place.what, "moved", "", behind, f'row "{name}"', (), frozenset({"table", "prose"}))
            )
        last = first(row)
    for key, row in old.items():
        if key not in new and key not in renamed.values():
            found.append(_part(place, f'row "{first(row)}"', told(before.head, row), None))
    return found


def _renamed(
    gone: dict[tuple[Hashable, int], list[str]], come: dict[tuple[Hashable, int], list[str]]
) -> dict[tuple[Hashable, int], tuple[Hashable, int]]:
    """Pair rows, in order, that differ in their first cell but share another."""
    found = {}
    left = list(gone)
    for key, row in come.items():
        if left and any(one and one == two for one, two in zip(gone[left[0]][1:], row[1:], strict=False)):
            found[key] = left.pop(0)
    return found


def _at(row: list[str], index: int) -> str:
    return row[index] if index < len(row) else ""


def _down(table: Table, index: int) -> str:
    return "; ".join(f"{first(row)}: {_at(row, index)}" for row in table.rows if _at(row, index))


def _cells_differ(place: Place, label: str, before: str, after: str) -> list[Change]:
    return [] if " ".join(before.split()) == " ".join(after.split()) else [_cell(place, label, before, after)]


def _cell(place: Place, label: str, before: str, after: str) -> Change:
    kind = "changed" if before and after else "added" if after else "removed"
    names = frozenset({"table"} | touched(before, after))
    if spoken(before) != spoken(after):
        before, after = spoken(before), spoken(after)
    return Change(place.path, place.what, kind, before, after, label, long_words(before, after), names)


def compare_sections(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> list[Change]:
    """Compare the sections of two bodies by their headings; one that kept its text was renamed, not replaced."""
    old = dict(zip(numbered(title.casefold() for title, _ in before), before, strict=True))
    new = dict(zip(numbered(title.casefold() for title, _ in after), after, strict=True))
    gone = [key for key in old if key not in new]
    renamed = {}
    for key in [key for key in new if key not in old]:
        like = next((k for k in gone if old[k][1] and new[key][1] and likeness(old[k][1], new[key][1]) > 0.6), None)
        if like is not None:
            gone.remove(like)
            renamed[key] = like
    pairs = [renamed.get(key, key) for key in new if key in old or key in renamed]
    strays = moved([key for key in old if key in set(pairs)], pairs)
    found = []
    last = ""
    for key, (title, text) in new.items():
        was = old.get(renamed.get(key, key))
        place = _section(title)
        if was is not None and was[0] != title:
            names = frozenset({"title"} | touched(was[0], title))
            found.append(Change(place.path, place.what, "changed", was[0], title, "heading", (), names))
        if was is None and not text:
            found.append(_empty_section(title, "added"))
        else:
            found += compare_prose(place, was[1] if was is not None else "", text)
        if renamed.get(key, key) in strays:
            behind = _section(last).what if last else ""
            found.append(Change(place.path, place.what, "moved", "", behind, "", (), frozenset({"prose"})))
        last = title
    for key in gone:
        title, text = old[key]
        found += compare_prose(_section(title), text, "") if text else [_empty_section(title, "removed")]
    return found


def _section(title: str) -> Place:
    return Place(("body", title), title or "Opening text")


def _empty_section(title: str, kind: str) -> Change:
    place = _section(title)
    text = (title, "") if kind == "removed" else ("", title)
    return Change(place.path, place.what, kind, *text, "", (), frozenset({"prose", "title"}))
