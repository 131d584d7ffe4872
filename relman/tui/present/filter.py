"""The filter of the runs list: words, and ``branch:``, ``status:``, ``workflow:``, ``event:``, ``actor:``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from relman.model.run import Run
from relman.model.state import STATUSES, State
from relman.tui.present.piece import safe

FIELDS = ("branch", "status", "workflow", "event", "actor")

_GROUPS: dict[str, Callable[[State], bool]] = {
    "failed": lambda state: state.failed,
    "red": lambda state: state.failed,
    "green": lambda state: state is State.SUCCESS,
    "active": lambda state: state.active,
    "running": lambda state: state is State.RUNNING,
    "waiting": lambda state: state in (State.WAITING, State.ACTION_REQUIRED),
    "finished": lambda state: state.finished,
    "done": lambda state: state.finished,
}


class Term(Struct, frozen=True):
    """One condition. ``field`` "" looks everywhere; ``negated`` turns it round (written ``!term``)."""

    field: str
    value: str  # casefolded
    negated: bool = False

    def holds(self, run: Run) -> bool:
        return self._found(run) is not self.negated

    def _found(self, run: Run) -> bool:
        if self.field == "":
            return any(self.value in text.casefold() for text in _texts(run))
        if self.field == "branch":
            return _alike(run.branch or "", self.value)
        if self.field == "workflow":
            file = run.path.rsplit("/", 1)[-1]
            return any(_alike(text, self.value) for text in (run.name, file, file.rsplit(".", 1)[0]))
        if self.field == "event":
            return _alike(run.event, self.value)
        if self.field == "actor":
            return _alike(run.actor, self.value) or _alike(run.triggering_actor, self.value)
        group = _GROUPS.get(self.value)
        if group is not None and group(run.state):
            return True
        words = (run.word, run.status, run.conclusion or "")
        return any(
            word.replace("_", " ").casefold().startswith(self.value.replace("_", " ")) for word in words if word
        )


class Filter(Struct, frozen=True):
    """All terms must hold; a filter without terms lets everything through."""

    terms: tuple[Term, ...] = ()
    text: str = ""  # as it was typed

    def __bool__(self) -> bool:
        return bool(self.terms)

    def keeps(self, run: Run) -> bool:
        return all(term.holds(run) for term in self.terms)

    def apply(self, runs: Sequence[Run]) -> Sequence[Run]:
        return [run for run in runs if self.keeps(run)] if self.terms else runs


def parse(text: str) -> Filter:
    """Reads what was typed. Quotes keep words together; whatever is unfinished is taken as it stands."""
    terms: list[Term] = []
    for word in _words(text):
        negated = word.startswith("!") and len(word) > 1
        body = word[1:] if negated else word
        field, colon, value = body.partition(":")
        name = field.casefold()
        if colon and name in FIELDS:
            if value:
                terms.append(Term(name, value.casefold(), negated))
        elif body:
            terms.append(Term("", body.casefold(), negated))
    return Filter(tuple(terms), text.strip())


def doubt(chosen: Filter, runs: Sequence[Run]) -> str:
    """What is asked for by name and known nowhere, with the name that may be meant; "" for nothing."""
    for term in chosen.terms:
        if not term.field or any(replace(term, negated=False).holds(run) for run in runs):
            continue
        names = {name.casefold() for run in runs for name in _names(run, term.field)}
        if term.field == "status":
            names = {name.replace("_", " ") for name in names | STATUSES | _GROUPS.keys()}
            if any(name.startswith(term.value.replace("_", " ")) for name in names):
                continue
        from difflib import get_close_matches  # hardly ever wanted

        near = get_close_matches(term.value, sorted(names), n=1)
        return f"no {term.field} {safe(term.value, 20)}" + (f", {safe(near[0], 20)}?" if near else "")
    return ""


def _names(run: Run, field: str) -> tuple[str, ...]:
    if field == "workflow":
        return (run.name, run.path.rsplit("/", 1)[-1])
    return {
        "branch": (run.branch or "",),
        "event": (run.event,),
        "actor": (run.actor, run.triggering_actor),
        "status": (run.word, run.status, run.conclusion or ""),
    }[field]


def _words(text: str) -> list[str]:
    words: list[str] = []
    current = ""
    quoted = False
    for character in text:
        if character == '"':
            quoted = not quoted
        elif character.isspace() and not quoted:
            words.append(current)
            current = ""
        else:
            current += character
    words.append(current)
    return [word for word in words if word]


def _alike(text: str, value: str) -> bool:
    """A pattern with ``*`` must fit the whole text; anything else need only occur in it."""
    folded = text.casefold()
    if "*" in value:
        return fnmatchcase(folded, value.replace("[", "[[]"))
    return value in folded


def _texts(run: Run) -> tuple[str, ...]:
    return (
        run.title,
        run.name,
        run.branch or "",
        run.actor,
        run.event,
        f"#{run.number}",
        run.word,
        # A sha is meant by its beginning only; anything else would match by accident.
        run.sha[:12],
    )
