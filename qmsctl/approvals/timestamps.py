"""Time stamps by an authority (RFC 3161): the only clock here that no signer can set."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

MAX_BYTES = 200_000


class TimeStampFault(RuntimeError):
    """No time stamp could be had or read; the message says why."""


def ask(data: bytes, authority: str) -> bytes:
    """Return a time stamp for the data from the authority at an address. Raises TimeStampFault."""
    try:
        import httpx
        from rfc3161_client import TimestampRequestBuilder
        from rfc3161_client.base import HashAlgorithm
    except ImportError as error:
        raise TimeStampFault("time stamps need an extra: pip install 'qmsctl[timestamp]'") from error
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    try:
        reply = httpx.post(
            authority,
            content=request.as_bytes(),
            headers={"Content-Type": "application/timestamp-query"},
            timeout=30,
            follow_redirects=False,
        )
        reply.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TimeStampFault(f"the time-stamp authority gave no answer: {type(error).__name__}") from error
    if len(reply.content) > MAX_BYTES:
        raise TimeStampFault("the answer of the time-stamp authority is too large")
    return reply.content


def time_of(data: bytes, stamp: bytes, authorities: Iterable[bytes]) -> tuple[str, str]:
    """Return (time, "") that a stamp proves for the data, or ("", why it proves nothing).

    ``authorities`` holds the root certificates (PEM) whose stamps count.
    """
    try:
        from cryptography import x509
        from rfc3161_client import VerifierBuilder, decode_timestamp_response
    except ImportError:
        return "", "time stamps need an extra: pip install 'qmsctl[timestamp]'"
    try:
        roots = [cert for pem in authorities for cert in x509.load_pem_x509_certificates(pem)]
    except ValueError:
        return "", "a certificate of a time-stamp authority cannot be read"
    if not roots:
        return "", "no time-stamp authority is named in qms.yaml"
    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        response = decode_timestamp_response(stamp)
        builder.build().verify_message(response, data)
        made: datetime.datetime = response.tst_info.gen_time
    except Exception as error:  # the library raises many kinds; each means that nothing is proven
        return "", f"the time stamp does not hold: {str(error)[:200] or type(error).__name__}"
    if made.tzinfo is None:
        made = made.replace(tzinfo=datetime.UTC)
    return made.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), ""
