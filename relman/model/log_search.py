"""Searching a log: literal text, and letter case counts only when the wanted text has a capital letter.

What is searched is what a person sees of a line (no time, mark, colour or control). The bytes are searched
as they are where that gives the same answer, which is nearly always; else line by line.
"""

from __future__ import annotations

import re

from relman.model.job_log import parse_line

_SGR = re.compile(rb"\x1b\[[0-9;:]*m")
_CONTROLS = bytes(set(range(0x20)) - {0x09, 0x0A}) + b"\x7f"
# In UTF-8 whatever else is not shown: C1 controls, bidi controls, characters without a shape, and what joins or
# varies signs. A test compares this with every character there is.
_INVISIBLE = re.compile(
    rb"\xc2[\x80-\x9f\xad]|\xcd\x8f|\xd8\x9c|\xe1(?:\x85[\x9f\xa0]|\x9e[\xb4\xb5]|\xa0\x8e)"
    rb"|\xe2(?:\x80[\x8b-\x8f\xaa-\xae]|\x81[\xa0-\xa9]|\x83\xa3)|\xe3\x85\xa4"
    rb"|\xef(?:\xb8[\x80-\x8f]|\xbb\xbf|\xbe\xa0|\xbf[\xb9-\xbb])"
    rb"|\xf0\x9f\x8f[\xbb-\xbf]|\xf3\xa0[\x80\x81\x84-\x87]"
)


class Wanted:
    """A text that is looked for. Empty text is found nowhere."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._folds = text == text.lower()
        flags = re.IGNORECASE if self._folds else re.NOFLAG
        if text.isascii():
            flags |= re.ASCII  # so that bytes and text are folded alike
        self._pattern = re.compile(re.escape(text), flags)
        self._bytes = text.encode("utf-8", "replace") if text.isascii() or not self._folds else None
        if "\ufffd" in text:
            self._bytes = None  # stands for bytes that are not UTF-8

    def spans(self, shown: str) -> list[tuple[int, int]]:
        """Every place in ``shown``, from left to right, not overlapping."""
        return [match.span() for match in self._pattern.finditer(shown)] if self.text else []

    def within(self, shown: str) -> bool:
        return bool(self.text) and self._pattern.search(shown) is not None

    def lines(self, data: bytes) -> list[int]:
        """Which of the lines in ``data`` (from 0) hold the text."""
        if not self.text:
            return []
        flat = _SGR.sub(b"", data) if b"\x1b[" in data else data
        flat = flat.replace(b"\r\n", b"\n") if b"\r\n" in flat else flat
        if (
            self._bytes is None
            or len(flat.translate(None, _CONTROLS)) != len(flat)
            or not (flat.isascii() or _INVISIBLE.search(flat) is None)
        ):
            return [number for number, line in enumerate(data.split(b"\n")) if self._in_line(line)]
        hay = flat.lower() if self._folds else flat
        at = hay.find(self._bytes)
        if at < 0:
            return []
        # The bytes may also stand in a time or a mark: the line as it is decides.
        lines = data.split(b"\n")
        found: list[int] = []
        number = position = 0
        while at >= 0:
            number += flat.count(b"\n", position, at)
            position = at
            if self._in_line(lines[number]):
                found.append(number)
            end = flat.find(b"\n", at)
            at = hay.find(self._bytes, end) if end >= 0 else -1
        return found

    def _in_line(self, line: bytes) -> bool:
        return self.within(parse_line(line).text)
