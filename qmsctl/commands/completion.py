"""qmsctl completion"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from qmsctl.commands import emit


@click.command("completion", epilog='Example: eval "$(qmsctl completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print shell completion; put it into your shell's start-up file."""
    found = get_completion_class(shell)
    if found is not None:
        emit(found(ctx.find_root().command, {}, "qmsctl", "_QMSCTL_COMPLETE").source())
