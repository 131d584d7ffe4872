"""Every read as a value: what is asked, where, and in which words a failure names it.

A request knows nothing of hosts and tokens. Paths are percent-encoded segment by segment, so that an
environment called ``a/b`` stays one segment.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from msgspec import Struct

from relman.text import clean_line

JSON = "application/vnd.github+json"
RAW = "application/vnd.github.raw+json"
PAGE = 100  # GitHub's largest page

Value = str | int | bool | None


class Request(Struct, frozen=True):
    """One read. ``path`` starts with ``/``; ``what`` names it in a sentence: "the jobs of run 7"."""

    path: str
    what: str
    query: tuple[tuple[str, str], ...] = ()
    accept: str = JSON
    method: str = "GET"

    def url(self, api_url: str) -> str:
        address = api_url.rstrip("/") + self.path
        return f"{address}?{urlencode(self.query, errors='surrogatepass')}" if self.query else address

    def at_page(self, page: int) -> Request:
        """The same list, another page (from 1)."""
        query = (*((name, value) for name, value in self.query if name != "page"), ("page", str(page)))
        return Request(self.path, self.what, query, self.accept, self.method)

    @property
    def page(self) -> int:
        return int(dict(self.query).get("page", "1"))

    @property
    def per_page(self) -> int:
        return int(dict(self.query).get("per_page", "30"))


def segment(value: str) -> str:
    """``value`` as exactly one path segment; ``.`` and ``..`` would otherwise walk up the path."""
    return value.replace(".", "%2E") if value in {".", ".."} else quote(value, safe="", errors="surrogatepass")


def segments(path: str) -> str:
    """A path of several segments, each encoded."""
    return "/".join(segment(part) for part in path.strip("/").split("/"))


def _query(values: Mapping[str, Value]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in values.items()
        if value is not None
    )


class RepositoryRequests:
    """The reads of one repository, given as ``owner/name``."""

    __slots__ = ("_root", "repo")

    def __init__(self, repo: str) -> None:
        self.repo = repo
        self._root = f"/repos/{segments(repo)}"

    def _get(self, path: str, what: str, accept: str = JSON, **query: Value) -> Request:
        return Request(self._root + path, what, _query(query), accept)

    def repository(self) -> Request:
        return self._get("", f"the repository {clean_line(self.repo)}")

    def workflows(self) -> Request:
        return self._get("/actions/workflows", "the workflows", per_page=PAGE)

    def workflow_file(self, path: str, ref: str) -> Request:
        what = f"the file {clean_line(path)} at {clean_line(ref)}"
        return self._get(f"/contents/{segments(path)}", what, RAW, ref=ref)

    def runs(
        self,
        *,
        workflow: int | str | None = None,
        branch: str | None = None,
        event: str | None = None,
        status: str | None = None,
        actor: str | None = None,
        head_sha: str | None = None,
        created: str | None = None,
        per_page: int = PAGE,
        page: int = 1,
    ) -> Request:
        path, what = "/actions/runs", "the workflow runs"
        if workflow is not None:
            path = f"/actions/workflows/{segment(str(workflow))}/runs"
            what = f"the runs of workflow {clean_line(str(workflow))}"
        return self._get(
            path,
            what,
            actor=actor,
            branch=branch,
            event=event,
            status=status,
            created=created,
            head_sha=head_sha,
            exclude_pull_requests=True,  # the body is much smaller without
            per_page=_bounded(per_page),
            page=page,
        )

    def run(self, run_id: int) -> Request:
        return self._get(f"/actions/runs/{run_id}", f"run {run_id}")

    def attempt(self, run_id: int, attempt: int) -> Request:
        return self._get(f"/actions/runs/{run_id}/attempts/{attempt}", f"attempt {attempt} of run {run_id}")

    def jobs(self, run_id: int, *, attempt: int | None = None, every_attempt: bool = False) -> Request:
        if attempt is not None:
            what = f"the jobs of attempt {attempt} of run {run_id}"
            return self._get(f"/actions/runs/{run_id}/attempts/{attempt}/jobs", what, per_page=PAGE)
        scope = "all" if every_attempt else "latest"
        return self._get(
            f"/actions/runs/{run_id}/jobs", f"the jobs of run {run_id}", filter=scope, per_page=PAGE
        )

    def job(self, job_id: int) -> Request:
        return self._get(f"/actions/jobs/{job_id}", f"job {job_id}")

    def job_log(self, job_id: int) -> Request:
        return self._get(f"/actions/jobs/{job_id}/logs", f"the log of job {job_id}")

    def run_log(self, run_id: int, attempt: int | None = None) -> Request:
        if attempt is not None:
            what = f"the logs of attempt {attempt} of run {run_id}"
            return self._get(f"/actions/runs/{run_id}/attempts/{attempt}/logs", what)
        return self._get(f"/actions/runs/{run_id}/logs", f"the logs of run {run_id}")

    def annotations(self, check_run_id: int) -> Request:
        what = f"the annotations of job {check_run_id}"
        return self._get(f"/check-runs/{check_run_id}/annotations", what, per_page=PAGE)

    def pending_deployments(self, run_id: int) -> Request:
        return self._get(f"/actions/runs/{run_id}/pending_deployments", f"what run {run_id} waits for")

    def approvals(self, run_id: int) -> Request:
        return self._get(f"/actions/runs/{run_id}/approvals", f"the reviews of run {run_id}")

    def environments(self) -> Request:
        return self._get("/environments", "the environments", per_page=PAGE)

    def branch_policies(self, environment: str) -> Request:
        what = f"the branch and tag rules of environment {clean_line(environment)}"
        return self._get(
            f"/environments/{segment(environment)}/deployment-branch-policies", what, per_page=PAGE
        )

    def custom_rules(self, environment: str) -> Request:
        what = f"the apps that decide about environment {clean_line(environment)}"
        return self._get(f"/environments/{segment(environment)}/deployment_protection_rules", what)

    def protected_branch(self) -> Request:
        return self._get("/branches", "the protected branches", protected="true", per_page=1)

    def deployments(
        self, *, environment: str | None = None, sha: str | None = None, per_page: int = 30, page: int = 1
    ) -> Request:
        what = "the deployments" if environment is None else f"the deployments to {clean_line(environment)}"
        return self._get(
            "/deployments", what, environment=environment, sha=sha, per_page=_bounded(per_page), page=page
        )

    def deployment_statuses(self, deployment_id: int) -> Request:
        what = f"the statuses of deployment {deployment_id}"
        return self._get(f"/deployments/{deployment_id}/statuses", what, per_page=PAGE)

    def tags(self, *, per_page: int = PAGE, page: int = 1) -> Request:
        return self._get("/tags", "the tags", per_page=_bounded(per_page), page=page)

    def releases(self, *, per_page: int = 30, page: int = 1) -> Request:
        return self._get("/releases", "the releases", per_page=_bounded(per_page), page=page)

    def compare(self, base: str, head: str) -> Request:
        what = f"the commits from {clean_line(base)} to {clean_line(head)}"
        return self._get(f"/compare/{segment(base)}...{segment(head)}", what, per_page=PAGE)

    def commits(self, ref: str, *, per_page: int = PAGE, page: int = 1) -> Request:
        what = f"the commits of {clean_line(ref)}"
        return self._get("/commits", what, sha=ref, per_page=_bounded(per_page), page=page)

    def commit(self, ref: str) -> Request:
        return self._get(f"/commits/{segment(ref)}", f"the commit {clean_line(ref)}")

    def branch(self, name: str) -> Request:
        return self._get(f"/branches/{segment(name)}", f"the branch {clean_line(name)}")

    def tag_ref(self, name: str) -> Request:
        return self._get(f"/git/ref/tags/{segments(name)}", f"the tag {clean_line(name)}")

    def tag_object(self, sha: str) -> Request:
        return self._get(f"/git/tags/{segment(sha)}", f"the tag object {clean_line(sha)}")

    def latest_release(self) -> Request:
        return self._get("/releases/latest", "the latest release")

    def release_of_tag(self, tag: str) -> Request:
        return self._get(f"/releases/tags/{segment(tag)}", f"the release of {clean_line(tag)}")

    def check_runs(self, sha: str) -> Request:
        what = f"the checks of commit {clean_line(sha)}"
        return self._get(f"/commits/{segment(sha)}/check-runs", what, filter="all", per_page=PAGE)

    def commit_statuses(self, sha: str) -> Request:
        what = f"the statuses of commit {clean_line(sha)}"
        return self._get(f"/commits/{segment(sha)}/status", what, per_page=PAGE)

    def rulesets(self, target: str) -> Request:
        what = f"the rulesets for {'branches' if target == 'branch' else f'{clean_line(target)}s'}"
        return self._get("/rulesets", what, includes_parents=True, targets=target, per_page=PAGE)

    def ruleset(self, ruleset_id: int) -> Request:
        return self._get(f"/rulesets/{ruleset_id}", f"ruleset {ruleset_id}", includes_parents=True)

    def branch_rules(self, branch: str) -> Request:
        return self._get(
            f"/rules/branches/{segment(branch)}", f"the rules of {clean_line(branch)}", per_page=PAGE
        )

    def pull_requests(self, *, head: str, state: str = "open") -> Request:
        what = f"the pull requests from {clean_line(head)}"
        owner = self.repo.partition("/")[0]
        return self._get("/pulls", what, head=f"{owner}:{head}", state=state, per_page=PAGE)


def viewer() -> Request:
    return Request("/user", "who the token belongs to")


def rate_limit() -> Request:
    return Request("/rate_limit", "the rate limit")


def _bounded(per_page: int) -> int:
    return max(1, min(PAGE, per_page))
