"""Commands that change something: the question, consent, JSON, interruption, and a reader that goes away."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from schemas import validate
from small_change import FAILED_CHECK, PASSED_CHECK, Bench, Intent, bench

from relman.cli.act import Consent, perform
from relman.errors import Exit, Kind, Problem, RelmanError
from relman.model.freeze import Freeze

ROOT = Path(__file__).parents[2]
WORD = Intent(word="production", production=True, checks=(PASSED_CHECK,))


async def do(there: Bench, intent: Intent, consent: Consent, *, as_json: bool = False) -> Exit:
    return await perform(there.operator, there.action, intent, consent, as_json=as_json)


def asked(*answers: str) -> tuple[Callable[[str], str], list[str]]:
    """Somebody who gives these answers."""
    left, questions = list(answers), []

    def ask(question: str) -> str:
        questions.append(question)
        return left.pop(0)

    return ask, questions


async def test_dry_run_shows_the_plan_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = bench(tmp_path)
    assert await do(there, WORD, Consent(dry_run=True, yes=True, confirm="production")) == Exit.OK
    out = capsys.readouterr().out
    assert (
        "POST /repos/acme/agentic-backend/tags" in out and "v1.8.2 → v1.9.0" in out and "Read just now" in out
    )
    assert out.endswith("To carry it out: --confirm production\n")
    assert there.world.sent == [] and not there.journal.path.exists()


@pytest.mark.parametrize("refused", [False, True])
async def test_dry_run_as_json_fits_its_schema(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: bool
) -> None:
    there = bench(tmp_path)
    problem = Problem(Kind.PERMISSION, "No", "Resource not accessible") if refused else None
    intent = Intent(word="production", production=True, checks=(FAILED_CHECK,) * refused, permission=problem)
    code = await do(there, intent, Consent(dry_run=True), as_json=True)
    answer = json.loads(capsys.readouterr().out)
    validate(answer)
    assert code == (Exit.REFUSED if refused else Exit.OK) and (answer["refusal"] is not None) == refused
    assert answer["confirm"] == "production" and answer["steps"][0]["request"].startswith("POST")


async def test_yes_carries_it_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = bench(tmp_path)
    assert await do(there, Intent(), Consent(yes=True)) == Exit.OK
    out = capsys.readouterr().out
    assert "1/2 Create the tag v1.9.0" in out and "✓ Release v1.9.0: done" in out
    assert there.world.sent == ["tag", "release"]


@pytest.mark.parametrize(
    ("consent", "kind"),
    [
        (Consent(yes=True), Kind.REFUSED),
        (Consent(), Kind.REFUSED),
        (Consent(ask=lambda question: "y\n"), Kind.REFUSED),
        (Consent(ask=lambda question: ""), Kind.REFUSED),
    ],
)
async def test_production_needs_its_word(tmp_path: Path, consent: Consent, kind: Kind) -> None:
    there = bench(tmp_path)
    with pytest.raises(RelmanError) as raised:
        await do(there, WORD, consent)
    assert raised.value.problem.kind is kind and "--confirm production" in raised.value.problem.hint
    assert there.world.sent == []


@pytest.mark.parametrize("word", ["prod", "PRODUCTION", "production2", "y"])
async def test_a_wrong_word_is_refused(tmp_path: Path, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    there = bench(tmp_path)
    assert await do(there, WORD, Consent(yes=True, confirm=word)) == Exit.REFUSED
    assert there.world.sent == [] and "production" in capsys.readouterr().err


async def test_the_question_takes_the_word_or_a_yes(tmp_path: Path) -> None:
    there = bench(tmp_path)
    ask, questions = asked("production\n")
    assert await do(there, WORD, Consent(ask=ask)) == Exit.OK
    assert questions == ["Type production to go on: "]
    there = bench(tmp_path / "second")
    for answer in ("\n", "", "n\n", "yeah\n"):
        with pytest.raises(RelmanError, match="Not confirmed"):
            await do(there, Intent(), Consent(ask=asked(answer)[0]))
    assert there.world.sent == []
    assert await do(there, Intent(), Consent(ask=asked("Y\n")[0])) == Exit.OK


async def test_without_anybody_to_ask_it_is_a_wrong_command_line(tmp_path: Path) -> None:
    with pytest.raises(RelmanError) as raised:
        await do(bench(tmp_path), Intent(), Consent())
    assert raised.value.problem.exit_code == Exit.USAGE and "--yes" in raised.value.problem.hint


async def run_json(there: Bench, intent: Intent, capsys: pytest.CaptureFixture[str]) -> tuple[Exit, Any]:
    code = await do(there, intent, Consent(yes=True, confirm=intent.word), as_json=True)
    answer = json.loads(capsys.readouterr().out)
    validate(answer)
    return code, answer["result"]


async def test_every_end_fits_its_schema_and_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = bench(tmp_path / "done")
    there.world.lost = {"tag"}  # says so on the way
    code, result = await run_json(there, WORD, capsys)
    assert (code, result["outcome"], result["run_id"]) == (Exit.OK, "done", 4711)
    there = bench(tmp_path / "failed")
    there.world.fails["release"] = RelmanError(Problem(Kind.INVALID, "GitHub refused it", "too long"))
    assert (await run_json(there, WORD, capsys))[0] == Exit.FAILED
    there = bench(tmp_path / "unknown")
    there.world.unseen = {"tag"}
    code, result = await run_json(there, WORD, capsys)
    assert (code, result["outcome"]) == (Exit.UNKNOWN, "unknown")
    there = bench(tmp_path / "frozen", freezes=(Freeze("Mon 00:00", "Mon 23:00"),))
    code, result = await run_json(there, WORD, capsys)
    assert (code, result["outcome"]) == (Exit.REFUSED, "refused") and "frozen" in result["problem"]["title"]
    there = bench(tmp_path / "stale")
    there.world.stale = Problem(Kind.REFUSED, "Somebody else approved it")
    assert (await run_json(there, WORD, capsys))[0] == Exit.REFUSED
    there = bench(tmp_path / "token")
    there.world.fails["tag"] = RelmanError(Problem(Kind.AUTH, "The token is dead"))
    assert (await run_json(there, WORD, capsys))[0] == Exit.AUTH


async def test_an_interruption_says_what_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = bench(tmp_path)
    there.world.hold = asyncio.Event()
    task = asyncio.create_task(do(there, Intent(), Consent(yes=True), as_json=True))
    while not there.world.sent:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    out, err = capsys.readouterr()
    answer = json.loads(out)
    validate(answer)
    assert answer["result"]["outcome"] == "unknown" and "Create the tag" in answer["result"]["problem"]["title"]
    assert "looks first and repeats nothing" in err
    assert [entry.phase for entry in await there.journal.read()] == ["begin", "before"]


PROGRAM = """
import asyncio, os, sys
sys.path[:0] = [{root!r}, {shared!r}]
from pathlib import Path
from small_change import *
from relman.cli.act import Consent, perform

class Sent(list):
    def append(self, step):
        super().append(step)
        Path({home!r}, "sending").touch()

async def run():
    there = bench(Path({home!r}))
    there.world.sent = Sent()
    if {hold}:
        there.world.hold = asyncio.Event()
    try:
        return await perform(there.operator, there.action, Intent(), Consent(yes=True), as_json=False)
    finally:
        Path({home!r}, "sent").write_text(",".join(there.world.sent))

import relman.__main__ as entrance
entrance._command = lambda argv, environ: int(asyncio.run(run()))
sys.exit(entrance.main(["approve"]))
"""


def program(home: Path, *, hold: bool = False) -> list[str]:
    text = PROGRAM.format(root=str(ROOT), shared=str(ROOT / "tests/shared"), home=str(home), hold=hold)
    return [sys.executable, "-c", text]


def test_ctrl_c_in_the_middle_ends_with_130_and_a_whole_journal(tmp_path: Path) -> None:
    process = subprocess.Popen(
        program(tmp_path, hold=True), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    journal = tmp_path / "state" / "journal.jsonl"
    end = time.monotonic() + 30
    while not (tmp_path / "sending").exists():
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "? Release v1.9.0: interrupted, the outcome is not known" in out
    assert "Sent, and whether it happened is not known: Create the tag v1.9.0" in err and "Traceback" not in err
    phases = [json.loads(line)["phase"] for line in journal.read_text().splitlines()]
    assert phases == ["begin", "before"]


def test_a_reader_that_goes_away_stops_nothing_halfway(tmp_path: Path) -> None:
    read, write = os.pipe()
    process = subprocess.Popen(program(tmp_path), stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    os.close(read)  # nobody reads even the plan: then nothing is changed
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1 and "nothing was changed" in err and "Traceback" not in err
    assert (tmp_path / "sent").read_text() == ""
    read, write = os.pipe()
    process = subprocess.Popen(program(tmp_path, hold=True), stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    plan = b""
    while b"Read just now" not in plan:
        plan += os.read(read, 65536)
    os.close(read)  # from here on every line fails
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "Traceback" not in err and "Broken" not in err


def test_what_is_under_way_is_finished_without_a_reader(tmp_path: Path) -> None:
    script = program(tmp_path)
    script[2] = script[2].replace(
        "from relman.cli.act import Consent, perform",
        "from relman.cli import act\nfrom relman.cli.act import Consent, perform\n"
        "shown = act._show_first\n"
        "def first(lines):\n    shown(lines)\n    sys.stdin.readline()\nact._show_first = first",
    )
    read, write = os.pipe()
    process = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    plan = b""
    while b"Read just now" not in plan:
        plan += os.read(read, 65536)
    os.close(read)
    _, err = process.communicate("go\n", timeout=30)
    assert (process.returncode, err) == (0, "")
    assert (tmp_path / "sent").read_text() == "tag,release"
