"""Starting a workflow by hand, and finding the run that it becomes.

GitHub takes no mark of ours with a dispatch, so two of them cannot be told apart for sure. New servers answer
with the run's id. Otherwise the run is looked for: by this workflow, on this ref, of this person, begun after
the request, not there before and not found by another dispatch of ours. One such run is taken for it; of several
none is. The same look comes first where the journal knows of a dispatch of the same inputs that was broken
off: one run found is followed and nothing is sent; none, and it may still appear, or several: a person decides.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches

from msgspec import Struct, field
from msgspec.structs import replace

from relman.actions.deed import Deed, Seen, Sight
from relman.actions.one_run import login
from relman.actions.tools import Tools
from relman.errors import Kind, Problem, RelmanError, usage_error
from relman.model.dispatch_inputs import Field, Filled, fields_of, fill, shown, typed, usage_problem
from relman.model.earlier import Earlier, runs_found, unfinished
from relman.model.environment import BranchPolicy, Environment
from relman.model.plan import Change, Check, Plan, Step, Verdict
from relman.model.reach import Reached, environment_words, known_of_dispatch, production_of, reached
from relman.model.ref_pattern import allowed
from relman.model.repository import Repository
from relman.model.rights import may_write
from relman.model.run import Run, Workflow
from relman.model.run_source import read_at
from relman.model.times import clock
from relman.model.workflow import WorkflowFile
from relman.model.workflow_reader import read_source, read_workflow
from relman.text import clean_line, is_clean

_AT_ONCE = 4  # files that are read
STEP = "dispatch"
MAY_APPEAR = timedelta(minutes=2)
"""How long after a request its run may still turn up in GitHub's lists."""
_SKEW = timedelta(seconds=3)  # the server says its time in whole seconds


class Dispatch(Struct, frozen=True):
    """``workflow`` is an id, a path, a file's name or a workflow's name; ``ref`` a branch or tag, None for the
    default branch. ``again`` is the reason for another one though an earlier may have been taken."""

    workflow: int | str
    ref: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    again: str = ""

    def with_override(self, key: str, reason: str) -> Dispatch:
        return replace(self, again=reason) if key == "earlier" else self


class Ready(Struct, frozen=True):
    """A workflow as it stands on a ref: all that a form needs. ``ref`` is full; ``sent`` is what GitHub is told."""

    workflow: Workflow
    repository: Repository
    ref: str
    sent: str
    sha: str
    file: WorkflowFile
    fields: tuple[Field, ...]
    environments: tuple[Environment, ...]


class Startable(Struct, frozen=True):
    """A workflow, and why it cannot be started by hand ("" where it can)."""

    workflow: Workflow
    why: str = ""


class Facts(Struct, frozen=True):
    """``known`` are the workflow's dispatched runs before; ``candidates`` those that an earlier, broken-off
    dispatch may have become."""

    ready: Ready
    filled: Filled
    who: str
    at: datetime
    offset: timedelta
    leads: tuple[Reached, ...]
    policies: Mapping[str, tuple[BranchPolicy, ...]]
    known: frozenset[int]
    earlier: Earlier | None = None
    candidates: tuple[Run, ...] = ()

    @property
    def shown(self) -> dict[str, str]:
        """The inputs as plan and journal have them: the values of secrets are masked."""
        return shown(self.ready.fields, self.filled.values)

    @property
    def adopted(self) -> Run | None:
        """The run that the earlier dispatch became."""
        return self.candidates[0] if self.earlier is not None and len(self.candidates) == 1 else None


class DispatchAction:
    """Done when the run it became was seen."""

    name = "dispatch"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def startable(self) -> tuple[Startable, ...]:
        """Every workflow, as it stands on the default branch."""
        reader = self._tools.reader
        listed, repository = await asyncio.gather(reader.workflows(), reader.repository())
        turn = asyncio.Semaphore(_AT_ONCE)

        async def one(workflow: Workflow) -> Startable:
            if not workflow.path.startswith(".github/workflows/"):
                return Startable(workflow, "GitHub provides it")
            if workflow.state != "active":
                return Startable(workflow, clean_line(workflow.state.replace("_", " ")))
            try:
                async with turn:
                    text = await reader.workflow_file(workflow.path, repository.value.default_branch)
                file = read_workflow(text.value, accepted=True)
            except RelmanError as error:
                if error.problem.kind in (Kind.NOT_FOUND, Kind.INVALID):
                    return Startable(workflow, error.problem.title)
                raise
            by_hand = "workflow_dispatch" in file.on
            return Startable(workflow, "" if by_hand else f"starts by {clean_line(', '.join(file.on), 80)}")

        return tuple(await asyncio.gather(*(one(each) for each in listed.value)))

    async def ready(self, workflow: int | str, ref: str | None) -> Ready:
        """Raises a USAGE problem for a workflow or ref that is not there, a REFUSED one for a workflow that
        cannot be started by hand."""
        reader = self._tools.reader
        listed, repository, environments = await asyncio.gather(
            reader.workflows(), reader.repository(), reader.environments()
        )
        found = chosen_workflow(listed.value, workflow)
        full, sent, sha = await self._on(ref or repository.value.default_branch)
        if not found.path.startswith(".github/workflows/"):
            raise _not_by_hand(found, "GitHub provides it; the repository has no file for it")
        if found.state != "active":
            words = found.state.replace("_", " ")
            raise _not_by_hand(found, f"it is {words}", "Enable it first: gh workflow enable, or on its page.")

        async def read(path: str, at: str) -> str:
            return (await reader.workflow_file(path, at)).value

        try:
            source = await read_at(found.path, sha, self._tools.repo, read)
        except RelmanError as error:
            if error.problem.kind is Kind.NOT_FOUND:
                raise usage_error(
                    f"{clean_line(found.file)} is not on {clean_line(sent)}", hint="Choose another --ref."
                ) from None
            raise
        file = read_source(source)
        if "workflow_dispatch" not in file.on:
            raise _not_by_hand(
                found,
                f"on {clean_line(sent)} it has no workflow_dispatch trigger",
                "Add it under `on:`, or start the workflow by what it waits for: "
                f"{clean_line(', '.join(file.on), 200) or 'nothing'}.",
            )
        fields = fields_of(file, [one.name for one in environments.value])
        return Ready(found, repository.value, full, sent, sha, file, fields, environments.value)

    async def _on(self, wanted: str) -> tuple[str, str, str]:
        """The full ref, what is sent, and the commit."""
        name = wanted.removeprefix("refs/heads/").removeprefix("refs/tags/")
        shown = clean_line(name, 100)
        if not name or not is_clean(name):
            raise usage_error(f"{shown!r} is no branch or tag")
        branch, tag = await asyncio.gather(self._tools.reader.branch(name), self._tools.reader.tag_ref(name))
        is_branch = branch.value is not None and not wanted.startswith("refs/tags/")
        is_tag = tag.value is not None and not wanted.startswith("refs/heads/")
        if is_branch and is_tag:
            raise usage_error(
                f"{shown} is a branch and a tag", hint=f"Say refs/heads/{shown} or refs/tags/{shown}."
            )
        both = branch.value is not None and tag.value is not None
        if is_branch and branch.value is not None:
            full = f"refs/heads/{name}"
            return full, full if both else name, branch.value.sha
        if is_tag and tag.value is not None and tag.value.sha:
            full = f"refs/tags/{name}"
            return full, full if both else name, tag.value.sha
        raise usage_error(
            f"There is no branch or tag {shown!r} that this token can see",
            hint="A workflow starts on a branch or a tag, not on a commit.",
        )

    async def gather(self, intent: Dispatch) -> Facts:
        reader = self._tools.reader
        ready, who = await asyncio.gather(self.ready(intent.workflow, intent.ref), login(reader))
        filled = fill(ready.fields, intent.inputs)
        problem = usage_problem(ready.workflow.file, ready.fields, filled)
        if problem is not None:
            raise RelmanError(problem)
        leads = reached(ready.file, known_of_dispatch(ready.ref, typed(ready.fields, filled.values)))
        listed = await reader.runs(workflow=ready.workflow.id, event="workflow_dispatch", per_page=100)
        at = self._tools.clock.now()
        guarded = [
            one
            for one in ready.environments
            if one.custom_policies and any(lead.environment == one.name for lead in leads)
        ]
        policies = await asyncio.gather(*(reader.branch_policies(one.name) for one in guarded))
        facts = Facts(
            ready,
            filled,
            who,
            at,
            listed.clock_offset(at),
            leads,
            {one.name: each.value for one, each in zip(guarded, policies, strict=True)},
            frozenset(run.id for run in listed.value.items),
        )
        return await self._with_earlier(facts)

    async def _with_earlier(self, facts: Facts) -> Facts:
        entries = await self._tools.operator.journal.read()
        mark = _mark(facts)
        earlier = unfinished(
            entries,
            action=self.name,
            repo=self._tools.repo,
            step=STEP,
            same=lambda target: target.endswith(mark),
        )
        if earlier is None:
            return facts
        others = runs_found(entries, action=self.name, repo=self._tools.repo)
        candidates = await self.appeared(facts, earlier.at + facts.offset, others)
        return replace(facts, earlier=earlier, candidates=candidates)

    async def appeared(self, facts: Facts, since: datetime, without: frozenset[int]) -> tuple[Run, ...]:
        """The runs that a dispatch at ``since`` (the server's time) may have become, oldest first."""
        since -= _SKEW
        ready = facts.ready
        answer = await self._tools.reader.runs(
            workflow=ready.workflow.id,
            event="workflow_dispatch",
            created=f">={since:%Y-%m-%dT%H:%M:%SZ}",
            per_page=100,
        )
        name = ready.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
        return tuple(
            run
            for run in reversed(answer.value.items)
            if run.id not in without
            and run.branch == name
            and (not facts.who or run.actor == facts.who)
            and run.created_at is not None
            and since.replace(microsecond=0) <= run.created_at <= since + MAY_APPEAR
        )

    def plan(self, facts: Facts, intent: Dispatch) -> Plan:
        ready, adopted = facts.ready, None if intent.again else facts.adopted
        name, ref = clean_line(ready.workflow.file), clean_line(ready.sent)
        production = "" if adopted is not None else production_of(facts.leads)
        return Plan(
            action=self.name,
            title=f"Start {name} on {ref}"
            if adopted is None
            else f"Follow the run that {name} on {ref} became",
            repo=self._tools.repo,
            target=_target(facts),
            steps=(_step(facts, adopted),),
            facts_at=facts.at,
            environment=production,
            changes=tuple(_changes(facts)) if adopted is None else (),
            checks=_checks(facts, intent),
            warnings=_warnings(facts, adopted),
            word=production,
            permission=may_write(ready.repository, "Starting a workflow"),
            production=bool(production),
            who=facts.who,
            details={
                "workflow": ready.workflow.path,
                "ref": ready.ref,
                "sha": ready.sha,
                "inputs": facts.shown,
                "environments": list(environment_words(facts.leads)),
                "run_id": adopted.id if adopted is not None else None,
            },
        )

    async def stale(self, facts: Facts, intent: Dispatch) -> Problem | None:
        """The ref has moved, or a dispatch of the same was begun meanwhile."""
        ready = facts.ready
        _, _, sha = await self._on(ready.ref)
        if sha != ready.sha:
            return Problem(
                Kind.REFUSED,
                f"{clean_line(ready.sent)} has moved",
                f"from {ready.sha[:7]} to {sha[:7]}",
                "Ask again to see what would run now.",
            )
        now = await self._with_earlier(replace(facts, earlier=None, candidates=()))
        before = facts.adopted.id if facts.adopted else None
        after = now.adopted.id if now.adopted else None
        if not intent.again and (now.earlier, after) != (facts.earlier, before):
            return Problem(
                Kind.REFUSED,
                "The same workflow was started with the same inputs meanwhile",
                hint="Ask again to see what became of it.",
            )
        return None

    def deeds(self, facts: Facts, intent: Dispatch) -> Sequence[Deed]:
        adopted = None if intent.again else facts.adopted
        errand = _Errand(self._tools, self, facts, adopted)
        return (Deed(_step(facts, adopted), errand.look, errand.do, settle=30.0, every=2.0),)


class _Errand(Struct):
    """One dispatch on its way: what is known of it grows."""

    tools: Tools
    action: DispatchAction
    facts: Facts
    adopted: Run | None
    sent_at: datetime | None = None  # the server's time
    taken: bool = False
    run_id: int | None = None

    async def do(self) -> None:
        ready = self.facts.ready
        self.sent_at = self.tools.clock.now() + self.facts.offset
        self.run_id = await self.tools.writer.dispatch(ready.workflow.id, ready.sent, self.facts.filled.values)
        self.taken = True

    async def look(self) -> Sight:
        if self.adopted is not None:
            return _seen((await self.tools.reader.run(self.adopted.id)).value)
        if self.sent_at is None:
            return Sight(Seen.ABSENT)
        if self.run_id is not None:
            try:
                return _seen((await self.tools.reader.run(self.run_id)).value)
            except RelmanError as error:
                if error.problem.kind is Kind.NOT_FOUND:
                    return Sight(Seen.ABSENT, f"run {self.run_id} is not in GitHub's lists yet")
                raise
        entries = await self.tools.operator.journal.read()
        others = runs_found(entries, action=self.action.name, repo=self.tools.repo)
        found = await self.action.appeared(self.facts, self.sent_at, self.facts.known | others)
        if len(found) == 1:
            return _seen(found[0])
        if not found:
            return Sight(Seen.ABSENT, "no run has appeared yet")
        which = f"{len(found)} runs have appeared, and which is this one GitHub does not say: {_listed(found)}"
        return Sight(Seen.THERE if self.taken else Seen.ABSENT, which)


def chosen_workflow(workflows: Sequence[Workflow], wanted: int | str) -> Workflow:
    """The workflow of that id, path, file name or name. Raises a USAGE problem that names those there are."""
    text = str(wanted).strip()
    folded = text.casefold()
    for fits in (
        lambda one: str(one.id) == text,
        lambda one: one.path == text,
        lambda one: one.file == text,
        lambda one: one.file.rsplit(".", 1)[0].casefold() == folded,
        lambda one: one.name.casefold() == folded,
    ):
        found = [one for one in workflows if fits(one)]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(f"{one.id} ({clean_line(one.path)})" for one in found[:10])
            raise usage_error(
                f"Several workflows are called {clean_line(text, 100)!r}", hint=f"Say one by id: {ids}."
            )
    files = [one.file for one in workflows if one.path.startswith(".github/")]
    near = get_close_matches(text, files, n=1, cutoff=0.5)
    hint = f"Did you mean {clean_line(near[0])}? " if near else ""
    there = ", ".join(clean_line(name) for name in files[:20]) or "none"
    raise usage_error(f"There is no workflow {clean_line(text, 100)!r}", hint=f"{hint}There is: {there}.")


def _not_by_hand(workflow: Workflow, why: str, hint: str = "") -> RelmanError:
    return RelmanError(
        Problem(Kind.REFUSED, f"{clean_line(workflow.file)} cannot be started by hand", why, hint)
    )


def _mark(facts: Facts) -> str:
    """What makes two dispatches the same: workflow, ref and inputs. No secret can be read from it."""
    ready = facts.ready
    same = json.dumps([ready.workflow.id, ready.ref, sorted(facts.filled.values.items())])
    return f"#{hashlib.sha256(same.encode()).hexdigest()[:12]}"


def _target(facts: Facts) -> str:
    ready = facts.ready
    where = f"{clean_line(ready.ref, 200)} at {ready.sha[:7]}"
    return f"{clean_line(ready.workflow.file, 100)} on {where} {_mark(facts)}"


def _step(facts: Facts, adopted: Run | None) -> Step:
    if adopted is not None:
        return Step(STEP, f"Look at run {adopted.id}; nothing is sent")
    ready = facts.ready
    body = json.dumps({"ref": ready.sent, "inputs": facts.shown}, ensure_ascii=False)
    request = (
        f"POST /repos/{ready.repository.full_name}/actions/workflows/{ready.workflow.id}/dispatches {body}"
    )
    return Step(STEP, "Start the workflow and find its run", request, undo="cancel the run")


def _changes(facts: Facts) -> list[Change]:
    told = []
    fields, values = facts.ready.fields, facts.shown
    defaults = shown(fields, {one.name: one.default for one in fields})
    for one in fields:
        if one.default or one.name in values:
            before = f"default {defaults[one.name]}" if one.default else ""
            told.append(Change(one.name, before, values.get(one.name, defaults[one.name]) or "(empty)"))
    return told


def _checks(facts: Facts, intent: Dispatch) -> tuple[Check, ...]:
    if facts.earlier is None or (facts.adopted is not None and not intent.again):
        return ()
    when = clock(facts.earlier.at, facts.at)
    if facts.candidates:
        which = f"{len(facts.candidates)} runs have appeared since: {_listed(facts.candidates)}"
    elif facts.at - facts.earlier.at < MAY_APPEAR:
        which = f"its run may still appear, until {clock(facts.earlier.at + MAY_APPEAR, facts.at)}"
    else:
        return ()
    return (
        Check(
            "earlier",
            "No earlier dispatch of the same is in doubt",
            Verdict.UNKNOWN,
            (f"relman sent the same at {when} and did not see the end of it", which),
            overridable=True,
            reason=intent.again,
        ),
    )


def _warnings(facts: Facts, adopted: Run | None) -> tuple[str, ...]:
    if adopted is not None and facts.earlier is not None:
        return (
            f"relman sent the same at {clock(facts.earlier.at, facts.at)} and did not see the end of it. "
            f"{_listed((adopted,))} has appeared since and is taken for it: nothing is sent. "
            "To start another one, say --again REASON.",
        )
    told = []
    for lead in facts.leads:
        policies = facts.policies.get(lead.environment or "")
        if policies is not None and allowed(facts.ready.ref, policies) is False:
            patterns = ", ".join(f"{one.kind} {clean_line(one.pattern)}" for one in policies) or "nothing"
            told.append(
                f"{clean_line(lead.environment or '')} accepts only {patterns}: GitHub will refuse "
                f"{clean_line(lead.name)} on {clean_line(facts.ready.sent)}."
            )
    names = ", ".join(environment_words(facts.leads))
    if names:
        told.append(f"It deploys to {names}.")
    if facts.earlier is not None and not facts.candidates:
        told.append(
            f"relman sent the same at {clock(facts.earlier.at, facts.at)} and did not see the end of it; "
            "no run of it has appeared since."
        )
    return tuple(dict.fromkeys(told))


def _listed(runs: Sequence[Run]) -> str:
    shown = [
        f"run {run.id}" + (f" of {run.created_at.astimezone():%H:%M:%S}" if run.created_at else "")
        for run in runs[:5]
    ]
    return ", ".join(shown) + (f" and {len(runs) - 5} more" if len(runs) > 5 else "")


def _seen(run: Run) -> Sight:
    return Sight(
        Seen.THERE, f"run {run.id}, number {run.number}, is {clean_line(run.word)}", run_id=run.id, url=run.url
    )
