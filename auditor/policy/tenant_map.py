"""A map of namespaces and paths to tenants, as a person writes it, to the table ``tenant-map``.

::

    vision: research         becomes    - {tenant: "llm", namespaces: ["chat"], paths: ["/A/vm/c"]}
    vision-dev: research                - {tenant: "research", namespaces: ["vision", "vision-dev"]}
    chat: llm
    /A/vm/c: llm

The table depends on what the map says and on nothing else of how it is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import yaml

from auditor.errors import Location, PolicyError, PolicyErrors
from auditor.policy.policyset import MOST_BYTES
from auditor.policy.tenancy import NAME_OF_NAMESPACE, PATH
from auditor.policy.yamlfile import Reader

WHAT: Final = "the map of tenants: NAMESPACE: TENANT a line"
LONGEST: Final = 253
"""The longest name of a tenant: that of a Kubernetes object."""


def read_map(data: bytes, name: str) -> Mapping[str, str]:
    """Read YAML or JSON; ``name`` is shown in errors.

    Raises:
        PolicyErrors: it is not a map of names of namespaces, or paths, to names of tenants.
    """
    errors: list[PolicyError] = []
    reader = Reader(data, name, errors)
    found: dict[str, str] = {}
    if reader.root is not None:
        keys = _keys(reader.root)
        for namespace, node in reader.mapping(reader.root, ()).items():
            found[namespace] = tenant = reader.string(node)
            if namespace.startswith("/"):
                if not PATH.fullmatch(namespace) or not namespace.isprintable():
                    reader.fail(keys[namespace], f"{namespace!r} can't be a path in an inventory")
            elif not NAME_OF_NAMESPACE.fullmatch(namespace):
                reader.fail(keys[namespace], f"{namespace!r} can't be the name of a namespace")
            if not tenant.isprintable() or len(tenant) > LONGEST:
                reader.fail(node, f"not the name of a tenant: {LONGEST} letters that are visible")
        if not found and not errors:
            reader.fail(reader.root, "it names nothing", "NAMESPACE: TENANT")
    if errors:
        raise PolicyErrors(tuple(errors), WHAT)
    return found


def _keys(root: yaml.Node) -> dict[str, yaml.Node]:
    pairs = root.value if isinstance(root, yaml.MappingNode) else ()
    return {str(key.value): key for key, _ in pairs}


def as_table(found: Mapping[str, str], name: str) -> bytes:
    """Write a map as the table.

    Raises:
        PolicyErrors: it is larger than a policy file may be.
    """
    tenants: dict[str, dict[str, list[str]]] = {}
    for name_or_path, tenant in sorted(found.items()):
        what = "paths" if name_or_path.startswith("/") else "namespaces"
        tenants.setdefault(tenant, {}).setdefault(what, []).append(name_or_path)
    lines = (
        f"- {{tenant: {_quoted(tenant)}, {_lists(named)}}}\n"
        for tenant, named in sorted(tenants.items())
    )
    data = "".join(lines).encode()
    if len(data) > MOST_BYTES:
        wrong = PolicyError("it names too much", location=Location(name))
        raise PolicyErrors((wrong,), WHAT)
    return data


def _lists(named: Mapping[str, list[str]]) -> str:
    return ", ".join(f"{what}: {_quoted(each)}" for what, each in sorted(named.items()))


def _quoted(value: object) -> str:
    """Write texts without what is not visible, as JSON and YAML both have them."""
    return json.dumps(value, ensure_ascii=False)
