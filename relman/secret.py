"""A secret that cannot be printed by accident."""

from __future__ import annotations

import re
from typing import Never

MASK = "•••"


def without_credentials(text: str) -> str:
    """``text``, something that was typed or written where an address may stand, as a message may show it.

    Everything up to the last ``@`` is masked, since a password may hold any sign, and so is a query; what is no
    address and names only a user (``git@host``) stays.
    """
    return re.sub(r"\S+", lambda word: _without_credentials(word[0]), text)


def _without_credentials(word: str) -> str:
    # Searched from end to end once: the text may be long, and somebody's who wants it to take long.
    scheme, at = word.find("://"), word.rfind("@")
    if 0 <= scheme < at:
        word = f"{word[: scheme + 3]}{MASK}{word[at:]}"
    elif at > 0:
        colon = word.find(":", 0, at)
        while colon >= 0 and word[colon + 1] == "/":
            colon = word.find(":", colon + 1, at)
        if colon >= 0:
            begin = max(word.rfind(sign, 0, colon) for sign in "'\"/@") + 1
            word = f"{word[:begin]}{MASK}{word[at:]}"
    if scheme >= 0:
        query = min((found for sign in "?#" if (found := word.find(sign, scheme + 3)) >= 0), default=-1)
        if query >= 0:
            end = min((found for sign in "'\"" if (found := word.find(sign, query)) >= 0), default=len(word))
            if end > query + 1:
                word = f"{word[: query + 1]}{MASK}{word[end:]}"
    return word


class Secret:
    """Holds a token. ``repr``, ``str``, formatting and copying show or keep only the mask.

    The one way to the value is :meth:`reveal`, so that a search for that word finds every use.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        return self.__value

    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell one secret from another and give nothing away."""
        import hashlib  # nothing needs it while relman starts

        return hashlib.sha256(b"relman:" + self.__value.encode()).hexdigest()[:16]

    def mask_in(self, text: str) -> str:
        """``text`` with every occurrence of the secret replaced by the mask."""
        return text.replace(self.__value, MASK) if self.__value else text

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        from hmac import compare_digest  # nothing compares secrets while relman starts

        return isinstance(other, Secret) and compare_digest(self.__value.encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash(self.fingerprint())

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __reduce__(self) -> Never:
        raise TypeError("a Secret is never serialised")
