"""PyGithub, which knows nothing of this project, reads the world."""

from __future__ import annotations

from collections.abc import Iterator

import github
import httpx
import pytest
from github.Repository import Repository

from relman.demo import embed
from tests.honest.conftest import NOW


@pytest.fixture
def repository(world: embed.Embedded) -> Iterator[Repository]:
    yield from _opened(world)


@pytest.fixture
def own_world() -> Iterator[embed.Embedded]:
    with embed.start(seed=1, now=NOW, frozen=True) as running:
        yield running


@pytest.fixture
def own_repository(own_world: embed.Embedded) -> Iterator[Repository]:
    yield from _opened(own_world)


def _opened(world: embed.Embedded) -> Iterator[Repository]:
    api = github.Github(
        base_url=world.api_url,
        auth=github.Auth.Token(world.token),
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
        per_page=100,
    )
    with api:
        yield api.get_repo(world.repo)


def test_runs_attempts_and_jobs(repository: Repository) -> None:
    runs = repository.get_workflow_runs()
    assert runs.totalCount > 1000
    ids = [run.id for run in runs]
    assert len(ids) == len(set(ids)) == runs.totalCount
    again = next(run for run in runs if run.run_attempt > 1)
    first = again.get_attempt(1)
    assert first.run_attempt == 1
    assert {job.run_attempt for job in first.jobs()} == {1}
    job = next(iter(again.jobs()))
    assert repository.get_workflow_job(job.id).name == job.name
    assert job.steps[0].name == "Set up job"


def test_workflows_and_their_runs(repository: Repository) -> None:
    workflow = repository.get_workflow("cd.yml")
    assert {run.workflow_id for run in workflow.get_runs(event="push")} == {workflow.id}


def test_a_job_s_log_is_on_another_host(repository: Repository) -> None:
    run = repository.get_workflow_runs(status="success")[0]
    log = httpx.get(next(iter(run.jobs())).logs_url())
    assert log.status_code == 200
    assert log.text


def test_environments_and_deployments(repository: Repository) -> None:
    production = repository.get_environment("production")
    kinds = {rule.type for rule in production.protection_rules}
    assert kinds == {"wait_timer", "required_reviewers", "branch_policy"}
    deployment = repository.get_deployments(environment="production")[0]
    assert deployment.environment == "production"
    states = [status.state for status in deployment.get_statuses()]
    assert states


def test_tags_releases_and_comparisons(repository: Repository) -> None:
    tags = {tag.name: tag.commit.sha for tag in repository.get_tags()}
    release = repository.get_latest_release()
    ref = repository.get_git_ref(f"tags/{release.tag_name}")
    assert ref.object.type == "tag"
    assert repository.get_git_tag(ref.object.sha).object.sha == tags[release.tag_name]
    ahead = repository.compare(release.tag_name, "main")
    assert ahead.status == "ahead"
    assert ahead.ahead_by == len(list(ahead.commits))
    assert [one.tag_name for one in repository.get_releases()]


def test_files_commits_and_branches(repository: Repository) -> None:
    content = repository.get_contents(".github/workflows/ci.yml")
    assert not isinstance(content, list)
    assert b"jobs:" in content.decoded_content
    commit = repository.get_commits()[0]
    assert commit.sha == repository.get_branch("main").commit.sha
    assert commit.stats.total == sum(file.changes for file in commit.files)


def test_checks_annotations_and_status(repository: Repository) -> None:
    run = next(run for run in repository.get_workflow_runs(status="failure", event="pull_request"))
    commit = repository.get_commit(run.head_sha)
    checks = {check.name: check for check in commit.get_check_runs()}
    failed = next(check for check in checks.values() if check.conclusion == "failure")
    assert next(iter(failed.get_annotations())).annotation_level == "failure"
    assert commit.get_combined_status().total_count == 0


def test_errors_are_its_own_exceptions(repository: Repository, world: embed.Embedded) -> None:
    with pytest.raises(github.UnknownObjectException):
        repository.get_workflow_run(1)
    wrong = github.Github(base_url=world.api_url, auth=github.Auth.Token("wrong"), retry=None)
    with wrong, pytest.raises(github.BadCredentialsException):
        wrong.get_user().login  # noqa: B018  reading it is what asks


def test_tag_ref_release_notes_and_dispatch(own_repository: Repository) -> None:
    repository = own_repository
    head = repository.get_branch("main").commit.sha
    tag = repository.create_git_tag("v7.0.0", "Release v7.0.0", head, "commit")
    ref = repository.create_git_ref("refs/tags/v7.0.0", tag.sha)
    assert repository.get_git_tag(ref.object.sha).object.sha == head
    with pytest.raises(github.GithubException) as refused:
        repository.create_git_ref("refs/tags/v7.0.0", head)
    assert (refused.value.status, refused.value.data["message"]) == (422, "Reference already exists")
    notes = repository.generate_release_notes("v7.0.0", previous_tag_name="v1.4.0")
    release = repository.create_git_release("v7.0.0", "v7.0.0", notes.body, prerelease=False)
    assert repository.get_latest_release().id == release.id
    changed = release.update_release("v7.0.0", notes.body + "\nMore.", prerelease=True)
    assert changed.prerelease
    with pytest.raises(github.GithubException) as refused:
        repository.create_git_release("v7.0.0", "again", "")
    assert refused.value.data["errors"][0]["code"] == "already_exists"
    workflow = repository.get_workflow("cd.yml")
    assert workflow.create_dispatch("v7.0.0", {"environment": "staging"})
    runs = list(repository.get_workflow_runs(branch="v7.0.0"))
    assert {run.event for run in runs} == {"push", "workflow_dispatch"}
    assert runs[0].cancel()
    pull = repository.get_pulls(state="open")[0]
    pull.add_to_labels("hotfix")
    assert [label.name for label in pull.get_labels()] == ["hotfix"]
