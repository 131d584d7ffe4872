"""What happens when relman itself fails: a report without secrets, and one sentence on the terminal."""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from msgspec import structs

from relman import __version__
from relman.errors import Problem
from relman.secret import MASK, Secret
from relman.text import clean

# The shapes of GitHub's tokens, of a credential in a URL (also in one that was taken for a path, and has lost a
# slash) and of an authorization header.
_SHAPES = (
    r"\b(?:gh[a-z]_[A-Za-z0-9_.=-]{8,}|github_pat_[A-Za-z0-9_]{8,})|(?<=://)[^/\s@:]*:[^/\s]+(?=@)"
    r"|(?<=://)[^/\s@:'\"]{1,100}:[^\s@'\"]{1,200}(?=@)"
    r"|(?<=[a-z]:/)[^/\s@:]+:[^/\s]+(?=@)"
    r"|(?i:(?<=https://)|(?<=http://)|(?<=https:/)|(?<=http:/))[^/\s]+(?=@)"
    r"|(?i:(?<=authorization: )|(?<=authorization': ')|(?<=bearer ))[^\s'\"]+(?: [^\s'\"]+)?"
)
_SECRET_NAME = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "APIKEY", "API_KEY", "CREDENTIAL")
_KNOWN: list[Secret] = []  # tokens that are in no variable: from gh's login or the keyring
_SHORTEST = 6  # a shorter value would mask ordinary words


def secrets_in(environ: Mapping[str, str]) -> tuple[Secret, ...]:
    """The values of variables that are named like secrets."""
    return tuple(
        Secret(value.strip())
        for name, value in environ.items()
        if any(word in name.upper() for word in _SECRET_NAME) and len(value.strip()) >= _SHORTEST
    )


def watch_for(secret: Secret) -> None:
    """Masks this secret, too, in whatever this process reports from now on."""
    _KNOWN.append(secret)


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """``text`` with every known secret, and everything that looks like one, masked."""
    for secret in (*secrets, *_KNOWN):
        text = secret.mask_in(text)
    return re.sub(_SHAPES, MASK, text)


def redacted(problem: Problem, secrets: Iterable[Secret]) -> Problem:
    """A problem as it may be shown: it quotes what was typed, and that may hold what should not be seen."""
    secrets = tuple(secrets)
    texts = {name: redact(getattr(problem, name), secrets) for name in ("title", "detail", "hint")}
    return structs.replace(problem, **texts)


def describe(error: BaseException, secrets: Iterable[Secret]) -> str:
    """The report: versions and the traceback without escapes, never a local variable."""
    # A frame's locals hold headers; the plain formatter shows source lines only.
    trace = "".join(traceback.format_exception(error))
    about = (
        f"relman {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    textual = sys.modules.get("textual")
    if textual is not None:  # a fault of the dashboard: the terminal may be a part of it
        terminal = " ".join(f"{name}={os.environ.get(name, '')}" for name in ("TERM", "COLORTERM"))
        about += f", textual {textual.__version__}, {terminal}"
    return redact(clean(f"{about}\n{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n\n{trace}"), secrets)


def write(error: BaseException, directory: Path, secrets: Iterable[Secret]) -> Path | None:
    """Writes the report for the user alone; None where the disk does not let us."""
    text = describe(error, secrets)
    for place in (directory, Path(tempfile.gettempdir())):
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            # mkstemp: mode 0600, and a name nobody could have put a link at.
            handle, name = tempfile.mkstemp(
                prefix=f"crash-{datetime.now(UTC):%Y%m%d-%H%M%S}-", suffix=".txt", dir=place
            )
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return Path(name)
    return None


def tell(error: BaseException, directory: Path, secrets: Iterable[Secret]) -> None:
    """Writes the report and says on stderr where it is."""
    file = write(error, directory, secrets)
    where = f" A report without secrets is in {file}." if file else ""
    hint = " Please attach it to an issue, together with the output of `relman bug-report`." if file else ""
    print(f"relman: it failed unexpectedly ({type(error).__name__}).{where}{hint}", file=sys.stderr)  # noqa: T201
