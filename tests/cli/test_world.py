"""Every command on the embedded world, over real HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import worlds
from hostile import HOSTILE, UNSAFE
from schemas import validate

from relman import __version__, places, report, wiring
from relman.__main__ import main

if TYPE_CHECKING:
    from tests.cli.conftest import Line

RELMAN = [sys.executable, "-m", "relman"]


@pytest.fixture(scope="module")
def world() -> Iterator[worlds.OwnWorld]:
    """One that no other test has moved."""
    with worlds.world(seed=3, frozen=True) as running:
        yield running


def run_of(line: Line, **filters: str) -> int:
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    runs = line.ask("GET", f"/repos/{line.world.repo}/actions/runs?per_page=5&{query}")["workflow_runs"]
    return int(runs[0]["id"])


def test_status(line: Line) -> None:
    answer = line("status", "--json")
    said = answer.json()
    validate(said)
    assert answer.code == 1 and answer.err == ""
    assert (said["repository"], said["default_branch"], said["problems"]) == (line.world.repo, "main", [])
    assert "gate" in {need["what"] for need in said["attention"]}
    waiting = said["waiting"][0]
    assert (waiting["environment"], waiting["may_approve"], waiting["wait_minutes"]) == ("production", True, 5)
    assert waiting["opens_at"]
    assert [run["path"] for run in said["running"]] == [".github/workflows/ci.yml"]
    assert said["ci_verdict"]["branch"] == "main" and said["nightly"]["event"] == "schedule"
    live = {environment["name"]: environment for environment in said["environments"]}
    assert set(live) == {"staging", "production"}
    for environment in live.values():
        assert environment["version"] and environment["since"]
        assert [answer["ok"] for answer in environment["health"]] == [True]
    assert re.fullmatch(r"\d+\.\d+\.\d+", live["production"]["version"])
    assert re.fullmatch(r"v\d+\.\d+\.\d+", said["release"]["tag"])


def test_a_second_status_costs_nothing(line: Line) -> None:
    first = line("status", "--json").json()["budget"]
    second = line("status", "--json").json()["budget"]
    assert first["charged"] == first["requests"] > 0
    assert second["charged"] == 0 and second["requests"] <= first["requests"]


def test_status_as_text_fits_a_screen(line: Line) -> None:
    answer = line("status")
    assert answer.code == 1
    assert line.world.repo in answer.out and "you may approve" in answer.out
    assert len(answer.out.splitlines()) <= 24
    assert not UNSAFE.search(answer.out)


def test_the_graph_without_a_run_is_that_of_the_run_in_progress(line: Line) -> None:
    answer = line("graph", "--json")
    said = answer.json()
    validate(said)
    assert answer.code == 0
    assert said["run"]["status"] == "in_progress"
    assert [job["id"] for job in said["jobs"]] == ["lint", "test", "security", "build", "performance"]
    assert all(job["expected_seconds"] for job in said["jobs"] if job["id"] != "performance")
    drawn = line("graph").out
    for name in ("lint", "test", "security", "build", "performance", "fast path"):
        assert name in drawn


def test_the_graph_of_a_run_has_its_jobs(line: Line) -> None:
    number = run_of(line, status="success", event="push")
    said = line("graph", str(number), "--json").json()
    validate(said)
    assert said["run"]["id"] == number
    assert all(job["runs"] for job in said["jobs"] if job["state"] == "success")


def test_the_graph_of_a_run_whose_jobs_are_cut_off_is_drawn_and_says_so(line: Line) -> None:
    number = run_of(line, status="success", event="push")
    whole = line.ask("GET", f"/repos/{line.world.repo}/actions/runs/{number}/jobs?per_page=100")
    jobs = whole["jobs"][:-1]
    line.move("faults", kind="body", body={**whole, "jobs": jobs}, match=f"/runs/{number}/jobs", times=None)
    answer = line("graph", str(number), "--json")
    validate(answer.json())
    assert answer.code == 0
    ids = {one["id"] for job in answer.json()["jobs"] for one in job["runs"]}
    assert ids == {one["id"] for one in jobs}
    assert answer.err.startswith(f"relman: GitHub gave {len(jobs)} of {len(whole['jobs'])} jobs")
    assert answer.err.count("\n") == 1


def test_no_graph_is_drawn_of_what_an_earlier_command_kept(line: Line) -> None:
    assert line("status").code == 1  # keeps its board
    line.move("faults", kind="server-error", match="/actions/runs", times=None)
    answer = line("graph")
    assert (answer.code, answer.out) == (1, "") and answer.err.startswith("relman: ")


def test_the_graph_of_a_file_needs_neither_network_nor_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ci.yml"
    file.write_text("on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: x}]\n")
    assert main(["-C", str(tmp_path), "graph", "--workflow", "ci.yml", "--json"], {}) == 0
    validate(json.loads(capsys.readouterr().out))
    file.write_text("on: push\njobs:\n  a:\n    needs: [b]\n    runs-on: x\n    steps: [{run: x}]\n")
    assert main(["graph", "--workflow", str(file), "--json"], {}) == 1
    found = json.loads(capsys.readouterr().out)["errors"]
    assert all(set(one) == {"message", "line", "column"} for one in found)
    assert (4, 13) in {(one["line"], one["column"]) for one in found}


def test_logs_of_a_failed_run(line: Line) -> None:
    number = run_of(line, status="failure")
    answer = line("logs", str(number), "--failed")
    assert answer.code == 0 and "##[error]" not in answer.out.splitlines()[0]
    assert answer.out and not UNSAFE.search(answer.out)
    said = line("logs", str(number), "--failed", "--json")
    validate(said.json())
    assert {job["conclusion"] for job in said.json()["jobs"]} == {"failure"}
    assert line("logs", str(number), "--job", "no such job").code == 1


def test_logs_of_a_job_that_runs_say_when_they_come(line: Line) -> None:
    number = run_of(line, status="in_progress")
    answer = line("logs", str(number), "--job", "test")
    assert answer.out == "" and "when the job ends" in answer.err


def test_bug_report(line: Line) -> None:
    answer = line("bug-report", "--json")
    validate(answer.json())
    assert answer.code == 0
    assert answer.json()["token"] == "RELMAN_TOKEN"
    assert "team: environments.health.url" in answer.json()["settings"]
    for private in (line.world.token, line.world.repo, line.world.api_url, "production", str(line.home)):
        assert private not in answer.out
    assert __version__ in line("bug-report").out


def test_bug_report_works_where_nothing_else_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "relman.toml").write_text("wrong = 1")
    assert main(["-C", str(tmp_path), "bug-report", "--json"], {}) == 0
    said = json.loads(capsys.readouterr().out)
    validate(said)
    assert said["problem"] == {"kind": "config"}


@pytest.mark.parametrize(
    ("argv", "code", "kind"),
    [
        (["stauts", "--json"], 2, "usage"),
        (["status", "--json", "--config", "absent.toml"], 2, "config"),
        (["logs", "1", "--json"], 1, "not-found"),
        (["graph", "1", "--json"], 1, "not-found"),
        (["status", "--json", "--repo", "acme/absent"], 1, "not-found"),
        (["status", "--json", "--api-url", "http://example.com"], 2, "usage"),
        (["status", "--json", "--api-url", "http://127.0.0.1:9"], 1, "network"),
    ],
)
def test_an_error_is_one_sentence_and_its_code(line: Line, argv: list[str], code: int, kind: str) -> None:
    answer = line(*argv)
    validate(answer.json())
    assert (answer.code, answer.json()["schema"], answer.json()["error"]["kind"]) == (
        code,
        "relman.error/1",
        kind,
    )
    assert answer.err.startswith("relman: ") and answer.err.count("\n") == 1
    assert "Traceback" not in answer.err


def test_no_token_and_a_dead_one_are_four(line: Line) -> None:
    none = line("status", environ={"RELMAN_HOME": str(line.home)})
    assert none.code == 4 and "gh auth login" in none.err
    dead = line("status", environ={**line.environ, "RELMAN_TOKEN": "ghp_dead0123456789abcdefghijklmnopqrstu"})
    assert dead.code == 4 and "ghp_dead" not in dead.err


FAULTS: list[dict[str, Any]] = [
    {"kind": "html"},
    {"kind": "truncate"},
    {"kind": "server-error"},
    {"kind": "reset"},
    {"kind": "permission"},
    {"kind": "body", "body": "nonsense"},
    {"kind": "body", "body": {}},
]
PLACES = ["/actions/runs", "/environments", "/deployments", "/releases", "/acme/[^/]+$"]


@pytest.mark.parametrize(
    ("match", "fault"),
    [(PLACES[0], fault) for fault in FAULTS] + [(place, fault) for place in PLACES[1:] for fault in FAULTS[:2]],
)
def test_a_section_that_fails_keeps_what_was_known_and_says_so(
    line: Line, fault: dict[str, Any], match: str
) -> None:
    before = line("status", "--json").json()
    forget_validators(line.home)  # an "unchanged" has no body that could be broken
    line.move("faults", **fault, match=match, times=None)
    answer = line("status", "--json")
    said = answer.json()
    validate(said)
    assert answer.code == 1 and "Traceback" not in answer.err
    assert said["problems"] and all(problem["title"] for problem in said["problems"])
    assert any(problem["data_from"] for problem in said["problems"])
    assert len(said["environments"]) == len(before["environments"])
    assert said["release"] == before["release"]
    assert said["ci_verdict"] == before["ci_verdict"]


def forget_validators(home: Path) -> None:
    for path in (home / "state" / "history").iterdir():
        with contextlib.closing(sqlite3.connect(path)) as db, contextlib.suppress(sqlite3.DatabaseError), db:
            db.execute("DELETE FROM validators")


@pytest.mark.parametrize(
    "body", [[1, None, {}], None, 3, "", {"workflow_runs": [{"id": "x"}], "environments": {}}]
)
def test_answers_of_another_shape_are_survived(line: Line, body: Any) -> None:
    line.move("faults", kind="body", body=body, origin="api", times=None)
    answer = line("status", "--json")
    validate(answer.json())
    assert answer.code in (0, 1) and "Traceback" not in answer.err and "unexpectedly" not in answer.err


FREE = [
    "name", "display_title", "title", "message", "body", "login", "description", "environment", "ref", "version",
    "raw_details", "event", "tag_name", "slug",
]  # fmt: skip


@pytest.mark.parametrize("argv", [["status"], ["graph"], ["logs"]], ids=lambda argv: argv[0])
def test_hostile_text_reaches_no_terminal(line: Line, argv: list[str]) -> None:
    if argv[0] == "logs":
        argv = [argv[0], str(run_of(line, status="failure")), *argv[1:]]
    line.move("faults", kind="text", fields=FREE, value=HOSTILE, times=None)
    for more in ([], ["--json"]):
        answer = line(*argv, *more)
        assert not UNSAFE.search(answer.out)
        assert not UNSAFE.search(answer.err)
        assert "evil" in answer.out
        if more:
            assert answer.out.isascii()
            validate(answer.json())
        else:
            assert max(map(len, answer.out.splitlines()), default=0) < 3000


def files_below(place: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


def test_the_token_is_in_no_output_and_in_no_file(line: Line) -> None:
    said = ""
    number = str(run_of(line, status="failure"))
    for argv in (["status"], ["status", "--json"], ["graph"], ["logs", number], ["bug-report"], ["logs", "1"]):
        answer = line(*argv)
        said += answer.out + answer.err
    line.move("faults", kind="status", status=401, message=f"Bad credentials {line.world.token}", times=None)
    answer = line("status")
    said += answer.out + answer.err
    kept = files_below(line.home)
    assert any(path.suffix in {".db", ".sqlite", ".sqlite3"} for path in kept), sorted(kept)
    for path, data in kept.items():
        assert line.world.token.encode() not in data, path
        if os.name == "posix":
            assert path.stat().st_mode & 0o077 == 0, path
    assert line.world.token not in said


def test_a_failure_of_our_own_is_a_report_without_secrets(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    token = line.world.token

    def broken(*_: object, **__: object) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        raise ValueError(f"with {token} and ghp_{'a' * 36} and https://user:pass-word@x.example {headers}")

    monkeypatch.setattr(wiring, "session", broken)
    answer = line("status", "--json")
    assert answer.code == 1
    validate(answer.json())
    (file,) = places.find(line.environ).state.glob("crash-*.txt")
    text = file.read_text()
    assert str(file) in answer.err and "ValueError" in text and "in broken" in text
    for secret in (token, "a" * 36, "pass-word"):
        assert secret not in text + answer.err + answer.out
    assert file.stat().st_mode & 0o077 == 0 or os.name != "posix"


def test_a_token_from_elsewhere_is_masked_too() -> None:
    from relman.secret import Secret

    report.watch_for(Secret("corp-token-of-no-known-shape"))
    assert "corp-token" not in report.redact("x corp-token-of-no-known-shape y", ())


def relman(*argv: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RELMAN, *argv],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        check=False,
        **more,
    )


def test_without_a_terminal_the_dashboard_names_the_command() -> None:
    for argv in ([], ["monitor"]):
        done = relman(*argv)
        assert (done.returncode, done.stdout) == (2, "")
        assert "relman status" in done.stderr


def test_demo_without_a_terminal_is_the_status() -> None:
    done = relman("demo")
    assert done.returncode == 0, done.stderr
    assert "acme/agentic-backend" in done.stdout


def test_demo_runs_any_command_and_passes_its_code_on() -> None:
    done = relman("demo", "--seed", "5", "--", "status", "--json")
    assert done.returncode == 1
    validate(json.loads(done.stdout))
    assert relman("demo", "--", "logs", "1").returncode == 1
    assert relman("demo", "--", "stauts").returncode == 2


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_demo_serve_says_where_it_is_and_ends_on_sigterm() -> None:
    process = subprocess.Popen([*RELMAN, "demo", "--serve"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        validate(said)
        environ = {
            **os.environ,
            "RELMAN_TOKEN": said["token"],
            "RELMAN_HOME": str(Path(said["config"]).parent / "h"),
        }
        done = relman("--api-url", said["api_url"], "--config", said["config"], "status", "--json", env=environ)
        validate(json.loads(done.stdout))
    finally:
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=30)[0]
    assert (process.returncode, rest) == (0, "")
    assert not Path(said["config"]).exists()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_reader_that_has_enough_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [*RELMAN, "bug-report"], stdout=write, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
