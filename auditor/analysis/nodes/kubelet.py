"""The settings of a kubelet in effect: its files, its flags over them, and what neither says.

::

    --config=/var/lib/kubelet/config.yaml     authentication: {anonymous: {enabled: false}}
    --config-dir=/etc/kubelet.d               10-pids.conf: podPidsLimit: 4096
    --read-only-port=10255                    a flag counts before any file

is a kubelet that takes nobody without credentials, limits processes, and has a port that asks for
nothing. What nothing says depends on whether there is a file at all: a kubelet that is given none
keeps to what it did before there were any, and takes everybody. How files are put together is said
in :mod:`auditor.analysis.nodes.drop_ins`.

Sources: kubernetes v1.37.2 cmd/kubelet/app/options/options.go (applyLegacyDefaults, AddFlags),
pkg/kubelet/apis/config/v1beta1/defaults.go (where 0 of streamingConnectionIdleTimeout is the
default of 4 hours, which a flag of 0 is not), pkg/features/kube_features.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.late import late

_GATE: Final = "RotateKubeletServerCertificate"
_PART: Final = late(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS: Final[Mapping[str, float]] = MappingProxyType(
    {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
)
_YES: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_NO: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})
_READ_ONLY_PORT: Final = 10255
_EVENTS: Final = 50
_IDLE_HOURS: Final = 4


class _X509(msgspec.Struct, frozen=True):
    authority: str | None = msgspec.field(default=None, name="clientCAFile")


class _Anonymous(msgspec.Struct, frozen=True):
    enabled: bool | None = None


class _Authentication(msgspec.Struct, frozen=True):
    x509: _X509 | None = None
    anonymous: _Anonymous | None = None


class _Authorization(msgspec.Struct, frozen=True):
    mode: str | None = None


class Written(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of a KubeletConfiguration; of another type is what the kubelet refuses."""

    authentication: _Authentication | None = None
    authorization: _Authorization | None = None
    read_only_port: int | None = None
    streaming_connection_idle_timeout: str | None = None
    make_chains: bool | None = msgspec.field(default=None, name="makeIPTablesUtilChains")
    event_rate: int | None = msgspec.field(default=None, name="eventRecordQPS")
    certificate: str | None = msgspec.field(default=None, name="tlsCertFile")
    key: str | None = msgspec.field(default=None, name="tlsPrivateKeyFile")
    ciphers: list[str] | None = msgspec.field(default=None, name="tlsCipherSuites")
    least: str | None = msgspec.field(default=None, name="tlsMinVersion")
    bootstrap: bool | None = msgspec.field(default=None, name="serverTLSBootstrap")
    rotate_certificates: bool | None = None
    feature_gates: dict[str, bool] | None = None
    processes: int | None = msgspec.field(default=None, name="podPidsLimit")
    seccomp_default: bool | None = None


class SettingsError(ValueError):
    """The kubelet would not start with what it is told."""


def effective(
    written: Mapping[str, Any] | None, flags: Mapping[str, Sequence[str]]
) -> dict[str, object]:
    """Find the settings in effect; ``written`` are those of the files, None where there is none.

    Raises:
        SettingsError: the kubelet would not start with that.
    """
    try:
        said = msgspec.convert(_without_nulls(written or {}), Written)
    except msgspec.ValidationError as error:
        raise SettingsError(f"the configuration is not one: {error}") from error
    told = _Told(flags)
    legacy = written is None
    authentication = said.authentication or _Authentication()
    x509, anonymous = authentication.x509 or _X509(), authentication.anonymous or _Anonymous()
    mode = (said.authorization or _Authorization()).mode
    gates = {**(said.feature_gates or {}), **told.gates()}
    return {
        "anonymous": told.switch("anonymous-auth", anonymous.enabled, usual=legacy),
        "authorization": told.text("authorization-mode", mode)
        or ("AlwaysAllow" if legacy else "Webhook"),
        "clientAuthority": told.text("client-ca-file", x509.authority),
        "readOnlyPort": told.number(
            "read-only-port", said.read_only_port, _READ_ONLY_PORT if legacy else 0
        ),
        "idleSeconds": _idle(told, said),
        "utilityChains": told.switch("make-iptables-util-chains", said.make_chains, usual=True),
        "eventsPerSecond": told.number("event-qps", said.event_rate, _EVENTS),
        "certificate": told.text("tls-cert-file", said.certificate),
        "key": told.text("tls-private-key-file", said.key),
        "bootstrapped": told.switch("rotate-server-certificates", said.bootstrap, usual=False),
        "rotated": told.switch("rotate-certificates", said.rotate_certificates, usual=False),
        "serverRotation": gates.get(_GATE, True),
        "ciphers": told.texts("tls-cipher-suites", said.ciphers),
        "leastVersion": told.text("tls-min-version", said.least),
        "podProcesses": told.number("pod-max-pids", said.processes, -1),
        "seccompDefault": told.switch("seccomp-default", said.seccomp_default, usual=False),
        "hostnameOverride": told.text("hostname-override", None),
    }


class _Told:
    """The flags of a kubelet: of each the last value counts, before any file."""

    def __init__(self, flags: Mapping[str, Sequence[str]]) -> None:
        self._flags = flags

    def _last(self, flag: str) -> str | None:
        found = self._flags.get(flag)
        return found[-1] if found else None

    def switch(self, flag: str, written: bool | None, *, usual: bool) -> bool:  # noqa: FBT001 - a value
        found = self._last(flag)
        if found is None:
            return usual if written is None else written
        if found not in _YES | _NO:
            raise SettingsError(f"--{flag}={found} is neither true nor false")
        return found in _YES

    def number(self, flag: str, written: int | None, usual: int) -> int:
        found = self._last(flag)
        if found is None:
            return usual if written is None else written
        try:
            return int(found)
        except ValueError as error:
            raise SettingsError(f"--{flag}={found} is no number") from error

    def text(self, flag: str, written: str | None) -> str:
        found = self._last(flag)
        return (written or "") if found is None else found

    def texts(self, flag: str, written: list[str] | None) -> list[str]:
        found = self._flags.get(flag)
        if found is None:
            return written or []
        return [each.strip() for value in found for each in value.split(",") if each.strip()]

    def gates(self) -> dict[str, bool]:
        pairs = [each.partition("=") for each in self.texts("feature-gates", None)]
        return {name.strip(): value.strip() in _YES for name, _, value in pairs}


def _idle(told: _Told, said: Written) -> float:
    """How long a stream may be idle, in seconds, 0 for ever; a file can't say that."""
    flag = told.text("streaming-connection-idle-timeout", None)
    if flag:
        return _seconds(flag)
    return _seconds(said.streaming_connection_idle_timeout or "0") or _IDLE_HOURS * 3600.0


def _seconds(text: str) -> float:
    """Read a duration as Go does: ``4h0m0s``."""
    plain = text.removeprefix("-").removeprefix("+")
    if plain == "0":
        return 0.0
    parts = _PART.findall(plain)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != plain:
        raise SettingsError(f"{text!r} is no duration")
    found: float = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return -found if text.startswith("-") else found


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return value
