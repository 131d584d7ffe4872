"""``relman approve`` and ``relman reject`` on the shared world: everything up to the change itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hostile import HOSTILE, UNSAFE
from schemas import validate

if TYPE_CHECKING:
    from tests.cli.conftest import Line


def waiting(line: Line) -> int:
    runs = line.ask("GET", f"/repos/{line.world.repo}/actions/runs?status=waiting")["workflow_runs"]
    return int(runs[0]["id"])


def nothing_sent(line: Line) -> bool:
    return all(one["method"] != "POST" for one in line.ask("GET", "/_world/requests")["requests"])


def test_a_dry_run_is_the_plan(line: Line) -> None:
    answer = line("approve", "production", "--comment", "go", "--dry-run", "--json")
    assert answer.code == 0, answer.err
    plan = answer.json()
    validate(plan)
    assert (plan["schema"], plan["action"], plan["confirm"]) == ("relman.plan/1", "approve", "production")
    assert plan["details"]["run"]["id"] == waiting(line) and plan["text"] == "go"
    text = line("reject", "production", "--dry-run").out
    assert "The run fails" in text and '"state": "rejected"' in text
    assert nothing_sent(line)


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("approve", "production"), 3, "--confirm production"),
        (("approve", "production", "--yes"), 3, "--yes is not enough"),
        (("approve", "production", "--confirm", "prod"), 3, "needs the word 'production'"),
        (("reject", "production"), 2, "--yes"),
        (("approve", "producton", "--yes"), 2, "Did you mean 'production'?"),
        (("approve", "staging", "--yes"), 1, "No run waits for staging"),
        (("approve", "production", "staging", "--yes"), 2, "No one run waits for all of these"),
        (("--read-only", "approve", "production", "--confirm", "production"), 3, "read-only"),
        (("approve", "production", "--run", "1"), 1, "run 1"),
        (("approve",), 2, "ENV is missing"),
    ],
)
def test_what_is_refused_sends_nothing(line: Line, argv: tuple[str, ...], code: int, words: str) -> None:
    answer = line(*argv)
    assert answer.code == code and words in answer.err, answer
    assert nothing_sent(line)


def test_of_two_runs_that_wait_none_is_chosen(line: Line) -> None:
    """One of them has jobs that still run, and so GitHub calls it in progress."""
    here, first = f"/repos/{line.world.repo}/actions/runs", waiting(line)
    other = line.ask("GET", f"{here}?status=success")["workflow_runs"][0]
    pending = line.ask("GET", f"{here}/{first}/pending_deployments")
    for match, body in (
        ("status=in_progress", {"total_count": 1, "workflow_runs": [{**other, "status": "in_progress"}]}),
        (f"/runs/{other['id']}/pending_deployments", pending),
    ):
        line.ask("POST", "/_world/faults", {"kind": "body", "match": match, "body": body})
    answer = line("approve", "production", "--confirm", "production")
    line.ask("POST", "/_world/clear", {})
    assert answer.code == 2 and "2 runs wait for production" in answer.err, answer
    assert nothing_sent(line)


def busy(line: Line, pages: int, *, last_waits: bool) -> None:
    """So many pages of runs in progress; the one on the last page waits for production too, if wished."""
    here = f"/repos/{line.world.repo}/actions/runs"
    other = line.ask("GET", f"{here}?status=success")["workflow_runs"][0]
    pending = line.ask("GET", f"{here}/{waiting(line)}/pending_deployments")
    for page in range(1, pages + 1):
        run = {**other, "id": 900_000 + page, "status": "in_progress", "conclusion": None}
        url = f"{line.world.api_url}{here}?status=in_progress&per_page=100&page={page + 1}"
        for match, body, headers in (
            (
                rf"status=in_progress.*[?&]page={page}(&|$)",
                {"total_count": pages * 100, "workflow_runs": [run]},
                {"Link": f'<{url}>; rel="next"'} if page < pages else {},
            ),
            (f"/runs/{run['id']}/pending_deployments", pending if last_waits and page == pages else [], {}),
        ):
            wish = {
                "kind": "body",
                "match": match,
                "body": body,
                "headers": headers,
                "times": None,
                "status": 200,
            }
            line.ask("POST", "/_world/faults", wish)


def test_the_second_page_of_what_goes_on_is_read_before_a_run_is_called_the_only_one(line: Line) -> None:
    busy(line, 2, last_waits=True)
    answer = line("approve", "production", "--confirm", "production")
    assert answer.code == 2 and "2 runs wait for production" in answer.err, answer
    assert "900002" in answer.err and nothing_sent(line)


def test_where_not_every_run_can_be_looked_through_none_is_chosen(line: Line) -> None:
    busy(line, 4, last_waits=False)
    answer = line("approve", "production", "--confirm", "production")
    assert answer.code == 2 and "there may be others" in answer.err, answer
    assert str(waiting(line)) in answer.err and "--run ID" in answer.err
    assert nothing_sent(line)


def test_a_run_that_does_not_wait(line: Line) -> None:
    runs = line.ask("GET", f"/repos/{line.world.repo}/actions/runs?status=success")["workflow_runs"]
    answer = line("approve", "staging", "--run", str(runs[0]["id"]))
    assert answer.code == 1 and "does not wait for staging" in answer.err


def test_a_token_without_reading_rights_says_so(line: Line) -> None:
    line.move("token", kind="fine-grained", permissions={"actions": "none"})
    answer = line("approve", "production", "--dry-run")
    assert (answer.code == 3 and "Actions" in answer.err) or "actions" in answer.err


def test_hostile_names_reach_no_terminal(line: Line) -> None:
    line.move(
        "faults",
        kind="text",
        match="/actions/runs",
        times=None,
        fields=["display_title", "head_branch"],
        value=HOSTILE,
    )
    answer = line("approve", "production", "--dry-run")
    assert answer.code == 0 and not UNSAFE.search(answer.out.replace("\n", ""))
    line.move("clear")
    line.move(
        "faults",
        kind="text",
        match="/pending_deployments",
        times=None,
        fields=["name"],
        value="x\x1b[31mproduction",
    )
    answer = line("approve", "x\x1b[31mproduction", "--dry-run", "--run", str(waiting(line)))
    assert answer.code == 3 and "does not read as it is written" in answer.err
    assert not UNSAFE.search((answer.out + answer.err).replace("\n", ""))
