"""The configuration that ``auditor init`` writes: what was seen, and all that can be said.

What is not known is there as a comment, valid once its mark is taken away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec


class Seen(msgspec.Struct, frozen=True):
    """What there is to propose.

    ``here`` says what is in the folder, in words. ``live`` are targets that can be asked, each with
    what it is. ``waivers`` and ``policies`` are paths that are there, "" for none.
    """

    here: str
    live: Sequence[tuple[str, str]] = ()
    waivers: str = ""
    policies: str = ""


def text_of(seen: Seen, profile: str) -> str:
    """Write the configuration."""
    return "\n".join(_lines(seen, profile)) + "\n"


def _lines(seen: Seen, profile: str) -> Iterator[str]:
    yield "# What `auditor scan` goes by where no target is named, from here down to all folders"
    yield "# below that are no repository of their own. Options win over it: auditor config show"
    yield "# Paths are relative to this file. For editors: auditor config schema > FILE"
    yield ""
    yield "# What is audited."
    yield "targets:"
    yield f"  - .  # {seen.here}"
    yield from (f"  # - {target}  # {what}" for target, what in seen.live)
    yield "  # - {target: k8s://prod, labels: {env: prod}, timeout: 60}"
    yield from _optional("What is left out of it; every report says so.", "exclude: [testdata/]")
    yield ""
    yield "# What it is judged by: auditor profiles list"
    yield f"profile: {profile}"
    yield from _optional(
        f"What rules ask of you: auditor profiles show {profile}",
        *("parameters:", "  allowed_registries: [registry.example.com]"),
    )
    own = "Rules, controls, profiles and tables of your own."
    yield from _optional(own, f"policies: [{seen.policies or 'policies/'}]", said=seen.policies)
    yield from _optional("The gate in place of the profile's.", "fail-on: high, coverage<95")
    accepted = "What was accepted, by whom and until when: auditor waivers add waivers.yaml"
    yield from _optional(accepted, f"waivers: {seen.waivers or 'waivers.yaml'}", said=seen.waivers)
    yield from _optional(
        "What people say of controls that no rule decides: auditor answers ask",
        "answers: answers.yaml",
    )
    yield from _optional(
        "An earlier bundle: the gate counts only what it does not have.",
        *("baseline: baseline.zip", "baseline-key: auditor.pub"),
    )
    yield from _optional(
        "Reports beside the screen.", "outputs:", "  html: auditor.html", "  sarif: auditor.sarif"
    )
    yield from _optional("Seconds to wait for one target that is asked.", "timeout: 900")
    yield from _optional("How many of them are asked at once.", "parallel: 8")
    yield from _optional(
        "Workers that ask and judge for us; only with `auditor scan --config FILE`.",
        "executor: dasks://scheduler.example:8786",
    )
    yield from _optional(
        "The kubeconfig of k8s:// targets; only with `auditor scan --config FILE`.",
        "kubeconfig: prod.kubeconfig",
    )


def _optional(why: str, *lines: str, said: str = "") -> Iterator[str]:
    """Lines below what they are for; comments, if they are not ``said``."""
    yield ""
    yield f"# {why}"
    yield from (line if said else f"# {line}" for line in lines)
