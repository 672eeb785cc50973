"""What `qmsctl init` writes: small, complete systems to begin with.

The files lie in layers below this folder; a later layer adds to an earlier one and replaces files of the
same name. ``dot-`` at the beginning of a name stands for a dot, ``@@name`` for a value.
"""

from __future__ import annotations

import datetime
import string
import zoneinfo
from collections.abc import Mapping
from pathlib import Path

from qmsctl import __version__
from qmsctl.model import add_period

LAYERS: Mapping[str, tuple[str, ...]] = {
    "micro": ("common", "micro"),
    "small": ("common", "micro", "small"),
    "multi-site": ("common", "micro", "small", "multi-site"),
    "regulated": ("common", "micro", "small", "regulated"),
}
PROFILES = tuple(LAYERS)
_HERE = Path(__file__).parent


class ScaffoldFault(ValueError):
    """A starting system cannot be written as asked."""


class _Text(string.Template):
    """Text with ``@@name`` where a value belongs."""

    delimiter = "@@"


def files(profile: str) -> dict[str, Path]:
    """Return what a profile consists of: path in the new system -> file to take it from."""
    if profile not in LAYERS:
        raise ScaffoldFault(f"there is no profile `{profile}`; choose one of {', '.join(PROFILES)}")
    found: dict[str, Path] = {}
    for layer in LAYERS[profile]:
        base = _HERE / layer
        for file in sorted(base.rglob("*")):
            if file.is_file():
                parts = file.relative_to(base).parts
                name = "/".join("." + part[4:] if part.startswith("dot-") else part for part in parts)
                found[name] = file
    return dict(sorted(found.items()))


def kept(target: Path, profile: str) -> list[str]:
    """Return the files of a profile that exist in a folder already, and that `init` leaves as they are."""
    return [name for name in files(profile) if (target / name).exists() or (target / name).is_symlink()]


def init(target: Path, organisation: str, profile: str, time_zone: str, today: str, owner_name: str) -> list[str]:
    """Write the starting system of a profile and return the paths written. No existing file is touched."""
    values = {
        "organisation": _words(organisation, "the name of the organisation"),
        "organisation_quoted": _quoted(_words(organisation, "the name of the organisation")),
        "owner_quoted": _quoted(_words(owner_name, "the name of the person")),
        "time_zone_quoted": _quoted(_words(time_zone, "the time zone")),
        "time_zone": time_zone,
        "profile": profile,
        "today": today,
        "control_from": add_period(today, "14 days"),
        "in_three_months": add_period(today, "3 months"),
        "in_a_year": add_period(today, "12 months"),
        "review": "12 months" if profile == "regulated" else "24 months",
        "version": __version__,
        "nightly": nightly(time_zone, int(today[:4])),
    }
    there = kept(target, profile)
    written = []
    for name, source in files(profile).items():
        if name in there:
            continue
        text = _Text(source.read_text(encoding="utf-8")).substitute(values)
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
        written.append(name)
    return written


def nightly(time_zone: str, year: int) -> str:
    """Return the cron line, in UTC, of a time soon after the day has begun in a zone, summer and winter."""
    try:
        zone = zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ScaffoldFault(f"`{time_zone}` is no time zone; write one such as Europe/Berlin") from error
    ahead = min(datetime.datetime(year, month, 1, tzinfo=zone).utcoffset() or datetime.timedelta() for month in (1, 7))
    minutes = (20 - int(ahead.total_seconds()) // 60) % (24 * 60)
    return f"{minutes % 60} {minutes // 60} * * *"


def _words(text: str, what: str) -> str:
    """Return a name on one line, without characters that cannot be shown. Raises ScaffoldFault if none is left."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not clean:
        raise ScaffoldFault(f"{what} is empty")
    return clean


def _quoted(text: str) -> str:
    """Return a text as a YAML value that nothing in it can end."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
