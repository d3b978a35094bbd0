"""The laboratory keeps the switch's promises: a real Asterisk, a real telco stand-in, real telephones.

Watched by `lab.ami_probe`, which shares no code with the dialer's own AMI client.
"""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncpg
import numpy as np
import pytest
import pytest_asyncio
import soundfile
from aiomqtt import Client, MqttError
from websockets.asyncio.client import connect as websocket

from dialer.store.database import upgrade
from lab.accounts import mint_accounts
from lab.ami_probe import AmiProbe, Message
from lab.asterisk import Account, Database, Phones, Switch, Telco, TelcoCall
from lab.asterisk_root import asterisk_root
from lab.broker import find_broker
from lab.calls import CALLER_ID, connect, hang_up, nail_up, originate, play_notice
from lab.postgres import DATABASE, Postgres

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

CUSTOMER_HZ, AGENT_HZ = 1000, 440
# Numbers by what the telco does with them.
TONE_AT_ONCE, TONE_AFTER_1_S, NEVER_ANSWERS = "18095550198", "18095550199", "18095550140"
BUSY, VOICEMAIL, HANGS_UP_AFTER_800_MS = "18095550150", "18095550175", "18095550138"


@dataclass(frozen=True)
class Lab:
    postgres: Postgres
    telco: Telco
    switch: Switch
    phones: Phones

    def dialer(self) -> AmiProbe:
        return AmiProbe(self.switch.ami_port, self.switch.ami_user, self.switch.ami_secret)

    def recorder(self) -> AmiProbe:
        return AmiProbe(self.switch.ami_port, self.switch.recorder_user, self.switch.recorder_secret)

    async def telco_calls(self, attempt: str) -> list[TelcoCall]:
        """What the telco recorded of an attempt, once it has recorded anything."""
        calls: list[TelcoCall] = []

        async def recorded() -> bool:
            calls[:] = [call for call in self.telco.cdr() if call.attempt == attempt]
            return bool(calls)

        await until(recorded)
        return calls


async def until(condition: Callable[[], Awaitable[bool]], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not await condition():
        assert time.monotonic() < deadline, f"not true within {timeout_s} s"
        await asyncio.sleep(0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab() -> AsyncIterator[Lab]:
    root = await asyncio.to_thread(asterisk_root)
    async with Postgres() as postgres, Telco(root) as telco:
        await upgrade(postgres.dsn)
        password = await postgres.login_role("switch_reader")
        database = Database(postgres.host, postgres.port, DATABASE, "switch_reader", password)
        async with (
            Switch(root, database=database, trunks=[telco.trunk()]) as switch,
            Phones(root, switch) as phones,
        ):
            yield Lab(postgres, telco, switch, phones)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agents(lab: Lab) -> list[str]:
    """Two agents with minted credentials whose telephones are registered at the switch."""
    accounts = await mint_accounts(lab.postgres.dsn, 2)
    await lab.phones.set_accounts(accounts)
    await lab.phones.registered(lab.switch)
    return [account.user for account in accounts]


def seconds_between(first: Message, second: Message) -> float:
    return float(second["Timestamp"]) - float(first["Timestamp"])


def tone_share(sound: np.ndarray, rate: int, hz: float) -> float:
    """Share of a sound's energy within 20 Hz of a tone, 0 to 1."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / rate)
    return float(power[np.abs(frequencies - hz) < 20].sum() / power.sum())


async def closed_recording(path: Path) -> tuple[np.ndarray, int]:
    """A recording's samples and rate, once Asterisk has closed it: only then its header tells its length."""

    async def closed() -> bool:
        return soundfile.info(path).frames * 2 + 44 == os.path.getsize(path)  # noqa: ASYNC240 - one stat

    await until(closed)
    return soundfile.read(path)


async def test_unattended_customer_is_told_who_called_and_let_go(lab: Lab) -> None:
    async with lab.dialer() as ami:
        await originate(ami, TONE_AT_ONCE, "unattended")
        up = await ami.wait("Newstate", Uniqueid="unattended", ChannelState="6")
        waiting = await ami.wait("BridgeEnter", Uniqueid="unattended", BridgeName="customers")
        told = await ami.wait("UserEvent", UserEvent="SafeHarbour", Attempt="unattended")
        gone = await ami.wait("Hangup", Uniqueid="unattended", timeout_s=30)
    assert seconds_between(up, waiting) < 0.1
    assert 1.9 < seconds_between(up, told) < 2.2
    message_s = soundfile.info(lab.switch.folder / "sounds" / "es" / "safe-harbour.wav").duration
    assert message_s > 5
    assert abs(seconds_between(told, gone) - message_s) < 1
    [call] = await lab.telco_calls("unattended")
    assert (call.dialled, call.caller, call.disposition) == (TONE_AT_ONCE, CALLER_ID, "ANSWERED")
    assert abs(call.talk_s - 2 - message_s) < 1


@pytest.mark.parametrize(
    ("number", "cause", "tech_cause"),
    [
        (BUSY, "17", "486"),
        ("18095550160", "1", "404"),
        ("18095550167", "21", "603"),
        ("18095550170", "127", "607"),
        ("18095550171", "19", "480"),
        ("18095550172", "34", "503"),
    ],
)
async def test_refusals_keep_their_sip_status(lab: Lab, number: str, cause: str, tech_cause: str) -> None:
    attempt = f"refused-{tech_cause}"
    async with lab.dialer() as ami:
        await originate(ami, number, attempt)
        answer = await ami.wait("OriginateResponse", Uniqueid=attempt)
        hangup = await ami.wait("Hangup", Uniqueid=attempt)
    assert (answer["Response"], answer["Reason"]) == ("Failure", "0")
    assert (hangup["Cause"], hangup["TechCause"]) == (cause, tech_cause)
    [call] = await lab.telco_calls(attempt)
    assert (call.dialled, call.sip_status, call.answered_at) == (number, int(tech_cause), None)


async def test_intercept_is_played_before_the_refusal(lab: Lab) -> None:
    async with lab.dialer() as ami:
        await originate(ami, "18095550165", "intercepted")
        hangup = await ami.wait("Hangup", Uniqueid="intercepted")
    assert (hangup["Cause"], hangup["TechCause"]) == ("1", "404")
    [call] = await lab.telco_calls("intercepted")
    assert call.answered_at is None
    assert call.duration_s > 3


async def test_ring_timeout_is_no_answer(lab: Lab) -> None:
    async with lab.dialer() as ami:
        await originate(ami, NEVER_ANSWERS, "unanswered", ring_ms=2000)
        ringing = await ami.wait("Newstate", Uniqueid="unanswered", ChannelState="5")
        hangup = await ami.wait("Hangup", Uniqueid="unanswered")
    assert (hangup["Cause"], hangup["TechCause"]) == ("19", "480")
    assert 1.9 < seconds_between(ringing, hangup) < 2.3
    [call] = await lab.telco_calls("unanswered")
    assert (call.disposition, call.answered_at) == ("NO ANSWER", None)


async def test_customer_may_hang_up_while_waiting(lab: Lab) -> None:
    async with lab.dialer() as ami:
        await originate(ami, HANGS_UP_AFTER_800_MS, "impatient")
        up = await ami.wait("Newstate", Uniqueid="impatient", ChannelState="6")
        hangup = await ami.wait("Hangup", Uniqueid="impatient")
        told = [event for event in ami.events if event["Event"] == "UserEvent"]
    assert 0.7 < seconds_between(up, hangup) < 1.2
    assert hangup["Cause"] == "16"
    assert told == []


async def test_switch_refuses_an_id_that_is_in_use(lab: Lab) -> None:
    async with lab.dialer() as ami:
        await originate(ami, TONE_AT_ONCE, "twice", connect_s=5)
        await ami.wait("BridgeEnter", Uniqueid="twice")
        await ami.wait("OriginateResponse", Uniqueid="twice")  # of the first: it may come after the bridge
        since = len(ami.events)
        await originate(ami, BUSY, "twice")
        refusal = await ami.wait("OriginateResponse", Uniqueid="twice", since=since)
        await hang_up(ami, "twice")
    assert refusal["Response"] == "Failure"
    [call] = await lab.telco_calls("twice")
    assert call.dialled == TONE_AT_ONCE


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        ("Command", {"Command": "core show version"}),
        ("UpdateConfig", {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"}),
        ("GetConfig", {"Filename": "manager.conf"}),
        ("ModuleLoad", {"LoadType": "reload"}),
        ("DBPut", {"Family": "a", "Key": "b", "Val": "c"}),
        ("MixMonitor", {"Channel": "x", "Command": "touch /tmp/owned"}),
        ("Originate", {"Channel": "Local/s@customer", "Application": "System", "Data": "touch /tmp/owned"}),
        (
            "Originate",
            {"Channel": "Local/s@customer", "Application": "MixMonitor", "Data": "f,,touch /tmp/owned"},
        ),
        ("Setvar", {"Variable": "SHELL(touch /tmp/owned)", "Value": "1"}),
        ("Setvar", {"Variable": "FILE(/tmp/owned)", "Value": "1"}),
    ],
)
async def test_dialer_user_has_no_way_to_files_or_shell(
    lab: Lab, action: str, headers: dict[str, str]
) -> None:
    async with lab.dialer() as ami:
        assert (await ami.do(action, *headers.items()))["Response"] == "Error"
    assert not (lab.switch.root.path / "tmp" / "owned").exists()


async def test_recorder_user_orders_no_call_and_hears_nothing(lab: Lab) -> None:
    async with lab.recorder() as recorder, lab.dialer() as ami:
        assert (await originate(recorder, BUSY, "by-recorder"))["Response"] == "Error"
        await originate(ami, BUSY, "overheard")
        await ami.wait("Hangup", Uniqueid="overheard")
        assert [event for event in recorder.events if event["Event"] != "FullyBooted"] == []


async def test_lists_come_through_the_event_filter(lab: Lab) -> None:
    async with lab.dialer() as ami:
        await originate(ami, TONE_AT_ONCE, "listed", connect_s=5)
        await ami.wait("BridgeEnter", Uniqueid="listed")
        assert (await ami.do("CoreShowChannels"))["EventList"] == "start"
        await ami.wait("CoreShowChannelsComplete", EventList="Complete")
        listed = await ami.wait("CoreShowChannel", Uniqueid="listed")
        await hang_up(ami, "listed")
    assert listed["Context"] == "customer"


async def test_telephone_with_a_wrong_password_is_not_registered(lab: Lab, agents: list[str]) -> None:
    intruder = Account(f"{agents[0]}-x", "guess")
    async with Phones(lab.switch.root, lab.switch, [intruder]) as strangers:

        async def rejected() -> bool:
            return "Rejected" in await strangers.rx("pjsip show registrations")

        await until(rejected)
    assert intruder.user not in await lab.switch.rx("pjsip show contacts")


async def test_browser_is_asked_for_its_password_over_the_web_socket(lab: Lab, agents: list[str]) -> None:
    register = (
        f"REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/WS test.invalid;branch=z9hG4bK1\r\n"
        f"From: <sip:{agents[0]}@127.0.0.1>;tag=1\r\nTo: <sip:{agents[0]}@127.0.0.1>\r\nCall-ID: 1@test.invalid\r\n"
        f"CSeq: 1 REGISTER\r\nContact: <sip:{agents[0]}@test.invalid;transport=ws>\r\nContent-Length: 0\r\n\r\n"
    )
    async with websocket(f"ws://127.0.0.1:{lab.switch.http_port}/ws", subprotocols=["sip"]) as socket:
        await socket.send(register)
        answer = await asyncio.wait_for(socket.recv(), 5)
    assert str(answer).startswith("SIP/2.0 401 ")
    assert 'realm="cadencia"' in str(answer)


async def test_calls_are_placed_while_the_database_is_away(lab: Lab) -> None:
    """Trunks stand in the switch's own files, so that only agents' log-ins wait for the database."""
    async with Postgres() as postgres:
        database = Database(postgres.host, postgres.port, DATABASE, "nobody", "wrong")
        switch = Switch(lab.switch.root, database=database, trunks=[lab.telco.trunk()])
        await switch.start()
    try:
        async with AmiProbe(switch.ami_port, switch.ami_user, switch.ami_secret) as ami:
            await originate(ami, TONE_AT_ONCE, "without-database")
            await ami.wait("BridgeEnter", Uniqueid="without-database", BridgeName="customers", timeout_s=3)
            await hang_up(ami, "without-database")
    finally:
        await switch.stop()


async def test_conversation_is_connected_recorded_apart_and_gives_the_agent_back(
    lab: Lab, agents: list[str]
) -> None:
    async with lab.dialer() as ami, lab.recorder() as recorder:
        await nail_up(ami, agents[0], "leg-talk")
        await originate(ami, TONE_AFTER_1_S, "talk")
        await ami.wait("BridgeEnter", Uniqueid="talk", BridgeName="customers")
        started_s = time.monotonic()
        await connect(ami, "talk", "leg-talk")
        connect_s = time.monotonic() - started_s
        spool = lab.switch.spool_inside
        started = await recorder.do(
            "MixMonitor", Channel="talk", Options=f"r({spool}/talk-rx.wav)t({spool}/talk-tx.wav)"
        )
        assert started["Response"] == "Success"
        # Longer than the connect deadline: a connected customer never hears the safe-harbour message.
        await asyncio.sleep(3)
        since = len(ami.events)
        await ami.do("Hangup", Channel="talk")
        back = await ami.wait("BridgeEnter", Uniqueid="leg-talk", BridgeName="agents", since=since)
        gone = await ami.wait("Hangup", Uniqueid="talk", since=since)
        told = [event for event in ami.events if event["Event"] == "UserEvent"]
        await hang_up(ami, "leg-talk")
    assert connect_s < 0.25
    assert abs(seconds_between(gone, back)) < 0.1
    assert told == []
    sides = {}
    for side in ("rx", "tx"):
        sound, rate = await closed_recording(lab.switch.spool / f"talk-{side}.wav")
        assert (rate, sound.ndim) == (8000, 1)
        assert 2.5 < len(sound) / rate < 3.5
        sides[side] = sound[rate // 2 :], rate
    assert tone_share(*sides["rx"], CUSTOMER_HZ) > 0.95
    assert tone_share(*sides["tx"], AGENT_HZ) > 0.95
    assert tone_share(*sides["rx"], AGENT_HZ) < 0.01
    assert tone_share(*sides["tx"], CUSTOMER_HZ) < 0.01


async def test_customer_whose_agent_is_lost_is_held_and_handed_on(lab: Lab, agents: list[str]) -> None:
    async with lab.dialer() as ami:
        await nail_up(ami, agents[0], "leg-lost")
        await nail_up(ami, agents[1], "leg-next")
        await originate(ami, TONE_AT_ONCE, "handed-on")
        await ami.wait("BridgeEnter", Uniqueid="handed-on", BridgeName="customers")
        await connect(ami, "handed-on", "leg-lost")
        since = len(ami.events)
        for line in (await lab.phones.rx("core show channels concise")).splitlines():
            channel, _, exten = line.split("!")[:3]
            if exten == agents[0]:
                await lab.phones.rx(f"channel request hangup {channel}")
        lost = await ami.wait("Hangup", Uniqueid="leg-lost", since=since)
        held = await ami.wait("UserEvent", UserEvent="CustomerHeld", Attempt="handed-on", since=since)
        # Handed on while "please hold" is being said, and lost once more.
        await connect(ami, "handed-on", "leg-next")
        since = len(ami.events)
        await ami.do("Hangup", Channel="leg-next")
        again = await ami.wait("UserEvent", UserEvent="CustomerHeld", Attempt="handed-on", since=since)
        # Then taken out of the music.
        await ami.wait("BridgeEnter", Uniqueid="handed-on", BridgeName="customers", since=since, timeout_s=15)
        await nail_up(ami, agents[1], "leg-third")
        await connect(ami, "handed-on", "leg-third")
        await hang_up(ami, "handed-on")
        await hang_up(ami, "leg-third")
    assert abs(seconds_between(lost, held)) < 0.1
    assert seconds_between(held, again) < 1
    [call] = await lab.telco_calls("handed-on")
    assert call.disposition == "ANSWERED"


async def test_customer_hears_the_recording_notice(lab: Lab, agents: list[str]) -> None:
    async with lab.dialer() as ami:
        await nail_up(ami, agents[0], "leg-notice")
        await originate(ami, TONE_AT_ONCE, "noticed")
        await ami.wait("BridgeEnter", Uniqueid="noticed", BridgeName="customers")
        await connect(ami, "noticed", "leg-notice")
        [line] = [
            channel.split("!")
            for channel in (await lab.telco.rx("core show channels concise")).splitlines()
            if "!tone!" in channel
        ]
        heard = lab.telco.spool / "heard.wav"
        heard_inside = lab.telco.spool_inside / "heard.wav"
        await lab.telco.rx(f"mixmonitor start {line[0]} ,r({heard_inside})")
        await asyncio.sleep(1)
        await play_notice(ami, "noticed")
        await ami.do("Hangup", Channel="noticed")
        await ami.do("Hangup", Channel="leg-notice")
        await lab.telco_calls("noticed")
    sound, rate = await closed_recording(heard)
    before, during = sound[rate // 4 : rate * 3 // 4], sound[rate * 3 // 2 : rate * 3]
    assert tone_share(before, rate, AGENT_HZ) > 0.99
    # The notice on top of the agent's voice, which is never cut off.
    assert tone_share(during, rate, AGENT_HZ) < 0.95
    steps = during[: len(during) // 400 * 400].reshape(-1, 400)
    assert np.sqrt((steps**2).mean(axis=1)).min() > 0.05


async def test_voicemail_is_answered_and_records(lab: Lab) -> None:
    async with lab.dialer() as ami:
        await originate(ami, VOICEMAIL, "machine", connect_s=1)
        await ami.wait("UserEvent", UserEvent="SafeHarbour", Attempt="machine", timeout_s=15)

        async def recording() -> bool:
            return any(lab.telco.spool.glob("voicemail-*.wav"))

        await until(recording, timeout_s=20)
        await ami.do("Hangup", Channel="machine")
    [call] = await lab.telco_calls("machine")
    assert call.disposition == "ANSWERED"


async def test_database_keeps_its_data_and_passwords_change(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = Path("/var/lib/cadencia/test") if os.geteuid() == 0 else tmp_path_factory.mktemp("kept")
    folder = folder / f"postgres-{os.getpid()}"
    try:
        async with Postgres(folder) as first:
            connection = await asyncpg.connect(first.dsn)
            await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
            await connection.close()
            old = await first.login_role("reader")
        async with Postgres(folder) as second:
            connection = await asyncpg.connect(second.dsn)
            assert await connection.fetchval("SELECT number FROM kept") == 7
            await connection.close()
            new = await second.login_role("reader")
            connection = await asyncpg.connect(second.dsn_of("reader", new))
            await connection.close()
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(second.dsn_of("reader", old))
    finally:
        shutil.rmtree(folder)


async def test_broker_carries_messages_of_its_user_only() -> None:
    broker = find_broker()
    assert broker is not None, "mosquitto is missing; type: apt-get install --yes mosquitto"
    async with broker:
        async with Client(broker.host, broker.port, username=broker.user, password=broker.password) as client:
            await client.subscribe("lab/#")
            await client.publish("lab/hello", b"one")
            async with asyncio.timeout(5):
                message = await anext(aiter(client.messages))
            assert message.payload == b"one"
        with pytest.raises(MqttError):
            async with Client(broker.host, broker.port, timeout=5):
                pass


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


OWNER = """
import asyncio
from lab.asterisk import Telco
from lab.asterisk_root import asterisk_root
from lab.broker import find_broker
from lab.calls import CALLER_ID, connect, hang_up, nail_up, originate, play_notice
from lab.postgres import Postgres

async def main():
    async with Postgres() as postgres, Telco(asterisk_root()) as telco, find_broker() as broker:
        print(telco.folder, postgres.port, broker.port, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
async def test_servers_end_with_their_owner(lab: Lab, ending: signal.Signals) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        OWNER,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # A shell that starts us in the background has us, and our children, ignore Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
    )
    assert owner.stdout is not None
    try:
        folder, *ports = (await asyncio.wait_for(owner.stdout.readline(), 30)).decode().split()

        def living() -> set[str]:
            """Which of the three servers, and of what they made, is still there."""
            arguments = subprocess.run(
                ["ps", "-eo", "args"], capture_output=True, text=True, check=True
            ).stdout
            signs = {Path(folder).name: Path(folder).name in arguments, folder: Path(folder).exists()}
            signs |= {port: listens(int(port)) for port in ports}
            return {name for name, seen in signs.items() if seen}

        assert living() == {Path(folder).name, folder, *ports}
        owner.send_signal(ending)
        await asyncio.wait_for(owner.wait(), 20)
    finally:
        if owner.returncode is None:
            owner.kill()
            await owner.wait()

    async def ended() -> bool:
        return not living()

    await until(ended, timeout_s=15)


async def test_folder_of_a_dead_owner_is_removed(lab: Lab) -> None:
    stale = lab.switch.root.instances / "telco-stale"
    (stale / "spool").mkdir(parents=True)
    async with Telco(lab.switch.root) as other:
        assert not stale.exists()
        assert other.folder.exists()
        assert lab.switch.folder.exists()
    assert not other.folder.exists()
