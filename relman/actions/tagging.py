"""The steps from a commit to a followed run: tag object, ref, look back, release, run.

Used by a release and by the rollback to a new tag. Every look knows what an earlier attempt left, so that a
relman that was killed at any point goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from relman.actions.deed import Deed, Seen, Sight
from relman.actions.ports import GitHubReader, GitHubWriter
from relman.actions.release_survey import every_tag
from relman.errors import Kind, OutcomeUnknownError, Problem, RelmanError
from relman.model.plan import Step
from relman.model.release import Release, TagRef
from relman.model.release_plan import other_commit
from relman.model.trailers import PLAN, read_trailers, values
from relman.model.version import version_of_tag
from relman.model.version_tags import VersionTag, VersionTags, read_version_tags
from relman.text import clean_line

RUN_WAIT = 90.0  # seconds until a run that a tag starts must be there
_RUN_EVERY = 2.0


class Wanted(Struct, frozen=True):
    """The tag and release to make. ``plan`` is the id in the tag's trailers, ``known`` the tags of before.

    ``starts``: the workflow's file says that this tag starts it, so that no other's run is the one to follow.
    ``ended`` says how it ended where the tag alone is not what was asked for.
    """

    tag: str
    sha: str
    message: str
    plan: str
    name: str
    notes: str
    prerelease: bool
    latest: bool
    workflow: str = ""  # the workflow that should start, its file name; "" for any
    known: VersionTags = field(default_factory=VersionTags)
    starts: bool = False
    ended: str = ""


class Tagging:
    """Deeds for :class:`Wanted`; ``published`` is called once the release is there."""

    def __init__(
        self,
        wanted: Wanted,
        reader: GitHubReader,
        writer: GitHubWriter,
        *,
        published: Callable[[], None] | None = None,
    ) -> None:
        self._wanted = wanted
        self._reader = reader
        self._writer = writer
        self._published = published
        self._object = ""

    def deeds(self, steps: Sequence[Step]) -> list[Deed]:
        """A deed for each of ``steps``, which keep the keys of :func:`relman.model.release_plan.release_steps`."""
        name = clean_line(self._wanted.tag)
        made = {
            "tag-object": Deed(Step("", ""), self._see_object, self._make_object),
            "tag": Deed(Step("", ""), self._see_ref, self._make_ref),
            "verify": Deed(
                Step("", ""),
                self._verify,
                None,
                late=Problem(
                    Kind.UNKNOWN,
                    f"The tag {name} was made and is not seen",
                    hint="Look at the repository's tags before anything else.",
                ),
            ),
            "release": Deed(Step("", ""), self._see_release, self._make_release),
            "run": Deed(
                Step("", ""), self._see_run, None, settle=RUN_WAIT, every=_RUN_EVERY, late=self._no_run()
            ),
        }
        return [replace(made[step.key], step=step) for step in steps]

    async def _ref(self) -> TagRef | None:
        return (await self._reader.tag_ref(self._wanted.tag)).value

    def _judged(self, ref: TagRef | None) -> Sight:
        """The tag as it stands against the plan."""
        wanted = self._wanted
        if ref is None:
            return Sight(Seen.ABSENT)
        problem = other_commit(ref, wanted.sha)
        if problem is not None:
            return Sight(Seen.OTHER, problem.title, problem)
        return Sight(Seen.THERE, f"{clean_line(ref.name)} is on {ref.sha[:7]}")

    async def _see_object(self) -> Sight:
        if self._object:
            return Sight(Seen.THERE, f"tag object {self._object[:7]}")
        return self._judged(await self._ref())

    async def _make_object(self) -> None:
        wanted = self._wanted
        try:
            self._object = await self._writer.create_tag_object(wanted.tag, wanted.message, wanted.sha)
        except OutcomeUnknownError:
            # An object that no ref points at is nothing, so a second one does no harm.
            try:
                self._object = await self._writer.create_tag_object(wanted.tag, wanted.message, wanted.sha)
            except OutcomeUnknownError as error:
                raise RelmanError(
                    replace(
                        error.problem,
                        kind=Kind.SERVER,
                        title="GitHub did not confirm the tag object",
                        hint="Nothing is tagged: an object without a ref is nothing. Start again.",
                    )
                ) from None

    async def _see_ref(self) -> Sight:
        sight = self._judged(await self._ref())
        others = await self._meanwhile() if sight.seen is Seen.ABSENT else ()
        if not others:
            return sight
        return _stopped(
            f"{clean_line(others[0].name)} was made on the same commit meanwhile",
            "nothing is tagged yet",
            "Look again before you release the same commit twice.",
        )

    async def _make_ref(self) -> None:
        await self._writer.create_ref(f"refs/tags/{self._wanted.tag}", self._object)

    async def _verify(self) -> Sight:
        ref = await self._ref()
        sight = self._judged(ref)
        if sight.seen is not Seen.THERE or ref is None:
            return sight
        others = await self._meanwhile()
        mine = version_of_tag(ref.name, prefix=self._wanted.known.prefix)
        if others and mine is not None and others[0].version > mine:
            # Of two relmans that tag one commit at once, the lower version stops and the higher goes on.
            return _stopped(
                f"{clean_line(others[0].name)} was made on the same commit meanwhile",
                f"{clean_line(ref.name)} stays as a tag without a release",
                "Somebody else released at the same time: reject the deployment that is not wanted.",
            )
        kind = "annotated" if ref.annotated else "lightweight"
        words = f"{clean_line(ref.name)} is {kind} and leads to {ref.sha[:7]}"
        plans = values(read_trailers(ref.message), PLAN)
        if self._wanted.plan not in plans:
            words = f"{words}; somebody else made it{f' (plan {clean_line(plans[0], 40)})' if plans else ''}"
        elif ref.object_sha != self._object:
            words = f"{words}; an earlier or another attempt at the same release made it"
        if others:
            words = f"{words}; {clean_line(others[0].name)} was made on the same commit meanwhile"
        return replace(sight, detail=words)

    async def _meanwhile(self) -> tuple[VersionTag, ...]:
        """Other versions that appeared on the same commit since the plan, highest first."""
        known = {self._wanted.tag, *(tag.name for tag in self._wanted.known.tags)}
        tags = read_version_tags(await every_tag(self._reader), prefix=self._wanted.known.prefix)
        return tuple(tag for tag in tags.at(self._wanted.sha) if tag.name not in known)

    async def _release(self) -> Release | None:
        return (await self._reader.release_of_tag(self._wanted.tag)).value

    async def _see_release(self) -> Sight:
        found = await self._release()
        if found is None or found.draft:
            return Sight(Seen.ABSENT)
        if self._published is not None:
            self._published()
        words = f"{clean_line(found.name) or clean_line(found.tag)} is published"
        return Sight(Seen.THERE, words, url=found.url)

    async def _make_release(self) -> None:
        wanted = self._wanted
        draft = await self._release()
        try:
            if draft is not None:
                await self._writer.update_release(
                    draft.id,
                    name=wanted.name,
                    body=wanted.notes,
                    draft=False,
                    prerelease=wanted.prerelease,
                    latest=wanted.latest,
                )
                return
            await self._writer.create_release(
                wanted.tag,
                name=wanted.name,
                body=wanted.notes,
                prerelease=wanted.prerelease,
                latest=wanted.latest,
            )
        except RelmanError as error:
            raise _with_way_on(error, wanted.tag) from None

    async def _see_run(self) -> Sight:
        """The run of exactly this tag: its push, on this commit."""
        wanted = self._wanted
        runs = (await self._reader.runs(head_sha=wanted.sha, event="push")).value.items
        found = [run for run in runs if run.branch == wanted.tag and run.sha == wanted.sha]
        # Of several workflows that a tag starts, the deployment is the one to follow; it may come last.
        others = [run for run in found if run.path.rsplit("/", 1)[-1] != wanted.workflow]
        for run in [run for run in found if run not in others] or ([] if wanted.starts else others):
            words = f"{clean_line(run.name)} #{run.number} ({run.id})"
            return Sight(Seen.THERE, words, run_id=run.id, url=run.url, ended=wanted.ended)
        return Sight(Seen.ABSENT, f"waiting for the run that {clean_line(wanted.tag)} starts")

    def _no_run(self) -> Problem:
        name = clean_line(self._wanted.tag)
        workflow = clean_line(self._wanted.workflow) or "WORKFLOW"
        return Problem(
            Kind.NOT_YET,
            f"No run appeared for {name}",
            f"tag and release are there; after {RUN_WAIT:.0f} s no workflow had started. Tags made with a "
            "workflow's own token start nothing, nor does a workflow that is disabled or has no tag filter",
            f"Start it by hand: relman dispatch {workflow} --ref {name}",
        )


def _stopped(title: str, detail: str, hint: str) -> Sight:
    return Sight(Seen.OTHER, title, Problem(Kind.REFUSED, title, detail, hint))


def _with_way_on(error: RelmanError, tag: str) -> RelmanError:
    """The same refusal, with the way on: the tag is there, so only the release is missing."""
    problem = error.problem
    if isinstance(error, OutcomeUnknownError):
        return error
    more = f"The tag {clean_line(tag)} is there; the same command again makes only the release."
    hint = f"{problem.hint} {more}" if problem.hint else more
    return RelmanError(replace(problem, hint=hint))
