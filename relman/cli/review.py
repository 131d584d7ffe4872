"""``relman approve`` and ``relman reject``: which run waits for the environment, and its review."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from msgspec import Struct

from relman.actions.review import ReviewAction
from relman.actions.tools import Tools
from relman.cli.act import change
from relman.errors import Exit, Kind, Problem, RelmanError, usage_error
from relman.model.environment import PendingDeployment
from relman.model.review import APPROVED, REJECTED, Review, Target, answered_in, run_name, sent_before
from relman.model.run import Run
from relman.model.waiting import reviews_of
from relman.text import clean_line

_PAGES = 3  # of a hundred runs each, for what waits and for what is in progress
_AT_ONCE = 8  # runs that are asked what waits in them
_LISTED = 10


class _Open(Struct, frozen=True):
    """A run with what waits in it."""

    run: Run
    pending: tuple[PendingDeployment, ...]

    @property
    def ids(self) -> dict[str, int]:
        """The environments that wait, by name."""
        return {one.environment: one.environment_id for one in self.pending}

    def targets(self, names: Sequence[str]) -> tuple[Target, ...] | None:
        """The environments of those names, where all of them wait."""
        return _targets(names, self.ids) if set(names) <= self.ids.keys() else None


async def review(tools: Tools, arguments: Namespace) -> Exit:
    """Reviews what waits for the environments, which have to wait in one run. Raises where none fits."""
    if arguments.run is None:
        found, targets = await _only(tools, arguments.environment)
    else:
        found, targets = await _named(tools, arguments.environment, arguments.run)
    state = APPROVED if arguments.command == "approve" else REJECTED
    run = found.run
    intent = Review(run.id, run.attempt, run.sha, targets, state, arguments.comment)
    return await change(tools, ReviewAction(tools), intent, arguments)


async def _only(tools: Tools, environments: Sequence[str]) -> tuple[_Open, tuple[Target, ...]]:
    """The one run that waits for all of these environments."""
    every, complete = await _candidates(tools)
    fitting = [(one, targets) for one in every if (targets := one.targets(environments)) is not None]
    runs = "; ".join(f"{one.run.id} ({run_name(one.run)})" for one, _ in fitting[:_LISTED])
    if not complete:
        raise usage_error(
            f"More runs wait or go on than the {len(every)} that were looked through",
            detail=f"of those, what waits for {_words(environments)}: {runs or 'none'}; there may be others",
            hint="Say which with --run ID.",
        )
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        more = "" if len(fitting) <= _LISTED else f" and {len(fitting) - _LISTED} more"
        raise usage_error(
            f"{len(fitting)} runs wait for {_words(environments)}",
            detail=runs + more,
            hint="Say which with --run ID.",
        )
    await _check_names(tools, environments, every)
    every = [one for one in every if one.pending]
    waiting = [one for one in every if any(each.environment in environments for each in one.pending)]
    if waiting:  # only with several names: each waits somewhere, never together
        runs = "; ".join(f"{one.run.id}: {_waits(one)}" for one in waiting[:_LISTED])
        raise usage_error("No one run waits for all of these", detail=runs, hint="Review each run by itself.")
    others = "; ".join(f"{_waits(one)} in run {one.run.id}" for one in every[:_LISTED])
    raise RelmanError(
        Problem(
            Kind.NOT_FOUND,
            f"No run waits for {_words(environments)}",
            f"what waits: {others}" if others else "nothing waits for a review",
            "`relman status` shows what waits for whom.",
        )
    )


async def _candidates(tools: Tools) -> tuple[list[_Open], bool]:
    """Runs that may wait, with what waits in them; and whether these are all."""
    # Beside jobs that run, a run that waits is in progress. Both are asked for: two that fit are never one.
    found: dict[int, Run] = {}
    complete = True
    for status in ("waiting", "in_progress"):
        for page in range(1, _PAGES + 1):
            listed = (await tools.reader.runs(status=status, page=page)).value
            found.update((run.id, run) for run in listed.items)
            complete = complete and not listed.partial and not (listed.more and page == _PAGES)
            if not listed.more:
                break
    turn = asyncio.Semaphore(_AT_ONCE)

    async def opened(run: Run) -> _Open:
        async with turn:
            return await _open(tools, run)

    return await asyncio.gather(*map(opened, found.values())), complete


async def _named(tools: Tools, environments: Sequence[str], run_id: int) -> tuple[_Open, tuple[Target, ...]]:
    """The run that was named. What waits there no more and was reviewed is left to the action to say."""
    found = await _open(tools, (await tools.reader.run(run_id)).value)
    targets = found.targets(environments)
    if targets is not None:
        return found, targets
    known = {one.name: one.id for one in (await tools.reader.environments()).value}
    await _check_names(tools, environments, (found,))
    approvals = (await tools.reader.approvals(run_id)).value
    sent = sent_before(await tools.operator.journal.read(), tools.repo, found.run)
    if all(
        name in found.ids
        # An earlier attempt's review is no answer to this one, which may come to its gate yet.
        or reviews_of(approvals, name, found.run.attempt)
        or (sent and answered_in(approvals, name))
        for name in environments
    ):
        return found, _targets(environments, {**known, **found.ids})
    raise RelmanError(
        Problem(
            Kind.NOT_FOUND,
            f"Run {run_id} does not wait for {_words(environments)}",
            f"it waits for {_waits(found)}" if found.pending else f"{run_name(found.run)}: {found.run.word}",
        )
    )


async def _open(tools: Tools, run: Run) -> _Open:
    return _Open(run, (await tools.reader.pending_deployments(run.id)).value)


async def _check_names(tools: Tools, environments: Sequence[str], every: Sequence[_Open]) -> None:
    """A name that no environment has is a slip of the keyboard: the nearest one is told."""
    known = {one.name for one in (await tools.reader.environments()).value}
    known |= {pending.environment for one in every for pending in one.pending}
    for name in environments:
        if name not in known:
            near = get_close_matches(name, sorted(known), n=1, cutoff=0.4)
            raise usage_error(
                f"There is no environment {clean_line(name)!r}",
                detail=f"there are {_words(sorted(known))}" if known else "the repository has none",
                hint=f"Did you mean {clean_line(near[0])!r}?" if near else "",
            )


def _targets(names: Sequence[str], ids: Mapping[str, int]) -> tuple[Target, ...]:
    return tuple(Target(ids[name], name) for name in dict.fromkeys(names))


def _waits(one: _Open) -> str:
    return _words([pending.environment for pending in one.pending]) or "nothing"


def _words(names: Sequence[str]) -> str:
    return " and ".join(clean_line(name) for name in names)
