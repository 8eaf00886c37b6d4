"""``auditor reach``: what can reach what in the network of a cluster, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

import click
import msgspec

from auditor.analysis.network.questions import EVERYBODY, Question, port_of
from auditor.cli.answering import Inquiry, settings_of
from auditor.cli.options import (
    kubeconfig_option,
    policies_option,
    progress_option,
    set_option_of,
    timeout_option,
)
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.screen import Progress, style_of
from auditor.cli.wires.derived import asking
from auditor.cli.wiring import CollectorOptions
from auditor.config import read_config
from auditor.errors import UsageError
from auditor.model.finding import Report
from auditor.runner.settings import Settings
from reports.reach import answered, matrix, nobody
from reports.reach_facts import answers, means_workloads
from reports.reach_tables import as_csv, as_json
from reports.style import Style
from reports.text import safe, wrap

PROFILE: Final = "network-reach"


@click.command()
@click.argument(
    "targets", nargs=-1, required=True, metavar="TARGET...", type=click.Path(allow_dash=True)
)
@click.option("--from", "source", default="", metavar="A", help="Who opens the connection.")
@click.option("--to", "target", default="", metavar="B", help="Who is to answer it.")
@click.option("--port", default="", metavar="P", help="At which port: 8000, 53/udp, 8000-8100.")
@click.option(
    "--format",
    "shown_as",
    type=click.Choice(["terminal", "json", "csv"]),
    default="terminal",
    show_default=True,
    help="What to print.",
)
@set_option_of(PROFILE)
@policies_option
@kubeconfig_option
@timeout_option
@click.option("--plain", is_flag=True, help="Words only: no glyphs, no colour.")
@progress_option
@prose
def reach(
    targets: tuple[str, ...],
    source: str,
    target: str,
    port: str,
    kubeconfig: str,
    timeout: float | None,
    progress: str,
    **chosen: Any,
) -> int:
    r"""Say what can reach what in the network of TARGETs, by their network policies.

    Workloads of a namespace that reach the same are one row: who reaches them,
    where they reach, and which policy and rule lets that through. With --from
    and --to the answer to one question, rule by rule; with one of them the rows
    of those alone, or who reaches what is no workload. What could not be read is
    named at the end, and the exit code is 3 then.

    \b
    A and B are one of:
      ml              the workloads of a namespace
      ml/vllm         a workload, or a pod
      tenant:llm      the workloads of a tenant
      *               all workloads
      nodes           every node; node/NAME one of them
      metadata        a place: metadata, kubelet, api-server, etcd
      world           the public network
      10.1.2.3        an address outside of the cluster, or a network

    \b
    Examples:
      auditor reach k8s://
      auditor reach k8s://prod --to ml
      auditor reach k8s://prod --from web/front --to ml/vllm --port 8000
      auditor reach manifests/ --to metadata
      auditor reach k8s://prod --format csv > reach.csv

    It says what policies let through, not whether anybody listens, or answers.
    """
    if port and port_of(port) is None:
        raise UsageError(f"--port {port} is no port", hint="as 8000, 53/udp or 8000-8100")
    config = read_config()
    question = Question(source or EVERYBODY, target or EVERYBODY, port)
    asked = (question,) if source or target else ()
    with Scratch(config.temporary) as spool:
        settings = settings_of(PROFILE, config, spool, chosen["settings"], chosen["policies"])
        collecting = CollectorOptions.of(config, kubeconfig, timeout)
        found = Inquiry(targets, collecting, _asking(settings, asked), config, Progress(progress))
        style = style_of(sys.stdout, config, plain=chosen["plain"], colour="auto")
        asked_for = Question(source, target, port)
        return found.tell(_lines(chosen["shown_as"], found.report, style, asked_for))


def _lines(shown_as: str, report: Report, style: Style, asked: Question) -> Iterator[str]:
    questioned = _is_question(report, asked)
    match shown_as:
        case "json":
            yield from as_json(report, asked=questioned)
        case "csv":
            yield from as_csv(report, asked=questioned)
        case _:
            yield from (f"{line}\n" for line in _screen(report, style, asked, questioned))


def _is_question(report: Report, asked: Question) -> bool:
    """Whether both ends are named, or one that is no workload: a place, an address, the world."""
    named = [text for text in (asked.source, asked.target) if text]
    return len(named) > 1 or any(not means_workloads(report, text) for text in named)


def _screen(
    report: Report,
    style: Style,
    asked: Question,
    questioned: bool,  # noqa: FBT001 - what was found out of the others
) -> Iterator[str]:
    if not questioned:
        yield from matrix(report, style, asked.source, asked.target, asked.port)
    elif answers(report):
        yield from answered(report, style)
    else:
        yield from nobody(report, " and ".join(filter(None, (asked.source, asked.target))), style)
    for item in report.gaps:
        gap = item.gap
        text = f"not read: {gap.scope}  {gap.cause.value}: {gap.detail}"
        yield from wrap(safe(text), style.width, style.glyph("unknown"))
        yield from wrap(safe(gap.hint), style.width, "  ") if gap.hint else ()


def _asking(settings: Settings, asked: tuple[Question, ...]) -> Settings:
    """The settings, with analyses that answer what is asked."""
    chosen = msgspec.structs.replace(settings.chosen, analyses=asking(asked))
    return msgspec.structs.replace(settings, chosen=chosen)
