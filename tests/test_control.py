"""Change control from the command line, as people use it, on real repositories."""

from __future__ import annotations

import csv
import datetime
import io
import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qmsctl.approvals import signing, statement, timestamps
from qmsctl.cli import app
from tests.shop import NOON, RULES, Shop, config, keys, make, sop

DOCUMENT = "sops/SOP-001-incoming-inspection.md"
BETTER = sop("1.1", "2026-03-09", "Eight pieces now, after a mix-up.", "Take eight pieces from each lot.")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """The shop, with a clock that stands still and change control on."""
    return make(tmp_path / "shop", files={"qms.yaml": config() + "as_of: 2026-03-12\n", ".gitignore": "build/\n"})


def run(shop: Shop, *arguments: str, given: str = "", env: dict[str, str] | None = None) -> Result:
    """Run qmsctl in the shop."""
    return CliRunner(env={"HOME": "/nonexistent", "COLUMNS": "140", **(env or {})}).invoke(
        app, ["-C", str(shop.root), *arguments], input=given
    )


def land_better(shop: Shop) -> None:
    """Bring revision 1.1, properly approved."""
    shop.branch()
    shop.commit({DOCUMENT: BETTER})
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    shop.sign("SOP-001", "ina", "quality-manager", "approval")
    shop.land()


def announce(shop: Shop) -> None:
    """Land revision 2.0 that takes effect later."""
    shop.at("2026-03-11T08:00:00+01:00")
    shop.branch("next")
    shop.commit({DOCUMENT: sop("2.0", "2026-04-01", "The sample follows the lot.", "Take one of ten.")})
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    shop.sign("SOP-001", "ina", "quality-manager", "approval")
    shop.land("next")


def test_history_names_revisions_and_approvers(shop: Shop) -> None:
    land_better(shop)
    announce(shop)
    rows = json.loads(run(shop, "history", "SOP-001", "--format", "json").output)
    assert [(r["revision"], r["state"]) for r in rows] == [
        ("1.0", "was in force from 2025-12-01 to 2026-03-08"),
        ("1.1", "in force since 2026-03-09"),
        ("2.0", "takes effect on 2026-04-01"),
    ]
    assert [(a["name"], a["role"], a["meaning"]) for a in rows[1]["approvals"]] == [
        ("Tom Reyes", "quality-engineer", "review"),
        ("Ina Berg", "quality-manager", "approval"),
    ]
    assert rows[1]["by"] == "Eve Stark"
    assert "✓ approval by Ina Berg as Quality manager" in run(shop, "history", "SOP-001").output


def test_as_of_shows_what_was_and_what_will_be_in_force(shop: Shop) -> None:
    land_better(shop)
    announce(shop)

    def revision(day: str) -> str:
        found = run(shop, "list", "sop", "--format", "json", "--columns", "id,revision", "--as-of", day)
        return str(json.loads(found.output)[0]["revision"])

    assert [revision(d) for d in ("2026-01-10", "2026-03-08", "2026-03-09", "2026-03-31", "2026-04-01")] == [
        "1.0", "1.0", "1.1", "1.1", "2.0",
    ]  # fmt: skip
    assert "Take eight pieces" in json.dumps(
        json.loads(run(shop, "show", "SOP-001", "--as-of", "2026-03-12", "-f", "json").output)
    )
    before = run(shop, "list", "sop", "--as-of", "2025-01-01")
    assert before.exit_code == 2
    assert "nothing had landed by 2025-01-01" in before.output


def test_diff_is_in_words(shop: Shop) -> None:
    land_better(shop)
    out = run(shop, "diff", "SOP-001", "1.0..1.1").output
    assert 'Step "Draw the sample": what to do reworded: Take [-five-] {+eight+} pieces from each lot.' in out
    page = run(shop, "diff", "SOP-001", "1.0..1.1", "--format", "html").output
    assert "<del>five</del>" in page
    wrong = run(shop, "diff", "SOP-001", "1.0..9.9")
    assert wrong.exit_code == 2
    assert "there were: 1.0, 1.1" in wrong.output


def test_sign_shows_what_is_signed_and_the_gate_takes_it(shop: Shop) -> None:
    shop.branch()
    shop.commit({DOCUMENT: BETTER.replace("2026-03-09", "2026-03-16")})
    done = run(shop, "sign", "SOP-001", "--key", str(keys() / "tom"), "--yes")
    assert done.exit_code == 0, done.output
    assert "# meaning: review\n# role: quality-engineer\n# person: p-002\n# name: Tom Reyes" in done.output
    shop.commit({}, "tom", "approvals: review")
    assert run(shop, "sign", "SOP-001", "--key", str(keys() / "ina"), "--yes").exit_code == 0
    shop.commit({}, "ina", "approvals: approval")
    gate = run(shop, "gate", "--head", "topic")
    assert gate.exit_code == 0, gate.output
    assert "may land" in gate.output


def test_what_sign_writes_is_checked_by_sha256sum_and_ssh_keygen(shop: Shop, tmp_path: Path) -> None:
    land_better(shop)
    path = next(shop.root.glob("approvals/SOP-001/1.1/approval-*.txt"))
    done = subprocess.run(["sha256sum", "-c", str(path)], cwd=shop.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{DOCUMENT}: OK" in done.stdout
    signers = tmp_path / "allowed"
    signers.write_text(f"p-001 {(keys() / 'ina.pub').read_text(encoding='utf-8')}", encoding="utf-8")
    verify = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        str(signers),
        "-I",
        "p-001",
        "-n",
        "statement@qmsctl",
        "-s",
        f"{path}.sig",
    ]
    assert subprocess.run(verify, stdin=path.open("rb"), capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("key", "more", "message"),
    [
        ("stranger", (), "is enrolled for nobody"),
        ("eve", (), "nothing that Eve Stark can give is missing for SOP-001"),
        (
            "tom",
            ("--role", "quality-manager", "--meaning", "approval"),
            "Tom Reyes does not hold the role quality-manager",
        ),
        ("missing", (), "there is no key"),
    ],
)
def test_sign_refuses_with_a_reason(shop: Shop, key: str, more: tuple[str, ...], message: str) -> None:
    shop.branch()
    shop.commit({DOCUMENT: BETTER})
    done = run(shop, "sign", "SOP-001", "--key", str(keys() / key), "--yes", *more)
    assert done.exit_code == 2
    assert message in done.output
    assert not (shop.root / "approvals").exists()


def test_sign_refuses_what_is_not_committed(shop: Shop) -> None:
    shop.branch()
    shop.commit({DOCUMENT: BETTER})
    shop.write({DOCUMENT: BETTER + "One more line.\n"})
    done = run(shop, "sign", "SOP-001", "--key", str(keys() / "tom"), "--yes")
    assert done.exit_code == 2
    assert "differs from what is committed" in done.output


def awake(tmp_path: Path) -> Shop:
    """The shop on the day of this machine: what is stated carries the real time."""
    made = make(tmp_path / "awake", files={".gitignore": "build/\n"})
    made.clock = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    return made


def test_periodic_review_moves_the_due_date(tmp_path: Path) -> None:
    shop = awake(tmp_path)

    def due() -> list[str]:
        rows = json.loads(run(shop, "due", "--within", "40y", "--format", "json").output)
        return [row["due"] for row in rows if row["item"] == "SOP-001"]

    assert due() == ["2027-12-01"]
    shop.branch("review")
    done = run(shop, "review", "SOP-001", "--verdict", "keep", "--key", str(keys() / "tom"), "--yes")
    assert done.exit_code == 0, done.output
    shop.commit({}, "tom", "approvals: reviewed")
    assert shop.gate("review").passed
    shop.land("review")
    assert due()[0] > "2028-11-01"


def test_review_without_signature_counts_only_through_a_record(tmp_path: Path) -> None:
    shop = awake(tmp_path)
    shop.git("config", "user.email", "tom@shop.example")
    shop.branch("review")
    done = run(shop, "review", "SOP-001", "--verdict", "keep", "--unsigned", "--yes")
    assert done.exit_code == 0, done.output
    shop.commit({}, "tom", "approvals: reviewed")
    assert "it is not signed" in str(shop.gate("review").obstacles)
    shop.push("review")
    assert shop.judged("tom").passed
    assert not shop.judged("eve").passed


def test_nobody_reviews_a_text_that_is_not_in_force_yet(shop: Shop) -> None:
    land_better(shop)
    announce(shop)
    done = run(shop, "review", "SOP-001", "--verdict", "keep", "--key", str(keys() / "tom"), "--yes")
    assert done.exit_code == 2
    assert "SOP-001 2.0 takes effect on 2026-04-01; people still work by another text" in done.output


def test_verify_proves_and_finds_damage(shop: Shop) -> None:
    land_better(shop)
    good = run(shop, "verify", "--offline")
    assert good.exit_code == 0, good.output
    assert "2 looked at: 2 hold" in good.output
    path = next(shop.root.glob("approvals/SOP-001/1.1/approval-*.txt"))
    shop.commit({path.relative_to(shop.root).as_posix(): path.read_text(encoding="utf-8").replace("Ina", "Ena")}, "max")
    bad = run(shop, "verify", "--offline")
    assert bad.exit_code == 1
    assert "the text was changed after it was signed" in bad.output
    found = json.loads(run(shop, "check", "--format", "json").output)["findings"]
    assert {"approval-invalid", "approvals-append-only", "approval-missing"} <= {f["check"] for f in found}


def test_audit_trail_tells_old_new_why_and_who(shop: Shop) -> None:
    land_better(shop)
    rows = list(csv.DictReader(io.StringIO(run(shop, "audit-trail", "SOP-001").output)))
    step = next(row for row in rows if row["what"].startswith('Step "Draw the sample"'))
    assert (step["old"], step["new"]) == ("Take five pieces from each lot.", "Take eight pieces from each lot.")
    assert step["by"] == "Eve Stark"
    assert step["why"] == "Eight pieces now, after a mix-up."
    assert "Ina Berg (quality-manager), approval, 2026-03-02T" in step["approved_by"]
    done = run(shop, "audit-trail", "--all", "--format", "pdf")
    assert done.exit_code == 0, done.output
    assert (shop.root / "build/audit-trail-all.pdf").read_bytes().startswith(b"%PDF")


def test_manifest_lists_what_is_in_force(shop: Shop) -> None:
    land_better(shop)
    announce(shop)
    data = json.loads(run(shop, "export", "manifest").output)
    row = next(d for d in data["documents"] if d["id"] == "SOP-001")
    assert (row["revision"], row["page"], row["approved"]) == ("1.1", "sops/SOP-001.html", True)
    assert row["files"][0]["path"] == DOCUMENT
    assert len(row["files"]) == 2


def test_site_shows_approvals_and_refuses_what_has_none(shop: Shop) -> None:
    land_better(shop)
    announce(shop)
    assert run(shop, "site", "build").exit_code == 0
    page = (shop.root / "build/site/sops/SOP-001.html").read_text(encoding="utf-8")
    for words in (
        "Take eight pieces",
        "2.0 takes effect on 1 April 2026",
        "Ina Berg",
        "2 March 2026, 08:20 (UTC+01:00)",
    ):
        assert words in page, words
    assert "Preview." not in page
    shop.commit({DOCUMENT: sop("1.2", "2026-03-11", "Straight onto the main branch.", "Take none.")}, "max")
    refused = run(shop, "site", "build")
    assert refused.exit_code == 1
    assert "not published, because it is not approved: SOP-001 1.2" in refused.output
    assert "Take eight pieces" in (shop.root / "build/site/sops/SOP-001.html").read_text(encoding="utf-8")
    assert run(shop, "site", "build", "--preview").exit_code == 0
    page = (shop.root / "build/site/sops/SOP-001.html").read_text(encoding="utf-8")
    assert "Preview." in page
    assert "Not approved." in page


def test_plan_says_who_and_why_before_anything_is_asked(shop: Shop) -> None:
    shop.branch()
    shop.commit({DOCUMENT: BETTER})
    out = run(shop, "approvals", "plan").output
    assert "review by Quality engineer" in out
    assert "who can: Tom Reyes, Ada Moss, Zoe Lund" in out
    assert "why: Every document" in out


def test_a_change_record_is_filled_from_what_is_touched(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop", RULES.replace("change_records: []", "change_records: [minor, major]"))
    shop.branch()
    shop.commit({DOCUMENT: BETTER})
    assert "no change record names SOP-001 1.1" in run(shop, "gate", "--today", "2026-03-02").output
    done = run(shop, "new", "change", "Larger samples", "--for", "SOP-001", "--as-of", "2026-03-02")
    assert done.exit_code == 0, done.output
    file = next((shop.root / "changes").glob("CHG-2026-001-*.yaml"))
    assert 'question: "Who in the role Inspector is trained, and until when?"' in file.read_text(encoding="utf-8")
    shop.commit({}, "eve", "change: why")
    asked = run(shop, "gate", "--today", "2026-03-02", "--format", "json")
    questions = json.loads(asked.output)["questions"]
    assert [(q["item"], q["answer"]) for q in questions] == [("inspector", "")]
    text = file.read_text(encoding="utf-8").replace(
        'until when?"}', 'until when?", answer: action, note: Two by Friday.}'
    )
    shop.commit({file.relative_to(shop.root).as_posix(): text}, "eve", "change: answers")
    shop.push()
    shop.review("tom")
    shop.review("ina")
    decision = shop.judged()
    assert decision.passed, [f.message for f in decision.blocking()]
    shop.commit({file.relative_to(shop.root).as_posix(): text.replace("Friday", "Monday")}, "eve")
    shop.push()
    assert "the change record is another now" in str(shop.judged().documents[0].verdict.refused)


def test_record_keeps_the_proof_when_the_forge_is_gone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.branch()
    shop.commit({DOCUMENT: BETTER})
    shop.push()
    shop.review("tom")
    shop.review("ina")
    assert shop.judged().passed
    landed = shop.land()
    pull = replace(shop.pull(), merged_as=landed, merged_by="max", merged_at=NOON, state="merged")
    monkeypatch.setattr("qmsctl.commands.approvals.pull_request", lambda *_: pull)
    found = json.loads(run(shop, "check", "--format", "json").output)["findings"]
    assert "approval-missing" in {f["check"] for f in found}
    done = run(shop, "approvals", "record", "--pr", "7", "--recorder", "robot", "--key", str(keys() / "robot"))
    assert done.exit_code == 0, done.output
    shop.branch("record")
    shop.commit({}, "max", "approvals: record")
    assert shop.gate("record").passed
    shop.land("record")
    found = json.loads(run(shop, "check", "--format", "json").output)["findings"]
    assert not {f["check"] for f in found} & {"approval-missing", "approval-outdated", "approval-invalid"}
    wrong = run(shop, "approvals", "record", "--pr", "7", "--recorder", "robot", "--key", str(keys() / "eve"))
    assert "is not enrolled for the recorder" in wrong.output


def test_check_looks_at_what_is_in_force_and_at_days_to_come(shop: Shop) -> None:
    """A plant that goes now, while the text in force still names it, is found."""
    plant = "id: plant\ntype: location\ntitle: Plant\n"
    there = BETTER.replace("purpose:", "locations: [plant]\npurpose:")
    shop.commit({DOCUMENT: there, "locations/plant.yaml": plant}, "max")
    assert "in what is in force" not in run(shop, "check").output
    shop.commit(
        {DOCUMENT: sop("2.0", "2026-04-01", "The plant closes.", "Take ten."), "locations/plant.yaml": None}, "max"
    )
    out = run(shop, "check").output
    assert "in what is in force today: `locations` names `plant`" in out


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A time-stamp authority made with openssl."""
    folder = tmp_path_factory.mktemp("authority")
    if shutil.which("openssl") is None:
        if os.environ.get("CI"):
            pytest.fail("openssl is missing, and in CI nothing is skipped")
        pytest.skip("openssl is not installed")
    (folder / "ca.cnf").write_text(
        "[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ca\n[dn]\nCN=Test time stamp root\n"
        "[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n"
        "[tsa]\nbasicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        "[tsa_config]\nserial=serial\ncrypto_device=builtin\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\n"
        "digests=sha256\naccuracy=secs:1\nordering=no\ntsa_name=no\ness_cert_id_chain=no\ness_cert_id_alg=sha256\n",
        encoding="utf-8",
    )
    (folder / "serial").write_text("01\n", encoding="utf-8")
    call = [
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 -config ca.cnf",
        "req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=Test-stamps",
        "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem -days 3650 -extfile ca.cnf -extensions tsa",
    ]
    for line in call:
        subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)
    return folder


def stamp(folder: Path, data: bytes) -> bytes:
    """Let the authority stamp some bytes."""
    (folder / "data").write_bytes(data)
    for line in (
        "ts -query -data data -sha256 -cert -out query.tsq",
        "ts -reply -config ca.cnf -section tsa_config -queryfile query.tsq -signer tsa.pem -inkey tsa.key -out reply.tsr",
    ):
        subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)
    return (folder / "reply.tsr").read_bytes()


def test_a_time_stamp_proves_the_time_and_nothing_else(authority: Path) -> None:
    root = [(authority / "ca.pem").read_bytes()]
    reply = stamp(authority, b"signed text")
    moment, problem = timestamps.time_of(b"signed text", reply, root)
    assert problem == ""
    assert moment.endswith("Z")
    assert timestamps.time_of(b"another text", reply, root)[0] == ""
    assert timestamps.time_of(b"signed text", reply, [])[0] == ""
    assert timestamps.time_of(b"signed text", reply[:-4], root)[0] == ""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "x.key", "-out", "x.pem", "-subj", "/CN=Other"],
        cwd=authority, check=True, capture_output=True,
    )  # fmt: skip
    assert timestamps.time_of(b"signed text", reply, [(authority / "x.pem").read_bytes()])[0] == ""


def test_sign_asks_the_authority_and_verify_believes_it(tmp_path: Path, authority: Path) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Authority(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            (authority / "asked.tsq").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            command = "ts -reply -config ca.cnf -section tsa_config -queryfile asked.tsq -signer tsa.pem -inkey tsa.key -out given.tsr"
            subprocess.run(["openssl", *command.split()], cwd=authority, check=True, capture_output=True)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write((authority / "given.tsr").read_bytes())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Authority)
    Thread(target=server.serve_forever, daemon=True).start()
    rules = RULES.replace("  change_records", "  time: proven\n  time_stamps: [tsa/root.pem]\n  change_records")
    shop = make(
        tmp_path / "shop", rules, {"tsa/root.pem": (authority / "ca.pem").read_bytes(), ".gitignore": "build/\n"}
    )
    today = datetime.datetime.now(datetime.UTC)
    shop.at(today.isoformat(timespec="seconds"))
    shop.branch()
    shop.commit({DOCUMENT: sop("1.1", f"{today.year + 1}-01-04", "Eight pieces now.", "Take eight.")})
    for who in ("tom", "ina"):
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        done = run(shop, "sign", "SOP-001", "--key", str(keys() / who), "--yes", "--time-stamp", address)
        assert done.exit_code == 0, done.output
        shop.clock = datetime.datetime.now(datetime.UTC)
        shop.commit({}, who, "approvals: signed")
    server.shutdown()
    shop.land()
    out = run(shop, "verify", "--offline")
    assert out.exit_code == 0, out.output
    assert out.output.count("time proven") == 2


@pytest.mark.parametrize("part", ["organisation", "item", "title", "role", "person", "name", "verdict"])
@pytest.mark.parametrize("bad", ["a\nb", "a\x1b[31mb", " a", "a  b", "a\u202eb"])
def test_a_statement_holds_only_what_can_be_read(shop: Shop, part: str, bad: str) -> None:
    with pytest.raises(statement.StatementFault):
        statement.render(replace(shop.statement("SOP-001", "tom", "quality-engineer", "review"), **{part: bad}))


def test_a_damaged_signature_is_no_crash() -> None:
    for data in (b"", b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n", b"\xff" * 60_000):
        assert signing.fingerprint_of_signature(data) == ""
        assert not signing.asked_owner(data)


def hardware_signature(flags: int) -> bytes:
    """A signature as a key on a token makes it (PROTOCOL.sshsig, PROTOCOL.u2f); only its shape is real."""
    import base64
    import struct

    def text(data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + data

    kind = b"sk-ssh-ed25519@openssh.com"
    key = text(kind) + text(b"k" * 32) + text(b"ssh:")
    made = text(kind) + text(b"s" * 64) + bytes([flags]) + struct.pack(">I", 7)
    data = (
        b"SSHSIG"
        + struct.pack(">I", 1)
        + text(key)
        + text(b"statement@qmsctl")
        + text(b"")
        + text(b"sha512")
        + text(made)
    )
    lines = base64.b64encode(data).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{lines}\n-----END SSH SIGNATURE-----\n".encode()


@pytest.mark.parametrize(("flags", "asked"), [(0x05, True), (0x01, False), (0x04, False), (0x00, False)])
def test_a_token_asked_its_owner_only_if_touched_and_verified(flags: int, asked: bool) -> None:
    assert signing.asked_owner(hardware_signature(flags)) is asked


def test_where_tokens_are_demanded_a_plain_key_does_not_do(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop", RULES.replace("  change_records", "  hardware_keys: true\n  change_records"))
    shop.branch()
    shop.commit({DOCUMENT: BETTER})
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    assert "it was not made with a key on a token that asks its owner" in str(shop.gate().obstacles)


def test_a_site_of_a_past_day_says_so(shop: Shop) -> None:
    land_better(shop)
    assert run(shop, "site", "build", "--as-of", "2026-03-05").exit_code == 0
    page = (shop.root / "build/site/sops/SOP-001.html").read_text(encoding="utf-8")
    assert "Not current." in page
    assert "Take five pieces" in page
    assert "1.1 takes effect on 9 March 2026" in page
