"""A day played again: unchanged it is the same day, changed it differs as it must, and nobody is met twice."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dialer.domain.agent import AgentState
from dialer.domain.campaign import (
    AbandonWindow,
    Campaign,
    CampaignState,
    DialMode,
    PacingPolicy,
    RecordingNotice,
)
from dialer.domain.errors import BadInput
from dialer.domain.logged import AgentSpell, Figures, Heard, LoggedCall, Stretch, figures_of, trimmed
from dialer.domain.outcomes import Outcome
from dialer.domain.screening import Label, Screening
from dialer.domain.staffing import Staffing, StaffingPlan
from dialer.domain.values import Trunk
from dialer.replay.report import compare, plot
from dialer.replay.rerun import Rerun, rerun
from dialer.replay.settings import described, with_knobs, with_policy
from dialer.replay.telco import talks_of
from pacing.abandonment import AbandonmentBudget

BEGIN = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
AGENTS, MINUTES = 6, 20


def campaign(mode: DialMode = DialMode.PREDICTIVE) -> Campaign:
    return Campaign(
        id=1,
        name="Temprana",
        agent_group_id=1,
        state=CampaignState.RUNNING,
        mode=mode,
        ratio=1.5,
        max_lines_per_agent=6.0,
        abandon_cap=0.03,
        connect_limit_s=2.0,
        ring_timeout_s=25,
        wrap_up_s=60,
        priority=0,
        rule_set="laboratory",
        recording_notice=RecordingNotice.PLAYED,
        language="es",
        version=1,
    )


def invented(mode: DialMode = DialMode.PREDICTIVE) -> Stretch:
    """People of chance: one in three answers after some seconds, a few give up, talks of half a minute; agents who
    come one after the other, and one who takes a break."""
    rng, end = random.Random(5), BEGIN + timedelta(minutes=MINUTES)
    calls = []
    for n in range(2500):
        at = BEGIN + timedelta(seconds=30 + n * 0.2)
        if rng.random() < 0.33:
            answered, talk = rng.uniform(3, 15), rng.expovariate(1 / 30)
            if rng.random() < 0.02:
                calls.append(LoggedCall(at, Outcome.CUSTOMER_HUNG_UP, answered + 1.0, answered, None, None))
                continue
            connected = answered + 0.1
            calls.append(
                LoggedCall(at, Outcome.CONNECTED, connected + talk, answered, connected, 1 + n % AGENTS)
            )
        else:
            outcome = rng.choice([Outcome.NO_ANSWER, Outcome.NO_ANSWER, Outcome.BUSY, Outcome.INVALID_NUMBER])
            ended = 25.0 if outcome is Outcome.NO_ANSWER else rng.uniform(1, 3)
            calls.append(LoggedCall(at, outcome, ended, None, None, None))
    spells = []
    for agent_id in range(1, AGENTS + 1):
        came = BEGIN + timedelta(seconds=5 * agent_id)
        spells.append(AgentSpell(agent_id, AgentState.LOGGED_OUT, BEGIN, came))
        if agent_id == 3:
            away = (BEGIN + timedelta(minutes=8), BEGIN + timedelta(minutes=11))
            spells.append(AgentSpell(agent_id, AgentState.READY, came, away[0]))
            spells.append(AgentSpell(agent_id, AgentState.NOT_READY, *away))
            came = away[1]
        spells.append(AgentSpell(agent_id, AgentState.READY, came, end))
    trunk = Trunk(1, "telco", 1, 50.0, 200, ("+18095550190",))
    running = ((BEGIN, CampaignState.RUNNING),)
    return Stretch(campaign(mode), BEGIN, end, tuple(calls), tuple(spells), running, (), (trunk,))


def play(stretch: Stretch, changed: Campaign | None = None, *, seed: int = 1) -> Rerun:
    heard: list[float] = []
    done = rerun(stretch, changed or stretch.campaign, seed=seed, progress=heard.append)
    assert heard == sorted(heard)
    return done


@pytest.fixture(scope="module")
def day() -> Stretch:
    """A day that the engine itself has worked, so that its log is one."""
    return play(invented(DialMode.POWER)).stretch


@pytest.fixture(scope="module")
def again(day: Stretch) -> Rerun:
    return play(day)


def test_a_day_played_again_unchanged_is_the_same_day(day: Stretch, again: Rerun) -> None:
    """1. The logged day has calls, connects and wrap-ups; 2. played again it comes out within a hundredth."""
    logged = figures_of(day)
    assert logged.connected > 100
    found = compare(logged, again.figures)
    assert found.holds, found.sentence()
    assert abs(found.connected) <= 0.03


def test_a_replay_is_a_function_of_the_day(day: Stretch, again: Rerun) -> None:
    assert play(day).figures == again.figures


def test_one_call_per_agent_keeps_agents_waiting(day: Stretch) -> None:
    """1. The same people under one call per agent; 2. fewer are reached, nobody is abandoned, agents idle."""
    logged = figures_of(day)
    careful = play(day, replace(day.campaign, mode=DialMode.PROGRESSIVE)).figures
    assert careful.connected < 0.9 * logged.connected
    assert careful.abandoned == 0
    assert careful.occupancy is not None
    assert logged.occupancy is not None
    assert careful.occupancy < logged.occupancy - 0.1


def test_a_bold_ratio_abandons_until_the_cap_stops_it(day: Stretch) -> None:
    """1. Four calls per free agent, a cap of 5 %; 2. people are abandoned, and the gauge holds the share near it."""
    bold = with_knobs(with_policy(day.campaign, "power"), ["ratio=4", "abandon_cap=0.05"])
    figures = play(day, bold).figures
    assert figures.abandoned > 0
    assert figures.abandoned <= max(2, 0.06 * figures.live_answers)


def test_agents_keep_their_hours_and_breaks(again: Rerun) -> None:
    """1. Nobody works before he came; 2. the one with the break is not on a call begun in it."""
    happened = again.stretch
    assert all(spell.since >= BEGIN for spell in happened.spells)
    away = [
        spell
        for spell in happened.spells
        if spell.agent_id == 3 and spell.state is AgentState.NOT_READY and spell.seconds > 60
    ]
    assert len(away) == 1


def test_every_policy_can_play_the_day(day: Stretch) -> None:
    """1. Ours and a peer's; 2. people are reached, and the cap is kept to within two of them."""
    for policy in ("predictive", "vicidial_hard_limit"):
        figures = play(day, with_policy(day.campaign, policy)).figures
        assert figures.connected > 50
        assert figures.abandoned <= 0.03 * figures.live_answers + 2


def test_hours_without_leads_are_without_calls() -> None:
    stretch = invented()
    dry_from = BEGIN + timedelta(minutes=10)
    played = play(replace(stretch, dry=((dry_from, True),))).stretch
    late = [call for call in played.calls if call.planned_at > dry_from + timedelta(seconds=30)]
    assert not late
    assert played.calls


def test_a_shorter_ring_gives_up_on_the_late_answers(day: Stretch) -> None:
    shorter = play(day, with_knobs(day.campaign, ["ring_timeout_s=15"])).stretch
    assert max(call.ended_s for call in day.calls if call.answered_s is None) > 20
    assert max(call.ended_s for call in shorter.calls if call.answered_s is None) < 16


def test_wrap_ups_are_found_behind_their_talks(day: Stretch) -> None:
    """1. The invented day has none: a usual one is taken; 2. the worked one has those."""
    assert {talk.wrap_s for talk in talks_of(invented())} == {10.0}
    usual = sum(9.0 < talk.wrap_s < 11.0 for talk in talks_of(day))
    assert usual > 0.9 * figures_of(day).connected  # but for those that the end cut off


def planned_away(minute: int, *agent_ids: int | None) -> tuple[tuple[datetime, Staffing], ...]:
    """A break of a quarter of an hour, known since the begin."""
    at = (BEGIN + timedelta(minutes=minute)).time()
    plans = (
        StaffingPlan(n, id, "break", at, 15, frozenset(range(7)), "UTC") for n, id in enumerate(agent_ids)
    )
    return ((BEGIN, Staffing(tuple(plans))),)


def test_a_day_is_played_again_with_its_plans() -> None:
    """1. Everybody's break is planned: just before it no call is placed; 2. again: the same day; 3. without the plan
    calls are placed then."""
    day = play(replace(invented(DialMode.POWER), staffing=planned_away(9, None))).stretch

    def placed(stretch: Stretch) -> int:
        quiet = (BEGIN + timedelta(minutes=8.76), BEGIN + timedelta(minutes=9))
        return sum(quiet[0] < call.planned_at < quiet[1] for call in stretch.calls)

    assert placed(day) == 0
    again = play(day)
    found = compare(figures_of(day), again.figures)
    assert found.holds, found.sentence()
    assert placed(again.stretch) == 0
    unplanned = play(replace(day, staffing=()))
    assert placed(unplanned.stretch) > 0


def test_a_day_played_again_knows_when_its_shift_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """1. Where the law counts a month the pacing hears the planned end again; 2. where it counts the last 24 hours it
    does not."""
    heard: list[float | None] = []
    expect_end = AbandonmentBudget.expect_end

    def hear(budget: AbandonmentBudget, left_s: float | None) -> None:
        heard.append(left_s)
        expect_end(budget, left_s)

    monkeypatch.setattr(AbandonmentBudget, "expect_end", hear)
    at = (BEGIN + timedelta(minutes=MINUTES)).time()
    home = StaffingPlan(1, None, "shift end", at, 240, frozenset(range(7)), "UTC")
    stretch = replace(invented(), staffing=((BEGIN, Staffing((home,))),))
    play(replace(stretch, campaign=replace(stretch.campaign, abandon_window=AbandonWindow.MONTH)))
    told = [left_s for left_s in heard if left_s is not None]
    assert told == sorted(told, reverse=True)
    assert 0 < told[-1] < told[0] <= 60 * MINUTES
    heard.clear()
    play(stretch)
    assert set(heard) == {None}


def test_a_screened_day_is_played_again_with_its_verdicts() -> None:
    """Half of those who answer are machines, known 1.4 s after the answer; nobody can tell of one in ten. 1. The day:
    no machine costs an agent; 2. again: as many machines, as late, and the same figures. One call per agent: with a
    hundred answers, one abandonment more or less would decide how a forecast dials."""
    rng, stretch = random.Random(7), invented(DialMode.PROGRESSIVE)
    calls = []
    for call in stretch.calls:
        if call.answered_s is None or call.outcome is not Outcome.CONNECTED:
            calls.append(call)
        elif rng.random() < 0.5:
            heard = Heard(1.4, Label.MACHINE, "model")
            ended_s = call.answered_s + (1.5 if rng.random() < 0.8 else 20.0)  # hung up, or after its message
            calls.append(
                LoggedCall(call.planned_at, Outcome.MACHINE, ended_s, call.answered_s, None, None, heard)
            )
        else:
            unheard = rng.random() < 0.1
            heard = Heard(2.0, None, "screener_late") if unheard else Heard(1.1, Label.HUMAN, "model", 0.6)
            calls.append(replace(call, heard=heard))
    screening = replace(stretch.campaign.screening, mode=Screening.ON)
    day = play(
        replace(stretch, campaign=replace(stretch.campaign, screening=screening), calls=tuple(calls))
    ).stretch
    machines = [call for call in day.calls if call.outcome is Outcome.MACHINE]
    assert len(machines) > 50
    assert not any(call.connected_s for call in machines)
    assert figures_of(day).live_answers < 0.7 * sum(call.answered_s is not None for call in day.calls)
    again = play(day)
    found = compare(figures_of(day), again.figures)
    assert found.holds, found.sentence()
    again_machines = [call for call in again.stretch.calls if call.outcome is Outcome.MACHINE]
    assert abs(len(again_machines) - len(machines)) <= 0.05 * len(machines)
    assert all(call.heard and abs(call.heard.after_s - 1.4) < 0.01 for call in again_machines)


def test_a_short_day_is_said_to_be_short() -> None:
    """The same miss: of a hundred answers chance may have made it; of a thousand it did not."""
    day = Figures(500, 100, 98, 2, busy_s=3000.0, ready_s=1000.0, talk_s=2000.0)
    again = replace(day, connected=80)
    assert "With 100 live answers" in compare(day, again).sentence()
    assert "live answers" not in compare(replace(day, live_answers=1000), again).sentence()
    assert "live answers" not in compare(day, day).sentence()


def test_an_empty_stretch_is_refused() -> None:
    empty = replace(invented(), calls=())
    assert trimmed(empty) is empty
    with pytest.raises(BadInput, match="nothing was dialled"):
        play(empty)


def test_trimming_keeps_what_belongs_to_the_calls(day: Stretch) -> None:
    long = replace(day, begin=BEGIN - timedelta(hours=9), end=day.end + timedelta(hours=4))
    cut = trimmed(long)
    assert cut.begin >= day.calls[0].planned_at - timedelta(minutes=1)
    assert cut.end <= day.end + timedelta(minutes=2)
    assert figures_of(cut).attempts == figures_of(day).attempts


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("ratio", "knob=value"),
        ("speed=3", "knob=value"),
        ("ratio=fast", "not a number"),
        ("ring_timeout_s=20.5", "not a whole number"),
        ("ratio=11", "between 1 and 10"),
        ("ratio=nan", "between"),
    ],
)
def test_a_bad_knob_is_refused_with_what_would_do(pair: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        with_knobs(campaign(), [pair])


def test_policies_by_name() -> None:
    assert with_policy(campaign(), None) == campaign()
    assert described(with_policy(campaign(), "power")) == "power x1.5"
    assert with_policy(campaign(DialMode.POWER), "erlang").policy is PacingPolicy.ERLANG
    with pytest.raises(BadInput, match="vicidial_average"):
        with_policy(campaign(), "magic")


def test_the_plot_escapes_names_and_draws_each_run(day: Stretch, again: Rerun) -> None:
    answers = again.answers
    drawn = plot("<b>", {"log": answers, "a&b": answers}, cap=0.03, begin=day.begin, end=day.end)
    assert drawn.count("<polyline") == 2
    assert "&lt;b&gt;" in drawn
    assert "a&amp;b" in drawn
    assert "<b>" not in drawn
