"""Reads one repository over GitHub's REST API: the board's and the command line's eyes.

Building a reader loads nothing and connects nowhere; the first read does, with the slow parts in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from relman.errors import Kind, Problem, RelmanError
from relman.github import parse_checks, parse_deployments, parse_repository, parse_runs, requests
from relman.github.address import checked_address, checked_repo, checked_token
from relman.github.budget import Meter
from relman.github.clock import Clock, SystemClock
from relman.github.conditional import Conditional, Parser
from relman.github.etag import MemoryValidators, Validators
from relman.github.missing_log import is_about_the_log, job_log_problem, run_log_problem
from relman.github.reply import Reply
from relman.github.requests import Request
from relman.github.save import Progress, save
from relman.model.answer import Answer, Page
from relman.model.checks import CheckRun, CommitStatus
from relman.model.environment import (
    Approval,
    BranchPolicy,
    CustomRule,
    Deployment,
    DeploymentStatus,
    Environment,
    PendingDeployment,
)
from relman.model.release import Branch, Commit, Comparison, PullRequest, Release, Tag, TagRef
from relman.model.repository import Budget, Repository, User
from relman.model.ruleset import Ruleset
from relman.model.run import Annotation, Job, Run, Workflow
from relman.secret import Secret

if TYPE_CHECKING:
    from relman.github.connection import Connection

T = TypeVar("T")
Connect = Callable[[str, "Secret | None", Meter, Clock], "Connection"]

_PAGES = 200  # of one list: 20,000 items; a list that never ends is a server's mistake
_COMPARED_PAGES = 20
_PEELED = 8  # annotated tags that point at one another


def _connect(api_url: str, token: Secret | None, meter: Meter, clock: Clock) -> Connection:
    """Loads httpx and the certificates: 100 to 200 ms, in a thread."""
    from relman.github.connection import CONCURRENT, DOWNLOADS, Connection
    from relman.github.transport import open_reader

    return Connection(open_reader(api_url, CONCURRENT + DOWNLOADS), api_url, token, meter, clock)


class _Line:
    """The one connection, opened in a thread when it is first wanted."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connecting: asyncio.Task[Connection] | None = None
        self._closed = False

    async def fetch(self, request: Request, headers: Mapping[str, str], accept: Callable[[Reply], T], /) -> T:
        connection = await self.connected()
        return await connection.fetch(request, headers, accept)

    async def connected(self) -> Connection:
        """A cancelled caller does not cancel it for the others."""
        if self._closed:
            raise RelmanError(Problem(Kind.LOCAL, "relman is closing", hint="Nothing more is asked."))
        if self._connecting is None:
            opening = asyncio.to_thread(self._connect)
            self._connecting = asyncio.create_task(opening, name="open the connection to GitHub")
        connecting = self._connecting
        try:
            return await asyncio.shield(connecting)
        except RelmanError:
            if self._connecting is connecting:
                self._connecting = None  # the next read tries anew
            raise

    async def aclose(self) -> None:
        self._closed = True
        connecting, self._connecting = self._connecting, None
        if connecting is None:
            return
        if not connecting.done():  # nothing is connected yet: there is nothing to close
            connecting.cancel()
        elif not connecting.cancelled() and connecting.exception() is None:
            await connecting.result().aclose()


class Reader:
    """``repo`` is ``owner/name``. Methods raise :class:`RelmanError` and nothing else.

    ``validators`` are called in worker threads. ``meter`` may be shared with what writes under the same
    token. Raises at once: a USAGE problem for a ``repo`` or ``api_url`` of another form, a CONFIG problem
    where the token would travel unencrypted, an AUTH problem for a token that cannot be one.
    """

    def __init__(
        self,
        repo: str,
        *,
        api_url: str = "https://api.github.com",
        token: Secret | None,
        validators: Validators | None = None,
        clock: Clock | None = None,
        meter: Meter | None = None,
        connect: Connect = _connect,
    ) -> None:
        self._requests = requests.RepositoryRequests(checked_repo(repo))
        self._token = checked_token(token)
        self._api_url = checked_address(api_url, with_token=bool(self._token))
        self._clock = clock or SystemClock()
        self._meter = meter or Meter(self._clock)
        self._line = _Line(partial(connect, self._api_url, self._token, self._meter, self._clock))
        self._asks = partial(
            Conditional,
            self._line.fetch,
            validators or MemoryValidators(),
            self._clock,
            self._api_url,
            self._token.fingerprint() if self._token else "",
        )
        self._conditional = self._asks()

    @cached_property
    def passing(self) -> Reader:
        """This reader, over the same connection, for what is asked once: no answer stays in memory."""
        other = copy(self)
        other._conditional = self._asks(in_use=0)
        return other

    @property
    def budget(self) -> Budget:
        return self._meter.budget

    @property
    def meter(self) -> Meter:
        """For other clients of the same token: each feeds it, all obey it."""
        return self._meter

    async def repository(self) -> Answer[Repository]:
        return await self._ask(self._requests.repository(), parse_repository.repository)

    async def viewer(self) -> Answer[User]:
        return await self._ask(requests.viewer(), parse_repository.viewer)

    async def rate_limit(self) -> Answer[Budget]:
        """The core limit as the server says it; all None where it has no limits."""
        try:
            return await self._ask(requests.rate_limit(), parse_repository.rate_limit)
        except RelmanError as error:
            if error.problem.kind is not Kind.NOT_FOUND:  # an own server with limits switched off
                raise
        return Answer(Budget())

    async def workflows(self) -> Answer[tuple[Workflow, ...]]:
        return await self._ask_all(self._requests.workflows(), parse_runs.workflows)

    async def workflow_file(self, path: str, ref: str) -> Answer[str]:
        return await self._ask(self._requests.workflow_file(path, ref), parse_runs.workflow_file)

    async def runs(
        self,
        *,
        workflow: int | str | None = None,
        branch: str | None = None,
        event: str | None = None,
        status: str | None = None,
        actor: str | None = None,
        head_sha: str | None = None,
        created: str | None = None,
        per_page: int = 100,
        page: int = 1,
    ) -> Answer[Page[Run]]:
        """Newest first. With any filter but ``workflow``, GitHub gives the first 1,000 at most."""
        request = self._requests.runs(
            workflow=workflow,
            branch=branch,
            event=event,
            status=status,
            actor=actor,
            head_sha=head_sha,
            created=created,
            per_page=per_page,
            page=page,
        )
        return await self._ask(request, parse_runs.runs)

    async def run(self, run_id: int) -> Answer[Run]:
        return await self._ask(self._requests.run(run_id), parse_runs.run)

    async def attempt(self, run_id: int, attempt: int) -> Answer[Run]:
        return await self._ask(self._requests.attempt(run_id, attempt), parse_runs.run)

    async def jobs(
        self, run_id: int, *, attempt: int | None = None, every_attempt: bool = False
    ) -> Answer[tuple[Job, ...]]:
        request = self._requests.jobs(run_id, attempt=attempt, every_attempt=every_attempt)
        return await self._ask_all(request, parse_runs.jobs, identity=lambda job: job.id)

    async def job(self, job_id: int) -> Answer[Job]:
        return await self._ask(self._requests.job(job_id), parse_runs.job)

    async def annotations(self, check_run_id: int) -> Answer[tuple[Annotation, ...]]:
        return await self._ask_all(self._requests.annotations(check_run_id), parse_runs.annotation_page)

    async def pending_deployments(self, run_id: int) -> Answer[tuple[PendingDeployment, ...]]:
        request = self._requests.pending_deployments(run_id)
        return await self._ask(request, parse_deployments.pending_deployments)

    async def approvals(self, run_id: int) -> Answer[tuple[Approval, ...]]:
        return await self._ask(self._requests.approvals(run_id), parse_deployments.approvals)

    async def environments(self) -> Answer[tuple[Environment, ...]]:
        return await self._ask_all(self._requests.environments(), parse_deployments.environments)

    async def branch_policies(self, environment: str) -> Answer[tuple[BranchPolicy, ...]]:
        return await self._ask_all(
            self._requests.branch_policies(environment), parse_deployments.branch_policies
        )

    async def custom_rules(self, environment: str) -> Answer[tuple[CustomRule, ...]]:
        """The apps that decide about an environment; GitHub's own rules are not among them."""
        return await self._ask(self._requests.custom_rules(environment), parse_deployments.custom_rules)

    async def any_protected_branch(self) -> Answer[bool]:
        return await self._ask(self._requests.protected_branch(), parse_repository.any_branch)

    async def deployments(
        self, *, environment: str | None = None, sha: str | None = None, per_page: int = 30, page: int = 1
    ) -> Answer[Page[Deployment]]:
        request = self._requests.deployments(environment=environment, sha=sha, per_page=per_page, page=page)
        return await self._ask(request, parse_deployments.deployments)

    async def deployment_statuses(self, deployment_id: int) -> Answer[tuple[DeploymentStatus, ...]]:
        request = self._requests.deployment_statuses(deployment_id)
        return await self._ask_all(request, parse_deployments.deployment_statuses, identity=lambda one: one.id)

    async def tags(self, *, per_page: int = 100, page: int = 1) -> Answer[Page[Tag]]:
        return await self._ask(self._requests.tags(per_page=per_page, page=page), parse_repository.tags)

    async def releases(self, *, per_page: int = 30, page: int = 1) -> Answer[Page[Release]]:
        return await self._ask(self._requests.releases(per_page=per_page, page=page), parse_repository.releases)

    async def compare(self, base: str, head: str) -> Answer[Comparison]:
        """All commits between the two, up to 2,000 (the oldest); ``total`` says how many there are."""

        def more(pages: list[Comparison]) -> bool:
            return bool(pages[-1].commits) and sum(len(page.commits) for page in pages) < pages[0].total

        def join(pages: list[Comparison]) -> Comparison:
            commits = {commit.sha: commit for page in pages for commit in page.commits}
            return replace(pages[0], commits=tuple(commits.values()))

        request = self._requests.compare(base, head)
        return await self._conditional.ask_pages(
            request, parse_repository.comparison, more=more, join=join, most=_COMPARED_PAGES
        )

    async def commits(self, ref: str, *, per_page: int = 100, page: int = 1) -> Answer[Page[Commit]]:
        """A commit and its ancestors, newest first."""
        return await self._ask(
            self._requests.commits(ref, per_page=per_page, page=page), parse_repository.commits
        )

    async def commit(self, ref: str) -> Answer[Commit]:
        """The commit of a branch, a tag or a sha (also a short one)."""
        return await self._ask(self._requests.commit(ref), parse_repository.commit)

    async def branch(self, name: str) -> Answer[Branch | None]:
        """None where there is none that this token can see."""
        found = await self._ask_for(self._requests.branch(name), parse_repository.branch)
        # GitHub leads from a renamed branch to its new name: that is another branch.
        return found if found.value is None or found.value.name == name else replace(found, value=None)

    async def tag_ref(self, name: str) -> Answer[TagRef | None]:
        """The tag of exactly that name, peeled; None where there is none."""
        ref = await self._ask_for(self._requests.tag_ref(name), parse_repository.ref)
        if ref.value is None:
            return Answer(None)
        target, tag = ref.value, None
        for _ in range(_PEELED):
            if target.kind != "tag":
                break
            peeled = await self._ask(self._requests.tag_object(target.sha), parse_repository.tag_object)
            tag, target = tag or peeled.value, peeled.value.target
        found = TagRef(
            name=name,
            sha=target.sha if target.kind == "commit" else "",
            object_sha=ref.value.sha,
            annotated=tag is not None,
            message=tag.message if tag else "",
            tagger=tag.tagger if tag else "",
            tagged_at=tag.tagged_at if tag else None,
        )
        return Answer(found, ref.raw, server_time=ref.server_time)

    async def release_of_tag(self, tag: str) -> Answer[Release | None]:
        """The release of a tag; else the newest draft for it, which only the list knows; else None."""
        found: Answer[Release | None]
        found = await self._ask_for(self._requests.release_of_tag(tag), parse_repository.release)
        if found.value is not None:
            return found
        for page in range(1, _PAGES + 1):
            listed = await self.releases(per_page=100, page=page)
            for release in listed.value.items:
                if release.tag == tag:
                    return Answer(release, listed.raw, server_time=listed.server_time)
            if not listed.value.more or not listed.value.items:
                break
        return found

    async def latest_release(self) -> Answer[Release | None]:
        """The release that GitHub calls the latest, which a person may have chosen; None where there is none."""
        return await self._ask_for(self._requests.latest_release(), parse_repository.release)

    async def check_runs(self, sha: str) -> Answer[tuple[CheckRun, ...]]:
        """Every check run on a commit, of all attempts. A fine-grained token may not read them (403)."""
        request = self._requests.check_runs(sha)
        return await self._ask_all(request, parse_checks.check_runs, identity=lambda one: one.id)

    async def commit_statuses(self, sha: str) -> Answer[tuple[CommitStatus, ...]]:
        """The latest status of every context on a commit."""
        return await self._ask_all(self._requests.commit_statuses(sha), parse_checks.commit_statuses)

    async def rulesets(self, target: str) -> Answer[tuple[Ruleset, ...]]:
        """Rulesets for "branch" or "tag" with their rules, the organisation's included.

        One that cannot be read is an error, never left out: it may be the one that forbids.
        """
        listed = await self._ask_all(self._requests.rulesets(target), parse_checks.rulesets)
        whole = await asyncio.gather(
            *(
                self._ask(self._requests.ruleset(one.id), parse_checks.ruleset)
                for one in listed.value
                if one.target == target
            )
        )
        return Answer(
            tuple(one.value for one in whole),
            b"[" + b",".join(one.raw for one in whole) + b"]",
            server_time=listed.server_time,
        )

    async def required_checks(self, branch: str) -> Answer[tuple[str, ...]]:
        """The checks that rulesets require of a branch, by context. Classic protection is on the branch itself."""
        found = await self._ask_all(self._requests.branch_rules(branch), parse_checks.required_checks)
        contexts = dict.fromkeys(context for rule in found.value for context in rule)
        return Answer(tuple(contexts), found.raw, server_time=found.server_time)

    async def pull_requests(self, *, head: str, state: str = "open") -> Answer[tuple[PullRequest, ...]]:
        """Pull requests from the branch ``head`` of this repository."""
        request = self._requests.pull_requests(head=head, state=state)
        found = await self._ask_all(request, parse_repository.pull_requests, identity=lambda one: one.number)
        # A filter that the server does not understand is one that it leaves out.
        return replace(found, value=tuple(one for one in found.value if one.head == head))

    async def save_job_log(self, job_id: int, target: Path, progress: Progress | None = None) -> None:
        """Streams the log of a finished job to ``target``. No log: NOT_YET, GONE or, for a job that never
        ran, NOT_FOUND, with the reason in words."""
        request = self._requests.job_log(job_id)
        refusal = await self._save(request, target, progress)
        if refusal is not None:
            job = await _unless_refused(self.job(job_id), refusal)
            raise RelmanError(
                job_log_problem(refusal, job.value, request, job.server_time or self._clock.now())
            )

    async def save_run_log(
        self, run_id: int, target: Path, *, attempt: int | None = None, progress: Progress | None = None
    ) -> None:
        """Streams the zip archive of a finished run's logs to ``target``. No archive: as for a job."""
        request = self._requests.run_log(run_id, attempt)
        refusal = await self._save(request, target, progress)
        if refusal is not None:
            asked = self.run(run_id) if attempt is None else self.attempt(run_id, attempt)
            run = await _unless_refused(asked, refusal)
            raise RelmanError(
                run_log_problem(refusal, run.value, request, run.server_time or self._clock.now())
            )

    async def aclose(self) -> None:
        """Closes all connections at once; a read under way ends with an error."""
        await self._line.aclose()

    async def _ask(self, request: Request, parser: Parser[T]) -> Answer[T]:
        return await self._conditional.ask(request, parser)

    async def _ask_for(self, request: Request, parser: Parser[T]) -> Answer[T | None]:
        """As :meth:`_ask`, but None for what is absent or not visible."""
        try:
            answer = await self._ask(request, parser)
        except RelmanError as error:
            if error.problem.kind is not Kind.NOT_FOUND:
                raise
            return Answer(None)
        return Answer(answer.value, answer.raw, answer.unchanged, answer.server_time)

    async def _ask_all(
        self,
        request: Request,
        parser: Parser[Page[T]],
        identity: Callable[[T], object] | None = None,
    ) -> Answer[tuple[T, ...]]:
        """Every page. With ``identity``, an item that moved to the next page meanwhile is given once."""

        def more(pages: list[Page[T]]) -> bool:
            return pages[-1].more and bool(pages[-1].items)

        def join(pages: list[Page[T]]) -> tuple[T, ...]:
            items = [item for page in pages for item in page.items]
            return tuple(items if identity is None else {identity(item): item for item in items}.values())

        def missing(pages: list[Page[T]]) -> int:
            total = pages[-1].total or 0
            return max(0, total - sum(len(page.items) for page in pages)) if len(pages) < _PAGES else 0

        return await self._conditional.ask_pages(
            request, parser, more=more, join=join, most=_PAGES, missing=missing
        )

    async def _save(self, request: Request, target: Path, progress: Progress | None) -> Problem | None:
        """Saves the body, or gives the refusal that may mean that there is none."""
        connection = await self._line.connected()
        try:
            await connection.download(request, partial(save, target=target, progress=progress))
        except RelmanError as error:
            if not is_about_the_log(error.problem):
                raise
            return error.problem
        return None


async def _unless_refused(asked: Awaitable[Answer[T]], refusal: Problem) -> Answer[T]:
    """The job or run that a log belongs to. Not to be had: its own absence is the problem, else ``refusal``."""
    try:
        return await asked
    except RelmanError as error:
        problem = error.problem if error.problem.kind is Kind.NOT_FOUND else refusal
    raise RelmanError(problem)
