"""The journal: on the disk before anything goes on, whole lines from many writers, never a secret."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from small_change import NOW, Intent, bench

from relman.actions.journal import Journal
from relman.errors import RelmanError
from relman.model.journal import Entry
from relman.model.operation import Ended, Outcome

ROOT = Path(__file__).parents[2]
ENTRY = Entry(NOW, "20261123T120000-abc", "before", "release", "acme/agentic-backend", "v1.9.0 at 1a2b3c4")


def plain(path: Path) -> Journal:
    return Journal(path, lambda text: text)


async def test_what_is_written_is_read(tmp_path: Path) -> None:
    journal = plain(tmp_path / "deep" / "journal.jsonl")
    assert await journal.read() == ()
    entries = (replace(ENTRY, phase="begin"), replace(ENTRY, step="tag", request="POST /x", who="mara"))
    for entry in entries:
        await journal.write(entry)
    assert await journal.read() == entries
    assert journal.path.stat().st_mode & 0o777 == 0o600
    assert journal.path.parent.stat().st_mode & 0o777 == 0o700


@given(st.lists(st.text(min_size=1), min_size=13, max_size=13))
def test_any_text_stays_on_its_line(texts: list[str]) -> None:
    names = [name for name in Entry.__struct_fields__ if name not in ("at", "operation")]
    entry = replace(ENTRY, **dict(zip(names, texts, strict=True)))
    line = json.dumps(Journal(Path("unused"), lambda text: text)._fields(entry))
    assert "\n" not in line and "\\u001b" not in line


async def test_torn_and_strange_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    journal = plain(tmp_path / "journal.jsonl")
    await journal.write(ENTRY)
    with journal.path.open("ab") as file:
        file.write(b'[1]\n{"at":"2026-11-23T12:00:00","operation":"naive"}\n\xff\xfe\n{"at":5}\n')
        file.write(b"[" * 5000 + b'\n{"at":"2026-11-23T12:00:00Z","operation":["x"]}\n{"at":"2026-11-')
    await journal.write(replace(ENTRY, phase="after"))
    assert [entry.phase for entry in await journal.read()] == ["before", "after"]
    entries, unread = await journal.look()
    assert (len(entries), unread) == (2, 7)


async def test_only_the_newest_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relman.actions.journal._READ", 2000)
    journal = plain(tmp_path / "journal.jsonl")
    for number in range(50):
        await journal.write(replace(ENTRY, detail=str(number)))
    read = await journal.read()
    assert 0 < len(read) < 20 and read[-1].detail == "49"


WRITER = """
import asyncio, sys
sys.path.insert(0, {root!r})
from msgspec.structs import replace
from pathlib import Path
from tests.actions.test_journal import ENTRY, plain

async def main():
    for number in range(60):
        await plain(Path({path!r})).write(replace(ENTRY, operation={name!r}, detail=f"{{number}} " + "x" * 3000))
asyncio.run(main())
"""


def test_several_processes_write_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER.format(root=str(ROOT), path=str(path), name=name)],
            env={**os.environ, "PYTHONPATH": str(ROOT / "tests/shared")},
        )
        for name in ("one", "two", "three")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    lines = path.read_text().splitlines()
    assert len(lines) == 180
    for name in ("one", "two", "three"):
        mine = [json.loads(line) for line in lines if json.loads(line)["operation"] == name]
        assert [int(entry["detail"].split()[0]) for entry in mine] == list(range(60))


FULL = """
import asyncio, resource, signal, sys
sys.path[:0] = [{root!r}, {shared!r}]
from pathlib import Path
from small_change import Intent, bench
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

async def main():
    there = bench(Path({home!r}))
    there.journal.path.parent.mkdir(parents=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
    prepared = await there.operator.prepare(there.action, Intent())
    events = [event async for event in there.operator.run(prepared)]
    print(repr([there.world.sent, str(events[-1].outcome), events[-1].problem.title]))
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on files")
@pytest.mark.parametrize(("limit", "sent"), [(0, []), (100, []), (350, []), (700, ["tag"])])
def test_on_a_full_disk_nothing_more_is_sent(tmp_path: Path, limit: int, sent: list[str]) -> None:
    text = FULL.format(root=str(ROOT), shared=str(ROOT / "tests/shared"), home=str(tmp_path), limit=limit)
    ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == repr([sent, "failed", "The journal cannot be written"])


async def test_a_directory_in_its_place_stops_everything(tmp_path: Path) -> None:
    there = bench(tmp_path)
    there.journal.path.mkdir(parents=True)
    prepared = await there.operator.prepare(there.action, Intent())
    (ended,) = [event async for event in there.operator.run(prepared)]
    assert (
        isinstance(ended, Ended) and ended.outcome is Outcome.FAILED and "nothing was changed" in ended.sentence
    )
    assert there.world.sent == []
    with pytest.raises(RelmanError):
        await there.journal.read()


async def test_each_line_is_on_the_disk_before_the_step_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = bench(tmp_path)
    order: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        real(handle)
        if not Path(f"/proc/self/fd/{handle}").is_dir():
            order.append(json.loads(there.journal.path.read_text().splitlines()[-1])["phase"])

    class Sent(list[str]):
        def append(self, step: str) -> None:
            order.append(f"sent {step}")

    monkeypatch.setattr(os, "fsync", fsync)
    there.world.sent = Sent()
    prepared = await there.operator.prepare(there.action, Intent())
    async for _ in there.operator.run(prepared):
        pass
    assert order == ["begin", "before", "sent tag", "after", "before", "sent release", "after", "end"]


async def test_many_at_once_in_one_process(tmp_path: Path) -> None:
    journal = plain(tmp_path / "journal.jsonl")
    await asyncio.gather(*(journal.write(replace(ENTRY, detail=str(number))) for number in range(40)))
    assert sorted(int(entry.detail) for entry in await journal.read()) == list(range(40))
