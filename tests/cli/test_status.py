import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from hostile import HOSTILE, UNSAFE
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from schemas import SCHEMAS, validate

from relman.cli import status
from relman.cli.output import problem_json, write_error, write_json, write_text
from relman.errors import Exit, Kind, Problem, RelmanError
from relman.model.board import Board, Section
from relman.model.environment import Deployment, DeploymentStatus, Environment, PendingDeployment, Reviewer
from relman.model.health import Health
from relman.model.release import Release
from relman.model.repository import Budget, Repository
from relman.model.roles import Roles
from relman.model.run import Run

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CI = ".github/workflows/ci.yml"


def full(text: Callable[[str], str] = lambda plain: plain) -> Board:
    """A board with something in every section; ``text`` makes every word of it."""

    def run(number: int, state: str, conclusion: str | None, path: str = CI) -> Run:
        return Run(
            id=number,
            name=text("CI"),
            title=text("fix: it"),
            number=number,
            attempt=1,
            event="push",
            status=state,
            conclusion=conclusion,
            branch="main",
            sha=text("ab" * 20),
            workflow_id=1,
            path=path,
            actor=text("octocat"),
            created_at=NOW - timedelta(minutes=30),
            started_at=NOW - timedelta(minutes=29),
            updated_at=NOW - timedelta(minutes=10),
            url=text("https://github.com/a/b/actions/runs/1"),
        )

    problem = Problem(Kind.SERVER, text("GitHub answered 502"), text("Bad gateway"), text("Try later."))
    deployed = DeploymentStatus(
        1, "success", NOW - timedelta(hours=3), environment_url=text("https://x.example")
    )
    environment = text("production")
    return Board(
        "a/b",
        repository=Section(Repository("a/b", "main", url=text("https://github.com/a/b")), NOW),
        runs=Section(
            (
                structs.replace(run(9, "waiting", None), branch=text("v1.2.0")),
                run(8, "in_progress", None),
                run(7, "completed", "failure"),
                run(6, "completed", "failure", ".github/workflows/nightly.yml"),
                run(5, text("new_status"), None),
            ),
            NOW,
        ),
        pending={
            9: Section(
                (
                    PendingDeployment(
                        1,
                        environment,
                        5,
                        NOW - timedelta(minutes=3),
                        True,
                        (Reviewer("Team", 1, text("core")),),
                    ),
                    PendingDeployment(2, text("canary"), 0, None, False, (Reviewer("User", 1, text("ada")),)),
                ),
                NOW,
            )
        },
        environments=Section((Environment(1, environment),), NOW),
        deployments={
            environment: Section(
                (
                    Deployment(
                        2, environment, text("cd" * 20), text("v1.2.0"), creator=text("ada"), created_at=NOW
                    ),
                    Deployment(1, environment, "ef" * 20, "v1.1.0", statuses=(deployed,), creator=text("ada")),
                ),
                NOW,
            )
        },
        health={
            environment: Section(
                (
                    Health(text("api"), text("https://x.example/h"), False, None, None, None, text("refused")),
                    Health(text("web"), text("https://x.example/w"), True, 200, 0.01, text("1.1.0")),
                ),
                NOW,
            )
        },
        releases=Section(
            (Release(1, text("v1.1.0"), text("One"), published_at=NOW),), NOW - timedelta(hours=1), problem
        ),
        budget=Budget(5000, 4000, NOW + timedelta(minutes=20), requests=9, charged=3),
    )


ROLES = Roles(CI, None, ".github/workflows/nightly.yml")


def shown(board: Board, capsys: pytest.CaptureFixture[str], *, as_json: bool) -> tuple[Exit, str]:
    code = status.show(board, ROLES, NOW, read_only=True, as_json=as_json)
    return code, capsys.readouterr().out


def test_the_json_is_what_the_schema_says(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = shown(full(), capsys, as_json=True)
    answer = json.loads(out)
    validate(answer)
    assert code is Exit.FAILED
    assert {need["what"] for need in answer["attention"]} == {"gate", "ci", "environment", "nightly", "section"}
    assert answer["ci"]["id"] == 8 and answer["ci_verdict"]["id"] == 7
    assert answer["waiting"][0]["opens_at"] == "2026-11-02T12:02:00Z"
    assert answer["environments"][0]["live"]["version"] == "v1.1.0"
    assert answer["problems"][0]["data_from"] == "2026-11-02T11:00:00Z"
    assert answer["budget"]["charged"] == 3


def test_an_empty_board_is_an_answer_too(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json in (True, False):
        code, out = shown(Board("a/b"), capsys, as_json=as_json)
        assert code is Exit.OK
        if as_json:
            validate(json.loads(out))


def test_the_text_answers_in_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = shown(full(), capsys, as_json=False)
    for words in (
        "a/b · main · API 4000 of 5000",
        "read-only",
        "production waits for your review",
        "timer ends in 2m 00s · you may approve",
        "for ada",
        "v1.1.0",
        "unhealthy: api (refused)",
        "GitHub answered 502: Bad gateway. Try later.",
    ):
        assert words in out
    assert len(out.splitlines()) <= 24
    assert max(map(len, out.splitlines())) < 200


def test_nothing_to_show_is_the_error_itself() -> None:
    problem = Problem(Kind.NETWORK, "No connection")
    with pytest.raises(RelmanError) as caught:
        status.show(Board("a/b", runs=Section(error=problem)), Roles(), NOW, read_only=False, as_json=False)
    assert caught.value.problem is problem
    dead = structs.replace(full(), runs=Section((), NOW, Problem(Kind.AUTH, "Bad credentials")))
    with pytest.raises(RelmanError) as caught:
        status.show(dead, Roles(), NOW, read_only=False, as_json=False)
    assert caught.value.problem.exit_code is Exit.AUTH


def test_hostile_text_in_every_field_reaches_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = shown(full(lambda plain: f"{plain}{HOSTILE}"), capsys, as_json=False)
    assert not UNSAFE.search(out)
    assert max(map(len, out.splitlines())) < 1000
    _, out = shown(full(lambda plain: f"{plain}{HOSTILE}"), capsys, as_json=True)
    assert out.isascii() and not UNSAFE.search(out)
    validate(json.loads(out))


@settings(max_examples=50)
@given(st.text())
def test_whatever_the_words_are_the_answer_is_valid_and_clean(word: str) -> None:
    board = full(lambda plain: f"{plain}{word}")
    summary = status.summarise(board, ROLES)
    answer = status.as_dict(board, summary, NOW, read_only=False)
    validate(answer)
    stream = io.StringIO()
    write_json(answer, stream)
    write_text(status.as_text(board, summary, NOW, read_only=False), stream)
    assert not UNSAFE.search(stream.getvalue())


def test_an_error_is_a_sentence_and_with_json_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    write_error(Problem(Kind.AUTH, f"No {HOSTILE[:200]}", hint="Log in."), as_json=True)
    out, err = capsys.readouterr()
    validate(json.loads(out))
    assert err.startswith("relman: No ") and err.count("\n") == 1
    assert not UNSAFE.search(out + err)
    write_error(Problem(Kind.AUTH, "No"), as_json=False)
    assert capsys.readouterr().out == ""


def test_a_terminal_without_unicode_gets_question_marks_not_a_crash() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    write_text(["✓ done"], stream)
    stream.flush()
    assert raw.getvalue() == b"? done\n"


def test_every_schema_refuses_what_it_does_not_know() -> None:
    def objects(node: Any) -> Any:
        if isinstance(node, dict):
            if node.get("type") == "object":
                yield node
            for inner in node.values():
                yield from objects(inner)
        elif isinstance(node, list):
            for inner in node:
                yield from objects(inner)

    files = sorted(SCHEMAS.glob("*.json"))
    assert len(files) >= 3
    for file in files:
        schema = json.loads(file.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$id"].startswith(f"relman.{file.stem}/")
        for node in objects(schema):
            assert "additionalProperties" in node, file.name
            assert node["additionalProperties"] is not True
    assert problem_json(None) is None
