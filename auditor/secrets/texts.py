"""Secrets inside one text: by their shape, by their name in any format, in JSON by its nodes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from auditor.late import late
from auditor.secrets.json_texts import redact_json
from auditor.secrets.marks import has_marker, marker
from auditor.secrets.names import is_secret_name, says_no_secret
from auditor.secrets.positions import in_command
from auditor.secrets.settings import redact_settings
from auditor.secrets.shapes import without_shapes

SHORTEST: Final = 8
"""Characters of a text that can hold a secret by its shape or name."""
_ARGUMENT = late(r"--?(?P<name>[\w.-]+)=(?P<secret>[^\n]+)", re.ASCII)
_IMAGE = late(
    r"(?=[^/]*[.:]|[^@]*@)(?:[a-z0-9][\w.-]{0,80}(?::[0-9]{1,5})?/){1,8}[a-z0-9][\w.-]{0,128}"
    r"(?::v?[0-9]+(?:[.-][\w.-]{0,60})?)?(?:@sha256:[0-9a-f]{64})?",
    re.ASCII,
)
"""An image of a registry, or by its digest: what follows its name is a version, not a secret."""
_STEP = late(
    r"(?P<setting>(?:\S{1,80} -c #\(nop\) {1,2})?(?:ENV|ARG) )|(?:RUN )?\|[0-9]{1,3} ", re.ASCII
)
"""A line of an image's history in which values have no quotes: settings, or arguments of a step."""
_OF_SETTING = late(r"(=«redacted:[a-z-]{1,40}»)(?: (?![A-Za-z_][\w.-]*=)[^ \n]+)+", re.ASCII)
_OF_ARGUMENT = late(
    r"(=«redacted:[a-z-]{1,40}»)(?: (?![A-Za-z_][\w.-]*=|/)[^ \n«]++)++"
    r"(?= [A-Za-z_][\w.-]*=| /\S{0,80}sh -)",
    re.ASCII,
)
_VARIABLE = late(r"[^=\s]{1,200}=«redacted:[a-z-]{1,40}»(?= )", re.ASCII)
_NAMES_AFTER = late(r"[ \n\t=:>]")


def without_secrets(text: str, hide: Callable[[Any], Any], key: str = "") -> str:
    """Make a text without what is a secret in it; the text itself when it has none.

    ``hide`` takes the secrets out of the value of a text that is JSON. ``key`` is the name under
    which the text stands, where that is the name of a file.
    """
    if len(text) < SHORTEST:
        return text
    made = without_shapes(text)
    if _NAMES_AFTER.search(made) is None:
        return made
    if _IMAGE.fullmatch(made) is not None:
        return made
    if made[0] in "{[ \t\r\n" and made.lstrip()[:1] in {"{", "["}:
        found = redact_json(made, hide)
        if found is not None:
            return found
    if made[0] == "-":
        made = _argument(made)
    made = redact_settings(in_command(made), key)
    step = _STEP.match(made) if has_marker(made) else None
    return made if step is None else _whole_values(made, setting=bool(step["setting"]))


def whole_variable(text: str) -> str:
    """Take all of a value away that begins with a secret: nobody cuts a variable into words."""
    found = _VARIABLE.match(text)
    return text if found is None else found[0]


def _whole_values(text: str, *, setting: bool) -> str:
    """Take all words of a secret away, as they stand in a history up to the next name."""
    return (_OF_SETTING if setting else _OF_ARGUMENT).sub(r"\1", text)


def _argument(text: str) -> str:
    """An argument with its value: all of the line belongs to it."""
    found = _ARGUMENT.match(text)
    if found is None or not is_secret_name(found["name"]):
        return text
    secret = found["secret"]
    if not secret.strip("\"' ") or has_marker(secret) or says_no_secret(found["name"], secret):
        return text
    return text[: found.start("secret")] + marker("argument") + text[found.end() :]
