"""The board and its facts as JSON, for the next start.

Fields that hold their default are left out. The types say how to read the rest back, so a new field needs
nothing here: an older file simply lacks it, and a field that is gone is passed over. Times written as seconds
since 1970, as earlier versions did, are read as well.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

from relman.model.board import Board, Fill, Section
from relman.model.repository import Budget

T = TypeVar("T")

_VERSION: Final = 2
_KEYED_KEPT: Final = 8
"""Of what was looked at one by one (jobs, workflow files…), the last ones; the rest is in the history."""


class _Kept(msgspec.Struct, frozen=True):
    version: int
    board: Board


def encode_board(board: Board) -> bytes:
    """The last board. Errors, the budget and the clock belong to the session and are left out."""
    return encode(_Kept(_VERSION, _for_next_start(board)))


def decode_board(data: bytes, repo: str) -> Board | None:
    """The board that was kept; None for another version, another repository or anything unreadable."""
    try:
        kept = decode(_Kept, data)
    except (ValueError, OverflowError):
        return None  # whatever is wrong with a kept board, the answer is to start with an empty one
    if kept.version != _VERSION or kept.board.repo != repo:
        return None
    return replace(kept.board, **{name: MappingProxyType(held) for name, held in _mappings(kept.board)})


def encode(value: object) -> bytes:
    """A fact as JSON."""
    try:
        return msgspec.json.encode(value, enc_hook=_plain)
    except (UnicodeEncodeError, OverflowError):
        # Half of a surrogate pair, or a number of more than 64 bits: strange, but not ours to change.
        import json  # hardly ever wanted

        return json.dumps(msgspec.to_builtins(value, enc_hook=_plain), separators=(",", ":")).encode()


def decode(kind: type[T], data: bytes | str) -> T:
    """The fact back. Raises ``ValueError`` for what is not one."""
    try:
        return _decoder(kind).decode(data)  # type: ignore[no-any-return, arg-type]
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # what :func:`encode` could not write plainly, or earlier versions wrote as bytes that are no UTF-8
    import json

    try:
        return msgspec.convert(json.loads(data), kind, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:  # in older versions of msgspec no ValueError
        raise ValueError(str(error)) from None


@cache
def _decoder(kind: Any) -> Any:
    return msgspec.json.Decoder(kind, strict=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no way to keep a {type(value)}")


def _for_next_start(board: Board) -> Board:
    changes: dict[str, Any] = {"budget": Budget(), "fill": Fill(), "clock_offset": timedelta(0), "notices": ()}
    for name in board.__struct_fields__:
        held = getattr(board, name)
        if isinstance(held, Section):
            changes[name] = _calm(held)
    for name, held in _mappings(board):
        if name != "expected":
            kept = list(held.items())
            if name not in {"deployments", "health"}:
                kept = kept[-_KEYED_KEPT:]
            changes[name] = {key: _calm(section) for key, section in kept if section.value is not None}
    return replace(board, **changes)


def _mappings(board: Board) -> list[tuple[str, Mapping[Any, Any]]]:
    named = [(name, getattr(board, name)) for name in board.__struct_fields__]
    return [(name, held) for name, held in named if isinstance(held, Mapping)]


def _calm(section: Section[Any]) -> Section[Any]:
    return section if section.error is None else replace(section, error=None)
