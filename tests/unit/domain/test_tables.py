"""The state tables of call, agent and campaign, walked cell by cell: what is not written here is not allowed."""

from __future__ import annotations

from enum import StrEnum

import pytest

from dialer.domain import agent, call, campaign
from dialer.domain.agent import AgentState
from dialer.domain.call import DIALLING_STATES, UNATTENDED_STATES, CallState
from dialer.domain.campaign import CampaignState

#: One line per state: its inputs and where they lead, as the operator's manual would say it.
CALL = """
planned      sent>originating withdrawn>ended ended>ended
originating  rang>ringing answered>answered ended>ended
ringing      answered>answered ended>ended
answered     listened>screening parked>waiting deadline>message ended>ended
screening    judged_human>waiting judged_machine>machine deadline>message ended>ended
waiting      bridged>bridged judged_machine>machine deadline>message ended>ended
bridged      agent_lost>waiting ended>ended
message      ended>ended
machine      ended>ended
ended
"""
AGENT = """
logged_out   logged_in>unreachable
unreachable  leg_back>not_ready wrap_up_resumed>wrap_up logged_out>logged_out
not_ready    went_ready>ready went_not_ready>not_ready reserved>reserved call_ended>wrap_up leg_lost>unreachable \
logged_out>logged_out
ready        went_not_ready>not_ready previewed>previewing reserved>reserved call_ended>wrap_up \
leg_lost>unreachable logged_out>logged_out
previewing   reserved>reserved released>ready went_not_ready>not_ready leg_lost>unreachable logged_out>logged_out
reserved     connected>on_call released>ready call_ended>wrap_up leg_lost>unreachable
on_call      call_ended>wrap_up leg_lost>unreachable
wrap_up      went_ready>ready went_not_ready>not_ready leg_lost>unreachable logged_out>logged_out
"""
CAMPAIGN = """
draft     started>running
running   paused>paused stopped>draining tripped>halted
paused    started>running stopped>draining
draining  drained>closed tripped>halted
halted    paused>paused
closed    started>running
"""


def parsed(text: str) -> dict[str, dict[str, str]]:
    rows = [line.split() for line in text.strip().splitlines()]
    return {state: dict(cell.split(">") for cell in cells) for state, *cells in rows}


@pytest.mark.parametrize(
    ("table", "states", "inputs", "text"),
    [
        (call.TRANSITIONS, call.CallState, call.CallInput, CALL),
        (agent.TRANSITIONS, agent.AgentState, agent.AgentInput, AGENT),
        (campaign.TRANSITIONS, campaign.CampaignState, campaign.CampaignInput, CAMPAIGN),
    ],
    ids=["call", "agent", "campaign"],
)
def test_every_cell(
    table: dict[StrEnum, dict[StrEnum, StrEnum]], states: type[StrEnum], inputs: type[StrEnum], text: str
) -> None:
    written = parsed(text)
    assert set(table) == set(states), "a state without a row"
    for state in states:
        for given in inputs:
            target = table[state].get(given)
            assert (None if target is None else str(target)) == written[state].get(given), f"{state}, {given}"


def reachable(table: dict[StrEnum, dict[StrEnum, StrEnum]], start: StrEnum) -> set[StrEnum]:
    seen, frontier = {start}, [start]
    while frontier:
        for target in table[frontier.pop()].values():
            if target not in seen:
                seen.add(target)
                frontier.append(target)
    return seen


def test_every_state_can_be_reached_and_left() -> None:
    assert reachable(agent.TRANSITIONS, AgentState.LOGGED_OUT) == set(AgentState)  # type: ignore[arg-type]
    assert reachable(campaign.TRANSITIONS, CampaignState.DRAFT) == set(CampaignState)  # type: ignore[arg-type]
    assert reachable(call.TRANSITIONS, CallState.PLANNED) == set(CallState)  # type: ignore[arg-type]
    for state in CallState:
        assert CallState.ENDED in reachable(call.TRANSITIONS, state)  # type: ignore[arg-type]
    for state in AgentState:
        assert AgentState.LOGGED_OUT in reachable(agent.TRANSITIONS, state)  # type: ignore[arg-type]


def test_groups_of_call_states() -> None:
    assert {CallState.PLANNED, CallState.ORIGINATING, CallState.RINGING} == DIALLING_STATES
    assert {CallState.ANSWERED, CallState.SCREENING, CallState.WAITING} == UNATTENDED_STATES
