"""Files and directories."""

from __future__ import annotations

from relman.demo.exchange import Ask, Refusal, Reply
from relman.demo.refs import find_commit
from relman.demo.render import contents as render
from relman.demo.routing import Route

R = "/repos/{owner}/{repo}"


def _contents(ask: Ask) -> Reply:
    path = ask.params.get("path", "").strip("/")
    ref = ask.query.get("ref") or ask.world.default_branch
    sha = find_commit(ask.world, ref)
    if sha is None:
        raise Refusal(404, f"No commit found for the ref {ref}")
    tree = ask.world.tree(sha)
    if path in tree:
        if ask.accepts("raw"):
            return Reply(tree[path], media="application/vnd.github.raw+json; charset=utf-8")
        return Reply(render.file(ask.view, path, ref, tree[path]))
    listing = render.listing(ask.view, path, ref, tree)
    if not listing:
        raise Refusal(404, "Not Found")
    return Reply(listing)


_DOCS = "repos/contents#get-repository-content"
ROUTES = (
    Route("GET", R + "/contents", _contents, "contents=read", _DOCS),
    Route("GET", R + "/contents/", _contents, "contents=read", _DOCS),
    Route("GET", R + "/contents/{path:path}", _contents, "contents=read", _DOCS),
)
