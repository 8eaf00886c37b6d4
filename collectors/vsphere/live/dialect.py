"""How a vCenter speaks: SOAP, with what is wrong with a call in an answer of 500."""

from __future__ import annotations

from typing import Final

from collectors.http.dialect import Dialect, Hints
from collectors.vsphere.live.faults import fault_of

XML: Final = "text/xml"


def _message_of(body: bytes) -> str:
    return fault_of(body).message


VSPHERE: Final = Dialect(
    noun="vCenter",
    message_of=_message_of,
    hints=Hints(
        name="is the host of the address a name of the DNS?",
        refused="is the server running, and no firewall in between?",
        proxy="a vCenter is asked without a proxy",
        address="vsphere://USER@HOST",
        not_tls="is it a vCenter or an ESXi host? they listen on port 443",
        not_plain="a vCenter is asked by https alone",
        untrusted="--ca-file FILE has the CA of the server (on a vCenter: /certs/download.zip), "
        "--thumbprint SHA256 pins its certificate",
        unknown_user="a proxy in between wants a login",
    ),
    media=frozenset({XML}),
    language="XML",
    faults=frozenset({500}),
)
