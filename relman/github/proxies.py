"""Which proxy an address is asked for through: the standard library's reading of the environment."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

from relman.github.address import is_loopback


class Proxies:
    """``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` as they are now.

    This machine itself is never asked for through a proxy.
    """

    def __init__(self) -> None:
        self._known = getproxies()

    def between(self, scheme: str, host: str) -> str | None:
        """The proxy's address, with a scheme; None for the direct way."""
        proxy = self._known.get(scheme) or self._known.get("all")
        if not proxy or is_loopback(host) or proxy_bypass(host):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"
