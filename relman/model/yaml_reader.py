"""YAML 1.2 text as a tree of nodes that know their line and column.

PyYAML reads YAML 1.1: ``on`` is true, ``010`` is eight, ``1:30`` is ninety. Only its events are used here
(libyaml's where it was built in, Python's otherwise); scalars get their type by the core schema of YAML 1.2,
anchors may be defined again, merge keys are plain keys. Nothing is built recursively and the size of what
aliases expand to is counted, so that no text makes this slow or deep.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from msgspec import Struct

MAX_CHARACTERS = 1024 * 1024
MAX_DEPTH = 100
MAX_EXPANDED = 200_000  # nodes, with every alias counted as what it stands for

Value = str | bool | int | float | None
# PyYAML types the marks of its events as optional; the parsers always set them, hence Any for events here.


class Finding(Struct, frozen=True):
    """What is wrong in a file, and where; line and column count characters from 1."""

    message: str
    line: int
    column: int


class YamlError(Exception):
    """The text is not one YAML document."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.finding = Finding(message, line, column)


class Node:
    """``line`` and ``column`` are of the first character, from 1."""

    __slots__ = ("column", "line", "size")

    def __init__(self, line: int, column: int) -> None:
        self.line = line
        self.column = column
        self.size = 1  # nodes in the tree below, itself included


class Scalar(Node):
    __slots__ = ("block", "quoted", "value")

    def __init__(self, line: int, column: int, value: Value, style: str | None) -> None:
        super().__init__(line, column)
        self.value = value
        self.block = style in ("|", ">")  # its text starts on the next line
        self.quoted = style in ("'", '"')  # its text starts one character later

    @property
    def text(self) -> str:
        """The value as the text GitHub makes of it."""
        return plain_text(self.value)


class Sequence(Node):
    __slots__ = ("items",)

    def __init__(self, line: int, column: int) -> None:
        super().__init__(line, column)
        self.items: list[Node] = []


class Mapping(Node):
    __slots__ = ("pairs",)

    def __init__(self, line: int, column: int) -> None:
        super().__init__(line, column)
        self.pairs: list[tuple[Scalar, Node]] = []

    def get(self, key: str) -> Node | None:
        """The value of the first key that reads ``key``."""
        for name, value in self.pairs:
            if name.value == key:
                return value
        return None


def plain_text(value: Value) -> str:
    """A scalar as text: ``true``, ``3.1`` for ``3.10``, nothing for null."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return format(value, ".15g")


# Nothing else may start a plain scalar that is not text.
_TYPED = frozenset("~nNtTfF+-.0123456789")
_WORDS: dict[str, Value] = {"~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_WORDS |= dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf"))
_WORDS |= dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf"))
_WORDS |= dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan"))
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_OCTAL = re.compile(r"0o[0-7]+", re.ASCII)
_HEX = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)


def resolve(text: str) -> Value:
    """A plain scalar's value by the core schema of YAML 1.2. Numbers are doubles, as GitHub's are."""
    if not text:
        return None
    if text[0] not in _TYPED:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _DECIMAL.fullmatch(text):
        return _number(float(text))
    if _OCTAL.fullmatch(text):
        return _number(float(int(text[2:], 8))) if len(text) < 300 else text
    if _HEX.fullmatch(text):
        return _number(float(int(text[2:], 16))) if len(text) < 200 else text
    return text


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


_TAG = "tag:yaml.org,2002:"
# What YAML lets no stream hold; PyYAML's two parsers report it differently, so it is looked for first.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# YAML 1.1 breaks lines here, YAML 1.2 does not: hidden from the parser as private characters.
_HIDE = str.maketrans("\x85\u2028\u2029", "\uf8f0\uf8f1\uf8f2")
_SHOW = str.maketrans("\uf8f0\uf8f1\uf8f2", "\x85\u2028\u2029")
_OLD_BREAKS = re.compile("[\x85\u2028\u2029]")


def compose(text: str) -> Node | None:
    """The document in ``text`` (None when it is empty). Raises :class:`YamlError` and nothing else."""
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS or len(text.encode("utf-8", "surrogatepass")) > MAX_CHARACTERS:
        raise YamlError("The file is larger than 1 MB", 1, 1)
    wrong = _FORBIDDEN.search(text)
    if wrong:
        line = text.count("\n", 0, wrong.start()) + 1
        column = wrong.start() - (text.rfind("\n", 0, wrong.start()) + 1) + 1
        raise YamlError(f"The character U+{ord(wrong.group()):04X} is not allowed in YAML", line, column)
    hidden = _OLD_BREAKS.search(text) is not None
    if hidden:
        text = text.translate(_HIDE)
    try:
        return _Composer(hidden).compose(_events(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not valid YAML"
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if "nesting depth" in problem:  # newer versions of libyaml have a limit too, and may meet theirs first
            raise YamlError(f"Nested deeper than {MAX_DEPTH} levels", line, column) from None
        raise YamlError(f"Not valid YAML: {problem}", line, column) from None
    except yaml.YAMLError as error:
        raise YamlError(f"Not valid YAML: {str(error).splitlines()[0]}", 1, 1) from None


def _events(text: str) -> Iterator[Any]:
    parser = yaml.CSafeLoader(text) if yaml.__with_libyaml__ else yaml.SafeLoader(text)
    try:
        while parser.check_event():
            yield parser.get_event()
    finally:
        parser.dispose()


class _Composer:
    def __init__(self, hidden: bool) -> None:
        self._hidden = hidden
        self._anchors: dict[str, Node] = {}
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Scalar | None] = []  # beside each open node: the key that waits for its value
        self._aliased = False
        self._root: Node | None = None

    def compose(self, events: Iterator[Any]) -> Node | None:
        documents = 0
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                node: Node = self._scalar(event)
                self._anchor(event, node)
                self._add(node)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._start(event, kind is yaml.MappingStartEvent)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._keys.pop()
                done = self._open.pop()
                if self._aliased and done.size > MAX_EXPANDED:
                    raise YamlError("The aliases of this file expand to too much", done.line, done.column)
                self._add(done)
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    line, column = _place(event)
                    raise YamlError("The file holds more than one YAML document", line, column)
        return self._root

    def _start(self, event: Any, mapping: bool) -> None:
        line, column = _place(event)
        if len(self._open) >= MAX_DEPTH:
            raise YamlError(f"Nested deeper than {MAX_DEPTH} levels", line, column)
        expected = "map" if mapping else "seq"
        if event.tag not in (None, "!", _TAG + expected):
            raise YamlError(f"Unexpected tag '{_tag(event.tag)}'", line, column)
        node: Sequence | Mapping = Mapping(line, column) if mapping else Sequence(line, column)
        self._anchor(event, node)
        self._open.append(node)
        self._keys.append(None)

    def _anchor(self, event: Any, node: Node) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = node

    def _alias(self, event: Any) -> None:
        line, column = _place(event)
        node = self._anchors.get(event.anchor)
        if node is None:
            raise YamlError(f"The alias '*{event.anchor}' names no anchor", line, column)
        if any(node is parent for parent in self._open):
            raise YamlError(f"The alias '*{event.anchor}' stands for something that holds it", line, column)
        self._aliased = True
        self._add(node, (line, column))

    def _add(self, node: Node, place: tuple[int, int] | None = None) -> None:
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        parent.size += node.size
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        assert isinstance(parent, Mapping)
        key = self._keys[-1]
        if key is not None:
            parent.pairs.append((key, node))
            self._keys[-1] = None
        elif isinstance(node, Scalar):
            self._keys[-1] = node
        else:
            line, column = place or (node.line, node.column)
            raise YamlError("A key must be a single value", line, column)

    def _scalar(self, event: Any) -> Scalar:
        mark = event.start_mark
        text = event.value.translate(_SHOW) if self._hidden else event.value
        tag = event.tag
        value: Value = text
        if tag is None or tag == "!":
            # implicit[0]: plain, so the schema decides; "!" asks for text.
            if event.implicit[0] and tag is None:
                value = resolve(text)
        elif tag == _TAG + "str":
            value = text
        elif tag in (_TAG + "null", _TAG + "bool", _TAG + "int", _TAG + "float"):
            value = _cast(tag.removeprefix(_TAG), text, mark.line + 1, mark.column + 1)
        else:
            raise YamlError(f"Unexpected tag '{_tag(tag)}'", mark.line + 1, mark.column + 1)
        return Scalar(mark.line + 1, mark.column + 1, value, event.style)


def _cast(kind: str, text: str, line: int, column: int) -> Value:
    value = resolve(text)
    fits = {
        "null": value is None,
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, (int, float)) and not isinstance(value, bool),
    }
    if not fits[kind]:
        raise YamlError(f"'{text}' is not a value of the tag '!!{kind}'", line, column)
    return value


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _tag(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
