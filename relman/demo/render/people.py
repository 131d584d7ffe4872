"""Users, teams, organisations and apps."""

from __future__ import annotations

from relman.demo.records import TeamRecord, UserRecord
from relman.demo.view import JSON, OWNER_ID, View, escape, node_id

_USER_ADDRESSES = {
    "url": "",
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_JOINED = "2019-03-04T09:12:44Z"


def user(view: View, record: UserRecord) -> JSON:
    root = view.root(f"/users/{escape(record.login)}")
    app = record.login.removesuffix("[bot]")
    page = f"/apps/{escape(app)}" if record.kind == "Bot" else f"/{escape(record.login)}"
    return {
        "login": record.login,
        "id": record.id,
        "node_id": node_id("User", record.id),
        "avatar_url": f"{view.web}/avatars/u/{record.id}?v=4",
        "gravatar_id": "",
        "html_url": f"{view.web}{page}",
        **{key: root + suffix for key, suffix in _USER_ADDRESSES.items()},
        "type": record.kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def organisation(view: View) -> JSON:
    login = view.world.owner
    return user(view, UserRecord(OWNER_ID, login, login, "", "Organization"))


def profile(view: View, record: UserRecord) -> JSON:
    """A person as others see them."""
    return user(view, record) | {
        "name": record.name,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "twitter_username": None,
        "public_repos": 4,
        "public_gists": 0,
        "followers": 12,
        "following": 9,
        "created_at": _JOINED,
        "updated_at": _JOINED,
    }


def account(view: View, record: UserRecord) -> JSON:
    """The person whose token it is, as ``/user`` shows a person to themselves."""
    return profile(view, record) | {
        "user_view_type": "private",
        "email": record.email,
        "notification_email": record.email,
        "private_gists": 0,
        "total_private_repos": 0,
        "owned_private_repos": 0,
        "disk_usage": 1204,
        "collaborators": 0,
        "two_factor_authentication": True,
        "plan": {"name": "free", "space": 976_562_499, "collaborators": 0, "private_repos": 10_000},
    }


def team(view: View, record: TeamRecord) -> JSON:
    root = view.root(f"/organizations/{OWNER_ID}/team/{record.id}")
    return {
        "name": record.name,
        "id": record.id,
        "node_id": node_id("Team", record.id),
        "slug": record.slug,
        "description": "",
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "type": "organization",
        "organization_id": OWNER_ID,
        "url": root,
        "html_url": f"{view.web}/orgs/{view.world.owner}/teams/{record.slug}",
        "members_url": f"{root}/members{{/member}}",
        "repositories_url": f"{root}/repos",
        "permission": "push",
        "parent": None,
    }


def reviewer(view: View, record: UserRecord | TeamRecord) -> JSON:
    if isinstance(record, TeamRecord):
        return {"type": "Team", "reviewer": team(view, record)}
    return {"type": "User", "reviewer": user(view, record)}


def actions_app(view: View) -> JSON:
    """GitHub Actions itself, which makes the check runs."""
    return {
        "id": 15368,
        "client_id": "Iv1.05c79e9ad1f6bdfa",
        "slug": "github-actions",
        "node_id": node_id("App", 15368),
        "owner": user(view, UserRecord(9919, "github", "GitHub", "", "Organization")),
        "name": "GitHub Actions",
        "description": "Automate your workflow from idea to production",
        "external_url": "https://help.github.com/en/actions",
        "html_url": f"{view.web}/apps/github-actions",
        "created_at": "2018-07-30T09:30:17Z",
        "updated_at": "2024-04-10T20:33:16Z",
        "permissions": {"actions": "write", "checks": "write", "contents": "write", "metadata": "read"},
        "events": ["check_run", "check_suite", "push", "workflow_dispatch"],
    }
