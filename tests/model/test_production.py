"""Which environments are production: what a word, a freeze and a second look hang on."""

from __future__ import annotations

import pytest

from relman.model.plan import is_production


@pytest.mark.parametrize(
    "name",
    [
        "production", "Production", "PROD", "prod", "live", "prod-us", "eu_prod", "aws/production",
        "Production EU", "production eu-west", "prod.us", "prod:us", "prod1", "prod-2", "production2",
        "ProductionEU", "usProd", "EUProd", "Production (EU)", "prod+eu", "api@prod",
    ],
)  # fmt: skip
def test_is_production(name: str) -> None:
    assert is_production(name)


@pytest.mark.parametrize(
    "name",
    [
        "", "staging", "preprod", "preproduction", "pre-prod", "Pre Production", "non-prod", "nonprod", "not prod",
        "NonProd", "PreProd", "product-catalogue", "delivery", "Reproduction", "github-pages", "qa 1",
    ],
)  # fmt: skip
def test_is_not_production(name: str) -> None:
    assert not is_production(name)
