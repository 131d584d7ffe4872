"""Files and directories of a commit."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from textwrap import wrap

from relman.demo.git_objects import blob_id, object_id
from relman.demo.view import JSON, View, escape

_LINE = 60  # GitHub wraps base64 at this


def entry(view: View, path: str, ref: str, kind: str, sha: str, size: int) -> JSON:
    quoted = escape(path).replace("%2F", "/")
    where = view.repo(f"/contents/{quoted}?ref={escape(ref)}")
    folder = "tree" if kind == "dir" else "blob"
    git = view.repo(f"/git/{folder}s/{sha}")
    page = view.page(f"/{folder}/{escape(ref)}/{quoted}")
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": sha,
        "size": size,
        "url": where,
        "html_url": page,
        "git_url": git,
        "download_url": None if kind == "dir" else view.page(f"/raw/{escape(ref)}/{quoted}"),
        "type": kind,
        "_links": {"self": where, "git": git, "html": page},
    }


def file(view: View, path: str, ref: str, content: bytes) -> JSON:
    encoded = "".join(f"{line}\n" for line in wrap(base64.b64encode(content).decode(), _LINE))
    return entry(view, path, ref, "file", blob_id(content), len(content)) | {
        "content": encoded,
        "encoding": "base64",
    }


def listing(view: View, path: str, ref: str, tree: Mapping[str, bytes]) -> list[JSON]:
    """What lies directly in a directory (``""``: the root), by name; empty when there is no such directory."""
    start = f"{path}/" if path else ""
    below: dict[str, list[str]] = {}
    for name in tree:
        if name.startswith(start):
            below.setdefault(name[len(start) :].split("/", 1)[0], []).append(name)
    rows = []
    for name, files in sorted(below.items()):
        whole = start + name
        if files == [whole]:
            content = tree[whole]
            rows.append(entry(view, whole, ref, "file", blob_id(content), len(content)))
        else:
            inside = "".join(f"{one}\0{blob_id(tree[one])}" for one in sorted(files))
            rows.append(entry(view, whole, ref, "dir", object_id("tree", inside.encode()), 0))
    return rows
