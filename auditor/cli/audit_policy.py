"""``auditor audit-policy``: what an audit policy has the API server write down."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import click

from auditor.analysis.auditing.actors import of_user
from auditor.analysis.auditing.facts import found_in
from auditor.analysis.auditing.policy import Request
from auditor.analysis.auditing.requests import METHODS, VERBS
from auditor.analysis.auditing.viewing import shown
from auditor.cli.output import write_stdout
from auditor.cli.prose import prose
from auditor.cli.questions import resource_of
from auditor.cli.screen import style_of
from auditor.cli.wires.derived import read_text
from auditor.cli.wires.resources import api_resources
from auditor.cli.wiring import CollectorOptions, wired
from auditor.config import read_config
from auditor.errors import UsageError
from auditor.model.auditing import PolicyShown
from auditor.model.resource import STDIN, Gap, Resource
from auditor.ports import Live, Reading
from reports.audit_policy import as_json, screen
from reports.text import safe

FORMATS: Final = MappingProxyType({"terminal": screen, "json": as_json})
_INCOMPLETE: Final = 3
_ASKING: Final = ("groups", "verb", "resource", "subresource", "namespace", "name", "url")


@click.command("audit-policy")
@click.argument("file", metavar="FILE", type=click.Path(allow_dash=True))
@click.option("--as", "user", metavar="USER", help="Who asks, by the name that the server knows.")
@click.option(
    "--group",
    "groups",
    metavar="GROUP",
    multiple=True,
    help="A group of the caller, beside those that the server adds. Repeatable.",
)
@click.option("--verb", metavar="VERB", help="What is done: get, list, watch, create, …")
@click.option("--resource", metavar="RESOURCE[/SUBRESOURCE]", help="To what: pods, pods/exec, …")
@click.option("--subresource", metavar="SUBRESOURCE", default="", help="To which part of it.")
@click.option("-n", "--namespace", metavar="NAMESPACE", default="", help="In which namespace.")
@click.option("--name", metavar="NAME", default="", help="To which object, by its name.")
@click.option("--url", metavar="PATH", default="", help="A path that is no resource: /metrics.")
@click.option(
    "--format",
    "shown_as",
    type=click.Choice(list(FORMATS)),
    default="terminal",
    show_default=True,
    help="What to print.",
)
@click.option("--plain", is_flag=True, help="Words only: no glyphs, no colour.")
@prose
def audit_policy(file: str, **chosen: Any) -> int:
    r"""Say what the audit policy in FILE has the API server write into its log.

    FILE is the file of --audit-policy-file, a ConfigMap that holds one, an
    APIServer resource of OpenShift, a folder of these, or - for standard input.
    The first rule that matches a request decides. With --as it is said which one,
    and what is written; without it, for all requests that matter and all kinds of
    callers, those that the policy names included.

    A caller is in the groups that the server adds: system:authenticated, those of
    nodes and of service accounts. Who impersonates somebody is matched by their
    own name. --as '' is a login that is refused.

    \b
    Examples:
      auditor audit-policy /etc/kubernetes/audit-policy.yaml
      auditor audit-policy audit.yaml --as alice --group dev --verb create \
        --resource pods/exec -n ml
      auditor audit-policy audit.yaml --as system:serviceaccount:ci:robot \
        --verb patch --resource deployments.apps -n prod --name web
      auditor audit-policy audit.yaml --as '' --verb get --url /metrics
      kubectl get cm -n kube-system audit -o yaml | auditor audit-policy -

    Refused policies end with the exit code 3.
    """
    request = _request(chosen)
    config = read_config()
    found, gaps = _policies(file, request)
    style = style_of(sys.stdout, config, plain=chosen["plain"], colour="auto")
    lines = FORMATS[chosen["shown_as"]](found, style)
    write_stdout(sys.stdout.buffer, (line.encode("utf-8", "backslashreplace") for line in lines))
    for gap in gaps:
        click.echo(f"not read: {safe(_text(gap))}", err=True)
    return _INCOMPLETE if gaps or any(each.refused for each in found) else 0


def _policies(file: str, request: Request | None) -> tuple[list[PolicyShown], list[Gap]]:
    """Read the policies of a target of files, and what could not be read there.

    Raises:
        UsageError: there is no policy.
    """
    collector = wired().collector_for(file, CollectorOptions())
    if isinstance(collector, Live):
        raise UsageError(
            f"{file}: an API server does not show its audit policy",
            hint="copy the file of --audit-policy-file from the control plane",
        )
    found: list[PolicyShown] = []
    plan = collector.plan(lambda _: 1)
    gaps = list(plan.gaps)
    for shard in plan.shards:
        for reading in collector.read(shard):
            if isinstance(reading, Gap):
                gaps.append(reading)
                continue
            for resource in reading.resources():
                place = _place(reading, resource)
                found += (shown(each, place, request) for each in found_in(resource, read_text))
            gaps += reading.gaps()
    if not found and gaps:
        raise UsageError(f"{file}: no audit policy could be read: {_text(gaps[0])}")
    if not found:
        raise UsageError(
            f"{file}: no audit policy",
            hint="it is an object of apiVersion audit.k8s.io/v1 and kind Policy",
        )
    return found, gaps


def _text(gap: Gap) -> str:
    line = f":{gap.line}" if gap.line else ""
    return f"{gap.scope}{line}: {gap.detail}"


def _place(reading: Reading, resource: Resource) -> Callable[[str], str]:
    def place(pointer: str) -> str:
        line = reading.line(resource.document, pointer)
        name = "standard input" if resource.source == STDIN else resource.source
        return f"{name}:{line}" if line else name

    return place


def _request(chosen: Mapping[str, Any]) -> Request | None:
    """Read what is asked about; None where nothing is.

    Raises:
        UsageError: only a part of it is said.
    """
    given = [each for each in _ASKING if chosen[each]]
    if chosen["user"] is None:
        if given:
            option = "as" if given[0] == "user" else given[0]
            raise UsageError(
                f"--{option.removesuffix('s')} asks about a request, and --as does not say whose",
                hint="--as USER --verb VERB --resource RESOURCE",
            )
        return None
    verb, resource, url = chosen["verb"], chosen["resource"], chosen["url"]
    if not verb or bool(resource) == bool(url):
        raise UsageError(
            "a request has a verb, and a resource or a URL",
            hint="--as USER --verb VERB --resource RESOURCE, or --verb get --url PATH",
        )
    known = METHODS if url else VERBS
    if verb not in known:
        raise UsageError(
            f"{verb} is no verb of {'a URL' if url else 'a resource'}", hint=", ".join(known)
        )
    caller = of_user(chosen["user"])
    groups = tuple(dict.fromkeys((*chosen["groups"], *caller.groups)))
    if url:
        return Request(caller.user, groups, verb, url=url)
    word, _, below = resource.partition("/")
    plural, group, namespaced = resource_of(word, api_resources())
    if chosen["namespace"] and not namespaced and plural != "namespaces":
        raise UsageError(f"{plural} are in no namespace: -n has no meaning for them")
    return Request(
        caller.user,
        groups,
        verb,
        group,
        plural,
        chosen["subresource"] or below,
        chosen["namespace"],
        chosen["name"],
    )
