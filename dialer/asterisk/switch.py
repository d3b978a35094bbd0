"""The switch behind `ports.Switch`: the engine's commands as AMI actions, AMI events as the engine's.

Every order is written at once and never twice. What goes wrong comes back as an event.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import PurePosixPath
from typing import assert_never

import structlog

from dialer.asterisk.client import Address, AmiClient, Credentials, LinkDown, LinkState, LinkUp
from dialer.asterisk.errors import AmiError, NotSent, OutcomeUnknown
from dialer.asterisk.heartbeat import Heartbeat
from dialer.asterisk.link import Counters, Reply
from dialer.asterisk.translate import Translator, live_channels
from dialer.asterisk.wire import Message
from dialer.domain.commands import (
    Bridge,
    ConnectLeg,
    ExtendListening,
    HangUpCall,
    HangUpLeg,
    Originate,
    PlayMessage,
    PlayNotice,
    PrepareMessage,
    SpeakFile,
    StartRecording,
    StopRecording,
    SwitchCommand,
    TapCall,
)
from dialer.domain.events import (
    AnyEvent,
    BridgeFailed,
    ChannelsListed,
    LegHungUp,
    OriginateFailed,
    RecorderStarted,
    SwitchDown,
    SwitchUp,
)
from dialer.domain.values import AttemptId, early_stream, is_ulid, uuid_of

log = structlog.get_logger()

#: How long an agent's softphone may take to answer its own leg, ms. It answers by itself.
LEG_TIMEOUT_MS = 20_000
#: OriginateResponse does not queue behind the events of its own channel: on a busy switch it overtakes Newchannel and
#: Hangup of a call that failed at once, by hundreds of milliseconds. A failure is read when they must have come.
OVERTAKING_S = 1.0
#: Pause before a listing that failed on a living link is asked for again.
LISTING_RETRY_S = 1.0
#: The notice's own channel is named after the call's.
NOTICE_SUFFIX = "-n"
#: So is the channel by which the screener hears a conversation.
TAP_SUFFIX = "-t"
#: And the one by which it hears what comes before the answer.
EARLY_SUFFIX = "-e"
#: The folder of spoken texts within the spool.
MESSAGE_FOLDER = "messages"
_SCREENER = re.compile(r"[0-9A-Za-z.-]{1,100}:[0-9]{1,5}")
_FILE = re.compile(r"[0-9a-f]{16,64}")
_SIP_USER = re.compile(r"agent-[0-9]{1,18}")
_TRUNK = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LANGUAGES = frozenset({"es", "en", "pt"})


@dataclass(frozen=True, slots=True)
class SwitchSettings:
    """Where the switch is. `spool`: its recordings folder as the switch itself names it."""

    address: Address
    dialer: Credentials
    #: MixMonitor asks for the `system` class, since it could start a program; only this user has it.
    recorder: Credentials
    spool: PurePosixPath


class AsteriskSwitch:
    """See the module. `run()` is a task of the owner's; `on_event` is called synchronously and in order."""

    def __init__(self, settings: SwitchSettings, on_event: Callable[[AnyEvent], None]) -> None:
        self._settings = settings
        self._on_event = on_event
        self._translator = Translator()
        self._listings: asyncio.Queue[bool] = asyncio.Queue(maxsize=1)
        self._client = AmiClient(
            settings.address, settings.dialer, on_event=self._heard, on_state=self._link_changed
        )
        self._recorder = AmiClient(settings.address, settings.recorder, on_event=_unheard)
        self._heartbeat = Heartbeat(self._client, on_event)

    @property
    def counters(self) -> Counters:
        return self._client.counters

    async def run(self) -> None:
        """Keep both links until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._client.run(), name="ami")
            group.create_task(self._recorder.run(), name="ami recorder")
            group.create_task(self._list_when_asked(), name="ami listings")
            group.create_task(self._heartbeat.run(), name="ami heartbeat")

    def list_channels(self) -> None:
        if not self._listings.full():
            self._listings.put_nowait(False)

    # --- orders ---------------------------------------------------------------------------------------

    def execute(self, command: SwitchCommand) -> None:
        match command:
            case Originate():
                self._originate(command)
            case ConnectLeg():
                self._connect_leg(command)
            case Bridge():
                self._bridge(command)
            case HangUpCall():
                self._post("Hangup", [("Channel", command.attempt_id), ("Cause", "16")], _ignore)
            case HangUpLeg():
                self._post("Hangup", [("Channel", command.leg_id), ("Cause", "16")], _ignore)
            case PlayNotice():
                self._play_notice(command)
            case StartRecording():
                self._start_recording(command)
            case TapCall():
                self._tap(command)
            case PlayMessage():
                self._redirect(command.attempt_id, "T")
            case SpeakFile():
                self._speak(command)
            case StopRecording():
                self._post("StopMixMonitor", [("Channel", command.attempt_id)], _ignore)
            case PrepareMessage():
                self._set(command.attempt_id, "CADENCIA_ABANDONED", str(self._message(command.file)))
            case ExtendListening():
                self._set(command.attempt_id, "TIMEOUT(absolute)", str(command.seconds))
            case _:
                assert_never(command)

    def _originate(self, command: Originate) -> None:
        attempt = command.attempt
        if not (is_ulid(attempt.id) and _TRUNK.fullmatch(attempt.trunk) and attempt.language in _LANGUAGES):
            raise ValueError(f"attempt {attempt.id} can't be dialled: id, trunk or language is malformed")
        # BridgeWait counts whole seconds, and hangs up on whoever should wait for none: rather too early than late.
        connect_s = math.floor(attempt.connect_limit_s)
        if connect_s < 1:
            raise ValueError(f"attempt {attempt.id} can't be dialled: its connect limit is below a second")
        headers = [
            ("Channel", f"PJSIP/{attempt.number.digits}@{attempt.trunk}"),
            ("Context", "customer"),
            ("Exten", "s"),
            ("Priority", "1"),
            ("Async", "true"),
            ("ChannelId", attempt.id),
            ("Timeout", str(attempt.ring_timeout_s * 1000)),
            ("CallerID", attempt.caller_id),
            ("Variable", f"__CADENCIA_ATTEMPT={attempt.id}"),
            ("Variable", f"__CADENCIA_LANGUAGE={attempt.language}"),
            ("Variable", f"CADENCIA_CONNECT_S={connect_s}"),
            ("Variable", f"PJSIP_HEADER(add,X-Cadencia-Attempt)={attempt.id}"),
        ]
        if command.screener is not None:
            headers += _stream(attempt.id, command.screener, command.listen_s)

        def replied(reply: Reply) -> None:
            if isinstance(reply, AmiError):
                unknown = isinstance(reply, OutcomeUnknown)
                self._on_event(
                    OriginateFailed(at=_now(), attempt_id=attempt.id, why=str(reply), unknown=unknown)
                )

        self._translator.expect(attempt.id, _now() + timedelta(seconds=attempt.ring_timeout_s))
        self._post("Originate", headers, replied)

    def _connect_leg(self, command: ConnectLeg) -> None:
        if not _SIP_USER.fullmatch(command.sip_user):
            raise ValueError(f"{command.sip_user!r} is no agent's SIP user")
        headers = [
            ("Channel", f"PJSIP/{command.sip_user}"),
            ("Context", "agent"),
            ("Exten", "s"),
            ("Priority", "1"),
            ("Async", "true"),
            ("ChannelId", command.leg_id),
            ("Timeout", str(LEG_TIMEOUT_MS)),
            ("CallerID", "Cadencia"),
        ]

        def replied(reply: Reply) -> None:
            if isinstance(reply, AmiError):
                self._on_event(LegHungUp(at=_now(), leg_id=command.leg_id))

        self._translator.expect(command.leg_id, _now() + timedelta(milliseconds=LEG_TIMEOUT_MS))
        self._post("Originate", headers, replied)

    def _bridge(self, command: Bridge) -> None:
        def replied(reply: Reply) -> None:
            if isinstance(reply, AmiError):
                why = str(reply)
                self._on_event(
                    BridgeFailed(
                        at=_now(),
                        attempt_id=command.attempt_id,
                        leg_id=command.leg_id,
                        # Asterisk names the one it did not find: "Channel1 does not exists", "Channel2 ..."
                        leg_gone="Channel2" in why,
                        why=why,
                    )
                )

        # Both on one link, so in this order: the dialplan must know it was connected when it falls out.
        connected = [
            ("Channel", command.attempt_id),
            ("Variable", "CADENCIA_CONNECTED"),
            ("Value", "1"),
        ]
        bridge = [("Channel1", command.attempt_id), ("Channel2", command.leg_id), ("Tone", "no")]
        self._translator.expect_bridge(command.attempt_id, command.leg_id)
        self._post("Setvar", connected, _ignore)
        if command.listened:  # or it would end the conversation's sequel
            self._set(command.attempt_id, "TIMEOUT(absolute)", "0")
        self._post("Bridge", bridge, replied)

    def _play_notice(self, command: PlayNotice) -> None:
        headers = [
            ("Channel", "Local/play@notice/n"),
            ("Context", "notice"),
            ("Exten", "spy"),
            ("Priority", "1"),
            ("Async", "true"),
            ("ChannelId", command.attempt_id + NOTICE_SUFFIX),
            ("Variable", f"__CADENCIA_ATTEMPT={command.attempt_id}"),
            ("Variable", f"__CADENCIA_LANGUAGE={command.language}"),
            ("Variable", f"CADENCIA_NOTICE_CHANNEL={command.attempt_id}"),
        ]
        self._post("Originate", headers, _ignore)

    def _tap(self, command: TapCall) -> None:
        stream = early_stream(command.attempt_id) if command.early else command.attempt_id
        headers = [
            ("Channel", "Local/hear@tap/n"),
            ("Context", "tap"),
            ("Exten", "spy"),
            ("Priority", "1"),
            ("Async", "true"),
            ("ChannelId", command.attempt_id + (EARLY_SUFFIX if command.early else TAP_SUFFIX)),
            ("Variable", f"CADENCIA_TAP_CHANNEL={command.attempt_id}"),
            *_stream(stream, command.screener, command.seconds, inherited=True),
        ]
        self._post("Originate", headers, _ignore)

    def _speak(self, command: SpeakFile) -> None:
        self._set(command.attempt_id, "CADENCIA_FILE", str(self._message(command.file)))
        self._set(command.attempt_id, "CADENCIA_AGAIN", "1" if command.again else "")
        self._redirect(command.attempt_id, "speak")

    def _message(self, file: str) -> PurePosixPath:
        """A spoken text as the switch finds it. Raises ValueError on a name that is none of ours."""
        if not _FILE.fullmatch(file):
            raise ValueError(f"{file[:80]!r} is no file of spoken texts")
        return self._settings.spool / MESSAGE_FOLDER / file

    def _set(self, attempt_id: AttemptId, name: str, value: str) -> None:
        headers = [("Channel", attempt_id), ("Variable", name), ("Value", value)]
        self._post("Setvar", headers, _ignore)

    def _redirect(self, attempt_id: AttemptId, extension: str) -> None:
        headers = [
            ("Channel", attempt_id),
            ("Context", "customer"),
            ("Exten", extension),
            ("Priority", "1"),
        ]
        self._post("Redirect", headers, _ignore)

    def _start_recording(self, command: StartRecording) -> None:
        folder = self._settings.spool
        received, sent = folder / f"{command.attempt_id}-rx.wav", folder / f"{command.attempt_id}-tx.wav"
        headers = [
            ("Channel", command.attempt_id),
            ("File", ""),
            ("Options", f"r({received})t({sent})"),
        ]

        def replied(reply: Reply) -> None:
            if not isinstance(reply, AmiError):
                self._on_event(RecorderStarted(at=_now(), attempt_id=command.attempt_id))

        self._post("MixMonitor", headers, replied, self._recorder)

    def _post(
        self,
        name: str,
        headers: list[tuple[str, str]],
        on_reply: Callable[[Reply], None],
        client: AmiClient | None = None,
    ) -> None:
        def replied(reply: Reply) -> None:
            if isinstance(reply, AmiError):
                log.info("order_failed", action=name, why=str(reply))
            on_reply(reply)

        try:
            (client or self._client).post(name, headers, on_reply=replied)
        except NotSent as error:
            # The engine is not re-entered from within its own command: the news waits for the next turn.
            asyncio.get_running_loop().call_soon(partial(replied, error))

    # --- news -----------------------------------------------------------------------------------------

    def _heard(self, message: Message) -> None:
        if message.name == "OriginateResponse" and message.get("Response") == "Failure":
            asyncio.get_running_loop().call_later(OVERTAKING_S, self._tell, message)
        else:
            self._tell(message)

    def _tell(self, message: Message) -> None:
        now = _now()
        self._heartbeat.hear(message, now)
        event = self._translator.translate(message, now)
        if event is not None:
            self._on_event(event)

    def _link_changed(self, state: LinkState) -> None:
        match state:
            case LinkUp():
                log.info("switch_up", banner=state.banner, generation=state.generation)
                self._translator.forget()
                self._heartbeat.forget()
                self._list_first()
            case LinkDown():
                log.warning("switch_down", why=str(state.error), retry_in_s=round(state.retry_in_s, 2))
                if state.was_up:
                    self._on_event(SwitchDown(at=_now()))

    def _list_first(self) -> None:
        """Ask for the listing that opens a link, before any routine one that is asked for already."""
        if self._listings.full():
            self._listings.get_nowait()
        self._listings.put_nowait(True)

    async def _list_when_asked(self) -> None:
        """After each new link, and whenever asked: all channels there are."""
        while True:
            first = await self._listings.get()
            asked_at = _now()
            try:
                items = await self._client.list_action("CoreShowChannels")
            except AmiError as error:
                log.warning("listing_failed", why=str(error))
                await asyncio.sleep(LISTING_RETRY_S)
                if first and self._client.connected.is_set():
                    self._list_first()
                continue  # a link that went meanwhile asks again when it is back
            channels = live_channels(items)
            if first:
                self._on_event(SwitchUp(at=_now(), asked_at=asked_at, channels=channels))
            else:
                self._on_event(ChannelsListed(at=_now(), asked_at=asked_at, channels=channels))


def _stream(name: str, screener: str, seconds: int, *, inherited: bool = False) -> list[tuple[str, str]]:
    """The variables by which the dialplan sends a call's sound to the screener."""
    if not _SCREENER.fullmatch(screener):
        raise ValueError(f"{screener[:80]!r} is no screener's address (host:port)")
    mark = "__" if inherited else ""
    return [
        ("Variable", f"{mark}CADENCIA_SCREENER={screener}"),
        ("Variable", f"{mark}CADENCIA_STREAM={uuid_of(name)}"),
        ("Variable", f"{mark}CADENCIA_LISTEN_S={seconds}"),
    ]


def _now() -> datetime:
    return datetime.now(UTC)


def _ignore(_: Reply) -> None:
    return


def _unheard(_: Message) -> None:
    return
