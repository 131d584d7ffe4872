"""The open connections, so that a fault can cut one."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connections:
    """Transports by the pair of addresses they connect."""

    def __init__(self) -> None:
        self._open: dict[tuple[Any, Any], asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """uvicorn's protocol, which tells here what it opens and closes."""
        registry = self._open

        class Registered(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                registry[self._ends()] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                registry.pop(self._ends(), None)
                super().connection_lost(exc)

            def _ends(self) -> tuple[Any, Any]:
                return self.client, self.server

        return Registered

    async def cut(self, scope: Scope, *, reset: bool) -> None:
        """Ends the connection of a request: with RST, or in order but in the middle of the answer."""
        transport = self._open.get((_pair(scope["client"]), _pair(scope["server"])))
        if transport is None:
            return
        raw = transport.get_extra_info("socket")
        if reset and raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
        # The protocol must have heard of it before the request's task ends, or it would report a missing answer.
        while not transport.is_closing() or (_pair(scope["client"]), _pair(scope["server"])) in self._open:
            await asyncio.sleep(0)


def _pair(address: Any) -> Any:
    return tuple(address) if address is not None else None
