"""What refreshing may remember across starts. The history is one; a process that keeps nothing is another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from relman.model.environment import Deployment
from relman.model.run import Job, Run


class Memory(Protocol):
    """Never raises: what cannot be kept is forgotten, what cannot be read was never there."""

    async def keep_runs(self, runs: Sequence[Run], raw: bytes) -> None:
        """Runs of one answer; ``raw`` its body."""
        ...

    async def unfinished(self) -> tuple[int, ...]:
        """Ids of kept runs that were still active when last seen, newest first."""
        ...

    async def forget_run(self, run_id: int) -> None: ...

    async def keep_jobs(self, run: Run, jobs: Sequence[Job], raw: bytes) -> None:
        """All jobs of a finished run that has one attempt."""
        ...

    async def jobs(self, run_id: int, attempt: int) -> tuple[Job, ...] | None:
        """The jobs of a finished run as its latest attempt shows them; None where they were not kept."""
        ...

    async def keep_deployments(self, deployments: Sequence[Deployment], raw: Mapping[int, bytes]) -> None:
        """Deployments with their statuses; ``raw`` the statuses' bodies by deployment id."""
        ...

    async def deployments(self, ids: Collection[int]) -> Mapping[int, Deployment]:
        """The kept ones of these, with statuses."""
        ...

    async def file(self, path: str, sha: str) -> str | None: ...
    async def keep_file(self, path: str, sha: str, text: str) -> None: ...


class Forgetful:
    """Remembers nothing, for a command that looks once."""

    async def keep_runs(self, runs: Sequence[Run], raw: bytes) -> None:
        return None

    async def unfinished(self) -> tuple[int, ...]:
        return ()

    async def forget_run(self, run_id: int) -> None:
        return None

    async def keep_jobs(self, run: Run, jobs: Sequence[Job], raw: bytes) -> None:
        return None

    async def jobs(self, run_id: int, attempt: int) -> tuple[Job, ...] | None:
        return None

    async def keep_deployments(self, deployments: Sequence[Deployment], raw: Mapping[int, bytes]) -> None:
        return None

    async def deployments(self, ids: Collection[int]) -> Mapping[int, Deployment]:
        return {}

    async def file(self, path: str, sha: str) -> str | None:
        return None

    async def keep_file(self, path: str, sha: str, text: str) -> None:
        return None
