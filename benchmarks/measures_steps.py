"""Where the time goes: the product's own statements about the largest table, altered one step after the other.

    python benchmarks/measures_steps.py build/bench/10000000 --runs 7

Statements run in turns in one connection; the least processor time of each counts.
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
import time
from pathlib import Path
from typing import Any

import by_hand
import measures_part as part

from qmsctl.measures import compute, contract, engine

KPI, SOURCE = "KPI-013", "SRC-010"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    given = parser.parse_args()
    job = part.job(given.folder)
    source = job.sources[SOURCE]
    definition = next(d for d in job.definitions if d.kpi == KPI)
    with engine.opened(source, given.folder, job.zone) as rows:
        checks, questions = _statements(rows, job, definition)
        connection = rows.backend.con
        one_file_known = by_hand.files(source, given.folder)
        question = next(q for q in by_hand.QUESTIONS if q.kpi == KPI)
        moment = [_moment(text) for text in questions]
        plain = [_view(text, connection, source, one_file_known) for text in moment]
        zone = [_zone(text, source.time_zone) for text in plain]
        bounds = [_moment(text) for text in checks]
        trimmed = [re.sub(r"TRIM\((\S+), '[^']*'\)", r"TRIM(\1)", text) for text in bounds]
        keys = [t for t in trimmed if '"operation"' in t and "DISTINCT" in t]
        days = [t for t in trimmed if t.startswith("SELECT DISTINCT")]
        ways: dict[str, list[str]] = {
            f"Questions of {KPI}, as the product asks them": questions,
            "… days compared as moments": moment,
            "… and the columns of the first file taken as those of all": plain,
            "… and the day by the clock of the zone, not by a cast": zone,
            "… all cuts in one statement, by hand": [by_hand.at_once(question, source, given.folder, job.today)],
            f"Checks of {SOURCE}, as the product makes them": checks,
            "… days compared as moments, oldest and newest too": bounds,
            "… and only blanks trimmed": trimmed,
            "… of these, different keys counted": keys,
            "… of these, the days with rows, for gaps": days,
        }
        sys.stdout.write(_table(connection, ways, given.runs))


def _statements(rows: Any, job: Any, definition: Any) -> tuple[list[str], list[str]]:
    """Return what the product asks for the contract and for the KPI, as SQL."""
    import ibis

    found: list[str] = []
    ask = engine.ask

    def recorded(rows: Any, expression: Any) -> Any:
        found.append(str(ibis.to_sql(expression, dialect="duckdb")))
        return ask(rows, expression)

    engine.ask = contract.ask = recorded
    held, health = contract.held(rows, job.today)
    checks = list(found)
    found.clear()
    compute._ask(definition, held, health, job, compute._Found())
    engine.ask = contract.ask = ask
    return checks, list(found)


def _moment(text: str) -> str:
    """Compare moments as they lie in the file, not the days made of them."""

    def other(match: re.Match[str]) -> str:
        later = match[2] in ("<=", ">")
        day = datetime.date.fromisoformat(match[3]) + datetime.timedelta(days=later)
        sign = {"<=": "<", ">": ">="}.get(match[2], match[2])
        return f"{match[1]} {sign} TIMESTAMPTZ '{day}'"

    text = re.sub(r"CAST\((\S+) AS DATE\) (<=|>=|<|>) '([\d-]+)'", other, text)
    bound = r'(MIN|MAX)\(CAST\((\S+) AS DATE\)\) FILTER\(WHERE(.*?)\) AS "(qms_\w+)"'
    return re.sub(bound, r'CAST(\1(\2) FILTER(WHERE\3) AS DATE) AS "\4"', text, flags=re.S)


def _zone(text: str, zone: str) -> str:
    return re.sub(r'CAST\(("t\d"\."ended") AS DATE\)', rf"CAST(\1 AT TIME ZONE '{zone}' AS DATE)", text)


def _view(text: str, connection: Any, source: Any, files: str) -> str:
    connection.execute(f"CREATE OR REPLACE VIEW plain AS SELECT {', '.join(source.columns)} FROM {files}")
    return text.replace(f'"{engine.source_name(source)}"', "plain")


def _table(connection: Any, ways: dict[str, list[str]], runs: int) -> str:
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(runs):
        for name, texts in ways.items():
            begun = time.process_time()
            for text in texts:
                connection.execute(text).fetchall()
            least[name] = min(least[name], time.process_time() - begun)
    out = ["| | statements | time | of the first |", "|---|---|---|---|"]
    first = 0.0
    for name, seconds in least.items():
        first = seconds if not name.startswith("…") else first
        out.append(f"| {name} | {len(ways[name])} | {seconds:.2f} s | {seconds / first:.2f} |")
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    main()
