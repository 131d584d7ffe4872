"""GitHub's expressions: where they stand in a text, whether they are well formed, what they refer to.

Reading only: values are computed for ``matrix.KEY`` lookups alone (:func:`fill`), everything else depends
on the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

MAX_LENGTH = 21_000
MAX_DEPTH = 50

# Functions every expression may call, with the fewest and the most arguments.
_FUNCTIONS = {
    "contains": (2, 2),
    "endswith": (2, 2),
    "format": (1, 255),
    "fromjson": (1, 1),
    "join": (1, 2),
    "startswith": (2, 2),
    "tojson": (1, 1),
    "case": (3, 255),
}
STATUS_FUNCTIONS = frozenset({"success", "failure", "cancelled", "always"})


class ExpressionError(Exception):
    """The expression is not one GitHub can read."""


class Expression(Struct, frozen=True):
    """What an expression refers to, in lower case: contexts, and functions with their argument counts."""

    contexts: frozenset[str]
    functions: frozenset[tuple[str, int]]

    @property
    def asks_status(self) -> bool:
        """Whether it calls ``success()``, ``failure()``, ``cancelled()`` or ``always()``."""
        return any(name in STATUS_FUNCTIONS for name, _ in self.functions)


class Part(Struct, frozen=True):
    """A piece of a text: literal, or the inside of ``${{ }}`` (trimmed), with its offset in the text."""

    text: str
    expression: bool
    offset: int


def parts(text: str) -> Iterator[Part]:
    """The literal and expression pieces of ``text``. Raises :class:`ExpressionError` when one is not closed."""
    at = 0
    while True:
        start = text.find("${{", at)
        if start < 0:
            if at < len(text):
                yield Part(text[at:], False, at)
            return
        if start > at:
            yield Part(text[at:start], False, at)
        end = _end(text, start + 3)
        if end < 0:
            raise ExpressionError("The expression is not closed: '${{' without '}}'")
        yield Part(text[start + 3 : end].strip(), True, start)
        at = end + 2


def _end(text: str, at: int) -> int:
    """Where the ``}}`` stands that closes the expression; text in single quotes may hold ``}}``."""
    quoted = False
    while at < len(text):
        character = text[at]
        if character == "'":
            quoted = not quoted
        elif character == "}" and not quoted and text.startswith("}}", at):
            return at
        at += 1
    return -1


def has_expression(text: str) -> bool:
    return "${{" in text


_LEXEME = r"""[ \t\r\n]*(?:
      (?P<string>'(?:[^']|'')*')
    | (?P<number>[-+]?(?:0x[0-9a-fA-F]+|0o[0-7]+|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?))
      (?=[\s()\[\],.!<>=&|]|$)
    | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)(?=[\s()\[\],.!<>=&|]|$)
    | (?P<sign>\|\||&&|[=!<>]=|[()\[\],.!<>*])
    | (?P<end>$)
    )"""
_LITERALS = frozenset({"true", "false", "null", "NaN", "Infinity"})


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Reads one expression, without its ``${{ }}``. Raises :class:`ExpressionError`."""
    if not text.strip():
        raise ExpressionError("An expression was expected")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"The expression is longer than {MAX_LENGTH} characters")
    return _Parser(text).parse()


def tokens(text: str) -> list[tuple[str, str]]:
    """Kind ("string", "number", "name", "sign", "end") and text of each token, "end" last.

    Raises :class:`ExpressionError`.
    """
    pattern = re.compile(_LEXEME, re.VERBOSE | re.ASCII)
    found: list[tuple[str, str]] = []
    at = 0
    while True:
        match = pattern.match(text, at)
        if match is None:
            words = text[at:].split(
                None, 1
            )  # none where only separators are left, which Python takes for blanks
            rest = words[0] if words else text[at:]
            raise ExpressionError(f"Unexpected symbol: '{rest[:60]}' in the expression '{_short(text)}'")
        kind = match.lastgroup or "end"
        token = match.group(kind)
        found.append((kind, token))
        if kind == "end":
            return found
        at = match.end()


class _Parser:
    """Recursive descent over GitHub's grammar; depth is bounded as GitHub bounds it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0
        self._contexts: set[str] = set()
        self._functions: set[tuple[str, int]] = set()

    def parse(self) -> Expression:
        self._binary(0)
        kind, token = self._tokens[self._at]
        if kind != "end":
            raise self._unexpected(token)
        return Expression(frozenset(self._contexts), frozenset(self._functions))

    _LEVELS = (("||",), ("&&",), ("==", "!="), (">", ">=", "<", "<="))

    def _binary(self, level: int) -> None:
        if level == 0:
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise ExpressionError(f"The expression is nested deeper than {MAX_DEPTH} levels")
        if level == len(self._LEVELS):
            self._unary()
            return
        self._binary(level + 1)
        while self._tokens[self._at][0] == "sign" and self._tokens[self._at][1] in self._LEVELS[level]:
            self._at += 1
            self._binary(level + 1)
        if level == 0:
            self._depth -= 1

    def _unary(self) -> None:
        while self._take("!"):
            pass
        indexable = self._primary()
        while indexable:
            if self._take("["):
                if not self._take("*"):
                    self._binary(0)
                self._expect("]")
            elif self._take("."):
                kind, word = self._tokens[self._at]
                if kind != "name" and word != "*":
                    raise self._unexpected(word)
                self._at += 1
            else:
                return

    def _primary(self) -> bool:
        """Reads one operand; says whether it can be indexed."""
        kind, word = self._tokens[self._at]
        self._at += 1
        if kind in ("string", "number") or (kind == "name" and word in _LITERALS):
            return False
        if kind == "name":
            if self._take("("):
                self._arguments(word)
            else:
                self._contexts.add(word.lower())
            return True
        if word == "(":
            self._binary(0)
            self._expect(")")
            return True
        raise self._unexpected(word)

    def _arguments(self, function: str) -> None:
        count = 0
        while not self._take(")"):
            self._binary(0)
            count += 1
            if not self._take(","):
                self._expect(")")
                break
        self._functions.add((function.lower(), count))

    def _take(self, sign: str) -> bool:
        if self._tokens[self._at] == ("sign", sign):
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unexpected(self._tokens[self._at][1])

    def _unexpected(self, word: str) -> ExpressionError:
        if not word:
            return ExpressionError(f"Unexpected end of the expression '{_short(self._text)}'")
        return ExpressionError(f"Unexpected symbol: '{word[:60]}' in the expression '{_short(self._text)}'")


def check(text: str, allowed: frozenset[str], functions: Mapping[str, tuple[int, int]]) -> Expression:
    """Parses ``text`` and refuses contexts and functions that do not exist where it stands.

    ``allowed`` are context names, ``functions`` the extra functions with their fewest and most arguments.
    """
    expression = parse(text)
    for context in sorted(expression.contexts):
        if context not in allowed:
            raise ExpressionError(f"Unrecognized named-value: '{context}' in the expression '{_short(text)}'")
    for name, count in sorted(expression.functions):
        limits = _FUNCTIONS.get(name) or functions.get(name)
        if limits is None:
            raise ExpressionError(f"Unrecognized function: '{name}' in the expression '{_short(text)}'")
        fewest, most = limits
        if count < fewest or count > most or (name == "case" and count % 2 == 0):
            raise ExpressionError(f"Wrong number of arguments for '{name}' in the expression '{_short(text)}'")
    return expression


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"


_MATRIX = r"matrix\.([A-Za-z_][A-Za-z0-9_-]*)|matrix\['([^']+)'\]"


def fill(text: str, matrix: Mapping[str, str]) -> str | None:
    """``text`` with each ``${{ matrix.KEY }}`` replaced from ``matrix`` (keys in lower case).

    None when it holds any other expression: its value is known only in the run.
    """
    filled: list[str] = []
    for part in parts(text):
        if not part.expression:
            filled.append(part.text)
            continue
        match = re.fullmatch(_MATRIX, part.text, re.IGNORECASE)
        if match is None:
            return None
        filled.append(matrix.get((match[1] or match[2]).lower(), ""))
    return "".join(filled)
