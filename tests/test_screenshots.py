"""The pictures in ``screenshots/`` show the program as it is: their texts are painted again and compared."""

from __future__ import annotations

import asyncio
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from stillness import stillness

FOLDER = Path(__file__).parent.parent / "screenshots"

if not (FOLDER / "make.py").exists():
    pytest.skip(
        "the pictures are not beside the tests: they are tested in the checkout", allow_module_level=True
    )


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screenshots_make", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _words(text: str) -> list[str]:
    """What a screen says. A column may be one cell wider where a scroll bar came late; that is no other text."""
    return re.sub("[▁▂▃▄▅▆▇█━╸─▌]", " ", text).split()


def test_every_picture_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textual.app.wait_for_idle", stillness)
    monkeypatch.setattr("textual.pilot.wait_for_idle", stillness)
    maker = _maker()
    kept = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}
    expected = {f"{picture.name}-{size}" for picture in maker.PICTURES for size in maker.SIZES}
    assert expected == kept.keys(), "run: python screenshots/make.py"
    different: set[str] | None = None
    for _ in range(3):  # a machine that is busy elsewhere paints late; a screen that changed differs every time
        painted = asyncio.run(maker.texts_and_drawings(different))
        different = {name for name, (_, text) in painted.items() if _words(text) != _words(kept[name])}
        if not different:
            break
    assert not different, f"{sorted(different)} changed; run: python screenshots/make.py"
    for name in kept:
        for kind in ("svg", "png"):
            assert (FOLDER / f"{name}.{kind}").stat().st_size > 1_000
