"""The flags of a component of the control plane, as its own parser reads its arguments.

The words of a container are taken together, ``command`` before ``args``. Distributions put wrappers
before the program, so it begins where its name stands::

    command  [/go-runner, --log-file=/var/log/kube-apiserver.log]
    args     [/usr/local/bin/kube-apiserver, --audit-log-path=-, --profiling, false]

is a ``kube-apiserver`` that does not start: a flag that is a bool takes no word that follows, so
``false`` is no value, and no component takes words besides its flags. Of other flags the next word
is the value. An underscore is as good as a dash but in etcd. A flag that is given twice has two
values, in their order: of a list the component takes both, of anything else the last. etcd takes
``ETCD_CERT_FILE`` of its environment for ``--cert-file``, where that is not given.

A shell that is given a script as one word is not looked into: then nothing is known of the flags.

Sources: k8s.io/component-base v0.37.2 cli/flag (WordSepNormalizeFunc), spf13/pflag v1.0
(parseLongArg: a flag with NoOptDefVal takes no word), Go's package flag for etcd,
kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container (``$(VAR)``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.analysis.loose import elements, mapping
from auditor.analysis.paths import pointer_of
from auditor.late import late
from auditor.secrets.marks import has_marker

API_SERVER: Final = "kube-apiserver"
ETCD: Final = "etcd"
COMPONENTS: Final = (API_SERVER, "kube-controller-manager", "kube-scheduler", ETCD)
"""What a control plane is made of."""

_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash"})
_OF_ETCD: Final = "ETCD_"
_VARIABLE: Final = late(r"\$(\$|\(([A-Za-z_.-][A-Za-z0-9_.-]*)\))")
_OF_ALL: Final = frozenset(
    {
        *("contention-profiling", "profiling", "help", "version", "emulation-forward-compatible"),
        *("permit-address-sharing", "permit-port-sharing", "disable-http2-serving"),
        *("log-json-split-stream", "log-text-split-stream", "alsologtostderr", "logtostderr"),
        *("add-dir-header", "one-output", "skip-headers", "skip-log-headers"),
    }
)
_BOOLS: Final = MappingProxyType(
    {
        API_SERVER: _OF_ALL
        | {
            *("aggregator-reject-forwarding-redirect", "allow-privileged", "anonymous-auth"),
            *("audit-log-batch-throttle-enable", "audit-log-compress"),
            *("audit-log-truncate-enabled", "audit-webhook-batch-throttle-enable"),
            *("audit-webhook-truncate-enabled", "enable-aggregator-routing"),
            *("enable-bootstrap-token-auth", "enable-garbage-collector", "enable-logs-handler"),
            *("enable-priority-and-fairness", "encryption-provider-config-automatic-reload"),
            *("enable-swagger-ui", "kubelet-https", "insecure-allow-any-token"),
            *("runtime-config-emulation-forward-compatible", "service-account-lookup"),
            *("service-account-extend-token-expiration", "shutdown-send-retry-after"),
            "watch-cache",
        },
        "kube-controller-manager": _OF_ALL
        | {
            *("allocate-node-cidrs", "allow-untagged-cloud", "authentication-skip-lookup"),
            *("authentication-tolerate-lookup-failure", "configure-cloud-routes"),
            *("disable-attach-detach-reconcile-sync", "disable-force-detach-on-timeout"),
            *("enable-dynamic-provisioning", "enable-garbage-collector", "enable-taint-manager"),
            *("enable-hostpath-provisioner", "enable-leader-migration", "leader-elect"),
            *("horizontal-pod-autoscaler-use-rest-clients", "use-service-account-credentials"),
        },
        "kube-scheduler": _OF_ALL
        | {
            *("authentication-skip-lookup", "authentication-tolerate-lookup-failure"),
            "leader-elect",
        },
        "etcd": frozenset(
            {
                *("auto-tls", "client-cert-auth", "discovery-insecure-skip-tls-verify"),
                *("discovery-insecure-transport", "enable-distributed-tracing"),
                *("enable-grpc-gateway", "enable-log-rotation", "enable-pprof", "enable-v2"),
                *("force-new-cluster", "initial-election-tick-advance", "peer-auto-tls"),
                *("peer-client-cert-auth", "peer-skip-client-san-verification", "pre-vote"),
                *("socket-reuse-address", "socket-reuse-port", "strict-reconfig-check"),
                *("unsafe-no-fsync", "version", "help", "h", "debug"),
            }
        ),
    }
)
"""Flags that take no word that follows; a test compares them with what the programs say."""


class Flag(msgspec.Struct, frozen=True):
    """A flag as it was given: its name without dashes, its value, and where in the pod it stands.

    ``certain`` is false where the value has a variable that is not in the container's text, or was
    taken for a secret.
    """

    name: str
    value: str
    pointer: str = ""
    certain: bool = True


class Started(msgspec.Struct, frozen=True):
    """A component that a container starts; ``why`` says why its flags are not known, "" if so."""

    component: str
    flags: tuple[Flag, ...] = ()
    why: str = ""


class _Word(msgspec.Struct, frozen=True):
    text: str
    pointer: str
    certain: bool = True


def started(container: Mapping[str, object], pointer: str) -> Started | None:
    """Tell which component a container starts, and how; None where it is none of them.

    ``pointer`` is where in its object the container stands.
    """
    words = list(_words(container, pointer))
    for at, word in enumerate(words):
        name = word.text.rpartition("/")[2]
        if name in COMPONENTS:
            found = _parsed(name, words[at + 1 :])
            return _with_environment(found, container, pointer) if name == ETCD else found
    for name in COMPONENTS:
        if _runs_script(words, name) or (container.get("name") == name and not words):
            return Started(name, why="a shell or the image says how it is started")
    return None


def of_environment(
    variables: Mapping[str, object], given: AbstractSet[str], pointer: str = ""
) -> Iterator[Flag]:
    """Read the flags of etcd that variables give, where no argument does.

    One that is not a text has its value elsewhere. Source: etcd 3.7.3 pkg/flags/flag.go
    (SetFlagsFromEnv).
    """
    for variable, value in variables.items():
        name = variable.removeprefix(_OF_ETCD).lower().replace("_", "-")
        if variable.startswith(_OF_ETCD) and name not in given and value != "":
            certain = isinstance(value, str)
            yield Flag(name, value if isinstance(value, str) else "", pointer, certain)


def _with_environment(found: Started, container: Mapping[str, object], pointer: str) -> Started:
    given = {flag.name for flag in found.flags}
    more = of_environment(_environment(container), given, f"{pointer}/env")
    return msgspec.structs.replace(found, flags=(*found.flags, *more))


def _parsed(component: str, words: Sequence[_Word]) -> Started:
    bools = _BOOLS[component]
    flags: list[Flag] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if not word.text.startswith("-") or word.text in ("-", "--"):
            why = f"{word.text} is no flag: {component} does not start with it"
            return Started(component, tuple(flags), why)
        name, equals, value = word.text.lstrip("-").partition("=")
        if component != "etcd":
            name = name.replace("_", "-")
            if word.text[1] != "-" and len(name) > 1:  # -v2 is -v=2
                name, equals, value = name[0], "=", name[1:]
        if equals or name in bools:
            flags.append(_flag(name, value if equals else "true", word))
        elif at < len(words):
            flags.append(_flag(name, words[at].text, words[at]))
            at += 1
        else:
            why = f"--{name} has no value: {component} does not start so"
            return Started(component, tuple(flags), why)
    return Started(component, tuple(flags))


def _flag(name: str, value: str, word: _Word) -> Flag:
    """A flag as a word gives it; what stands for a secret says nothing of what it was."""
    return Flag(name, value, word.pointer, word.certain and not has_marker(value))


def by_name(flags: Sequence[Flag]) -> dict[str, list[str]]:
    """Put flags together by their names, in the order of these."""
    found: dict[str, list[str]] = {}
    for flag in sorted(flags, key=lambda each: each.name):
        found.setdefault(flag.name, []).append(flag.value)
    return found


def _words(container: Mapping[str, object], pointer: str) -> Iterator[_Word]:
    environment = _environment(container)
    for field in ("command", "args"):
        for at, text in enumerate(elements(container.get(field))):
            if isinstance(text, str):
                full, certain = _expanded(text, environment)
                yield _Word(full, f"{pointer}{pointer_of((field, str(at)))}", certain)


def _environment(container: Mapping[str, object]) -> Mapping[str, object]:
    """The variables of a container; None for one whose value is not in its text."""
    return {
        name: each.get("value", "") if "valueFrom" not in each else None
        for each in map(mapping, elements(container.get("env")))
        if isinstance(name := each.get("name"), str)
    }


def _expanded(text: str, environment: Mapping[str, object]) -> tuple[str, bool]:
    """Fill variables in as the kubelet does; one that is not defined stays as it is written."""
    unsure = False

    def value(match: re.Match[str]) -> str:
        nonlocal unsure
        if match[1] == "$":
            return "$"
        found = environment.get(match[2], match[0])
        unsure = unsure or not isinstance(found, str)
        return found if isinstance(found, str) else match[0]

    return _VARIABLE.sub(value, text), not unsure


def _runs_script(words: Sequence[_Word], name: str) -> bool:
    """Say whether a shell is given a script that has the name of a component in it."""
    shell = bool(words) and words[0].text.rpartition("/")[2] in _SHELLS
    return shell and any(re.search(rf"(?<![\w-]){name}(?![\w-])", word.text) for word in words)
