"""The schemas of what results hold, made of the structs of the results contract."""

from __future__ import annotations

import inspect
import json
from typing import Any

import msgspec

from auditor.model.gpus import (
    DeviceFact,
    JoinedDeviceFact,
    JoinFact,
    TenancyFact,
    WriterFact,
)
from auditor.model.isolation import ChainFact
from auditor.model.reach import AnswerFact, EnforcementFact, ReachFact
from auditor.model.results import SCHEMA, Document
from auditor.model.rights import RoleGrantsFact

_REF = "#/$defs/{name}"


def results_schema() -> str:
    """The JSON Schema of ``results.json``: what msgspec makes of the structs, and closed."""
    version = SCHEMA.rpartition("/v")[2]
    return _schema(Document, f"results:v{version}", f"auditor results, version {version}")


def device_schema() -> str:
    """The JSON Schema of the facts ``gpu/Device`` that results list."""
    return _schema(DeviceFact, "gpu-device:v1", "a GPU and its tenants, version 1")


def tenancy_schema() -> str:
    """The JSON Schema of the facts ``gpu/Tenancy`` that results list."""
    return _schema(TenancyFact, "gpu-tenancy:v1", "by what tenants are told, version 1")


def writer_schema() -> str:
    """The JSON Schema of the facts ``gpu/Writer`` that results list."""
    return _schema(WriterFact, "gpu-writer:v1", "what tenants may write, version 1")


def joined_schema() -> str:
    """The JSON Schema of the facts ``gpu/JoinedDevice`` that results list."""
    return _schema(JoinedDeviceFact, "gpu-joined-device:v1", "a GPU at its host, version 1")


def join_schema() -> str:
    """The JSON Schema of the facts ``gpu/Join`` that results list."""
    return _schema(JoinFact, "gpu-join:v1", "which nodes are which machines, version 1")


def chain_schema() -> str:
    """The JSON Schema of the facts ``isolation/Chain`` that results list."""
    return _schema(ChainFact, "isolation-chain:v1", "what is around workloads, version 1")


def grants_schema() -> str:
    """The JSON Schema of the facts ``k8s/RoleGrants`` that results list."""
    return _schema(RoleGrantsFact, "role-grants:v1", "what roles give to whom, version 1")


def reach_schema() -> str:
    """The JSON Schema of the facts ``network/Reach`` that results list."""
    return _schema(ReachFact, "network-reach:v1", "what workloads reach, version 1")


def enforcement_schema() -> str:
    """The JSON Schema of the facts ``network/Enforcement`` that results list."""
    title = "whether network policies are enforced, version 1"
    return _schema(EnforcementFact, "network-enforcement:v1", title)


def answer_schema() -> str:
    """The JSON Schema of the facts ``network/Answer`` that ``auditor reach`` prints."""
    return _schema(AnswerFact, "network-answer:v1", "whether a connection can be made, version 1")


def _schema(struct: type, name: str, title: str) -> str:
    _, components = msgspec.json.schema_components([struct], ref_template=_REF)
    parts = {part: _closed(found) for part, found in sorted(components.items())}
    whole = parts.pop(struct.__name__)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:auditor:schema:{name}",
        "title": title,
        **whole,
        "description": " ".join(inspect.cleandoc(struct.__doc__ or "").split()),
        "$defs": parts,
    }
    return json.dumps(schema, indent=2) + "\n"


def _closed(part: dict[str, Any]) -> dict[str, Any]:
    """A part that has no other fields than its struct; without what only Python knows of it."""
    made = {key: value for key, value in part.items() if key != "title"}
    if "description" in made:
        first = inspect.cleandoc(made["description"]).partition("\n\n")[0]
        made["description"] = " ".join(first.split()).replace("``", "`")
    if "properties" in made:
        fields = made["properties"].items()
        made["properties"] = {
            name: {key: value for key, value in field.items() if key != "default"}
            for name, field in fields
        }
        made["additionalProperties"] = False
    return made
