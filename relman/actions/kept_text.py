"""Text a person wrote for a change, kept until the change is done: through a refusal, a crash, a new start."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from relman.errors import Kind, Problem, RelmanError, reason_of
from relman.model.plan import Plan

_LARGEST = 200_000  # bytes; GitHub takes 125,000 characters as notes


class KeptText:
    """One text for each action on each target, readable by this user alone.

    Errors of the disk are LOCAL problems. Small files: called on the event loop.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    def path(self, plan: Plan) -> Path:
        identity = "\0".join((plan.repo, plan.action, plan.environment, plan.target))
        return self._scratch / f"{plan.action}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.md"

    def read(self, plan: Plan) -> str | None:
        """The text that was kept; None where there is none, or none that can be read."""
        try:
            with self.path(plan).open("rb") as file:
                text = file.read(_LARGEST + 1)
        except OSError:
            return None
        return None if len(text) > _LARGEST else text.decode("utf-8", "replace").replace("\r\n", "\n")

    def write(self, plan: Plan, text: str) -> Path:
        path = self.path(plan)
        try:
            self._scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise RelmanError(
                Problem(Kind.LOCAL, "The text cannot be kept", f"{path}: {reason_of(error) or error}")
            ) from None
        return path

    def forget(self, plan: Plan) -> None:
        """The change is done: the text has gone out with it."""
        try:
            self.path(plan).unlink(missing_ok=True)
        except OSError:
            return  # it stays, and is offered once more for the same target
