"""Record what AMI says in each case the dialer must understand, byte for byte, into `tests/data/ami`.

`python -m lab.transcripts`, after a change of Asterisk's version or of the AMI user's event filter.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from dialer.store.database import upgrade
from lab.accounts import mint_accounts
from lab.ami_probe import AmiProbe
from lab.asterisk import Database, Phones, Switch, Telco
from lab.asterisk_root import AsteriskRoot, asterisk_root
from lab.cache import say
from lab.calls import connect, hang_up, nail_up, originate, play_notice
from lab.postgres import DATABASE, Postgres

TARGET = Path(__file__).resolve().parents[2] / "tests" / "data" / "ami"
ATTEMPT = "01KAMZ0ATTEMPT000000000000"
LEG, NEXT_LEG = "leg-01KAMZ0AGENT00000000000000", "leg-01KAMZ0AGENT00000000000001"
TONE_AT_ONCE, TONE_AFTER_1_S = "18095550198", "18095550199"
# What is left to come when a case is over: the last events of the channels it hung up.
SETTLE_S = 0.5

Case = Callable[[AmiProbe, list[str]], Awaitable[None]]


def refusal(number: str) -> Case:
    """A call the far end does not take."""

    async def case(ami: AmiProbe, agents: list[str]) -> None:
        await originate(ami, number, ATTEMPT)
        await ami.wait("Hangup", Uniqueid=ATTEMPT)

    return case


async def abandoned(ami: AmiProbe, agents: list[str]) -> None:
    """Answered, nobody attends: the safe-harbour message."""
    await originate(ami, TONE_AFTER_1_S, ATTEMPT)
    await ami.wait("UserEvent", UserEvent="SafeHarbour")
    await ami.wait("Hangup", Uniqueid=ATTEMPT, timeout_s=30)


async def customer_hung_up_waiting(ami: AmiProbe, agents: list[str]) -> None:
    """Answered, and gone 0.8 s later."""
    await refusal("18095550138")(ami, agents)


async def no_answer(ami: AmiProbe, agents: list[str]) -> None:
    """Rings until the originate's time is over."""
    await originate(ami, "18095550140", ATTEMPT, ring_ms=2000)
    await ami.wait("Hangup", Uniqueid=ATTEMPT)


async def connected(ami: AmiProbe, agents: list[str]) -> None:
    """Connected to an agent, notice played, hung up by our order; the agent goes back to waiting."""
    await nail_up(ami, agents[0], LEG)
    await originate(ami, TONE_AT_ONCE, ATTEMPT)
    await ami.wait("BridgeEnter", Uniqueid=ATTEMPT, BridgeName="customers")
    await connect(ami, ATTEMPT, LEG)
    await play_notice(ami, ATTEMPT)
    since = len(ami.events)
    await ami.do("Hangup", Channel=ATTEMPT)
    await ami.wait("Hangup", Uniqueid=ATTEMPT)
    await ami.wait("BridgeEnter", Uniqueid=LEG, BridgeName="agents", since=since)
    await hang_up(ami, LEG)


async def agent_lost(ami: AmiProbe, agents: list[str]) -> None:
    """The agent's leg dies in the conversation; the customer is held and handed to another agent."""
    await nail_up(ami, agents[0], LEG)
    await nail_up(ami, agents[1], NEXT_LEG)
    await originate(ami, TONE_AT_ONCE, ATTEMPT)
    await ami.wait("BridgeEnter", Uniqueid=ATTEMPT, BridgeName="customers")
    await connect(ami, ATTEMPT, LEG)
    await hang_up(ami, LEG)
    await ami.wait("UserEvent", UserEvent="CustomerHeld")
    await connect(ami, ATTEMPT, NEXT_LEG)
    await hang_up(ami, ATTEMPT)
    await hang_up(ami, NEXT_LEG)


async def duplicate_id(ami: AmiProbe, agents: list[str]) -> None:
    """A second originate with the id of a live channel."""
    await originate(ami, TONE_AT_ONCE, ATTEMPT)
    await ami.wait("BridgeEnter", Uniqueid=ATTEMPT)
    since = len(ami.events)
    await originate(ami, "18095550150", ATTEMPT)
    await ami.wait("OriginateResponse", Response="Failure", since=since)
    await hang_up(ami, ATTEMPT)


async def unknown_trunk(ami: AmiProbe, agents: list[str]) -> None:
    """A trunk the switch does not know, or an agent whose telephone is not registered."""
    await originate(ami, TONE_AT_ONCE, ATTEMPT, trunk="nowhere")
    await ami.wait("OriginateResponse", Response="Failure")


async def gone(ami: AmiProbe, agents: list[str]) -> None:
    """Orders for channels that are no more."""
    await ami.do("Bridge", Channel1=ATTEMPT, Channel2=LEG, Tone="no")
    await ami.do("Setvar", Channel=ATTEMPT, Variable="CADENCIA_CONNECTED", Value="1")
    await ami.do("Hangup", Channel=ATTEMPT)


async def channel_list(ami: AmiProbe, agents: list[str]) -> None:
    """The list of live channels: none, then a waiting customer, an agent, and two in conversation."""
    await ami.do("CoreShowChannels")
    await ami.wait("CoreShowChannelsComplete")
    await nail_up(ami, agents[0], LEG)
    await nail_up(ami, agents[1], NEXT_LEG)
    await originate(ami, TONE_AT_ONCE, ATTEMPT)
    await ami.wait("BridgeEnter", Uniqueid=ATTEMPT, BridgeName="customers")
    await connect(ami, ATTEMPT, LEG)
    since = len(ami.events)
    await ami.do("CoreShowChannels")
    await ami.wait("CoreShowChannelsComplete", since=since)
    for channel in (ATTEMPT, LEG, NEXT_LEG):
        await hang_up(ami, channel)


async def forbidden(ami: AmiProbe, agents: list[str]) -> None:
    """Orders the dialer's user has no right to."""
    await ami.do("Command", Command="core show version")
    await ami.do("Originate", Channel="Local/s@customer", Application="System", Data="true")


CASES: dict[str, Case] = {
    "abandoned": abandoned,
    "customer_hung_up_waiting": customer_hung_up_waiting,
    "connected": connected,
    "agent_lost": agent_lost,
    "no_answer": no_answer,
    "busy": refusal("18095550150"),
    "invalid": refusal("18095550160"),
    "intercept": refusal("18095550165"),
    "declined": refusal("18095550167"),
    "unwanted": refusal("18095550170"),
    "unavailable": refusal("18095550171"),
    "congestion": refusal("18095550172"),
    "duplicate_id": duplicate_id,
    "unknown_trunk": unknown_trunk,
    "gone": gone,
    "channel_list": channel_list,
    "forbidden": forbidden,
}


async def record(root: AsteriskRoot) -> None:
    """Play every case on a fresh session each, and write what was received."""
    async with Postgres() as postgres, Telco(root) as telco:
        await upgrade(postgres.dsn)
        password = await postgres.login_role("switch_reader")
        database = Database(postgres.host, postgres.port, DATABASE, "switch_reader", password)
        accounts = await mint_accounts(postgres.dsn, 2)
        async with (
            Switch(root, database=database, trunks=[telco.trunk()]) as switch,
            Phones(root, switch, accounts) as phones,
        ):
            await phones.registered(switch)
            TARGET.mkdir(parents=True, exist_ok=True)
            for name, case in CASES.items():
                say(f"recording {name} ...")
                async with AmiProbe(switch.ami_port, switch.ami_user, switch.ami_secret) as ami:
                    await case(ami, [account.user for account in accounts])
                    await asyncio.sleep(SETTLE_S)
                    (TARGET / f"{name}.txt").write_bytes(ami.transcript)
    lines = [f"- `{name}.txt`: {(case.__doc__ or REFUSAL).splitlines()[0]}" for name, case in CASES.items()]
    text = README.format(version=root.version, cases="\n".join(lines))
    (TARGET / "README.md").write_text(text)


REFUSAL = "A call the far end does not take, with its own SIP status."
README = """# AMI transcripts

What Asterisk {version} sent to the dialer's AMI user, byte for byte, from the greeting to the end of the session.
Made by `python -m lab.transcripts` (with `scripts` on `PYTHONPATH`) against the telco stand-in; never edited.

{cases}
"""

if __name__ == "__main__":
    asyncio.run(record(asterisk_root()))
