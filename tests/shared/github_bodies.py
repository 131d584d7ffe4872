"""Bodies in GitHub's shape, with the fields GitHub sends and relman does not read left in."""

from __future__ import annotations

import copy

SHA = "7f1c0c1e5c5f6a0e4b1d2c3f4a5b6c7d8e9f0a1b"


def user(login="octocat", user_id=583231):
    return {
        "login": login,
        "id": user_id,
        "node_id": "MDQ6VXNlcjU4MzIzMQ==",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{user_id}?v=4",
        "gravatar_id": "",
        "url": f"https://api.github.com/users/{login}",
        "html_url": f"https://github.com/{login}",
        "type": "User",
        "user_view_type": "public",
        "site_admin": False,
    }


def repository(name="acme/agentic-backend"):
    owner, _, short = name.partition("/")
    return {
        "id": 1296269,
        "node_id": "MDEwOlJlcG9zaXRvcnkxMjk2MjY5",
        "name": short,
        "full_name": name,
        "private": True,
        "owner": user(owner, 9919),
        "html_url": f"https://github.com/{name}",
        "description": None,
        "fork": False,
        "url": f"https://api.github.com/repos/{name}",
        "archived": False,
        "default_branch": "develop",
        "permissions": {"admin": False, "maintain": True, "push": True, "triage": True, "pull": True},
    }


def run(run_id=30433642, **more):
    return copy.deepcopy(
        {
            "id": run_id,
            "name": "Build",
            "node_id": "MDEyOldvcmtmbG93IFJ1bjI2OTI4OQ==",
            "check_suite_id": 42,
            "check_suite_node_id": "MDEwOkNoZWNrU3VpdGU0Mg==",
            "head_branch": "master",
            "head_sha": SHA,
            "path": ".github/workflows/build.yml@main",
            "run_number": 562,
            "run_attempt": 2,
            "event": "push",
            "display_title": "Update README.md",
            "status": "completed",
            "conclusion": "failure",
            "workflow_id": 159038,
            "url": f"https://api.github.com/repos/acme/agentic-backend/actions/runs/{run_id}",
            "html_url": f"https://github.com/acme/agentic-backend/actions/runs/{run_id}",
            "pull_requests": [{"id": 1, "number": 7, "head": {}, "base": {}}],
            "created_at": "2026-01-22T19:33:08Z",
            "updated_at": "2026-01-22T19:40:08Z",
            "actor": user(),
            "run_started_at": "2026-01-22T19:35:08Z",
            "triggering_actor": user("hubot", 480938),
            "referenced_workflows": [
                {
                    "path": f"acme/agentic-backend/.github/workflows/deploy.yml@{SHA}",
                    "sha": SHA,
                    "ref": "refs/heads/main",
                },
                {"path": "other/repo/.github/workflows/x.yml@v1", "sha": SHA},
            ],
            "jobs_url": f"https://api.github.com/repos/acme/agentic-backend/actions/runs/{run_id}/jobs",
            "previous_attempt_url": None,
            "head_commit": {
                "id": SHA,
                "tree_id": "d23f6eedb1e1b9610bbc754ddb5197bfe7271223",
                "message": "Update README.md\n\nBecause it was wrong.",
                "timestamp": "2026-01-22T19:33:05Z",
                "author": {"name": "Octo Cat", "email": "octocat@github.com"},
                "committer": {"name": "GitHub", "email": "noreply@github.com"},
            },
            "repository": repository(),
            "head_repository": repository("somebody/agentic-backend"),
        }
        | more
    )


def job(job_id=399444496, **more):
    return copy.deepcopy(
        {
            "id": job_id,
            "run_id": 29679449,
            "workflow_name": "CI",
            "head_branch": "main",
            "run_url": "https://api.github.com/repos/acme/agentic-backend/actions/runs/29679449",
            "run_attempt": 1,
            "node_id": "MDEyOldvcmtmbG93IEpvYjM5OTQ0NDQ5Ng==",
            "head_sha": SHA,
            "url": f"https://api.github.com/repos/acme/agentic-backend/actions/jobs/{job_id}",
            "html_url": f"https://github.com/acme/agentic-backend/actions/runs/29679449/job/{job_id}",
            "status": "completed",
            "conclusion": "success",
            "created_at": "2026-01-20T17:42:30Z",
            "started_at": "2026-01-20T17:42:40Z",
            "completed_at": "2026-01-20T17:44:39Z",
            "name": "test (3.12, ubuntu-latest)",
            "steps": [
                {
                    "name": "Set up job",
                    "status": "completed",
                    "conclusion": "success",
                    "number": 1,
                    "started_at": "2026-01-20T09:42:40.000-08:00",
                    "completed_at": "2026-01-20T09:42:41.000-08:00",
                },
                {
                    "name": "Run tests",
                    "status": "completed",
                    "conclusion": "success",
                    "number": 5,
                    "started_at": "2026-01-20T17:42:45Z",
                    "completed_at": "2026-01-20T17:44:30Z",
                },
            ],
            "check_run_url": f"https://api.github.com/repos/acme/agentic-backend/check-runs/{job_id}",
            "labels": ["self-hosted", "linux"],
            "runner_id": 1,
            "runner_name": "my runner",
            "runner_group_id": 2,
            "runner_group_name": "my runner group",
        }
        | more
    )


def team(slug="release-managers", team_id=1):
    return {
        "id": team_id,
        "node_id": "MDQ6VGVhbTE=",
        "name": "Release managers",
        "slug": slug,
        "privacy": "closed",
    }


def environment(name="production", environment_id=161088068, **more):
    return {
        "id": environment_id,
        "node_id": "MDExOkVudmlyb25tZW50MTYxMDg4MDY4",
        "name": name,
        "url": f"https://api.github.com/repos/acme/agentic-backend/environments/{name}",
        "html_url": f"https://github.com/acme/agentic-backend/deployments/activity_log?environments_filter={name}",
        "created_at": "2026-01-23T22:00:40Z",
        "updated_at": "2026-01-23T22:00:40Z",
        "protection_rules": [
            {"id": 3736, "node_id": "MDQ6R2F0ZTM3MzY=", "type": "wait_timer", "wait_timer": 30},
            {
                "id": 3755,
                "node_id": "MDQ6R2F0ZTM3NTU=",
                "prevent_self_review": False,
                "type": "required_reviewers",
                "reviewers": [{"type": "User", "reviewer": user()}, {"type": "Team", "reviewer": team()}],
            },
            {"id": 3756, "node_id": "MDQ6R2F0ZTM3NTY=", "type": "branch_policy"},
        ],
        "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
    } | more


def pending(name="production"):
    return {
        "environment": {
            "id": 161088068,
            "node_id": "MDExOkVudmlyb25tZW50MTYxMDg4MDY4",
            "name": name,
            "url": f"https://api.github.com/repos/acme/agentic-backend/environments/{name}",
        },
        "wait_timer": 30,
        "wait_timer_started_at": "2026-01-23T22:00:40Z",
        "current_user_can_approve": True,
        "reviewers": [{"type": "User", "reviewer": user()}, {"type": "Team", "reviewer": team()}],
    }


def approval():
    return {
        "state": "approved",
        "comment": "Ship it!\nReally.",
        "environments": [{"id": 161088068, "name": "production", "created_at": "2026-01-23T22:00:40Z"}],
        "user": user(),
    }


def deployment(deployment_id=1, **more):
    return {
        "url": f"https://api.github.com/repos/acme/agentic-backend/deployments/{deployment_id}",
        "id": deployment_id,
        "node_id": "MDEwOkRlcGxveW1lbnQx",
        "sha": SHA,
        "ref": "v1.2.3",
        "task": "deploy",
        "payload": {},
        "original_environment": "staging",
        "environment": "production",
        "description": None,
        "creator": user(),
        "created_at": "2026-01-20T01:19:13Z",
        "updated_at": "2026-01-20T01:19:14Z",
        "transient_environment": False,
        "production_environment": True,
    } | more


def deployment_status(status_id=1, **more):
    return {
        "id": status_id,
        "node_id": "MDE2OkRlcGxveW1lbnRTdGF0dXMx",
        "state": "success",
        "creator": user(),
        "description": "Deployment finished successfully.",
        "environment": "production",
        "target_url": "https://example.com/deployment/42/output",
        "created_at": "2026-01-20T01:19:13Z",
        "updated_at": "2026-01-20T01:19:13Z",
        "environment_url": "https://yourdomain.com",
        "log_url": "https://github.com/acme/agentic-backend/actions/runs/30433642/job/399444496",
    } | more


def release(release_id=1, **more):
    return {
        "url": f"https://api.github.com/repos/acme/agentic-backend/releases/{release_id}",
        "html_url": "https://github.com/acme/agentic-backend/releases/tag/v1.0.0",
        "id": release_id,
        "tag_name": "v1.0.0",
        "target_commitish": "main",
        "name": "First one",
        "body": "What changed:\r\n\r\n* all of it",
        "draft": False,
        "prerelease": False,
        "immutable": True,
        "created_at": "2026-02-27T19:35:32Z",
        "published_at": "2026-02-27T20:35:32Z",
        "author": user(),
        "assets": [],
    } | more


def tag(name="v1.0.0"):
    return {
        "name": name,
        "commit": {"sha": SHA, "url": f"https://api.github.com/repos/acme/agentic-backend/commits/{SHA}"},
        "zipball_url": f"https://api.github.com/repos/acme/agentic-backend/zipball/refs/tags/{name}",
        "tarball_url": f"https://api.github.com/repos/acme/agentic-backend/tarball/refs/tags/{name}",
        "node_id": "MDQ6VXNlcjE=",
    }


def commit(sha=SHA, message="Fix all the bugs\n\nAll."):
    return {
        "url": f"https://api.github.com/repos/acme/agentic-backend/commits/{sha}",
        "sha": sha,
        "html_url": f"https://github.com/acme/agentic-backend/commit/{sha}",
        "commit": {
            "author": {"name": "Monalisa Octocat", "email": "mona@github.com", "date": "2026-04-14T16:00:49Z"},
            "committer": {"name": "GitHub", "email": "noreply@github.com", "date": "2026-04-14T16:00:49Z"},
            "message": message,
            "tree": {"sha": SHA, "url": ""},
            "comment_count": 0,
        },
        "author": None,
        "committer": user(),
        "parents": [{"sha": SHA, "url": ""}, {"sha": SHA, "url": ""}],
    }


def comparison(commits, total=None):
    return {
        "url": "https://api.github.com/repos/acme/agentic-backend/compare/v1...main",
        "base_commit": commit(),
        "merge_base_commit": commit(),
        "status": "ahead",
        "ahead_by": 4,
        "behind_by": 1,
        "total_commits": len(commits) if total is None else total,
        "commits": commits,
        "files": [],
    }


def annotation():
    return {
        "path": "tests/test_api.py",
        "start_line": 2,
        "end_line": 3,
        "start_column": 5,
        "end_column": 10,
        "annotation_level": "failure",
        "title": "AssertionError",
        "message": "assert 1 == 2\n  in test_one",
        "raw_details": None,
        "blob_href": f"https://github.com/acme/agentic-backend/blob/{SHA}/tests/test_api.py",
    }


def workflow(**more):
    return {
        "id": 161335,
        "node_id": "MDg6V29ya2Zsb3cxNjEzMzU=",
        "name": "CI",
        "path": ".github/workflows/ci.yml",
        "state": "disabled_inactivity",
        "created_at": "2026-01-08T23:48:37.000-08:00",
        "updated_at": "2026-01-08T23:50:21.000-08:00",
        "url": "https://api.github.com/repos/acme/agentic-backend/actions/workflows/161335",
        "html_url": "https://github.com/acme/agentic-backend/blob/main/.github/workflows/ci.yml",
        "badge_url": "https://github.com/acme/agentic-backend/workflows/CI/badge.svg",
    } | more


def policy(**more):
    return {"id": 364662, "node_id": "MDE2OkdhdGVCcmFuY2hQb2xpY3kzNjQ2NjI=", "name": "v*", "type": "tag"} | more


def branch(name="main", sha=SHA):
    return {
        "name": name,
        "commit": commit(sha),
        "_links": {"self": "", "html": ""},
        "protected": True,
        "protection": {"enabled": True, "required_status_checks": {"enforcement_level": "off", "contexts": []}},
        "protection_url": f"https://api.github.com/repos/acme/agentic-backend/branches/{name}/protection",
    }


def ref(name="refs/tags/v1.0.0", sha=SHA, kind="commit"):
    return {
        "ref": name,
        "node_id": "MDM6UmVmcmVmcy9oZWFkcy9mZWF0dXJlQQ==",
        "url": f"https://api.github.com/repos/acme/agentic-backend/git/{name}",
        "object": {"type": kind, "sha": sha, "url": f"https://api.github.com/x/git/{kind}s/{sha}"},
    }


def tag_object(sha="a" * 40, target=SHA, kind="commit", name="v1.0.0"):
    return {
        "node_id": "MDM6VGFnOTQwYmQzMzYyNDhlZmFlMGY5ZWU1YmM3YjJkNWM5ODU4ODdiMTZhYw==",
        "tag": name,
        "sha": sha,
        "url": f"https://api.github.com/repos/acme/agentic-backend/git/tags/{sha}",
        "message": "First\n\nRelman-Reason: because\n",
        "tagger": {"name": "Mona", "email": "mona@example.com", "date": "2026-01-22T19:33:08Z"},
        "object": {"type": kind, "sha": target, "url": f"https://api.github.com/x/git/{kind}s/{target}"},
        "verification": {"verified": False, "reason": "unsigned", "signature": None, "payload": None},
    }


def check_run(check_id=4, **more):
    return {
        "id": check_id,
        "head_sha": SHA,
        "node_id": "MDg6Q2hlY2tSdW40",
        "external_id": "",
        "url": f"https://api.github.com/repos/acme/agentic-backend/check-runs/{check_id}",
        "html_url": f"https://github.com/acme/agentic-backend/runs/{check_id}",
        "details_url": "https://example.com",
        "status": "completed",
        "conclusion": "success",
        "started_at": "2026-05-04T01:14:52Z",
        "completed_at": "2026-05-04T01:15:52Z",
        "output": {"title": None, "summary": None, "text": None, "annotations_count": 0, "annotations_url": ""},
        "name": "test (3.12)",
        "check_suite": {"id": 5},
        "app": {"id": 15368, "slug": "github-actions", "name": "GitHub Actions"},
        "pull_requests": [],
    } | more


def commit_status(context="ci/external", state="success"):
    return {
        "url": f"https://api.github.com/repos/acme/agentic-backend/statuses/{SHA}",
        "avatar_url": "https://github.com/images/error/hubot_happy.gif",
        "id": 1,
        "node_id": "MDY6U3RhdHVzMQ==",
        "state": state,
        "description": "Build has completed",
        "target_url": "https://ci.example.com/1000",
        "context": context,
        "created_at": "2026-07-20T01:19:13Z",
        "updated_at": "2026-07-20T01:19:13Z",
    }


def ruleset(ruleset_id=21, **more):
    return {
        "id": ruleset_id,
        "name": "release tags",
        "target": "tag",
        "source_type": "Organization",
        "source": "acme",
        "enforcement": "active",
        "bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}],
        "current_user_can_bypass": "never",
        "conditions": {"ref_name": {"include": ["refs/tags/v*"], "exclude": ["refs/tags/v0*"]}},
        "rules": [{"type": "creation"}, {"type": "tag_name_pattern", "parameters": {"pattern": "v"}}],
        "node_id": "RRS_lACkVXNlcgQB",
        "created_at": "2026-07-15T08:43:03Z",
        "updated_at": "2026-08-23T16:29:47Z",
    } | more


def pull_request(pull_number=42, head="hotfix/1.2.4", **more):
    return {
        "id": 1,
        "number": pull_number,
        "state": "open",
        "locked": False,
        "title": "Hotfix 1.2.4",
        "user": user(),
        "body": "Please expedite.",
        "draft": False,
        "html_url": f"https://github.com/acme/agentic-backend/pull/{pull_number}",
        "head": {
            "label": f"acme:{head}",
            "ref": head,
            "sha": SHA,
            "user": user("acme", 9919),
            "repo": repository(),
        },
        "base": {
            "label": "acme:main",
            "ref": "main",
            "sha": SHA,
            "user": user("acme", 9919),
            "repo": repository(),
        },
    } | more
