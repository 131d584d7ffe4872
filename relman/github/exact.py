"""Identifiers that a change is made with: exactly as they read, or not at all.

A name that shows otherwise than it is would let a person confirm one thing and do another.
"""

from __future__ import annotations

import re

from relman.errors import Kind, Problem, RelmanError
from relman.text import clean_line, is_clean

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# What git itself allows in no ref: see git-check-ref-format.
_NO_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|^[./]|[./]$|\.lock(?:/|$)|^@?$")


def checked_identifier(what: str, value: str) -> str:
    """A workflow's file or id. Raises a REFUSED problem where it holds what does not show."""
    if not value or not is_clean(value):
        raise _refused(what, value, "it holds characters that do not show as they are")
    return value


def checked_ref(name: str, *, full: bool = False) -> str:
    """A branch, a tag or, with ``full``, a whole ref. Raises a REFUSED problem for what is none to git."""
    checked_identifier("name", name)
    if _NO_REF.search(name) or (full and not name.startswith(("refs/heads/", "refs/tags/"))):
        raise _refused("name", name, "git takes no such name for a branch or a tag")
    return name


def checked_sha(sha: str) -> str:
    """A whole one: a short one may mean another commit tomorrow."""
    if not _SHA.fullmatch(sha):
        raise _refused("commit", sha, "a change takes the whole sha of 40 digits")
    return sha


def _refused(what: str, value: str, why: str) -> RelmanError:
    return RelmanError(
        Problem(
            Kind.REFUSED,
            f"The {what} “{clean_line(value, 80)}” is not used",
            why,
            "Nothing was sent.",
        )
    )
