"""What an intent may let a person change after the plan was shown. Both are optional."""

from __future__ import annotations

from typing import Protocol, Self, runtime_checkable


@runtime_checkable
class Overridable(Protocol):
    """An intent that takes a reason for a check that does not hold."""

    def with_override(self, key: str, reason: str) -> Self:
        """The same intent with ``reason`` for the check ``key``, in place of an earlier one."""
        ...


@runtime_checkable
class Editable(Protocol):
    """An intent whose ``Plan.text`` a person may write anew."""

    def with_text(self, text: str) -> Self:
        """The same intent with this text."""
        ...
