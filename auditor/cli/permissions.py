"""``auditor permissions``: the least role that a scan needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from auditor.analysis.scopes import kinds_of_the_cluster
from auditor.cli.caching import cache_of
from auditor.cli.options import chosen_by, policies_option, profile_option, set_option
from auditor.cli.prose import prose
from auditor.cli.wiring import SHIPPED, wired
from auditor.config import read_config
from auditor.errors import UsageError
from auditor.late import late
from auditor.ports import RolePlan

_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE: Final = late(_LABEL)
_SUBDOMAIN: Final = late(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
"""RFC 1123: a label names a namespace, a subdomain an account (ValidateServiceAccountName)."""
_NOUNS: Final = {"--account": "a service account", "--config-map": "a ConfigMap"}


@click.command(short_help="Print the least role that a scan needs.")
@click.argument("platform", metavar="PLATFORM", type=click.Choice(list(SHIPPED.roles)))
@profile_option
@set_option
@policies_option
@click.option(
    "--namespace",
    "namespaces",
    metavar="NAME",
    multiple=True,
    help="Limit it to a namespace, by a Role in place of a ClusterRole. Repeatable.",
)
@click.option(
    "--config-map",
    "config_maps",
    metavar="NAMESPACE/NAME",
    multiple=True,
    help="Allow for one ConfigMap by its name: the one that configures how GPUs are shared. "
    "Repeatable.",
)
@click.option(
    "--kubelets",
    is_flag=True,
    help="Allow for the configuration of kubelets (nodes/configz), which "
    "k8s://CONTEXT?kubelets=configz asks each of them for.",
)
@click.option(
    "--account",
    metavar="NAMESPACE/NAME",
    default="auditor/auditor",
    show_default=True,
    help="The service account that gets it.",
)
@click.option(
    "--script",
    is_flag=True,
    help="Print the script that looks at a Docker host where only its engine is reached, or at a "
    "node of a cluster: run it there as root, and give what it prints to auditor scan, by "
    "--host-probes or as a target.",
)
@prose
def permissions(
    platform: str,
    profile: str,
    settings: tuple[str, ...],
    policies: tuple[Path, ...],
    namespaces: tuple[str, ...],
    config_maps: tuple[str, ...],
    account: str,
    *,
    kubelets: bool,
    script: bool,
) -> None:
    r"""Print the least role that reads what the rules of a profile rest on, ready to apply.

    The service account and its namespace are printed too. A Role of a namespace can't grant all
    that rules rest on: what is left out, and which rules miss it, is in its comments.

    A Docker Engine has no rights to give: for it the paths are printed that a proxy before its
    socket has to let through, and what is looked at on its host. Of a vCenter it is said which
    role to give to whom. What no API server tells of a node, a script does, which a person runs
    there.

    \b
    Examples:
      auditor permissions k8s | kubectl apply -f -
      auditor permissions k8s --profile pod-security-restricted --namespace team-a
      auditor permissions docker --profile cis-docker
      auditor permissions docker --script > look.sh
      auditor permissions node --script > look.sh
      auditor permissions vsphere --profile vsphere
    """
    if script:
        _print_script(platform)
        return
    place, name = _pair("--account", account)
    maps = tuple(dict.fromkeys(_pair("--config-map", each) for each in config_maps))
    for namespace in namespaces:
        _checked(f"--namespace {namespace}", namespace)
    config = read_config()
    ready = wired().prepare(chosen_by(policies, profile, settings, cache_of(config)))
    written = frozenset(kind for each in SHIPPED.platforms for kind in each.written)
    reasons: dict[str, list[str]] = {}
    for rule, sources in ready.sources.items():
        for kind in sources.asked:
            if kind.startswith(f"{platform}/") and kind not in written:
                reasons.setdefault(kind, []).append(rule)
    plan = RolePlan(
        ready.profile.id,
        {kind: tuple(sorted(rules)) for kind, rules in reasons.items()},
        tuple(dict.fromkeys(namespaces)),
        (place, name),
        kinds_of_the_cluster(ready.profile.tables),
        maps,
        kubelets=kubelets,
    )
    for line in SHIPPED.roles[platform](plan):
        click.echo(line)


def _print_script(platform: str) -> None:
    make = SHIPPED.scripts.get(platform)
    if make is None:
        raise UsageError(
            f"--script: there is none for {platform}",
            hint="auditor permissions docker --script, or node",
        )
    click.echo(make(), nl=False)


def _pair(option: str, text: str) -> tuple[str, str]:
    place, slash, name = text.partition("/")
    if not slash:
        raise UsageError(f"{option} {text}: no namespace", hint="NAMESPACE/NAME")
    _checked(f"{option} {text}", place)
    _checked(f"{option} {text}", name, _SUBDOMAIN, _NOUNS[option])
    return place, name


def _checked(
    option: str, name: str, form: re.Pattern[str] = _NAMESPACE, what: str = "a namespace"
) -> None:
    """Refuse what no API server takes as a name, before it is written into YAML."""
    if not form.fullmatch(name):
        raise UsageError(
            f"{option}: {name!r} is not a name of {what}",
            hint="small letters, digits and dashes, as in team-a",
        )
