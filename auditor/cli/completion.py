"""``auditor completion SHELL``: a script for the shell's own completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from auditor.cli.prose import prose


@click.command(epilog='Example: eval "$(auditor completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@prose
def completion(shell: str) -> None:
    r"""Print the completion script for SHELL.

    \b
    bash:  eval "$(auditor completion bash)"
    zsh:   eval "$(auditor completion zsh)"
    fish:  auditor completion fish | source
    """
    from auditor.cli.app import COMPLETE, app

    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(app, {}, "auditor", COMPLETE).source())
