"""A change in words, and whether it has left this machine: what every sentence about it is made of."""

from __future__ import annotations

from threading import Lock

from msgspec import Struct

CONTENTS = "Contents: write"
WITH_WORKFLOWS = (
    "Contents: write, and Workflows: write where workflow files change (a classic token: repo and workflow)"
)
ACTIONS = "Actions: write"
DEPLOYMENTS = "Deployments: write"
PULL_REQUESTS = "Pull requests: write"


class Deed(Struct, frozen=True):
    """``to`` goes after that word: "cancel run 7". ``right`` is what GitHub's documentation asks for it."""

    to: str
    right: str
    stores: bool = True  # False: asked with POST, but nothing on the server changes by it


class NotAllowedError(Exception):
    """The change was given up before it was sent, or was sent already: now it must not be."""


class Permit:
    """Whether one change may still be sent, and whether it was. Decided once, whichever thread asks."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._used = False
        self._withdrawn = False

    def use(self) -> None:
        """From here on bytes may leave. Raises where it was withdrawn before, and the second time."""
        with self._lock:
            if self._withdrawn or self._used:
                raise NotAllowedError
            self._used = True

    @property
    def used(self) -> bool:
        with self._lock:
            return self._used

    def withdraw(self) -> bool:
        """Forbids to send. Gives whether it came in time."""
        with self._lock:
            self._withdrawn = True
            return not self._used
