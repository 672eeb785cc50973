"""Statements and records as text: one way to write each, and nothing else is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qmsctl.approvals import snapshots, statement
from qmsctl.approvals.content import Manifest
from qmsctl.approvals.snapshots import Said, Snapshot
from qmsctl.approvals.statement import Statement, StatementFault

WORD = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=20)
LINE = st.lists(WORD, min_size=1, max_size=4).map(" ".join)
DIGEST = st.text("0123456789abcdef", min_size=64, max_size=64)
PATH = st.text("abcXYZ019-_/.é ", min_size=1, max_size=30).filter(lambda t: t == t.strip() and t.isprintable())
PLAIN = st.text("abcXYZ019-_", min_size=1, max_size=12).filter(lambda t: t[0] not in "-_")
MOMENT = (
    st.datetimes()
    .map(lambda d: d.replace(microsecond=0, fold=0).strftime("%Y-%m-%dT%H:%M:%S+01:00"))
    .filter(lambda t: len(t) == 25 and t[:4] >= "1000")
)


@st.composite
def statements(draw: Any) -> Statement:
    files = draw(st.lists(st.tuples(PATH, DIGEST), min_size=1, max_size=4))
    plain = {name: draw(PLAIN) for name in ("item", "revision", "meaning", "role", "person")}
    rest = {name: draw(LINE) for name in ("organisation", "title", "effective", "change_record", "verdict", "name")}
    return Statement(**plain, **rest, time=draw(MOMENT), manifest=Manifest(tuple(files)))


@given(statements())
def test_a_statement_survives_as_text(made: Statement) -> None:
    assert statement.parse(statement.render(made).encode()) == made


@given(statements(), st.data())
def test_another_byte_is_another_statement_or_none(made: Statement, data: Any) -> None:
    text = statement.render(made).encode()
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != text[at]))
    try:
        other = statement.parse(text[:at] + bytes([byte]) + text[at + 1 :])
    except StatementFault:
        return
    assert other != made


@given(st.binary(max_size=300))
def test_any_bytes_are_a_statement_or_a_fault(data: bytes) -> None:
    for text in (data, b"# qmsctl statement, format 1\n" + data):
        try:
            found = statement.parse(text)
        except StatementFault:
            continue
        assert statement.render(found).encode() == text


@given(statements())
def test_a_statement_is_kept_below_its_folder(made: Statement) -> None:
    """Whatever names are in it; the path must be taken as it is, so what leads elsewhere is refused where it is read."""
    path = statement.path_of(
        replace(made, item="SOP-001", revision="1.0", meaning="review", role="buyer", person="p-001")
    )
    assert path.startswith("approvals/SOP-001/1.0/review-buyer-p-001-")


SAID = st.builds(
    Said, item=LINE, revision=LINE, login=LINE, stance=st.sampled_from(["for", "against"]), at=MOMENT,
    files=st.lists(st.tuples(PATH, DIGEST), max_size=3).map(tuple), role=LINE, url=LINE,
)  # fmt: skip
RECORD = st.builds(
    Snapshot, recorder=LINE, recorded=MOMENT, forge=st.just("github"), repository=LINE, number=st.just("7"),
    author=LINE, base=DIGEST, head=DIGEST, landed=DIGEST, title=LINE,
    contributors=st.dictionaries(LINE, st.lists(LINE, max_size=2).map(tuple), max_size=2),
    votes=st.lists(SAID, max_size=3).map(tuple), statements=st.dictionaries(PATH, DIGEST, max_size=2),
    notes=st.lists(LINE, max_size=2).map(tuple), replies=st.dictionaries(LINE, DIGEST, max_size=2),
)  # fmt: skip


@given(RECORD)
def test_a_record_survives_as_text(made: Snapshot) -> None:
    assert snapshots.parse(snapshots.render(made)) == made


@given(RECORD, st.data())
def test_a_bent_record_is_another_record_or_none(made: Snapshot, data: Any) -> None:
    text = snapshots.render(made)
    at = data.draw(st.integers(0, len(text) - 1))
    try:
        other = snapshots.parse(text[:at] + bytes([data.draw(st.integers(0, 255))]) + text[at + 1 :])
    except snapshots.SnapshotFault:
        return
    assert snapshots.render(other) != text or other == made


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format": "qmsctl record, format 1"}',
        b"[" * 50_000,
        b'{"format":1,"format":2}',
        b"\xff",
        b"null",
    ],
)
def test_what_is_no_record_is_refused(text: bytes) -> None:
    with pytest.raises(snapshots.SnapshotFault):
        snapshots.parse(text)


@pytest.mark.parametrize(
    ("forge", "number"), [("../x", "7"), ("github", "../../x"), ("", ""), ("git hub", "7"), ("github", "7/../8")]
)
def test_a_record_cannot_be_kept_elsewhere(forge: str, number: str) -> None:
    made = Snapshot("robot", "2026-03-02T12:00:00Z", forge, "a/b", number, "eve", "b" * 40, "c" * 40, "d" * 40)
    with pytest.raises(snapshots.SnapshotFault):
        snapshots.path_of(made)
