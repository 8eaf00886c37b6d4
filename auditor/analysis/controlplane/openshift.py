"""The flags of OpenShift's API server, which its operator keeps in a ConfigMap and not in its pod.

::

    ConfigMap openshift-kube-apiserver/config
      config.yaml   apiServerArguments: {audit-log-path: [/var/log/kube-apiserver/audit.log], …}
                    servingInfo: {bindAddress: "0.0.0.0:6443", minTLSVersion: VersionTLS12}

The pod starts by a script with ``--openshift-config`` and the path of that text. The server makes
flags of it: the arguments as they are, and of other fields those that no argument gives. It is what
the operator made of its defaults, of what it observed and of what was forced upon it
(``unsupportedConfigOverrides``). A pod runs with the revision that it was started with: while one
is rolled out, some have the one before.

Sources: openshift/kubernetes openshift-kube-apiserver/openshiftkubeapiserver/flags.go
(ConfigToFlags), openshift/cluster-kube-apiserver-operator bindata/assets (pod, defaultconfig).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from auditor.analysis.controlplane.flags import API_SERVER, Flag
from auditor.analysis.controlplane.found import OPENSHIFT, Component
from auditor.analysis.loose import mapping
from auditor.analysis.paths import pointer_of
from auditor.analysis.texts import ReadFailure, ReadText

MAP: Final = ("openshift-kube-apiserver", "config")
"""The namespace and the name of the ConfigMap."""
KEY: Final = "config.yaml"

_ARGUMENTS: Final = "apiServerArguments"
_LONGEST: Final = 1 << 18


def of_config_map(body: Mapping[str, object], read: ReadText) -> Iterator[Component]:
    """Find the API server in the ConfigMap of its operator."""
    text = mapping(body.get("data")).get(KEY)
    if not isinstance(text, str) or len(text) > _LONGEST:
        yield _unread(f"the ConfigMap {'/'.join(MAP)} has no {KEY} that can be read")
        return
    found = read(text)
    if isinstance(found, ReadFailure):
        yield _unread(f"{KEY} is not valid YAML: {found.reason}")
        return
    yield of_configuration(mapping(found), pointer_of(("data", KEY)))


def of_configuration(config: Mapping[str, object], base: str = "") -> Component:
    """Read a configuration; ``base`` is the pointer of a text that all of it is in."""
    arguments = config.get(_ARGUMENTS)
    if not isinstance(arguments, dict) or not arguments:
        return _unread(f"the configuration has no {_ARGUMENTS}")
    flags: list[Flag] = []
    for name, values in arguments.items():
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            return _unread(f"{name} in {_ARGUMENTS} is no list of texts")
        at = [base or pointer_of((_ARGUMENTS, name, f"{number}")) for number in range(len(values))]
        flags += [Flag(name, each, pointer) for each, pointer in zip(values, at, strict=True)]
    audited = any(name.startswith("audit-") for name in arguments)
    if mapping(config.get("auditConfig")).get("enabled") is True and not audited:
        return _unread("auditConfig sets the audit log up, and is not looked into")
    flags += [each for each in _of_fields(config, base) if each.name not in arguments]
    return Component(API_SERVER, OPENSHIFT, tuple(flags))


def _of_fields(config: Mapping[str, object], base: str) -> Iterator[Flag]:
    """Make the flags that the server makes of other fields; what these may hide is not certain."""
    serving = mapping(config.get("servingInfo"))
    host, _, port = str(serving.get("bindAddress") or "").rpartition(":")
    found: tuple[tuple[str, object, tuple[str, ...]], ...] = (
        ("bind-address", host.strip("[]"), ("servingInfo", "bindAddress")),
        ("secure-port", port, ("servingInfo", "bindAddress")),
        (
            "service-account-key-file",
            config.get("serviceAccountPublicKeyFiles"),
            ("serviceAccountPublicKeyFiles",),
        ),
        ("service-cluster-ip-range", config.get("servicesSubnet"), ("servicesSubnet",)),
        ("tls-cipher-suites", serving.get("cipherSuites"), ("servingInfo", "cipherSuites")),
        ("tls-min-version", serving.get("minTLSVersion"), ("servingInfo", "minTLSVersion")),
    )
    for name, value, path in found:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and each:
                yield Flag(name, each, base or pointer_of(path))
    yield Flag("admission-control-config-file", "", base or "/admission", certain=False)


def _unread(why: str) -> Component:
    return Component(API_SERVER, OPENSHIFT, unread=why)
