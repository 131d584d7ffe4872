"""The endpoints, by what they are about. Each module has its own table of routes."""

from __future__ import annotations

from relman.demo.graphql import ROUTES as GRAPHQL
from relman.demo.routes.account import ROUTES as ACCOUNT
from relman.demo.routes.actions import ROUTES as ACTIONS
from relman.demo.routes.checks import ROUTES as CHECKS
from relman.demo.routes.contents import ROUTES as CONTENTS
from relman.demo.routes.environments import ROUTES as ENVIRONMENTS
from relman.demo.routes.git import ROUTES as GIT
from relman.demo.routes.logs import ROUTES as LOGS
from relman.demo.routes.publishing import ROUTES as PUBLISHING
from relman.demo.routes.pulls import ROUTES as PULLS
from relman.demo.routes.refs import ROUTES as REFS
from relman.demo.routes.releases import ROUTES as RELEASES
from relman.demo.routes.reviews import ROUTES as REVIEWS
from relman.demo.routes.rules import ROUTES as RULES
from relman.demo.routes.run_moves import ROUTES as RUN_MOVES
from relman.demo.routing import Route

EVERY: tuple[Route, ...] = (
    *ACCOUNT,
    *ACTIONS,
    *RUN_MOVES,
    *LOGS,
    *CHECKS,
    *ENVIRONMENTS,
    *REVIEWS,
    *RELEASES,
    *PUBLISHING,
    *CONTENTS,
    *GIT,
    *REFS,
    *RULES,
    *PULLS,
    *GRAPHQL,
)
