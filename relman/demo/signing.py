"""Signed addresses for logs and archives, good for a minute."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from urllib.parse import urlencode

from relman.demo.clock import WorldClock

LIFETIME = 60  # seconds


class Signer:
    """Signs storage paths. A client lives by real seconds, so the minute is as long as the clock is fast."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def query(self, path: str) -> str:
        expires = int(
            (self._clock.now() + timedelta(seconds=LIFETIME * max(1.0, self._clock.speed))).timestamp()
        )
        return urlencode({"se": expires, "sig": self._signature(path, expires)})

    def valid(self, path: str, expires: str, signature: str) -> bool:
        if not expires.isdigit():
            return False
        if not hmac.compare_digest(self._signature(path, int(expires)), signature):
            return False
        return self._clock.now() <= datetime.fromtimestamp(int(expires), tz=self._clock.start.tzinfo)

    def _signature(self, path: str, expires: int) -> str:
        return hmac.new(self._key, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()
