"""The hand behind the world, for tests: ``/_world/…`` on the API's port, only with the world's token.

====================================  =====================================================================
``GET /_world``                       the clock and what was asked: ``now``, ``speed``, ``frozen``,
                                      ``requests``, ``charged``
``GET /_world/requests?since=N``      every request after number N, oldest first: ``number``, ``at``,
                                      ``origin``, ``form``, ``method``, ``path``, ``status`` (0: cut),
                                      ``conditional``, ``authorization``, ``charged``, ``fault``,
                                      ``user_agent``
``POST /_world/advance {"seconds"}``  moves the clock; the world lives through the time
``POST /_world/faults {…}``           switches a fault on (:mod:`relman.demo.faults`); ``GET`` lists them
``POST /_world/limit {"remaining"}``  spends the token's hourly budget down to that
``POST /_world/cap {…}``              ``results``: how many runs a filtered list gives at most (1,000);
                                      ``total``: ``all`` or ``capped``, what ``total_count`` then says
``POST /_world/token {…}``            what the token may: ``kind``: ``classic``, ``fine-grained`` or
                                      ``workflow`` (of a run: what it makes starts nothing);
                                      ``permissions``: by name ``none``, ``read`` or ``write``, the others
                                      ``write``; ``scopes`` of a classic one; ``role``: ``admin``,
                                      ``write`` or ``read``; ``user``: whose it is; ``revoked``: true, false
``POST /_world/rules {"creation"}``   whether the ruleset of the version tags restricts their creation
``POST /_world/environment {…}``      the protection of ``name``: ``wait_minutes``, ``prevent_self_review``,
                                      ``reviewers`` (logins and teams' slugs)
``POST /_world/fate {"failure"}``     what a person starts next meets this failure
                                      (:data:`relman.demo.failures.FAILURES`)
``POST /_world/push {…}``             a commit by somebody: ``branch``, ``message``, ``files`` (text by
                                      path), ``as`` (a login)
``POST /_world/act {"do", "as", …}``  somebody else acts: ``approve``, ``reject`` (``run``,
                                      ``environments``, ``comment``), ``tag`` (``tag``, ``commit``,
                                      ``message``, ``lightweight``), ``cancel`` (``run``, ``force``),
                                      ``rerun`` (``run``, ``failed_only``), ``delete`` (``run``),
                                      ``dispatch`` (``workflow``, ``ref``, ``inputs``), ``merge``
                                      (``pull``)
``POST /_world/clear``                no faults, a full budget, the usual cap, token, person and rules, an empty
                                      memory; what was done to the repository and its
                                      environments stays
====================================  =====================================================================
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from starlette.datastructures import Headers, QueryParams

from relman.demo import acts, state
from relman.demo.exchange import Refusal, Reply
from relman.demo.limits import Limits
from relman.demo.people import VIEWER
from relman.demo.records import RulesetRecord, TeamRecord, UserRecord
from relman.demo.rights import Rights, rights_from
from relman.demo.site import RunsCap, Site
from relman.demo.target import Target
from relman.demo.view import stamp

ROOT = "/_world"
Wish = dict[str, Any]


def is_for(path: str) -> bool:
    return path == ROOT or path.startswith(f"{ROOT}/")


def answer(site: Site, method: str, target: Target, headers: Headers, body: bytes) -> Reply:
    given = headers.get("authorization", "").rpartition(" ")[2]
    move = _MOVES.get((method, target.path.removeprefix(ROOT)))
    if not hmac.compare_digest(given.encode(), site.token.encode()) or move is None:
        return Refusal(404, "Not Found").reply()
    try:
        wish = dict(json.loads(body)) if body else dict(QueryParams(target.query))
        return Reply(move(site, wish))
    except (KeyError, TypeError, ValueError, Refusal, state.Refusal) as error:
        return Refusal(422, f"{type(error).__name__}: {error}").reply()


def _state(site: Site, _wish: Wish) -> Wish:
    return {
        "now": stamp(site.clock.now()),
        "speed": site.clock.speed,
        "frozen": site.clock.frozen,
        "requests": site.requests,
        "charged": sum(1 for one in site.seen if one.charged),
    }


def _requests(site: Site, wish: Wish) -> Wish:
    since = int(wish.get("since", 0))
    return {"requests": [asdict(one) for one in site.seen if one.number > since]}


def _advance(site: Site, wish: Wish) -> Wish:
    site.clock.advance(float(wish["seconds"]))
    site.world.advance()
    return _state(site, wish)


def _faults(site: Site, _wish: Wish) -> Wish:
    return {"faults": [fault.rendered() for fault in site.faults.every()]}


def _add_fault(site: Site, wish: Wish) -> Wish:
    return site.faults.add(wish).rendered()


def _limit(site: Site, wish: Wish) -> Wish:
    site.limits.leave(int(wish["remaining"]), site.world.now())
    return site.limits.core(site.world.now(), authenticated=True).rendered()


def _cap(site: Site, wish: Wish) -> Wish:
    site.cap = RunsCap(**wish)
    return asdict(site.cap)


def _token(site: Site, wish: Wish) -> Wish:
    rest = dict(wish)
    if (login := rest.pop("user", None)) is not None:
        site.world.viewer = site.world.person(login)
    site.rights = rights_from(rest, site.rights)
    return {"user": site.world.viewer.login, **site.rights.rendered()}


def _rules(site: Site, wish: Wish) -> Wish:
    (tags,) = site.world.rulesets
    _restrict(tags, creation=bool(wish["creation"]))
    return {"name": tags.name, "rules": list(tags.rules)}


def _restrict(ruleset: RulesetRecord, *, creation: bool) -> None:
    ruleset.rules = [rule for rule in ruleset.rules if rule != "creation"] + ["creation"] * creation


def _environment(site: Site, wish: Wish) -> Wish:
    record = next((one for one in site.world.environments if one.name == wish["name"]), None)
    if record is None:
        raise ValueError(f"there is no environment {wish['name']}")
    known: dict[str, UserRecord | TeamRecord] = {one.login: one for one in site.world.users}
    known |= {one.slug: one for one in site.world.teams}
    reviewers = [known[str(name)] for name in wish["reviewers"]] if "reviewers" in wish else record.reviewers
    record.wait_minutes = int(wish.get("wait_minutes", record.wait_minutes))
    record.prevent_self_review = bool(wish.get("prevent_self_review", record.prevent_self_review))
    record.reviewers = reviewers
    return {"name": record.name, "wait_minutes": record.wait_minutes, "reviewers": len(reviewers)}


def _fate(site: Site, wish: Wish) -> Wish:
    site.world.doom(str(wish["failure"]))
    return {"failure": wish["failure"]}


def _push(site: Site, wish: Wish) -> Wish:
    return acts.push(site.world, wish)


def _act(site: Site, wish: Wish) -> Wish:
    return acts.act(site.world, wish)


def _clear(site: Site, wish: Wish) -> Wish:
    site.faults.clear()
    site.limits = Limits()
    site.cap = RunsCap()
    site.rights = Rights()
    for ruleset in site.world.rulesets:
        _restrict(ruleset, creation=False)
    site.world.viewer = VIEWER
    site.seen.clear()
    return _state(site, wish)


_MOVES: dict[tuple[str, str], Callable[[Site, Wish], Wish]] = {
    ("GET", ""): _state,
    ("GET", "/requests"): _requests,
    ("POST", "/advance"): _advance,
    ("GET", "/faults"): _faults,
    ("POST", "/faults"): _add_fault,
    ("POST", "/limit"): _limit,
    ("POST", "/cap"): _cap,
    ("POST", "/token"): _token,
    ("POST", "/rules"): _rules,
    ("POST", "/environment"): _environment,
    ("POST", "/fate"): _fate,
    ("POST", "/push"): _push,
    ("POST", "/act"): _act,
    ("POST", "/clear"): _clear,
}
