from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hostile import HOSTILE, UNSAFE
from hypothesis import given
from hypothesis import strategies as st

import relman.cli.output
from relman.cli.logs import failing_parts, show_logs
from relman.errors import Exit, Kind, Problem, RelmanError
from relman.model.answer import Answer
from relman.model.job_log import LONGEST, Level, parse_line
from relman.model.run import Job

SCHEMA = json.loads((Path(relman.cli.output.__file__).parent / "schemas" / "logs.json").read_text())
T = "2026-10-08T11:22:33.1234567Z "
TEST_LOG = (
    f"\ufeff{T}Current runner version\n{T}##[group]Run make lint\n{T}make lint\n{T}##[endgroup]\n{T}fine\n"
    f"{T}##[group]Run make test\n{T}\x1b[36;1mmake test\x1b[0m\n{T}##[endgroup]\n{T}boom [/red]\n"
    f"{T}##[error]Process completed with exit code 2.\n{T}Post job cleanup.\n{T}bye\n"
).encode()


class Reader:
    """A run with these jobs and logs."""

    def __init__(self, jobs: list[Job], logs: dict[int, bytes | Problem]) -> None:
        self._jobs = jobs
        self._logs = logs
        self.asked: list[int] = []

    async def jobs(
        self, run_id: int, *, attempt: int | None = None, every_attempt: bool = False
    ) -> Answer[tuple[Job, ...]]:
        return Answer(tuple(self._jobs), datetime(2026, 10, 8, tzinfo=UTC))

    async def save_job_log(
        self, job_id: int, target: Path, progress: Callable[[int, int | None], None] | None = None
    ) -> None:
        self.asked.append(job_id)
        log = self._logs[job_id]
        if isinstance(log, Problem):
            raise RelmanError(log)
        target.write_bytes(log)


LINT = Job(1, 9, 1, "lint", "completed", "success")
TEST = Job(2, 9, 1, "test (3.12)", "completed", "failure")
DEPLOY = Job(3, 9, 1, "Deploy", "in_progress")
SKIPPED = Job(4, 9, 1, "notify", "completed", "skipped")


def reader(**logs: bytes | Problem) -> Reader:
    found: dict[int, bytes | Problem] = {1: b"all good\n", 2: TEST_LOG}
    return Reader([LINT, TEST, DEPLOY, SKIPPED], found | {int(key[1:]): log for key, log in logs.items()})


async def logs(source: Reader, **options: Any) -> tuple[str, Exit, list[str]]:
    said: list[str] = []
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    code = await show_logs(source, 9, out=out, tell=said.append, **options)
    out.flush()
    assert isinstance(out.buffer, io.BytesIO)
    return out.buffer.getvalue().decode(), code, said


async def test_all_jobs_with_their_names_and_what_is_not_there() -> None:
    text, code, said = await logs(reader())
    lines = text.splitlines()
    assert lines[0] == "lint\tall good"
    assert lines[1] == "test (3.12)\tCurrent runner version"
    assert "test (3.12)\t▶ Run make test" in lines
    assert "test (3.12)\tmake test" in lines
    assert "test (3.12)\tError: Process completed with exit code 2." in lines
    assert not any("endgroup" in line for line in lines)
    assert code is Exit.OK
    assert said == [
        "Deploy: The job is running. GitHub publishes a job's log when the job ends.",
        "notify: Skipped, so there is no log.",
    ]


async def test_one_job_has_no_names_and_failed_shows_the_failing_step() -> None:
    text, code, _ = await logs(reader(), failed=True)
    assert code is Exit.OK
    assert text.splitlines() == [
        "▶ Run make test",
        "make test",
        "boom [/red]",
        "Error: Process completed with exit code 2.",
    ]


async def test_a_failed_job_without_an_error_line_is_shown_whole() -> None:
    text, _, _ = await logs(reader(_2=b"one\ntwo"), failed=True)
    assert text == "one\ntwo\n"


async def test_no_failed_job() -> None:
    text, code, said = await logs(Reader([LINT], {}), failed=True)
    assert (text, code, said) == ("", Exit.OK, ["No job of run 9 has failed."])


@pytest.mark.parametrize("name", ["2", "test (3.12)", "TEST (3.12)", "test", "3.12"])
async def test_a_job_by_name_part_or_id(name: str) -> None:
    source = reader()
    await logs(source, job=name)
    assert source.asked == [2]


async def test_an_exact_name_wins_over_longer_ones() -> None:
    jobs = [Job(1, 9, 1, "build image", "completed", "success"), Job(2, 9, 1, "build", "completed", "success")]
    source = Reader(jobs, {1: b"", 2: b""})
    await logs(source, job="build")
    assert source.asked == [2]
    await logs(source, job="bui")
    assert source.asked == [2, 1, 2]


async def test_an_unknown_job_names_the_others() -> None:
    with pytest.raises(RelmanError) as error:
        await logs(reader(), job="nope")
    assert error.value.problem.kind is Kind.NOT_FOUND
    assert "lint, test (3.12), Deploy, notify" in error.value.problem.hint


async def test_raw_gives_the_bytes() -> None:
    odd = b"\xff\x1b]0;t\x07\r\n no end"
    text = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    await show_logs(reader(_2=odd), 9, job="2", raw=True, out=text, tell=lambda _: None)
    assert isinstance(text.buffer, io.BytesIO)
    assert text.buffer.getvalue() == odd


async def test_colour_is_kept_only_when_wanted() -> None:
    plain, _, _ = await logs(reader(), job="2")
    assert "\x1b" not in plain
    colour, _, _ = await logs(reader(), job="2", colour=True)
    assert "\x1b[36;1mmake test\x1b[0m\x1b[0m\n" in colour
    assert "\x1b[1;31mError: Process completed with exit code 2.\x1b[0m\n" in colour


@pytest.mark.parametrize("failed", [False, True])
async def test_json_fits_its_schema(failed: bool) -> None:
    problem = Problem(Kind.GONE, "The log has expired")
    text, code, _ = await logs(reader(_1=problem), as_json=True, failed=failed)
    answer = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMA).validate(answer)
    assert answer["schema"] == SCHEMA["$id"]
    assert code is (Exit.OK if failed else Exit.FAILED)
    test = next(job for job in answer["jobs"] if job["id"] == 2)
    assert {"time": T.strip(), "level": "text", "text": "boom [/red]"} in test["lines"]
    assert len(test["lines"]) == (5 if failed else 12)
    if not failed:
        assert [job["problem"]["kind"] if job["problem"] else None for job in answer["jobs"]] == [
            "gone",
            None,
            "not-yet",
            "not-yet",
        ]


async def test_json_of_nothing() -> None:
    text, code, said = await logs(Reader([], {}), as_json=True)
    answer = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMA).validate(answer)
    assert (answer["jobs"], code, said) == ([], Exit.OK, ["Run 9 has no jobs yet."])


async def test_nothing_but_running_jobs_is_no_success() -> None:
    _, code, said = await logs(Reader([DEPLOY], {}))
    assert code is Exit.FAILED
    assert len(said) == 1


async def test_after_a_dead_token_nothing_more_is_asked() -> None:
    dead = Problem(Kind.AUTH, "The token is not valid")
    source = reader(_1=dead, _2=dead)
    _, code, said = await logs(source)
    assert code is Exit.AUTH
    assert source.asked == [1]
    assert len(said) == 4


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("colour", [False, True])
async def test_nothing_hostile_gets_through(as_json: bool, colour: bool) -> None:
    texts = (HOSTILE, HOSTILE.replace("\r\n", " "), "\r".join(HOSTILE[:200]))
    log = "".join(f"{T}{text}\n##[group]{text}\n##[error]{text}\n" for text in texts)
    jobs = [Job(number, 9, 1, text, "completed", "failure") for number, text in enumerate(texts)]
    source = Reader(jobs, {job.id: log.encode("utf-8", "surrogatepass") for job in jobs})
    text, _, said = await logs(source, as_json=as_json, colour=colour)
    if as_json:
        assert text.isascii()
        for job in json.loads(text)["jobs"]:
            assert not any(UNSAFE.search(line["text"]) for line in job["lines"])
    elif colour:
        assert not UNSAFE.search(re.sub(r"\x1b\[[0-9;:]*m", "", text).replace("\n", "").replace("\t", ""))
    else:
        assert not UNSAFE.search(text.replace("\n", "").replace("\t", ""))
    assert not said


async def test_a_very_long_line_comes_in_pieces() -> None:
    text, _, _ = await logs(reader(_2=b"x" * (LONGEST + 5) + b"\ny\n"), job="2")
    assert text == "x" * LONGEST + "\nxxxxx\ny\n"


async def test_a_terminal_that_cannot_show_a_character_gets_another() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    await show_logs(reader(_2="##[group]café\n".encode()), 9, job="2", out=out, tell=lambda _: None)
    assert isinstance(out.buffer, io.BytesIO)
    assert out.buffer.getvalue() == b"? caf?\n"


LINES = st.sampled_from(
    ["##[group]Run a", "##[group]Report", "##[endgroup]", "##[error]e", "text", "Post job cleanup.", ""]
)


@given(st.lists(LINES, max_size=30), st.booleans())
def test_failing_parts_hold_every_error_and_no_step_without_one(log: list[str], end: bool) -> None:
    data = "\n".join(log).encode() + (b"\n" if end and log else b"")
    parts = failing_parts(io.BytesIO(data))
    assert all(0 <= start <= stop <= len(data) for start, stop in parts)
    errors = data.count(b"##[error]")
    if errors:
        assert sum(data[start:stop].count(b"##[error]") for start, stop in parts) == errors
        for start, stop in parts:
            levels = [parse_line(line).level for line in data[start:stop].split(b"\n")]
            assert Level.ERROR in levels
            assert b"\n##[group]Run" not in data[start:stop]
    else:
        assert parts == [(0, len(data))]
