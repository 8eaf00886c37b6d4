"""Targets of a configuration: each with its labels, its deadline and how it is entered.

::

    targets:
      - deploy/
      - target: k8s://prod-a
        labels: {env: prod, team: ml}
        timeout: 60
        kubeconfig: prod-a.kubeconfig
      - target: vsphere://audit@vc1
        password: {command: vault read -field=password secret/vc1}

A secret never stands in the file: what does is an error that says so.
"""

from __future__ import annotations

from typing import Final

import yaml

from auditor.configuration.numbers import seconds
from auditor.configuration.values import Reference, TargetValue
from auditor.late import late
from auditor.policy.yamlfile import Reader, kind_of

KEYS: Final = (
    *("target", "labels", "timeout", "kubeconfig", "password", "session"),
    *("ca-file", "thumbprint", "certificates"),
)
WAYS: Final = ("file", "env", "command")
_LONGEST: Final = 4096
"""Bytes of a path that Linux takes (PATH_MAX), and of any command that fits a line of a file."""
_VARIABLE: Final = late(r"[A-Za-z_][A-Za-z0-9_]*")
_THUMBPRINT: Final = late(r"(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}")
_HINT: Final = "{file: PATH}, {env: NAME} or {command: PROGRAM}"


def targets_of(reader: Reader, node: yaml.Node) -> tuple[TargetValue, ...]:
    """Read the list of targets, one at least; those that are equal are an error."""
    if isinstance(node, yaml.SequenceNode) and not node.value:
        reader.fail(node, "must not be empty")
    found: list[TargetValue] = []
    seen: list[object] = []
    for item in reader.items(node):
        found.append(_target(reader, item))
        value = reader.value(item)
        if value in seen:
            reader.fail(item, f"{found[-1].text!r} is there twice")
        seen.append(value)
    return tuple(found)


def _target(reader: Reader, node: yaml.Node) -> TargetValue:
    if not isinstance(node, yaml.MappingNode):
        return TargetValue(reader.string(node), reader.location(node))
    nodes = reader.mapping(node, KEYS, ("target",))
    if "password" in nodes and "session" in nodes:
        reader.fail(nodes["session"], "a password or a session: a target is entered with one")
    timeout = nodes.get("timeout")
    return TargetValue(
        reader.string(nodes.get("target")),
        reader.location(nodes.get("target", node)),
        labels=_labels(reader, nodes.get("labels")),
        timeout=None if timeout is None else seconds(reader, timeout),
        kubeconfig=_kubeconfig(reader, nodes.get("kubeconfig")),
        password=_reference(reader, nodes.get("password")),
        session=_reference(reader, nodes.get("session")),
        authority=reader.string(nodes.get("ca-file")),
        thumbprint=_thumbprint(reader, nodes.get("thumbprint")),
        certificates=reader.string(nodes.get("certificates")),
    )


def _labels(reader: Reader, node: yaml.Node | None) -> tuple[tuple[str, str], ...]:
    if node is None:
        return ()
    found = reader.mapping(node, ()).items()
    return tuple(sorted((name, reader.string(each)) for name, each in found))


def _kubeconfig(reader: Reader, node: yaml.Node | None) -> Reference | None:
    if isinstance(node, yaml.MappingNode) or node is None:
        return _reference(reader, node)
    return Reference("file", _name(reader, node), reader.location(node))


def _name(reader: Reader, node: yaml.Node | None) -> str:
    """The name of a file or the words of a program; what is no such thing is not said again."""
    text = reader.string(node)
    if "\n" in text or len(text) > _LONGEST or text.startswith("{"):
        reader.fail(node, "a secret is never in this file, but a text is that is no name", _HINT)
        return ""
    return text


def _reference(reader: Reader, node: yaml.Node | None) -> Reference | None:
    if node is None:
        return None
    if not isinstance(node, yaml.MappingNode):
        reader.fail(node, f"a secret is never in this file, but {kind_of(node)} is", _HINT)
        return None
    nodes = reader.mapping(node, WAYS)
    if len(node.value) != 1:
        reader.fail(node, "must say one place of the secret", _HINT)
    how, inner = next(iter(nodes.items()), ("", None))
    what = _name(reader, inner)
    if how == "env" and what and not _VARIABLE.fullmatch(what):
        reader.fail(inner, "this is not the name of a variable", "letters, digits and _")
    return Reference(how, what, reader.location(node))


def _thumbprint(reader: Reader, node: yaml.Node | None) -> str:
    text = reader.string(node)
    if text and not _THUMBPRINT.fullmatch(text):
        hint = "openssl x509 -noout -fingerprint -sha256 -in FILE"
        reader.fail(node, "is not the sha256 of a certificate", hint)
    return text.replace(":", "").lower()
