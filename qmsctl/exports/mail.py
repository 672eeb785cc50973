"""Messages as files (RFC 5322): complete but for the addresses, which a system kept in Git does not hold."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP


def message(subject: str, text: str, html: str, day: str, name: str) -> bytes:
    """Return a message with text and HTML. The same content on the same day gives the same bytes.

    ``name`` tells it apart from others of the day, so that a program that mails it twice can notice.
    """
    found = EmailMessage(policy=SMTP)
    found["Subject"] = " ".join(subject.split())
    found["Date"] = datetime.fromisoformat(day).replace(tzinfo=UTC)
    found["Message-ID"] = f"<{name}.{day}@qmsctl.invalid>"
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(text, cte="quoted-printable")
    found.add_alternative(html, subtype="html", cte="quoted-printable")
    found.set_boundary(f"=_qmsctl_{day}_{name}"[:70])
    return found.as_bytes()
