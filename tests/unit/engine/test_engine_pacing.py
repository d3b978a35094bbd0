"""What pacing knows and says: reasons in every mode, a blind gauge, a restart, several campaigns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from scene import Scene, campaign, lead, of, shard_state

from dialer.domain.agent import AgentState
from dialer.domain.campaign import AbandonWindow, CampaignState, DialMode, PacingPolicy
from dialer.domain.events import CampaignEdited, LogLost, SwitchAlive
from dialer.domain.facts import PacingDecided, PacingKept
from dialer.domain.outcomes import Outcome
from dialer.domain.stored import KeptPacing, Tally
from dialer.domain.wishes import GoNotReady, GoReady, LogOut, StartCampaign
from dialer.engine.pool import KEEP_EVERY_S, SAME_SHIFT, Pool, paced
from pacing.policies.predictive import Predictive
from pacing.policy import names

HOURS_CLOSED = "strict"


def limits(scene: Scene, campaign_id: int = 1) -> list[str]:
    """What bound, each change once."""
    said = [str(d.explain["limit"]) for d in of(PacingDecided, scene) if d.campaign_id == campaign_id]
    return [limit for n, limit in enumerate(said) if n == 0 or said[n - 1] != limit]


def test_the_domain_names_every_policy() -> None:
    """Each policy a supervisor may choose exists; power is a mode of its own."""
    assert {*PacingPolicy} | {"power"} == set(names())


# --- reasons ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [DialMode.PROGRESSIVE, DialMode.POWER, DialMode.PREDICTIVE])
def test_every_dialling_mode_says_why_nothing_is_dialled(mode: DialMode) -> None:
    """1. Nobody there; 2. the agent paused; 3. no leads; 4. the link is gone; 5. back; 6. the log can't be written."""
    scene = Scene(campaign(mode=mode), leads=[], agents=1)
    scene.run(0.5)
    assert limits(scene)[-1] == "no_agents"
    scene.log_in(1)
    scene.run(1)
    assert limits(scene)[-1] == "leads"
    scene.switch_down()
    assert limits(scene)[-1] == "switch_down"
    scene.switch_up()
    scene.feed(LogLost(at=scene.now, why="disk"))
    assert limits(scene)[-1] == "log_lost"


def test_the_law_is_named_with_its_rule_and_hour() -> None:
    """1. Eleven in the morning there is lawful, ten in the evening is not; 2. the reason names rule and opening."""
    words = "Le llamó Gestiones del Sur. Devuelva la llamada al número que aparece en su pantalla."
    lawful = replace(campaign(mode=DialMode.PREDICTIVE, rule_set=HOURS_CLOSED), abandoned_text=words)
    scene = Scene(lawful, leads=[], agents=1)
    scene.log_in(1)
    scene.later(11 * 3600)
    scene.list = [replace(lead(1), lease_until=scene.now + timedelta(minutes=5))]
    scene.run(4)
    told = of(PacingDecided, scene)[-1].explain
    assert (told["limit"], told["rule"]) == ("law", "hours")
    assert str(told["until"]) > scene.now.isoformat()
    assert scene.dialled == []


def test_lines_per_agent_are_named() -> None:
    """1. Power at 5 with two lines per agent; 2. the lines bind."""
    scene = Scene(
        campaign(mode=DialMode.POWER, ratio=5.0, max_lines_per_agent=2.0),
        leads=[lead(n) for n in range(1, 30)],
        agents=1,
    )
    scene.log_in(1)
    scene.run(1)
    assert limits(scene)[-1] == "lines_per_agent"


def test_preview_and_manual_say_that_the_agents_dial() -> None:
    for mode in (DialMode.PREVIEW, DialMode.MANUAL):
        scene = Scene(campaign(mode=mode), leads=[lead(1)], agents=1)
        scene.log_in(1)
        assert limits(scene)[-1] == "agents_dial"


def test_each_decision_gives_the_law_s_windows() -> None:
    """1. Live answers of the past are in the budgets from the first word on; 2. a day old, they are out of one."""
    scene = Scene(
        state=replace(
            shard_state(campaign(mode=DialMode.PREDICTIVE)),
            tallies=tuple(
                Tally(1, live, lost, Scene(campaign()).now - ago)
                for live, lost, ago in ((1000, 20, timedelta(days=2)), (100, 1, timedelta(hours=2)))
            ),
        ),
        leads=[lead(1)],
    )
    scene.log_in(1)
    told = of(PacingDecided, scene)[-1].explain
    assert (told["live_day"], told["abandoned_day"], told["left_day"]) == (100, 1, 2.0)
    assert (told["live_campaign"], told["abandoned_campaign"], told["left_month"]) == (1100, 21, 12.0)


# --- a blind gauge ----------------------------------------------------------------------------------------


def test_a_silent_switch_leaves_reserved_calls_only_within_two_seconds() -> None:
    """1. Two calls per agent; 2. no sign of life any more; 3. two seconds later each new call has its agent, and the
    reason is told; 4. a sign of life, and the mode is itself again."""
    scene = Scene(
        campaign(mode=DialMode.POWER, ratio=2.0), leads=[lead(n) for n in range(1, 60)], agents=2, trunks=()
    )
    scene.log_in(1, 2)
    assert all(planned.agent_id is None for planned in scene.planned)
    scene.silent = True
    before = len(scene.planned)
    scene.run(2.0)
    assert limits(scene)[-1] == "blind"
    for call in list(scene.dialled):
        scene.hang_up(call)
    scene.run(0.5)
    assert {planned.agent_id for planned in scene.planned[before:]} == {1, 2}
    scene.silent = False
    for call in scene.dialled[before:]:
        scene.hang_up(call)
    scene.run(0.5)
    assert scene.planned[-1].agent_id is None
    assert limits(scene)[-1] != "blind"


def test_late_events_are_as_blind_as_none() -> None:
    """1. Signs of life that say: what you hear is three seconds old; 2. reserved calls only."""
    scene = Scene(campaign(mode=DialMode.POWER, ratio=2.0), leads=[lead(n) for n in range(1, 60)], agents=1)
    scene.silent = True
    scene.feed(SwitchAlive(at=scene.now, late_s=3.0))
    scene.log_in(1)
    assert scene.planned[-1].agent_id == 1
    assert limits(scene)[-1] == "blind"


def test_a_slow_store_leaves_reserved_calls_only() -> None:
    """1. A planned call is not confirmed for two seconds; 2. the reason is told; 3. confirmed, it is over."""
    scene = Scene(
        campaign(mode=DialMode.POWER, ratio=2.0),
        leads=[lead(n) for n in range(1, 60)],
        agents=1,
        hold_commits=True,
    )
    scene.log_in(1)
    scene.run(2.0)
    assert limits(scene)[-1] == "store_silent"
    scene.hold_commits = False
    scene.commit()
    scene.run(1)
    assert limits(scene)[-1] != "store_silent"


def test_blind_for_minutes_halts_until_a_person_comes() -> None:
    """1. Five minutes without a sign of life on a standing link; 2. halted, with the reason."""
    scene = Scene(campaign(mode=DialMode.PREDICTIVE), leads=[lead(1)], agents=1)
    scene.log_in(1)
    scene.silent = True
    scene.run(290)
    assert scene.floor.campaigns[1].state is CampaignState.RUNNING
    scene.run(20)
    assert scene.floor.campaigns[1].state is CampaignState.HALTED


# --- starting again ---------------------------------------------------------------------------------------


def work(scene: Scene, seconds: float, *, salt: int = 0) -> None:
    """A floor where one call in four is answered, and talks last twenty seconds."""
    for _ in range(int(seconds * 2)):
        scene.run(0.5)
        for call in list(scene.floor.calls.values()):
            age = (scene.now - call.attempt.planned_at).total_seconds()
            luck = (call.attempt.lead_id + salt) % 4
            if call.bridging_until and call.agent_id:
                scene.bridge(call.id, call.agent_id)
            elif call.connected_at and scene.now - call.connected_at > timedelta(seconds=20):
                agent_id = call.agent_id
                scene.hang_up(call.id)
                if agent_id:
                    scene.park_leg(agent_id)
            elif call.outcome:
                scene.hang_up(call.id)
            elif call.answered_at is None and luck == 0 and age > 6:
                scene.answer(call.id)
            elif call.answered_at is None and age > 14:
                scene.hang_up(call.id, Outcome.NO_ANSWER)


def decisions(scene: Scene) -> list[tuple[object, ...]]:
    return [
        (d.at, d.calls, d.explain["limit"], d.explain.get("risk_next"), d.explain.get("left_day"))
        for d in of(PacingDecided, scene)
    ]


def working() -> Scene:
    scene = Scene(
        campaign(mode=DialMode.PREDICTIVE, wrap_up_s=0, max_lines_per_agent=8.0),
        leads=[lead(n) for n in range(1, 2000)],
        agents=8,
    )
    scene.log_in(*range(1, 9))
    work(scene, 90)
    return scene


def test_after_a_crash_the_log_tells_what_was_not_set_down() -> None:
    """1. A shift of a minute and a half; 2. its policies set down, then work for some seconds; 3. a new pool takes them
    over and hears what was logged since: it knows each call and agent, and has learned the same of talks."""
    scene = working()
    scene.facts.clear()
    kept = scene.floor.pool.keep(scene.now, now=True)
    assert isinstance(kept, PacingKept)
    work(scene, 7)
    since = tuple(scene.facts)
    pool = Pool()
    pool.begin(KeptPacing(kept.at, kept.policies, since), scene.now)
    for call in scene.floor.calls.values():
        pool.adopt(call.id, 1, 2.0)
    (old,) = scene.floor.pool._players.values()
    run = scene.floor.campaigns[1]
    key = pool.follow(
        scene.now,
        run.campaign,
        max_lines=100,
        cps=50.0,
        agents=((a.id, paced(a.state, leaving=False)) for a in scene.floor.agents.values()),
        in_flight=(),
        campaigns=[run.campaign],
    )
    new = pool._players[key]
    before, after = old.policy.snapshot(), new.policy.snapshot()
    for learned in ("ledger", "talk", "wrap", "stays", "wait_s"):
        was, now = before[learned], after[learned]
        if learned == "ledger":  # what was asked for in between is the old one's own memory
            was, now = ({k: v for k, v in each.items() if k not in _ASKED} for each in (was, now))
        assert was == now, learned


_ASKED = ("asked", "asked_last", "refused", "closed")


def test_a_restart_in_peace_gives_the_same_decisions() -> None:
    """1. Two floors of the same seed and world; 2. one is stopped and started from what it set down; 3. what they
    decide from there on is the same."""
    one, two = working(), working()
    assert decisions(one) == decisions(two)
    (kept,) = two.engine.farewell(two.now)
    assert isinstance(kept, PacingKept)
    decided_at = two.floor.pool.decided_at
    two.floor.pool = Pool()
    two.floor.pool.decided_at = decided_at  # a real start takes longer than the pause between two decisions
    two.floor.pool.begin(KeptPacing(kept.at, kept.policies, ()), two.now)
    for call in two.floor.calls.values():
        two.floor.pool.adopt(call.id, 1, 2.0)
    one.facts.clear()
    two.facts.clear()
    work(one, 60)
    work(two, 60)
    assert decisions(one) == decisions(two)
    assert sum(calls for _, calls, *_ in decisions(one)) > 20


def test_what_is_known_is_set_down_now_and_then() -> None:
    """1. Once in half a minute; 2. it is plain JSON."""
    scene = working()
    kept = of(PacingKept, scene)
    assert len(kept) == int(90 / KEEP_EVERY_S)
    assert all(
        isinstance(value, str | int | float | list | dict | None) for value in kept[0].policies.values()
    )


def test_the_next_day_begins_with_what_was_learned() -> None:
    """1. Kept yesterday; 2. today's policy trusts its forecast at once and has none of yesterday's calls."""
    scene = working()
    (kept,) = scene.engine.farewell(scene.now)
    assert isinstance(kept, PacingKept)
    old = KeptPacing(kept.at - SAME_SHIFT - timedelta(hours=12), kept.policies, ())
    state = replace(shard_state(scene.floor.campaigns[1].campaign, agents=8), pacing=old)
    today = Scene(state=state, leads=[lead(n) for n in range(1, 60)])
    today.log_in(1, 2, 3)
    said = of(PacingDecided, today)
    assert "warm_up" not in limits(today)
    assert next(d.explain["in_flight"] for d in said if "in_flight" in d.explain) == 0


# --- several campaigns ------------------------------------------------------------------------------------


def two_campaigns(first: float, second: float, **more: int) -> Scene:
    scene = Scene(
        *(
            replace(
                campaign(
                    n, DialMode.POWER, state=CampaignState.PAUSED, priority=more.get(f"priority_{n}", 0)
                ),
                share=share,
            )
            for n, share in ((1, first), (2, second))
        ),
        leads=[lead(n, campaign_id=1 + n % 2) for n in range(1, 400)],
        agents=3,
    )
    for n in (1, 2):
        scene.wish(9, StartCampaign(n))
    scene.log_in(1, 2, 3)
    for _ in range(40):
        for call in list(scene.floor.calls):
            scene.hang_up(call)
        scene.run(0.3)
    return scene


def test_equal_campaigns_have_calls_by_their_shares() -> None:
    """1. Shares of three and one, one pool; 2. the calls stand three to one, and no idle agent is promised twice."""
    scene = two_campaigns(3.0, 1.0)
    first = sum(planned.campaign_id == 1 for planned in scene.planned)
    second = len(scene.planned) - first
    assert second > 10
    assert abs(first - 3 * second) <= 6
    assert limits(scene, 1).count("turn") + limits(scene, 2).count("turn") > 0


def test_the_urgent_campaign_goes_first_whatever_the_shares() -> None:
    scene = two_campaigns(1.0, 9.0, priority_1=5)
    assert {planned.campaign_id for planned in scene.planned} == {1}


def test_one_campaign_over_its_cap_does_not_stop_the_other() -> None:
    """1. Two campaigns, the first has used up its abandonments; 2. it dials reserved calls only, the other as usual."""
    past = Tally(1, 100, 10, Scene(campaign()).now - timedelta(hours=1))
    scene = Scene(
        state=replace(
            shard_state(campaign(1, DialMode.POWER), campaign(2, DialMode.POWER, ratio=2.0), agents=4),
            tallies=(past,),
        ),
        leads=[lead(n, campaign_id=1 + n % 2) for n in range(1, 60)],
    )
    scene.log_in(1, 2, 3, 4)
    assert all(p.agent_id is not None for p in scene.planned if p.campaign_id == 1)
    assert "cap" in limits(scene, 1)
    assert "cap" not in limits(scene, 2)


@pytest.mark.parametrize(
    ("mode", "abandoned", "reserved"),
    [
        (DialMode.POWER, 1, True),  # the next one would be the second of 61
        (DialMode.PREDICTIVE, 1, False),  # it weighs that itself
        (DialMode.PREDICTIVE, 2, True),  # 3.3 %
    ],
)
def test_at_the_cap_each_call_has_its_agent(mode: DialMode, abandoned: int, reserved: bool) -> None:
    past = Tally(1, 60, abandoned, Scene(campaign()).now - timedelta(hours=1))
    scene = Scene(
        state=replace(shard_state(campaign(mode=mode, ratio=2.0), agents=2), tallies=(past,)),
        leads=[lead(n) for n in range(1, 30)],
    )
    scene.log_in(1, 2)
    assert scene.planned
    assert all((planned.agent_id is not None) is reserved for planned in scene.planned)
    assert ("cap" in limits(scene)) is reserved


def test_peers_can_be_chosen() -> None:
    """1. Each policy a supervisor may choose is asked; 2. its decisions are in the log under its name."""
    for policy in PacingPolicy:
        scene = Scene(campaign(mode=DialMode.PREDICTIVE), leads=[lead(n) for n in range(1, 30)], agents=2)
        chosen = replace(scene.floor.campaigns[1].campaign, policy=policy, abandon_window=AbandonWindow.MONTH)
        scene.feed(CampaignEdited(at=scene.now, campaign=chosen))
        scene.log_in(1, 2)
        scene.run(4)
        assert {d.policy for d in of(PacingDecided, scene) if "in_flight" in d.explain} == {str(policy)}


# --- who will not come back ---------------------------------------------------------------------------------


def test_who_leaves_after_his_call_is_no_agent_to_come() -> None:
    """1. He talks; 2. asks for lunch after this call: the pacing counts him as away already, and does not take the half
    talk for a whole one; 3. he stays after all: he talks again; 4. asks to go home: away through his wrap-up."""
    scene = Scene(campaign(mode=DialMode.PREDICTIVE), leads=[lead(n) for n in range(1, 9)], agents=2)
    scene.log_in(1, 2)
    scene.run(1)
    scene.connect()
    (talker,) = [agent.id for agent in scene.floor.agents.values() if agent.state is AgentState.ON_CALL]
    (player,) = scene.floor.pool._players.values()
    assert isinstance(player.policy, Predictive)

    def told() -> str:
        return player.policy.ledger.agents[talker].value

    def talks_learned() -> object:
        return player.policy.talk.snapshot()

    before = talks_learned()
    assert told() == "talk"
    scene.run(30)
    scene.wish(talker, GoNotReady("lunch"))
    assert told() == "paused"
    scene.wish(talker, GoReady())
    assert told() == "talk"
    scene.run(30)
    scene.wish(talker, LogOut())
    assert told() == "paused"
    assert talks_learned() == before
    call = scene.agent(talker).attempt_id
    assert call is not None
    scene.hang_up(call, Outcome.CONNECTED)
    assert (scene.agent(talker).state, told()) == (AgentState.WRAP_UP, "paused")
