"""Which job of a workflow file an API job is, by its name.

The API gives no job id of the file, only the name that is shown: the file's name with its expressions
evaluated, a matrix suffix, and the names of the calling jobs in front (``caller / child``). A *slot* is one
job of the file (or of a called file) with all the names it can have, from certain to possible:

0. exactly a name the file states, or a name GitHub makes of the stated matrix; the raw name (skipped jobs
   keep it, without a suffix);
1. the stated name with some matrix suffix;
2. a name with expressions, each standing for anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product

from msgspec import Struct

from relman.model.expression import fill, has_expression, parts
from relman.model.run import Job
from relman.model.workflow import WorkflowFile, WorkflowJob

RANKS = 3
MAX_NAMES = 1_000  # names listed for one slot; beyond this only patterns are tried
MAX_SLOTS = 5_000
MAX_LENGTH = 1_000  # of an API name that patterns are tried on; GitHub cuts names off far earlier
_ANYTHING = r"(?:(?! / ).)+"


class _Part:
    """The names of one job at its own level, without its callers."""

    def __init__(self, job: WorkflowJob) -> None:
        self.exact = tuple(dict.fromkeys(_exact(job)))
        literal = not has_expression(job.display)
        patterns = [re.escape(name) for name in self.exact]
        self.ranks = ["|".join(patterns)]
        if job.matrix is not None and literal:
            patterns.append(re.escape(job.display) + r" \((?:(?! / ).)*\)")
        self.ranks.append("|".join(patterns))
        if not literal:
            patterns.append(_wild(job.display))
        self.ranks.append("|".join(patterns))
        self.literal = sum(len(piece.text) for piece in parts(job.display) if not piece.expression)
        self.room: float = 1
        if job.matrix is not None:
            known = not job.matrix.dynamic and job.matrix.combinations
            self.room = len(job.matrix.combinations) if known else float("inf")


def _wild(name: str) -> str:
    """A pattern for a name with expressions. With many of them only both ends count: regular expressions
    with many free stretches can take for ever."""
    pieces = list(parts(name))
    if sum(piece.expression for piece in pieces) > 2:
        first, last = pieces[0], pieces[-1]
        start = "" if first.expression else re.escape(first.text)
        end = "" if last.expression else re.escape(last.text)
        return start + _ANYTHING + end
    return "".join(_ANYTHING if piece.expression else re.escape(piece.text) for piece in pieces)


def _exact(job: WorkflowJob) -> Iterator[str]:
    name = job.display
    yield name
    pieces = list(parts(name))
    if len(pieces) == 1 and pieces[0].expression:
        yield pieces[0].text  # GitHub shows a skipped job's name bare when all of it is one expression
    for combination in job.matrix.combinations if job.matrix else ():
        if not pieces or all(not piece.expression for piece in pieces):
            yield f"{name} {combination.suffix}"
            yield f"{name} {combination.axis_suffix}"
        else:
            filled = fill(name, {key.lower(): value for key, value in combination.values})
            if filled is not None:
                yield filled


class Slot(Struct, frozen=True, dict=True):
    """One job of a file. ``path`` are the keys from the outermost call down to the job itself."""

    path: tuple[str, ...]
    job: WorkflowJob
    parts: tuple[_Part, ...]
    opaque: bool  # a call whose file could not be read: its jobs are all it is known by

    @property
    def key(self) -> str:
        return self.path[-1]

    @property
    def room(self) -> float:
        """How many API jobs it can have at most."""
        if self.opaque:
            return float("inf")
        room = 1.0
        for part in self.parts:
            room *= part.room
        return room

    @property
    def literal(self) -> int:
        return sum(part.literal for part in self.parts)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Its certain names; none where there are too many to list."""
        count = 1
        for part in self.parts:
            count *= len(part.exact)
        if count > MAX_NAMES:
            return ()
        return tuple(" / ".join(names) for names in product(*(part.exact for part in self.parts)))

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """One for each rank; the pattern of a higher rank fits also what a lower one fits."""
        tail = r"(?: / .+)?" if self.opaque else ""
        return tuple(
            re.compile(" / ".join(f"(?:{part.ranks[rank]})" for part in self.parts) + tail, re.DOTALL)
            for rank in range(RANKS)
        )


class Match(Struct, frozen=True, dict=True):
    """``jobs`` by slot number; ``unclear`` are slots whose jobs could be another's; ``free`` jobs fit none."""

    jobs: Mapping[int, tuple[Job, ...]]
    unclear: frozenset[int]
    free: tuple[Job, ...]


def slots(file: WorkflowFile) -> tuple[Slot, ...]:
    """The slots of a file and of what it calls; a call is a slot too (it has a job of its own when skipped)."""
    found: list[Slot] = []
    todo: list[tuple[WorkflowFile, tuple[str, ...], tuple[_Part, ...]]] = [(file, (), ())]
    while todo and len(found) < MAX_SLOTS:
        at, path, outer = todo.pop()
        for job in at.jobs:
            key = f"{path[-1]}/{job.id}" if path else job.id
            names = (*outer, _Part(job))
            opaque = job.uses is not None and job.callee is None
            found.append(Slot((*path, key), job, names, opaque))
            if job.callee is not None:
                todo.append((job.callee, (*path, key), names))
    return tuple(found)


def match(places: Sequence[Slot], jobs: Iterable[Job]) -> Match:
    """Puts each job into its slot: certain names first, then patterns, then what is left over.

    Order decides nothing. Where a name fits several slots, the jobs' steps and the room that is left
    decide; if they do not, every one of these slots gets the job and is called unclear.
    """
    by_name: dict[str, list[int]] = {}
    for number, slot in enumerate(places):
        for name in slot.names:
            by_name.setdefault(name, []).append(number)
    taken: dict[int, list[Job]] = {}
    unclear: set[int] = set()
    free: list[Job] = []
    open_jobs: list[tuple[int, Job, list[int]]] = []  # rank, job, slots
    for job in jobs:
        rank, fitting = _candidates(places, by_name, job.name)
        if len(fitting) == 1 and rank < RANKS - 1:
            taken.setdefault(fitting[0], []).append(job)
        elif fitting:
            open_jobs.append((rank, job, fitting))
        else:
            free.append(job)
    open_jobs.sort(key=lambda entry: entry[0])
    for _, job, fitting in open_jobs:
        fitting = [number for number in fitting if len(taken.get(number, ())) < places[number].room]
        chosen = _by_steps(places, fitting, job)
        if not chosen:
            free.append(job)
        elif len(chosen) == 1:
            taken.setdefault(chosen[0], []).append(job)
        else:
            unclear.update(chosen)
    # What stayed unclear, once everything else has its place.
    for _, job, fitting in open_jobs:
        if any(job is placed for placed in free) or any(job is one for jobs in taken.values() for one in jobs):
            continue
        for number in fitting:
            if number in unclear:
                taken.setdefault(number, []).append(job)
    return Match({number: tuple(found) for number, found in taken.items()}, frozenset(unclear), tuple(free))


def _candidates(places: Sequence[Slot], by_name: Mapping[str, list[int]], name: str) -> tuple[int, list[int]]:
    if name in by_name:
        return 0, by_name[name]
    for rank in range(RANKS) if len(name) <= MAX_LENGTH else ():
        fitting = [number for number, slot in enumerate(places) if slot.patterns[rank].fullmatch(name)]
        if fitting:
            most = max(places[number].literal for number in fitting)
            return rank, [number for number in fitting if places[number].literal == most]
    for mark in ("...", "…"):
        if name.endswith(mark):
            stem = name.removesuffix(mark)
            cut = {number for full, numbers in by_name.items() if full.startswith(stem) for number in numbers}
            return 1, sorted(cut)
    return RANKS, []


def _by_steps(places: Sequence[Slot], fitting: list[int], job: Job) -> list[int]:
    """The slots of ``fitting`` whose steps the job has; all of them when the steps do not tell."""
    if len(fitting) < 2 or not job.steps:
        return fitting
    ran = {step.name for step in job.steps}
    scores = {
        number: sum(1 if step in ran else -1 for step in places[number].job.steps if step and "${{" not in step)
        for number in fitting
    }
    best = max(scores.values())
    return [number for number in fitting if scores[number] == best]
