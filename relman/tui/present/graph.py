"""The graph of a run as a drawing: cards from jobs, placed by what they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from relman.model.drawing import Card, Drawing, card_size, paint
from relman.model.layout import Layout, Size, arrange
from relman.model.run import Job
from relman.model.state import State
from relman.tui.present.piece import safe
from relman.tui.present.times import between, duration


@dataclass(frozen=True, slots=True)
class Spot:
    """One box: its key, what it needs, and the jobs behind it (none: not created yet)."""

    key: str
    name: str
    needs: tuple[str, ...] = ()
    level: int = 0
    jobs: tuple[Job, ...] = ()
    expected: float | None = None
    opens: bool = False

    @property
    def job(self) -> Job | None:
        """The job that a key on this box acts on: the one that asks for attention first."""
        return min(self.jobs, key=lambda job: _ATTENTION.get(job.state, 9), default=None)

    @property
    def state(self) -> State:
        job = self.job
        return State.EXPECTED if job is None else job.state


_ATTENTION = {
    State.FAILURE: 0,
    State.TIMED_OUT: 0,
    State.STARTUP_FAILURE: 0,
    State.WAITING: 1,
    State.ACTION_REQUIRED: 1,
    State.RUNNING: 2,
    State.QUEUED: 3,
    State.PENDING: 3,
    State.UNKNOWN: 4,
    State.CANCELLED: 5,
    State.SUCCESS: 6,
    State.NEUTRAL: 7,
    State.SKIPPED: 8,
}


@dataclass(frozen=True)
class Picture:
    """All boxes of a run with their places. ``path`` is the critical path; ``remark`` is what is not exact."""

    spots: tuple[Spot, ...]
    path: tuple[str, ...] = ()
    remark: str = ""
    fast: float | None = None  # seconds along the critical path
    full: float | None = None  # the same, with the jobs that only some events run
    summed: float | None = None  # seconds of all jobs together

    def spot(self, key: str | None) -> Spot | None:
        return next((spot for spot in self.spots if spot.key == key), None)

    def key_of(self, job_id: int) -> str | None:
        """The box that holds a job."""
        return next((spot.key for spot in self.spots if any(job.id == job_id for job in spot.jobs)), None)

    def of_interest(self) -> str | None:
        """The box to look at first: what failed, waits or runs, else the last one that did something."""
        if not self.spots:
            return None
        best = min(self.spots, key=lambda spot: _ATTENTION.get(spot.state, 9))
        if _ATTENTION.get(best.state, 9) <= 4:
            return best.key
        done = [spot for spot in self.spots if spot.jobs and spot.state is not State.SKIPPED]
        return (done or list(self.spots))[0].key


def free_picture(jobs: Sequence[Job], expected: Mapping[str, float], remark: str = "") -> Picture:
    """The jobs without edges, for a run whose workflow file cannot be read."""
    spots = tuple(
        Spot(f"job:{job.id}", job.name, jobs=(job,), expected=expected.get(job.name))
        for job in sorted(
            jobs, key=lambda job: (job.started_at is None, job.started_at or job.created_at or _NEVER)
        )
    )
    return Picture(spots, remark=remark, summed=_summed(spots))


_NEVER = datetime.max


def _summed(spots: Sequence[Spot]) -> float | None:
    took = [
        seconds
        for spot in spots
        for job in spot.jobs
        if job.completed_at is not None
        and job.state is not State.SKIPPED
        and (seconds := between(job.started_at, job.completed_at, job.completed_at)) is not None
    ]
    return sum(took) if took else None


def card(spot: Spot, now: datetime, *, critical: bool) -> Card:
    """What stands in a box. ``now`` is the server's."""
    job = spot.job
    name = safe(spot.name, 120)
    if job is None:
        note = f"~{duration(spot.expected)}" if spot.expected is not None else ""
        return Card(name, State.EXPECTED.glyph, State.EXPECTED.tone, note, critical=critical, dim=True)
    if len(spot.jobs) > 1:
        done = sum(1 for one in spot.jobs if one.state.finished)
        note = f"{done}/{len(spot.jobs)}"
        return Card(name, job.state.glyph, job.state.tone, note, done / len(spot.jobs), critical=critical)
    state = job.state
    if state is State.SKIPPED:
        return Card(name, state.glyph, state.tone, "skipped", critical=critical, dim=True)
    took = between(job.started_at, job.completed_at, now)
    if took is None or state in (State.QUEUED, State.PENDING, State.WAITING):
        return Card(name, state.glyph, state.tone, state.word, critical=critical)
    progress = took / spot.expected if spot.expected else None
    return Card(name, state.glyph, state.tone, duration(took), progress, critical=critical)


class Painter:
    """Paints a picture; places are computed anew only when boxes or their sizes change."""

    def __init__(self) -> None:
        self._placed: tuple[tuple[Spot, ...], Mapping[str, Size]] | None = None
        self._layout: Layout | None = None

    def paint(self, picture: Picture, selected: str | None, now: datetime, *, columns: int = 1) -> Drawing:
        """``columns`` is into how many columns boxes without any edge are folded."""
        critical = frozenset(picture.path)
        cards = {spot.key: card(spot, now, critical=spot.key in critical) for spot in picture.spots}
        spots = _folded(picture.spots, columns)
        # A box keeps room for the longest time it will show, or the graph would breathe every second.
        sizes = {key: card_size(replace(one, note=one.note.rjust(8))) for key, one in cards.items()}
        shape = (tuple(replace(spot, jobs=(), expected=None) for spot in spots), sizes)
        if self._layout is None or shape != self._placed:
            self._placed, self._layout = shape, arrange(spots, sizes)
        return paint(self._layout, cards, selected=selected, path=picture.path)


def _folded(spots: tuple[Spot, ...], columns: int) -> tuple[Spot, ...]:
    if columns < 2 or any(spot.needs for spot in spots):
        return spots
    rows = max(1, -(-len(spots) // columns))
    return tuple(replace(spot, level=index // rows) for index, spot in enumerate(spots))
