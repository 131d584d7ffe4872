from pathlib import Path

import pytest

from relman.cli import arguments
from relman.errors import Exit, RelmanError


def refusal(*argv: str) -> str:
    with pytest.raises(RelmanError) as caught:
        arguments.parse(argv)
    assert caught.value.problem.exit_code is Exit.USAGE
    return str(caught.value)


def test_nothing_is_the_dashboard() -> None:
    parsed = arguments.parse([])
    assert parsed.command is None
    assert (parsed.directory, parsed.config, parsed.repo, parsed.api_url) == (Path(), None, None, None)
    assert parsed.read_only is False


def test_global_options_stand_before_or_behind_the_command() -> None:
    before = arguments.parse(["--repo", "a/b", "-C", "x", "--read-only", "status"])
    behind = arguments.parse(["status", "--repo", "a/b", "-C", "x", "--read-only"])
    for parsed in (before, behind):
        assert (parsed.repo, parsed.directory, parsed.read_only, parsed.json) == ("a/b", Path("x"), True, False)
    assert arguments.parse(["--repo", "a/b", "status", "--repo", "c/d"]).repo == "c/d"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("123", 123),
        ("https://github.com/a/b/actions/runs/456", 456),
        ("https://git.corp.example/a/b/actions/runs/456/attempts/2?x=y", 456),
        ("https://github.com/a/b/actions/runs/456/job/789#step:3:1", 456),
    ],
)
def test_a_run_is_a_number_or_its_page(text: str, number: int) -> None:
    assert arguments.parse(["logs", text]).run == number


@pytest.mark.parametrize("text", ["", "abc", "-1", "1.5", "https://github.com/a/b/pull/3", "1" * 30])
def test_what_is_no_run_is_refused(text: str) -> None:
    refusal("logs", text)


def test_what_follows_two_dashes_belongs_to_the_world() -> None:
    parsed = arguments.parse(["demo", "--seed", "7", "--", "status", "--json", "--repo", "x/y"])
    assert (parsed.seed, parsed.argv, parsed.repo) == (7, ["status", "--json", "--repo", "x/y"], None)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["stauts"], "no command 'stauts'"),
        (["stauts"], "did you mean status?"),
        (["bogus"], "see `relman --help`"),
        (["release", "plam"], "plan|create: 'plam' is not plan or create"),
        (["release"], "plan|create is missing"),
        (["rerun", "abc"], "run: expected a run's id"),
        (["status", "--jsn"], "unrecognized arguments"),
        (["status", "--js"], "unrecognized arguments"),
        (["logs"], "run is missing"),
        (["graph", "1", "--workflow", "x.yml"], "not both"),
        (["demo", "--serve", "--", "status"], "--serve"),
        (["demo", "--", "demo"], "inside a world"),
        (["demo", "--speed", "0"], "above 0"),
        (["demo", "--speed", "nan"], "above 0"),
        (["demo", "--speed", "fast"], "expected a number"),
        (["status", "--", "x"], "Only `relman demo`"),
    ],
)
def test_a_wrong_line_is_refused_in_a_sentence(argv: list[str], words: str) -> None:
    assert words.lower() in refusal(*argv).lower()


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments.parse(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for name in (
        "monitor",
        "demo",
        "status",
        "graph",
        "logs",
        "approve",
        "release",
        "prune-runs",
        "bug-report",
    ):
        assert f"    {name} " in text
