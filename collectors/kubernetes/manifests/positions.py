"""The line of a field: from the nodes of a YAML document, or by scanning JSON."""

from __future__ import annotations

import yaml


def line_of(root: yaml.Node, pointer: str) -> int:
    """1-based line of the field at an RFC 6901 pointer, or of its nearest existing ancestor."""
    node, line = root, root.start_mark.line + 1
    for part in pointer.split("/")[1:]:
        step = part.replace("~1", "/").replace("~0", "~")
        found = _step(node, step)
        if found is None:
            break
        node, line = found
    return line


def _step(node: yaml.Node, step: str) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):
            if key.value == step:
                return value, key.start_mark.line + 1
        for key, value in node.value:
            if key.value == "<<":
                for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    found = _step(source, step)
                    if found is not None:
                        return found
        return None
    if isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
        item = node.value[int(step)]
        return item, item.start_mark.line + 1
    return None
