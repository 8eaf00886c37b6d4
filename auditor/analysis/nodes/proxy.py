"""What kube-proxy was told of where it serves its metrics.

Source: kubernetes v1.37.2 pkg/proxy/apis/config/v1alpha1/defaults.go: without an address it is the
loopback, and a port is added to an address that has none. With ``--config`` flags do not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from auditor.analysis.loose import mapping
from auditor.late import late

_PORT: Final = late(r":[0-9]+\Z")
_FLAG: Final = "metrics-bind-address"
_LOOPBACK: Final = "127.0.0.1"
_EVERY: Final = "0.0.0.0"  # noqa: S104 - looked at, never listened on


def of_configuration(body: Mapping[str, Any], source: str) -> dict[str, object]:
    """What kube-proxies do that are given a configuration."""
    address = body.get("metricsBindAddress")
    if address is not None and not isinstance(address, str):
        return _undecided("", source, "metricsBindAddress is no text")
    return _told("", source, address or "")


def of_components(body: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """What the kube-proxies of a node do, by its probe."""
    node = str(body.get("node") or "")
    components = body.get("components")
    for each in map(mapping, components if isinstance(components, list) else ()):
        if each.get("component") != "kube-proxy":
            continue
        flags = mapping(each.get("flags"))
        if each.get("unread"):
            yield _undecided(node, "process", str(each["unread"]))
        elif "config" in flags:
            why = "the file of its --config says it, which the probe does not read: "
            yield _undecided(node, "process", f"{why}its ConfigMap kube-system/kube-proxy tells")
        else:
            given = flags.get(_FLAG)
            address = given[-1] if isinstance(given, list) and given else ""
            yield _told(node, "process", str(address))


def _told(node: str, source: str, address: str) -> dict[str, object]:
    host = _PORT.sub("", address) if _has_port(address) else address
    return {
        "node": node,
        "source": source,
        "undecided": "",
        "metricsAddress": address,
        "metricsHost": (host.strip("[]") or _EVERY) if address else _LOOPBACK,
    }


def _has_port(address: str) -> bool:
    """Whether a port is in an address: one of IPv6 has it after brackets."""
    return address.count(":") == 1 or "]:" in address


def _undecided(node: str, source: str, why: str) -> dict[str, object]:
    return {"node": node, "source": source, "undecided": why}
