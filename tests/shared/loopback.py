"""A real HTTP server on this machine that answers what a test tells it, down to broken bytes."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def json(self) -> object:
        """What was sent; None for no body."""
        return json.loads(self.body) if self.body else None

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass
class Say:
    """An answer. ``raw`` replaces all of it; ``hang`` keeps the connection silent; ``cut`` closes it after."""

    body: bytes | str | object = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    hang: bool = False
    cut: bool = False
    reset: bool = False

    def bytes(self) -> bytes:
        if self.raw is not None:
            return self.raw
        body = self.body
        if isinstance(body, str):
            body = body.encode()
        headers = dict(self.headers)
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json; charset=utf-8")
        if self.status not in {204, 304}:
            headers.setdefault("Content-Length", str(len(body)))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Said\r\n{head}\r\n".encode() + body


Answer = Callable[[Asked], "Say | Awaitable[Say]"]


class Loopback:
    """``asked`` holds every request; ``answer`` decides what comes back and can be replaced at any time."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.connections = 0
        self.url = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.rstrip("\r\n").split("\r\n")
                method, target, _ = first.split(" ", 2)
                pairs = (line.partition(":") for line in lines)
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                asked = Asked(method, target, headers, body)
                self.asked.append(asked)
                said = self.answer(asked)
                if not isinstance(said, Say):
                    said = await said
                if said.hang:
                    await asyncio.Event().wait()
                if said.reset:
                    writer.transport.abort()
                    return
                writer.write(said.bytes())
                await writer.drain()
                if said.cut:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def loopback(answer: Answer, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"):
    """A running server, with its address in ``url``."""
    server = Loopback(answer)
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        running.add(task)
        try:
            await server._serve(reader, writer)
        except asyncio.CancelledError:  # the test is over; the stream's own callback would complain
            writer.transport.abort()
        finally:
            running.discard(task)

    listening = await asyncio.start_server(serve, host, 0, ssl=tls)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"{'https' if tls else 'http'}://{host}:{port}"
    try:
        yield server
    finally:
        listening.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0)


def in_turn(*answers: Say) -> Answer:
    """One answer after the other; the last one stays."""
    waiting = list(answers)
    return lambda asked: waiting.pop(0) if len(waiting) > 1 else waiting[0]
