"""The calendar, its feeds and the digest: what is due is told once, alike, and in a form that calendars read."""

from __future__ import annotations

import datetime
import email
import email.policy
import json
import re
from pathlib import Path
from typing import Any

import icalendar
import pytest
import vobject
import yaml
from click.testing import CliRunner

from qmsctl import checks
from qmsctl.cli import app
from qmsctl.loader import load
from qmsctl.pages import agenda, calendar, digest, environment_of
from qmsctl.pages import icalendar as feeds
from qmsctl.pages.icalendar import Event
from qmsctl.pages.view import View
from qmsctl.pages.wording import words_of
from tests.conftest import REPOSITORY, TODAY

FOLDERS = {"sop": "sops", "risk": "risks", "role": "roles", "person": "people", "policy": "policies"}
SOP = {"type": "sop", "revision": "1.0", "effective": "2026-01-05", "owner": "chief", "review_every": "12 months",
       "change": "Written for the first time.", "purpose": "It is done alike."}  # fmt: skip
ROLE = {"type": "role", "revision": "1.0", "effective": "2026-01-05", "owner": "chief", "review_every": "48 months",
        "change": "Written for the first time.", "purpose": "Answers for it."}  # fmt: skip
CHIEF, CLERK = {**ROLE, "id": "chief", "title": "Chief"}, {**ROLE, "id": "clerk", "title": "Clerk"}
RISK = {"type": "risk", "status": "open", "owner": "chief", "cause": "A cause.", "event": "An event.",
        "effect": "An effect.", "likelihood": 2, "severity": 2, "reviewed": "2026-10-01",
        "review_every": "24 months"}  # fmt: skip


def system(root: Path, *items: dict[str, Any], head: str = "") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "qms.yaml").write_text(f"organisation: Small Works\nas_of: 2026-11-16\n{head}", encoding="utf-8")
    for item in items:
        file = root / FOLDERS[item["type"]] / f"{item['id']}.{'md' if item['type'] in ('sop', 'policy') else 'yaml'}"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(item, allow_unicode=True)
        file.write_text(f"---\n{text}---\n" if file.suffix == ".md" else text, encoding="utf-8")
    return root


def view_of(root: Path, today: str = TODAY) -> View:
    loaded = load(root)
    return View(loaded, checks.run(loaded, today), today)


def risk(number: int, **action: Any) -> dict[str, Any]:
    return {**RISK, "id": f"RSK-{number:03d}", "title": f"Risk {number}",
            "actions": [{"key": "act", "what": "Do something.", "who": "clerk", "by": "2026-12-01", **action}]}  # fmt: skip


def events(data: bytes) -> list[Any]:
    return list(icalendar.Calendar.from_ical(data).walk("VEVENT"))


def files_of(view: View) -> dict[str, bytes]:
    return dict(calendar.files(view))


def page_of(view: View) -> str:
    _, template, values = next(calendar.pages(view))
    return str(environment_of(view).get_template(template).render(page="calendar", **values))


@pytest.fixture(scope="module")
def reference() -> View:
    return view_of(REPOSITORY)


# --- the form of a feed -------------------------------------------------------------------------------


def strict(data: bytes) -> None:
    """Hold a feed against the rules of RFC 5545 that parsers forgive."""
    assert data.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    for line in data.split(b"\r\n"):
        assert len(line) <= 75, line
        line.decode("utf-8")
    text = data.replace(b"\r\n ", b"").decode()
    for line in text.splitlines():
        assert re.match(r"^[A-Z-]+(;[A-Z-]+=[A-Z0-9-]+)*:", line), line
    assert "BEGIN:VEVENT" in text or "BEGIN:VTIMEZONE" in text


def test_every_feed_of_the_reference_is_read_by_two_parsers(reference: View) -> None:
    found = {name: data for name, data in files_of(reference).items() if name.endswith(".ics")}
    roles = {f"roles/{role.id}.ics" for role in reference.of_type("role")}
    assert set(found) == {"calendar.ics", *roles}
    for data in found.values():
        strict(data)
        one = events(data)
        other = list(vobject.readOne(data.decode()).contents.get("vevent", []))
        assert [str(e["UID"]) for e in one] == [e.uid.value for e in other]
        assert [e["DTSTART"].dt for e in one] == [e.dtstart.value for e in other]
        assert [str(e["SUMMARY"]) for e in one] == [e.summary.value for e in other]


def test_the_feed_has_every_due_of_the_graph_once(reference: View) -> None:
    found = events(files_of(reference)["calendar.ics"])
    wanted = sorted((due.on, due.item) for due in reference.graph.dues())
    said = sorted((e["DTSTART"].dt.isoformat(), str(e["SUMMARY"]).split(": ")[1].split()[0]) for e in found)
    assert said == wanted
    assert len({str(e["UID"]) for e in found}) == len(found)
    assert {type(e["DTSTART"].dt) for e in found} == {datetime.date}


def test_the_feed_of_a_role_has_what_the_role_has_to_see_to(reference: View) -> None:
    found = events(files_of(reference)["roles/buyer.ics"])
    assert [e["DTSTART"].dt.isoformat() for e in found] == [d.on for d in reference.dues(who="buyer")]


def test_the_same_day_gives_the_same_bytes(reference: View) -> None:
    assert files_of(reference) == files_of(view_of(REPOSITORY))


HOSTILE = [
    "Line one\r\nATTENDEE:mailto:evil@example.org\r\nEND:VEVENT",
    "Semicolons; commas, back\\slashes \\n and \"quotes\"",
    "\u202eesrever\u202c and \u2066isolated\u2069",
    "NUL \x00 BEL \x07 ESC \x1b[31m",
    "NEL \x85 LS \u2028 PS \u2029 VT \x0b FF \x0c FS \x1c",
    "שלום עולם",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 " * 30,
    "e\u0301" * 80,
    "half a pair \ud800 here",
    ":;=,",
    "",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_text_ends_its_line(text: str) -> None:
    data = feeds.feed(text, [Event("a@b", "2026-12-01", text, f"{text}\n{text}", "", text)], TODAY)
    strict(data)
    assert data.count(b"BEGIN:VEVENT") == data.count(b"\r\nBEGIN:VEVENT\r\n") == 1
    (event,) = events(data)
    assert set(event) <= {"UID", "DTSTAMP", "SEQUENCE", "DTSTART", "SUMMARY", "DESCRIPTION", "CATEGORIES", "TRANSP"}
    (other,) = vobject.readOne(data.decode()).contents["vevent"]
    assert other.dtstart.value == datetime.date(2026, 12, 1)
    if text.isprintable():
        assert str(event["SUMMARY"]) == text.strip()
        assert other.summary.value == text.strip()
    assert not set("\u202e\u2066\x00\x07\x1b\x85\u2028\x0b\x1c") & set(data.decode())


@pytest.mark.parametrize("length", range(60, 80))
@pytest.mark.parametrize("letter", ["a", "ä", "€", "𝔘", "\\", ";"])
def test_lines_fold_at_75_octets_and_unfold_to_the_same(length: int, letter: str) -> None:
    line = "SUMMARY:" + letter * length
    data = feeds.folded(line)
    assert all(len(piece) <= 75 for piece in data.split(b"\r\n"))
    assert data.replace(b"\r\n ", b"").decode() == line + "\r\n"


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2028-02-29", "9999-12-31"])
def test_days_at_the_edge(day: str) -> None:
    (event,) = events(feeds.feed("x", [Event("a", day, "x")], TODAY))
    assert event["DTSTART"].dt.isoformat() == day
    assert feeds.sequence(day) >= 0


def test_a_feed_with_nothing_in_it_is_still_a_calendar(tmp_path: Path) -> None:
    view = view_of(system(tmp_path / "q", CHIEF, CLERK))
    data = files_of(view)["roles/clerk.ics"]
    strict(data)
    assert events(data) == []
    assert [part.name for part in icalendar.Calendar.from_ical(data).subcomponents] == ["VTIMEZONE"]


# --- what calendars go by -----------------------------------------------------------------------------


def only(view: View, item: str) -> Any:
    (found,) = [e for e in events(files_of(view)["calendar.ics"]) if str(e["UID"]).startswith(f"{item}.actions")]
    return found


def test_uid_stays_and_sequence_rises_when_day_title_and_order_change(tmp_path: Path) -> None:
    before = only(view_of(system(tmp_path / "a", CHIEF, CLERK, risk(1))), "RSK-001")
    moved = risk(1, by="2027-02-03", what="Something else; altogether.")
    moved["title"] = "Renamed"
    moved["actions"].insert(0, {"key": "first", "what": "Before it.", "who": "chief", "by": "2027-01-01"})
    view = view_of(system(tmp_path / "b", CHIEF, CLERK, moved), "2026-11-17")
    after = next(e for e in events(files_of(view)["calendar.ics"]) if str(e["UID"]) == str(before["UID"]))
    assert str(before["UID"]) == "RSK-001.actions.act.by@small-works.qmsctl"
    assert after["DTSTART"].dt == datetime.date(2027, 2, 3)
    assert "Renamed" in after["SUMMARY"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["DTSTAMP"].dt > before["DTSTAMP"].dt


def test_rows_with_one_key_still_have_names_of_their_own(tmp_path: Path) -> None:
    twice = risk(1)
    twice["actions"].append({**twice["actions"][0], "by": "2026-12-05"})
    names = [e.name for e in agenda.entries(view_of(system(tmp_path / "q", CHIEF, CLERK, twice)))]
    assert len(set(names)) == len(names)


def test_announced_revisions_go_to_the_owner_and_to_who_must_know_them(tmp_path: Path) -> None:
    coming = {**SOP, "id": "SOP-001", "title": "Weigh", "revision": "2.0", "effective": "2026-12-01",
              "steps": [{"key": "weigh", "what": "Weigh it", "who": "clerk"}]}  # fmt: skip
    view = view_of(system(tmp_path / "q", CHIEF, CLERK, coming))
    files = files_of(view)
    for name in ("calendar.ics", "roles/chief.ics", "roles/clerk.ics"):
        (found,) = [e for e in events(files[name]) if "SOP-001.effective.2.0" in e["UID"]]
        assert found["DTSTART"].dt == datetime.date(2026, 12, 1)
    assert not any("review_every" in e["UID"] and "SOP-001" in e["UID"] for e in events(files["roles/clerk.ics"]))


def test_an_owner_who_is_not_shown_is_not_named(tmp_path: Path) -> None:
    view = view_of(system(tmp_path / "q", CHIEF, risk(1)))
    assert all(b"clerk" not in data for data in files_of(view).values())
    assert "clerk" not in page_of(view)


def test_addresses_are_told_only_where_the_site_has_one(tmp_path: Path) -> None:
    bare = files_of(view_of(system(tmp_path / "a", CHIEF, CLERK, risk(1))))["calendar.ics"]
    assert b"URL:" not in bare
    head = "site:\n  address: https://qms.example.org/sub/\n"
    view = view_of(system(tmp_path / "b", CHIEF, CLERK, risk(1), head=head))
    found = only(view, "RSK-001")
    assert str(found["URL"]) == "https://qms.example.org/sub/risks/RSK-001.html"
    assert str(found["DESCRIPTION"]).endswith("https://qms.example.org/sub/risks/RSK-001.html")


def test_each_language_has_feeds_of_its_own_with_the_same_names(tmp_path: Path) -> None:
    root = system(tmp_path / "q", CHIEF, CLERK, risk(1), head="languages: [en, de]\n")
    loaded = load(root)
    report = checks.run(loaded, TODAY)
    english = View(loaded, report, TODAY)
    german = View(loaded, report, TODAY, words=words_of("de", root))
    assert set(files_of(german)) == {f"de/{name}" for name in files_of(english)}
    one, other = (events(files_of(v)[f"{v.prefix}roles/clerk.ics"]) for v in (english, german))
    assert [str(e["UID"]) for e in one] == [str(e["UID"]) for e in other]
    template, values = next((t, v) for _, t, v in calendar.pages(german))
    text = environment_of(german).get_template(template).render(page="de/calendar", **values)
    assert 'href="../de/risks/RSK-001.html"' in text
    assert 'data-feed="../de/roles/clerk.ics"' in text
    assert "<h2" in text
    assert "Dezember 2026" in text


# --- the page -----------------------------------------------------------------------------------------


def test_what_is_overdue_stands_first(tmp_path: Path) -> None:
    view = view_of(system(tmp_path / "q", CHIEF, CLERK, risk(1, by="2026-11-15"), risk(2, by="2026-11-16"), risk(3)))
    text = page_of(view)
    assert text.index('id="overdue"') < text.index('id="m-2026-11"') < text.index('id="m-2026-12"')
    assert "1 thing is overdue." in text
    assert "2 things fall due until 16 December 2026." in text
    assert 'href="#m-2026-12"' in text
    assert 'data-feed="roles/clerk.ics"' in text


def test_an_empty_calendar_teaches(tmp_path: Path) -> None:
    text = page_of(view_of(system(tmp_path / "q")))
    assert "once they have a date" in text
    assert "calendar.ics" in text


def test_titles_and_actions_are_only_text(tmp_path: Path) -> None:
    evil = risk(1, what='<img src=x onerror=alert(1)>\n\n"quoted" & **bold**')
    evil["title"] = "</a><script>alert(1)</script>\n\n# Head"
    text = page_of(view_of(system(tmp_path / "q", CHIEF, CLERK, evil)))
    assert "<script" not in text
    assert "<img" not in text
    body = text[text.index('<div class="qms-cal"') : text.index("## In your own calendar")]
    assert "\n\n" not in body.strip()


def test_two_thousand_dues_stay_light_and_nothing_is_lost(tmp_path: Path) -> None:
    first = datetime.date(2026, 10, 1)
    many = [risk(n, by=(first + datetime.timedelta(days=n % 500)).isoformat()) for n in range(1, 1000)]
    view = view_of(system(tmp_path / "q", CHIEF, CLERK, *many))
    text = page_of(view)
    assert len(text.encode()) < 150_000
    script = files_of(view)[calendar.ROWS].decode("ascii")
    rows = json.loads(script.removeprefix("qmsCalendarRows(").removesuffix(");\n"))
    assert text.count('class="qms-cal-row"') + len(rows) == len(agenda.entries(view)) == 2000
    assert len(script) < 400_000


# --- the digest ---------------------------------------------------------------------------------------


def told(root: Path, *arguments: str) -> str:
    found = CliRunner().invoke(app, ["-C", str(root), "digest", *arguments])
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.fixture
def works(tmp_path: Path) -> Path:
    changed = {**SOP, "id": "SOP-001", "title": "Weigh", "effective": "2026-11-02", "change": "Scales are read twice.",
               "steps": [{"key": "weigh", "what": "Weigh it", "who": "clerk"}]}  # fmt: skip
    coming = {**SOP, "id": "SOP-002", "title": "Pack", "revision": "2.0", "effective": "2026-12-01",
              "change": "Boxes instead of bags.", "steps": [{"key": "pack", "what": "Pack it", "who": "clerk"}]}  # fmt: skip
    person = {"id": "p-001", "type": "person", "roles": ["clerk", "chief"]}
    return system(tmp_path / "q", CHIEF, CLERK, changed, coming, person, risk(1), risk(2, by="2026-11-11"), risk(3, by="2027-08-01"))  # fmt: skip


def test_the_digest_of_a_role_in_plain_words(works: Path) -> None:
    text = told(works, "--role", "clerk")
    assert text.splitlines()[:2] == [
        "Clerk, 16 November 2026",
        "1 overdue, 1 due until 16 December 2026, 1 soon to take effect, 1 changed.",
    ]
    assert "Was due on 11 November 2026, overdue by 5 days: Action: Do something." in text
    assert "Due on 1 December 2026: Action: Do something." in text
    assert "Revision 2.0 from 1 December 2026: Boxes instead of bags." in text
    assert "Revision 1.0 since 2 November 2026: Scales are read twice." in text
    assert "RSK-003" not in text
    assert "RSK-003" in told(works, "--role", "clerk", "--within", "1y")


def test_a_person_gets_what_all_roles_get_once(works: Path) -> None:
    found = json.loads(told(works, "--person", "p-001", "--format", "json", "--within", "5 years"))[0]
    names = [line["item"] for line in found["due"]]
    assert {"RSK-001", "SOP-001", "chief"} <= set(names)
    assert [line["item"] for line in found["coming"]] == ["SOP-002"]


def test_nothing_due_says_so_and_writes_nothing(tmp_path: Path) -> None:
    root = system(tmp_path / "q", CHIEF, CLERK)
    assert "Nothing is due until 16 December 2026, and nothing changed." in told(root, "--role", "clerk")
    assert "Nothing is due for any role" in told(root)
    assert "no file was written" in told(root, "--format", "eml", "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_messages_are_complete_but_for_the_addresses(works: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told(works, "--format", "eml", "--out", str(out))
    assert [file.name for file in sorted(out.iterdir())] == ["chief.eml", "clerk.eml"]
    data = (out / "clerk.eml").read_bytes()
    found = email.message_from_bytes(data, policy=email.policy.default)
    assert not found.defects
    assert found["To"] is None
    assert found["Subject"].startswith("Small Works: 1 overdue")
    assert found["Date"].datetime.date() == datetime.date(2026, 11, 16)
    text, page = (part.get_content() for part in found.iter_parts())
    assert "overdue by 5 days" in text
    assert "overdue by 5 days" in page
    told(works, "--format", "eml", "--out", str(out))
    assert (out / "clerk.eml").read_bytes() == data


def test_a_message_of_yesterday_is_not_sent_again(works: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told(works, "--format", "eml", "--out", str(out))
    for file in [*works.glob("risks/*"), *works.glob("sops/*")]:
        file.unlink()
    told(works, "--format", "eml", "--out", str(out))
    assert list(out.iterdir()) == []


def test_hostile_titles_stay_text_in_messages(tmp_path: Path) -> None:
    evil = risk(1, what="Do\r\nBcc: evil@example.org\r\n\r\n<script>alert(1)</script>\x1b[31m")
    evil["title"] = "A\r\nSubject: other\r\n\u202e<b>"
    root = system(tmp_path / "q", {**CLERK, "title": "Clerk\r\nBcc: evil@example.org"}, CHIEF, evil, head="")
    (root / "qms.yaml").write_text('organisation: "Small\\r\\nBcc: evil@example.org"\nas_of: 2026-11-16\n')
    out = tmp_path / "out"
    told(root, "--format", "eml", "--out", str(out))
    found = email.message_from_bytes((out / "clerk.eml").read_bytes(), policy=email.policy.default)
    assert found["Bcc"] is None
    assert len(found.get_all("Subject")) == 1
    text, page = (part.get_content() for part in found.iter_parts())
    assert not any(line.startswith(("Bcc", "Subject")) for line in text.splitlines())
    assert "\x1b" not in text
    assert "<script" not in page
    assert "<b>" not in page


@pytest.mark.parametrize("within", ["", "30", "0 days", "-1 days", "1000 days", "1 fortnight", "30 days; rm"])
def test_a_period_that_is_none_is_refused(works: Path, within: str) -> None:
    found = CliRunner().invoke(app, ["-C", str(works), "digest", "--within", within])
    assert found.exit_code == 2
    assert "is not a period" in found.output


def test_the_digest_and_the_feed_agree(reference: View) -> None:
    for role in reference.of_type("role"):
        found = digest.of_role(reference, role.id, "3 years")
        told_days = sorted(line.on for section in found.sections if section.name in ("overdue", "due") for line in section.lines)  # fmt: skip
        days = [e["DTSTART"].dt.isoformat() for e in events(files_of(reference)[f"roles/{role.id}.ics"])]
        assert told_days == sorted(day for day in days if day <= found.until)
