"""What commits are about: conventional subjects by type, as (scope, subject)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

FEAT = (
    ("tools", "let an agent call several tools at once"),
    ("memory", "forget memories a user asked to delete"),
    ("api", "stream tokens over server-sent events"),
    ("auth", "accept service tokens with an expiry date"),
    ("agents", "resume an interrupted run from its last step"),
    ("tools", "add a calendar tool"),
    ("rag", "rank passages by recency as well"),
    ("api", "page through conversations by cursor"),
    ("workflows", "retry a failed node with its own limit"),
    ("monitoring", "count tokens by model and tenant"),
    ("agents", "plan before acting on long tasks"),
    ("memory", "summarise conversations past 40 turns"),
    ("auth", "support passkeys for the console"),
    ("rag", "index spreadsheets by sheet"),
    ("tools", "ask for approval before a tool spends money"),
    ("api", "return the cost of every completion"),
    ("workflows", "wait for an external signal"),
    ("agents", "hand a task over to a specialised agent"),
    ("rag", "cite the page of every answer"),
    ("monitoring", "export traces over OTLP"),
    ("memory", "share memories inside a team"),
    ("api", "cancel a running completion"),
    ("auth", "rotate signing keys without a restart"),
    ("tools", "read PDF attachments"),
    ("workflows", "schedule a workflow with a time zone"),
    ("agents", "limit how long a run may think"),
)
FIX = (
    ("api", "answer 409 when a conversation is being deleted"),
    ("memory", "close the Qdrant client on shutdown"),
    ("auth", "reject tokens signed with a retired key"),
    ("agents", "keep the order of parallel tool results"),
    ("rag", "do not split code blocks between passages"),
    ("tools", "time out a web page that never ends"),
    ("workflows", "release the lock when a node is cancelled"),
    ("monitoring", "count retried requests once"),
    ("api", "keep the connection open behind the load balancer"),
    ("memory", "escape quotes in filters"),
    ("auth", "compare webhook signatures in constant time"),
    ("agents", "stop after the third identical tool call"),
    ("rag", "handle documents without a title"),
    ("api", "return 422 instead of 500 for an empty message list"),
    ("tools", "follow at most five redirects"),
    ("workflows", "store timestamps in UTC"),
    ("memory", "retry an upsert when the collection is being optimised"),
    ("agents", "show the last error instead of the first"),
    ("auth", "invalidate sessions when a user is disabled"),
    ("api", "do not log request bodies"),
    ("monitoring", "expose the build version in the health answer"),
    ("rag", "delete passages of removed documents"),
    ("tools", "quote arguments passed to the sandbox"),
    ("api", "accept a trailing slash in the base URL"),
    ("agents", "do not lose the system prompt after a summary"),
    ("memory", "keep the score when results are merged"),
    ("workflows", "show the failing node's input"),
    ("auth", "allow a clock difference of 30 seconds"),
    ("rag", "read text files that are not UTF-8"),
    ("api", "send the retry-after header with 429"),
)
PERF = (
    ("rag", "embed passages in batches of 64"),
    ("memory", "reuse one HTTP connection to Qdrant"),
    ("api", "serialise answers with orjson"),
    ("agents", "cache tool schemas between steps"),
    ("auth", "keep verified keys for five minutes"),
)
REFACTOR = (
    ("agents", "move the planner out of the loop"),
    ("tools", "give every tool its own module"),
    ("api", "declare dependencies as annotated types"),
    ("memory", "hide Qdrant behind a store protocol"),
    ("workflows", "replace the state dictionary by a dataclass"),
    ("rag", "separate reading from splitting"),
)
DOCS = (
    ("api", "describe error answers"),
    ("tools", "show how to write a tool"),
    ("", "explain how to run the stack locally"),
    ("workflows", "draw the states of a node"),
    ("", "note which settings need a restart"),
)
TEST = (
    ("agents", "cover a run that is resumed twice"),
    ("memory", "run the store tests against a real Qdrant"),
    ("auth", "check every route without a token"),
    ("rag", "add a document with right-to-left text"),
    ("api", "freeze the schema of the public routes"),
)
CHORE = (
    ("", "drop Python 3.10"),
    ("docker", "run as an unprivileged user"),
    ("", "sort the settings by name"),
    ("docker", "move to the slim base image"),
)
CI = (
    ("", "cache pip downloads by lock file"),
    ("", "keep test reports for 14 days"),
    ("", "stop older runs of a pull request"),
)
PACKAGES = (
    ("httpx", "0.27.0", "0.27.2"),
    ("fastapi", "0.115.0", "0.115.6"),
    ("redis", "5.0.8", "5.2.1"),
    ("qdrant-client", "1.11.3", "1.12.1"),
    ("pydantic", "2.9.2", "2.10.4"),
    ("uvicorn", "0.30.6", "0.34.0"),
    ("orjson", "3.10.7", "3.10.12"),
    ("openai", "1.51.0", "1.58.1"),
    ("structlog", "24.2.0", "24.4.0"),
    ("tenacity", "9.0.0", "9.1.2"),
    ("prometheus-client", "0.20.0", "0.21.1"),
    ("cryptography", "43.0.1", "44.0.0"),
    ("pytest", "8.3.2", "8.3.4"),
    ("mypy", "1.11.2", "1.13.0"),
    ("aiohttp", "3.9.5", "3.10.11"),
    ("sqlalchemy", "2.0.35", "2.0.36"),
)

_KINDS = (
    ("feat", FEAT, 20),
    ("fix", FIX, 36),
    ("perf", PERF, 5),
    ("refactor", REFACTOR, 12),
    ("docs", DOCS, 8),
    ("test", TEST, 9),
    ("chore", CHORE, 5),
    ("ci", CI, 5),
)

FOLLOW_UPS = (
    "address review comments",
    "cover the error path",
    "name the constant",
    "simplify the loop",
    "add a test for the empty case",
    "fix a typo in the docstring",
)


@dataclass(frozen=True, slots=True)
class Subject:
    kind: str
    scope: str
    text: str

    @property
    def title(self) -> str:
        return f"{self.kind}({self.scope}): {self.text}" if self.scope else f"{self.kind}: {self.text}"

    @property
    def slug(self) -> str:
        return "-".join("".join(c if c.isalnum() else " " for c in self.text.lower()).split()[:5])


class Subjects:
    """Deals subjects of a believable mixture; none comes twice before all of its kind came once."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._decks: dict[str, list[tuple[str, str]]] = {}
        self._packages: list[tuple[str, str, str]] = []
        self._versions: dict[str, str] = {}

    def deal(self) -> Subject:
        kind, table, _ = self._rng.choices(_KINDS, [weight for *_, weight in _KINDS])[0]
        return self.deal_kind(kind, table)

    def deal_kind(self, kind: str, table: tuple[tuple[str, str], ...]) -> Subject:
        deck = self._decks.setdefault(kind, [])
        if not deck:
            deck.extend(self._rng.sample(table, len(table)))
        scope, text = deck.pop()
        return Subject(kind, scope, text)

    def deal_update(self) -> Subject:
        """A dependency update."""
        if not self._packages:
            self._packages.extend(self._rng.sample(PACKAGES, len(PACKAGES)))
        package, before, after = self._packages.pop()
        if package in self._versions:  # the table is used up: one patch further
            before = self._versions[package]
            line, _, patch = before.rpartition(".")
            after = f"{line}.{int(patch) + 1}"
        self._versions[package] = after
        return Subject("build", "deps", f"bump {package} from {before} to {after}")
