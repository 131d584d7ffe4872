from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman import remote
from relman.config import is_repository
from relman.remote import Remote


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://github.com/acme/api.git", Remote("github.com", "acme/api")),
        ("https://github.com/acme/api", Remote("github.com", "acme/api")),
        ("https://github.com/acme/api/", Remote("github.com", "acme/api")),
        ("https://user:pass@GitHub.com/acme/api.git", Remote("github.com", "acme/api")),
        ("https://www.github.com/acme/api", Remote("github.com", "acme/api")),
        ("git@github.com:acme/api.git", Remote("github.com", "acme/api")),
        ("git@github.com-work:acme/api.git", Remote("github.com", "acme/api")),
        ("github.com:acme/my.repo", Remote("github.com", "acme/my.repo")),
        ("ssh://git@github.com/acme/api.git", Remote("github.com", "acme/api")),
        ("ssh://git@ssh.github.com:443/acme/api.git", Remote("github.com", "acme/api")),
        ("git://github.com/acme/api.git", Remote("github.com", "acme/api")),
        ("git+ssh://git@github.com/acme/api", Remote("github.com", "acme/api")),
        ("git@git.corp.example:team/api.git", Remote("git.corp.example", "team/api")),
        ("ssh://git@git.corp.example:2222/team/api", Remote("git.corp.example", "team/api")),
        ("https://git.corp.example:8443/team/api", Remote("git.corp.example:8443", "team/api")),
        ("https://octo.ghe.com/team/api", Remote("octo.ghe.com", "team/api")),
        ("/srv/git/api.git", None),
        ("../api", None),
        ("file:///srv/git/acme/api", None),
        ("https://github.com/acme", None),
        ("https://github.com/acme/api/extra", None),
        ("https://github.com/../api", None),
        ("https://github.com:99999/acme/api", None),
        ("git@host name:acme/api", None),
        ("", None),
    ],
)
def test_an_address_is_a_host_and_a_repository(url: str, found: Remote | None) -> None:
    assert remote.parse(url) == found


@given(st.text())
def test_whatever_an_address_is_it_never_breaks_a_request(url: str) -> None:
    found = remote.parse(url)
    if found is not None:
        assert is_repository(found.repo)
        assert remote.is_host(found.host)


@pytest.mark.parametrize(
    ("host", "api"),
    [
        ("github.com", "https://api.github.com"),
        ("octo.ghe.com", "https://api.octo.ghe.com"),
        ("git.corp.example", "https://git.corp.example/api/v3"),
        ("git.corp.example:8443", "https://git.corp.example:8443/api/v3"),
    ],
)
def test_api_addresses_and_back(host: str, api: str) -> None:
    assert remote.api_url_of(host) == api
    assert remote.host_of(api) == host


def clone(directory: Path, config: str) -> Path:
    (directory / ".git").mkdir(parents=True)
    (directory / ".git" / "config").write_text(config)
    inner = directory / "src"
    inner.mkdir()
    return inner


def test_origin_comes_before_upstream(tmp_path: Path) -> None:
    inner = clone(
        tmp_path,
        '[core]\n\tbare = false\n[remote "upstream"]\n\turl = https://github.com/up/api\n'
        '[remote "origin"] ; the fork\n\turl = "git@github.com:me/api.git" # mine\n\tfetch = +refs/heads/*\n',
    )
    assert remote.find(inner) == Remote("github.com", "me/api")


def test_the_remote_chosen_with_gh_wins(tmp_path: Path) -> None:
    inner = clone(
        tmp_path,
        '[remote "origin"]\n\turl = git@github.com:me/api.git\n'
        '[remote "upstream"]\n\turl = https://github.com/up/api\n\tgh-resolved = base\n',
    )
    assert remote.find(inner) == Remote("github.com", "up/api")


def test_a_remote_that_is_not_github_is_passed_over(tmp_path: Path) -> None:
    inner = clone(
        tmp_path,
        '[remote "origin"]\n\turl = git@gitlab.com:me/api.git\n[remote "mirror"]\n\turl = https://github.com/me/api\n',
    )
    assert remote.find(inner) == Remote("github.com", "me/api")
    assert remote.find(tmp_path / "elsewhere") == Remote("github.com", "me/api")  # its parent is the clone


def test_no_clone_no_remote(tmp_path: Path) -> None:
    assert remote.find(tmp_path) is None
    assert remote.find(clone(tmp_path / "empty", "")) is None


def test_a_worktree_and_a_submodule_are_followed(tmp_path: Path) -> None:
    clone(tmp_path / "main", '[remote "origin"]\n\turl = https://github.com/acme/api\n')
    git = tmp_path / "main" / ".git"
    work = git / "worktrees" / "fix"
    work.mkdir(parents=True)
    (work / "commondir").write_text("../..\n")
    (tmp_path / "fix").mkdir()
    (tmp_path / "fix" / ".git").write_text(f"gitdir: {work}\n")
    assert remote.find(tmp_path / "fix") == Remote("github.com", "acme/api")
    module = git / "modules" / "lib"
    module.mkdir(parents=True)
    (module / "config").write_text('[remote "origin"]\n\turl = https://github.com/acme/lib\n')
    (tmp_path / "main" / "lib").mkdir()
    (tmp_path / "main" / "lib" / ".git").write_text("gitdir: ../.git/modules/lib\n")
    assert remote.find(tmp_path / "main" / "lib") == Remote("github.com", "acme/lib")


def test_the_users_shortcuts_and_aliases_count(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".ssh" / "hosts").mkdir(parents=True)
    (home / ".gitconfig").write_text('[url "git@work:"]\n\tinsteadOf = w:\n')
    (home / ".ssh" / "config").write_text("Include hosts/*.conf\n\nHost *\n  HostName fallback.example\n")
    (home / ".ssh" / "hosts" / "a.conf").write_text(
        "Host work !other\n  User git\n  HostName git.corp.example\n"
    )
    inner = clone(tmp_path / "repo", '[remote "origin"]\n\turl = w:team/api.git\n')
    assert remote.find(inner, home) == Remote("git.corp.example", "team/api")
    assert remote.parse("git@other:team/api", home) == Remote("fallback.example", "team/api")


def test_a_directory_that_cannot_be_looked_into_is_no_clone() -> None:
    assert remote.find(Path("/" + "x" * 5000)) is None  # no name is that long: the system refuses to look
