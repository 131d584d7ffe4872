"""What a condition or a name with expressions comes to, as far as it can be known before the run.

GitHub's own rules (loose equality, strings without case, ``&&`` and ``||`` give an operand) over what is known;
everything else is :data:`UNKNOWN`. An answer that is not ``UNKNOWN`` is certain.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Mapping
from enum import Enum
from functools import partial
from typing import Final, Literal

from relman.model.expression import ExpressionError, has_expression, parse, parts, tokens
from relman.model.yaml_reader import plain_text


class _Unknown(Enum):
    UNKNOWN = "unknown"
    TRUTHY = "unknown, but it counts as true"
    FALSY = "unknown, but it counts as false"


UNKNOWN: Final = _Unknown.UNKNOWN
"""Only the run will tell."""

Value = str | float | bool | None | Literal[_Unknown.UNKNOWN, _Unknown.TRUTHY, _Unknown.FALSY]
Known = Mapping[str, Value]
"""Values by path in lower case: ``github.event_name``, ``inputs.version``. A path that ends in ``.*`` says what
everything below it is that is not listed (``inputs.*`` as None: there are no other inputs)."""


def evaluate(text: str, known: Known) -> Value:
    """The value of one expression, without its ``${{ }}``. What cannot be read is UNKNOWN."""
    value = _evaluate(text, known)
    return UNKNOWN if isinstance(value, _Unknown) else value


def _evaluate(text: str, known: Known) -> Value:
    try:
        parse(text)  # bounds length and depth, and refuses what GitHub refuses
        return _Evaluation(text, known).value()
    except (ExpressionError, RecursionError):
        return UNKNOWN


def holds(condition: str | None, known: Known) -> bool | None:
    """Whether an ``if`` lets its job run; None where only the run will tell. Without one: True."""
    if condition is None:
        return True
    text = condition.strip()
    if text.startswith("${{") and text.endswith("}}") and text.count("${{") == 1:
        text = text[3:-2]
    elif has_expression(text):
        return None
    return _truth(_evaluate(text.strip(), known))


def filled(text: str, known: Known) -> str | None:
    """``text`` with its ``${{ }}`` replaced by their values; None where one is not known."""
    told: list[str] = []
    try:
        for part in parts(text):
            value = evaluate(part.text, known) if part.expression else part.text
            if isinstance(value, _Unknown):
                return None
            told.append(plain_text(value))
    except ExpressionError:
        return None
    return "".join(told)


def _truth(value: Value) -> bool | None:
    if isinstance(value, _Unknown):
        return None if value is UNKNOWN else value is _Unknown.TRUTHY
    if isinstance(value, float):
        return not (value == 0 or math.isnan(value))
    return bool(value)


class _Evaluation:
    """One walk over the tokens of an expression that :func:`parse` has accepted."""

    _LEVELS = (("||",), ("&&",), ("==", "!="), (">", ">=", "<", "<="))

    def __init__(self, text: str, known: Known) -> None:
        self._tokens = tokens(text)
        self._at = 0
        self._known = known

    def value(self) -> Value:
        return self._binary(0)

    def _binary(self, level: int) -> Value:
        if level == len(self._LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._tokens[self._at][0] == "sign" and self._tokens[self._at][1] in self._LEVELS[level]:
            sign = self._tokens[self._at][1]
            self._at += 1
            left = _OPERATORS[sign](left, self._binary(level + 1))
        return left

    def _unary(self) -> Value:
        turns = 0
        while self._take("!"):
            turns += 1
        value = self._operand()
        if not turns:
            return value
        truth = _truth(value)
        return UNKNOWN if truth is None else truth ^ bool(turns % 2)

    def _operand(self) -> Value:
        kind, word = self._tokens[self._at]
        self._at += 1
        if kind == "string":
            return word[1:-1].replace("''", "'")
        if kind == "number":
            return _number(word)
        if kind == "name" and word in _LITERALS:
            return _LITERALS[word]
        if kind == "name" and self._take("("):
            return self._indexed(self._call(word.lower()))
        if kind == "name":
            return self._path(word.lower())
        value = self._binary(0)
        self._take(")")
        return self._indexed(value)

    def _path(self, name: str) -> Value:
        path: str | None = name
        while True:
            if self._take("."):
                path = None if path is None else f"{path}.{self._tokens[self._at][1].lower()}"
                self._at += 1
            elif self._take("["):
                key: Value = UNKNOWN
                if not self._take("*"):
                    key = self._binary(0)
                self._take("]")
                path = f"{path}.{key.lower()}" if isinstance(key, str) and path is not None else None
            else:
                break
        if path is None or "*" in path:
            return UNKNOWN
        if path in self._known:
            return self._known[path]
        while "." in path:
            path = path.rpartition(".")[0]
            if f"{path}.*" in self._known:
                return self._known[f"{path}.*"]
        return UNKNOWN

    def _indexed(self, value: Value) -> Value:
        """What is below a value that was computed is not known."""
        while True:
            if self._take("."):
                self._at += 1
            elif self._take("["):
                if not self._take("*"):
                    self._binary(0)
                self._take("]")
            else:
                return value
            value = UNKNOWN

    def _call(self, function: str) -> Value:
        arguments: list[Value] = []
        while not self._take(")"):
            arguments.append(self._binary(0))
            if not self._take(","):
                self._take(")")
                break
        if function == "always":
            return True
        if function == "case":
            return _case(arguments)
        make = _FUNCTIONS.get((function, len(arguments)))
        if make is None or any(isinstance(argument, _Unknown) for argument in arguments):
            return UNKNOWN
        return make(*arguments)

    def _take(self, sign: str) -> bool:
        if self._tokens[self._at] == ("sign", sign):
            self._at += 1
            return True
        return False


_LITERALS: dict[str, Value] = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": math.nan,
    "Infinity": math.inf,
}


def _number(word: str) -> float:
    sign = -1.0 if word.startswith("-") else 1.0
    digits = word.lstrip("+-").lower()
    if digits.startswith(("0x", "0o")):
        return sign * float(int(digits, 16 if digits.startswith("0x") else 8))
    return sign * float(digits)


def _either(left: Value, right: Value) -> Value:
    truth = _truth(left)
    if truth is None:
        return _Unknown.TRUTHY if _truth(right) else UNKNOWN
    return left if truth else right


def _both(left: Value, right: Value) -> Value:
    truth = _truth(left)
    if truth is None:
        return _Unknown.FALSY if _truth(right) is False else UNKNOWN
    return right if truth else left


def _equal(left: Value, right: Value) -> Value:
    if isinstance(left, _Unknown) or isinstance(right, _Unknown):
        return UNKNOWN
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    return _as_number(left) == _as_number(right)


def _unequal(left: Value, right: Value) -> Value:
    equal = _equal(left, right)
    return UNKNOWN if equal is UNKNOWN else not equal


def _ordered(compare: Callable[..., bool], left: Value, right: Value) -> Value:
    if isinstance(left, _Unknown) or isinstance(right, _Unknown):
        return UNKNOWN
    if isinstance(left, str) and isinstance(right, str):
        return compare(left.casefold(), right.casefold())
    return compare(_as_number(left), _as_number(right))


def _as_number(value: Value) -> float:
    if isinstance(value, str):
        try:
            return _number(value.strip()) if value.strip() else 0.0
        except ValueError:
            return math.nan
    return 0.0 if value is None or isinstance(value, _Unknown) else float(value)


_OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "||": _either,
    "&&": _both,
    "==": _equal,
    "!=": _unequal,
    "<": partial(_ordered, operator.lt),
    "<=": partial(_ordered, operator.le),
    ">": partial(_ordered, operator.gt),
    ">=": partial(_ordered, operator.ge),
}


def _case(arguments: list[Value]) -> Value:
    """``case(condition, value, …, otherwise)``: the first value whose condition holds."""
    for condition, value in zip(arguments[:-1:2], arguments[1::2], strict=False):
        truth = _truth(condition)
        if truth is None:
            return UNKNOWN
        if truth:
            return value
    return arguments[-1] if arguments else UNKNOWN


def _from_json(text: Value) -> Value:
    try:
        value = json.loads(plain_text(text)) if not isinstance(text, _Unknown) else UNKNOWN
    except (ValueError, RecursionError):
        return UNKNOWN
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return float(value)
    return value if value is None or isinstance(value, str) else UNKNOWN


def _folded(value: Value) -> str:
    return "" if isinstance(value, _Unknown) else plain_text(value).casefold()


# ``contains`` in a list, ``join``, ``format`` and the like are left to the run.
_FUNCTIONS: dict[tuple[str, int], Callable[..., Value]] = {
    ("contains", 2): lambda text, part: _folded(part) in _folded(text),
    ("startswith", 2): lambda text, start: _folded(text).startswith(_folded(start)),
    ("endswith", 2): lambda text, end: _folded(text).endswith(_folded(end)),
    ("fromjson", 1): _from_json,
}
