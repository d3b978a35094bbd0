"""The dialer's orders to the switch, given by hand: what tests and transcripts are made of.

Written from the switch's contract and not from the dialer's code, so that the two can disagree.
"""

from lab.ami_probe import AmiProbe, Message

CALLER_ID = "18095550100"


async def originate(
    ami: AmiProbe,
    number: str,
    attempt: str,
    *,
    ring_ms: int = 20_000,
    connect_s: int = 2,
    trunk: str = "telco",
) -> Message:
    """Place a call whose channel has the attempt's id."""
    return await ami.do(
        "Originate",
        ("Variable", f"__CADENCIA_ATTEMPT={attempt}"),
        ("Variable", f"CADENCIA_CONNECT_S={connect_s}"),
        ("Variable", "CADENCIA_LANGUAGE=es"),
        ("Variable", f"PJSIP_HEADER(add,X-Cadencia-Attempt)={attempt}"),
        ("Channel", f"PJSIP/{number}@{trunk}"),
        ("Context", "customer"),
        ("Exten", "s"),
        ("Priority", "1"),
        ("Async", "true"),
        ("ChannelId", attempt),
        ("Timeout", str(ring_ms)),
        ("CallerID", CALLER_ID),
    )


async def nail_up(ami: AmiProbe, sip_user: str, leg: str) -> None:
    """Call an agent's telephone and wait until its leg is in the agents' waiting room."""
    since = len(ami.events)
    place = {"Channel": f"PJSIP/{sip_user}", "Context": "agent", "Exten": "s", "Priority": "1"}
    await ami.do("Originate", *place.items(), ("Async", "true"), ("ChannelId", leg), ("Timeout", "10000"))
    await ami.wait("BridgeEnter", Uniqueid=leg, BridgeName="agents", since=since)


async def connect(ami: AmiProbe, attempt: str, leg: str) -> Message:
    """Bridge a customer to an agent and wait until both are in; gives the answer to Bridge."""
    since = len(ami.events)
    await ami.do("Setvar", Channel=attempt, Variable="CADENCIA_CONNECTED", Value="1")
    answer = await ami.do("Bridge", Channel1=attempt, Channel2=leg, Tone="no")
    for party in (attempt, leg):
        await ami.wait("BridgeEnter", Uniqueid=party, BridgeType="basic", since=since)
    return answer


async def play_notice(ami: AmiProbe, attempt: str) -> None:
    """Say the recording notice into a conversation and wait until it is over."""
    place = {"Channel": "Local/play@notice/n", "Context": "notice", "Exten": "spy", "Priority": "1"}
    await ami.do(
        "Originate",
        ("Variable", f"CADENCIA_NOTICE_CHANNEL={attempt}"),
        ("Variable", f"__CADENCIA_ATTEMPT={attempt}"),
        ("Variable", "__CADENCIA_LANGUAGE=es"),
        *place.items(),
        ("Async", "true"),
        ("ChannelId", f"{attempt}-n"),
    )
    await ami.wait("Hangup", Uniqueid=f"{attempt}-n")


async def hang_up(ami: AmiProbe, channel: str) -> None:
    """Hang a channel up and wait until it is gone."""
    await ami.do("Hangup", Channel=channel)
    await ami.wait("Hangup", Uniqueid=channel)
