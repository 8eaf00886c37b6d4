"""The configuration of kubelets in effect, asked of each of them: ``GET /configz`` on its own port.

::

    Node gpu-7   InternalIP 10.0.0.7, kubelet at 10250   https://10.0.0.7:10250/configz
    {"kubeletconfig": {"authentication": {"anonymous": {"enabled": false}}, …}}

The API server would pass the question on with ``nodes/proxy``, which is the right to run commands
in every pod; a kubelet is content with ``nodes/configz`` since Kubernetes 1.33. It is asked only
where a person says so (``k8s://CONTEXT?kubelets=configz``), since that opens a connection to every
node. What identifies us is shown to nobody whose certificate the authority of the cluster has not
signed for that address: the certificate that a kubelet makes for itself is none of these. Nodes
write their own addresses, so none is taken for more than a number.

Sources: kubernetes v1.37.2 pkg/kubelet/server (auth.go, KubeletFineGrainedAuthz),
component-base/configz; KEP-2862.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from auditor.late import late
from auditor.model.enums import Answered
from auditor.model.evidence import Record
from auditor.model.resource import Resource, Target
from auditor.platforms.kubernetes import KUBELET_CONFIGURATION
from collectors.http.client import Client
from collectors.http.clock import Clock
from collectors.http.deadline import Watch
from collectors.http.failures import Unanswered
from collectors.http.guard import Allowed, Guard
from collectors.http.patience import Budget, Patience
from collectors.http.stored_answers import StoredAnswer
from collectors.http.transport import Tls, pools_of
from collectors.kubernetes.live.dialect import KUBERNETES
from collectors.kubernetes.live.session import Session

CONFIGZ: Final = "/configz"
GUARD: Final = Guard((Allowed("GET", late(re.escape(CONFIGZ))),))
"""The guard of every connection to a kubelet."""
ROLE: Final = "auditor permissions k8s --kubelets prints a role with nodes/configz"

_PORT: Final = 10250
_HIDDEN: Final = "staticPodURLHeader"
"""The one field that may hold a credential."""
_REQUEST: Final = late(r"GET /nodes/([^/]+)/configz")
_PATIENCE: Final = {"connect": 3.0, "read": 10.0, "total": 15.0, "attempts": 2, "size": 1 << 20}
"""With one kubelet; with all of them it is that with a target."""
_HINT: Final = "is that a kubelet?"
_UNTRUSTED: Final = (
    "serverTLSBootstrap of the kubelet gets it a certificate of the cluster, once it is approved"
)
_KUBELET: Final = replace(
    KUBERNETES, noun="kubelet", hints=replace(KUBERNETES.hints, untrusted=_UNTRUSTED)
)
_HEARD: Final = frozenset({_UNTRUSTED, KUBERNETES.hints.not_tls})
"""The hints where something answered, only not as a kubelet of the cluster."""


class _Address(msgspec.Struct, frozen=True, gc=False):
    type: str = ""
    address: str = ""


class _Endpoint(msgspec.Struct, frozen=True, gc=False):
    Port: int = 0


class _Endpoints(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    kubelet_endpoint: _Endpoint = _Endpoint()


class _Status(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    addresses: list[_Address] = []
    daemon_endpoints: _Endpoints = _Endpoints()


class _Meta(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class _Node(msgspec.Struct, frozen=True, gc=False):
    metadata: _Meta = _Meta()
    status: _Status = _Status()


class Seat(msgspec.Struct, frozen=True):
    """A kubelet: the node that it is of, and where it listens; "" where that is not known."""

    node: str
    server: str


_decode_node = msgspec.json.Decoder(_Node).decode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def seats_in(items: Iterable[object]) -> Iterator[Seat]:
    """Find where the kubelets of nodes listen."""
    for item in items:
        try:
            found = _decode_node(item) if isinstance(item, msgspec.Raw) else _Node()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if found.metadata.name:
            yield Seat(found.metadata.name, _server(found.status))


def _server(status: _Status) -> str:
    inside = (each.address for each in status.addresses if each.type == "InternalIP")
    try:
        address = ipaddress.ip_address(next(inside, ""))
    except ValueError:
        return ""
    if getattr(address, "scope_id", None):  # any text may stand there
        return ""
    port = status.daemon_endpoints.kubelet_endpoint.Port or _PORT
    host = f"[{address}]" if address.version == 6 else str(address)
    return f"https://{host}:{port}" if 0 < port < 1 << 16 else ""


class Kubelets:
    """Asks the kubelets of one cluster, one after the other."""

    def __init__(self, session: Session, clock: Clock, patience: Patience) -> None:
        """``session`` is that with the API server: its authority and its credentials count."""
        self._session = session
        self._clock = clock
        self._patience = replace(patience, **_PATIENCE)
        self._budget = Budget(self._patience, "cluster's kubelets")

    def ask(self, seats: Sequence[Seat]) -> Iterator[tuple[Seat, bytes | Unanswered]]:
        """Yield what each says, or why it says nothing; who is silent is not asked for long."""
        taken = Counter(each.server for each in seats)
        for seat in seats:
            said: bytes | Unanswered
            try:
                self._check(seat, alone=taken[seat.server] == 1)
                said = self._asked(seat)
            except Unanswered as error:
                said = error
            yield seat, said

    def _check(self, seat: Seat, *, alone: bool) -> None:
        tls = self._session.tls
        if not seat.server or not alone:
            what = "another node says the same" if seat.server else "the node does not say"
            detail = f"where it listens is not known: {what}"
            raise Unanswered(Answered.MALFORMED, detail)
        if not tls.authority or not tls.checked:
            detail = "the kubeconfig does not say which authority signs the cluster's certificates"
            raise Unanswered(
                Answered.UNREACHABLE, detail, "certificate-authority of the kubeconfig"
            )

    def _asked(self, seat: Seat) -> bytes:
        left, started = self._budget.left(), self._clock.monotonic()
        patience = replace(self._patience, total=left, target=left)
        silence = None
        try:
            client = Client(_with(self._session, seat.server), _KUBELET, self._clock, patience)
            return _without_credential(client.get(CONFIGZ).body)
        except Unanswered as error:
            silence = None if error.hint in _HEARD else error
            raise
        finally:
            self._budget.note(self._clock.monotonic() - started, silence)


def _with(session: Session, server: str) -> Session:
    """The same identity, shown to a kubelet that the cluster's authority vouches for."""
    tls = Tls(session.tls.authority, session.tls.certificate, session.tls.key)
    watch = Watch()
    pools = pools_of(server, tls, None, GUARD, watch)
    again = partial(_again, session, server)
    return replace(session, server=server, tls=tls, pools=pools, watch=watch, again=again)


def _again(session: Session, server: str) -> Session:
    return _with(session.again(), server)


def _without_credential(body: bytes) -> bytes:
    """What is kept of an answer.

    Raises:
        Unanswered: it is no configuration.
    """
    try:
        found = _decode(body).get("kubeletconfig")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unanswered(Answered.MALFORMED, f"the answer is no JSON: {error}", _HINT) from error
    if not isinstance(found, dict) or not found:
        raise Unanswered(Answered.MALFORMED, "the answer has no kubeletconfig", _HINT)
    kept = {name: value for name, value in found.items() if name != _HIDDEN}
    return msgspec.json.encode({"kubeletconfig": kept})


def request_of(seat: Seat) -> str:
    """What the record of a question says."""
    return f"GET /nodes/{seat.node}/configz"


class KubeletReading(StoredAnswer):
    """Reads what was kept of one kubelet."""

    def __init__(self, target: Target, record: Record, data: bytes) -> None:
        """``target`` is the cluster that the node is in."""
        super().__init__(target.uri, record, data, _HINT)
        self._cluster = target

    def resources(self) -> Iterator[Resource]:
        """Yield the configuration, by the name of the node."""
        named = _REQUEST.fullmatch(self._record.request)
        try:
            found = _decode(self._data).get("kubeletconfig")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = None
        if named is None or not isinstance(found, dict):
            self._gap("the answer is no configuration of a kubelet")
            return
        source = f"/nodes/{named[1]}/configz"
        yield Resource(
            kind=KUBELET_CONFIGURATION,
            api_version="kubelet.config.k8s.io/v1beta1",
            name=named[1],
            namespace="",
            uid=f"{self._cluster.uid}{source}",
            source=source,
            document=0,
            line=0,
            body=msgspec.json.encode(found),
            clean=False,
        )
