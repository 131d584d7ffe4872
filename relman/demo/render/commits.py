"""Commits, refs, tags, comparisons and what changed in them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from relman.demo.git_objects import blob_id
from relman.demo.records import ChangedFileRecord, CommitRecord, ComparisonRecord, TagRecord
from relman.demo.render.people import user
from relman.demo.view import JSON, View, escape, node_id, stamp

_UNSIGNED: JSON = {
    "verified": False,
    "reason": "unsigned",
    "signature": None,
    "payload": None,
    "verified_at": None,
}


def commit(view: View, record: CommitRecord) -> JSON:
    address = view.repo(f"/commits/{record.sha}")
    person = user(view, record.author)
    return {
        "sha": record.sha,
        "node_id": node_id("Commit", record.sha),
        "commit": {
            "author": _signature(record),
            "committer": _signature(record),
            "message": record.message,
            "tree": {"sha": record.tree, "url": view.repo(f"/git/trees/{record.tree}")},
            "url": view.repo(f"/git/commits/{record.sha}"),
            "comment_count": 0,
            "verification": _UNSIGNED,
        },
        "url": address,
        "html_url": view.page(f"/commit/{record.sha}"),
        "comments_url": f"{address}/comments",
        "author": person,
        "committer": person,
        "parents": [
            {"sha": sha, "url": view.repo(f"/commits/{sha}"), "html_url": view.page(f"/commit/{sha}")}
            for sha in record.parents
        ],
    }


def commit_in_full(view: View, record: CommitRecord, files: Iterable[ChangedFileRecord]) -> JSON:
    changed = [changed_file(view, record.sha, file) for file in files]
    additions = sum(file["additions"] for file in changed)
    deletions = sum(file["deletions"] for file in changed)
    return commit(view, record) | {
        "stats": {"total": additions + deletions, "additions": additions, "deletions": deletions},
        "files": changed,
    }


def git_commit(view: View, record: CommitRecord) -> JSON:
    """The bare object, as ``git/commits`` gives it."""
    return {
        "sha": record.sha,
        "node_id": node_id("Commit", record.sha),
        "url": view.repo(f"/git/commits/{record.sha}"),
        "html_url": view.page(f"/commit/{record.sha}"),
        "author": _signature(record),
        "committer": _signature(record),
        "tree": {"sha": record.tree, "url": view.repo(f"/git/trees/{record.tree}")},
        "message": record.message,
        "parents": [
            {"sha": sha, "url": view.repo(f"/git/commits/{sha}"), "html_url": view.page(f"/commit/{sha}")}
            for sha in record.parents
        ],
        "verification": _UNSIGNED,
    }


def head_commit(view: View, sha: str) -> JSON | None:
    """The short form inside runs and suites."""
    record = view.world.commits.get(sha)
    if record is None:
        return None
    person = {"name": record.author.name, "email": record.author.email}
    return {
        "id": record.sha,
        "tree_id": record.tree,
        "message": record.message,
        "timestamp": stamp(record.at),
        "author": person,
        "committer": person,
    }


def _signature(record: CommitRecord) -> JSON:
    return {"name": record.author.name, "email": record.author.email, "date": stamp(record.at)}


def changed_file(view: View, sha: str, file: ChangedFileRecord) -> JSON:
    lines = _patch(file)
    additions = sum(line.startswith("+") for line in lines)
    deletions = sum(line.startswith("-") for line in lines)
    status = "added" if file.before is None else "removed" if file.after is None else "modified"
    path = escape(file.path).replace("%2F", "/")
    return {
        "sha": blob_id(file.after if file.after is not None else file.before or b""),
        "filename": file.path,
        "status": status,
        "additions": additions,
        "deletions": deletions,
        "changes": additions + deletions,
        "blob_url": view.page(f"/blob/{sha}/{path}"),
        "raw_url": view.page(f"/raw/{sha}/{path}"),
        "contents_url": view.repo(f"/contents/{path}?ref={sha}"),
        "patch": "\n".join(lines),
    }


def _patch(file: ChangedFileRecord) -> list[str]:
    before, after = (
        (side or b"").decode("utf-8", "replace").splitlines() for side in (file.before, file.after)
    )
    return list(difflib.unified_diff(before, after, lineterm=""))[2:]


def comparison(
    view: View, record: ComparisonRecord, base: CommitRecord, names: str, page: list[CommitRecord]
) -> JSON:
    """``names`` is ``base...head`` as it was asked; ``page`` the commits shown."""
    head = record.commits[-1].sha if record.commits else base.sha
    address = view.page(f"/compare/{names}")
    return {
        "url": view.repo(f"/compare/{names}"),
        "html_url": address,
        "permalink_url": view.page(f"/compare/{base.sha[:12]}...{head[:12]}"),
        "diff_url": f"{address}.diff",
        "patch_url": f"{address}.patch",
        "base_commit": commit(view, base),
        "merge_base_commit": commit(view, view.world.commits[record.merge_base]),
        "status": record.status,
        "ahead_by": record.ahead_by,
        "behind_by": record.behind_by,
        "total_commits": record.ahead_by,
        "commits": [commit(view, one) for one in page],
        "files": [changed_file(view, head, file) for file in record.files[:300]],
    }


def tag(view: View, record: TagRecord) -> JSON:
    """A tag in the list: the commit already peeled."""
    return {
        "name": record.name,
        "zipball_url": view.repo(f"/zipball/refs/tags/{record.name}"),
        "tarball_url": view.repo(f"/tarball/refs/tags/{record.name}"),
        "commit": {"sha": record.commit, "url": view.repo(f"/commits/{record.commit}")},
        "node_id": node_id("Ref", f"refs/tags/{record.name}"),
    }


def tag_ref(view: View, record: TagRecord) -> JSON:
    if record.object_sha is None:
        return _ref(view, f"refs/tags/{record.name}", "commit", record.commit)
    return _ref(view, f"refs/tags/{record.name}", "tag", record.object_sha)


def branch_ref(view: View, name: str) -> JSON:
    return _ref(view, f"refs/heads/{name}", "commit", view.world.branches[name])


def _ref(view: View, ref: str, kind: str, sha: str) -> JSON:
    return {
        "ref": ref,
        "node_id": node_id("Ref", ref),
        "url": view.repo(f"/git/{ref}"),
        "object": {"sha": sha, "type": kind, "url": view.repo(f"/git/{kind}s/{sha}")},
    }


def tag_object(view: View, record: TagRecord) -> JSON:
    tagger = record.tagger
    assert tagger is not None
    assert record.at is not None
    return {
        "node_id": node_id("Tag", record.object_sha),
        "sha": record.object_sha,
        "url": view.repo(f"/git/tags/{record.object_sha}"),
        "tagger": {"name": tagger.name, "email": tagger.email, "date": stamp(record.at)},
        "object": {"sha": record.commit, "type": "commit", "url": view.repo(f"/git/commits/{record.commit}")},
        "tag": record.name,
        "message": record.message,
        "verification": _UNSIGNED,
    }
