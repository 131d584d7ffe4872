"""The shape GitHub asks of a workflow file, and the walk that holds a file against it.

A *rule* says which values may stand in a place and which contexts an expression there may use. Where several
mappings are possible (a job that runs steps, a job that calls a workflow) the keys decide, as on GitHub.
Scalars of the wrong type become text where text is allowed. Source: the workflow schema GitHub publishes
with its own parser (``workflow-v1.0.json``).
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType

from msgspec import Struct, field

from relman.model.expression import ExpressionError, check, has_expression, parts
from relman.model.workflow_events import ACTIVITY_TYPES, is_schedule
from relman.model.yaml_reader import Finding, Mapping, Node, Scalar, Sequence


class Keys(Struct, frozen=True):
    """A mapping: the rules of known keys; ``loose`` is the rule for the values of any other key."""

    known: MappingType[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    loose: str | None = None


class Rule(Struct, frozen=True):
    """What may stand in a place. ``text`` with ``words`` allows only these; ``items`` is a sequence's rule."""

    text: bool = False
    filled: bool = False  # text that must not be empty
    words: frozenset[str] = frozenset()
    flag: bool = False
    number: bool = False
    null: bool = False
    items: str | None = None
    maps: tuple[Keys, ...] = ()
    anything: bool = False
    contexts: frozenset[str] = frozenset()
    condition: bool = False  # the text is an expression even without ${{ }}
    schedule: bool = False  # the text is a cron expression


_ONCE = {"hashfiles": (1, 255)}
_JOB_STATUS = {"always": (0, 0), "cancelled": (0, 0), "failure": (0, 255), "success": (0, 255)}
_STEP_STATUS = {"always": (0, 0), "cancelled": (0, 0), "failure": (0, 0), "success": (0, 0), **_ONCE}
_NO_FUNCTIONS: dict[str, tuple[int, int]] = {}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORKFLOW = _words("github inputs vars")
_NEEDS = _WORKFLOW | {"needs"}
_STRATEGY = _NEEDS | {"strategy", "matrix"}
_RUNNER = _STRATEGY | _words("secrets steps job runner env")
_STEP = _RUNNER | {"hashFiles()"}
_STEP_IF = (_STEP - {"secrets"}) | {"step-status()"}
_JOB_IF = _NEEDS | {"job-status()"}


def _text(contexts: frozenset[str] = frozenset()) -> Rule:
    return Rule(text=True, contexts=contexts)


def _one_of(words: str) -> Rule:
    return Rule(text=True, words=_words(words))


def _map(known: dict[str, str], required: str = "", contexts: frozenset[str] = frozenset()) -> Rule:
    return Rule(maps=(Keys(known, tuple(required.split())),), contexts=contexts)


def _loose(values: str, contexts: frozenset[str] = frozenset()) -> Rule:
    return Rule(maps=(Keys(loose=values),), contexts=contexts)


def _same(rule: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), rule)


_FILTERED = "branches branches-ignore paths paths-ignore"
_PLAIN_EVENTS = "create delete deployment fork gollum page_build public status deployment_status"
_EVENTS = {
    **_same("nothing", _PLAIN_EVENTS),
    **{event: f"on-{event}" for event in ACTIVITY_TYPES},
    "repository_dispatch": "event-dispatch",
    "push": "event-push",
    "schedule": "schedule",
    "workflow_call": "workflow-call",
    "workflow_dispatch": "workflow-dispatch",
}
_PERMISSIONS = (
    "actions artifact-metadata attestations checks code-quality contents deployments discussions drives issues "
    "packages pages pull-requests repository-projects security-events statuses"
)
_JOB = {
    "name": "strategy-text",
    "needs": "filled-list",
    "if": "job-if",
    "strategy": "strategy",
    "permissions": "permissions",
    "concurrency": "job-concurrency",
}
_STEPS_JOB = {
    **_JOB,
    "runs-on": "runs-on",
    "timeout-minutes": "strategy-number",
    "cancel-timeout-minutes": "strategy-number",
    "continue-on-error": "strategy-flag",
    "container": "container",
    "services": "services",
    "env": "job-env",
    "environment": "environment",
    "outputs": "runner-texts",
    "defaults": "job-defaults",
    "steps": "steps",
    "snapshot": "snapshot",
}
_CALL_JOB = {**_JOB, "uses": "filled", "with": "call-with", "secrets": "call-secrets"}
_STEP_COMMON = {"name": "step-text", "id": "filled", "continue-on-error": "step-flag"}
_ACTIVE_STEP = {
    **_STEP_COMMON,
    "if": "step-if",
    "timeout-minutes": "step-number",
    "env": "step-env",
    "background": "flag",
}
_CONTAINER = {
    "image": "filled",
    "options": "text",
    "env": "runner-texts",
    "ports": "filled-items",
    "volumes": "filled-items",
    "credentials": "credentials",
}

RULES: dict[str, Rule] = {
    # Values.
    "anything": Rule(anything=True),
    "nothing": Rule(null=True),
    "text": _text(),
    "filled": Rule(text=True, filled=True),
    "flag": Rule(flag=True),
    "number": Rule(number=True),
    "scalar": Rule(text=True, flag=True, number=True),
    "filled-items": Rule(items="filled"),
    "text-items": Rule(items="text"),
    "filled-list": Rule(text=True, filled=True, items="filled"),
    "any-items": Rule(items="anything"),
    "strategy-text": _text(_STRATEGY),
    "strategy-number": Rule(number=True, contexts=_STRATEGY),
    "strategy-flag": Rule(flag=True, contexts=_STRATEGY),
    "runner-text": _text(_RUNNER),
    "runner-texts": _loose("runner-text"),
    "step-text": _text(_STEP),
    "step-number": Rule(number=True, contexts=_STEP),
    "step-flag": Rule(flag=True, contexts=_STEP),
    # The file.
    "workflow": _map(
        {
            "on": "on",
            "name": "text",
            "run-name": "run-name",
            "defaults": "workflow-defaults",
            "env": "workflow-env",
            "permissions": "permissions",
            "concurrency": "workflow-concurrency",
            "jobs": "jobs",
        },
        required="on jobs",
    ),
    "run-name": _text(_WORKFLOW),
    "workflow-env": _loose("text", _WORKFLOW | {"secrets"}),
    "workflow-defaults": _map({"run": "shell-defaults"}),
    "shell-defaults": _map({"shell": "filled", "working-directory": "filled"}),
    "permissions": Rule(
        text=True,
        words=_words("read-all write-all"),
        maps=(
            Keys(
                {
                    **_same("permission", _PERMISSIONS),
                    **_same("permission-write", "id-token copilot-requests"),
                    **_same("permission-read", "models vulnerability-alerts"),
                }
            ),
        ),
    ),
    "permission": _one_of("read write none"),
    "permission-write": _one_of("write none"),
    "permission-read": _one_of("read none"),
    "workflow-concurrency": Rule(
        text=True,
        maps=(Keys({"group": "filled", "cancel-in-progress": "flag", "queue": "queue"}, ("group",)),),
        contexts=_WORKFLOW,
    ),
    "queue": _one_of("single max"),
    # Events.
    "on": Rule(text=True, words=frozenset(_EVENTS), items="event", maps=(Keys(_EVENTS),)),
    "event": Rule(text=True, words=frozenset(_EVENTS)),
    "event-dispatch": Rule(null=True, maps=(Keys({"types": "filled-list"}),)),
    "event-push": Rule(null=True, maps=(Keys(_same("filled-list", "tags tags-ignore " + _FILTERED)),)),
    "schedule": Rule(items="cron"),
    "cron": _map({"cron": "cron-text", "timezone": "filled"}, required="cron"),
    "cron-text": Rule(text=True, filled=True, schedule=True),
    "workflow-call": Rule(
        null=True,
        maps=(Keys({"inputs": "call-inputs", "secrets": "call-secret-list", "outputs": "call-outputs"}),),
    ),
    "call-inputs": _loose("call-input"),
    "call-input": _map(
        {
            "type": "call-input-type",
            "required": "flag",
            "default": "call-input-default",
            "description": "text",
            "deprecationMessage": "text",
        },
        required="type",
    ),
    "call-input-type": _one_of("string boolean number"),
    "call-input-default": Rule(text=True, flag=True, number=True, contexts=_WORKFLOW),
    "call-secret-list": _loose("call-secret"),
    "call-secret": Rule(null=True, maps=(Keys({"required": "flag", "description": "text"}),)),
    "call-outputs": _loose("call-output"),
    "call-output": _map({"value": "call-output-value", "description": "text"}, required="value"),
    "call-output-value": _text(_WORKFLOW | {"jobs"}),
    "workflow-dispatch": Rule(null=True, maps=(Keys({"inputs": "dispatch-inputs"}),)),
    "dispatch-inputs": _loose("dispatch-input"),
    "dispatch-input": Rule(
        null=True,
        maps=(
            Keys(
                {
                    "type": "dispatch-input-type",
                    "required": "flag",
                    "default": "scalar",
                    "options": "text-items",
                    "description": "text",
                    "deprecationMessage": "text",
                }
            ),
        ),
    ),
    "dispatch-input-type": _one_of("string boolean number environment choice"),
    # Jobs.
    "jobs": _loose("job"),
    "job": Rule(maps=(Keys(_STEPS_JOB, ("runs-on",)), Keys(_CALL_JOB, ("uses",)))),
    "call-with": _loose("call-value"),
    "call-value": Rule(text=True, flag=True, number=True, contexts=_STRATEGY),
    "call-secrets": Rule(text=True, words=_words("inherit"), maps=(Keys(loose="call-secret-value"),)),
    "call-secret-value": Rule(text=True, flag=True, number=True, contexts=_STRATEGY | {"secrets"}),
    "job-if": Rule(text=True, contexts=_JOB_IF, condition=True),
    "strategy": _map({"fail-fast": "flag", "max-parallel": "number", "matrix": "matrix"}, contexts=_NEEDS),
    "matrix": Rule(maps=(Keys({"include": "matrix-list", "exclude": "matrix-list"}, loose="any-items"),)),
    "matrix-list": Rule(items="matrix-item"),
    "matrix-item": _loose("anything"),
    "runs-on": Rule(
        text=True,
        filled=True,
        items="filled",
        maps=(Keys({"group": "filled", "labels": "filled-list"}),),
        contexts=_STRATEGY,
    ),
    "job-env": _loose("text", _STRATEGY | {"secrets"}),
    "job-concurrency": Rule(
        text=True,
        filled=True,
        maps=(Keys({"group": "filled", "cancel-in-progress": "flag", "queue": "queue"}, ("group",)),),
        contexts=_STRATEGY,
    ),
    "environment": Rule(
        text=True,
        maps=(Keys({"name": "strategy-text", "url": "environment-url", "deployment": "flag"}, ("name",)),),
        contexts=_STRATEGY,
    ),
    "environment-url": _text(_RUNNER - {"secrets"}),
    "job-defaults": _map({"run": "job-shell-defaults"}),
    "job-shell-defaults": _map(
        {"shell": "filled", "working-directory": "filled"}, contexts=_STRATEGY | {"env"}
    ),
    "snapshot": Rule(
        text=True,
        filled=True,
        maps=(Keys({"image-name": "filled", "if": "snapshot-if", "version": "filled"}, ("image-name",)),),
    ),
    "snapshot-if": Rule(text=True, contexts=_STRATEGY | {"job-status()"}, condition=True),
    "container": Rule(text=True, maps=(Keys(_CONTAINER),), contexts=_STRATEGY),
    "services": _loose("service", _STRATEGY),
    "service": Rule(
        text=True,
        filled=True,
        maps=(Keys({**_CONTAINER, "entrypoint": "text", "command": "text"}),),
        contexts=_STRATEGY,
    ),
    "credentials": _map({"username": "filled", "password": "filled"}, contexts=_WORKFLOW | {"secrets", "env"}),
    # Steps.
    "steps": Rule(items="step"),
    "step": Rule(
        maps=(
            Keys(
                {**_ACTIVE_STEP, "run": "step-text", "working-directory": "step-text", "shell": "filled"},
                ("run",),
            ),
            Keys({**_ACTIVE_STEP, "uses": "filled", "with": "step-env"}, ("uses",)),
            Keys({**_STEP_COMMON, "wait": "filled-list"}, ("wait",)),
            Keys({**_STEP_COMMON, "wait-all": "wait-all"}, ("wait-all",)),
            Keys({**_STEP_COMMON, "cancel": "filled"}, ("cancel",)),
            Keys({"parallel": "steps"}, ("parallel",)),
        )
    ),
    "step-if": Rule(text=True, contexts=_STEP_IF, condition=True),
    "step-env": _loose("text", _STEP),
    "wait-all": Rule(null=True, flag=True),
}

_MORE_KEYS = {
    "image_version": "names versions",
    "merge_group": "branches branches-ignore",
    "pull_request": _FILTERED,
    "pull_request_target": _FILTERED,
    "workflow_run": "workflows branches branches-ignore",
}
for _event, _types in ACTIVITY_TYPES.items():
    RULES[f"type-{_event}"] = Rule(text=True, words=_types)
    RULES[f"types-{_event}"] = Rule(text=True, words=_types, items=f"type-{_event}")
    _keys = {"types": f"types-{_event}", **_same("filled-list", _MORE_KEYS.get(_event, ""))}
    RULES[f"on-{_event}"] = Rule(null=True, maps=(Keys(_keys),))


def findings(root: Node, *, accepted: bool = False) -> list[Finding]:
    """Everything in the file that GitHub would refuse, but for what :mod:`workflow` looks at (ids, needs).

    ``accepted`` is for a file that GitHub has run: what this version does not know (a newer key, event,
    context or function) is then no finding.
    """
    walk = _Walk(accepted)
    walk.value(root, "workflow", frozenset())
    return walk.found


class _Walk:
    def __init__(self, accepted: bool) -> None:
        self.found: list[Finding] = []
        self._accepted = accepted

    def value(self, node: Node, name: str, inherited: frozenset[str]) -> None:
        rule = RULES[name]
        contexts = inherited | rule.contexts if rule.contexts else inherited
        if isinstance(node, Scalar):
            self._scalar(node, rule, contexts)
        elif isinstance(node, Sequence):
            if rule.items is not None:
                for item in node.items:
                    self.value(item, rule.items, contexts)
            elif rule.anything:
                for item in node.items:
                    self.value(item, name, contexts)
            else:
                self._add(node, "A sequence was not expected")
        elif isinstance(node, Mapping):
            if rule.maps:
                self._mapping(node, list(rule.maps), contexts)
            elif rule.anything:
                self._mapping(node, [Keys(loose=name)], contexts)
            else:
                self._add(node, "A mapping was not expected")

    def _scalar(self, node: Scalar, rule: Rule, contexts: frozenset[str]) -> None:
        value = node.value
        if isinstance(value, str) and has_expression(value):
            self._expressions(node, value, contexts)
            return
        if rule.condition:
            if node.text.strip():
                self._check(node.text.strip(), contexts, node.line, node.column)
            return
        if rule.anything or not self._refused(value, node.text, rule):
            return
        if self._accepted and (rule.words or rule.schedule):
            return
        if rule.schedule and node.text:
            self._add(node, f"Invalid cron expression '{_shown(node.text)}': five fields were expected")
        else:
            self._add(node, f"Unexpected value '{_shown(node.text)}'")

    @staticmethod
    def _refused(value: object, text: str, rule: Rule) -> bool:
        if (rule.null and value is None) or (rule.flag and isinstance(value, bool)):
            return False
        if rule.number and isinstance(value, (int, float)) and not isinstance(value, bool):
            return False
        if not rule.text:
            return True
        if rule.words:
            return text not in rule.words
        return (rule.filled and not text) or (rule.schedule and not is_schedule(text))

    def _expressions(self, node: Scalar, text: str, contexts: frozenset[str]) -> None:
        try:
            pieces = list(parts(text))
        except ExpressionError as error:
            self._add(node, str(error))
            return
        if not contexts:
            self._add(node, "An expression is not allowed here")
            return
        for piece in pieces:
            if piece.expression and not (len(pieces) == 1 and piece.text == "insert"):
                line, column = node.line, node.column
                if not node.block and "\n" not in text:
                    column += piece.offset + node.quoted
                self._check(piece.text, contexts, line, column)

    def _check(self, text: str, contexts: frozenset[str], line: int, column: int) -> None:
        functions = _NO_FUNCTIONS
        if "step-status()" in contexts:
            functions = _STEP_STATUS
        elif "job-status()" in contexts:
            functions = _JOB_STATUS
        elif "hashFiles()" in contexts:
            functions = _ONCE
        try:
            check(text, contexts, functions)
        except ExpressionError as error:
            if not self._accepted:
                self.found.append(Finding(str(error), line, column))

    def _mapping(self, node: Mapping, candidates: list[Keys], contexts: frozenset[str]) -> None:
        seen: set[str] = set()
        inserted = False
        for key, value in node.pairs:
            text = key.text
            if has_expression(text):
                inserted = True
                self._expressions(key, text, contexts)
                self.value(value, "anything", contexts)
                continue
            upper = text.upper()
            if upper in seen:
                self._add(key, f"'{_shown(text)}' is already defined")
                continue
            seen.add(upper)
            fitting = [keys for keys in candidates if text in keys.known]
            if fitting:
                candidates = fitting
                self.value(value, fitting[0].known[text], contexts)
            elif candidates[0].loose is not None:
                if not text:
                    self._add(key, "Unexpected value ''")
                self.value(value, candidates[0].loose, contexts)
            elif not self._accepted:
                hint = ": GitHub does not merge keys" if text == "<<" else ""
                self._add(key, f"Unexpected value '{_shown(text)}'{hint}")
        if not inserted:
            self._complete(node, candidates, seen)

    def _complete(self, node: Mapping, candidates: list[Keys], seen: set[str]) -> None:
        if len(candidates) > 1:
            required = " or ".join(f"'{name}'" for keys in candidates for name in keys.required)
            self._add(
                node, f"There's not enough info to determine what you meant: one of {required} is missing"
            )
            return
        for name in candidates[0].required:
            if name.upper() not in seen:
                self._add(node, f"Required property is missing: {name}")

    def _add(self, node: Node, message: str) -> None:
        self.found.append(Finding(message, node.line, node.column))


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"
