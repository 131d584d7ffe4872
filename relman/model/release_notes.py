"""The text of a release: as typed, as kept, as GitHub wrote it, or from the commits."""

from __future__ import annotations

from relman.model.release_choice import Decision, groups
from relman.model.release_facts import Evidence, History, ReleaseIntent
from relman.model.version import Proposal
from relman.text import clean, clean_line


def notes_of(history: History, evidence: Evidence, decision: Decision, intent: ReleaseIntent) -> str:
    """The release's notes: as typed, as kept from an attempt before, as GitHub wrote them, or from the commits."""
    if intent.notes is not None:
        return clean(intent.notes)
    if evidence.kept_notes is not None:
        return clean(evidence.kept_notes)
    if evidence.release is not None and evidence.release.body:
        return evidence.release.body
    body = evidence.notes.body if evidence.notes else fallback_notes(history, decision.proposal)
    again = rolled_back_notes(history)
    return f"{clean(body).strip()}\n\n{again}".strip() if again else clean(body).strip()


def fallback_notes(history: History, proposal: Proposal) -> str:
    """Notes from the commits alone, for when GitHub does not write them."""
    parts: list[str] = []
    for group in groups(history, proposal):
        noted = [commit for commit, _ in group.commits if commit.sha in history.noted]
        if group.key != "cancelled" and noted:
            lines = [
                f"* {clean_line(commit.message.partition(chr(10))[0])} ({commit.sha[:7]})" for commit in noted
            ]
            parts.append(f"## {group.title}\n" + "\n".join(lines))
    return "\n\n".join(parts)


def rolled_back_notes(history: History) -> str:
    """Which of the commits were released before and rolled back; "" where none was."""
    lines = [
        f"* {clean_line(commit.message.partition(chr(10))[0])} (was in {clean_line(tag)}, rolled back)"
        for commit in history.commits
        if (tag := history.rolled_back.get(commit.sha)) is not None and commit.sha in history.noted
    ]
    return "## Released before and rolled back\n" + "\n".join(lines) if lines else ""
