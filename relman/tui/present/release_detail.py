"""Everything about what is not released yet, and about one version, as lines for a width."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from relman.model.board import Board, Section
from relman.model.commit import Ask, Level, read_commits
from relman.model.deploys import branch_of, state_of_deployment
from relman.model.environment import Deployment
from relman.model.plan import Check, Plan, Verdict
from relman.model.plan_words import SIGNS
from relman.model.release import Commit
from relman.model.release_outlook import About, Outlook
from relman.model.state import State, Tone
from relman.model.times import ago, between, brief, clock
from relman.model.trailers import BY, OVERRIDE, ROLLBACK_OF, ROLLBACK_TO, read_trailers, values
from relman.tui.present.columns import Column, row
from relman.tui.present.notice import instead, refusal
from relman.tui.present.piece import BLANK, Line, Piece, fit, plain, quiet, safe, spread, width_of, wrap
from relman.tui.present.releases import Entry, deployed_as

_LABEL = 13
_NOTES = 2000  # lines
_LEVELS = {Level.MAJOR: "■", Level.MINOR: "▲", Level.PATCH: "●", Level.NONE: "·"}
_DEPLOYED = (
    Column("", 1),
    Column("environment", 14, least=10),
    Column("", 12, least=8),
    Column("", 16, least=8, rank=3, grow=True),
    Column("by", 14, least=6, rank=2),
    Column("", 5, right=True),
)


# ── what is not released yet ─────────────────────────────────────────────────────────────────


def unreleased_lines(item: Entry, key: str, room: int, now: datetime) -> list[Line]:
    """The next version, why, the gates, the commits, the notes. ``key`` tags it ("" where nothing may)."""
    outlook = item.outlook.value
    if outlook is None:
        notice = instead(item.outlook, "what is not released yet", now)
        return notice.draw(room) if notice is not None else []
    drawn = _proposal(outlook, key, room, now)
    if outlook.decision.version is not None:
        drawn += _block(_gates(outlook.plan.checks, room))
    drawn += _block(_commits(outlook, room))
    drawn += _block(_steps(outlook.plan, key, room))
    if outlook.decision.version is not None:
        drawn += _block(_notes(outlook.plan.text, "from the commits; GitHub writes its own for the plan", room))
    return [fit(line, room) for line in drawn]


def _proposal(outlook: Outlook, key: str, room: int, now: datetime) -> list[Line]:
    history, decision, plan = outlook.history, outlook.decision, outlook.plan
    base = safe(history.base.name, 80) if history.base is not None else ""
    drawn: list[Line] = []
    if decision.version is None:
        drawn += fact("Next", "nothing to release", room)
    else:
        after = f" after {base}" if base else ", the first version"
        drawn.append(
            fit((_label("Next"), Piece(safe(decision.tag, 80), strong=True, accent=True), Piece(after)), room)
        )
    drawn += fact("Why", decision.why.removesuffix("; deploy it again instead"), room)
    for commit, ask in outlook.deciding[:3]:
        drawn.append(_hint(commit, ask, room))
    if len(outlook.deciding) > 3:
        drawn.append((_label(""), quiet(f"and {len(outlook.deciding) - 3} more that ask for the same")))
    head = history.head
    when = f", {ago(head.authored_at, now)}" if head.authored_at is not None else ""
    drawn += fact("From", f"{safe(history.branch, 80)} at {head.sha[:7]}{when}: {safe(_subject(head))}", room)
    if not history.complete:
        drawn += fact(
            "", f"{len(history.commits)} of {history.total} commits could be read", room, Tone.WAITING
        )
    refused = plan.refusal()
    if decision.version is None:
        drawn += _nothing_to_release(outlook, room)
    elif plan.permission is not None:
        drawn += fact("Key", f"■ {plan.permission.sentence()}", room, Tone.WAITING)
    elif not key:
        drawn += fact("Key", "■ read-only: nothing can be tagged here", room, Tone.QUIET)
    elif refused is None:
        drawn += fact("Key", f"{key} tags {safe(decision.tag, 80)}, after a look at the plan", room, Tone.GOOD)
    elif not plan.blocking:
        drawn += fact("Key", f"× {refused.sentence()}", room, Tone.BAD)
    else:
        may = all(one.overridable for one in plan.blocking)
        words = f"{key} shows the plan; {_count(plan)}{', each needs a reason' if may else ''}"
        drawn += fact("Key", words, room, Tone.WAITING)
    if decision.proposal.alternatives:
        drawn += fact("Or", " or ".join(decision.proposal.alternatives), room, Tone.QUIET)
    for words in plan.warnings:
        drawn += [
            (_label("") if number else quiet(f"{'':<{_LABEL - 2}}▲ "), Piece(part, Tone.WAITING))
            for number, part in enumerate(wrap(safe(words, 600), max(10, room - _LABEL), 4))
        ]
    return drawn


def _nothing_to_release(outlook: Outlook, room: int) -> list[Line]:
    """The commit has its version already: deploying it again is what is left."""
    on_head = [tag for tag in outlook.history.tags.at(outlook.history.head.sha) if tag.stable]
    if not on_head:
        return []
    name = safe(on_head[0].name, 80)
    words = f"select {name} and press enter for its run, which can be run again there"
    return fact("Instead", words, room)


def _count(plan: Plan) -> str:
    number = len(plan.blocking)
    return "1 gate does not hold" if number == 1 else f"{number} gates do not hold"


def _hint(commit: Commit, ask: Ask, room: int) -> Line:
    line = (
        _label(""),
        Piece("▶ ", accent=True),
        quiet(f"{commit.sha[:7]} "),
        Piece(safe(ask.subject, 300)),
    )
    why = quiet(f"  {safe(ask.why, 120)}")
    return (*line, why) if width_of((*line, why)) <= room else fit(line, room)


def _gates(checks: Sequence[Check], room: int) -> list[Line]:
    if not checks:
        return []
    bad = sum(1 for one in checks if one.verdict is not Verdict.PASSED)
    verdict = quiet("  all hold") if not bad else Piece(f"  {bad} of {len(checks)} do not hold", Tone.WAITING)
    drawn: list[Line] = [(Piece("Gates", strong=True), verdict)]
    for check in checks:
        passed = check.verdict is Verdict.PASSED
        tone = Tone.GOOD if passed else Tone.BAD if check.verdict is Verdict.FAILED else Tone.WAITING
        end = "" if passed else "  a reason overrides it" if check.overridable else "  cannot be overridden"
        drawn.append(
            fit((Piece(f"  {SIGNS[check.verdict]} ", tone), Piece(safe(check.title, 200)), quiet(end)), room)
        )
        for text in check.evidence:
            drawn += [
                plain(f"      {part}", Tone.QUIET if passed else Tone.PLAIN)
                for part in wrap(safe(text, 400), room - 6, 3)
            ]
    return drawn


def _commits(outlook: Outlook, room: int) -> list[Line]:
    total = outlook.history.total
    if not outlook.groups:
        return []
    drawn: list[Line] = [(Piece("Commits", strong=True), quiet(f" {total}"))]
    for group in outlook.groups:
        drawn.append((Piece(f"  {group.title}"), quiet(f" {len(group.commits)}")))
        for commit, ask in group.commits:
            again = outlook.history.rolled_back.get(commit.sha)
            note = f"was in {safe(again, 40)}, rolled back" if again is not None else ""
            drawn.append(_commit_line(commit, ask, room, note))
    return drawn


def _commit_line(commit: Commit, ask: Ask, room: int, note: str = "") -> Line:
    tone = Tone.QUIET if ask.cancelled else Tone.PLAIN
    return spread(
        (
            Piece(f"    {_LEVELS[ask.level]} ", Tone.BAD if ask.level is Level.MAJOR else Tone.QUIET),
            quiet(f"{commit.sha[:7]} "),
            Piece(safe(ask.subject, 300), tone),
            Piece(f"  {note}" if note else "", Tone.WAITING),
        ),
        (quiet(safe(commit.author, 24)),) if room >= 70 else (),
        room,
    )


def _steps(plan: Plan, key: str, room: int) -> list[Line]:
    if not plan.steps:
        return []
    drawn: list[Line] = [
        (Piece("What happens", strong=True), quiet(f"  after {key} and your word" if key else ""))
    ]
    for number, step in enumerate(plan.steps, start=1):
        drawn += [
            (quiet(f"  {number}. " if not at else "     "), Piece(part))
            for at, part in enumerate(wrap(safe(step.title, 300), room - 5, 3))
        ]
    for text in plan.irreversible:
        drawn += [plain(f"  {part}", Tone.QUIET) for part in wrap(safe(text, 400), room - 2, 3)]
    return drawn


def _notes(text: str, origin: str, room: int) -> list[Line]:
    drawn: list[Line] = [fit((Piece("Notes", strong=True), quiet(f"  {origin}" if origin else "")), room)]
    found = wrap(text, room - 2, _NOTES) if text.strip() else []
    if not found:
        return [*drawn, plain("  none", Tone.QUIET)]
    return [*drawn, *((Piece("  "), Piece(line, strong=line.startswith("#"))) for line in found)]


# ── one version ──────────────────────────────────────────────────────────────────────────────


def version_lines(
    item: Entry, about: Section[About] | None, board: Board, room: int, now: datetime
) -> list[Line]:
    """``about`` is the version's own reading, None while it was not begun; ``now`` the server's time."""
    one = item.row
    if one is None:
        return []
    drawn: list[Line] = []
    commit = f" ({one.sha[:7]})" if one.sha else ""
    drawn += fact("Version", f"{safe(one.name, 80)}{commit}", room)
    where = [f"{safe(name, 60)}" for name in one.live]
    if where:
        drawn += fact("Live", ", ".join(where), room, Tone.GOOD)
    if one.same_commit:
        names = ", ".join(safe(name, 60) for name in one.same_commit)
        drawn += fact("Same commit", f"{names} runs this commit under another name", room, Tone.QUIET)
    if one.withdrawn:
        drawn += fact("Taken back", one.withdrawn, room, Tone.BAD)
    release = one.release
    if release is not None:
        kind = "draft" if release.draft else "pre-release" if release.prerelease else "release"
        when = release.published_at or release.created_at
        at = f", {clock(when, now)}, {ago(when, now)}" if when is not None else ""
        drawn += fact("Released", f"{kind} by {safe(release.author, 60) or 'somebody'}{at}", room)
        if release.name and release.name != one.name:
            drawn += fact("Name", safe(release.name, 200), room)
    elif one.local:
        drawn += fact("Released", "not on GitHub: the tag is in this clone only", room, Tone.WAITING)
    else:
        drawn += fact("Released", "no: there is a tag and no release", room, Tone.QUIET)
    drawn += _tagged(about, room, now)
    drawn += _block(_deployed(deployed_as(one, board.deployments), board, room, now))
    drawn += _block(_range(item, about, room, now))
    if release is not None:
        drawn += _block(_notes(release.body, "", room))
    return [fit(line, room) for line in drawn]


def _tagged(about: Section[About] | None, room: int, now: datetime) -> list[Line]:
    ref = about.value.ref if about is not None and about.value is not None else None
    if ref is None:
        return []
    kind = "annotated" if ref.annotated else "lightweight"
    by = f" by {safe(ref.tagger, 60)}" if ref.tagger else ""
    when = f", {clock(ref.tagged_at, now)}, {ago(ref.tagged_at, now)}" if ref.tagged_at is not None else ""
    drawn = fact("Tagged", f"{kind}{by}{when}", room)
    trailers = read_trailers(ref.message)
    for name, words in (
        (BY, "with relman by {}"),
        (ROLLBACK_OF, "rolls back {}"),
        (ROLLBACK_TO, "to {}"),
        (OVERRIDE, "overridden: {}"),
    ):
        for value in values(trailers, name):
            drawn += fact(
                "", words.format(safe(value, 300)), room, Tone.WAITING if name == OVERRIDE else Tone.QUIET
            )
    return drawn


def _deployed(found: Sequence[Deployment], board: Board, room: int, now: datetime) -> list[Line]:
    if not found:
        return []
    drawn: list[Line] = [(Piece("Deployed", strong=True), quiet(f" {len(found)}"))]
    runs = {run.id: run for run in board.runs.value or ()}
    for one in found:
        state = state_of_deployment(one)
        age = between(one.succeeded_at or one.created_at, None, now)
        run = runs.get(one.run_id or 0)
        by = (run.triggering_actor or run.actor) if run is not None else one.creator
        cells: tuple[Line, ...] = (
            (Piece(state.glyph if one.statuses else " ", state.tone),),
            (Piece(safe(one.environment, 60)),),
            (Piece(_word(one), Tone.QUIET if state in (State.NEUTRAL, State.UNKNOWN) else state.tone),),
            (quiet(f"{safe(run.name, 40)} #{run.number}" if run is not None else safe(branch_of(one), 40)),),
            (quiet(safe(by, 60)),),
            (quiet(brief(age) if age is not None else ""),),
        )
        drawn.append((Piece("  "), *row(cells, _DEPLOYED, max(10, min(room, 96) - 2))))
    return drawn


def _word(one: Deployment) -> str:
    if not one.statuses:
        return ""
    return {"success": "succeeded", "inactive": "replaced"}.get(
        one.state, safe(one.state, 40).replace("_", " ")
    )


def _range(item: Entry, about: Section[About] | None, room: int, now: datetime) -> list[Line]:
    before = item.before
    if before is None:
        return []
    title: Line = (Piece("Commits", strong=True), quiet(f"  since {safe(before.name, 80)}"))
    if about is None:
        return [title, plain("  reading…", Tone.QUIET)]
    if about.value is None:
        problem = about.error
        return [title, *([] if problem is None else refusal(problem, now, by_hand=True).draw(room))]
    compared = about.value.range
    if compared is None:
        return [title, plain("  no history in common", Tone.QUIET)]
    commits = tuple(reversed(compared.commits))
    count = f" {compared.total}" if compared.total == len(commits) else f" {len(commits)} of {compared.total}"
    if compared.status in ("behind", "identical"):
        words = f"  none: {safe(before.name, 80)} has every commit of it"
        return [title, plain(words, Tone.QUIET)]
    asks = read_commits(
        [one.message for one in commits],
        ids=[one.sha for one in commits],
        authors=[one.author for one in commits],
    )
    head: Line = (Piece("Commits", strong=True), quiet(f"{count} since {safe(before.name, 80)}"))
    return [head, *(_commit_line(one, ask, room) for one, ask in zip(commits, asks, strict=True))]


# ── parts ────────────────────────────────────────────────────────────────────────────────────


def _subject(commit: Commit) -> str:
    return commit.message.partition("\n")[0]


def _label(text: str) -> Piece:
    return quiet(f"{text:<{_LABEL}}")


def fact(label: str, text: str, room: int, tone: Tone = Tone.PLAIN) -> list[Line]:
    """A fact over as many lines as it needs."""
    parts = wrap(safe(text, 2000), max(10, room - _LABEL), 6) or [""]
    return [(_label(label if not number else ""), Piece(part, tone)) for number, part in enumerate(parts)]


def _block(lines: list[Line]) -> list[Line]:
    return [BLANK, *lines] if lines else []
