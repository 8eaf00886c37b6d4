"""The tables about networks: plugins that enforce policies, and places worth a question."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final

import yaml

from auditor.late import late
from auditor.policy.found import ID
from auditor.policy.read_reference import reference
from auditor.policy.suggest import suggestion
from auditor.policy.yamlfile import Reader

_AT: Final = ("nodes", "control-plane")
_PORTS: Final = late(r"(?:TCP|UDP|SCTP) ([0-9]{1,5})(?:-([0-9]{1,5}))?")
_REPOSITORY: Final = late(r"[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)*")
_LAST: Final = 65_535


def plugin(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    """A row of ``network-plugins``."""
    where = ("daemon-sets", "node-reason", "node-annotation")
    keys = ("name", *where, "namespaces", "enforces", "container", "argument", "since", "reference")
    nodes = reader.mapping(node, keys, ("name", "enforces"))
    row: dict[str, object] = {"name": reader.string(nodes.get("name"))}
    if nodes and len(nodes.keys() & set(where)) != 1:
        reader.fail(node, f"needs one of {', '.join(where)}", "by what is it known?")
    _check_plugin(reader, node, nodes)
    for name in ("daemon-sets", "namespaces"):
        if name in nodes:
            row[name] = _names(reader, nodes.get(name))
    row["enforces"] = reader.value(nodes["enforces"]) if "enforces" in nodes else False
    if not isinstance(row["enforces"], bool):
        reader.fail(nodes["enforces"], "must be true or false")
    for name in ("container", "argument", "since", "node-reason", "node-annotation"):
        if name in nodes:
            row[name] = reader.string(nodes[name])
    reference(reader, nodes, {})
    return row


def _check_plugin(reader: Reader, node: yaml.Node, nodes: Mapping[str, yaml.Node]) -> None:
    """Check that what tells of a plugin is there as a whole."""
    for name, other in (("daemon-sets", "namespaces"), ("namespaces", "daemon-sets")):
        if name not in nodes and other in nodes:
            reader.fail(node, f"missing field {name!r}")
    if "node-annotation" in nodes and "argument" not in nodes:
        reader.fail(nodes["node-annotation"], "needs an argument", "the word that it has to have")
    for name in ("container", "since"):
        if name in nodes and "daemon-sets" not in nodes:
            reader.fail(nodes[name], "is of a DaemonSet")
    for name in ("argument", "since"):
        if name in nodes and "container" not in nodes and "node-annotation" not in nodes:
            reader.fail(nodes[name], "needs a container", "the one that has it")


def place(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    """A row of ``network-places``."""
    keys = ("name", "of", "addresses", "at", "ports", "reference")
    nodes = reader.mapping(node, keys, ("name", "of", "ports"))
    row: dict[str, object] = {"name": reader.string(nodes.get("name"))}
    row["of"] = of = reader.string(nodes.get("of"))
    if of and not ID.fullmatch(of):
        reader.fail(nodes["of"], f"{of!r} can't be a kind of place", "words joined by dashes")
    if "at" in nodes:
        row["at"] = word = reader.string(nodes["at"])
        if word and word not in _AT:
            reader.fail(nodes["at"], f"{word!r} is not allowed", suggestion(word, _AT))
    for name, reads, what in (
        ("addresses", _is_address, "an address, or a network in CIDR notation"),
        ("ports", _are_ports, "ports: as TCP 80 or UDP 8000-8100"),
    ):
        if name in nodes:
            row[name] = _names(reader, nodes[name])
            for item in reader.items(nodes[name]):
                text = reader.string(item)
                if text and not reads(text):
                    reader.fail(item, f"{text!r} is not {what}")
    if nodes and ("addresses" in nodes) is ("at" in nodes):
        reader.fail(node, "needs addresses or at", "one of both says where it is")
    reference(reader, nodes, {})
    return row


def server(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    """A row of ``network-servers``."""
    keys = ("name", "of", "images", "ports", "reference")
    nodes = reader.mapping(node, keys, ("name", "of", "images", "ports"))
    row: dict[str, object] = {"name": reader.string(nodes.get("name"))}
    row["of"] = of = reader.string(nodes.get("of"))
    if of and not ID.fullmatch(of):
        reader.fail(nodes["of"], f"{of!r} can't be a kind of server", "words joined by dashes")
    row["images"] = _names(reader, nodes.get("images"))
    for item in reader.items(nodes.get("images")):
        text = reader.string(item)
        if text and not _REPOSITORY.fullmatch(text):
            reader.fail(item, f"{text!r} is no repository", "without a tag: vllm/vllm-openai")
    row["ports"] = _names(reader, nodes.get("ports"))
    for item in reader.items(nodes.get("ports")):
        text = reader.string(item)
        if text and not _are_ports(text):
            reader.fail(item, f"{text!r} is not ports: as TCP 80 or UDP 8000-8100")
    reference(reader, nodes, {})
    return row


def _names(reader: Reader, node: yaml.Node | None) -> list[str]:
    """Some texts, at least one."""
    found = [reader.string(item) for item in reader.items(node)]
    if isinstance(node, yaml.SequenceNode) and not found:
        reader.fail(node, "must not be empty")
    return found


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _are_ports(text: str) -> bool:
    found = _PORTS.fullmatch(text)
    return found is not None and 1 <= int(found[1]) <= int(found[2] or found[1]) <= _LAST
