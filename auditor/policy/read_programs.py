"""The table of programs of others that are never run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import yaml

from auditor.late import late
from auditor.policy.read_reference import reference
from auditor.policy.suggest import suggestion
from auditor.policy.yamlfile import Reader

PROGRAMS: Final = ("trivy",)
_KEYS: Final = ("program", "version", "digest", "what", "reference")
_FORMS: Final = {
    "version": (late(r"[0-9]{1,9}(?:\.[0-9]{1,9}){1,3}", re.ASCII), "a version, as 0.69.4"),
    "digest": (late(r"sha256:[0-9a-f]{64}", re.ASCII), "a digest, as sha256: and 64 digits"),
}


def refused_program(reader: Reader, node: yaml.Node) -> Mapping[str, object]:
    """Read a row of ``refused-programs``."""
    nodes = reader.mapping(node, _KEYS, ("program", "what", "reference"))
    row: dict[str, object] = {"what": reader.string(nodes.get("what"))}
    row["program"] = program = reader.string(nodes.get("program"))
    if program and program not in PROGRAMS:
        hint = suggestion(program, PROGRAMS)
        reader.fail(nodes.get("program"), f"{program!r} is not allowed", hint)
    for name, (form, what) in _FORMS.items():
        if name in nodes:
            row[name] = text = reader.string(nodes[name])
            if text and not form.fullmatch(text):
                reader.fail(nodes[name], f"must be {what}", "in quotes")
    if nodes and len(nodes.keys() & _FORMS.keys()) != 1:
        reader.fail(node, "needs either a version or a digest", "which one is refused?")
    reference(reader, nodes, row)
    return row
