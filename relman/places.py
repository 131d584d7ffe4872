"""Where relman keeps what is not in a repository: the user's file, the history, the reports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import platformdirs
from msgspec import Struct

HOME_VARIABLE = "RELMAN_HOME"
PASSING = "relman-demo-"  # how the name of a home begins that goes when the process goes


class Places(Struct, frozen=True):
    """Directories of this user. None of them need exist; who writes makes them, for the user alone."""

    config: Path  # holds config.toml
    state: Path  # the journal of changes, texts in work, reports; and the history, which can be read again
    cache: Path  # logs that were read

    @property
    def user_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def last(self) -> bool:
        """Whether they outlive this process."""
        return not self.config.name.startswith(PASSING)


def find(environ: Mapping[str, str]) -> Places:
    """The platform's usual directories, or all below ``RELMAN_HOME`` where that is set."""
    if home := environ.get(HOME_VARIABLE):
        root = Path(home).expanduser().absolute()
        return Places(root, root / "state", root / "cache")
    return Places(
        config=platformdirs.user_config_path("relman", appauthor=False),
        state=platformdirs.user_state_path("relman", appauthor=False),
        cache=platformdirs.user_cache_path("relman", appauthor=False),
    )
