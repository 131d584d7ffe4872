"""Changes one repository over GitHub's REST API. The only module of this room that changes anything.

Nothing is sent twice and nothing waits for a limit to end. Building a writer loads nothing and connects
nowhere; the first change does, in a thread that no one waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from relman.errors import Kind, Problem, RelmanError
from relman.github import deeds, parse, parse_repository, requests
from relman.github.address import checked_address, checked_repo, checked_token
from relman.github.budget import Meter
from relman.github.clock import Clock, SystemClock
from relman.github.daemon import Daemon
from relman.github.deeds import Deed, Permit
from relman.github.exact import checked_identifier, checked_ref, checked_sha
from relman.github.fields import exact, number
from relman.github.judge import Judge
from relman.github.refusals import not_sent, unknown
from relman.github.reply import Reply
from relman.github.requests import Request
from relman.model.release import Notes, PullRequest, Release
from relman.secret import Secret

if TYPE_CHECKING:
    from relman.github.pygithub import Desk
    from relman.github.sending import Sender

T = TypeVar("T")

ANSWER_TIME = 60.0  # seconds for one whole change, however slowly its answer drips


class Writer:
    """``repo`` is ``owner/name``. Methods raise :class:`RelmanError` and nothing else: an
    :class:`relman.errors.OutcomeUnknownError` where the change may have happened, else it did not.

    ``meter`` is the reader's, for both are charged to one token. Raises at once what the reader does.
    """

    def __init__(
        self,
        repo: str,
        *,
        api_url: str = "https://api.github.com",
        token: Secret | None,
        meter: Meter | None = None,
        clock: Clock | None = None,
        answer_time: float = ANSWER_TIME,
    ) -> None:
        self._repo = checked_repo(repo)
        self._root = f"/repos/{requests.segments(repo)}"
        self._token = checked_token(token)
        self._api_url = checked_address(api_url, with_token=bool(self._token))
        self._judge = Judge(self._token, meter or Meter(clock or SystemClock()))
        self._answer_time = answer_time
        self._senders: Daemon[Sender] = Daemon("relman opens GitHub", self._open_sender)
        self._sender: Sender | None = None
        self._desk: Daemon[Desk] = Daemon("relman PyGithub", self._open_desk)
        self._closed = asyncio.Event()

    async def review(self, run_id: int, environment_ids: tuple[int, ...], state: str, comment: str) -> None:
        """``state``: "approved" or "rejected"."""
        verb = {"approved": "approve", "rejected": "reject"}[state]
        deed = Deed(f"{verb} what run {run_id} waits for", deeds.DEPLOYMENTS)
        body = {"environment_ids": list(environment_ids), "state": state, "comment": comment}
        await self._send(deed, "POST", f"/actions/runs/{run_id}/pending_deployments", body)

    async def rerun(self, run_id: int, *, failed_only: bool = False, debug: bool = False) -> None:
        part, end = ("the failed jobs of ", "-failed-jobs") if failed_only else ("", "")
        deed = Deed(f"re-run {part}run {run_id}", deeds.ACTIONS)
        await self._send(deed, "POST", f"/actions/runs/{run_id}/rerun{end}", _debugging(debug))

    async def rerun_job(self, job_id: int, *, debug: bool = False) -> None:
        """Re-runs one job and those that need it."""
        deed = Deed(f"re-run job {job_id}", deeds.ACTIONS)
        await self._send(deed, "POST", f"/actions/jobs/{job_id}/rerun", _debugging(debug))

    async def cancel(self, run_id: int, *, force: bool = False) -> None:
        """Asks the run to stop; it ends some time later."""
        deed = Deed(f"{'force the end of' if force else 'cancel'} run {run_id}", deeds.ACTIONS)
        await self._send(deed, "POST", f"/actions/runs/{run_id}/{'force-cancel' if force else 'cancel'}")

    async def delete_run(self, run_id: int) -> None:
        await self._send(Deed(f"delete run {run_id}", deeds.ACTIONS), "DELETE", f"/actions/runs/{run_id}")

    async def dispatch(self, workflow: int | str, ref: str, inputs: Mapping[str, str]) -> int | None:
        """Starts a workflow on a branch or tag; the new run's id where the server says it."""
        checked_identifier("workflow", str(workflow))
        checked_ref(ref)
        deed = Deed(f"start the workflow {workflow} on {ref}", deeds.ACTIONS)
        reply = await self._ask_desk(
            deed, lambda desk, permit: desk.dispatch(deed, permit, workflow, ref, inputs)
        )
        return None if reply.status == 204 else _read(reply, deed, _new_run)

    async def create_tag_object(
        self,
        tag: str,
        message: str,
        sha: str,
        *,
        tagger: tuple[str, str] | None = None,
        at: datetime | None = None,
    ) -> str:
        """An annotated tag object for a commit; gives its sha. No ref points at it yet.

        ``tagger`` is name and address; without it GitHub takes the token's user, and the time of now.
        """
        checked_ref(tag)
        checked_sha(sha)
        deed = Deed(f"make the tag object {tag}", deeds.CONTENTS)
        reply = await self._ask_desk(
            deed, lambda desk, permit: desk.make_tag_object(deed, permit, tag, message, sha, tagger, at)
        )
        return _read(reply, deed, _sha)

    async def create_ref(self, ref: str, sha: str) -> None:
        """Makes the full ref (``refs/tags/v1.2.3``, ``refs/heads/…``); never moves one."""
        checked_ref(ref, full=True)
        checked_sha(sha)
        deed = Deed(f"create {ref}", deeds.WITH_WORKFLOWS)
        reply = await self._ask_desk(deed, lambda desk, permit: desk.create_ref(deed, permit, ref, sha))
        _read(reply, deed, partial(_that_ref, ref))

    async def generate_notes(self, tag: str, *, target: str, previous: str | None) -> Notes:
        """Notes for ``tag`` since the tag ``previous``; stores nothing."""
        checked_ref(tag)
        checked_ref(target)
        if previous is not None:
            checked_ref(previous)
        deed = Deed(f"write the notes for {tag}", deeds.CONTENTS, stores=False)
        reply = await self._ask_desk(
            deed, lambda desk, permit: desk.generate_notes(deed, permit, tag, target, previous)
        )
        return _read(reply, deed, parse_repository.notes)

    async def create_release(
        self,
        tag: str,
        *,
        name: str,
        body: str,
        draft: bool = False,
        prerelease: bool = False,
        latest: bool = True,
    ) -> Release:
        """A release for a tag that exists. (GitHub would make one that does not, on the default branch.)"""
        checked_ref(tag)
        deed = Deed(f"{'draft' if draft else 'publish'} the release of {tag}", deeds.WITH_WORKFLOWS)
        reply = await self._ask_desk(
            deed,
            lambda desk, permit: desk.create_release(
                deed, permit, tag, name, body, draft=draft, prerelease=prerelease, latest=latest
            ),
        )
        return _read(reply, deed, parse_repository.release)

    async def update_release(
        self,
        release_id: int,
        *,
        name: str | None = None,
        body: str | None = None,
        draft: bool | None = None,
        prerelease: bool | None = None,
        latest: bool | None = None,
    ) -> Release:
        """None leaves a field as it is. ``latest`` False: it does not become the latest release."""
        # PyGithub sends every field: it would publish a draft of which only the text was to change.
        fields: dict[str, object] = {"name": name, "body": body, "draft": draft, "prerelease": prerelease}
        deed = Deed(f"change release {release_id}", deeds.WITH_WORKFLOWS)
        if latest is not None:
            fields["make_latest"] = "true" if latest and not prerelease else "false"
        changed = {key: value for key, value in fields.items() if value is not None}
        reply = await self._send(deed, "PATCH", f"/releases/{release_id}", changed)
        return _read(reply, deed, parse_repository.release)

    async def create_pull_request(
        self, *, title: str, head: str, base: str, body: str, draft: bool = False
    ) -> PullRequest:
        checked_ref(head)
        checked_ref(base)
        deed = Deed(f"open a pull request from {head} to {base}", deeds.PULL_REQUESTS)
        reply = await self._ask_desk(
            deed,
            lambda desk, permit: desk.create_pull_request(
                deed, permit, title=title, head=head, base=base, body=body, draft=draft
            ),
        )
        return _read(reply, deed, parse_repository.pull_request)

    async def aclose(self) -> None:
        """Gives up at once what is still on its way."""
        self._closed.set()
        self._senders.leave()
        self._desk.leave()
        sender, self._sender = self._sender, None
        if sender is not None:
            await sender.aclose()

    async def _send(
        self, deed: Deed, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Reply:
        """Over httpx."""

        async def sending(permit: Permit) -> Reply:
            if self._sender is None:
                self._sender = await self._senders.run(lambda sender: sender)
                self._senders.leave()
            return await self._sender.send(deed, permit, method, self._root + path, body)

        return await self._change(deed, sending)

    async def _ask_desk(self, deed: Deed, call: Callable[[Desk, Permit], Reply]) -> Reply:
        """Through PyGithub, in its thread."""

        async def asking(permit: Permit) -> Reply:
            return await self._desk.run(lambda desk: call(desk, permit))

        return await self._change(deed, asking)

    async def _change(self, deed: Deed, through: Callable[[Permit], Coroutine[Any, Any, Reply]]) -> Reply:
        """The answer, or why there is none: not in time, or because the writer was closed meanwhile."""
        if self._closed.is_set():
            raise _closing(deed)
        self._judge.admit(deed)
        permit = Permit()
        sending = asyncio.create_task(through(permit), name=deed.to)
        sending.add_done_callback(_look_at)
        closing = asyncio.create_task(self._closed.wait())
        try:
            await asyncio.wait(
                {sending, closing}, timeout=self._answer_time, return_when=asyncio.FIRST_COMPLETED
            )
            if sending.done():
                return sending.result()
            in_time = permit.withdraw()
        finally:
            permit.withdraw()
            sending.cancel()
            closing.cancel()
        if self._closed.is_set():
            raise _closing(deed) if in_time else unknown(deed, "relman was closed before the answer came")
        raise not_sent(deed, "no connection in time") if in_time else unknown(deed, "the answer takes too long")

    def _open_sender(self) -> Sender:
        """Loads httpx and the certificates: 100 to 200 ms."""
        from relman.github.sending import Sender
        from relman.github.transport import open_writer

        return Sender(open_writer(self._api_url), self._api_url, self._token, self._judge)

    def _open_desk(self) -> Desk:
        """Loads PyGithub: 200 ms, 45 MB."""
        from relman.github.pygithub import Desk

        return Desk(self._repo, self._api_url, self._token, self._judge)


def _look_at(task: asyncio.Task[Reply]) -> None:
    """A change given up may still fail: asyncio would complain that nobody looked."""
    if not task.cancelled():
        task.exception()


def _closing(deed: Deed) -> RelmanError:
    return RelmanError(
        Problem(Kind.LOCAL, "relman is closing", f"it did not {deed.to}", "Nothing more is changed.")
    )


def _debugging(debug: bool) -> dict[str, object] | None:
    return {"enable_debug_logging": True} if debug else None


def _read(reply: Reply, deed: Deed, parser: Callable[[Reply, Request], T]) -> T:
    """What the answer says. It was done by its status; what cannot be read leaves open what was done."""
    try:
        return parser(reply, Request("", deed.to))
    except RelmanError as error:
        problem = error.problem
    raise unknown(deed, problem.detail, reply.status)


def _sha(reply: Reply, request: Request) -> str:
    return parse.one(exact(parse.record(reply, request), "sha") or None, reply, request)


def _new_run(reply: Reply, request: Request) -> int | None:
    return number(parse.record(reply, request), "workflow_run_id")


def _that_ref(wanted: str, reply: Reply, request: Request) -> str:
    found = exact(parse.record(reply, request), "ref")
    return parse.one(found if found == wanted else None, reply, request)
