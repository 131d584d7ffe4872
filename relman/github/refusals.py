"""From GitHub's refusal of a change to a problem that says what to do. Nothing was changed in any of them.

The words that tell the cases apart are GitHub's, as recorded from it. What is not known by its words still
ends with them, the right that would have sufficed and a way on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from msgspec import Struct

from relman.errors import Kind, OutcomeUnknownError, Problem, RelmanError
from relman.github.address import checked_repo
from relman.github.deeds import Deed
from relman.github.errors import barred, is_limit, message_of, needed_rights, problem_of
from relman.github.reply import Reply
from relman.github.requests import Request
from relman.text import clean_line

_ABOUT_RIGHTS = (
    "access",
    "admin",
    "allow",
    "author",
    "denied",
    "forbidden",
    "must have",
    "permi",
    "right",
    "scope",
)
_SHARED = frozenset({401, 407, 451})  # the same for a read and for a change


class _Case(Struct, frozen=True):
    """Every one of ``words`` (in lower case) in the server's own: then this is what it means."""

    words: tuple[str, ...]
    kind: Kind
    title: str  # with {deed}
    hint: str


_LOOK_AGAIN = "Look again, then decide anew."
_BURNT = (
    "That name is used up for good: an immutable release had it, and deleting the release does not free it. "
    "Take the next version."
)
_RULES = (
    "A ruleset or a protection forbids it: see the repository's rules; somebody whom they let pass can do it. "
    "A tag name that an immutable release once had is refused in the same words."
)
_REVIEWER = (
    "Somebody else has to review: one of the environment's reviewers, and, where it forbids self-review, not "
    "the one who started the run."
)
_INPUTS = "Could not {deed}: the inputs do not fit"
_COMPARE = "Compare them with those of the workflow's file on that branch or tag."
_CASES = (
    _Case(
        ("archived",),
        Kind.REFUSED,
        "The repository is archived: nothing in it can change",
        "Unarchive it first.",
    ),
    _Case(("immutable release", "asset"), Kind.CONFLICT, "An immutable release takes no more files", _BURNT),
    _Case(("immutable release",), Kind.CONFLICT, "GitHub refused to {deed}: the name is burnt", _BURNT),
    _Case(("rule violations",), Kind.PERMISSION, "A rule forbids to {deed}", _RULES),
    _Case(("creations being restricted",), Kind.PERMISSION, "A rule forbids to {deed}", _RULES),
    _Case(("protected branch",), Kind.PERMISSION, "A rule forbids to {deed}", _RULES),
    _Case(("protected tag",), Kind.PERMISSION, "A rule forbids to {deed}", _RULES),
    _Case(
        ("without `workflow` scope",),
        Kind.PERMISSION,
        "The token may not {deed}: the commit changes workflow files",
        "Give it the scope workflow, or Workflows: write.",
    ),
    _Case(
        ("reference already exists",),
        Kind.CONFLICT,
        "Could not {deed}: it exists already",
        "It was not moved. Look what it points at.",
    ),
    _Case(
        ("pull request already exists",),
        Kind.CONFLICT,
        "Could not {deed}: there is one already",
        "Use the one that is open.",
    ),
    _Case(
        ("already exists",),
        Kind.CONFLICT,
        "Could not {deed}: it exists already",
        "Nothing was changed. Look what is there.",
    ),
    _Case(
        ("no commits between",),
        Kind.CONFLICT,
        "Could not {deed}: the branches do not differ",
        "Push the commits first.",
    ),
    _Case(
        ("object does not exist",),
        Kind.NOT_FOUND,
        "Could not {deed}: GitHub does not have the commit",
        "Push it first.",
    ),
    _Case(
        ("no pending deployment",),
        Kind.CONFLICT,
        "Could not {deed}: nothing waits for a review any more",
        "Look again: somebody may have reviewed it, or the run was cancelled.",
    ),
    _Case(("self", "review"), Kind.PERMISSION, "You may not {deed}", _REVIEWER),
    _Case(("own deployment",), Kind.PERMISSION, "You may not {deed}", _REVIEWER),
    _Case(("required reviewer",), Kind.PERMISSION, "You may not {deed}", _REVIEWER),
    _Case(("not authorized to review",), Kind.PERMISSION, "You may not {deed}", _REVIEWER),
    _Case(("cannot review",), Kind.PERMISSION, "You may not {deed}", _REVIEWER),
    _Case(
        ("no failed jobs",), Kind.CONFLICT, "Could not {deed}: none failed", "Re-run all of it, or look again."
    ),
    _Case(
        ("could not delete the workflow run",),
        Kind.CONFLICT,
        "Could not {deed}",
        "GitHub deletes only runs that have ended: wait, or cancel it first.",
    ),
    _Case(
        ("created over a month ago",),
        Kind.GONE,
        "Could not {deed}: it is too old",
        "GitHub re-runs within 30 days. Start a new run.",
    ),
    _Case(
        ("already running",),
        Kind.CONFLICT,
        "Could not {deed}: it is still running",
        "Wait, or cancel it first.",
    ),
    _Case(
        ("disabled workflow",),
        Kind.CONFLICT,
        "Could not {deed}: it is switched off",
        "Enable the workflow on GitHub first.",
    ),
    _Case(
        ("workflow_dispatch", "trigger"),
        Kind.INVALID,
        "Could not {deed}: it has no workflow_dispatch there",
        "Its file on that branch or tag needs `on: workflow_dispatch`, and so does the one on the default branch.",
    ),
    _Case(
        ("no ref found",),
        Kind.NOT_FOUND,
        "Could not {deed}: GitHub shows no such branch or tag",
        "A workflow is started on a branch or a tag, not on a commit.",
    ),
    _Case(("required input",), Kind.INVALID, _INPUTS, _COMPARE),
    _Case(("unexpected inputs",), Kind.INVALID, _INPUTS, _COMPARE),
    _Case(("for input",), Kind.INVALID, _INPUTS, _COMPARE),
    _Case(
        ("valid tag",),
        Kind.INVALID,
        "Could not {deed}: a published release needs its tag",
        "Create the tag first.",
    ),
)


def refusal_of(
    reply: Reply, deed: Deed, *, authenticated: bool = True, retry_at: datetime | None = None
) -> Problem:
    """What an answer of status 3xx or 4xx to a change means: it was not made."""
    words, status = message_of(reply), reply.status
    if status in _SHARED or is_limit(reply):
        return problem_of(reply, Request("", deed.to), authenticated=authenticated, retry_at=retry_at)
    if status < 400:
        return _moved(reply, deed)
    if status == 403 and (problem := barred(reply, f"what is needed to {deed.to}", words)):
        return problem
    lower = words.lower()
    if status in {403, 409, 422}:
        for case in _CASES:
            if all(word in lower for word in case.words):
                return Problem(case.kind, case.title.format(deed=deed.to), words, case.hint, status=status)
    return _BY_STATUS.get(status, _refused)(reply, deed, words)


def _may_not(reply: Reply, deed: Deed, words: str) -> Problem:
    if words and not any(word in words.lower() for word in _ABOUT_RIGHTS):  # 403 is also said of states
        hint = f"{_LOOK_AGAIN} If it is a right that is missing: it takes {deed.right}."
        return Problem(Kind.CONFLICT, f"GitHub would not {deed.to}", words, hint, status=reply.status)
    rights = needed_rights(reply)
    if rights:
        hint = f"Give the token {rights}."
    elif "x-oauth-scopes" in reply.headers and reply.header("x-accepted-oauth-scopes"):
        hint = "The token's scopes suffice: whoever it belongs to needs write access to the repository."
    else:
        hint = f"It takes {deed.right}, and write access to the repository."
    return Problem(Kind.PERMISSION, f"The token may not {deed.to}", words, hint, status=reply.status)


def _not_shown(reply: Reply, deed: Deed, words: str) -> Problem:
    rights = needed_rights(reply) or deed.right
    hint = f"What it is done to may be absent, or the token may not do it: that takes {rights}."
    return Problem(Kind.NOT_FOUND, f"GitHub did not {deed.to}", words, hint, status=reply.status)


def _conflict(reply: Reply, deed: Deed, words: str) -> Problem:
    if "empty" in words.lower():
        return Problem(
            Kind.CONFLICT,
            f"Could not {deed.to}: no commit yet",
            words,
            "Push a first one.",
            status=reply.status,
        )
    return Problem(
        Kind.CONFLICT,
        f"Could not {deed.to}: the state is another by now",
        words,
        _LOOK_AGAIN,
        status=reply.status,
    )


def _gone(reply: Reply, deed: Deed, words: str) -> Problem:
    return Problem(
        Kind.GONE, f"Could not {deed.to}: GitHub no longer keeps it", words, _LOOK_AGAIN, status=reply.status
    )


def _refused(reply: Reply, deed: Deed, words: str) -> Problem:
    hint = "Nothing was changed. If what was asked looks right, report it with `relman bug-report`."
    return Problem(
        Kind.INVALID, f"GitHub refused to {deed.to} ({reply.status})", words, hint, status=reply.status
    )


_BY_STATUS: dict[int, Callable[[Reply, Deed, str], Problem]] = {
    403: _may_not,
    404: _not_shown,
    409: _conflict,
    410: _gone,
}


def _moved(reply: Reply, deed: Deed) -> Problem:
    """A change is never sent on: the person named a repository, and it is another name now."""
    name = _new_name(reply.header("location"))
    where = f"it is {name} now" if name else "GitHub knows it under another name"
    hint = (
        f"Nothing was changed. Write {name} in relman.toml or after --repo, if that is the one you mean."
        if name
        else "Nothing was changed. Look up its name on GitHub, and check the API address."
    )
    return Problem(
        Kind.CONFIG, f"Could not {deed.to}: the repository has moved", where, hint, status=reply.status
    )


def _new_name(location: str) -> str:
    """``owner/name`` in the address a redirect leads to; "" where it does not say it."""
    try:
        path = urlsplit(location).path
    except ValueError:
        return ""
    _, _, rest = path.partition("/repos/")
    name = "/".join(rest.split("/")[:2])
    try:
        return checked_repo(name)
    except RelmanError:
        return ""


def unknown(deed: Deed, reason: str, status: int | None = None) -> RelmanError:
    """It was sent, and no answer says what became of it."""
    if not deed.stores:
        return RelmanError(
            Problem(Kind.SERVER, f"GitHub did not {deed.to}", clean_line(reason), "Try again.", status=status)
        )
    return OutcomeUnknownError(
        Problem(
            Kind.UNKNOWN,
            f"Not known whether it happened: {deed.to}",
            clean_line(reason),
            "Look before doing it again: GitHub may have done it.",
            status=status,
        )
    )


def not_sent(deed: Deed, reason: str, hint: str = "") -> RelmanError:
    """No connection, so nothing happened."""
    return RelmanError(
        Problem(
            Kind.NETWORK,
            f"No connection to GitHub: could not {deed.to}",
            clean_line(reason),
            hint or "Nothing was changed. Check the network, HTTPS_PROXY and the API address.",
        )
    )
