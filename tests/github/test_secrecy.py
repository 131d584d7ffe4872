"""The token is nowhere but in the header to the API's own host."""

import asyncio
import base64
import logging
import pickle
import traceback

import pytest
from github_bodies import run
from loopback import Say
from writes import EVERY

from relman.errors import RelmanError
from relman.github.etag import MemoryValidators


def everything_in(error):
    """All that a report could show of an error: its words and, of every frame but a test's, the variables."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in shown.stack if "/tests/" not in frame.filename]
    assert frames
    return "\n".join(
        [repr(error), str(error), repr(error.problem), *shown.format_exception_only()]
        + [f"{frame.name} {frame.line} {frame.locals}" for frame in frames]
    )


FAULTS = {
    "refused": lambda token: Say({"message": f"No, Bearer {token}", "errors": [token]}, status=422),
    "forbidden": lambda token: Say(
        {"message": token}, status=403, headers={"X-Accepted-GitHub-Permissions": token}
    ),
    "sso": lambda token: Say({}, status=403, headers={"X-GitHub-SSO": f"required; url=https://x/{token}"}),
    "not json": lambda token: Say(f"<html>{token}</html>"),
    "html": lambda token: Say(f"<html>{token}</html>", status=502),
    "reset": lambda token: Say(reset=True),
    "cut": lambda token: Say(raw=f"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{token}".encode(), cut=True),
    "nonsense": lambda token: Say(raw=f"{token}\r\n\r\n".encode(), cut=True),
    "moved": lambda token: Say(status=301, body=token, headers={"Location": "https://evil.invalid/"}),
    "limit": lambda token: Say({"message": token}, status=429, headers={"Retry-After": "60"}),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_no_error_shows_the_token(reading, token, caplog, fault):
    caplog.set_level(logging.DEBUG)
    async with reading(lambda asked: FAULTS[fault](token)) as (server, reader):
        with pytest.raises(RelmanError) as caught:
            await reader.run(7)
        assert token in server.asked[0].headers["authorization"]  # it was sent, and to nobody else
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert token not in everything_in(caught.value)
        assert token not in repr(reader)
    assert token not in caplog.text


async def test_no_log_line_shows_the_token_or_a_signed_address(reading, token, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)

    def answer(asked):
        if asked.path.endswith("/logs"):
            return Say(status=302, headers={"Location": "/signed?sig=SIGNED"})
        return Say(b"log") if asked.path == "/signed" else Say(run(7), headers={"ETag": '"a"'})

    kept = MemoryValidators()
    async with reading(answer, validators=kept) as (_, reader):
        await reader.run(7)
        await reader.save_job_log(9, tmp_path / "log")
    assert token not in caplog.text
    assert "SIGNED" not in caplog.text
    assert base64.b64encode(token.encode()).decode() not in caplog.text


async def test_what_is_kept_holds_no_token(reading, token):
    kept = {}

    class Watched(MemoryValidators):
        def put(self, key, validator):
            kept[key] = validator

    async with reading(lambda asked: Say(run(7), headers={"ETag": '"a"'}), validators=Watched()) as (_, reader):
        await reader.run(7)
    assert kept
    assert token not in repr(kept)
    assert token.encode() not in pickle.dumps(kept)


async def test_a_dying_task_shows_no_token(reading, token, capsys):
    async with reading(lambda asked: Say(hang=True)) as (server, reader):
        task = asyncio.create_task(reader.run(7))
        while not server.asked:
            await asyncio.sleep(0.001)
        assert token not in repr(task)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert token not in capsys.readouterr().err


WRITE_FAULTS = {name: fault for name, fault in FAULTS.items() if name != "moved"} | {
    "moved": lambda token: Say({"message": token}, 307, {"Location": f"/repos/{token}/{token}/x"}),
    "hangs": lambda token: Say(hang=True),
    "made": lambda token: Say({"sha": token, "message": token}, 201),
}


@pytest.mark.parametrize(
    ("do", "fault"),
    [(do, fault) for fault in sorted(WRITE_FAULTS) for do in ("ref", "update release")]
    + [("cancel", fault) for fault in sorted(WRITE_FAULTS) if fault != "made"],
)
async def test_no_error_of_a_change_shows_the_token(writing, token, caplog, fault, do):
    caplog.set_level(logging.DEBUG)
    async with writing(lambda asked: WRITE_FAULTS[fault](token), answer_time=1) as (server, writer):
        with pytest.raises(RelmanError) as caught:
            await EVERY[do](writer)
        assert token in server.asked[0].headers["authorization"]
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert token not in everything_in(caught.value)
        assert token not in repr(writer)
    assert token not in caplog.text
