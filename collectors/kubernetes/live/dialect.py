"""How API servers speak: their errors, and our hints in the words of the kubeconfig."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import msgspec

from auditor.model.enums import Answered
from collectors.http.dialect import Dialect, Hints


class _Status(msgspec.Struct, frozen=True, gc=False):
    """A ``Status`` of the API, as far as people read it."""

    message: str = ""


_decode_status = msgspec.json.Decoder(_Status).decode


def _message_of(body: bytes) -> str:
    return _decode_status(body).message


KUBERNETES: Final = Dialect(
    noun="cluster",
    message_of=_message_of,
    hints=Hints(
        name="server: a name of the DNS?",
        refused="is the server of the kubeconfig running, and no firewall in between?",
        proxy="proxy-url?",
        address="server and tls-server-name of the kubeconfig: are they names?",
        not_tls="is the server of the kubeconfig http:// in truth, or on another port?",
        not_plain="the server speaks TLS: https:// in the kubeconfig",
        untrusted="certificate-authority-data of the kubeconfig says whom we trust",
        unknown_user=(
            "the server does not know us: log in again, or renew the kubeconfig's credentials"
        ),
    ),
    statuses=MappingProxyType({410: Answered.TRUNCATED}),  # the list expired: KEP-365
)
