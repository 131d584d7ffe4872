"""Releases."""

from __future__ import annotations

from hashlib import sha1

from relman.demo.records import ReleaseRecord
from relman.demo.render.people import user
from relman.demo.view import JSON, View, escape, node_id, stamp, stamp_or_none


def release(view: View, record: ReleaseRecord) -> JSON:
    address = view.repo(f"/releases/{record.id}")
    uploads = f"{address.replace('/repos/', '/uploads/repos/', 1)}/assets{{?name,label}}"
    tag = escape(record.tag)
    published = record.published_at or record.created_at
    return {
        "url": address,
        "assets_url": f"{address}/assets",
        "upload_url": uploads,
        "html_url": view.page(f"/releases/tag/{_untagged(record) if record.draft else tag}"),
        "id": record.id,
        "author": user(view, record.author),
        "node_id": node_id("Release", record.id),
        "tag_name": record.tag,
        "target_commitish": record.target,
        "name": record.name,
        "draft": record.draft,
        "immutable": False,
        "prerelease": record.prerelease,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(published),
        "published_at": stamp_or_none(record.published_at),
        "assets": [],
        "tarball_url": None if record.draft else view.repo(f"/tarball/{tag}"),
        "zipball_url": None if record.draft else view.repo(f"/zipball/{tag}"),
        "body": record.body,
    }


def _untagged(record: ReleaseRecord) -> str:
    """What stands in a draft's address, whose tag need not exist."""
    return f"untagged-{sha1(str(record.id).encode(), usedforsecurity=False).hexdigest()[:20]}"
