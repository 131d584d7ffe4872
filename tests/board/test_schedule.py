"""The promises of the schedule, over hours of made-up time."""

import itertools
import random
from datetime import timedelta
from types import MappingProxyType

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from relman.board.schedule import (
    Asked,
    Rhythm,
    agenda,
    budget_stretch,
    paused_until,
    retry_delay,
    wants,
)
from relman.board.sections import Ask, Part
from relman.board.view import View
from relman.errors import Kind, Problem
from relman.model.board import Board, Section
from relman.model.environment import Environment
from relman.model.repository import Budget, Repository

ENVIRONMENTS = Section((Environment(1, "staging"), Environment(2, "production")))


def board_of(make, *runs, **more):
    return Board("acme/app", runs=Section(tuple(runs)), environments=ENVIRONMENTS, **more)


def due(board, view, last, now, *, health=()):
    """What the poller would ask now, most urgent first."""
    return [ask for ask, at in agenda(board, view, last, now, health=health) if at <= now]


def simulate(board, view, start, minutes, *, fails=lambda ask, now: None, took=0.05, step=0.25, health=()):
    """Runs the schedule as the poller does; gives each ask with its time."""
    last, made, now = {}, [], start
    chance = random.Random(7)
    end = start + timedelta(minutes=minutes)
    while now < end:
        for ask in due(board, view, last, now, health=health):
            stamp = wants(board, view, health=health)[ask].stamp
            made.append((now, ask))
            problem = fails(ask, now)
            done = now + timedelta(seconds=took)
            if problem is None:
                last[ask] = Asked(done, stamp)
            else:
                failures = last[ask].failures + 1 if ask in last else 1
                last[ask] = Asked(
                    done, stamp, failures, retry_delay(failures, problem, chance.random()), problem
                )
        now += timedelta(seconds=step)
    return made


def requests(made, after):
    """Asks of GitHub after a time; each is one request when nothing changed."""
    return sum(at >= after and ask.part is not Part.HEALTH for at, ask in made)


def test_idle_asks_at_most_twelve_times_a_minute(make):
    board = board_of(make, make.run(1))
    made = simulate(board, View(run_id=1), make.START, 31, health=("staging",))
    settled = make.START + timedelta(minutes=1)
    assert requests(made, settled) / 30 <= 3  # twelve allowed; deep looks and statuses come on top


def test_one_running_run_in_view_asks_at_most_eighteen_times_a_minute(make):
    board = board_of(make, make.run(2, status="in_progress"), make.run(1, status="waiting"))
    made = simulate(board, View(run_id=2), make.START, 31, health=("staging", "production"))
    settled = make.START + timedelta(minutes=1)
    # Half a request a minute each stays for looking for old active runs and for deployment statuses.
    assert requests(made, settled) / 30 <= 14.2
    jobs = [at for at, ask in made if ask == Ask(Part.JOBS, 2)]
    assert all(timedelta(seconds=6) <= b - a <= timedelta(seconds=6.6) for a, b in itertools.pairwise(jobs))


def test_out_of_view_is_not_asked(make):
    board = board_of(make, make.run(2, status="in_progress"))
    asked = {ask.part for _, ask in simulate(board, View(), make.START, 10)}
    assert not asked & {Part.JOBS, Part.SOURCE, Part.ANNOTATIONS, Part.APPROVALS}


def test_unfocused_is_four_times_slower(make):
    board = board_of(make, make.run(2, status="in_progress"))
    seen = simulate(board, View(run_id=2), make.START, 20)
    away = simulate(board, View(run_id=2, focused=False), make.START, 20)
    count = [sum(ask.part is Part.JOBS for _, ask in made) for made in (seen, away)]
    assert 3.5 <= count[0] / count[1] <= 4.5


def test_a_finished_run_is_asked_once_and_again_when_it_is_started_anew(make):
    run = make.run(1)
    view = View(run_id=1)
    job = make.job(5, run)
    board = board_of(make, run, jobs=MappingProxyType({1: Section((job,), make.START)}))
    last = {ask: Asked(make.START, want.stamp) for ask, want in wants(board, view).items()}
    later = make.START + timedelta(days=3)
    assert Ask(Part.JOBS, 1) not in due(board, view, last, later)
    again = structs.replace(
        board, runs=Section((structs.replace(run, attempt=2, status="queued", conclusion=None),))
    )
    assert Ask(Part.JOBS, 1) in due(again, view, last, make.START + timedelta(seconds=3))


def test_jobs_that_lag_behind_their_finished_run_are_asked_again(make):
    run = make.run(1)
    job = make.job(5, run, status="in_progress")
    board = board_of(make, run, jobs=MappingProxyType({1: Section((job,), make.START)}))
    assert wants(board, View(run_id=1))[Ask(Part.JOBS, 1)].every is not None


def test_a_success_without_jobs_is_asked_again_and_any_other_end_without_jobs_is_not(make):
    def jobs_wanted(**run):
        board = board_of(make, make.run(1, **run), jobs=MappingProxyType({1: Section((), make.START)}))
        return wants(board, View(run_id=1))[Ask(Part.JOBS, 1)].every

    assert jobs_wanted() == Rhythm().runs_idle
    for conclusion in ("startup_failure", "failure", "cancelled", "skipped", "action_required", "stale"):
        assert jobs_wanted(conclusion=conclusion) is None


def test_the_end_of_the_last_job_asks_for_the_runs_at_once(make):
    run = make.run(1, status="in_progress")
    going, done = make.job(5, run, status="in_progress"), make.job(5, run)
    board = board_of(make, run, jobs=MappingProxyType({1: Section((going,), make.START)}))
    last = {ask: Asked(make.START, want.stamp) for ask, want in wants(board, View(run_id=1)).items()}
    soon = make.START + timedelta(seconds=3)
    assert Ask(Part.RUNS) not in due(board, View(run_id=1), last, soon)
    ended = structs.replace(board, jobs=MappingProxyType({1: Section((done,), make.START)}))
    assert Ask(Part.RUNS) in due(ended, View(run_id=1), last, soon)


def test_many_pages_of_jobs_stretch_the_interval(make):
    run = make.run(1, status="in_progress")
    jobs = tuple(make.job(number, run) for number in range(250))
    board = board_of(make, run, jobs=MappingProxyType({1: Section(jobs, make.START)}))
    assert wants(board, View(run_id=1))[Ask(Part.JOBS, 1)].every == 18


def test_many_environments_share_the_rate_of_four(make):
    many = Section(tuple(Environment(number, f"preview-{number}") for number in range(40)))
    board = structs.replace(board_of(make, make.run(1)), environments=many)
    made = simulate(board, View(), make.START, 130, step=5)
    after = make.START + timedelta(minutes=10)  # six rounds of twenty minutes
    asked = sum(ask.part is Part.DEPLOYMENTS and at > after for at, ask in made)
    assert asked / 120 <= 2.1


@given(st.integers(6, 120), st.sampled_from(["pipeline", "deploys"]))
def test_of_every_run_that_waits_the_gates_are_known_at_a_bounded_rate(make, count, screen):
    runs = [make.run(number, status="waiting") for number in range(count, 0, -1)]
    wanted = wants(board_of(make, *runs), View(screen=screen))
    asked = {ask.key: want.every for ask, want in wanted.items() if ask.part is Part.PENDING}
    assert set(asked) == {run.id for run in runs[:50]}
    more = [asked[run.id] for run in runs[5:50]]
    assert sum(60 / every for every in more) <= 5.001


def test_a_dead_token_leaves_one_question(make):
    dead = Section(error=Problem(Kind.AUTH, "The token was refused"))
    board = structs.replace(board_of(make, make.run(1, status="in_progress")), viewer=dead)
    assert set(wants(board, View(run_id=1), health=("staging",))) == {
        Ask(Part.VIEWER),
        Ask(Part.HEALTH, "staging"),
    }


def test_nothing_is_asked_before_a_pause_ends_but_health_is(make):
    until = make.START + timedelta(minutes=20)
    board = board_of(make, make.run(1, status="in_progress"), budget=Budget(paused_until=until))
    made = simulate(board, View(run_id=1), make.START, 25, health=("staging",))
    early = {ask.part for at, ask in made if at < until}
    assert early == {Part.HEALTH}
    assert {Part.RUNS, Part.JOBS, Part.VIEWER} <= {ask.part for at, ask in made if at >= until}


def test_an_exhausted_budget_is_a_pause_by_the_servers_clock(make):
    reset = make.START + timedelta(minutes=10)
    board = board_of(
        make, budget=Budget(limit=60, remaining=0, reset_at=reset), clock_offset=timedelta(minutes=4)
    )
    assert paused_until(board, make.START) == make.START + timedelta(minutes=6)
    assert paused_until(board, make.START + timedelta(minutes=7)) is None


def test_an_absurd_pause_ends_within_the_hour(make):
    board = board_of(make, budget=Budget(paused_until=make.START + timedelta(days=4000)))
    assert paused_until(board, make.START) <= make.START + timedelta(hours=1)


def test_little_quota_stretches_what_costs(make):
    reset = make.START + timedelta(minutes=50)
    board = board_of(make, budget=Budget(limit=5000, remaining=300, reset_at=reset))
    assert budget_stretch(board, make.START) == 4
    assert budget_stretch(board, reset + timedelta(seconds=1)) == 1


def test_the_clock_set_back_does_not_stop_the_board(make):
    board = board_of(make, make.run(1))
    last = {ask: Asked(make.START + timedelta(days=30)) for ask in wants(board, View())}
    assert set(due(board, View(), last, make.START)) >= {Ask(Part.RUNS), Ask(Part.ENVIRONMENTS)}


def test_a_change_of_a_deploying_run_refreshes_deployments(make):
    status = make.status(1, "in_progress", run=9)
    deployed = MappingProxyType({"staging": Section((make.deployment(3, statuses=(status,)),), make.START)})
    board = board_of(make, make.run(9, status="in_progress"), deployments=deployed)
    last = {ask: Asked(make.START, want.stamp) for ask, want in wants(board, View()).items()}
    done = structs.replace(board, runs=Section((make.run(9),)))
    asks = due(done, View(), last, make.START + timedelta(seconds=5))
    assert {Ask(Part.DEPLOYMENTS, "staging"), Ask(Part.DEPLOYMENTS, "production"), Ask(Part.RELEASES)} <= set(
        asks
    )


PASSING = st.sampled_from([Kind.NETWORK, Kind.SERVER, Kind.PERMISSION, Kind.RATE_LIMIT])


@settings(max_examples=25, deadline=None)
@given(
    kind=PASSING,
    outage=st.integers(min_value=1, max_value=40),
    part=st.sampled_from([Part.RUNS, Part.WORKFLOWS]),
)
def test_a_failure_backs_off_and_comes_back(make, kind, outage, part):
    start = make.START
    over = start + timedelta(minutes=outage)
    board = Board("acme/app", environments=ENVIRONMENTS)

    def fails(ask, now):
        return Problem(kind, "down") if ask.part is part and now < over else None

    made = simulate(board, View(), start, outage + 6, fails=fails, step=1)
    asked = [at for at, ask in made if ask.part is part]
    failed = [at for at in asked if at < over]
    gaps = [b - a for a, b in itertools.pairwise(failed)]
    assert all(gap <= timedelta(seconds=302) for gap in gaps)
    assert all(b >= a * 1.2 or b >= timedelta(seconds=220) for a, b in itertools.pairwise(gaps))
    assert any(over <= at <= over + timedelta(seconds=302) for at in asked), "it never came back"


@settings(max_examples=50, deadline=None)
@given(
    screen=st.sampled_from(["pipeline", "deploys", "releases", "hosts", "kpis", "nightly", "setup"]),
    focused=st.booleans(),
    states=st.lists(
        st.sampled_from(["completed", "in_progress", "queued", "waiting", "pending", "odd"]), max_size=12
    ),
    shown=st.one_of(st.none(), st.integers(0, 14)),
    remaining=st.integers(1, 5000),
)
def test_nothing_starves(make, screen, focused, states, shown, remaining):
    runs = tuple(make.run(number, status=status) for number, status in enumerate(states))
    board = Board(
        "acme/app",
        runs=Section(runs),
        environments=ENVIRONMENTS,
        budget=Budget(limit=5000, remaining=remaining),
    )
    view = View(screen, shown, None, focused)
    wanted = wants(board, view)
    # One request at a time, each two seconds long: a server that is too slow for what is wanted.
    last, now = {}, make.START
    count = dict.fromkeys(wanted, 0)
    for _ in range(600):
        asks = due(board, view, last, now)
        now += timedelta(seconds=2)
        if asks:
            last[asks[0]] = Asked(now, wanted[asks[0]].stamp)
            count[asks[0]] += 1
    assert all(count.values())


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 0.999), kind=st.sampled_from(list(Kind)))
def test_the_back_off_is_bounded_and_never_busy(failures, chance, kind):
    assert 7 <= retry_delay(failures, Problem(kind, "x"), chance) <= Rhythm().longest_retry


def test_a_retry_time_given_by_the_server_is_kept(make):
    board = board_of(make, make.run(1))
    problem = Problem(Kind.RATE_LIMIT, "slow down", retry_at=make.START + timedelta(minutes=9))
    last = {Ask(Part.RUNS): Asked(make.START, None, 1, 10.0, problem)}
    times = dict(agenda(board, View(), last, make.START))
    assert times[Ask(Part.RUNS)] == make.START + timedelta(minutes=9)


def test_the_default_branch_and_the_past_of_production_are_asked_for_where_releases_are_in_view(make):
    listed = {"production": Section((make.deployment(2, "production"), make.deployment(1, "production")))}
    known = Section(Repository("acme/app", "main"), make.START)
    board = structs.replace(board_of(make, make.run(1)), repository=known, deployments=listed)
    seen = wants(board, View("releases", environment="production"))
    assert Ask(Part.HEAD) in seen and Ask(Part.PAST, "production") in seen
    assert not {Part.POLICIES, Part.CUSTOM_RULES, Part.ANY_PROTECTED} & {ask.part for ask in seen}
    assert Ask(Part.HEAD) not in wants(board, View("pipeline"))
    assert Ask(Part.HEAD) not in wants(structs.replace(board, repository=Section()), View("releases"))
    pushed = structs.replace(board, runs=Section((structs.replace(make.run(9), sha="f" * 40),)))
    assert wants(pushed, View("releases"))[Ask(Part.HEAD)].stamp != seen[Ask(Part.HEAD)].stamp


def test_idle_on_the_releases_asks_at_most_twelve_times_a_minute(make):
    board = structs.replace(
        board_of(make, make.run(1)), repository=Section(Repository("acme/app", "main"), make.START)
    )
    made = simulate(board, View("releases"), make.START, 31, health=("staging",))
    assert requests(made, make.START + timedelta(minutes=1)) / 30 <= 6


def test_protection_and_the_past_are_asked_for_only_on_the_deploys_screen(make):
    environments = (
        Environment(1, "staging", protected_branches=True),
        Environment(2, "production", custom_policies=True),
    )
    listed = {"production": Section((make.deployment(2, "production"), make.deployment(1, "production")))}
    board = structs.replace(board_of(make), environments=Section(environments), deployments=listed)
    more = {Part.POLICIES, Part.CUSTOM_RULES, Part.ANY_PROTECTED, Part.PAST}
    assert not more & {ask.part for ask in wants(board, View("pipeline"))}
    wanted = wants(board, View("deploys", environment="production"))
    assert {ask for ask in wanted if ask.part in more} == {
        Ask(Part.POLICIES, "production"),
        Ask(Part.CUSTOM_RULES, "staging"),
        Ask(Part.CUSTOM_RULES, "production"),
        Ask(Part.ANY_PROTECTED),
        Ask(Part.PAST, "production"),
    }
    assert wanted[Ask(Part.PAST, "production")].every is None  # once, until others are unread
