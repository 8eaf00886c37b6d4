"""``auditor who-can``: who may do something, by which binding and role."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any, Final

import click
import msgspec

from auditor.analysis.rights.asking import Question, grants, undecided
from auditor.analysis.rights.impersonating import Mode
from auditor.cli.answering import Inquiry, settings_of
from auditor.cli.options import kubeconfig_option, progress_option, timeout_option
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.questions import question_of, shown
from auditor.cli.screen import Progress, style_of
from auditor.cli.wires.resources import api_resources
from auditor.cli.wiring import CollectorOptions
from auditor.config import read_config
from auditor.model.finding import Report
from auditor.model.rights import KIND, Answer, RoleGrantsFact
from reports.style import Style
from reports.who_can import Asked, as_csv, as_json, screen

PROFILE: Final = "role-grants"
_decode = msgspec.json.Decoder(RoleGrantsFact).decode

FORMATS: Final[MappingProxyType[str, Callable[[Asked, Report, Style], Iterator[str]]]] = (
    MappingProxyType({"terminal": screen, "json": as_json, "csv": as_csv})
)


@click.command("who-can")
@click.argument("verb", metavar="VERB")
@click.argument("resource", metavar="RESOURCE[/SUBRESOURCE]")
@click.argument(
    "targets", nargs=-1, required=True, metavar="TARGET...", type=click.Path(allow_dash=True)
)
@click.option(
    "-n",
    "--namespace",
    metavar="NAMESPACE",
    default="",
    help="Where. Without it all namespaces are asked about, each grant with its own.",
)
@click.option("--name", metavar="NAME", default="", help="The object that is asked about, by name.")
@click.option(
    "--format",
    "shown_as",
    type=click.Choice(list(FORMATS)),
    default="terminal",
    show_default=True,
    help="What to print.",
)
@kubeconfig_option
@timeout_option
@click.option("--plain", is_flag=True, help="Words only: no glyphs, no colour.")
@progress_option
@prose
def who_can(
    verb: str,
    resource: str,
    targets: tuple[str, ...],
    kubeconfig: str,
    timeout: float | None,
    progress: str,
    **chosen: Any,
) -> int:
    r"""Say who may do VERB to RESOURCE in TARGETs, and which binding and role lets them.

    RESOURCE is a resource as roles name it, one of another group than Kubernetes' own
    with its group, or an address of the API server, which begins with a slash. A
    grant of a RoleBinding holds in its namespace, one of a ClusterRoleBinding in all
    of them. Aggregated roles are resolved, also of files, where admin, edit and view
    are those of Kubernetes 1.37 unless a file says otherwise.

    Groups are told by name: who is in one, the identity provider knows. What was not
    read, and bindings of roles that were not, are named at the end, and the exit code
    is 3 then.

    \b
    Examples:
      auditor who-can create pods/exec -n ml k8s://
      auditor who-can get secrets --name db-password -n ml k8s://prod manifests/
      auditor who-can patch rayclusters.ray.io rbac.yaml --format csv
      auditor who-can impersonate users k8s://
      auditor who-can get /metrics k8s://
      kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o yaml |
        auditor who-can '*' '*' -
    """
    question = question_of(verb, resource, chosen["name"], chosen["namespace"], api_resources())
    config = read_config()
    with Scratch(config.temporary) as spool:
        settings = settings_of(PROFILE, config, spool)
        collecting = CollectorOptions.of(config, kubeconfig, timeout)
        found = Inquiry(targets, collecting, settings, config, Progress(progress))
        answered = _answered(question, found.report)
        style = style_of(sys.stdout, config, plain=chosen["plain"], colour="auto")
        lines = FORMATS[chosen["shown_as"]](answered, found.report, style)
        return found.tell(lines, is_open=bool(answered.open))


_MODES: Final = MappingProxyType(
    {"users": Mode.USER, "groups": Mode.USER, "serviceaccounts": Mode.ACCOUNT}
)


def _for_some(question: Question) -> str:
    """What else to ask of whoever asks who may impersonate; "" for any other question."""
    request = question.request
    asked = request.verb == "impersonate" and not request.group
    mode = _MODES.get(request.resource) if asked else None
    if mode is None:
        return ""
    return (
        "Since Kubernetes 1.36 one may act as others for some requests by other verbs: ask "
        f"`auditor who-can {mode.to_be} {request.resource}.authentication.k8s.io`, too."
    )


def _answered(question: Question, report: Report) -> Asked:
    found = _of(report, question)
    return Asked(shown(question), question.request, question.namespace, found, _for_some(question))


def _of(report: Report, question: Question) -> tuple[Answer, ...]:
    """What each target of a report says of a question."""
    facts: dict[str, list[RoleGrantsFact]] = {each.uri: [] for each in report.targets}
    for fact in report.facts.get(KIND, ()):
        facts.setdefault(fact.target, []).append(_decode(fact.body))
    return tuple(
        Answer(target, tuple(grants(roles, question)), tuple(undecided(roles, question)))
        for target, roles in facts.items()
    )
