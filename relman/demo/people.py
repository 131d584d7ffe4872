"""Who works on the repository."""

from __future__ import annotations

from relman.demo.records import TeamRecord, UserRecord


def _person(number: int, login: str, name: str) -> UserRecord:
    return UserRecord(number, login, name, f"{number}+{login}@users.noreply.github.com")


VIEWER = _person(8_120_447, "jonas-weber", "Jonas Weber")
AMARA = _person(5_310_882, "amara-okafor", "Amara Okafor")
LINNEA = _person(11_402_915, "linnea-b", "Linnea Bergström")
TOMAS = _person(2_288_301, "tomasnovak", "Tomáš Novák")
PRIYA = _person(19_771_036, "priya-raman", "Priya Raman")
DIEGO = _person(14_055_620, "dfuentes", "Diego Fuentes")
YUKI = _person(23_918_447, "yuki-m", "Yuki Morita")
HANNAH = _person(31_006_258, "hannah-cole", "Hannah Cole")
OMAR = _person(27_540_119, "omarhaddad", "Omar Haddad")
SOFIA = _person(40_281_773, "sofia-rossi", "Sofia Rossi")

DEPENDABOT = UserRecord(
    49_699_333,
    "dependabot[bot]",
    "dependabot[bot]",
    "49699333+dependabot[bot]@users.noreply.github.com",
    kind="Bot",
)
ACTIONS_BOT = UserRecord(
    41_898_282,
    "github-actions[bot]",
    "github-actions[bot]",
    "41898282+github-actions[bot]@users.noreply.github.com",
    kind="Bot",
)

DEVELOPERS = (AMARA, LINNEA, TOMAS, PRIYA, DIEGO, YUKI, HANNAH, OMAR, SOFIA)
"""Everybody who writes code; the viewer watches the releases."""
TAGGERS = (AMARA, TOMAS, PRIYA)
"""Who cuts releases; never the viewer, so that the viewer may review what waits."""

USERS = (VIEWER, *DEVELOPERS, DEPENDABOT, ACTIONS_BOT)
RELEASE_MANAGERS = TeamRecord(9_284_117, "release-managers", "Release managers", [VIEWER, LINNEA, AMARA, TOMAS])
BACKEND = TeamRecord(9_284_102, "backend", "Backend", list(DEVELOPERS))
TEAMS = (RELEASE_MANAGERS, BACKEND)
