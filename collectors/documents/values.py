"""The value of a text of YAML that stands in a field: what a program that is configured by it sees.

Such a program reads the first document, as sigs.k8s.io/yaml does, and may tell null from nothing.
"""

from __future__ import annotations

from auditor.model.enums import GapCause
from collectors.documents.guards import MAX_PARSED, Unreadable, check_depth, check_size


def value_of(text: str) -> object:
    """Read the first document of a text, with its nulls; an empty one is None.

    Raises:
        Unreadable: it is not valid YAML, or not fit to be read.
    """
    from collectors.documents import yaml_reader  # noqa: PLC0415 - 20 ms, rarely used

    check_size(text, MAX_PARSED, 1)
    check_depth(text)
    if not text.isprintable() and any("\ud800" <= each <= "\udfff" for each in text):
        raise Unreadable(GapCause.MALFORMED, "half of a surrogate pair", "is it a text?")
    for node in yaml_reader.nodes(text):
        return yaml_reader.Builder(len(text), nulls=True).document(node, text).value
    return None
