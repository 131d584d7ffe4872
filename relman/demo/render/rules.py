"""Rulesets, and the rules that hold for a branch."""

from __future__ import annotations

from relman.demo.records import RulesetRecord
from relman.demo.view import JSON, View, node_id, stamp


def short_ruleset(view: View, record: RulesetRecord) -> JSON:
    """As in the list: without conditions and rules."""
    return {
        "id": record.id,
        "name": record.name,
        "target": record.target,
        "source_type": "Repository",
        "source": view.full_name,
        "enforcement": record.enforcement,
        "node_id": node_id("RepositoryRuleset", record.id),
        "_links": {
            "self": {"href": view.repo(f"/rulesets/{record.id}")},
            "html": {"href": view.page(f"/rules/{record.id}")},
        },
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
    }


def ruleset(view: View, record: RulesetRecord, *, writable: bool) -> JSON:
    """``writable``: who may write it also sees who may bypass it."""
    whole = short_ruleset(view, record) | {
        "conditions": {"ref_name": {"exclude": [], "include": record.include}},
        "rules": [_rule(kind) for kind in record.rules],
        "current_user_can_bypass": "never",
    }
    return whole | {"bypass_actors": []} if writable else whole


def effective_rule(view: View, record: RulesetRecord, kind: str) -> JSON:
    """A rule as it holds for one branch, with where it comes from."""
    return _rule(kind) | {
        "ruleset_source_type": "Repository",
        "ruleset_source": view.full_name,
        "ruleset_id": record.id,
    }


def _rule(kind: str) -> JSON:
    if kind == "update":
        return {"type": kind, "parameters": {"update_allows_fetch_and_merge": False}}
    return {"type": kind}
