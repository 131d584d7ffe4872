"""One question for each section: ask the reader, put the answer on the board.

Nothing here raises: a failure keeps the old value and says what is wrong beside it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import structs

from relman.board.memory import Forgetful, Memory
from relman.board.merge import keep_identity, newest_page, with_runs
from relman.board.ports import Clock, GitHubReader, HealthReader
from relman.board.sections import Ask, Part, section_of
from relman.board.store import Store
from relman.errors import Kind, Problem, RelmanError
from relman.model.answer import Answer, Page
from relman.model.board import Board, Section
from relman.model.environment import Deployment, DeploymentStatus
from relman.model.health import HealthCheck
from relman.model.run import Job, Run, WorkflowSource
from relman.model.run_source import read_source as find_source
from relman.text import clean_line

_log = logging.getLogger(__name__)

DEEP_EVERY: Final = timedelta(seconds=240)
"""How often runs that are active but not on the newest page are looked for (a re-run keeps its place)."""
_LOST_ASKED = 5
_STATUSES_ASKED = 5
_STATUS_AGAIN = timedelta(minutes=5)
_DEPLOYMENTS = 30
_PAST = 15
"""Earlier deployments whose statuses are read at a time, when somebody looks at the environment."""
_CLOCK_STEP = timedelta(seconds=1.5)
"""The server says whole seconds: a smaller change of the offset is noise."""
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
SETTLED_DEPLOYMENT: Final = frozenset({"success", "failure", "error", "inactive"})


class Refresher:
    """Answers asks. ``checks`` gives the health checks by environment name."""

    def __init__(
        self,
        store: Store,
        reader: GitHubReader,
        clock: Clock,
        *,
        memory: Memory | None = None,
        health: HealthReader | None = None,
        checks: Mapping[str, tuple[HealthCheck, ...]] | None = None,
    ) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._memory: Memory = memory or Forgetful()
        self._health = health
        self.checks = dict(checks or {})
        self._deep_at: datetime | None = None
        self._unfinished: set[int] | None = None
        self._kept_runs: dict[int, tuple[int, bool]] = {}
        self._statuses_read: dict[int, tuple[object, datetime]] = {}
        self._by_part: dict[Part, Callable[[Ask], Awaitable[Problem | None]]] = {
            Part.REPOSITORY: lambda ask: self._plain(ask, self._reader.repository),
            Part.VIEWER: lambda ask: self._plain(ask, self._reader.viewer),
            Part.WORKFLOWS: lambda ask: self._plain(ask, self._reader.workflows),
            Part.ENVIRONMENTS: lambda ask: self._plain(ask, self._reader.environments),
            Part.RELEASES: lambda ask: self._first_page(ask, self._reader.releases),
            Part.TAGS: lambda ask: self._first_page(ask, self._reader.tags),
            Part.HEAD: self._head,
            Part.RUNS: self._runs,
            Part.RUN: self._run,
            Part.JOBS: self._jobs,
            Part.SOURCE: self._source,
            Part.PENDING: lambda ask: self._plain(ask, lambda: self._reader.pending_deployments(_id(ask))),
            Part.APPROVALS: lambda ask: self._plain(ask, lambda: self._reader.approvals(_id(ask))),
            Part.ANNOTATIONS: self._annotations,
            Part.ANY_PROTECTED: lambda ask: self._plain(ask, self._reader.any_protected_branch),
            Part.POLICIES: lambda ask: self._plain(ask, lambda: self._reader.branch_policies(_name(ask))),
            Part.CUSTOM_RULES: lambda ask: self._plain(ask, lambda: self._reader.custom_rules(_name(ask))),
            Part.DEPLOYMENTS: self._deployments,
            Part.PAST: self._past,
            Part.HEALTH: self._check_health,
        }

    async def refresh(self, ask: Ask) -> Problem | None:
        """Asks, publishes, and gives what went wrong (None when all is well). Never raises."""
        try:
            problem = await self._by_part[ask.part](ask)
        except RelmanError as error:
            problem = error.problem
            self._failed(ask, problem)
        except Exception as error:  # a fault of relman in one section must not end the others
            _log.exception("refreshing %s failed", ask.part)
            problem = Problem(
                Kind.SERVER,
                "This answer could not be understood",
                type(error).__name__,
                "The last data stays; please report it with relman bug-report.",
            )
            self._failed(ask, problem)
        self._note_budget()
        return problem

    def _failed(self, ask: Ask, problem: Problem) -> None:
        old = section_of(self._store.board, ask)
        if ask.part in {Part.RUN, Part.PAST}:
            return  # one run, or an old deployment, that cannot be read says nothing about the list
        self._store.replace(ask, structs.replace(old, error=problem))

    def _note_budget(self) -> None:
        budget = self._reader.budget
        if budget != self._store.board.budget:
            self._store.change(lambda board: structs.replace(board, budget=budget))

    def _note_time(self, answer: Answer[Any]) -> None:
        if answer.server_time is None:
            return
        # The Date header is cut to the second: on average half of one is missing.
        offset = answer.server_time + timedelta(milliseconds=500) - self._clock.now()
        if abs(offset - self._store.board.clock_offset) >= _CLOCK_STEP:
            self._store.change(lambda board: structs.replace(board, clock_offset=offset))

    def _put(self, ask: Ask, value: object, error: Problem | None = None) -> None:
        old = section_of(self._store.board, ask)
        self._store.replace(ask, Section(keep_identity(old.value, value), self._clock.now(), error))

    async def _plain(self, ask: Ask, question: Callable[[], Awaitable[Answer[Any]]]) -> None:
        answer = await question()
        self._note_time(answer)
        self._put(ask, answer.value)

    async def _first_page(self, ask: Ask, question: Callable[[], Awaitable[Answer[Page[Any]]]]) -> None:
        answer = await question()
        self._note_time(answer)
        self._put(ask, answer.value.items)

    async def _head(self, ask: Ask) -> None:
        """The default branch, once the repository is known."""
        repository = self._store.board.repository.value
        if repository is None:
            return
        answer = await self._reader.branch(repository.default_branch)
        self._note_time(answer)
        if answer.value is None:
            name = clean_line(repository.default_branch)
            raise RelmanError(
                Problem(Kind.NOT_FOUND, f"The branch {name} has no commit that this token can see")
            )
        self._put(ask, answer.value)

    # Runs

    async def _runs(self, ask: Ask) -> Problem | None:
        answer = await self._reader.runs()
        self._note_time(answer)
        page = answer.value
        known = self._store.board.runs.value or ()
        self._put(ask, newest_page(known, page.items, more=page.more))
        if not answer.unchanged:
            await self._keep(page.items, answer.raw)
        now = self._clock.now()
        if page.more and (self._deep_at is None or not timedelta(0) <= now - self._deep_at < DEEP_EVERY):
            try:
                await self._look_deeper(page.items)
            except RelmanError as error:
                self._failed(ask, error.problem)
                return error.problem
            self._deep_at = now
        return None

    async def _look_deeper(self, page: tuple[Run, ...]) -> None:
        """Active runs that are not on the newest page: an old run that waits, or was started again."""
        seen = {run.id for run in page}
        found: dict[int, Run] = {}
        for status in ("in_progress", "waiting"):
            answer = await self._reader.runs(status=status)
            found |= {run.id: run for run in answer.value.items if run.id not in seen}
            if not answer.unchanged:
                await self._keep(answer.value.items, answer.raw)
        if self._unfinished is None:
            self._unfinished = set(await self._memory.unfinished())
        known = self._store.board.runs.value or ()
        lost = self._unfinished | {run.id for run in known if run.state.active}
        lost -= seen | found.keys()
        gone = []
        for run_id in sorted(lost, reverse=True)[:_LOST_ASKED]:
            try:
                one = await self._reader.run(run_id)
            except RelmanError as error:
                if error.problem.kind not in {Kind.NOT_FOUND, Kind.GONE}:
                    raise
                gone.append(run_id)
                await self._memory.forget_run(run_id)
            else:
                found[run_id] = one.value
                await self._keep((one.value,), one.raw)
            self._unfinished.discard(run_id)
        self._merge(found.values(), gone)

    async def _run(self, ask: Ask) -> None:
        answer = await self._reader.run(_id(ask))
        self._note_time(answer)
        self._merge((answer.value,))
        await self._keep((answer.value,), answer.raw)

    def _merge(self, runs: Any, gone: Any = ()) -> None:
        def edit(board: Board) -> Board:
            merged = with_runs(board.runs.value or (), runs, gone)
            return structs.replace(board, runs=structs.replace(board.runs, value=merged))

        self._store.change(edit)

    async def _keep(self, runs: tuple[Run, ...], raw: bytes) -> None:
        new = [run for run in runs if self._kept_runs.get(run.id) != (run.attempt, run.state.finished)]
        if new:
            await self._memory.keep_runs(new, raw)
            self._kept_runs |= {run.id: (run.attempt, run.state.finished) for run in new}

    # Of one run

    async def _jobs(self, ask: Ask) -> Problem | None:
        run = self._store.board.run(_id(ask))
        finished = run is not None and run.state.finished
        if run is not None and finished:
            kept = await self._memory.jobs(run.id, run.attempt)
            if kept:  # an empty list is never final: whoever looks at the run asks again
                self._put(ask, kept)
                return None
        answer = await self._reader.jobs(_id(ask))
        self._note_time(answer)
        problem = _cut_off(answer) if finished else None  # of a run that goes on, the next answer has them
        self._put(ask, answer.value, problem)
        if run is not None and finished and run.attempt == 1 and jobs_final(answer):
            await self._memory.keep_jobs(run, answer.value, answer.raw)
        return problem

    async def _source(self, ask: Ask) -> None:
        board = self._store.board
        run = board.run(_id(ask))
        if run is None:
            raise RelmanError(Problem(Kind.NOT_FOUND, "This run is not known any more"))
        default = board.repository.value.default_branch if board.repository.value else None
        source: WorkflowSource = await find_source(run, board.repo, default, self._read_file)
        self._put(ask, _with_file(source))

    async def _read_file(self, path: str, ref: str) -> str:
        lasting = _SHA.fullmatch(ref) is not None
        if lasting:
            kept = await self._memory.file(path, ref)
            if kept is not None:
                return kept
        text = (await self._reader.workflow_file(path, ref)).value
        if lasting:
            await self._memory.keep_file(path, ref, text)
        return text

    async def _annotations(self, ask: Ask) -> None:
        job = self._job(_id(ask))
        check_run = job.check_run_id if job is not None and job.check_run_id else _id(ask)
        try:
            answer = await self._reader.annotations(check_run)
        except RelmanError as error:
            if error.problem.kind is not Kind.PERMISSION:
                raise
            raise RelmanError(
                structs.replace(
                    error.problem,
                    title="Annotations are unavailable with this token",
                    hint="Fine-grained tokens cannot read them; a classic token with the repo scope can."
                    " Everything else works.",
                )
            ) from error
        self._note_time(answer)
        self._put(ask, answer.value)

    def _job(self, job_id: int) -> Job | None:
        for section in self._store.board.jobs.values():
            for job in section.value or ():
                if job.id == job_id:
                    return job
        return None

    # Environments

    async def _deployments(self, ask: Ask) -> None:
        """The newest deployments; statuses are read from the newest back to the one that is live."""
        name = str(ask.key)
        answer = await self._reader.deployments(environment=name, per_page=_DEPLOYMENTS)
        self._note_time(answer)
        before = {one.id: one for one in section_of(self._store.board, ask).value or ()}
        unknown = [one.id for one in answer.value.items if one.id not in before or not before[one.id].statuses]
        known = {**before, **(await self._memory.deployments(unknown) if unknown else {})}
        listed = []
        raws: dict[int, bytes] = {}
        live: datetime | None = None
        for at, deployment in enumerate(answer.value.items):
            old = known.get(deployment.id)
            statuses = old.statuses if old is not None else ()
            # An older one that has changed since may have gone live after it: it waited for days.
            in_question = live is None or (deployment.updated_at is not None and deployment.updated_at > live)
            if in_question and at < _STATUSES_ASKED and self._statuses_stale(deployment, old):
                read = await self._reader.deployment_statuses(deployment.id)
                statuses, raws[deployment.id] = read.value, read.raw
                about = self._about(deployment, statuses)
                self._statuses_read[deployment.id] = (about, self._clock.now())
            read_one = structs.replace(deployment, statuses=statuses)
            if live is None and any(status.state in {"success", "inactive"} for status in statuses):
                live = read_one.succeeded_at or deployment.updated_at or self._clock.now()
            listed.append(read_one)
        self._put(ask, tuple(listed))
        settled = [one for one in listed if one.id in raws and one.state in SETTLED_DEPLOYMENT]
        if settled:
            await self._memory.keep_deployments(settled, raws)

    async def _past(self, ask: Ask) -> None:
        """Statuses of earlier deployments that were never read; what has ended is kept and not asked again."""
        section = section_of(self._store.board, ask)
        missing = [one for one in section.value or () if not one.statuses][:_PAST]
        kept = await self._memory.deployments([one.id for one in missing]) if missing else {}
        read: dict[int, Deployment] = {one.id: one for one in kept.values() if one.statuses}
        raws: dict[int, bytes] = {}
        for deployment in missing:
            if deployment.id not in read:
                answer = await self._reader.deployment_statuses(deployment.id)
                read[deployment.id] = structs.replace(deployment, statuses=answer.value)
                raws[deployment.id] = answer.raw
        settled = [one for one in read.values() if one.id in raws and one.state in SETTLED_DEPLOYMENT]
        if settled:
            await self._memory.keep_deployments(settled, raws)
        now = section_of(self._store.board, ask)  # it may have been read again meanwhile
        merged = tuple(
            structs.replace(one, statuses=read[one.id].statuses) if one.id in read and not one.statuses else one
            for one in now.value or ()
        )
        self._store.replace(ask, structs.replace(now, value=merged))

    def _statuses_stale(self, deployment: Deployment, old: Deployment | None) -> bool:
        """Whether the statuses known of a deployment may no longer be all."""
        if old is None or not old.statuses:
            return True
        settled = old.state in SETTLED_DEPLOYMENT
        read = self._statuses_read.get(deployment.id)
        if read is None:
            return not settled or old.updated_at != deployment.updated_at
        about, at = read
        if about != self._about(deployment, old.statuses):
            return True
        return not settled and not timedelta(0) <= self._clock.now() - at < _STATUS_AGAIN

    def _about(self, deployment: Deployment, statuses: tuple[DeploymentStatus, ...]) -> object:
        """What has to change before the statuses of a deployment can have changed."""
        run_id = structs.replace(deployment, statuses=statuses).run_id
        run = self._store.board.run(run_id) if run_id is not None else None
        return (deployment.updated_at, run and (run.attempt, run.state))

    async def _check_health(self, ask: Ask) -> None:
        checks = self.checks.get(str(ask.key), ())
        if self._health is not None and checks:
            self._put(ask, await self._health.check(checks))


def jobs_final(answer: Answer[tuple[Job, ...]]) -> bool:
    """Whether the jobs of a run that ended will stay as they are: the list can lag behind the run, and be cut off.

    An empty one may be true (a run can end before it has a job), but nothing in it says so.
    """
    return bool(answer.value) and not answer.missing and all(job.state.finished for job in answer.value)


def _cut_off(answer: Answer[tuple[Job, ...]]) -> Problem | None:
    if not answer.missing:
        return None
    given = len(answer.value)
    return Problem(Kind.SERVER, f"GitHub gave {given} of {given + answer.missing} jobs")


def _name(ask: Ask) -> str:
    if not isinstance(ask.key, str):
        raise TypeError(f"{ask.part} needs a name, not {ask.key!r}")
    return ask.key


def _id(ask: Ask) -> int:
    if not isinstance(ask.key, int):
        raise TypeError(f"{ask.part} needs a number, not {ask.key!r}")
    return ask.key


def _with_file(source: WorkflowSource) -> WorkflowSource:
    """Reads the file where it arrives, so that the next start has it without the YAML reader."""
    from relman.model.workflow_reader import WorkflowError, read_source  # a quarter of the time `status` takes

    try:
        return structs.replace(source, file=read_source(source))
    except WorkflowError:  # whoever draws it says what is wrong
        return source
