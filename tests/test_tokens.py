import stat
import sys
from pathlib import Path

import pytest

from relman import config, target, tokens
from relman.errors import Exit, Kind, RelmanError
from relman.remote import host_of

SENTINEL = "ghp_sentinel0123456789abcdefghijklmnopqrst"


def found(host: str, environ: dict[str, str], *, chosen: bool = False) -> tuple[str, str] | None:
    try:
        token = tokens.discover(host, environ, chosen=chosen)
    except RelmanError as error:
        assert error.problem.kind is Kind.AUTH
        assert error.problem.exit_code is Exit.AUTH
        return None
    return token.secret.reveal(), token.source


def test_the_order_for_github() -> None:
    environ = {"RELMAN_TOKEN": "one", "GH_TOKEN": "two", "GITHUB_TOKEN": "three"}
    for name in list(environ):
        assert found("github.com", environ) == (environ[name], name)
        del environ[name]
    assert found("github.com", environ) is None


@pytest.mark.parametrize("name", ["RELMAN_TOKEN", "GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN"])
def test_no_variable_follows_a_clone_to_another_host(name: str) -> None:
    assert found("git.corp.example", {name: "x"}) is None
    assert found("github.com.evil.example", {name: "x"}) is None
    assert found("evilghe.com", {name: "x"}) is None


def test_ghe_com_is_githubs_own() -> None:
    assert found("octo.ghe.com", {"GH_TOKEN": "x"}) == ("x", "GH_TOKEN")


def test_another_host_needs_a_token_given_for_it() -> None:
    host = "git.corp.example"
    assert found(host, {"RELMAN_TOKEN": "x"}, chosen=True) == ("x", "RELMAN_TOKEN")
    assert found(host, {"GH_TOKEN": "x", "GITHUB_TOKEN": "y"}, chosen=True) is None
    environ = {"GH_HOST": host, "GH_ENTERPRISE_TOKEN": "z"}
    assert found(host, environ) == ("z", "GH_ENTERPRISE_TOKEN")
    assert found("other.example", environ) is None


def gh_login(directory: Path, text: str) -> dict[str, str]:
    (directory / "hosts.yml").write_text(text)
    return {"GH_CONFIG_DIR": str(directory)}


def test_ghs_login_is_used(tmp_path: Path) -> None:
    environ = gh_login(
        tmp_path,
        "github.com:\n    user: mona\n    oauth_token: old\n    users:\n        mona:\n            oauth_token: new\n"
        "        hub:\n            oauth_token: other\ngit.corp.example:\n    oauth_token: corp\n    user: m\n",
    )
    assert found("github.com", environ) == ("new", "gh (hosts.yml)")
    assert found("git.corp.example", environ) == ("corp", "gh (hosts.yml)")
    assert found("else.example", environ) is None


@pytest.mark.parametrize(
    "text", ["", "- a\n", "github.com: 3\n", ": : :", "github.com:\n  users: []\n", "\x00"]
)
def test_a_broken_login_is_no_login(tmp_path: Path, text: str) -> None:
    assert found("github.com", {**gh_login(tmp_path, text), "PATH": ""}) is None


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for gh")
def test_gh_is_asked_where_the_keyring_holds_the_token(tmp_path: Path) -> None:
    environ = gh_login(tmp_path, "github.com:\n    user: mona\n    users:\n        mona:\n")
    gh = tmp_path / "gh"
    gh.write_text(
        '#!/bin/sh\n[ -z "$GH_TOKEN$RELMAN_TOKEN" ] || exit 9\n'
        '[ "$*" = "auth token --hostname github.com" ] && echo from-keyring\n'
    )
    gh.chmod(gh.stat().st_mode | stat.S_IXUSR)
    assert found("github.com", {**environ, "PATH": str(tmp_path)}) == ("from-keyring", "gh (keyring)")
    gh.write_text("#!/bin/sh\nexit 1\n")
    assert found("github.com", {**environ, "PATH": str(tmp_path)}) is None


@pytest.mark.parametrize("value", ["a b", "a\nb", "tök", "a\x00b"])
def test_a_value_that_would_break_the_header_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(RelmanError) as caught:
        tokens.discover("github.com", {"GH_TOKEN": value})
    assert value not in str(caught.value)


def test_the_refusal_says_how_to_get_a_token_and_what_it_needs() -> None:
    with pytest.raises(RelmanError) as caught:
        tokens.discover("github.com", {})
    sentence = str(caught.value)
    for word in ("gh auth login", "RELMAN_TOKEN", "Actions", "Contents", "Deployments", "Environments"):
        assert word in sentence
    with pytest.raises(RelmanError, match=r"only with --api-url or RELMAN_API_URL"):
        tokens.discover("git.corp.example", {"RELMAN_TOKEN": "x"})


def test_the_users_address_wins_and_takes_relmans_token(tmp_path: Path) -> None:
    settings = config.load(None, None)
    environ = {"RELMAN_TOKEN": SENTINEL, "RELMAN_API_URL": "https://git.corp.example/api/v3/"}
    one = target.resolve(settings, environ, tmp_path, repo="a/b")
    assert (one.repo, one.api_url) == ("a/b", "https://git.corp.example/api/v3")
    assert SENTINEL not in repr(one)
    two = target.resolve(settings, environ, tmp_path, repo="a/b", api_url="http://127.0.0.1:8080")
    assert two.api_url == "http://127.0.0.1:8080"


def test_a_clone_never_takes_the_token_away(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text('[remote "origin"]\n\turl = https://evil.example/a/b\n')
    environ = {"RELMAN_TOKEN": SENTINEL, "GH_TOKEN": SENTINEL, "GITHUB_TOKEN": SENTINEL}
    with pytest.raises(RelmanError) as caught:
        target.resolve(config.load(None, None), environ, tmp_path)
    assert caught.value.problem.kind is Kind.AUTH


@pytest.mark.parametrize(
    "url",
    [
        "http://git.corp.example/api/v3",
        "http://127.0.0.1.evil.example",
        "https://user:pw@git.corp.example",
        "ftp://x.example",
        "git.corp.example",
        "https://x.example/?a=b",
        "https://x.example:0",
        "",
    ],
)
def test_an_address_that_would_leak_the_token_is_refused(url: str) -> None:
    with pytest.raises(RelmanError) as caught:
        target.checked_api_url(url)
    assert caught.value.problem.exit_code is Exit.USAGE


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.0.0.1", "http://[::1]:8080", "https://api.github.com/"]
)
def test_addresses_that_are_fine(url: str) -> None:
    assert target.checked_api_url(url) == url.rstrip("/")
    assert host_of(target.checked_api_url(url))


def test_without_a_repository_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RelmanError, match="--repo OWNER/NAME"):
        target.resolve(config.load(None, None), {}, tmp_path)
    with pytest.raises(RelmanError, match="not a repository"):
        target.resolve(config.load(None, None), {}, tmp_path, repo="https://github.com/a/b")
