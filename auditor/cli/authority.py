"""A time-stamping authority (RFC 3161): its address, and what of that is nobody's business."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

import msgspec

from auditor.errors import UsageError
from auditor.evidence.envelope import Signed
from auditor.evidence.timestamps import check_form, request_for
from auditor.secrets.forms import SHORTEST

_MOST_TOKEN = 1 << 20
_SECONDS = 20.0
_HINT = "is it the address of an authority of RFC 3161? without --tsa no time is attested"


class Authority(msgspec.Struct, frozen=True):
    """Who attests a time.

    ``url`` is what was given; ``shown`` is that without user, password and query, which are
    credentials: nothing else of it may be printed or kept. ``login`` is USER:PASSWORD, or "".
    """

    url: str
    shown: str
    login: str
    secrets: frozenset[str]

    @classmethod
    def at(cls, url: str) -> Authority:
        """Read an address.

        Raises:
            UsageError: it is none of HTTP; the error does not repeat it.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        host = parts.hostname or ""
        plain = url.isascii() and url.isprintable() and " " not in url
        if parts.scheme not in {"http", "https"} or not host or not plain:
            raise UsageError(
                "the address of the time-stamping authority is none of http or https",
                hint="--tsa http://tsa.example.org/, or AUDITOR_TSA",
            )
        place = f"[{host}]" if ":" in host else host
        place += "" if port is None else f":{port}"
        user = parts.netloc.rpartition("@")[0]
        secrets = {user, user.partition(":")[2], parts.query}
        secrets |= {value for _, value in parse_qsl(parts.query)}
        return cls(
            url,
            urlunsplit((parts.scheme, place, parts.path, "", "")),
            unquote(user),
            frozenset(filter(None, secrets | {unquote(each) for each in secrets})),
        )

    def without(self, text: str) -> str:
        """A text that may repeat the address, without what is secret of it."""
        parts = urlsplit(self.url)
        found = text.replace(self.url, self.shown)
        for whole in (f"{parts.netloc.rpartition('@')[0]}@", f"?{parts.query}"):
            found = found.replace(whole, "") if len(whole) > 1 else found
        for secret in sorted(self.secrets, key=len, reverse=True):
            # a short one is part of words that have nothing to do with it
            found = found.replace(secret, "...") if len(secret) >= SHORTEST else found
        return found

    def stamped(self, signed: Signed) -> Signed:
        """Have it say when the signature was there; it sees a digest of that, no more.

        Raises:
            UsageError: it can't be reached, or what it says is not a time stamp.
        """
        token = self._asked(request_for(signed.signature))
        try:
            check_form(token, signed.signature)
        except ValueError as error:
            raise UsageError(f"{self.shown}: {error}", hint=_HINT) from error
        return Signed(signed.payload, signed.keyid, signed.signature, (token,))

    def _asked(self, query: bytes) -> bytes:
        import urllib3

        headers = {"content-type": "application/timestamp-query", "user-agent": "auditor"}
        if self.login:
            headers |= urllib3.make_headers(basic_auth=self.login)
        parts = urlsplit(self.url)
        target = urlunsplit(urlsplit(self.shown)._replace(query=parts.query))
        try:
            answer = urllib3.request(
                "POST",
                target,
                body=query,
                headers=headers,
                timeout=_SECONDS,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            token = answer.read(_MOST_TOKEN, decode_content=True)
        except urllib3.exceptions.HTTPError as error:
            raise UsageError(f"{self.shown}: {self.without(str(error))}", hint=_HINT) from None
        if answer.status != 200:
            raise UsageError(f"{self.shown}: HTTP {answer.status}", hint=_HINT)
        return token
