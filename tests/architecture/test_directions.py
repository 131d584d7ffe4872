"""The directions of the house, as import-linter sees them and as a fresh process really loads them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCREEN = {"textual", "rich"}
NETWORK = {"httpx", "github", "requests", "asyncssh", "cryptography", "starlette", "uvicorn"}
HEAVY = SCREEN | NETWORK | {"asyncio", "yaml", "sqlite3", "platformdirs", "semver", "dataclasses"}


def loaded(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after ``code``."""
    script = f"import sys, json\n{code}\nprint('\\n' + json.dumps(sorted(name.split('.')[0] for name in sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def modules_of(room: str) -> list[str]:
    import relman

    base = Path(relman.__file__).parent
    return sorted(
        ".".join(("relman", *path.relative_to(base).with_suffix("").parts))
        for path in (base / room).rglob("*.py")
        if path.stem != "__main__"
    )


def test_contracts_hold() -> None:
    pytest.importorskip("importlinter", reason="import-linter is in the extra dev")
    if not (ROOT / "relman").is_dir():
        pytest.skip("the contracts are about the source tree")
    # A process of its own: import-linter sets logging up for all of the one it runs in.
    command = "from importlinter.cli import lint_imports_command as lint; lint()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("room", ["model", "board", "actions", "cli"])
def test_a_room_never_loads_the_screen_or_the_network(room: str) -> None:
    modules = modules_of(room)
    assert len(modules) > 2
    found = loaded("\n".join(f"import {name.removesuffix('.__init__')}" for name in modules))
    assert not found & (SCREEN | NETWORK)


def test_the_dashboard_loads_no_client() -> None:
    modules = modules_of("tui")
    assert len(modules) > 10
    found = loaded("\n".join(f"import {name.removesuffix('.__init__')}" for name in modules))
    assert "textual" in found
    assert not found & {"github", "requests", "asyncssh", "cryptography", "httpx", "starlette"}


def test_the_version_loads_next_to_nothing() -> None:
    found = loaded("from relman.__main__ import main\nmain(['--version'])")
    assert not found & (HEAVY | {"argparse"})


def test_help_loads_nothing_heavy() -> None:
    code = "from relman.__main__ import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass"
    assert not loaded(code) & HEAVY


def test_a_workflow_file_is_drawn_without_network_or_screen(tmp_path: Path) -> None:
    file = tmp_path / "ci.yml"
    file.write_text("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: true\n")
    found = loaded(
        f"from relman.__main__ import main\nassert main(['graph', '--workflow', {str(file)!r}]) == 0"
    )
    assert not found & (SCREEN | NETWORK | {"asyncio", "sqlite3"})
