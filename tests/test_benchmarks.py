"""The benchmark of speed: content is the same in every format and every time, and no figure is made up."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks import generator
from benchmarks.peers import PEERS
from benchmarks.peers.content import Entry, read, sample
from benchmarks.peers.peer import CHANGED, COLD, WARM, Way, count_pages
from benchmarks.speed import __main__ as whole
from benchmarks.speed import plan, rounds
from benchmarks.speed.charts import chart
from benchmarks.speed.measure import Failure, attempt, last_line, run
from benchmarks.speed.report import report
from benchmarks.speed.rounds import Cell, Limits, expected, in_turns, notices_fault, reason_not_to

SIZE = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("made") / "qms"
    generator.generate(target, SIZE, seed=3)
    return target


@pytest.fixture(scope="module")
def entries(made: Path) -> tuple[Entry, ...]:
    return read(made)


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True).stdout


def test_the_same_seed_makes_the_same_files(made: Path, tmp_path: Path) -> None:
    def contents(folder: Path) -> dict[str, bytes]:
        return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}

    generator.generate(tmp_path / "again", SIZE, seed=3)
    generator.generate(tmp_path / "other", SIZE, seed=4)
    assert contents(tmp_path / "again") == contents(made)
    assert contents(tmp_path / "other") != contents(made)


def test_the_same_seed_makes_the_same_commits(tmp_path: Path) -> None:
    heads = []
    for name in ("one", "two"):
        generator.generate(tmp_path / name, SIZE)
        generator.commit(tmp_path / name, 150)
        heads.append(git(tmp_path / name, "rev-parse", "HEAD"))
    assert heads[0] == heads[1]
    assert git(tmp_path / "one", "rev-list", "--count", "HEAD").strip() == "150"
    assert git(tmp_path / "one", "status", "--porcelain") == "", "the last commit is what lies there"


def test_documents_have_grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "RENAMED", 0.5)
    generator.generate(tmp_path, SIZE)
    generator.commit(tmp_path, 400)
    revisions = re.findall(r'^\+revision: "0\.(\d+)"', git(tmp_path, "log", "-p", "--reverse", "--", "sops"), re.MULTILINE)  # fmt: skip
    assert max(int(number) for number in revisions) > 3, "some documents changed often"
    assert git(tmp_path, "log", "-M", "--diff-filter=R", "--format=", "--name-only").strip(), "some were renamed"
    dates = [int(line) for line in git(tmp_path, "log", "--reverse", "--format=%ct").split()]
    assert dates == sorted(dates)


def test_a_made_system_is_checked_without_errors(made: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "qmsctl", "check"], cwd=made, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("name", [name for name in PEERS if name != plan.OWN])
def test_every_peer_gets_the_same_content(name: str, entries: tuple[Entry, ...], tmp_path: Path) -> None:
    PEERS[name].write(entries, tmp_path)
    files = [f for f in tmp_path.rglob("*") if f.is_file() and ".git" not in f.parts]
    texts = [text for file in files for text in file.read_text(encoding="utf-8").split("[ITEM]\n")]
    for entry in entries:
        named = re.compile(rf"^\W*(id|known_as|:known_as|KNOWN_AS):? '?{entry.id}'?$", re.MULTILINE)
        (text,) = (text for text in texts if named.search(text))
        held = plain(text)
        for section in entry.sections:
            # check-jsonschema reads the fields as they are; their names are not sentences.
            for paragraph in section.paragraphs if name != "check-jsonschema" else ():
                assert plain(paragraph) in held, (entry.id, paragraph)
        for value in (v for key, v in entry.fields.items() if isinstance(v, str) and key != "body"):
            assert plain(value) in held, (entry.id, value)
        by_name = {other.id: other for other in entries}
        for link in entry.links:
            assert link in text or by_name[link].code in text, (entry.id, link)


def plain(text: str) -> str:
    """Letters and digits only: what remains the same whatever a format puts around it."""
    return re.sub(r"[\W_]+", " ", text.replace("''", "'")).strip()


@pytest.mark.parametrize("name", list(PEERS))
def test_the_edited_sentence_and_the_fault_stand_in_every_format(
    name: str, made: Path, entries: tuple[Entry, ...], tmp_path: Path
) -> None:
    folder = made if name == plan.OWN else tmp_path
    PEERS[name].write(entries, folder)
    edited = sample(entries)
    for way in PEERS[name].ways(folder, tmp_path / "bin", edited):
        assert way.change is not None
        text = way.change.read_text(encoding="utf-8")
        assert edited.sentence in text
        if way.area == "check" and name != "doorstop":  # it writes its links anew itself
            assert way.fault is not None
            assert way.fault[0] in text


def test_the_schemas_that_a_peer_checks_against_know_every_item(entries: tuple[Entry, ...], tmp_path: Path) -> None:
    import jsonschema

    PEERS["check-jsonschema"].write(entries, tmp_path)
    schema = json.loads((tmp_path / "schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    for file in (tmp_path / "items").rglob("*.yaml"):
        assert not list(validator.iter_errors(yaml.safe_load(file.read_text(encoding="utf-8")))), file.name
    assert list(validator.iter_errors({"id": "SOP-001", "type": "sop", "title": "Too little"}))


def python(folder: Path, code: str, **more: Any) -> Way:
    given = {"label": "a peer", "steps": (COLD,), **more}
    return Way("check", command=(sys.executable, "-c", code), folder=folder, **given)


def limits(ends: float | None = None, aside: Path = Path("not used")) -> Limits:
    return Limits(2, 60.0, time.monotonic() + 600 if ends is None else ends, aside)


def turns(*ways: Way, sentence: str = "One.", within: Limits | None = None) -> Mapping[tuple[str, str], Cell]:
    cells = in_turns(ways, 100, 100, sentence, within or limits(), lambda line: None)
    return {(cell.label, cell.step): cell for cell in cells}


def test_a_run_is_measured_as_a_whole(tmp_path: Path) -> None:
    small = run((sys.executable, "-c", "pass"), tmp_path, 60)
    large = run((sys.executable, "-c", "import subprocess, sys; subprocess.run([sys.executable, '-c', 'b = bytearray(90_000_000)'])"), tmp_path, 60)  # fmt: skip
    assert small.memory < 60_000_000 < large.memory, "the memory of a child counts"
    assert large.processor > 0


def test_a_peer_that_fails_is_reported_and_the_others_go_on(tmp_path: Path) -> None:
    wrong = python(tmp_path, "import sys; print('/some/where/file.md: no'); sys.exit(3)", label="broken", steps=(COLD, WARM))  # fmt: skip
    missing = Way("check", "missing", ("no-such-program",), tmp_path, steps=(COLD,))
    found = turns(wrong, missing, python(tmp_path, "pass"))
    assert found["broken", COLD].why == "ended with 3: file.md: no"
    assert found["broken", WARM].why == "ended with 3: file.md: no"
    assert found["missing", COLD].why.startswith("could not be started")
    assert not found["broken", COLD].seconds + found["missing", COLD].seconds
    assert len(found["a peer", COLD].seconds) == 2
    text = report(facts(), list(found.values()), [], {})
    assert "* broken, 100 items: ended with 3: file.md: no." in text
    assert "| broken |" not in text


def test_a_run_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "child"
    (tmp_path / "child.py").write_text(
        f"import os, time\nwith open({str(mark)!r}, 'w') as f:\n    f.write(str(os.getpid()))\ntime.sleep(600)\n",
        encoding="utf-8",
    )
    code = "import subprocess, sys; subprocess.run([sys.executable, 'child.py'])"
    with pytest.raises(Failure, match="stopped after 5 s"):
        attempt((sys.executable, "-c", code), tmp_path, 5)
    until = time.monotonic() + 30
    while runs(int(mark.read_text())):
        assert time.monotonic() < until, "a child was left running"
        time.sleep(0.05)


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_a_peer_that_made_nothing_is_not_fast(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").touch()
    found = turns(python(tmp_path, "pass", output=tmp_path / "site", made=count_pages))
    assert found["a peer", COLD].why == "made 1 of 100"


def test_a_check_that_sees_no_planted_fault_is_not_measured(tmp_path: Path) -> None:
    file = tmp_path / "item.md"
    file.write_text("owner: a-role\n", encoding="utf-8")
    sees = "import sys; sys.exit('nobody' in open('item.md').read())"
    notices_fault(python(tmp_path, sees, change=file, fault=("a-role", "nobody")))
    with pytest.raises(Failure, match="did not notice"):
        notices_fault(python(tmp_path, "pass", change=file, fault=("a-role", "nobody")))
    assert file.read_text(encoding="utf-8") == "owner: a-role\n"


def test_steps_find_what_they_should(tmp_path: Path) -> None:
    """Cold finds nothing of an earlier run, warm what cold left, and changed a changed document."""
    (tmp_path / "doc.md").write_text("One. Two.", encoding="utf-8")
    code = "import os; open('log', 'a').write(f\"{os.path.exists('cache')} {open('doc.md').read()}\\n\"); open('cache', 'w')"
    way = python(tmp_path, code, change=tmp_path / "doc.md", cold=(tmp_path / "cache",), steps=(COLD, WARM, CHANGED))
    turns(way, within=limits(aside=tmp_path / "aside"))
    assert len([*(tmp_path / "aside").rglob("cache")]) == 1, "what was there was moved, for deleting slows what follows"
    assert (tmp_path / "log").read_text(encoding="utf-8").splitlines() == [
        "False One. Two.", "True One. Two.", "True One. Seen again in round 1. Two.",
        "False One. Two.", "True One. Two.", "True One. Seen again in round 2. Two.",
    ]  # fmt: skip
    assert (tmp_path / "doc.md").read_text(encoding="utf-8") == "One. Two."


def test_a_change_is_committed_where_history_is_asked_for(tmp_path: Path) -> None:
    generator.generate(tmp_path, SIZE)
    generator.commit(tmp_path, 100)
    edited = sample(read(tmp_path))
    count = "import subprocess; open('.git/seen', 'a').write(subprocess.run(['git', 'rev-list', '--count', 'HEAD'], capture_output=True, text=True).stdout)"
    turns(python(tmp_path, count, change=tmp_path / edited.path, steps=(COLD, CHANGED), commits=True), sentence=edited.sentence)  # fmt: skip
    assert (tmp_path / ".git" / "seen").read_text().split() == ["100", "101", "100", "101"]
    assert git(tmp_path, "status", "--porcelain") == ""


def cell(size: int, seconds: float, label: str = "qmsctl", step: str = COLD, **more: Any) -> Cell:
    return Cell("check", label, size, step, [seconds], [seconds], [50_000_000], **more)


def test_growth_is_foreseen_from_smaller_sizes() -> None:
    assert expected([], 1000) is None
    assert expected([cell(100, 2.0)], 1000) == pytest.approx(20)
    assert expected([cell(100, 1.0), cell(1000, 100.0)], 5000) == pytest.approx(2500), "quadratic stays quadratic"
    assert expected([cell(100, 1.0), cell(1000, 2.0)], 5000) == pytest.approx(10), "never less than linear"


def test_what_is_not_run_has_a_reason(tmp_path: Path) -> None:
    way = python(tmp_path, "pass", most=1000, because="its cost grows with the square of the pages")
    assert reason_not_to(way, 1000, [], limits()) == ""
    assert reason_not_to(way, 5000, [], limits()) == "above 1,000 items its cost grows with the square of the pages"
    free = python(tmp_path, "pass")
    slow = [cell(100, 1.0), cell(1000, 100.0)]
    assert reason_not_to(free, 5000, slow, limits()) == "by its growth so far it would take 42 minutes; 60 s are allowed"  # fmt: skip
    assert reason_not_to(free, 5000, [cell(1000, 2.0)], limits(ends=time.monotonic() + 1)) == "the time of the benchmark was over"  # fmt: skip
    own = python(tmp_path, "pass", always=True)
    over = limits(ends=time.monotonic() - 1)
    assert reason_not_to(own, 5000, [cell(1000, 2.0)], over) == ""
    ran = in_turns([own, python(tmp_path, "pass", label="other")], 5000, 1, "", over, lambda _: None)
    assert {c.label: len(c.seconds) for c in ran if c.step == COLD} == {"a peer": 1, "other": 0}
    broken = Cell("check", "a peer", 100, COLD, why="ended with 1: no")
    said = reason_not_to(free, 1000, [broken], limits())
    assert said == "at 100 items: ended with 1: no"
    later = Cell("check", "a peer", 1000, COLD, why=said)
    assert reason_not_to(free, 5000, [later], limits()) == said


def facts() -> dict[str, Any]:
    return {"day": "2026-11-16", "command": "make bench", "machine": {"cores": "2"}, "versions": {"doorstop": "3.2"}}


def test_the_report_shows_ratios_growth_and_what_is_missing() -> None:
    cells = [
        cell(100, 0.2), cell(1000, 1.0), cell(100, 0.5, "doorstop"), cell(1000, 8.0, "doorstop", bytes=1_500_000, files=7),
        Cell("check", "trestle", 1000, COLD, why="the time of the benchmark was over"),
    ]  # fmt: skip
    text = report(facts(), cells, [], {"check-cold": "check-cold.svg"})
    assert "| qmsctl | **200 ms** | **1.0 s** | 10 × items, 5 × time |" in text
    assert "| doorstop | 500 ms (2.5 ×) | 8.0 s (8 ×) | 10 × items, 16 × time |" in text
    assert "| doorstop | 1,000 | 1 | 8.0 s | 50 MB | 1.5 MB | 7 |" in text
    assert "* trestle, 1,000 items: the time of the benchmark was over." in text
    assert "![Checking the whole system: seconds by number of items, cold](check-cold.svg)" in text
    assert "| doorstop | 3.2 |" in text


def test_a_busy_machine_is_told() -> None:
    assert "only show that everything runs" in report({**facts(), "busy": "load 2.0"}, [], [], {})


def test_the_chart_names_every_line_and_reads_without_colour() -> None:
    cells = [cell(s, s / 1000, label) for label in ("qmsctl", "a <peer>", "another") for s in (100, 1000)]
    drawn = chart("Checking & more", cells)
    root = ET.fromstring(drawn)
    names = [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"qmsctl · 1.0 s", "a <peer> · 1.0 s", "another · 1.0 s"} <= set(names)
    heights = sorted(float(t.get("y", 0)) for t in root.iter("{http://www.w3.org/2000/svg}text") if "·" in (t.text or ""))  # fmt: skip
    assert all(b - a >= 16 for a, b in pairwise(heights)), "no name lies on another"
    assert "prefers-color-scheme: dark" in drawn
    assert "qmsctl: 100 ms at 100, 1.0 s at 1,000" in drawn
    assert chart("One size", [cell(100, 1.0)]) == ""


def test_the_last_line_keeps_no_path_of_the_machine() -> None:
    assert last_line("first\n\nerror in /home/someone/place/items/SOP-001.md: no\n\n") == "error in SOP-001.md: no"
    assert last_line("") == "it said nothing"


def test_rounds_become_fewer_where_a_run_is_slow() -> None:
    assert [rounds._rounds(cell(100, s), 5) for s in (1.0, 10.0, 60.0)] == [5, 2, 1]


def test_a_peer_that_cannot_be_installed_is_told_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(folder: Path, packages: Any, say: Any) -> dict[str, str]:
        raise Failure("could not be installed: no such package")

    monkeypatch.setattr(whole, "environment", refused)
    given = ["--areas", "limits,check", "--peers", "doorstop", "--sizes", "60", "--rounds", "1", "--folder", str(tmp_path)]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["speed", *given])
    assert whole.main() == 0
    told = capsys.readouterr()
    assert "* doorstop, 60 items: could not be installed: no such package." in told.out
    assert re.search(r"\| qmsctl \| \*\*[\d.]+ m?s\*\* \|", told.out)
    assert "doorstop is left out" in told.err
    assert str(tmp_path) not in told.out, "nothing of the machine stands in the report"
    kept = json.loads((tmp_path / "speed" / "results.json").read_text(encoding="utf-8"))
    assert {c["label"] for c in kept["cells"] if c["seconds"]} >= {"qmsctl", "start Python"}
    assert (tmp_path / "speed" / "speed.md").read_text(encoding="utf-8") == told.out


def test_the_time_is_divided_among_all_areas() -> None:
    assert plan.SHARES.keys() == plan.AREAS.keys()
    assert sum(plan.SHARES.values()) == 100
    assert all(setting.sizes.keys() == plan.AREAS.keys() for setting in plan.SETTINGS.values())
