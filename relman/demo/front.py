"""The ASGI application: finds the origin by the port, strikes with faults, sends, remembers."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Mapping

from starlette.datastructures import Headers, QueryParams
from starlette.types import Receive, Scope, Send

from relman.demo import control, service, storage
from relman.demo.api import Answered, Api
from relman.demo.connections import Connections
from relman.demo.exchange import Refusal, Reply
from relman.demo.fault_replies import altered, stand_in
from relman.demo.faults import Fault
from relman.demo.limits import Allowance
from relman.demo.site import Site
from relman.demo.target import Target, target_of
from relman.demo.view import stamp

_LARGEST_BODY = 1_000_000
_NO_BODY = frozenset({204, 304})


class Front:
    """``origins`` names the origin of each port: ``api``, ``storage`` or ``service``."""

    def __init__(self, site: Site, api: Api, connections: Connections, origins: Mapping[int, str]) -> None:
        self._site = site
        self._api = api
        self._connections = connections
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        target = target_of(scope, headers)
        origin = self._origins[scope["server"][1]]
        method = scope["method"]
        body = await _read(receive)
        if body is None:
            await _send(send, Refusal(413, "Payload too large").reply(), method)
            return
        if origin == "api" and control.is_for(target.path):
            await _send(send, control.answer(self._site, method, target, headers, body), method)
            return

        fault = self._site.faults.take(origin, method, target.with_query)
        if fault is not None and not fault.after:
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind == "reset" and not fault.after:
            self._remember(origin, method, target, headers, fault, Answered(Reply(status=0), False))
            await self._connections.cut(scope, reset=True)
            return
        try:
            self._site.world.advance()
            answered = self._answer(origin, method, target, headers, body, fault)
        except Exception:  # a mistake in here must look like a server's, and be seen by whoever started it
            traceback.print_exc(file=sys.stderr)
            answered = Answered(Reply({"message": "Server Error"}, 500), False)
        if fault is not None and fault.after:
            await asyncio.sleep(fault.seconds)
        self._remember(origin, method, target, headers, fault, answered)
        if fault is not None and fault.kind == "reset":
            await self._connections.cut(scope, reset=True)
        elif fault is not None and fault.kind == "truncate":
            await _send_half(send, answered.reply)
            await self._connections.cut(scope, reset=False)
        else:
            await _send(send, answered.reply, method)

    def _answer(
        self, origin: str, method: str, target: Target, headers: Headers, body: bytes, fault: Fault | None
    ) -> Answered:
        if origin == "api":
            return self._api.answer(method, target, headers, body, fault)
        reply = stand_in(fault, Allowance("core", 0), "") if fault is not None else None
        if reply is None and origin == "storage":
            reply = storage.answer(self._site, method, target.path, QueryParams(target.query), headers)
        elif reply is None:
            reply = service.answer(self._site, method, target.path)
        assert reply is not None
        return Answered(altered(fault, reply) if fault is not None else reply, False)

    def _remember(
        self,
        origin: str,
        method: str,
        target: Target,
        headers: Headers,
        fault: Fault | None,
        answered: Answered,
    ) -> None:
        self._site.remember(
            at=stamp(self._site.clock.now()),
            origin=origin,
            form=target.form,
            method=method,
            path=target.with_query,
            status=answered.reply.status,
            conditional="if-none-match" in headers or "if-modified-since" in headers,
            authorization="authorization" in headers,
            charged=answered.charged,
            fault=fault.kind if fault is not None else None,
            user_agent=headers.get("user-agent", ""),
        )


async def _read(receive: Receive) -> bytes | None:
    """The request's body; None when it is too large."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > _LARGEST_BODY:
            return None
        if not message.get("more_body"):
            return body


def _start(reply: Reply, length: int) -> dict[str, object]:
    headers = dict(reply.headers)
    if reply.status not in _NO_BODY:
        headers |= {"content-length": str(length)}
        if reply.body is not None:
            headers.setdefault("content-type", reply.media)
    return {
        "type": "http.response.start",
        "status": reply.status,
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
        ],
    }


async def _send(send: Send, reply: Reply, method: str) -> None:
    content = reply.content()
    await send(_start(reply, len(content)))
    shown = b"" if method == "HEAD" or reply.status in _NO_BODY else content
    await send({"type": "http.response.body", "body": shown})


async def _send_half(send: Send, reply: Reply) -> None:
    content = reply.content()
    await send(_start(reply, len(content)))
    await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
