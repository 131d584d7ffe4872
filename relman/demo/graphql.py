"""The little GraphQL that ``gh`` asks for."""

from relman.demo.routing import Route

ROUTES: tuple[Route, ...] = ()
