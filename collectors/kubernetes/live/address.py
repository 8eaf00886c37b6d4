"""Targets as they are typed: ``k8s://CONTEXT?namespace=a,b`` and ``k8s+incluster://NAME``.

``k8s://CONTEXT?kubelets=configz`` says that each kubelet may be asked for its configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, unquote

from auditor.errors import UsageError
from auditor.late import late
from auditor.secrets.uris import shown

SCHEME = "k8s"
IN_CLUSTER = "k8s+incluster"

_KUBELETS = "configz"
_SHOWN = frozenset({"namespace", "kubelets"})
_NAMESPACE = late(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Address:
    """A cluster: by the context of a kubeconfig ("" is the current one), or the one we run in.

    Of the latter ``context`` is what a person calls it, to tell it from others that do so.
    ``namespaces`` are those to read, in order; none means all. ``typed`` is the context with its
    percent signs, which may be part of its name. ``kubelets`` is whether they may be asked.
    """

    context: str
    in_cluster: bool
    namespaces: tuple[str, ...]
    typed: str = field(default="", compare=False)
    kubelets: bool = False

    def uri(self, context: str) -> str:
        """The canonical form, once the name of the context is known; typed again it is the same."""
        scheme = IN_CLUSTER if self.in_cluster else SCHEME
        options = [f"namespace={','.join(self.namespaces)}"] if self.namespaces else []
        options += [f"kubelets={_KUBELETS}"] if self.kubelets else []
        return f"{scheme}://{quoted(context)}{'?' if options else ''}{'&'.join(options)}"


def quoted(context: str) -> str:
    """A context as it is typed: ``?``, ``%``, ``#``, spaces and the like by their numbers."""
    return quote(context, safe="/:@!$&'()*+,;=", errors="surrogatepass")


def parse_address(text: str) -> Address:
    """Read a target.

    Raises:
        UsageError: an unknown option, or a namespace that can't exist.
    """
    scheme, _, rest = text.partition("://")
    context, mark, query = rest.partition("?")
    in_cluster = scheme == IN_CLUSTER
    options = parse_qs(query, keep_blank_values=True) if mark else {}
    for name in options:
        if name not in _SHOWN:
            raise UsageError(
                f"{shown(text, _SHOWN)}: {name} is not an option of a cluster",
                hint=f"{SCHEME}://CONTEXT?namespace=a,b and ?kubelets={_KUBELETS} are; "
                "a ? in a context's name is written %3F",
            )
    kubelets = options.get("kubelets", [])
    if set(kubelets) - {_KUBELETS}:
        raise UsageError(
            f"{shown(text, _SHOWN)}: kubelets can't be asked for {kubelets[0]!r}",
            hint=f"{SCHEME}://CONTEXT?kubelets={_KUBELETS} asks each for its configuration",
        )
    names = [name for value in options.get("namespace", ()) for name in value.split(",")]
    for name in names:
        if not _NAMESPACE.fullmatch(name):
            raise UsageError(
                f"{shown(text, _SHOWN)}: {name!r} is not a name of a namespace",
                hint="names are separated by commas: ?namespace=team-a,team-b",
            )
    chosen = tuple(sorted(set(names)))
    return Address(unquote(context), in_cluster, chosen, context, kubelets=bool(kubelets))
