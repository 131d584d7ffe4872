"""No error message shows a secret, wherever it was typed or written, in words and in JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from relman.__main__ import main

SECRET = "SEKRET-999"
LONG = "x" * 60 + SECRET  # its @ is where a message would be cut
HOST = "git.corp.example"
ADDRESSES = [
    f"https://user:{SECRET}@{HOST}/api/v3",
    f"https://{SECRET}@{HOST}/api/v3",
    f"https://user:a@b/c?{SECRET}@{HOST}/api/v3",
    f"https://user:{LONG}@{HOST}",
    f"user:{SECRET}@{HOST}:a/b",
    f"ftp://user:{SECRET}@{HOST}",
    f"https://{HOST}/api/v3?token={SECRET}",
    f"https://user:{SECRET}@[{HOST}",
]
ghp = f"ghp_{SECRET.replace('-', '')}{SECRET.replace('-', '')}"


def said(capsys: pytest.CaptureFixture[str], argv: list[str], environ: dict[str, str], home: Path) -> str:
    code = main(["-C", str(home), *argv, "--json"], {"RELMAN_HOME": str(home), "PATH": "", **environ})
    out, err = capsys.readouterr()
    assert code in (2, 4)
    assert json.loads(out)["schema"] == "relman.error/1"
    assert SECRET not in out + err and SECRET.replace("-", "") not in out + err and "xxxx" not in out + err
    return err


@pytest.mark.parametrize("address", ADDRESSES)
def test_of_an_address_no_credential_is_shown(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = ["--repo", "a/b"]
    for argv, environ in (
        (["--api-url", address, *repo], {}),
        (repo, {"RELMAN_API_URL": address}),
        (["--repo", address], {}),
    ):
        err = said(capsys, [*argv, "status"], environ, tmp_path)
        assert "is not a" in err and HOST in err
    said(capsys, ["--repo", "a/b", "graph", address], {}, tmp_path)
    for key in ("api_url", "theme"):
        (tmp_path / "config.toml").write_text(f"{key} = {json.dumps(address)}\n")
        said(capsys, ["--repo", "a/b", "status"], {}, tmp_path)
    (tmp_path / "config.toml").unlink()
    (tmp_path / "relman.toml").write_text(f"repository = {json.dumps(address)}\n")
    said(capsys, ["status"], {}, tmp_path)
    (tmp_path / "relman.toml").write_text(f"freeze = [{json.dumps(address)}]\n")
    said(capsys, ["status"], {}, tmp_path)


@pytest.mark.parametrize("address", [ADDRESSES[0], ADDRESSES[1], ADDRESSES[5]])
def test_an_address_in_the_place_of_a_file_shows_none_either(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert HOST in said(capsys, ["--repo", "a/b", "--config", address, "status"], {}, tmp_path)


@pytest.mark.parametrize("word", [ghp, SECRET])
def test_a_token_in_the_wrong_place_is_not_shown(
    word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"RELMAN_TOKEN": SECRET}
    for argv in (["--repo", word, "status"], ["--repo", "a/b", "--api-url", word, "status"], [word]):
        assert "•••" in said(capsys, argv, environ, tmp_path)


def test_what_is_no_secret_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("git@github.com:acme", "https://github.com/a/b", "a/b@c"):
        assert repr(name) in said(capsys, ["--repo", name, "status"], {}, tmp_path)
