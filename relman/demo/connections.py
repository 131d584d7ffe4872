"""The open connections, so that a fault can cut one."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

Ends = tuple[Any, Any]
"""The addresses of the client and of the server."""


@dataclass(slots=True)
class _Open:
    transport: asyncio.Transport
    lost: asyncio.Event = field(default_factory=asyncio.Event)


class Connections:
    """What is open, by the pair of addresses it connects."""

    def __init__(self) -> None:
        self._open: dict[Ends, _Open] = {}

    def protocol(self) -> type[H11Protocol]:
        """uvicorn's protocol, which tells here what it opens and closes."""
        registry = self._open

        class Registered(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                registry[self.client, self.server] = _Open(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                if (known := registry.pop((self.client, self.server), None)) is not None:
                    known.lost.set()

        return Registered

    async def cut(self, scope: Scope, *, reset: bool) -> None:
        """Ends the connection of a request: with RST, or in order but in the middle of the answer."""
        known = self._open.get((scope["client"], scope["server"]))
        if known is None:
            return
        if reset:
            raw = known.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            known.transport.abort()
        else:
            known.transport.close()
        # The protocol must have heard of it before the request's task ends, or it would miss an answer.
        await known.lost.wait()
