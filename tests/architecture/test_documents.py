"""What the README says is what there is, and the other way round."""

import argparse
import ast
import inspect
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from relman import config, places, target
from relman.cli import arguments
from relman.errors import Exit
from relman.model.journal import Entry
from relman.model.operation import Outcome

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    parser = arguments.build()
    yield "", parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def test_every_command_and_option_is_in_the_readme() -> None:
    for name, parser in parsers():
        assert f"`relman {name}".strip() in README
        for action in parser._actions:
            for option in action.option_strings:
                if option not in ("-h",):
                    assert option in README, f"{name} {option}"


def test_every_command_of_the_readme_exists() -> None:
    commands = {name for name, _ in parsers()}
    spans = re.findall(r"`(relman [^`]*)`", re.sub(r"```.*?```", "", README, flags=re.S))
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.S))
    lines = re.findall(r"^(?:\S*/)?(relman [a-z-].*)$", shell, re.M)
    options_first = r"relman (?:\[[^]]*\] )*(?:demo -- )?([a-z][a-z-]*)"
    named = {found[1] for text in (*spans, *lines) if (found := re.match(options_first, text))}
    assert {"status", "graph"} <= named
    assert named - {"demo"} <= commands
    options = {
        option for _, parser in parsers() for action in parser._actions for option in action.option_strings
    }
    table = README.partition("## Commands")[2].partition("## Token")[0]
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", table)) <= options


def is_shape(member: object) -> bool:
    return isinstance(member, type) and issubclass(member, Struct) and bool(config.settings_of(member))


def section(title: str) -> str:
    """The README's chapter of that title."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_setting_is_in_the_readme() -> None:
    shapes = [shape for _, shape in inspect.getmembers(config, is_shape)]
    assert config.FreezeSetting in shapes and config.Settings in shapes
    told = section("Configuration")
    for shape in shapes:
        for key in config.settings_of(shape):
            assert re.search(rf"(?<![\w-]){key}(?![\w-])", told), f"{shape.__name__}: {key}"


def test_the_examples_are_valid(tmp_path: Path) -> None:
    team, user = re.findall(r"```toml\n(.*?)```", README, re.S)
    (tmp_path / "relman.toml").write_text(team)
    (tmp_path / "config.toml").write_text(user)
    settings = config.load(tmp_path / "relman.toml", tmp_path / "config.toml")
    assert settings.environments["production"].health and settings.theme
    assert settings.freeze and settings.stages.deploy and settings.releases.withdrawn


def test_every_exit_code_is_in_the_readme_and_in_the_help() -> None:
    help_text = arguments.build().format_help()
    for code in Exit:
        assert f"| {code.value} | " in README
        assert re.search(rf"\b{code.value}\s[a-z]", help_text)


def test_every_schema_is_in_the_readme() -> None:
    shipped = {
        json.loads(path.read_text(encoding="utf-8"))["properties"]["schema"]["const"]
        for path in (Path(arguments.__file__).parent / "schemas").glob("*.json")
        if "properties" in json.loads(path.read_text(encoding="utf-8"))
    }
    written = {name for tree in modules() for name in texts(tree) if re.fullmatch(r"relman\.[a-z-]+/\d+", name)}
    assert {"relman.status/1", "relman.operation/1"} <= shipped
    assert shipped <= written
    for name in written:
        assert f"`{name}`" in README, name


def test_every_check_that_a_reason_passes_is_in_the_readme() -> None:
    found = {
        call.args[0].value
        for tree in modules()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Check"
        if any(word.arg == "overridable" for word in call.keywords)
        if call.args and isinstance(call.args[0], ast.Constant)
    }
    assert {"ci", "staging", "earlier"} <= found
    for key in found:
        assert f"`{key}`" in section("Commands"), key


def modules() -> list[ast.Module]:
    package = Path(arguments.__file__).parents[1]
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(package.rglob("*.py"))]


def texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_journal_is_told_field_by_field() -> None:
    told = section("What it keeps")
    for name in Entry.__struct_fields__:
        assert f"`{name}`" in told, name
    for outcome in Outcome:
        assert f"`{outcome.value}`" in told


def test_every_key_of_every_screen_is_in_the_readme() -> None:
    from tests.architecture import key_reference

    assert key_reference.written(README) == README, "run: python tests/architecture/key_reference.py"
    table = key_reference.table()
    for key in ("ctrl+y", "ctrl+s", "tab"):
        assert f"`{key}`" in table


def test_the_pictures_of_the_readme_are_made() -> None:
    if not (ROOT / "screenshots" / "make.py").exists():
        pytest.skip("no checkout")
    made = re.findall(r'Picture\("([a-z-]+)"', (ROOT / "screenshots" / "make.py").read_text(encoding="utf-8"))
    shown = re.findall(r"screenshots/([a-z-]+)-(?:wide|narrow)\.png", README)
    assert len(shown) > 8
    assert set(shown) <= set(made)


def test_every_variable_is_in_the_readme() -> None:
    from relman import tokens

    for name in (*tokens.VARIABLES, places.HOME_VARIABLE, target.API_VARIABLE):
        assert f"`{name}`" in README


def test_the_readmes_commands_are_those_of_the_checks() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra in re.findall(r"\[([a-z,]+)\]'", README):
        assert set(extra.split(",")) <= set(extras)
    script = ROOT / ".ci" / "run"
    if not script.exists():
        pytest.skip("no checkout")
    assert "install -q -e '.[test]'" in script.read_text()


def sources() -> list[Path]:
    found = [
        path
        for name in ("relman", "tests", "screenshots")
        for path in (ROOT / name).rglob("*")
        if path.is_file()
    ]
    found += [path for path in ROOT.iterdir() if path.suffix in {".md", ".toml"}]
    return [path for path in found if path.suffix in {".py", ".md", ".toml", ".json", ".yml", ".tcss", ".sh"}]


# Written in halves, so that this file does not hold what it looks for.
FORBIDDEN = [
    "/wo" + "rk/",
    "../sha" + "red",
    "py" + "pi.org",
    "pythonhosted" + ".org",
    "registry.npm" + "js",
]
UNFINISHED = ["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error"]


def test_nothing_tells_of_the_machine_it_was_made_on() -> None:
    files = sources()
    assert files
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        for word in FORBIDDEN:
            # A path below another one, such as a hosted runner's, is not this machine's.
            assert not re.search(rf"(?<![\w./]){re.escape(word)}", text), f"{path.relative_to(ROOT)}: {word}"


def test_the_product_is_finished_as_far_as_it_goes() -> None:
    for path in (ROOT / "relman").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not any(word in text for word in UNFINISHED), path


def test_the_packages_modules_have_names_that_say_something() -> None:
    for path in (ROOT / "relman").rglob("*.py"):
        assert not re.fullmatch(r"(utils?|helpers?|managers?|common|misc|base)", path.stem), path
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 500, path
