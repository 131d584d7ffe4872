"""The error tree. Every error a person can meet says what is wrong and what to do about it.

A :class:`Problem` is the value (frozen, comparable, can be stored in a board section and printed);
a :class:`RelmanError` carries one through a call stack.
"""

# Annotations are no strings here: the last board is read by them, and each would be compiled at every start.

from datetime import datetime
from enum import IntEnum, StrEnum

from msgspec import Struct


class Exit(IntEnum):
    """Exit codes of every relman command."""

    OK = 0
    FAILED = 1  # failed, or a check found something
    USAGE = 2
    REFUSED = 3  # read-only, gate, permission, stale
    AUTH = 4
    UNKNOWN = 5  # outcome unknown
    INTERRUPTED = 130


class Kind(StrEnum):
    """What sort of problem it is; decides the exit code and what a screen offers next."""

    USAGE = "usage"  # wrong command line
    CONFIG = "config"  # wrong configuration file
    AUTH = "auth"  # no token, or the token is dead
    PERMISSION = "permission"  # the token may not do this
    SSO = "sso"  # the token is not authorised for the organisation
    PLAN = "plan"  # the repository's plan does not have this
    NOT_FOUND = "not-found"  # absent or not visible: GitHub does not tell which
    GONE = "gone"  # expired: logs, artifacts
    NOT_YET = "not-yet"  # will exist later: the log of a running job
    CONFLICT = "conflict"  # state conflict; look again
    INVALID = "invalid"  # the request was refused as wrong
    RATE_LIMIT = "rate-limit"  # primary or secondary; `retry_at` says until when
    SERVER = "server"  # 5xx, or an answer that is not what it should be
    NETWORK = "network"  # no connection, time-out, reset
    REFUSED = "refused"  # read-only, gate, stale
    UNKNOWN = "unknown"  # a change was sent, its outcome is not known
    LOCAL = "local"  # this machine: disk full, file not readable


_EXITS = {
    Kind.USAGE: Exit.USAGE,
    Kind.CONFIG: Exit.USAGE,
    Kind.AUTH: Exit.AUTH,
    Kind.PERMISSION: Exit.REFUSED,
    Kind.SSO: Exit.REFUSED,
    Kind.REFUSED: Exit.REFUSED,
    Kind.UNKNOWN: Exit.UNKNOWN,
}


class Problem(Struct, frozen=True):
    """What is wrong, in words for a person.

    ``title`` is one short line, ``detail`` the other side's own words (cleaned), ``hint`` what to do.
    ``retry_at`` is an aware time before which asking again is useless; ``url`` a page that helps.
    """

    kind: Kind
    title: str
    detail: str = ""
    hint: str = ""
    retry_at: datetime | None = None
    url: str = ""
    status: int | None = None  # the HTTP status, where there was one

    @property
    def exit_code(self) -> Exit:
        return _EXITS.get(self.kind, Exit.FAILED)

    def sentence(self) -> str:
        """Title, detail and hint in one line."""
        parts = [self.title.rstrip(".")]
        if self.detail:
            parts.append(self.detail.rstrip("."))
        line = ": ".join(parts)
        return f"{line}. {self.hint}" if self.hint else f"{line}."


class RelmanError(Exception):
    """A :class:`Problem` on its way up to where it is shown."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence())
        self.problem = problem


class OutcomeUnknownError(RelmanError):
    """A change was sent and nobody knows whether it happened: no answer, a broken one, or a server's failure.

    Only a look can tell. It must not be sent again before.
    """


def usage_error(title: str, *, detail: str = "", hint: str = "") -> RelmanError:
    """A wrong command line (exit code 2)."""
    return RelmanError(Problem(Kind.USAGE, title, detail, hint))


def reason_of(error: BaseException) -> str:
    """Why a connection failed, in words, from the innermost cause that says it; "" where none does.

    Looks at attributes rather than types, so that neither ``ssl`` nor ``socket`` is loaded for it.
    """
    reason, seen, waiting = "", set(), [error]
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        certificate = getattr(cause, "verify_message", "")
        if certificate:
            return f"the certificate is not trusted ({certificate})"
        if type(cause).__name__.startswith("SSL"):
            words = str(getattr(cause, "reason", "") or "").replace("_", " ").lower()
            if words or not reason:  # libraries wrap one in another of the same name, which says less
                reason = f"no encrypted connection ({words})" if words else "no encrypted connection"
        elif type(cause).__name__ == "gaierror":
            return "the name is not known here (DNS)"
        elif isinstance(cause, ConnectionRefusedError):
            reason = "nothing listens there"
        elif isinstance(cause, ConnectionResetError | BrokenPipeError):
            reason = "the other side closed the connection"
        elif isinstance(cause, OSError) and cause.errno and cause.strerror:
            reason = cause.strerror.lower()
        waiting += [next_ for next_ in (cause.__cause__, cause.__context__) if next_ is not None]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
    return reason
