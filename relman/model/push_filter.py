"""Whether pushing a tag starts a workflow: ``on.push`` with its filters, as GitHub reads them."""

from __future__ import annotations

import re

from relman.model.yaml_reader import Mapping, Node, Scalar, Sequence, YamlError, compose

_STARS = 6  # more in one pattern could take for ever


def starts_on_tag(text: str, tag: str) -> bool | None:
    """Whether the workflow file ``text`` starts when ``tag`` is pushed; None where it cannot be read."""
    try:
        root = compose(text)
    except YamlError:
        return None
    if not isinstance(root, Mapping):
        return None
    on = root.get("on")
    if isinstance(on, Scalar):
        return on.text == "push"
    if isinstance(on, Sequence):
        return any(isinstance(item, Scalar) and item.text == "push" for item in on.items)
    if not isinstance(on, Mapping) or all(key.text != "push" for key, _ in on.pairs):
        return False
    push = on.get("push")
    if not isinstance(push, Mapping):
        return True
    wanted, ignored = push.get("tags"), push.get("tags-ignore")
    if any(pattern.count("*") > _STARS for pattern in (*_texts(wanted), *_texts(ignored))):
        return None
    if wanted is not None:
        return _selected(_texts(wanted), tag)
    if ignored is not None:
        return not _selected(_texts(ignored), tag)
    # A filter of branches alone leaves every tag out.
    return push.get("branches") is None and push.get("branches-ignore") is None


def _selected(patterns: list[str], name: str) -> bool:
    """The last pattern that fits decides; one with ``!`` takes out."""
    chosen = False
    for pattern in patterns:
        out = pattern.startswith("!")
        if filter_pattern(pattern[out:]).fullmatch(name):
            chosen = not out
    return chosen


def filter_pattern(pattern: str) -> re.Pattern[str]:
    """A filter of a workflow file: ``*`` stops at ``/``, ``**`` does not, ``?`` and ``+`` repeat what precedes."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "*":
            double = pattern.startswith("**", at)
            out.append(".*" if double else "[^/]*")
            at += 2 if double else 1
            continue
        if sign in "?+" and out and out[-1][-1] not in "?+*":
            out[-1] += sign
        elif sign == "[" and (end := pattern.find("]", at + 1)) > at + 1:
            out.append("[" + re.sub(r"([\\\[^&~|])", r"\\\1", pattern[at + 1 : end]) + "]")
            at = end
        elif sign == "\\" and at + 1 < len(pattern):
            at += 1
            out.append(re.escape(pattern[at]))
        else:
            out.append(re.escape(sign))
        at += 1
    try:
        return re.compile("".join(out), re.DOTALL)
    except re.error:  # a range the wrong way round: GitHub would refuse the file
        return re.compile(re.escape(pattern))


def _texts(node: Node | None) -> list[str]:
    if isinstance(node, Scalar):
        return [node.text]
    return [item.text for item in node.items if isinstance(item, Scalar)] if isinstance(node, Sequence) else []
