"""relman's own writer against the world, and every body it sends against GitHub's description."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from loopback import Asked, Say, loopback

from relman.demo import embed
from relman.errors import Kind, OutcomeUnknownError, Problem, RelmanError
from relman.github.reader import Reader
from relman.github.writer import Writer
from relman.model.state import State
from relman.secret import Secret
from tests.honest.conftest import NOW
from tests.honest.openapi import Description

_OWN = {"content-length", "content-encoding", "connection"}  # of one connection, or of the body as it was sent


@pytest.fixture(scope="module")
def changing() -> Iterator[embed.Embedded]:
    """A world of this module's own."""
    with embed.start(seed=1, now=NOW, frozen=True) as running:
        yield running


class Watched:
    """A writer and a reader; what the writer sends passes by here and is looked at."""

    def __init__(
        self, reader: Reader, writer: Writer, world: httpx.AsyncClient, description: Description
    ) -> None:
        self.reader = reader
        self.writer = writer
        self._world = world
        self._description = description
        self.sent: list[Asked] = []
        self.faults: list[str] = []
        self.lose_answers = False

    async def move(self, name: str, **wish: object) -> Any:
        """Acts on the world from outside."""
        answer = await self._world.post(f"/_world/{name}", json=wish)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def forward(self, asked: Asked) -> Say:
        self.sent.append(asked)
        self.faults += self._faults(asked)
        headers = {
            name: value for name, value in asked.headers.items() if name not in ("host", "content-length")
        }
        answer = await self._world.request(asked.method, asked.target, headers=headers, content=asked.body)
        if self.lose_answers:
            return Say(reset=True)
        kept = {name: value for name, value in answer.headers.items() if name not in _OWN}
        return Say(answer.content, answer.status_code, kept)

    def _faults(self, asked: Asked) -> list[str]:
        """What GitHub's description says against a request."""
        import jsonschema_rs  # may not be here; the fixture says so

        found = self._description.operation(asked.method.lower(), asked.path)
        if found is None:
            return [f"GitHub has no {asked.method} {asked.path}"]
        schema = self._description.request_schema(found[1])
        if asked.json is None:
            needed = schema is not None and found[1]["requestBody"].get("required")
            return [f"{asked.path} takes a body"] if needed else []
        if schema is None:
            return [f"{asked.path} takes no body"]
        validator = jsonschema_rs.Draft4Validator(schema, validate_formats=True)
        return [f"{asked.path}: {error.message}" for error in validator.iter_errors(asked.json)]


@pytest.fixture
async def watched(changing: embed.Embedded, description: Description) -> AsyncIterator[Watched]:
    headers = {"authorization": f"Bearer {changing.token}"}
    token = Secret(changing.token)
    async with httpx.AsyncClient(base_url=changing.api_url, headers=headers) as world:
        seen: list[Watched] = []
        async with loopback(lambda asked: seen[0].forward(asked)) as server:
            reader = Reader(changing.repo, api_url=changing.api_url, token=token)
            writer = Writer(changing.repo, api_url=server.url, token=token, meter=reader.meter)
            seen.append(Watched(reader, writer, world, description))
            yield seen[0]
            await writer.aclose()
            await reader.aclose()
        await seen[0].move("clear")
        assert seen[0].sent
        assert not seen[0].faults


async def refusal(change: Awaitable[object]) -> Problem:
    with pytest.raises(RelmanError) as caught:
        await change
    assert not isinstance(caught.value, OutcomeUnknownError), caught.value
    return caught.value.problem


async def test_a_tag_a_release_and_a_review(watched: Watched) -> None:
    reader, writer = watched.reader, watched.writer
    head = (await reader.commit("main")).value.sha
    tag = await writer.create_tag_object("v7.0.0", "Release v7.0.0\n\nRelman-Reason: a test\n", head)
    assert (await reader.tag_ref("v7.0.0")).value is None
    await writer.create_ref("refs/tags/v7.0.0", tag)
    made = (await reader.tag_ref("v7.0.0")).value
    assert made is not None
    assert (made.sha, made.object_sha, made.annotated) == (head, tag, True)
    assert "Relman-Reason: a test" in made.message
    again = await refusal(writer.create_ref("refs/tags/v7.0.0", head))
    assert again.kind is Kind.CONFLICT
    assert "Reference already exists" in again.sentence()

    notes = await writer.generate_notes("v7.0.0", target=head, previous="v1.4.0")
    assert notes.body.startswith("## What")
    draft = await writer.create_release("v7.0.0", name="v7.0.0", body=notes.body, draft=True)
    assert draft.draft
    assert (await reader.release_of_tag("v7.0.0")).value == draft
    changed = await writer.update_release(draft.id, name="Seven")
    assert (changed.name, changed.draft, changed.body) == ("Seven", True, draft.body)
    published = await writer.update_release(draft.id, draft=False)
    assert not published.draft
    assert (await reader.release_of_tag("v7.0.0")).value == published
    twice = await refusal(writer.create_release("v7.0.0", name="", body=""))
    assert twice.kind is Kind.CONFLICT

    await watched.move("advance", seconds=600)
    (run,) = (await reader.runs(branch="v7.0.0")).value.items
    assert run.state is State.WAITING
    (pending,) = (await reader.pending_deployments(run.id)).value
    own = await refusal(writer.review(run.id, (pending.environment_id,), "approved", "go"))
    assert own.kind is Kind.PERMISSION
    await watched.move("token", user="linnea-b")
    await writer.review(run.id, (pending.environment_id,), "approved", "go")
    (approval,) = (await reader.approvals(run.id)).value
    assert (approval.state, approval.comment, approval.user) == ("approved", "go", "linnea-b")
    late = await refusal(writer.review(run.id, (pending.environment_id,), "rejected", ""))
    assert late.kind is Kind.CONFLICT
    assert "nothing waits" in late.title


async def test_a_tag_object_of_somebody_else(watched: Watched) -> None:
    head = (await watched.reader.commit("main")).value.sha
    tag = await watched.writer.create_tag_object(
        "v7.0.1", "x", head, tagger=("Mona Lisa", "mona@example.com"), at=NOW
    )
    await watched.writer.create_ref("refs/tags/v7.0.1", tag)
    made = (await watched.reader.tag_ref("v7.0.1")).value
    assert made is not None
    assert (made.tagger, made.tagged_at) == ("Mona Lisa", NOW)


async def test_rules_say_no_in_their_own_words(watched: Watched) -> None:
    await watched.move("rules", creation=True)
    head = (await watched.reader.commit("main")).value.sha
    problem = await refusal(watched.writer.create_ref("refs/tags/v7.2.0", head))
    assert problem.kind is Kind.PERMISSION
    assert "creations being restricted" in problem.detail
    rules = (await watched.reader.rulesets("tag")).value
    assert any("creation" in one.rules for one in rules)
    await watched.move("rules", creation=False)


async def test_runs_are_started_cancelled_run_again_and_deleted(watched: Watched) -> None:
    reader, writer = watched.reader, watched.writer
    ids = [await writer.dispatch("cd.yml", "main", {"environment": "staging"}) for _ in range(2)]
    first, second = (one for one in ids if one is not None)
    await watched.move("advance", seconds=60)
    await writer.cancel(first)
    await writer.cancel(second, force=True)
    assert (await reader.run(second)).value.conclusion == "cancelled"
    await watched.move("advance", seconds=60)
    assert (await reader.run(first)).value.conclusion == "cancelled"
    ended = await refusal(writer.cancel(first))
    assert ended.kind is Kind.CONFLICT
    assert "Cannot cancel a workflow run that is completed" in ended.sentence()
    await writer.rerun(first, debug=True)
    assert (await reader.run(first)).value.attempt == 2
    assert (await refusal(writer.rerun(first))).kind is Kind.CONFLICT
    assert (await refusal(writer.delete_run(first))).kind is Kind.CONFLICT
    failed = next(one for one in (await reader.runs(status="failure")).value.items if one.attempt == 1)
    await writer.rerun(failed.id, failed_only=True)
    await watched.move("advance", seconds=3600)
    job = next(one for one in (await reader.jobs(failed.id)).value if one.state is State.FAILURE)
    await writer.rerun_job(job.id, debug=True)
    await watched.move("advance", seconds=3600)
    assert (await reader.run(failed.id)).value.attempt == 3
    await writer.delete_run(failed.id)
    assert (await refusal(reader.run(failed.id))).kind is Kind.NOT_FOUND
    assert (await refusal(writer.delete_run(failed.id))).kind is Kind.NOT_FOUND


async def test_what_a_dispatch_refuses(watched: Watched) -> None:
    dispatch = watched.writer.dispatch
    assert "workflow_dispatch" in (await refusal(dispatch("ci.yml", "main", {}))).hint
    assert (await refusal(dispatch("cd.yml", "nowhere", {}))).kind is Kind.NOT_FOUND
    for inputs in ({"colour": "red"}, {"environment": "moon"}):
        problem = await refusal(dispatch("cd.yml", "main", inputs))
        assert "inputs do not fit" in problem.title
        assert problem.detail
    assert (await refusal(dispatch("other.yml", "main", {}))).kind is Kind.NOT_FOUND


async def test_a_hotfix_branch_and_its_pull_request(watched: Watched) -> None:
    reader, writer, branch = watched.reader, watched.writer, "hotfix/1.4.1"
    tag = (await reader.tag_ref("v1.4.0")).value
    assert tag is not None
    await writer.create_ref(f"refs/heads/{branch}", tag.sha)
    wish = {"title": "fix(api): close the stream", "head": branch, "base": "main", "body": "Urgent."}
    assert "do not differ" in (await refusal(writer.create_pull_request(**wish))).title
    pushed = await watched.move("push", branch=branch, message="fix: x", files={"app/main.py": "x = 1\n"})
    made = await writer.create_pull_request(**wish)
    assert (made.head, made.head_sha, made.state) == (branch, pushed["sha"], "open")
    assert (await reader.pull_requests(head=branch)).value == (made,)
    assert "one already" in (await refusal(writer.create_pull_request(**wish))).title


async def test_an_answer_that_is_lost_is_unknown_and_a_look_tells(watched: Watched) -> None:
    reader, writer = watched.reader, watched.writer
    head = (await reader.commit("main")).value.sha
    watched.lose_answers = True
    changes: list[Callable[[], Awaitable[object]]] = [
        lambda: writer.create_ref("refs/tags/v7.5.0", head),
        lambda: writer.create_release("v7.5.0", name="", body=""),
    ]
    for change in changes:
        with pytest.raises(OutcomeUnknownError):
            await change()
    assert [asked.path.rpartition("/")[2] for asked in watched.sent] == ["refs", "releases"]
    tag = (await reader.tag_ref("v7.5.0")).value
    assert tag is not None
    assert tag.sha == head
    assert (await reader.release_of_tag("v7.5.0")).value is not None


async def test_each_right_that_is_missing_is_named(watched: Watched) -> None:
    head = (await watched.reader.commit("main")).value.sha
    writer = watched.writer
    permissions = {"actions": "read", "contents": "read", "deployments": "read", "pull_requests": "read"}
    await watched.move("token", kind="fine-grained", permissions=permissions)
    refused = {
        "Actions: write": lambda: writer.dispatch("cd.yml", "main", {}),
        "Contents: write": lambda: writer.create_ref("refs/tags/v7.6.0", head),
        "Deployments: write": lambda: writer.review(1, (1,), "approved", ""),
        "Pull requests: write": lambda: writer.create_pull_request(title="x", head="x", base="main", body=""),
    }
    for right, change in refused.items():
        problem = await refusal(change())
        assert problem.kind in (Kind.PERMISSION, Kind.NOT_FOUND)
        assert right in problem.hint, problem
