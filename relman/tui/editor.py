"""The user's own editor on a file. Never one that a repository names."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from relman.errors import Kind, Problem, RelmanError, reason_of

if TYPE_CHECKING:
    from textual.app import App


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """The words of ``$VISUAL`` or ``$EDITOR``. Raises a LOCAL problem where neither names one."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environ.get(name, ""), posix=os.name == "posix")
        except ValueError:
            raise RelmanError(
                Problem(Kind.LOCAL, f"${name} cannot be read as a command", hint="Mend its quotes.")
            ) from None
        if words:
            return words
    raise RelmanError(
        Problem(
            Kind.LOCAL, "No editor is set", hint="Set $VISUAL or $EDITOR, for example to vim, and start again."
        )
    )


def edited(app: App[Any], path: Path, environ: Mapping[str, str] | None = None) -> None:
    """Hands the terminal to the editor until it ends. Raises a LOCAL problem where that fails.

    The event loop stands still meanwhile: whatever was drawn in this time would land in the editor's screen.
    """
    command = [*editor_command(os.environ if environ is None else environ), str(path)]
    try:
        with app.suspend():
            code = subprocess.run(command, check=False).returncode  # noqa: S603  (the user's own command)
    except SuspendNotSupported:
        raise RelmanError(
            Problem(Kind.LOCAL, "This terminal cannot be handed to an editor", hint=f"Edit {path} elsewhere.")
        ) from None
    except OSError as error:
        raise RelmanError(
            Problem(Kind.LOCAL, "The editor did not start", f"{command[0]}: {reason_of(error) or error}")
        ) from None
    if code:
        raise RelmanError(
            Problem(Kind.LOCAL, f"The editor ended with {code}", hint="The text stays as it was shown before.")
        )
