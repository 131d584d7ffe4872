"""Pull requests and labels."""

from __future__ import annotations

from hashlib import sha1

from relman.demo.records import PullRecord
from relman.demo.render import repository
from relman.demo.render.commits import changed_file
from relman.demo.render.people import organisation, team, user
from relman.demo.view import JSON, View, escape, node_id, stamp, stamp_or_none

PULL_IDS = 1_900_000_000  # a pull request's id is its number beyond this


def short_pull(view: View, record: PullRecord) -> JSON:
    """As in a list."""
    address = view.repo(f"/pulls/{record.number}")
    issue = view.repo(f"/issues/{record.number}")
    page = view.page(f"/pull/{record.number}")
    statuses = view.repo(f"/statuses/{record.head}")
    links = {
        "self": address,
        "html": page,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{address}/comments",
        "review_comment": view.repo("/pulls/comments{/number}"),
        "commits": f"{address}/commits",
        "statuses": statuses,
    }
    return {
        "url": address,
        "id": PULL_IDS + record.number,
        "node_id": node_id("PullRequest", record.number),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": statuses,
        "number": record.number,
        "state": "open" if record.open else "closed",
        "locked": False,
        "title": record.title,
        "user": user(view, record.author),
        "body": record.body,
        "labels": [label(view, name) for name in record.labels],
        "milestone": None,
        "active_lock_reason": None,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "closed_at": stamp_or_none(record.closed_at),
        "merged_at": stamp_or_none(record.merged_at),
        "merge_commit_sha": record.merge_commit,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [user(view, one) for one in record.reviewers],
        "requested_teams": [team(view, one) for one in record.team_reviewers],
        "head": _side(view, record.branch, record.head),
        "base": _side(view, view.world.default_branch, record.base_sha),
        "_links": {name: {"href": link} for name, link in links.items()},
        "author_association": "MEMBER",
        "auto_merge": None,
        "draft": record.draft,
    }


def pull(view: View, record: PullRecord) -> JSON:
    base = record.base_sha if record.merged_at else view.world.branches[view.world.default_branch]
    found = view.world.compare(base, record.head)
    files = [changed_file(view, record.head, file) for file in found.files]
    return short_pull(view, record) | {
        "merged": record.merged_at is not None,
        "mergeable": True if record.open else None,
        "rebaseable": True if record.open else None,
        "mergeable_state": "clean" if record.open else "unknown",
        "merged_by": None if record.merged_by is None else user(view, record.merged_by),
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": found.ahead_by,
        "additions": sum(file["additions"] for file in files),
        "deletions": sum(file["deletions"] for file in files),
        "changed_files": len(files),
    }


def label(view: View, name: str) -> JSON:
    digest = sha1(name.encode(), usedforsecurity=False).hexdigest()
    identity = int(digest[:8], 16)
    return {
        "id": identity,
        "node_id": node_id("Label", identity),
        "url": view.repo(f"/labels/{escape(name)}"),
        "name": name,
        "description": "",
        "color": digest[-6:],
        "default": False,
    }


def _side(view: View, branch: str, sha: str) -> JSON:
    return {
        "label": f"{view.world.owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": organisation(view),
        "repo": repository.full(view, role=None) | {"has_downloads": True},
    }
