"""What becomes of an answer to a change, the same for both ways of sending one. Safe in any thread."""

from __future__ import annotations

from msgspec.structs import replace

from relman.errors import Kind, Problem, RelmanError
from relman.github.budget import Meter
from relman.github.deeds import Deed
from relman.github.errors import message_of
from relman.github.refusals import refusal_of, unknown
from relman.github.reply import Reply, decoded
from relman.secret import Secret


class Judge:
    def __init__(self, token: Secret | None, meter: Meter) -> None:
        self._token = token
        self._meter = meter

    def admit(self, deed: Deed) -> None:
        """Raises where the change may not be sent now: during a rate limit, or without a token."""
        if not self._token:
            raise RelmanError(
                Problem(
                    Kind.AUTH,
                    f"Without a token relman cannot {deed.to}",
                    hint="Set RELMAN_TOKEN or GH_TOKEN, or run `gh auth login`.",
                )
            )
        self._meter.check()

    def accept(self, reply: Reply, deed: Deed) -> Reply:
        """The answer that says it was done (2xx). Raises for every other one what it means."""
        retry_at = self._meter.feed(reply.status, reply.headers, reply.body)
        if 200 <= reply.status < 300:
            self._expect_json(reply, deed)
            return reply
        if reply.status >= 500:
            words = message_of(reply)
            reason = f"GitHub answered {reply.status}" + (f", {words}" if words else "")
            raise self.masked(unknown(deed, reason, reply.status))
        raise self.masked(RelmanError(refusal_of(reply, deed, retry_at=retry_at)))

    def masked(self, error: RelmanError) -> RelmanError:
        """The error without the token, should a server or proxy send it back in its words."""
        if not self._token:
            return error
        hide, problem = self._token.mask_in, error.problem
        return type(error)(
            replace(
                problem,
                title=hide(problem.title),
                detail=hide(problem.detail),
                hint=hide(problem.hint),
                url=hide(problem.url),
            )
        )

    def _expect_json(self, reply: Reply, deed: Deed) -> None:
        """A page of a proxy comes with 200 as well."""
        if not reply.body.strip():
            return
        try:
            decoded(reply.body)
        except ValueError:
            found = "a web page came back" if reply.is_html else "the answer is broken or cut off"
        else:
            return
        raise unknown(deed, found, reply.status)
