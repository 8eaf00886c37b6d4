"""The REST API of a vCenter, which alone tells of tags: a session of its own, and few questions.

It is entered with the user and the password, and answered in JSON. Most of what it is asked is a
``POST``, whose query says what is done; so the guard knows each query whole.
"""

from __future__ import annotations

import base64
from typing import Any, Final, Self

import msgspec
import urllib3

from auditor.errors import CollectionError
from auditor.late import late
from auditor.model.enums import Answered
from collectors.http.client import JSON, Client
from collectors.http.clock import Clock
from collectors.http.credentials import Credentials
from collectors.http.deadline import Watch
from collectors.http.dialect import Dialect
from collectors.http.failures import Unanswered
from collectors.http.guard import Allowed, Guard
from collectors.http.patience import Patience
from collectors.http.transport import Tls, pools_of
from collectors.vsphere.live.dialect import VSPHERE

_BASE: Final = "/rest/com/vmware/cis"
SESSION: Final = f"{_BASE}/session"
CATEGORY: Final = f"{_BASE}/tagging/category"
TAG: Final = f"{_BASE}/tagging/tag"
ASSOCIATION: Final = f"{_BASE}/tagging/tag-association"
ATTACHED: Final = "~action=list-attached-objects-on-tags"
_ID: Final = r"/id:urn:vmomi:InventoryService(?:Tag|Category):[A-Za-z0-9-]+:[A-Za-z0-9._-]+"
_HEADER: Final = "vmware-api-session-id"
ASKS: Final = Guard(
    (
        Allowed("POST", late(SESSION)),
        Allowed("DELETE", late(SESSION)),
        Allowed("GET", late(rf"(?:{CATEGORY}|{TAG})(?:{_ID})?")),
        Allowed("POST", late(ASSOCIATION), query=ATTACHED),
    )
)
"""All that is sent: a session of our own is opened and ended, the rest only reads."""


class _Said(msgspec.Struct, frozen=True, gc=False):
    default_message: str = ""


class _Messages(msgspec.Struct, frozen=True, gc=False):
    messages: tuple[_Said, ...] = ()


class _Error(msgspec.Struct, frozen=True, gc=False):
    type: str = ""
    value: _Messages = _Messages()


_decode_error = msgspec.json.Decoder(_Error).decode


def _message_of(body: bytes) -> str:
    error = _decode_error(body)
    said = next((each.default_message for each in error.value.messages), "")
    return ": ".join(filter(None, (error.type.rpartition(".")[2], said)))


_TAGS_TAKE: Final = "tags are seen by a global permission (Read-only), not by one on the inventory"
_HINTS: Final = msgspec.structs.replace(VSPHERE.hints, unknown_user=_TAGS_TAKE)
REST: Final = Dialect(noun="vCenter", message_of=_message_of, hints=_HINTS)


class _Connection:
    """Implements :class:`collectors.http.client.Session`."""

    def __init__(self, server: str, tls: Tls, user: str, password: str) -> None:
        self.server = server
        self.watch = Watch()
        self.pools = pools_of(server, tls, None, ASKS, self.watch)
        self.session = ""
        self._password = password
        self._basic = base64.b64encode(f"{user}:{password}".encode()).decode()

    def credentials(self) -> Credentials:
        """Return the session once there is one, before that the user and the password."""
        headers = urllib3.HTTPHeaderDict()
        if self.session:
            headers[_HEADER] = self.session
        else:
            headers["authorization"] = f"Basic {self._basic}"
        return Credentials(headers, self.secrets())

    def secrets(self) -> tuple[str, ...]:
        """Return the password in both its forms, and the session."""
        return tuple(filter(None, (self._password, self._basic, self.session)))

    def again(self) -> _Connection:
        """Refuse: a password is tried once.

        Raises:
            CollectionError: always.
        """
        raise CollectionError("it does not take the user or the password", hint=_TAGS_TAKE)


class Rest:
    """A session, open from ``with`` on; ``secrets`` is what identifies us there."""

    def __init__(
        self, server: str, tls: Tls, entering: tuple[str, str], clock: Clock, patience: Patience
    ) -> None:
        self._connection = _Connection(server, tls, *entering)
        self._client = Client(self._connection, REST, clock, patience)

    def __enter__(self) -> Self:
        """Log in.

        Raises:
            Unanswered: the server has no such API, or does not let us in.
        """
        try:
            answer = self._client.exchange(SESSION, b"", JSON, {})
            self._connection.session = value_of(answer.body, str)
        except BaseException:
            self._connection.pools.clear()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Log out, and hang up; it never fails."""
        try:
            self._client.end(SESSION)
        except Unanswered:
            pass  # the server ends it by itself
        finally:
            self._connection.pools.clear()

    def secrets(self) -> tuple[str, ...]:
        """Return what must be in no output."""
        return self._client.secrets()

    def get(self, path: str, form: Any) -> Any:
        """Read what is at a path, of a form.

        Raises:
            Unanswered: it is not there, may not be read, or is of another form.
        """
        return value_of(self._client.get(path).body, form)

    def attached(self, tags: list[str], form: Any) -> Any:
        """Ask what tags are attached to.

        Raises:
            Unanswered: as :meth:`get`.
        """
        asked = {"tag_ids": tags}
        return value_of(self._client.post(f"{ASSOCIATION}?{ATTACHED}", asked).body, form)


def value_of(body: bytes, form: Any) -> Any:
    """Take the value out of an answer.

    Raises:
        Unanswered: it has none of this form.
    """
    try:
        return msgspec.convert(msgspec.json.decode(body)["value"], form)
    except (msgspec.MsgspecError, RecursionError, KeyError, TypeError) as error:
        detail = f"the answer of the REST API is not as it should be: {error}"
        raise Unanswered(Answered.MALFORMED, detail, "is there a proxy in between?") from error
