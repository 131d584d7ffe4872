"""Git's own object ids, so that the world's history is one a real git would accept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha1


def object_id(kind: str, content: bytes) -> str:
    return sha1(b"%s %d\0" % (kind.encode(), len(content)) + content, usedforsecurity=False).hexdigest()


@lru_cache(maxsize=4096)
def blob_id(content: bytes) -> str:
    return object_id("blob", content)


class Tree:
    """An immutable directory. A changed copy shares every directory it did not change."""

    __slots__ = ("_id", "entries")

    def __init__(self, entries: Mapping[str, Tree | bytes]) -> None:
        self.entries = entries
        self._id: str | None = None

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Tree:
        tree = cls({})
        for path, content in files.items():
            tree = tree.with_file(path, content)
        return tree

    def with_file(self, path: str, content: bytes) -> Tree:
        name, _, rest = path.partition("/")
        if not rest:
            return Tree({**self.entries, name: content})
        below = self.entries.get(name)
        directory = below if isinstance(below, Tree) else Tree({})
        return Tree({**self.entries, name: directory.with_file(rest, content)})

    @property
    def id(self) -> str:
        if self._id is None:
            # Git sorts a directory as if its name ended with a slash.
            names = sorted(self.entries, key=lambda n: n + "/" if isinstance(self.entries[n], Tree) else n)
            self._id = object_id("tree", b"".join(self._line(name) for name in names))
        return self._id

    def _line(self, name: str) -> bytes:
        entry = self.entries[name]
        mode, key = ("40000", entry.id) if isinstance(entry, Tree) else ("100644", blob_id(entry))
        return f"{mode} {name}\0".encode() + bytes.fromhex(key)


def signature(name: str, email: str, at: datetime) -> str:
    return f"{name} <{email}> {int(at.timestamp())} +0000"


def commit_content(tree: str, parents: Sequence[str], author: str, message: str) -> bytes:
    """A commit's content; the author is the committer too. ``author`` is a :func:`signature`."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    return "\n".join([*lines, f"author {author}", f"committer {author}", "", message]).encode()


def tag_content(commit: str, name: str, tagger: str, message: str) -> bytes:
    return f"object {commit}\ntype commit\ntag {name}\ntagger {tagger}\n\n{message}".encode()
