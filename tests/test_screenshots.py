"""The pictures in ``screenshots/`` show the program as it is: their texts are painted again and compared."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

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


def test_every_picture_is_current() -> None:
    painted = asyncio.run(_maker().texts_and_drawings())
    kept = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}
    assert painted.keys() == kept.keys(), "run: python screenshots/make.py"
    for name, (_, text) in painted.items():
        assert text == kept[name], f"{name} has changed; run: python screenshots/make.py"
        for kind in ("svg", "png"):
            assert (FOLDER / f"{name}.{kind}").stat().st_size > 1_000
