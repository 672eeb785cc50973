"""Makes three years of operational data for the reference system: about one million rows, always the same.

    python scripts/reference_data.py build/data [--rows-scale 1.0]

The numbers are invented, but agree with what the documents of the reference system say of 2024, 2025 and 2026. What
happened stands in three places: `EVENTS` (what went wrong, and when), `LEVELS` (what was usual, and how it changed)
and the counts by quarter further down (where there are so few that chance would tell another story). Each table draws
from a generator of its own: a change to one leaves the others as they are.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import shutil
import sqlite3
import sys
import tempfile
import zoneinfo
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

# --- what happened --------------------------------------------------------------------------------

FIRST, LAST = date(2023, 11, 1), date(2026, 11, 15)
"""The first and the last day with data; the reference system stands still on the day after."""

ZONE = zoneinfo.ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Event:
    """Something out of the ordinary between two days, both included; ``who`` is the plant or supplier it came from."""

    first: str
    last: str
    who: str
    what: str


EVENTS = {
    "mill-stop": Event("2024-05-06", "2024-06-21", "Stahlwerk Döbritz", "The only mill for one spool steel stands."),
    "supplier-crisis": Event("2025-03-03", "2025-06-30", "Kaltwell Steel", "Bars come late and with inclusions."),
    "furnace": Event("2026-05-01", "2026-05-31", "westry", "Long shafts distort in furnace VF-2."),
    "camera-check": Event("2026-06-24", "2026-11-15", "aldern", "A camera checks cross holes; fewer burrs get out."),
    # The last silent working day is Friday, 17 July. The weekend belongs to it, so that two whole weeks are empty.
    "outage": Event("2026-07-06", "2026-07-19", "westry", "The MES of Westry delivers nothing."),
    "mixed-bars": Event(
        "2026-09-09", "2026-10-31", "Edelstahl Morav", "Bundles with mixed bars are sorted and sent back."
    ),
}

# How strongly the events are felt.
CRISIS_REJECTS = 0.037  # share of the supplier's pieces that are rejected
CRISIS_ON_TIME = 0.15  # share of the supplier's deliveries that still come in time
CRISIS_LAG_WEEKS = 5  # so long the bar store hides the shortage from our own customers
CRISIS_DATES = 17.0  # points that promised days lose at Aldern
CRISIS_WEEKS = 15.0  # points that planned weeks lose at Aldern
CRISIS_SCRAP = 2.4  # points of scrap and rework for material, at Aldern
MILL_STOP_ON_TIME = 0.05
FURNACE_SCRAP = 64.0  # points of scrap and rework on shafts that went through VF-2
FURNACE_LOTS = 0.80  # share of otherwise good lots of shafts that are held at Westry
MIXED_REJECTS = 0.0095

# fmt: off
LEVELS: Mapping[str, Sequence[tuple[str, float]]] = {
    # What was usual, without the events. Straight lines between the days.
    "returned ppm": [("2023-11-01", 900), ("2024-12-31", 850), ("2025-12-31", 775), ("2026-06-01", 690), ("2026-08-01", 575), ("2026-11-15", 535)],
    "on the promised day": [("2023-11-01", 81.6), ("2024-09-30", 82.0), ("2025-01-31", 89.0), ("2025-08-01", 92.0), ("2026-01-31", 92.4), ("2026-09-01", 94.3), ("2026-11-15", 94.6)],
    "days to confirm": [("2023-11-01", 3.15), ("2024-12-31", 2.95), ("2025-12-31", 2.55), ("2026-11-15", 2.2)],
    "won by value": [("2023-11-01", 0.275), ("2025-12-31", 0.295), ("2026-11-15", 0.295)],
    "first articles": [("2023-11-01", 64), ("2024-12-31", 68), ("2025-12-31", 72.5), ("2026-06-30", 73.5), ("2026-11-15", 69)],
    "days to first article": [("2023-11-01", 44.5), ("2024-12-31", 43.0), ("2025-12-31", 41.0), ("2026-11-15", 38.5)],
    "in the planned week": [("2023-11-01", 78.0), ("2024-09-30", 78.8), ("2025-01-31", 82.5), ("2025-12-31", 85.0), ("2026-11-15", 88.0)],
    "supplier ppm": [("2023-11-01", 960), ("2024-12-31", 880), ("2025-12-31", 790), ("2026-11-15", 730)],
    "supplier on time": [("2023-11-01", 93.0), ("2024-12-31", 93.4), ("2026-11-15", 94.6)],
    "scrap and rework": [("2023-11-01", 4.70), ("2024-08-10", 4.72), ("2024-10-05", 3.42), ("2025-02-28", 3.55), ("2025-12-31", 3.52), ("2026-08-01", 3.05), ("2026-11-15", 2.97)],
    "lots at once": [("2023-11-01", 95.4), ("2024-12-31", 96.1), ("2025-12-31", 96.6), ("2026-11-15", 97.0)],
    "effectiveness": [("2023-11-01", 66.4), ("2024-12-31", 67.4), ("2025-12-31", 68.7), ("2026-11-15", 70.8)],
    "faults": [("2023-11-01", 5.7), ("2024-12-31", 5.4), ("2025-12-31", 5.0), ("2026-11-15", 4.5)],
    "energy": [("2023-11-01", 15.7), ("2024-12-31", 15.1), ("2025-12-31", 14.4), ("2026-05-31", 13.85), ("2026-11-15", 13.25)],
    "shipping errors": [("2023-11-01", 4.7), ("2024-12-31", 4.2), ("2025-12-31", 3.3), ("2026-03-31", 2.4), ("2026-11-15", 2.2)],
    "days to answer": [("2023-11-01", 16.0), ("2024-12-31", 14.6), ("2025-12-31", 12.6), ("2026-11-15", 10.6)],
    "gauges in time": [("2023-11-01", 98.6), ("2024-12-31", 98.8), ("2026-11-15", 99.3)],
    "satisfaction": [("2023-11-01", 80.2), ("2024-12-31", 81.2), ("2025-12-31", 82.4), ("2026-11-15", 84.0)],
    "cost of goods": [("2023-11-01", 1.76e6), ("2025-12-31", 1.83e6), ("2026-11-15", 1.86e6)],
    "stock": [("2023-11-01", 3.82e6), ("2024-12-31", 3.80e6), ("2026-11-15", 3.80e6)],
}
# fmt: on

# Counts by quarter, from the one in which the data begins. Chance would bend figures as small as these.
QUARTERS = ["2023-Q4", *(f"{year}-Q{n}" for year in (2024, 2025, 2026) for n in (1, 2, 3, 4))]
FAULTS_AFTER_RELEASE = [6, 9, 11, 8, 8, 5, 6, 5, 4, 4, 2, 3, 1]
ACTIONS_WORKED = [(9, 14), (14, 21), (15, 22), (13, 20), (15, 21), (16, 22), (15, 21), (16, 22), (17, 22), (18, 22), (19, 23), (20, 24), (9, 11)]  # fmt: skip
RISK_ACTIONS_IN_TIME = [(8, 11), (11, 14), (13, 16), (12, 15), (13, 15), (13, 16), (12, 15), (14, 16), (15, 17), (14, 16), (15, 17), (15, 17), (6, 7)]  # fmt: skip
REVIEWS_IN_TIME = [(13, 14), (22, 24), (21, 22), (24, 25), (25, 26), (27, 28), (24, 25), (29, 29), (30, 31), (33, 34), (29, 29), (35, 36), (12, 12)]  # fmt: skip
OFF_COURSE = {  # objectives with less than nine tenths of the progress that was due
    "2024-Q1": (1, 3, 4, 6), "2024-Q2": (1, 3, 4, 8), "2024-Q3": (3, 4, 8), "2024-Q4": (3, 4, 6),
    "2025-Q1": (1, 4, 6), "2025-Q2": (1, 3, 5, 8), "2025-Q3": (1, 4, 5, 8), "2025-Q4": (1, 4, 6),
    "2026-Q1": (4, 6), "2026-Q2": (4, 5, 6), "2026-Q3": (4, 6),
}  # fmt: skip
LEAVERS = {  # people who left by their own wish, by month
    2023: [0] * 10 + [2, 1],
    2024: [1, 2, 1, 1, 2, 1, 2, 1, 2, 1, 1, 1],
    2025: [1, 1, 2, 1, 1, 1, 1, 2, 1, 1, 1, 1],
    2026: [1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1],
}
LATE_AUDITS = ("2024-05",)
STATIONS_WITH_THREE = [5, 6, 5, 6, 5, 6, 7, 6, 7, 7, 8, 8]
"""Critical stations, of twelve, with three qualified people, at the end of each quarter from 2023-Q4."""

# --- the company ----------------------------------------------------------------------------------

PLANTS = ("aldern", "westry")
SHIFTS = ("early", "late", "night")
WESTRY = 0.35
"""Share of Westry in deliveries, orders and lots."""

FAMILIES = ("spools", "sleeves", "shafts", "housings", "cartridges", "surgical shafts")
FAMILY_SHARE = np.array([0.29, 0.23, 0.17, 0.18, 0.08, 0.05])
FAMILY_PRICE = np.array([8.4, 7.2, 11.5, 8.0, 21.0, 26.0])
FAMILY_RETURNS = np.array([1.55, 1.2, 1.3, 0.40, 0.45, 0.25])
FAMILY_CODES = ("SP", "SL", "SH", "HO", "CA", "SU")

CUSTOMERS: Mapping[str, tuple[str, float]] = {  # kind, share of sales in percent: five give us half of our orders
    "Harrow Hydraulics": ("hydraulics", 18.0),
    "Brünhal Hydraulik": ("hydraulics", 10.0),
    "Talvik Valves": ("hydraulics", 8.5),
    "Osterby Drives": ("automation", 7.5),
    "Mécanique Vaudor": ("automation", 6.0),
    "Penhale Fluid Power": ("hydraulics", 5.5),
    "Rössing Ventile": ("hydraulics", 5.0),
    "Carrick Automation": ("automation", 5.0),
    "Sollberg Robotik": ("automation", 4.5),
    "Winsley Instruments": ("surgical", 4.5),
    "Arvenne Chirurgie": ("surgical", 4.0),
    "Dunmore Pumps": ("hydraulics", 4.0),
    "Nordal Hydraulikk": ("hydraulics", 3.5),
    "Quillan Systems": ("automation", 3.5),
    "Färberwerk Steuerungen": ("automation", 3.0),
    "Ellery Surgical": ("surgical", 3.0),
    "Maddox Motion": ("automation", 2.5),
    "Tresco Hydraulic Tools": ("hydraulics", 2.0),
}
FAMILY_KIND = ("hydraulics", "hydraulics", "automation", "automation", "hydraulics", "surgical")


@dataclass(frozen=True, slots=True)
class Supplier:
    """A mill, merchant or treatment house with its share of receipts and its usual lot."""

    name: str
    material: str
    unit: str
    share: float
    lot: int


SUPPLIERS = (
    Supplier("Kaltwell Steel", "free-cutting steel bar", "metre", 0.15, 320),
    Supplier("Edelstahl Morav", "stainless bar", "metre", 0.14, 260),
    Supplier("Stahlwerk Döbritz", "spool steel bar", "metre", 0.07, 300),
    Supplier("Aston Vale Metals", "case-hardening steel bar", "metre", 0.11, 320),
    Supplier("Brightwater Tube", "precision tube", "metre", 0.08, 280),
    Supplier("Ferrisdale Merchants", "mixed bar", "metre", 0.09, 180),
    Supplier("Lund & Vik", "aluminium bar", "metre", 0.06, 240),
    Supplier("Corran Blanks", "shaft blanks", "piece", 0.08, 600),
    Supplier("Pellworm Castings", "housing blanks", "piece", 0.05, 400),
    Supplier("Nitrex House Ravel", "nitriding", "piece", 0.07, 500),
    Supplier("Greyford Coatings", "coating", "piece", 0.04, 450),
    Supplier("Silvan Plating", "plating", "piece", 0.03, 450),
    Supplier("Härterei Lohe", "induction hardening", "piece", 0.03, 380),
)

MACHINES: Mapping[str, tuple[str, str, Sequence[float]]] = {  # plant, group, which families go over it
    **{f"L{n}": ("aldern", "lathe", (0.32, 0.26, 0.20, 0.09, 0.08, 0.05)) for n in range(1, 13)},
    **{f"M{n}": ("aldern", "mill", (0.05, 0.05, 0.10, 0.60, 0.17, 0.03)) for n in range(1, 9)},
    **{f"G{n}": ("aldern", "grinder", (0.55, 0.05, 0.30, 0.00, 0.03, 0.07)) for n in range(1, 5)},
    **{f"H{n}": ("westry", "honing", (0.00, 0.56, 0.00, 0.28, 0.09, 0.07)) for n in range(1, 4)},
    "VF-1": ("westry", "furnace", (0.50, 0.25, 0.10, 0.00, 0.05, 0.10)),
    "VF-2": ("westry", "furnace", (0.22, 0.10, 0.60, 0.00, 0.03, 0.05)),
    "UC-1": ("westry", "cleaning", (0.29, 0.23, 0.17, 0.18, 0.08, 0.05)),
}
CAUSES = ("set-up", "dimension", "burr", "distortion", "surface", "handling", "material")
CAUSE_SHARE = {
    "aldern": np.array([0.29, 0.32, 0.17, 0.00, 0.10, 0.07, 0.05]),
    "westry": np.array([0.20, 0.30, 0.08, 0.12, 0.16, 0.10, 0.04]),
}
INSPECTORS = {"aldern": ("p-007", "p-008", "p-009"), "westry": ("p-009", "p-010")}

DEFECTS = ("burr", "dimension", "surface", "residue", "mixed parts", "hardness")
DEFECTS_RETURNED = {
    "usual": (0.36, 0.27, 0.14, 0.10, 0.06, 0.07),
    "checked": (0.17, 0.36, 0.18, 0.13, 0.07, 0.09),  # since the camera check
}
PARTS_CONFIRMED = 2.2
"""Defective parts in a parcel that comes back, on average."""

# By group of machines, in the order of GROUPS: cost of an operation in EUR a part, and how many times that sum is lost
# with a scrapped part, which carries the value of the operations before.
OPERATION_COST = (1.25, 1.66, 1.47, 1.94, 2.13, 0.52)
VALUE_ADDED = (2.2, 2.5, 5.0, 5.0, 4.0, 14.0)
SCRAP_SHARE = 0.72
"""Share of scrap in the cost of scrap and rework."""
REWORKED = 0.08
"""Share of operations with rework."""

CRITICAL_STATIONS = (  # the first so many of them have three qualified people
    ("aldern", "L1 to L8"), ("westry", "UC-1"), ("aldern", "M1 to M4"), ("aldern", "Final inspection"),
    ("westry", "Final inspection"), ("westry", "VF-1"), ("aldern", "L9 to L12"), ("aldern", "Gauge laboratory"),
    ("westry", "H1 to H3"), ("westry", "VF-2"), ("aldern", "G1 and G2"), ("aldern", "G3 and G4"),
)  # fmt: skip
OTHER_STATIONS = (("aldern", "Packing"), ("aldern", "Bar store"), ("westry", "Assembly"), ("westry", "Clean packing"))

# --- time -----------------------------------------------------------------------------------------


def day64(day: str | date) -> np.datetime64:
    """Return a day as numpy has it."""
    return np.datetime64(day, "D")


def _closed() -> Array:
    """Return the days from 24 December to 1 January of all years concerned: nobody works."""
    spans = [np.arange(day64(f"{y}-12-24"), day64(f"{y + 1}-01-02")) for y in range(2022, 2028)]
    return np.concatenate(spans)


CLOSED = _closed()
DAYS = np.arange(day64(FIRST), day64(LAST) + 1)
WORKDAYS = DAYS[np.is_busday(DAYS, holidays=CLOSED)]
_WEEKDAY = (DAYS.astype("int64") + 3) % 7
SATURDAYS = DAYS[(_WEEKDAY == 5) & ~np.isin(DAYS, CLOSED)][3::6]
"""Every sixth Saturday has an early shift."""

MONTHS = np.arange(np.datetime64("2023-11", "M"), np.datetime64("2026-12", "M"))


def week_of(days: Array) -> Array:
    """Return the number of the ISO week, counted from the week of the first day."""
    return (days.astype("int64") + 3) // 7 - (int(DAYS[0].astype("int64")) + 3) // 7


def month_of(days: Array) -> Array:
    """Return the number of the month, counted from the month of the first day."""
    months: Array = (days.astype("datetime64[M]") - MONTHS[0]).astype("int64")
    return months


def add_workdays(days: Array, count: Array | int) -> Array:
    """Return the days so many working days later, or earlier."""
    return np.busday_offset(days, count, roll="forward", holidays=CLOSED)


def level(name: str, days: Array) -> Floats:
    """Return what was usual on the days."""
    points = LEVELS[name]
    at = [int(day64(day).astype("int64")) for day, _ in points]
    values: Floats = np.interp(days.astype("int64"), at, [value for _, value in points])
    return values


def during(name: str, days: Array) -> Array:
    """Tell for each day whether an event was going on."""
    event = EVENTS[name]
    return (days >= day64(event.first)) & (days <= day64(event.last))


def felt(name: str, days: Array, lag_weeks: int) -> Array:
    """Return how much of an event is felt, 0 to 1: it comes some weeks late, in three weeks, and goes in four."""
    event, lag = EVENTS[name], np.timedelta64(7 * lag_weeks, "D")
    start, end = (int((day64(d) + lag).astype("int64")) for d in (event.first, event.last))
    share: Floats = np.interp(days.astype("int64"), [start, start + 21, end - 28, end], [0.0, 1.0, 1.0, 0.0])
    return share


def utc(days: Array, minutes: Array) -> pa.Array:
    """Return moments, given as local days and minutes from midnight, which may go beyond 24 hours."""
    unique, back = np.unique(days, return_inverse=True)
    # Clocks change on Sundays, when nobody works, so the offset at noon holds for the whole day.
    noon = [datetime.combine(d, time(12), ZONE) for d in unique.astype(object)]
    offsets = np.array([(moment.utcoffset() or timedelta()).total_seconds() for moment in noon]).astype("int64")
    seconds = days.astype("int64") * 86400 + minutes.astype("int64") * 60 - offsets[back]
    return pa.array(seconds * 1_000_000, type=pa.int64()).cast(pa.timestamp("us", tz="UTC"))


MIDDLES = MONTHS.astype("datetime64[D]") + 14
"""A day in the middle of each month."""


def month_ends(complete: bool = True) -> Array:
    """Return the last day of each month, of those that have ended unless ``complete`` is false."""
    ends = (MONTHS + 1).astype("datetime64[D]") - 1
    return ends[ends <= DAYS[-1]] if complete else ends


def some_day(rng: np.random.Generator, month: Array) -> Array:
    """Return a working day of each month; months are numbers, as by `month_of`."""
    starts = np.searchsorted(month_of(WORKDAYS), np.arange(len(MONTHS) + 1))
    lengths = np.diff(starts)[month]
    days: Array = WORKDAYS[starts[month] + (rng.random(len(month)) * lengths).astype("int64")]
    return days


def some_day_of_quarter(rng: np.random.Generator, quarter: str, count: int) -> Array:
    """Return so many working days of a quarter such as 2026-Q3, in order."""
    number = WORKDAYS.astype("datetime64[M]").astype("int64") // 3
    inside = WORKDAYS[number == (int(quarter[:4]) - 1970) * 4 + int(quarter[-1]) - 1]
    return np.sort(rng.choice(inside, count))


def _last_day(quarter: str) -> date:
    year, month = int(quarter[:4]), int(quarter[-1]) * 3
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


# --- columns --------------------------------------------------------------------------------------


def generator(table: str) -> np.random.Generator:
    """Return the generator of a table; its seed is made of the name."""
    seed = int.from_bytes(hashlib.sha256(table.encode()).digest()[:8], "big")
    return np.random.Generator(np.random.PCG64(seed))


def texts(index: Array, names: Sequence[str], empty: Array | None = None) -> pa.Array:
    """Return a column of texts by their number in a list."""
    indices = pa.array(index.astype("int32"), mask=empty)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(names), pa.string())).cast(pa.string())


def numbered(prefix: str, count: int) -> pa.Array:
    """Return a column of running numbers such as D-0000001."""
    return pa.array([f"{prefix}-{n:07d}" for n in range(1, count + 1)])


def decimals(hundredths: Array, digits: int = 12) -> pa.Array:
    """Return a column of decimals with two places, made from whole hundredths, so that nothing is rounded twice."""
    words = np.empty((len(hundredths), 2), dtype="<i8")
    words[:, 0] = np.rint(hundredths).astype("int64")
    words[:, 1] = words[:, 0] >> 63
    return pa.Array.from_buffers(pa.decimal128(digits, 2), len(words), [None, pa.py_buffer(words.tobytes())])


def dates(days: Array, empty: Array | None = None) -> pa.Array:
    """Return a column of days."""
    return pa.array(days.astype("datetime64[D]").astype("int32"), type=pa.int32(), mask=empty).cast(pa.date32())


def whole(values: Array, empty: Array | None = None) -> pa.Array:
    """Return a column of whole numbers."""
    return pa.array(np.asarray(values).astype("int32"), mask=empty)


def unrest(rng: np.random.Generator, size: int | tuple[int, int], spread: float) -> Array:
    """Return what differs from period to period without a cause worth naming; never more than two spreads."""
    return np.clip(rng.standard_normal(size), -2, 2) * spread


def pick(rng: np.random.Generator, weights: Array, count: int) -> Array:
    """Return numbers drawn by weight."""
    edges = np.cumsum(weights / weights.sum())
    return np.minimum(np.searchsorted(edges, rng.random(count), side="right"), len(weights) - 1)


def pick_each(rng: np.random.Generator, rows: Array, weights: Sequence[Array]) -> Array:
    """Return numbers drawn by the weights that belong to each row."""
    found = np.empty(len(rows), dtype="int64")
    for kind, mine in enumerate(weights):
        at = np.flatnonzero(rows == kind)
        found[at] = pick(rng, np.asarray(mine, dtype=float), len(at))
    return found


def even(rng: np.random.Generator, count: int) -> Array:
    """Return numbers between 0 and 1 of which each twenty in a row are spread evenly.

    Where a figure rests on few rows, plain chance would move it more than people at such a process see it move.
    """
    blocks = rng.permuted(np.tile(np.arange(20), (count // 20 + 1, 1)), axis=1).ravel()[:count]
    return (blocks + rng.random(count)) / 20


def spread_over(rng: np.random.Generator, days: Array, count: int, variation: float = 0.05) -> Array:
    """Return so many days in order, with busier and calmer ones, and the work of the year in it."""
    month = days.astype("datetime64[M]").astype("int64") % 12
    season = np.array([1.02, 1.03, 1.04, 1.01, 1.0, 1.01, 0.96, 0.90, 1.03, 1.04, 1.02, 0.92])[month]
    growth = np.linspace(0.97, 1.03, len(days))
    weights = season * growth * (1 + unrest(rng, len(days), variation))
    found: Array = days[np.sort(pick(rng, weights, count))]
    return found


def about(rng: np.random.Generator, expected: Array) -> Array:
    """Return counts near what is expected; each differs by a fifth or so, less than plain chance would have it."""
    wanted = expected * (1 + np.clip(rng.standard_normal(expected.shape), -2, 2) * 0.2)
    return np.floor(wanted + rng.random(expected.shape)).astype("int64")


def customers_of(rng: np.random.Generator, family: Array) -> Array:
    """Return a customer for each family, by share of sales among those who buy such parts."""
    shares = [np.array([s if kind == k else 0.0 for k, s in CUSTOMERS.values()]) for kind in FAMILY_KIND]
    return pick_each(rng, family, shares)


def plants_of(rng: np.random.Generator, count: int, share: float = WESTRY) -> Array:
    """Return the number of a plant for each row."""
    return (rng.random(count) < share).astype("int64")


# --- tables ---------------------------------------------------------------------------------------

Tables = Iterator[tuple[str, pa.Table]]


@dataclass(frozen=True, slots=True)
class Shipped:
    """What left the plants, which returns and complaints are measured by: by month, plant and family."""

    parts: Array
    deliveries: Array


def deliveries(scale: float) -> tuple[pa.Table, Shipped]:
    """Return the deliveries of the ERP, and what was shipped."""
    rng = generator("deliveries")
    n = int(120_000 * scale)
    day = spread_over(rng, WORKDAYS, n)
    plant = plants_of(rng, n)
    family = pick(rng, FAMILY_SHARE, n)
    size = rng.gamma(2.2, 1 / 2.2, n) * np.array([100, 100, 70, 90, 45, 40])[family]
    parts = np.maximum(np.rint(size), 2).astype("int64")
    value = np.rint(parts * FAMILY_PRICE[family] * (1 + unrest(rng, n, 0.12)) * 100)
    weekly = unrest(rng, (2, 160), 1.1)[plant, week_of(day)]
    offset = np.array([-0.6, 1.1])[plant]
    chance = level("on the promised day", day) + offset + weekly
    chance -= np.where(plant == 0, CRISIS_DATES, 1.5) * felt("supplier-crisis", day, CRISIS_LAG_WEEKS)
    kept = rng.random(n) * 100 < chance
    within = -pick(rng, np.array([0.62, 0.26, 0.12]), n)
    outside = np.where(rng.random(n) < 0.88, rng.geometric(0.38, n), -2 - rng.geometric(0.6, n))
    days_late = np.where(kept, within, outside)
    table = pa.table(
        {
            "delivery": numbered("D", n),
            "plant": texts(plant, PLANTS),
            "customer": texts(customers_of(rng, family), list(CUSTOMERS)),
            "family": texts(family, FAMILIES),
            "part_no": _part_numbers(rng, family),
            "parts": whole(parts),
            "value_eur": decimals(value),
            "promised": dates(add_workdays(day, -days_late)),
            "handed_over": utc(day, rng.integers(7 * 60, 17 * 60, n)),
            "days_late": whole(days_late),
        }
    )
    cells = np.ravel_multi_index((month_of(day), plant, family), (len(MONTHS), 2, len(FAMILIES)))
    shape = (len(MONTHS), 2, len(FAMILIES))
    counted = [np.bincount(cells, weights, minlength=int(np.prod(shape))).reshape(shape) for weights in (parts, None)]
    return table, Shipped(counted[0], counted[1])


def _part_numbers(rng: np.random.Generator, family: Array) -> pa.Array:
    names = [f"{code}-{4000 + 7 * n}" for code in FAMILY_CODES for n in range(40)]
    return texts(family * 40 + np.minimum((rng.random(len(family)) ** 1.6 * 40).astype("int64"), 39), names)


def returns(shipped: Shipped) -> pa.Table:
    """Return the returns of the CAQ: so many confirmed parts for those shipped in the month, in small parcels."""
    rng = generator("returns")
    rate = level("returned ppm", MIDDLES) * (1 + unrest(rng, len(MONTHS), 0.03))
    usual = shipped.parts.sum(axis=(0, 1))
    family_rate = FAMILY_RETURNS * usual.sum() / (FAMILY_RETURNS * usual).sum()
    expected = shipped.parts * rate[:, None, None] / 1e6 * family_rate * np.array([1.03, 0.945])[:, None]
    parcels = about(rng, expected / PARTS_CONFIRMED)
    month, plant, family = (np.repeat(i, parcels.ravel()) for i in np.indices(parcels.shape).reshape(3, -1))
    # Every sixth parcel holds nothing that we find defective.
    found_nothing = np.arange(len(month) * 6 // 5) >= len(month)
    again = np.concatenate([np.arange(len(month)), rng.integers(0, len(month), int(found_nothing.sum()))])
    month, plant, family = month[again], plant[again], family[again]
    n = len(month)
    confirmed = np.where(found_nothing, 0, 1 + rng.poisson(PARTS_CONFIRMED - 1, n))
    extra = np.where(found_nothing, rng.geometric(0.3, n), rng.binomial(3, 0.2, n))
    day = some_day(rng, month)
    checked = during("camera-check", day)
    usual_share, checked_share = (np.array(DEFECTS_RETURNED[name]) for name in ("usual", "checked"))
    defect = np.where(checked, pick(rng, checked_share, n), pick(rng, usual_share, n))
    customer = customers_of(rng, family)
    order = np.argsort(day, kind="stable")
    return pa.table(
        {
            "return_no": numbered("R", n),
            "received": dates(day[order]),
            "plant": texts(plant[order], PLANTS),
            "customer": texts(customer[order], list(CUSTOMERS)),
            "family": texts(family[order], FAMILIES),
            "defect": texts(defect[order], DEFECTS),
            "parts_returned": whole((confirmed + extra)[order]),
            "parts_confirmed": whole(confirmed[order]),
        }
    )


def complaints(shipped: Shipped) -> pa.Table:
    """Return the complaints of the CAQ: about parts, about shipping and papers, and about dates."""
    rng = generator("complaints")
    by_plant = shipped.deliveries.sum(axis=2)
    errors = level("shipping errors", MIDDLES)[:, None] / 1000 * by_plant
    about_parts = level("returned ppm", MIDDLES)[:, None] / 820 * 0.0068 * by_plant
    about_dates = (100 - level("on the promised day", MIDDLES))[:, None] / 100 * 0.022 * by_plant
    expected = np.stack([about_parts, 0.7 * errors, 0.3 * errors, about_dates], axis=2)
    counts = about(rng, expected)
    month, plant, kind = (np.repeat(i, counts.ravel()) for i in np.indices(counts.shape).reshape(3, -1))
    day = some_day(rng, month)
    order = np.lexsort((kind, plant, day))
    day, plant, kind = day[order], plant[order], kind[order]
    n = len(day)
    family = pick(rng, FAMILY_SHARE * FAMILY_RETURNS, n)
    pace = np.array([1.3, 0.75, 0.7, 0.65])[kind] * (1 + unrest(rng, len(MONTHS), 0.04))[month_of(day)]
    took = np.maximum(np.rint(level("days to answer", day) * pace * rng.gamma(7, 1 / 7, n)), 1).astype("int64")
    answered = add_workdays(day, took)
    # Answers are entered since December 2023. Those given earlier would all be quick ones, for older complaints lack.
    answered = np.maximum(answered, day64("2023-12-01"))
    took = np.busday_count(day, answered, holidays=CLOSED)
    still_open = answered > DAYS[-1]
    product = kind == 0
    return pa.table(
        {
            "complaint": numbered("C", n),
            "received": dates(day),
            "answered": dates(answered, still_open),
            "working_days": whole(took, still_open),
            "kind": texts(kind, ("product", "shipping", "paper", "date")),
            "plant": texts(plant, PLANTS),
            "customer": texts(customers_of(rng, family), list(CUSTOMERS)),
            "family": texts(family, FAMILIES),
            "defect": texts(pick(rng, np.array(DEFECTS_RETURNED["usual"]), n), DEFECTS, ~product),
            "lot_released": pa.array(rng.random(n) < 0.86, mask=~product),
        }
    )


def orders(scale: float) -> pa.Table:
    """Return the customer orders of the ERP."""
    rng = generator("orders")
    n = int(60_000 * scale)
    day = spread_over(rng, WORKDAYS, n)
    plant = plants_of(rng, n)
    family = pick(rng, FAMILY_SHARE, n)
    monthly = (1 + unrest(rng, (2, len(MONTHS)), 0.06))[plant, month_of(day)]
    # New parts take twice as long as known ones, and one order in five is for a new part or index.
    new = rng.random(n) < 0.2
    took = rng.poisson(level("days to confirm", day) * monthly * np.where(new, 2.0, 0.75))
    confirmed = add_workdays(day, took)
    waiting = confirmed > DAYS[-1]
    value = np.rint(np.maximum(rng.gamma(1.3, 1230, n), 60) * 100)
    return pa.table(
        {
            "order_no": numbered("O", n),
            "received": utc(day, rng.integers(7 * 60, 18 * 60, n)),
            "confirmed": dates(confirmed, waiting),
            "working_days_to_confirm": whole(took, waiting),
            "plant": texts(plant, PLANTS),
            "customer": texts(customers_of(rng, family), list(CUSTOMERS)),
            "family": texts(family, FAMILIES),
            "value_eur": decimals(value),
        }
    )


def quotations() -> pa.Table:
    """Return enquiries and quotations of the ERP; what is not decided yet may still be won."""
    rng = generator("quotations")
    n = 3_400
    asked = spread_over(rng, WORKDAYS, n)
    # Surgical parts are asked for more often than they are ordered so far.
    family = pick(rng, FAMILY_SHARE + np.array([0, 0, 0, 0, 0, 0.07]), n)
    surgical = family == FAMILIES.index("surgical shafts")
    declined = rng.random(n) < 0.07
    quoted = add_workdays(asked, np.where(rng.random(n) < 0.4, rng.integers(1, 4, n), rng.integers(4, 12, n)))
    decided = quoted + (5 + 145 * even(rng, n)).astype("timedelta64[D]")
    has_quote = ~declined & (quoted <= DAYS[-1])
    chance = level("won by value", asked) * np.where(surgical, 1.6, 0.93)
    won = has_quote & (even(rng, n) < chance)
    decided_by_now = has_quote & (decided <= DAYS[-1])
    in_time = decided <= asked + np.timedelta64(182, "D")
    stage = np.select([decided_by_now & won, decided_by_now, has_quote, declined], [2, 3, 1, 3], 0)
    value = np.where(has_quote, np.rint(np.maximum(rng.gamma(2.5, 5_200, n), 400) * 100), 0)
    return pa.table(
        {
            "quotation": numbered("Q", n),
            "asked": dates(asked),
            "quoted": dates(quoted, ~has_quote),
            "customer": texts(customers_of(rng, family), list(CUSTOMERS)),
            "family": texts(family, FAMILIES),
            "surgical": pa.array(surgical),
            "value_eur": decimals(value),
            "won_value_eur": decimals(np.where((stage == 2) & in_time, value, 0)),
            "stage": texts(stage, ("asked", "quoted", "ordered", "lost")),
        }
    )


def first_articles() -> pa.Table:
    """Return the first articles of the CAQ."""
    rng = generator("first articles")
    n = 1_720
    presented = spread_over(rng, WORKDAYS, n)
    plant = plants_of(rng, n, 0.3)
    usual = level("first articles", presented) + unrest(rng, len(MONTHS), 4.0)[month_of(presented)]
    at_once = even(rng, n) * 100 < usual
    # Each failed first article costs nine days (OBJ-004).
    again = np.where(at_once, rng.integers(0, 4, n), rng.integers(6, 14, n))
    accepted = add_workdays(presented, again)
    waiting = accepted > DAYS[-1]
    monthly = (1 + unrest(rng, len(MONTHS), 0.025))[month_of(presented)]
    took = (
        np.maximum(np.rint(level("days to first article", presented) * monthly * rng.gamma(11, 1 / 11, n)), 9) + again
    )
    return pa.table(
        {
            "first_article": numbered("F", n),
            "presented": dates(presented),
            "plant": texts(plant, PLANTS),
            "family": texts(pick(rng, FAMILY_SHARE, n), FAMILIES),
            "accepted_at_once": pa.array(at_once),
            "accepted": dates(accepted, waiting),
            "working_days_from_order": whole(took, waiting),
        }
    )


def production_orders(scale: float) -> pa.Table:
    """Return the production orders of the MES with the week they were planned for."""
    rng = generator("production orders")
    n = int(90_000 * scale)
    day = spread_over(rng, WORKDAYS, n)
    plant = plants_of(rng, n)
    week = week_of(day)
    monday = day - ((day.astype("int64") + 3) % 7).astype("timedelta64[D]")
    chance = level("in the planned week", day) + np.array([-0.8, 1.5])[plant]
    chance += unrest(rng, (2, 160), 1.3)[plant, week]
    chance -= np.where(plant == 0, CRISIS_WEEKS, 1.0) * felt("supplier-crisis", day, CRISIS_LAG_WEEKS - 2)
    in_week = rng.random(n) * 100 < chance
    # In time is up to two working days before the day that chance chose in the week, and never after it.
    sunday = monday + np.timedelta64(6, "D")
    early = add_workdays(day, -rng.integers(0, 3, n))
    late = add_workdays(np.busday_offset(sunday, 0, roll="backward", holidays=CLOSED), rng.geometric(0.3, n))
    finished = np.where(in_week, early, late)
    running = finished > DAYS[-1]
    shares = [np.array([m[0] == name for m in MACHINES.values()], dtype=float) for name in PLANTS]
    rows = ~((plant == 1) & during("outage", monday))
    table = pa.table(
        {
            "production_order": numbered("P", n),
            "plant": texts(plant, PLANTS),
            "machine": texts(pick_each(rng, plant, shares), list(MACHINES)),
            "family": texts(pick(rng, FAMILY_SHARE, n), FAMILIES),
            "planned_week_start": dates(monday),
            "finished": dates(finished, running),
            "in_week": pa.array(in_week),
        }
    )
    return table.filter(pa.array(rows))


def stock() -> pa.Table:
    """Return stock values at the end of each month, and the cost of the goods sold in it (on finished parts)."""
    rng = generator("stock")
    ends = month_ends()
    groups = ("material", "work in progress", "finished parts")
    shape = (len(ends), len(PLANTS), len(groups))
    value = level("stock", ends)[:, None, None] * np.array([[0.24, 0.19, 0.23], [0.06, 0.15, 0.13]])
    value = value * (1 + unrest(rng, shape[:2], 0.02)[:, :, None] + unrest(rng, shape[0] * 6, 0.02).reshape(shape))
    # The bar store was filled against the shortage of 2025.
    value[:, 0, 0] *= 1 + 0.25 * felt("supplier-crisis", ends, 10)
    sold = level("cost of goods", ends)[:, None] * np.array([0.66, 0.34]) * (1 + unrest(rng, shape[:2], 0.04))
    month, plant, group = np.indices(shape).reshape(3, -1)
    return pa.table(
        {
            "month_end": dates(ends[month]),
            "plant": texts(plant, PLANTS),
            "item_group": texts(group, groups),
            "stock_value_eur": decimals(np.rint(value.ravel() * 100)),
            "cost_of_goods_sold_eur": decimals(np.rint(np.where(group == 2, sold[month, plant] * 100, 0))),
        }
    )


def receipts(scale: float) -> pa.Table:
    """Return what suppliers delivered; everything comes to Aldern."""
    rng = generator("receipts")
    n = int(40_000 * scale)
    due = spread_over(rng, WORKDAYS, n)
    supplier = pick(rng, np.array([s.share for s in SUPPLIERS]), n)
    monthly = unrest(rng, len(MONTHS), 0.5)[month_of(due)]
    better = unrest(rng, len(SUPPLIERS), 1.0)[supplier]
    chance = level("supplier on time", due) + monthly + better
    late_days = rng.geometric(0.28, n)
    for name, share, days in (("supplier-crisis", CRISIS_ON_TIME, (4, 24)), ("mill-stop", MILL_STOP_ON_TIME, (10, 34))):
        hit = during(name, due) & (supplier == _supplier(name))
        chance = np.where(hit, 100 * share, chance)
        late_days = np.where(hit, rng.integers(*days, n), late_days)
    kept = rng.random(n) * 100 < chance
    too_early = rng.random(n) < 0.1
    outside = np.where(too_early & (late_days < 10), -1 - rng.geometric(0.6, n), late_days)
    days_late = np.where(kept, -pick(rng, np.array([0.72, 0.28]), n), outside)
    received = add_workdays(due, days_late)
    # What came before the data begins is put on its due day, so that no month has only a handful of rows.
    before = received < DAYS[0]
    days_late, received = np.where(before, 0, days_late), np.where(before, due, received)
    lots = np.array([s.lot for s in SUPPLIERS])[supplier]
    quantity = np.maximum(np.rint(rng.gamma(3, 1 / 3, n) * lots), 5).astype("int64")
    rate = level("supplier ppm", received) / 1e6 * (1 + unrest(rng, len(MONTHS) + 3, 0.08)[month_of(received)])
    crisis = during("supplier-crisis", due) & (supplier == _supplier("supplier-crisis"))
    mixed = during("mixed-bars", received) & (supplier == _supplier("mixed-bars"))
    rate = np.where(crisis, CRISIS_REJECTS, np.where(mixed, MIXED_REJECTS, rate))
    # Faults come in lots: one lot in twelve has some, in the crisis one in three.
    share_of_lots = np.where(crisis, 1 / 3, 1 / 12)
    faulty = rng.random(n) < share_of_lots
    rejected = np.where(faulty, rng.binomial(quantity, np.minimum(rate / share_of_lots, 0.5)), 0)
    waiting = received > DAYS[-1]
    return pa.table(
        {
            "receipt": numbered("G", n),
            "received": dates(received, waiting),
            "due": dates(due),
            "supplier": texts(supplier, [s.name for s in SUPPLIERS]),
            "material": texts(supplier, [s.material for s in SUPPLIERS]),
            "plant": texts(np.zeros(n), PLANTS),
            "unit": texts(supplier, [s.unit for s in SUPPLIERS]),
            "quantity": whole(quantity),
            "rejected": whole(np.where(waiting, 0, rejected)),
            "days_late": whole(days_late, waiting),
        }
    )


def _supplier(event: str) -> int:
    return [s.name for s in SUPPLIERS].index(EVENTS[event].who)


@dataclass(frozen=True, slots=True)
class Slots:
    """Every shift of every machine that was planned, as day, shift and machine."""

    day: Array
    shift: Array
    machine: Array


def slots() -> Slots:
    """Return the planned shifts: two at Aldern, three at Westry, the early one on working Saturdays."""
    found = []
    for number, (plant, _, _) in enumerate(MACHINES.values()):
        for shift in range(2 if plant == "aldern" else 3):
            worked = np.concatenate([WORKDAYS, SATURDAYS]) if shift == 0 else WORKDAYS
            # A night shift ends on the next day; none begins before a day on which nobody works.
            worked = worked[~np.isin(worked + 1, CLOSED)] if shift == 2 else worked
            found.append((worked, np.full(len(worked), shift), np.full(len(worked), number)))
    days, shifts, machines = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((machines, shifts, days))
    return Slots(days[order], shifts[order], machines[order])


MACHINE_PLANT = np.array([PLANTS.index(m[0]) for m in MACHINES.values()])
GROUPS = ("lathe", "mill", "grinder", "honing", "furnace", "cleaning")
MACHINE_GROUP = np.array([GROUPS.index(m[1]) for m in MACHINES.values()])


def production(scale: float, planned: Slots) -> Tables:
    """Yield the bookings of operations in the MES, a file for each plant and month."""
    rng = generator("production")
    n = int(560_000 * scale)
    at = np.sort(pick(rng, 1 + unrest(rng, len(planned.day), 0.1), n))
    day, shift, machine = planned.day[at], planned.shift[at], planned.machine[at]
    plant, group = MACHINE_PLANT[machine], MACHINE_GROUP[machine]
    family = pick_each(rng, machine, [np.array(m[2]) for m in MACHINES.values()])
    minutes = 360 + 480 * shift + rng.integers(5, 480, n)
    day = day + (minutes >= 1440)
    minutes = minutes % 1440

    parts = np.maximum(np.rint(rng.gamma(2.0, 31, n)), 3).astype("int64")
    cost = np.array(OPERATION_COST)[group] * np.array([1.0, 1.0, 1.15, 1.05, 1.5, 2.2])[family]
    made_cost = np.rint(parts * cost * (1 + unrest(rng, n, 0.08)) * 100 + 900)

    usual = level("scrap and rework", day) / 100 * np.array([0.99, 1.03])[plant]
    usual *= (1 + unrest(rng, (2, len(MONTHS)), 0.045))[plant, month_of(day)]
    special = np.where(plant == 0, CRISIS_SCRAP / 100 * felt("supplier-crisis", day, 2), 0.0)
    hit = during("furnace", day) & (machine == list(MACHINES).index("VF-2")) & (family == FAMILIES.index("shafts"))
    special = np.where(hit, FURNACE_SCRAP / 100, special)
    rate = usual + special
    value = cost * np.array(VALUE_ADDED)[group]
    uneven = rng.gamma(0.8, 1 / 0.8, n)
    scrapped = rng.poisson(SCRAP_SHARE * rate * made_cost / 100 / value * uneven)
    scrapped = np.minimum(scrapped, parts - 1)
    reworked = rng.random(n) < REWORKED
    rework = np.where(reworked, (1 - SCRAP_SHARE) * rate * made_cost / REWORKED * rng.gamma(2, 0.5, n), 0)
    cause = pick_each(rng, plant, [CAUSE_SHARE[name] for name in PLANTS])
    event_cause = np.where(plant == 0, CAUSES.index("material"), CAUSES.index("distortion"))
    cause = np.where(rng.random(n) < special / rate, event_cause, cause)

    columns = {
        "operation": np.arange(1, n + 1),
        "day": day,
        "minutes": minutes,
        "machine": machine,
        "family": family,
        "shift": shift,
        "good": parts - scrapped,
        "scrapped": scrapped,
        "scrap": np.rint(scrapped * value * 100),
        "rework": np.rint(rework),
        "made": made_cost,
        "cause": np.where((scrapped > 0) | (np.rint(rework) > 0), cause, -1),
    }
    kept = ~((plant == 1) & during("outage", day))
    month = month_of(day)
    for number, name in enumerate(PLANTS):
        for m in range(len(MONTHS)):
            mine = np.flatnonzero(kept & (plant == number) & (month == m))
            rows = {key: values[mine] for key, values in columns.items()}
            yield f"mes/production/{name}-{MONTHS[m]}.parquet", _production_table(rows, name)


def _production_table(rows: Mapping[str, Array], plant: str) -> pa.Table:
    order = np.lexsort((rows["operation"], rows["minutes"], rows["day"]))
    rows = {key: values[order] for key, values in rows.items()}
    nothing = rows["cause"] < 0
    return pa.table(
        {
            "operation": pa.array(rows["operation"], pa.int64()),
            "ended": utc(rows["day"], rows["minutes"]),
            "plant": pa.array([plant] * len(order), pa.string()),
            "machine": texts(rows["machine"], list(MACHINES)),
            "family": texts(rows["family"], FAMILIES),
            "shift": texts(rows["shift"], SHIFTS),
            "good": whole(rows["good"]),
            "scrapped": whole(rows["scrapped"]),
            "scrap_cost_eur": decimals(rows["scrap"]),
            "rework_cost_eur": decimals(rows["rework"]),
            "production_cost_eur": decimals(rows["made"]),
            "cause": texts(np.maximum(rows["cause"], 0), CAUSES, nothing),
        }
    )


def final_inspections(scale: float) -> pa.Table:
    """Return the lots that came to final inspection in the CAQ."""
    rng = generator("final inspections")
    n = int(90_000 * scale)
    day = spread_over(rng, WORKDAYS, n)
    plant = plants_of(rng, n)
    family = pick(rng, FAMILY_SHARE, n)
    chance = level("lots at once", day) + np.array([-0.1, 0.2])[plant] + unrest(rng, (2, 160), 0.5)[plant, week_of(day)]
    chance -= np.where(plant == 0, 1.0, 0.0) * felt("supplier-crisis", day, 2)
    hit = during("furnace", day) & (plant == 1) & (family == FAMILIES.index("shafts"))
    chance = np.where(hit, chance * (1 - FURNACE_LOTS), chance)
    first = rng.random(n) * 100 < chance
    usual = pick(rng, np.array([0.33, 0.24, 0.14, 0.13, 0.06, 0.1]), n)
    kinds = ("dimension", "burr", "surface", "residue", "distortion", "papers")
    defect = np.where(hit & (rng.random(n) < 0.93), kinds.index("distortion"), usual)
    people = [person for name in PLANTS for person in INSPECTORS[name]]
    shares = [np.array([person in INSPECTORS[name] for person in people], dtype=float) for name in PLANTS]
    return pa.table(
        {
            "lot": numbered("N", n),
            "inspected": dates(day),
            "plant": texts(plant, PLANTS),
            "family": texts(family, FAMILIES),
            "inspector": texts(pick_each(rng, plant, shares), people),
            "accepted_first": pa.array(first),
            "defect": texts(defect, kinds, first),
        }
    )


def machine_hours(planned: Slots) -> tuple[pa.Table, Array]:
    """Return hours by machine and shift of the MES, and the hours run by month, which counters at the machines keep."""
    rng = generator("machine hours")
    day, shift, machine = planned.day, planned.shift, planned.machine
    n, plant, week = len(day), MACHINE_PLANT[machine], week_of(day)
    hours = np.where(rng.random(n) < 0.03, 550, 750)
    share = level("faults", day) / 100 * (1 + unrest(rng, 160, 0.05)[week])
    fault = np.where(rng.random(n) < 0.2, share * hours / 0.2 * rng.gamma(3, 1 / 3, n), 0)
    fault = np.minimum(np.rint(fault), hours)
    weekly = unrest(rng, (2, 160), 1.6)[plant, week] + np.array([-0.4, 1.6])[plant]
    effect = (level("effectiveness", day) + weekly) / 100 * hours
    # What stands for a fault makes nothing; the rest makes as much as brings the usual total.
    effect *= np.maximum(1 - (fault - share * hours) / hours, 0) * (1 + unrest(rng, n, 0.09))
    ideal = np.rint(np.clip(effect, 0, 0.97 * (hours - fault)))
    run = np.rint(np.clip(ideal / (0.86 + unrest(rng, n, 0.03)), ideal, hours - fault))
    run_by_month = np.bincount(month_of(day), run, minlength=len(MONTHS)) / 100
    kept = ~((plant == 1) & during("outage", day))
    table = pa.table(
        {
            "day": dates(day),
            "shift": texts(shift, SHIFTS),
            "plant": texts(plant, PLANTS),
            "machine": texts(machine, list(MACHINES)),
            "machine_group": texts(MACHINE_GROUP[machine], GROUPS),
            "planned_h": decimals(hours, 6),
            "run_h": decimals(run, 6),
            "fault_h": decimals(fault, 6),
            "ideal_h_good": decimals(ideal, 6),
        }
    )
    return table.filter(pa.array(kept)), run_by_month


def nonconformities() -> pa.Table:
    """Return the nonconformities of the CAQ; those found after release are counts by quarter."""
    rng = generator("nonconformities")
    inside = spread_over(rng, WORKDAYS, 1_450)
    later = np.concatenate(
        [some_day_of_quarter(rng, q, count) for q, count in zip(QUARTERS, FAULTS_AFTER_RELEASE, strict=True)]
    )
    day = np.concatenate([inside, later])
    after = np.arange(len(day)) >= len(inside)
    order = np.argsort(day, kind="stable")
    day, after, n = day[order], after[order], len(day)
    lot = np.sort(rng.choice(90_000, n, replace=False)) + 1
    by_customer = after & (rng.random(n) < 0.6)
    severity = np.where(after, pick(rng, np.array([0.1, 0.6, 0.3]), n), pick(rng, np.array([0.55, 0.4, 0.05]), n))
    return pa.table(
        {
            "nc": numbered("NC", n),
            "found": dates(day),
            "plant": texts(plants_of(rng, n), PLANTS),
            "family": texts(pick(rng, FAMILY_SHARE, n), FAMILIES),
            "lot": pa.array([f"N-{number:07d}" for number in lot]),
            "after_release": pa.array(after),
            "found_by": texts(by_customer.astype("int64"), ("us", "customer")),
            "severity": texts(severity, ("minor", "major", "critical")),
        }
    )


def gauges() -> pa.Table:
    """Return the calibrations that were due, from the gauge module of the CAQ."""
    rng = generator("gauges")
    n = 7_000
    due = spread_over(rng, WORKDAYS, n)
    in_time = rng.random(n) * 100 < level("gauges in time", due)
    # Each of the 1,150 gauges comes once before any comes again, about every six months.
    in_turn = np.concatenate([rng.permutation(1_150) + 1 for _ in range(n // 1_150 + 1)])
    calibrated = add_workdays(due, np.where(in_time, -rng.integers(0, 9, n), rng.geometric(0.25, n)))
    waiting = calibrated > DAYS[-1]
    return pa.table(
        {
            "gauge": pa.array([f"GA-{number:04d}" for number in in_turn[:n]]),
            "due": dates(due),
            "calibrated": dates(calibrated, waiting),
            "plant": texts(plants_of(rng, n), PLANTS),
            "in_time": pa.array(in_time),
        }
    )


def trainings() -> pa.Table:
    """Return the trainings of the HR system, without names."""
    rng = generator("trainings")
    n = 2_300
    day = spread_over(rng, WORKDAYS, n)
    roles = (
        "machinist",
        "inspector",
        "heat-treatment-operator",
        "assembly-operator",
        "warehouse-operator",
        "shift-leader",
    )
    return pa.table(
        {
            "training": numbered("T", n),
            "held": dates(day),
            "plant": texts(plants_of(rng, n), PLANTS),
            "role": texts(pick(rng, np.array([0.45, 0.12, 0.1, 0.15, 0.1, 0.08]), n), roles),
            "hours": decimals(rng.choice([100, 150, 200, 400, 750, 1500], n), 6),
            "passed": pa.array(rng.random(n) < 0.93),
        }
    )


def corrective_actions() -> pa.Table:
    """Return the effect checks of 8D reports in the CAQ."""
    rng = generator("corrective actions")
    day, worked = _counted(rng, ACTIONS_WORKED)
    return pa.table(
        {
            "action": numbered("A", len(day)),
            "check_made": dates(day),
            "plant": texts(plants_of(rng, len(day)), PLANTS),
            "worked": pa.array(worked),
        }
    )


def _counted(rng: np.random.Generator, counts: Sequence[tuple[int, int]]) -> tuple[Array, Array]:
    """Return days in order and, for each, whether it went well: so many of so many in each quarter."""
    days, good = [], []
    for quarter, (well, total) in zip(QUARTERS, counts, strict=True):
        days.append(some_day_of_quarter(rng, quarter, total))
        good.append(rng.permutation(np.arange(total) < well))
    return np.concatenate(days), np.concatenate(good)


# --- files of text --------------------------------------------------------------------------------

Rows = Iterator[Sequence[object]]


def competence() -> Rows:
    """Yield the competence matrix at the end of each quarter."""
    rng = generator("competence")
    yield "snapshot", "plant", "station", "critical", "qualified_level_3", "training_hours", "remarks"
    for quarter, with_three in zip(QUARTERS, STATIONS_WITH_THREE, strict=False):
        snapshot = _german(_last_day(quarter))
        for rank, (plant, station) in enumerate(CRITICAL_STATIONS):
            people = 3 + int(rng.integers(0, 2)) if rank < with_three else int(rng.integers(1, 3))
            remark = (
                ""
                if people >= 3
                else str(rng.choice(["Prüfung im März, Nachfolger fehlt", "à former", "größter Engpass"]))
            )
            yield snapshot, plant, station, "true", people, _comma(rng.integers(0, 160) / 2), remark
        for plant, station in OTHER_STATIONS:
            yield snapshot, plant, station, "false", int(rng.integers(2, 7)), _comma(rng.integers(0, 80) / 2), ""


def headcount() -> Rows:
    """Yield the headcount at the end of each month, in full-time posts, and who left by their own wish."""
    rng = generator("headcount")
    yield "month_end", "plant", "headcount", "left_by_own_wish"
    so_far = 0
    for end in month_ends():
        day = end.astype(object)
        leavers = LEAVERS[day.year][day.month - 1]
        # Every third one left Westry, as one in three works there.
        at_westry = (so_far + leavers) // 3 - so_far // 3
        so_far += leavers
        for plant, usual, left in (("aldern", 126.5, leavers - at_westry), ("westry", 62.5, at_westry)):
            yield _german(day), plant, _comma(usual + rng.integers(-4, 5) / 2), left


def customer_calls() -> Rows:
    """Yield the calls with customers; the weight is the share of sales in percent."""
    rng = generator("customer calls")
    yield "call", "called", "customer", "score", "weight", "weighted_score"
    number = 0
    temper = {name: float(rng.normal(0, 3)) for name in CUSTOMERS}
    mean_temper = sum(temper[name] * share for name, (_, share) in CUSTOMERS.items()) / 100
    for quarter in QUARTERS:
        for name, (_, share) in CUSTOMERS.items():
            day = some_day_of_quarter(rng, quarter, 1)
            usual = float(level("satisfaction", day)[0]) - 2.0 * (quarter in ("2025-Q2", "2025-Q3"))
            score = int(min(max(round(usual + temper[name] - mean_temper + float(rng.normal(0, 5))), 50), 100))
            # One customer in nine is not reached; the five largest always are.
            if share < 6 and rng.random() < 1 / 9:
                continue
            number += 1
            yield f"K-{number:04d}", _german(day[0].astype(object)), name, score, _comma(share), _comma(score * share)


def audits() -> Rows:
    """Yield the audit programme."""
    rng = generator("audits")
    yield "audit", "planned_month", "held", "process", "in_time"
    number = 0
    for month in MONTHS:
        for _ in range(2 if int(month.astype("int64")) % 3 else 1):
            number += 1
            planned = month.astype("datetime64[D]")
            held = some_day(rng, np.array([(month - MONTHS[0]).astype("int64")]))[0]
            late = str(month) in LATE_AUDITS
            if late:
                held = add_workdays(held, 55)
            elif rng.random() < 0.25:
                held = add_workdays(held, 15)
            open_still = held > DAYS[-1]
            process = f"PRC-{(number * 5) % 14 + 1:03d}"
            yield f"AU-{number:03d}", planned, "" if open_still else held, process, _yes(not late and not open_still)


def risk_actions() -> Rows:
    """Yield the actions on risks and opportunities that were due."""
    rng = generator("risk actions")
    yield "action", "risk", "due", "done", "in_time"
    for number, (due, in_time) in enumerate(zip(*_counted(rng, RISK_ACTIONS_IN_TIME), strict=True), 1):
        risk = f"RSK-{int(rng.integers(1, 21)):03d}" if rng.random() < 0.8 else f"OPP-{int(rng.integers(1, 9)):03d}"
        done = add_workdays(due, -int(rng.integers(0, 12)) if in_time else int(rng.integers(3, 45)))
        yield f"RA-{number:03d}", risk, due, "" if done > DAYS[-1] else done, _yes(in_time)


def document_reviews() -> Rows:
    """Yield the reviews of controlled documents that were due."""
    rng = generator("document reviews")
    yield "document", "due", "reviewed", "in_time"
    documents = [
        f"{kind}-{n:03d}"
        for kind, count in (("SOP", 27), ("PRC", 14), ("POL", 9), ("WI", 9))
        for n in range(1, count + 1)
    ]
    for due, in_time in zip(*_counted(rng, REVIEWS_IN_TIME), strict=True):
        reviewed = add_workdays(due, -int(rng.integers(0, 30)) if in_time else int(rng.integers(2, 20)))
        yield documents[int(rng.integers(len(documents)))], due, "" if reviewed > DAYS[-1] else reviewed, _yes(in_time)


def objective_reviews() -> Rows:
    """Yield how far each objective had come at the end of each quarter, in percent of the way."""
    rng = generator("objective reviews")
    yield "quarter_end", "objective", "progress_due", "progress", "on_course"
    for place, (quarter, off) in enumerate(OFF_COURSE.items()):
        # The way begins anew with the objectives set for 2026.
        due = 12 * (place + 1) if place < 8 else 14 * (place - 7)
        for number in range(1, 9):
            share = rng.uniform(0.55, 0.86) if number in off else rng.uniform(0.92, 1.12)
            progress = round(due * float(share))
            yield _last_day(quarter), f"OBJ-{number:03d}", due, progress, _yes(progress >= 0.9 * due)


def energy(run_by_month: Array) -> Rows:
    """Yield the meters of both plants; machine hours stand with electricity, so that they are counted once."""
    rng = generator("energy")
    per_hour = level("energy", month_ends(complete=False)) * (1 + unrest(rng, len(MONTHS), 0.018))
    # Furnaces and halls lose more in winter.
    season = 0.012 * np.cos((np.arange(len(MONTHS)) - 2.5) / 12 * 2 * np.pi)
    for month, end in enumerate(month_ends()):
        for plant, share, gas_share in (("aldern", 0.72, 0.12), ("westry", 0.28, 0.38)):
            hours = round(float(run_by_month[month]) * share, 1)
            kwh = hours * float(per_hour[month] * (1 + season[month])) * (0.92 if plant == "aldern" else 1.2)
            yield str(end), plant, "electricity", round(kwh * (1 - gas_share)), hours
            yield str(end), plant, "gas", round(kwh * gas_share), None
            yield (
                str(end),
                plant,
                "offices",
                round(float(rng.uniform(0.9, 1.1)) * (21_000 if plant == "aldern" else 6_500)),
                None,
            )


def work_orders() -> Rows:
    """Yield the work orders of maintenance."""
    rng = generator("work orders")
    n = 5_200
    opened = spread_over(rng, WORKDAYS, n)
    closed = add_workdays(opened, rng.geometric(0.45, n) - 1)
    machine, kind = rng.integers(0, len(MACHINES), n), pick(rng, np.array([0.55, 0.35, 0.1]), n)
    hours = np.rint(rng.gamma(1.8, 1.6, n) * 4 + 1) / 4
    names = list(MACHINES)
    for i in range(n):
        done = None if closed[i] > DAYS[-1] else str(closed[i])
        what = ("fault", "service", "improvement")[kind[i]]
        yield (
            f"W-{i + 1:05d}",
            str(opened[i]),
            done,
            MACHINES[names[machine[i]]][0],
            names[machine[i]],
            what,
            float(hours[i]),
        )


def _german(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def _comma(number: float) -> str:
    return f"{float(number):.1f}".replace(".", ",")


def _yes(value: Any) -> str:
    return "true" if value else "false"


# --- writing --------------------------------------------------------------------------------------


def parquet_tables(scale: float, planned: Slots) -> Iterator[tuple[str, Callable[[], Tables]]]:
    """Yield a name for each table and what makes its files."""

    def single(path: str, make: Callable[[], pa.Table]) -> tuple[str, Callable[[], Tables]]:
        return path, lambda: iter([(f"{path}.parquet", make())])

    def by_year(path: str, table: pa.Table, days: str) -> Tables:
        years = np.array(table[days].to_numpy().astype("datetime64[Y]").astype("int64") + 1970)
        for year in np.unique(years):
            yield f"{path}/{year}.parquet", table.filter(pa.array(years == year))

    def shipped_tables() -> Tables:
        table, shipped = deliveries(scale)
        yield from by_year("erp/deliveries", table, "handed_over")
        yield "caq/returns.parquet", returns(shipped)
        yield "caq/complaints.parquet", complaints(shipped)

    yield "erp/deliveries", shipped_tables
    yield single("erp/orders", lambda: orders(scale))
    yield single("erp/quotations", quotations)
    yield single("erp/stock", stock)
    yield single("caq/first_articles", first_articles)
    yield single("caq/receipts", lambda: receipts(scale))
    yield "caq/final_inspections", lambda: by_year("caq/final_inspections", final_inspections(scale), "inspected")
    yield single("caq/nonconformities", nonconformities)
    yield single("caq/gauges", gauges)
    yield single("caq/corrective_actions", corrective_actions)
    yield single("hr/trainings", trainings)
    yield single("mes/production_orders", lambda: production_orders(scale))
    yield "mes/production", lambda: production(scale, planned)


CSV_FILES: Mapping[str, tuple[Callable[[], Rows], str, str]] = {  # how people export what they keep by hand
    "hr/competence.csv": (competence, ";", "cp1252"),
    "hr/headcount.csv": (headcount, ";", "cp1252"),
    "surveys/customer_calls.csv": (customer_calls, ";", "cp1252"),
    "portal/audits.csv": (audits, ",", "utf-8"),
    "portal/risk_actions.csv": (risk_actions, ",", "utf-8"),
    "portal/document_reviews.csv": (document_reviews, ",", "utf-8"),
    "portal/objective_reviews.csv": (objective_reviews, ",", "utf-8"),
}


def write_all(target: Path, scale: float, say: Callable[[str], None]) -> int:
    """Write all files below a folder and return the number of rows."""
    planned = slots()
    rows: int = 0
    for name, make in parquet_tables(scale, planned):
        say(name)
        for path, table in make():
            rows += table.num_rows
            _write_parquet(target / path, table)
    say("mes/machine_hours")
    table, run_by_month = machine_hours(planned)
    rows += table.num_rows
    _write_parquet(target / "mes/machine_hours.parquet", table)
    for path, (lines, delimiter, encoding) in CSV_FILES.items():
        say(path)
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        with (target / path).open("w", encoding=encoding, newline="") as file:
            written = list(lines())
            csv.writer(file, delimiter=delimiter, lineterminator="\r\n" if delimiter == ";" else "\n").writerows(
                written
            )
            rows += len(written) - 1
    say("cmms/cmms.sqlite")
    return rows + _write_sqlite(target / "cmms/cmms.sqlite", run_by_month)


def _write_parquet(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")


def _write_sqlite(path: Path, run_by_month: Array) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path)
    with database:
        database.execute(
            "CREATE TABLE energy (month_end TEXT, plant TEXT, carrier TEXT, kwh INTEGER, machine_hours REAL)"
        )
        database.execute(
            "CREATE TABLE work_orders (work_order TEXT, opened TEXT, closed TEXT, plant TEXT, machine TEXT, kind TEXT, hours REAL)"
        )
        meters, jobs = list(energy(run_by_month)), list(work_orders())
        database.executemany("INSERT INTO energy VALUES (?, ?, ?, ?, ?)", meters)
        database.executemany("INSERT INTO work_orders VALUES (?, ?, ?, ?, ?, ?, ?)", jobs)
    database.close()
    return len(meters) + len(jobs)


def version(scale: float) -> str:
    """Return what the data is made by; another version means that it is made anew."""
    return f"{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:32]} {scale:g}\n"


def _exchange(beside: Path, target: Path) -> None:
    """Put the new folder in the place of the old one; if that fails, the old one is put back."""
    if target.exists():
        os.rename(target, beside / "old")
    try:
        os.rename(beside / "new", target)
    except OSError:
        if (beside / "old").exists() and not target.exists():
            os.rename(beside / "old", target)
        raise


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the data, unless the folder holds it already. The folder is exchanged as a whole, at the end."""
    parser = argparse.ArgumentParser(description="Make the operational data of the reference system.")
    parser.add_argument("target", type=Path)
    parser.add_argument("--rows-scale", type=float, default=1.0, help="share of the rows of the large tables")
    options = parser.parse_args(arguments)
    target: Path = options.target.absolute()
    if not 0 < options.rows_scale <= 20:
        parser.error("--rows-scale must be above 0 and at most 20")
    wanted = version(options.rows_scale)
    mark = target / ".version"
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        print(f"{options.target}: up to date")
        return 0
    if target.exists() and not mark.is_file() and any(target.iterdir()):
        print(f"{options.target} holds something else; name a new or empty folder", file=sys.stderr)
        return 1

    def say(name: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{name}", end="", file=sys.stderr, flush=True)

    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        rows = write_all(beside / "new", options.rows_scale, say)
        (beside / "new" / ".version").write_text(wanted, encoding="utf-8")
        _exchange(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    say("")
    print(f"{options.target}: {rows:,} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
