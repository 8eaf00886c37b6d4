"""A session on a server: opened with a password once, closed whatever happens.

A wrong password is tried once and never again: a server locks accounts after a few. The cookie of
the session is what identifies us from then on, and stands in no output. A session that somebody
else opened is used as it is, and left open (:mod:`collectors.vsphere.live.given`).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import urllib3

from auditor.errors import CollectionError
from auditor.model.enums import Answered
from auditor.model.evidence import Principal
from collectors.http.client import Client
from collectors.http.clock import Clock
from collectors.http.credentials import Credentials
from collectors.http.deadline import Watch
from collectors.http.failures import Unanswered
from collectors.http.patience import Patience
from collectors.http.transport import Tls
from collectors.http.trust import UNVERIFIED, authority_of
from collectors.vsphere.live.address import Address
from collectors.vsphere.live.allowlist import LOGIN
from collectors.vsphere.live.calls import Calls, Faulted, reference, text
from collectors.vsphere.live.connections import call_pools
from collectors.vsphere.live.dialect import VSPHERE
from collectors.vsphere.live.given import CLONE, HINT, Given, cookie_in, given_in, user_of
from collectors.vsphere.live.markup import child, name_of, text_of
from collectors.vsphere.live.pages import Start
from collectors.vsphere.live.rest import Rest

_ALONE: Final = (
    "a single host: clusters, distributed switches, folders and pools, alarms, key providers and "
    "rights that a vCenter would tell are not part of it"
)
_ONCE: Final = "it was tried once: accounts are locked after a few tries"


class Access(msgspec.Struct, frozen=True):
    """How a server is reached and entered.

    ``user`` is for addresses that name none; it and ``password`` are "" where there is none.
    ``session`` is one that somebody else opened, "" for none, and goes before a password.
    ``authority`` is a file of CAs, ``thumbprint`` the
    sha256 of the certificate that it must have. ``checked`` is false where a person switched all
    checks off.
    """

    user: str = ""
    password: str = ""
    session: str = ""
    authority: str = ""
    thumbprint: str = ""
    checked: bool = True


class Connection:
    """A configured connection; implements :class:`collectors.http.client.Session`.

    Raises:
        CollectionError: what was given as a session is none.
    """

    def __init__(self, address: Address, access: Access) -> None:
        self.tls = Tls(
            authority=access.authority,
            checked=access.checked and not access.thumbprint,
            thumbprint=access.thumbprint,
        )
        try:
            self.given = given_in(access.session)
        except ValueError as error:
            raise CollectionError(f"{address.uri}: {error}", hint=HINT) from None
        self.server = address.server
        self.watch = Watch()
        self.pools = call_pools(self.server, self.tls, self.watch)
        self.cookie = ""
        self._brought = (access.password, access.session, self.given.cookie, self.given.ticket)

    def credentials(self) -> Credentials:
        """Return the cookie of the session, once there is one."""
        headers = urllib3.HTTPHeaderDict()
        if self.cookie:
            headers["cookie"] = f'vmware_soap_session="{self.cookie}"'
        return Credentials(headers, self.secrets())

    def secrets(self) -> tuple[str, ...]:
        """Return what we came with, and the cookie."""
        return tuple(filter(None, (*self._brought, self.cookie)))

    def again(self) -> Connection:
        """Refuse: 401 is not how a vCenter ends a session.

        Raises:
            CollectionError: always.
        """
        raise CollectionError("a vCenter asks for no credentials of HTTP")


class About(msgspec.Struct, frozen=True):
    """Which server it is, and where its managers are."""

    name: str
    api: str
    api_type: str
    instance: str
    managers: Mapping[str, Start]

    def manager(self, field: str) -> str:
        """Return the identity of a manager by its field of ServiceContent; "" is that of none."""
        found = self.managers.get(field)
        return "" if found is None else found.identity

    @property
    def is_host(self) -> bool:
        """Whether it is a host that is asked by itself."""
        return self.api_type == "HostAgent"

    @property
    def root(self) -> str:
        """The folder that everything is in."""
        return self.manager("rootFolder")


class Session:
    """One server that is being read; ``about`` is known once it is open."""

    about: About

    def __init__(self, address: Address, access: Access, clock: Clock, patience: Patience) -> None:
        self._address = address
        self._access = access
        self._connection = Connection(address, access)
        self.client = Client(self._connection, VSPHERE, clock, patience)
        self.calls = Calls(self.client, lambda: self._connection.cookie, self._renewed)
        self._clock, self._patience = clock, patience
        self._beside: set[str] = set()
        self._renewing = threading.RLock()
        self._named = address.user or access.user
        self._renewable = True
        self._ours = True
        self.user = ""

    def open(self) -> Principal:
        """Ask which server it is, and log in.

        Raises:
            CollectionError: it can't be reached, is something else, or does not let us in.
        """
        given = self._connection.given
        if given == Given() and not (self._named and self._access.password):
            missing = "a password" if self._named else "a user"
            raise CollectionError(
                f"{self._address.uri}: there is not {missing}",
                hint="vsphere://USER@HOST, and the password in AUDITOR_VSPHERE_PASSWORD or in a "
                "file: --password-file",
            )
        try:
            self.about = _about(self.calls)
            self.calls.version = self.about.api
        except Unanswered as error:
            raise self._failed(error) from error
        if given != Given():
            return self._enter(given)
        self._log_in()
        return Principal(self.user, via="the session that the server opened for us")

    def close(self) -> None:
        """Log out of a session that is ours, and hang up; it never fails."""
        try:
            if self._ours and self._connection.cookie and self.user:
                self._renewable = False
                self.calls.answer("Logout", self._this())
        except Unanswered:
            pass  # the server ends it by itself after half an hour
        finally:
            self._connection.pools.clear()

    @contextlib.contextmanager
    def rest(self) -> Iterator[Rest]:
        """Open a session of the REST API as well.

        Raises:
            Unanswered: it is not served, does not let us in, or we have no password.
        """
        password = "" if self._access.session else self._access.password
        if not password:
            detail = "the REST API takes a password: a session of this one is none there"
            raise Unanswered(Answered.DENIED, detail, "AUDITOR_VSPHERE_PASSWORD, --password-file")
        entering, own = (self._named, password), self._connection
        made = Rest(own.server, own.tls, entering, self._clock, self._patience)
        try:
            with made:
                yield made
        finally:
            self._beside |= {*made.secrets()}

    def secrets(self) -> tuple[str, ...]:
        """Return what identifies us, in either API, and must be in no output."""
        return (*self.client.secrets(), *sorted(self._beside))

    @property
    def authority(self) -> str:
        """Whom we trust to be the server, in a form that evidence can hold."""
        if self._access.thumbprint:
            return self._access.thumbprint
        return authority_of(self._access.authority) if self._access.checked else UNVERIFIED

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of how the server is reached, and of what it is."""
        unchecked = not self._access.checked and not self._access.thumbprint
        said = "the server's certificate was not checked: --insecure" if unchecked else ""
        alone = _ALONE if self.about.is_host else ""
        return tuple(filter(None, (said, alone)))

    def _this(self) -> str:
        return reference("_this", "SessionManager", self.about.manager("sessionManager"))

    def _enter(self, given: Given) -> Principal:
        """Use a session that somebody else opened, or one of our own beside it."""
        self._renewable = False
        if given.ticket:
            self._begin(CLONE, text("cloneTicket", given.ticket))
            return Principal(self.user, via="a session beside the one that we were given")
        self._ours = False
        self._connection.cookie = given.cookie
        try:
            self.user = user_of(
                self.calls,
                self.about.manager("sessionManager"),
                self.about.manager("propertyCollector"),
            )
        except Unanswered as error:
            raise self._failed(error) from error
        return Principal(self.user, via="a session that we were given")

    def _log_in(self) -> None:
        self._connection.cookie = ""
        self._begin(LOGIN, text("userName", self._named) + text("password", self._access.password))

    def _begin(self, method: str, arguments: str) -> None:
        try:
            answer = self.calls.answer(method, self._this() + arguments)
            self._connection.cookie = next(filter(None, map(cookie_in, answer.cookies)), "")
            (session,) = self.calls.returned(method, answer)
        except Faulted as faulted:
            if faulted.fault.name == "InvalidLogin":
                what, hint = ("the user or the password", _ONCE)
                if method == CLONE:
                    what, hint = ("the ticket of a session", "a ticket is good once, and not long")
                raise CollectionError(
                    f"{self._address.uri}: the server does not take {what}", hint=hint
                ) from faulted
            raise self._failed(faulted) from faulted
        except (Unanswered, ValueError) as error:
            raise self._failed(error) from error
        self.user = text_of(child(session, "userName"))
        if not self._connection.cookie:
            raise CollectionError(
                f"{self._address.uri}: the server opened no session", hint="is it a vCenter?"
            )

    def _renewed(self, ended: str) -> bool:
        """Open a session that ended meanwhile again, once, whoever notices it first."""
        if not self.user:
            return False  # it is the login itself
        with self._renewing:
            if self._connection.cookie != ended:
                return True
            if not self._renewable:
                return False
            self._renewable = False
            try:
                self._log_in()
            except CollectionError:
                return False
            return True

    def _failed(self, error: Exception) -> CollectionError:
        hint = getattr(error, "hint", "") or "is it a vCenter or an ESXi host?"
        return CollectionError(f"{self._address.uri}: {error}", hint=hint)


def _about(calls: Calls) -> About:
    arguments = reference("_this", "ServiceInstance", "ServiceInstance")
    content = next(iter(calls.call("RetrieveServiceContent", arguments)), None)
    about = child(content, "about") if content is not None else None
    if content is None or about is None:
        raise Unanswered(Answered.MALFORMED, "it does not say which server it is")

    def said(name: str) -> str:
        return text_of(child(about, name))

    return About(
        name=said("fullName"),
        api=said("apiVersion"),
        api_type=said("apiType"),
        instance=said("instanceUuid"),
        managers={
            name_of(each): Start(each.get("type", ""), text_of(each))
            for each in content
            if each.get("type")
        },
    )
