"""Calls of methods: an envelope out, the elements of the answer back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Final
from xml.etree.ElementTree import Element

from auditor.model.enums import Answered
from collectors.http.client import Answer, Client
from collectors.http.failures import Unanswered
from collectors.vsphere.live.allowlist import PATH
from collectors.vsphere.live.connections import ACTION
from collectors.vsphere.live.dialect import XML
from collectors.vsphere.live.faults import HINTS, NOT_AUTHENTICATED, Fault, fault_of
from collectors.vsphere.live.markup import ENVELOPE, Refused, parse

_OLDEST: Final = "6.5"
"""Of the API; a server that is older is not read."""


class Faulted(Unanswered):
    """The server answered with a fault."""

    def __init__(self, fault: Fault) -> None:
        answered = fault.answered
        super().__init__(answered, fault.detail, HINTS.get(answered, ""), 500)
        self.fault = fault


def reference(tag: str, kind: str, identity: str) -> str:
    """Write a reference to an object."""
    return f'<{tag} type="{escape(kind)}">{escape(identity)}</{tag}>'


def text(tag: str, value: str) -> str:
    """Write an element with a text."""
    return f"<{tag}>{escape(value)}</{tag}>"


def envelope(method: str, arguments: str) -> bytes:
    """Write a call; ``arguments`` are elements."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>'
        f'<{method} xmlns="urn:vim25">{arguments}</{method}></e:Body></e:Envelope>'
    ).encode()


class Calls:
    """Calls methods of one server; ``version`` is that of the API, as the server names it.

    ``session`` says which session calls are made in, and ``renew`` opens one that has ended again,
    once, and says whether there is a new one. Threads may call at the same time.
    """

    def __init__(
        self, client: Client, session: Callable[[], str], renew: Callable[[str], bool]
    ) -> None:
        self.version = _OLDEST
        self._client = client
        self._session = session
        self._renew = renew

    def call(self, method: str, arguments: str) -> list[Element]:
        """Call a method, and return what it returns.

        Raises:
            Unanswered: there is no answer, or one that is not understood.
            Faulted: the server says what is wrong.
        """
        return self.returned(method, self.answer(method, arguments))

    def answer(self, method: str, arguments: str) -> Answer:
        """Call a method, and return the answer as it is.

        Raises:
            Unanswered: as :meth:`call`.
        """
        session = self._session()
        try:
            return self._asked(method, arguments)
        except Faulted as faulted:
            if faulted.fault.name != NOT_AUTHENTICATED or not self._renew(session):
                raise
            return self._asked(method, arguments)

    def _asked(self, method: str, arguments: str) -> Answer:
        body = envelope(method, arguments)
        headers: Mapping[str, str] = {ACTION: f"urn:vim25/{self.version}"}
        try:
            return self._client.exchange(PATH, body, f"{XML}; charset=utf-8", headers)
        except Unanswered as error:
            fault = fault_of(error.body) if error.code == 500 and error.body else None
            if fault is None or not fault.name:
                raise
            raise Faulted(fault) from error

    def returned(self, method: str, answer: Answer) -> list[Element]:
        """Take the elements that a method returns out of its answer.

        Raises:
            Unanswered: they are not in it.
        """
        try:
            root = parse(answer.body)
        except Refused as refused:
            hint = "is there a proxy in between?"
            raise Unanswered(Answered.MALFORMED, f"{method}: {refused}", hint) from refused
        found = root.find(f"{ENVELOPE}Body/{{urn:vim25}}{method}Response")
        if found is None:
            detail = f"{method}: the answer is to something else"
            raise Unanswered(Answered.MALFORMED, detail, "is it a vCenter or an ESXi host?")
        return list(found)
