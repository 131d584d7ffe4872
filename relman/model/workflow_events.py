"""The events a workflow can name: their activity types, and what a schedule may say.

Source: the workflow schema GitHub publishes with its own parser.
"""

from __future__ import annotations

_PULL_REQUEST = (
    "assigned unassigned labeled unlabeled opened edited closed reopened synchronize converted_to_draft "
    "locked unlocked enqueued dequeued milestoned demilestoned ready_for_review review_requested "
    "review_request_removed auto_merge_enabled auto_merge_disabled stacked"
)
_TYPES = {
    "branch_protection_rule": "created edited deleted",
    "check_run": "completed created rerequested requested_action",
    "check_suite": "completed",
    "discussion": "created edited deleted transferred pinned unpinned labeled unlabeled locked unlocked "
    "category_changed answered unanswered",
    "discussion_comment": "created edited deleted",
    "image_version": "created ready deleted",
    "issue_comment": "created edited deleted",
    "issues": "opened edited deleted transferred pinned unpinned closed reopened assigned unassigned labeled "
    "unlabeled locked unlocked milestoned demilestoned field_added field_removed typed untyped",
    "label": "created edited deleted",
    "merge_group": "checks_requested",
    "milestone": "created closed opened edited deleted",
    "project": "created closed reopened edited deleted",
    "project_card": "created moved converted edited deleted",
    "project_column": "created updated moved deleted",
    "pull_request": _PULL_REQUEST,
    "pull_request_comment": "created edited deleted",
    "pull_request_review": "submitted edited dismissed",
    "pull_request_review_comment": "created edited deleted",
    "pull_request_target": _PULL_REQUEST,
    "registry_package": "published updated",
    "release": "published unpublished created edited deleted prereleased released",
    "watch": "started",
    "workflow_run": "requested completed in_progress",
}
ACTIVITY_TYPES = {event: frozenset(words.split()) for event, words in _TYPES.items()}

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# Lowest and highest number, and the names that stand for numbers from the lowest on.
_FIELDS: tuple[tuple[int, int, list[str]], ...] = (
    (0, 59, []),
    (0, 23, []),
    (1, 31, []),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)


def is_schedule(text: str) -> bool:
    """Whether GitHub takes ``text`` as a cron expression: five fields, no shorthand such as ``@daily``."""
    fields = [field for field in text.split(" ") if field]
    return len(fields) == len(_FIELDS) and all(
        all(_is_part(part, *limits) for part in field.split(","))
        for field, limits in zip(fields, _FIELDS, strict=True)
    )


def _is_part(part: str, low: int, high: int, names: list[str]) -> bool:
    span, slash, step = part.partition("/")
    if slash and not (step.isascii() and step.isdecimal() and 0 < int(step[:9]) <= high):
        return False
    if span == "*":
        return True
    start, dash, end = span.partition("-")
    first = _number(start, low, names)
    last = _number(end, low, names) if dash else first
    return first is not None and last is not None and low <= first <= last <= high


def _number(text: str, low: int, names: list[str]) -> int | None:
    if text.lower() in names:
        return names.index(text.lower()) + low
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
