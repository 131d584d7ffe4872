from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman import config
from relman.errors import Exit, RelmanError

TEAM = """
repository = "your-org/agentic-backend"
[workflows]
ci = "ci.yml"
cd = "cd.yml"
nightly = "scheduled.yml"
[stages]
build = ["build"]
test = ["test"]
deploy = ["deploy*"]
[kpi]
build_time = "5m"
test_time = "10m"
deploy_time = "15m"
success_rate = 0.95
mean_time_to_deploy = "30m"
rollback_frequency = 0.05
window = "28d"
[environments.production]
url = "https://yourdomain.com"
hosts = ["deploy@production"]
directory = "/opt/agentic-backend"
services = ["api-1", "api-2", "api-3"]
image = "ghcr.io/your-org/agentic-backend"
[[environments.production.health]]
name = "api"
url = "http://localhost:800{n}/api/v1/health"
via = "ssh"
version = "version"
[environments.production.rollout]
gate = 3
bake = "30s"
drain = "./scripts/drain.sh {service}"
smoke = ["https://yourdomain.com/api/v1/health"]
restore_data = "never"
critical = ["FATAL", "panic:"]
notify = ["webhook:…"]
[environments.production.backup]
directory = "backups"
max_age = "25h"
redis = "redis"
qdrant = "http://localhost:6333"
restore = "./scripts/restore-redis.sh {backup}"
[setup]
secrets = ["OPENAI_API_KEY_TEST", "STAGING_HOST"]
[[freeze]]
from = "Fri 16:00"
to = "Mon 08:00"
zone = "Europe/Berlin"
"""


def written(directory: Path, text: str, name: str = config.TEAM_FILE) -> Path:
    file = directory / name
    file.write_text(text, encoding="utf-8")
    return file


def refusal(directory: Path, text: str) -> str:
    with pytest.raises(RelmanError) as caught:
        config.load(written(directory, text), None)
    assert caught.value.problem.exit_code is Exit.USAGE
    return caught.value.problem.sentence()


def test_every_key_a_team_may_write_is_read_with_its_place(tmp_path: Path) -> None:
    file = written(tmp_path, TEAM)
    settings = config.load(file, None)
    production = settings.environments["production"]
    assert settings.repository == "your-org/agentic-backend"
    assert settings.workflows == config.Workflows("ci.yml", "cd.yml", "scheduled.yml")
    assert settings.stages.deploy == ("deploy*",)
    assert settings.kpi.build_time == timedelta(minutes=5)
    assert settings.kpi.window == timedelta(days=28)
    assert production.services == ("api-1", "api-2", "api-3")
    assert production.health[0].via == "ssh"
    assert production.rollout.bake == timedelta(seconds=30)
    assert production.backup.max_age == timedelta(hours=25)
    assert settings.freeze == (config.FreezeSetting("Fri 16:00", "Mon 08:00", "Europe/Berlin"),)
    origin = settings.origin("environments.production.health[0].url")
    assert origin == config.Origin(file, "environments.production.health[0].url", trusted=False)
    assert settings.origin("theme") is None


def test_what_a_clone_would_run_is_marked(tmp_path: Path) -> None:
    settings = config.load(written(tmp_path, TEAM), None)
    assert [origin.key.rsplit(".", 1)[-1] for origin in settings.untrusted_commands()] == [
        "drain",
        "notify",
        "restore",
    ]


def test_nothing_is_required() -> None:
    settings = config.load(None, None)
    assert settings.repository is None
    assert settings.kpi.success_rate == 0.95
    assert settings.notifications.bell


def test_the_users_file_has_its_own_keys(tmp_path: Path) -> None:
    user = written(
        tmp_path, 'theme = "light"\n[keys]\nrefresh = "f5"\n[notifications]\nbell = false\n', "c.toml"
    )
    settings = config.load(written(tmp_path, 'repository = "a/b"'), user)
    assert (settings.repository, settings.theme, settings.keys["refresh"]) == ("a/b", "light", "f5")
    assert not settings.notifications.bell
    origin = settings.origin("theme")
    assert origin is not None and origin.trusted and origin.file == user


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('repositry = "a/b"', ["repositry", 'Did you mean "repository"?']),
        (
            'api_url = "https://elsewhere.example"',
            ["api_url is not allowed in a repository's file", "--api-url"],
        ),
        ('theme = "dark"', ["theme", "your own configuration file"]),
        ('repository = "a"', ["repository is 'a'", "OWNER/NAME"]),
        ('repository = "../x"', ["OWNER/NAME"]),
        ("[kpi]\nbuild_time = 5", ["kpi.build_time is 5", "a duration"]),
        ('[kpi]\nbuild_time = "0s"', ["a duration"]),
        ("[kpi]\nsuccess_rate = 95", ["kpi.success_rate is 95", "0.95"]),
        ("[kpi]\nsuccess_rate = true", ["a rate"]),
        ('[environments.p]\nurll = "https://x.example"', ["environments.p.urll", 'Did you mean "url"?']),
        ('[environments.p]\nurl = "file:///etc/passwd"', ["http://"]),
        ('[[environments.p.health]]\nurl = "https://x.example"', ["environments.p.health[0] lacks name"]),
        ('[[environments.p.health]]\nname = "a"\nurl = "https://x"\nvia = "telnet"', ['"http" or "ssh"']),
        ("[environments.p.rollout]\ngate = 0", ["a whole number from 1"]),
        ("environments = 3", ["environments is 3", "a table"]),
        ('[setup]\nsecrets = "X"', ["setup.secrets", "a list"]),
        ('[setup]\nsecrets = ["X", 1]', ["setup.secrets[1] is 1"]),
        ('[[freeze]]\nfrom = "Friday"\nto = "Mon 08:00"', ["freeze[0].from", "Fri 16:00"]),
        ("x == 1", ["not valid TOML", "line 1"]),
    ],
)
def test_a_wrong_file_says_what_was_expected(tmp_path: Path, text: str, words: list[str]) -> None:
    sentence = refusal(tmp_path, text)
    assert str(tmp_path / config.TEAM_FILE) in sentence
    for word in words:
        assert word in sentence


def test_a_hostile_key_is_shown_clean(tmp_path: Path) -> None:
    assert "\x1b" not in refusal(tmp_path, '"\\u001b]0;x\\u0007evil" = 1')
    assert "\x1b" not in refusal(tmp_path, 'repository = "\\u001b[31mred"')


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / config.TEAM_FILE
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(RelmanError, match="UTF-8"):
        config.load(file, None)
    with pytest.raises(RelmanError, match="cannot be read"):
        config.load(tmp_path / "absent.toml", None)


def test_the_team_file_is_found_upward_within_the_repository(tmp_path: Path) -> None:
    inner = tmp_path / "repo" / "src" / "deep"
    inner.mkdir(parents=True)
    outside = written(tmp_path, "")
    assert config.find_team_file(inner) == outside
    (tmp_path / "repo" / ".git").mkdir()
    assert config.find_team_file(inner) is None
    mine = written(tmp_path / "repo", "")
    assert config.find_team_file(inner) == mine
    assert config.find_team_file(tmp_path / "repo", home=tmp_path / "repo") == mine
    assert config.find_team_file(inner, home=tmp_path / "repo") is None


@given(st.integers(1, 999), st.sampled_from("smhdw"), st.integers(0, 59))
def test_durations_add_up(number: int, unit: str, seconds: int) -> None:
    one = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[unit]
    assert config.duration(f"{number}{unit}{seconds}s") == timedelta(seconds=number * one + seconds)


@given(st.text())
def test_any_text_is_a_duration_or_none(text: str) -> None:
    read = config.duration(text)
    assert read is None or read >= timedelta(0)


@given(st.text())
def test_a_web_address_has_a_host_and_no_blank(text: str) -> None:
    if config.is_web_address(text):
        assert text.lower().startswith(("http://", "https://"))
        assert not any(character.isspace() for character in text)
