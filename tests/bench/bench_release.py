"""How long the pure part of a release takes: 1,000 commits, their groups, gates and plan."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from relman.model.gates import CommitChecks
from relman.model.release import Commit, Tag
from relman.model.release_facts import Evidence, History, ReleaseIntent
from relman.model.release_plan import release_plan
from relman.model.roles import Roles
from relman.model.version import propose
from relman.model.version_tags import read_version_tags

MESSAGES = [
    "feat(api): a thing (#12)\n\nBody of several lines\nthat says why.\n\nSigned-off-by: A <a@b>",
    "fix: another\n\n* feat: a bullet\n* wip",
    "Merge pull request #7 from acme/x\n\nfix(core): merged",
    "chore(deps): bump x from 1 to 2",
    'Revert "feat(api): a thing (#12)"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.',
    "words without a type",
]


def best(call: object, times: int = 15) -> float:
    """The fastest of several, in milliseconds: what else runs on the machine only adds."""
    assert callable(call)
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found) * 1000


def main() -> None:
    """Prints the figures."""
    messages = [f"{MESSAGES[n % len(MESSAGES)]} {n}" for n in range(1000)]
    ids = [f"{n:040x}" for n in range(1000)]
    tags = read_version_tags([Tag(f"v1.{n}.0", f"{n + 5000:040x}") for n in range(300)])
    commits = tuple(Commit(sha, message) for sha, message in zip(ids, messages, strict=True))
    history = History(
        commits[0],
        "main",
        commits[0].sha,
        tags,
        base=tags.tags[0],
        since=tags.tags[0],
        commits=commits,
        total=1000,
    )
    evidence = Evidence(datetime.now(UTC), CommitChecks(), Roles())
    proposing = best(lambda: propose("1.2.3", messages, ids=ids))
    planning = best(lambda: release_plan("acme/x", history, evidence, ReleaseIntent()))
    print(f"propose, 1,000 commits          {proposing:6.1f} ms (to reach: 20)")
    print(f"whole plan, 1,000 commits       {planning:6.1f} ms")


if __name__ == "__main__":
    main()
