"""The repository: nested in other answers, and in full; its branches."""

from __future__ import annotations

from relman.demo.render import commits
from relman.demo.render.people import organisation
from relman.demo.view import JSON, REPOSITORY_ID, View, escape, node_id, stamp

_ADDRESSES = {
    "url": "",
    "forks_url": "/forks",
    "keys_url": "/keys{/key_id}",
    "collaborators_url": "/collaborators{/collaborator}",
    "teams_url": "/teams",
    "hooks_url": "/hooks",
    "issue_events_url": "/issues/events{/number}",
    "events_url": "/events",
    "assignees_url": "/assignees{/user}",
    "branches_url": "/branches{/branch}",
    "tags_url": "/tags",
    "blobs_url": "/git/blobs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "trees_url": "/git/trees{/sha}",
    "statuses_url": "/statuses/{sha}",
    "languages_url": "/languages",
    "stargazers_url": "/stargazers",
    "contributors_url": "/contributors",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "commits_url": "/commits{/sha}",
    "git_commits_url": "/git/commits{/sha}",
    "comments_url": "/comments{/number}",
    "issue_comment_url": "/issues/comments{/number}",
    "contents_url": "/contents/{+path}",
    "compare_url": "/compare/{base}...{head}",
    "merges_url": "/merges",
    "archive_url": "/{archive_format}{/ref}",
    "downloads_url": "/downloads",
    "issues_url": "/issues{/number}",
    "pulls_url": "/pulls{/number}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "labels_url": "/labels{/name}",
    "releases_url": "/releases{/id}",
    "deployments_url": "/deployments",
}
_CREATED = "2023-05-11T08:20:31Z"
_COUNTS = {
    "forks_count": 3,
    "stargazers_count": 41,
    "watchers_count": 41,
    "open_issues_count": 7,
    "forks": 3,
    "open_issues": 7,
    "watchers": 41,
    "subscribers_count": 9,
    "network_count": 3,
}


def nested(view: View) -> JSON:
    """As it stands inside runs, suites and statuses. One object per view: it never changes."""
    if not view.repository:
        view.repository |= {
            "id": REPOSITORY_ID,
            "node_id": node_id("Repository", REPOSITORY_ID),
            "name": view.world.name,
            "full_name": view.full_name,
            "private": False,
            "owner": organisation(view),
            "html_url": view.page(),
            "description": "Backend of the agentic assistant: three API replicas, Redis and Qdrant.",
            "fork": False,
            **{key: view.repo(suffix) for key, suffix in _ADDRESSES.items()},
        }
    return view.repository


def full(view: View, *, role: str | None) -> JSON:
    """``role`` of whoever asks: admin, write or read; None for a stranger."""
    host = view.web.partition("//")[2]
    pushed = stamp(max((commit.at for commit in view.world.commits.values()), default=view.world.now()))
    whole: JSON = nested(view) | {
        "git_url": f"git://{host}/{view.full_name}.git",
        "ssh_url": f"git@{host.partition(':')[0]}:{view.full_name}.git",
        "clone_url": f"{view.page()}.git",
        "mirror_url": None,
        "svn_url": view.page(),
        "homepage": None,
        "language": "Python",
        "size": 5120,
        "default_branch": view.world.default_branch,
        "is_template": False,
        "topics": [],
        "has_issues": True,
        "has_projects": True,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "archived": False,
        "disabled": False,
        "visibility": "public",
        "pushed_at": pushed,
        "created_at": _CREATED,
        "updated_at": pushed,
        "license": None,
        "organization": organisation(view),
        "allow_forking": True,
        "web_commit_signoff_required": False,
        **_COUNTS,
    }
    if role is not None:
        admin, push = role == "admin", role != "read"
        whole["permissions"] = {"admin": admin, "maintain": admin, "push": push, "triage": push, "pull": True}
    return whole


def _protection(view: View, branch: str) -> JSON:
    return {
        "enabled": branch == view.world.default_branch,
        "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
    }


def short_branch(view: View, branch: str) -> JSON:
    sha = view.world.branches[branch]
    return {
        "name": branch,
        "commit": {"sha": sha, "url": view.repo(f"/commits/{sha}")},
        "protected": branch == view.world.default_branch,
    }


def branch(view: View, name: str) -> JSON:
    sha = view.world.branches[name]
    address = view.repo(f"/branches/{escape(name)}")
    return {
        "name": name,
        "commit": commits.commit(view, view.world.commits[sha]),
        "_links": {"self": address, "html": view.page(f"/tree/{name}")},
        "protected": name == view.world.default_branch,
        "protection": _protection(view, name),
        "protection_url": f"{address}/protection",
    }
