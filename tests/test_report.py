"""The report of a failure: what it says, what it never says, and where it goes."""

from __future__ import annotations

import stat
from pathlib import Path

from relman import report
from relman.secret import MASK, Secret

SENTINEL = "sentinel-of-no-known-shape-42"


def inner(headers: dict[str, str]) -> None:
    raise RuntimeError(f"again {SENTINEL} \x1b]0;owned\x07 {len(headers)}") from KeyError(SENTINEL)


def failed() -> BaseException:
    try:
        inner({"X-Token": SENTINEL})
    except RuntimeError as error:
        return error
    raise AssertionError


def test_a_report_masks_the_whole_chain_and_shows_no_local() -> None:
    text = report.describe(failed(), [Secret(SENTINEL)])
    assert SENTINEL not in text and text.count(MASK) == 2
    assert "in failed" in text and "relman " in text and "Python " in text
    assert "\x1b" not in text and "\x07" not in text
    assert "X-Token" not in text.replace('inner({"X-Token": SENTINEL})', "")


def test_a_report_is_for_its_owner_only(tmp_path: Path) -> None:
    path = report.write(failed(), tmp_path / "state", [Secret(SENTINEL)])
    assert path is not None and path.parent == tmp_path / "state"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SENTINEL not in path.read_text(encoding="utf-8")


def test_a_report_goes_elsewhere_when_its_place_is_blocked(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    path = report.write(failed(), blocked / "below", ())
    assert path is not None and path.parent != blocked / "below"
    path.unlink()
