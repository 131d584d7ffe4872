"""The state of a run, job, step or deployment, and the status alphabet: a glyph and a word for each.

GitHub says ``status`` and ``conclusion``; one :class:`State` says what a person wants to know. Values
GitHub adds later become :attr:`State.UNKNOWN` and are shown with GitHub's own word.
"""

from __future__ import annotations

from enum import StrEnum


class Tone(StrEnum):
    """How a state is coloured, by meaning; a theme gives the colour."""

    GOOD = "good"
    BAD = "bad"
    ACTIVE = "active"
    WAITING = "waiting"  # waits for a person
    QUIET = "quiet"
    PLAIN = "plain"


class State(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    TIMED_OUT = "timed out"
    STARTUP_FAILURE = "startup failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    NEUTRAL = "neutral"
    STALE = "stale"
    ACTION_REQUIRED = "action required"
    RUNNING = "running"
    QUEUED = "queued"  # waits for a runner
    PENDING = "pending"  # waits for a concurrency lock
    WAITING = "waiting"  # waits for a deployment review or a wait timer
    EXPECTED = "not created yet"  # in the workflow file, not yet in the job list
    UNKNOWN = "unknown"

    @property
    def glyph(self) -> str:
        return _LOOK[self][0]

    @property
    def tone(self) -> Tone:
        return _LOOK[self][1]

    @property
    def word(self) -> str:
        return self.value

    @property
    def finished(self) -> bool:
        return self in _FINISHED

    @property
    def failed(self) -> bool:
        """Red: somebody has to look."""
        return self in _FAILED

    @property
    def active(self) -> bool:
        """Something will still change by itself: queued, running, pending or waiting."""
        return self in _ACTIVE


_LOOK: dict[State, tuple[str, Tone]] = {
    State.SUCCESS: ("✓", Tone.GOOD),
    State.FAILURE: ("×", Tone.BAD),
    State.TIMED_OUT: ("×", Tone.BAD),
    State.STARTUP_FAILURE: ("×", Tone.BAD),
    State.CANCELLED: ("■", Tone.QUIET),
    State.SKIPPED: ("○", Tone.QUIET),
    State.NEUTRAL: ("■", Tone.QUIET),
    State.STALE: ("■", Tone.QUIET),
    State.ACTION_REQUIRED: ("▲", Tone.WAITING),
    State.RUNNING: ("◐", Tone.ACTIVE),
    State.QUEUED: ("○", Tone.ACTIVE),
    State.PENDING: ("○", Tone.ACTIVE),
    State.WAITING: ("◆", Tone.WAITING),
    State.EXPECTED: ("○", Tone.QUIET),
    State.UNKNOWN: ("●", Tone.PLAIN),
}
_FAILED = frozenset({State.FAILURE, State.TIMED_OUT, State.STARTUP_FAILURE})
_ACTIVE = frozenset({State.RUNNING, State.QUEUED, State.PENDING, State.WAITING})
_FINISHED = frozenset(
    _FAILED | {State.SUCCESS, State.CANCELLED, State.SKIPPED, State.NEUTRAL, State.STALE, State.ACTION_REQUIRED}
)

_STATUS = {
    "requested": State.QUEUED,
    "queued": State.QUEUED,
    "pending": State.PENDING,
    "waiting": State.WAITING,
    "in_progress": State.RUNNING,
}
_CONCLUSION = {
    "success": State.SUCCESS,
    "failure": State.FAILURE,
    "timed_out": State.TIMED_OUT,
    "startup_failure": State.STARTUP_FAILURE,
    "cancelled": State.CANCELLED,
    "skipped": State.SKIPPED,
    "neutral": State.NEUTRAL,
    "stale": State.STALE,
    "action_required": State.ACTION_REQUIRED,
}
STATUSES = frozenset({*_STATUS, "completed", *_CONCLUSION})
"""Every word that GitHub says today."""


def state_of(status: str | None, conclusion: str | None) -> State:
    """GitHub's pair as one state. A conclusion decides; without one the status does."""
    if conclusion:
        return _CONCLUSION.get(conclusion, State.UNKNOWN)
    return _STATUS.get(status or "", State.UNKNOWN)


def word_of(status: str | None, conclusion: str | None) -> str:
    """The word to show: the state's own, or GitHub's where the state is unknown."""
    state = state_of(status, conclusion)
    if state is State.UNKNOWN:
        return (conclusion or status or State.UNKNOWN.value).replace("_", " ")
    return state.word
