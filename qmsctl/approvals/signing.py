"""The only caller of ssh-keygen: signs statements and judges signatures.

A signature counts only if ssh-keygen finds the very person among the allowed signers, in our namespace, at
the time that is judged. It prints "Good signature" for unknown keys too; that is not read.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
import struct
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from qmsctl.config import Key

STATEMENT = "statement@qmsctl"
RECORD = "record@qmsctl"
TIMEOUT = 120
_USER_VERIFIED = 0x04
_USER_PRESENT = 0x01


class SigningFault(RuntimeError):
    """A signature could not be made or read; the message says why."""


def allowed_signers(keys: Iterable[Key], namespace: str) -> str:
    """Return the keys as the file that `ssh-keygen -Y verify -f` reads; principals are persons or recorders."""
    lines = []
    for key in keys:
        words = key.key.split()
        until = _end_of(key)
        lines.append(
            f'{key.holder} namespaces="{namespace}",valid-after="{key.since.replace("-", "")}000000Z",'
            f'valid-before="{until}" {words[0]} {words[1]}'
        )
    return "\n".join(lines) + "\n" if lines else ""


def signers(keys: Iterable[Key], namespace: str) -> str:
    """Return keys as allowed signers at any time; who calls has chosen those that count now."""
    lines = [f'{key.holder} namespaces="{namespace}" {" ".join(key.key.split()[:2])}' for key in keys]
    return "\n".join(lines) + "\n" if lines else ""


def _end_of(key: Key) -> str:
    """The first moment at which a key counts no more, as ssh-keygen writes it."""
    last = datetime.datetime.fromisoformat(key.until).replace(tzinfo=datetime.UTC) + datetime.timedelta(days=1)
    if key.revoked:
        last = min(last, datetime.datetime.fromisoformat(key.revoked).astimezone(datetime.UTC))
    return last.strftime("%Y%m%d%H%M%SZ")


def sign(data: bytes, key_file: Path, namespace: str) -> bytes:
    """Sign with a private key, or with the agent for a public one; asks for passphrase or touch as ssh-keygen does."""
    with tempfile.TemporaryDirectory(prefix="qmsctl-") as folder:
        file = Path(folder) / "statement"
        file.write_bytes(data)
        try:
            done = subprocess.run(
                ["ssh-keygen", "-Y", "sign", "-f", str(key_file), "-n", namespace, str(file)],
                check=False,
                stderr=subprocess.PIPE,
                timeout=TIMEOUT,
            )
        except FileNotFoundError as error:
            raise SigningFault("ssh-keygen is not installed; it comes with OpenSSH") from error
        except subprocess.TimeoutExpired as error:
            raise SigningFault(f"the key gave no signature within {TIMEOUT} s") from error
        signature = file.with_name("statement.sig")
        if done.returncode != 0 or not signature.is_file():
            reason = done.stderr.decode(errors="replace").strip().splitlines()
            raise SigningFault("not signed: " + (reason[-1] if reason else "ssh-keygen gave no reason"))
        return signature.read_bytes()


def verify(data: bytes, signature: bytes, holder: str, keys: Iterable[Key], namespace: str, moment: str) -> str:
    """Return "" if the signature is the holder's and his key counted at a moment, else why not."""
    own = [key for key in keys if key.holder == holder]
    used = fingerprint_of_signature(signature)
    match = [key for key in own if fingerprint(key.key) == used]
    if not match:
        return f"it was made with a key that is not enrolled for {holder}"
    at = datetime.datetime.fromisoformat(moment).astimezone(datetime.UTC)
    for key in match:
        if key.revoked and at >= datetime.datetime.fromisoformat(key.revoked):
            return f"the key was revoked from {key.revoked} on"
        if not key.since <= at.date().isoformat() <= key.until:
            return f"the key counted from {key.since} to {key.until}, not on {at.date().isoformat()}"
    with tempfile.TemporaryDirectory(prefix="qmsctl-") as folder:
        signers, file = Path(folder) / "allowed_signers", Path(folder) / "statement.sig"
        signers.write_text(allowed_signers(match, namespace), encoding="utf-8")
        file.write_bytes(signature)
        time = at.strftime("%Y%m%d%H%M%SZ")
        try:
            done = subprocess.run(
                [
                    *("ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", holder),
                    *("-n", namespace, "-s", str(file), "-O", f"verify-time={time}"),
                ],
                input=data,
                check=False,
                capture_output=True,
                timeout=TIMEOUT,
            )
        except FileNotFoundError:
            return "ssh-keygen is not installed here, so no signature can be judged"
        except subprocess.TimeoutExpired:
            return "ssh-keygen gave no answer"
    return (
        ""
        if done.returncode == 0
        else "the text was changed after it was signed, or the signature is damaged or was made for another purpose"
    )


def fingerprint(key: str) -> str:
    """Return the SHA-256 fingerprint of a public key line, as ssh-keygen prints it; "" if it is none."""
    words = key.split()
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (IndexError, ValueError):
        return ""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def fingerprint_of_signature(signature: bytes) -> str:
    """Return the fingerprint of the key a signature was made with; "" if it is no SSH signature."""
    parts = _parts(signature)
    return "SHA256:" + base64.b64encode(hashlib.sha256(parts[0]).digest()).decode().rstrip("=") if parts else ""


def asked_owner(signature: bytes) -> bool:
    """Tell whether the key was on a token that asked its owner: touched, and verified by PIN or finger."""
    parts = _parts(signature)
    if not parts:
        return False
    kind, rest = _take(parts[1])
    if not kind.startswith(b"sk-"):
        return False
    _, rest = _take(rest)
    return bool(rest) and rest[0] & _USER_PRESENT != 0 and rest[0] & _USER_VERIFIED != 0


def _parts(signature: bytes) -> tuple[bytes, bytes] | None:
    """Return (public key, signature proper) out of an armoured SSH signature (PROTOCOL.sshsig)."""
    found = re.fullmatch(
        rb"-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)-----END SSH SIGNATURE-----\n*",
        signature.replace(b"\r", b""),
    )
    if not found or len(signature) > 50_000:
        return None
    try:
        data = base64.b64decode(found[1])
        if data[:6] != b"SSHSIG" or struct.unpack(">I", data[6:10])[0] != 1:
            return None
        key, rest = _take(data[10:])
        _, rest = _take(rest)  # namespace
        _, rest = _take(rest)  # reserved
        _, rest = _take(rest)  # hash
        made, _ = _take(rest)
    except (ValueError, struct.error):
        return None
    return key, made


def _take(data: bytes) -> tuple[bytes, bytes]:
    size = struct.unpack(">I", data[:4])[0]
    if size > len(data) - 4:
        raise ValueError("short")
    return data[4 : 4 + size], data[4 + size :]
