"""Opening a page in the browser: only pages of the forge itself, and never on the event loop."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit


def may_open(url: str, web_url: str) -> bool:
    """Whether ``url`` is an http(s) page on the host (and port) of ``web_url``, without credentials."""
    if not url.isprintable() or " " in url or "\\" in url:
        return False
    try:
        asked, home = urlsplit(url), urlsplit(web_url)
        asked_at, home_at = (asked.hostname, asked.port), (home.hostname, home.port)
    except ValueError:
        return False
    if asked.scheme not in ("http", "https") or asked.username is not None or asked.password is not None:
        return False
    if asked.scheme == "http" and home.scheme == "https":
        return False
    return asked_at[0] is not None and asked_at == home_at


def open_page(url: str) -> None:
    """Opens ``url`` in a daemon thread: a browser that hangs keeps nothing waiting."""
    import webbrowser  # seldom asked for, and not cheap to load

    threading.Thread(target=webbrowser.open, args=(url,), daemon=True, name="browser").start()
