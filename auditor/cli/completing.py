"""What a shell completes behind ``--profile`` and ``--set``.

Bash breaks words at ``=``, so ``isolation_floor=har`` reaches a program as three words, and what it
offers takes the place of the last one alone::

    words of bash                        what is completed        what is offered to bash
    --set isolation_floor = har          isolation_floor=har      hardware
    --set iso                            iso                      isolation_floor=none, …

Completion never fails: where the policies can't be read, nothing is offered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class

from auditor.cli.options import load_policy
from auditor.errors import AuditorError
from auditor.model.policy import Parameter
from auditor.policy import PolicySet, resolve
from auditor.policy.tenancy import TENANT, tells_tenants, words


def profiles(context: click.Context, begun: str) -> list[str]:
    """Offer the ids of profiles."""
    policy = _policy(context)
    return [] if policy is None else _beginning(sorted(policy.profiles), begun)


def settings(context: click.Context, profile: str, begun: str) -> list[str]:
    """Offer parameters of the profile at hand as NAME=VALUE: every choice, else the default.

    ``profile`` is that of a command without ``--profile``; where there is none, all rules count.
    """
    policy = _policy(context)
    if policy is None:
        return []
    named = str(context.params.get("profile") or profile)
    try:
        rules = [chosen.rule for chosen in resolve(policy, named, {}).rules]
    except AuditorError:
        rules = list(policy.rules.values())
    known = {each.name: each for rule in rules for each in rule.parameters}
    offered = [text for name in sorted(known) for text in _texts(known[name])]
    if tells_tenants(rules):
        offered += [f"{TENANT}={key}" for key in words(policy.tables)]
    return _beginning(offered, begun)


def _policy(context: click.Context) -> PolicySet | None:
    folders: Iterable[Path] = context.params.get("policies") or ()
    try:
        return load_policy(tuple(folders))
    except AuditorError:
        return None


def _texts(parameter: Parameter) -> Iterator[str]:
    default = parameter.default
    if parameter.choices:
        values = list(parameter.choices)
    elif isinstance(default, list | tuple):
        values = [""]
    elif parameter.newest:
        values = ["latest"]
    else:
        values = [default if isinstance(default, str) else json.dumps(default)]
    yield from (f"{parameter.name}={value}" for value in values)


def _beginning(texts: Iterable[str], begun: str) -> list[str]:
    return [text for text in texts if text.startswith(begun)]


class _JoinedBash(BashComplete):
    """Bash, with the words joined again that it broke at ``=``."""

    _cut = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Say which words are complete, and what was begun."""
        args, incomplete = super().get_completion_args()
        *complete, begun = _joined([*args, incomplete])
        if "=" in begun and not begun.startswith("-"):
            self._cut = begun[: begun.index("=") + 1]
        return complete, begun

    def format_completion(self, item: CompletionItem[object]) -> str:
        """Offer what takes the place of the last word of bash."""
        return f"{item.type},{str(item.value).removeprefix(self._cut)}"


def _joined(words: list[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        if found and (word.startswith("=") or found[-1].endswith("=")):
            found[-1] += word
        else:
            found.append(word)
    return found


def register() -> None:
    """Have bash complete as it is told here."""
    add_completion_class(_JoinedBash, "bash")
