from __future__ import annotations

import gc

from hypothesis import settings

# How long an example takes says something about the machine only.
settings.register_profile("relman", deadline=None)
settings.load_profile("relman")


def pytest_collection_finish() -> None:
    """A world is a hundred thousand objects: collecting after every 700 new ones made a sixth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)
