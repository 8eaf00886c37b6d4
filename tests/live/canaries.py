"""Objects with a secret in every text that a schema allows, made from OpenAPI documents.

A schema of Kubernetes is a graph: a PodSpec is in thirty kinds, and some schemas hold themselves.
Each kind gets all of its fields, and what holds itself ends after one round.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

CANARY: Final = re.compile(r"canary-[0-9]{6}-x7Qz")
Schemas = Mapping[str, Any]

IN_A_TEXT: Final[dict[str, str]] = {
    "a URL": "postgres://u:{}@h/x",
    "a token in a URL": "https://{}@h/x",
    "bearer": "authorization bearer {}",
    "an argument": "--db-password={}",
    "a flag": "run --token {} --port 80",
    "a script": "#!/bin/sh\nexport DB_PASSWORD={}\nrun\n",
    "a command": "db_password={} cmd",
    "YAML": "a:\n  password: {}\n  b: c\n",
    "pairs in YAML": "env:\n- name: DB_PASSWORD\n  value: {}\n",
    "properties": "a=b\nspring.datasource.password={}\n",
    "INI": "[db]\npassword = {}\n",
    "TOML": '[a]\napi_key = "{}"\n',
    "JSON": '{{"db": {{"password": "{}"}}}}',
    "JSON with comments": '{{ // c\n"password": "{}", }}',
    "a connection": "Server=h;Password={};Encrypt=True",
    "directives": "port 1\nrequirepass {}\n",
    "a header": "curl -H 'X-Api-Key: {}' x",
    "a private key": "-----BEGIN PGP PRIVATE KEY BLOCK-----\n{}\n",
}
"""How a secret stands in a text that is read as one."""
BY_KEY: Final = ("password", "db.token", "config.yaml")
"""Keys of a free map: two that name a secret, and one of a file that does."""


@dataclass
class Maker:
    """Makes objects; ``placed`` says where each canary was put, and how."""

    schemas: Schemas
    ways: Callable[[int], str]
    placed: dict[str, str] = field(default_factory=dict)

    def canary(self, place: str, way: str) -> str:
        """A new secret, by its place."""
        made = f"canary-{len(self.placed):06}-x7Qz"
        self.placed[made] = f"{place} by {way}"
        return made

    def text(self, place: str) -> str:
        """A text with a secret in it, each in the next way."""
        way = self.ways(len(self.placed))
        return IN_A_TEXT[way].format(self.canary(place, way))

    def object(self, kind: str, api_version: str, schema: Any) -> dict[str, Any]:
        """One object of a kind, with all its fields."""
        made = self.value(schema, kind, ())
        name = {"name": kind.lower(), "namespace": "ml"}
        return {
            **made,
            "kind": kind,
            "apiVersion": api_version,
            "metadata": {**made.get("metadata", {}), **name},
        }

    def value(self, schema: Any, place: str, above: tuple[str, ...]) -> Any:
        """A value by a schema; None where nothing can be said."""
        for each in (schema, *schema.get("allOf", ())):
            reference = each.get("$ref")
            if reference is not None:
                name = reference.rpartition("/")[2]
                return (
                    None if name in above else self.value(self.schemas[name], place, (*above, name))
                )
        match schema.get("type"):
            case "string":
                if "enum" in schema:
                    return schema["enum"][0]
                return None if schema.get("format") in {"date-time", "byte"} else self.text(place)
            case "integer" | "number":
                return 1
            case "boolean":
                return True
            case "array":
                return self._list(schema.get("items", {}), place, above)
            case "object":
                return self._mapping(schema, place, above)
        return self.text(place) if not schema.keys() & {"oneOf", "properties"} else None

    def _list(self, items: Any, place: str, above: tuple[str, ...]) -> Any:
        value = self.value(items, f"{place}[]", above)
        if isinstance(value, dict) and {"name", "value"} <= value.keys():
            secret = self.canary(f"{place}[].value", "the name beside it")
            return [value, {"name": "DB_PASSWORD", "value": secret}]
        if isinstance(value, str):
            return [value, "--password", self.canary(f"{place}[]", "the argument before it")]
        return [] if value is None else [value]

    def _mapping(self, schema: Any, place: str, above: tuple[str, ...]) -> Any:
        if "properties" in schema:
            found = {
                name: self.value(each, f"{place}.{name}", above)
                for name, each in schema["properties"].items()
                if name not in {"managedFields", "ownerReferences"}
            }
            return {name: value for name, value in found.items() if value is not None}
        inside = schema.get("additionalProperties")
        if not isinstance(inside, dict):
            return {"password": self.canary(place, "its key"), "a": self.text(place)}
        if inside.get("type") == "string":
            named = {key: self.canary(f"{place}.{key}", "its key") for key in BY_KEY[:2]}
            file = f"a:\n  password: {self.canary(place, 'a file')}\n"
            return {**named, BY_KEY[2]: file, "a": self.text(place)}
        value = self.value(inside, f"{place}.*", above)
        return {} if value is None else {"a": value}


def kinds_of(document: Any) -> Iterator[tuple[str, str, Any]]:
    """The kinds of an OpenAPI document that are objects of their own: kind, version, schema."""
    for schema in document.get("components", {}).get("schemas", {}).values():
        known = schema.get("x-kubernetes-group-version-kind", ())
        if len(known) == 1 and "metadata" in schema.get("properties", {}):
            each = known[0]
            if not each["kind"].endswith("List"):
                yield each["kind"], f"{each['group']}/{each['version']}".lstrip("/"), schema
