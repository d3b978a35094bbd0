import { Button, Checkbox, Popover, SimpleGrid, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import {
  IconDialpad,
  IconMicrophone,
  IconMicrophoneOff,
  IconPhoneOff,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
} from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatClock } from "../../format/times";
import { softphone } from "../../softphone";
import type { PhoneView } from "../../softphone/softphone";
import type { CallCard, MeLive } from "../../state/state";
import { wordsFor } from "../../words";
import { useAsk } from "../use_ask";
import { useLocale } from "../use_locale";
import { WrapUp } from "./wrap_up";

const TONES = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/** Mute, hold, keypad and hang-up: always in the same places, and only when they work. */
export function CallControls({ me, call, phone }: { me: MeLive; call: CallCard; phone: PhoneView }) {
  const { t } = useTranslation();
  const { pending, run } = useAsk();
  const [keypad, setKeypad] = useState(false);
  const attempt_id = call.attempt_id as string;
  const talking = call.state === "bridged" && phone.state === "up";
  const alive = call.ended_at === null && call.state !== "ended";

  const mute = () => talking && softphone.setMuted(!phone.muted);
  const hold = () => talking && softphone.setHeld(!phone.held);
  const hangUp = () => alive && void run({ type: "hang_up", attempt_id });
  useHotkeys([
    ["M", mute],
    ["H", hold],
    ["D", () => talking && setKeypad((open) => !open)],
  ]);
  useHotkeys([["ctrl+.", hangUp]], []); // also while a note is being written

  if (!alive) return <CallEnded me={me} call={call} />;
  return (
    <section className="panel" aria-label={t("call.controls")}>
      <CallStatus call={call} phone={phone} />
      {/* The keypad opens beside the row, over the script: hanging up stays one click away. */}
      <Popover
        opened={keypad && talking}
        onChange={setKeypad}
        position="left-start"
        offset={26}
        trapFocus
        withRoles={false}
      >
        <Popover.Target>
          <div className="controls">
            <Control
              label={t("call.mute")}
              hotkey="M"
              icon={phone.muted ? <IconMicrophoneOff size={22} /> : <IconMicrophone size={22} />}
              on={phone.muted}
              disabled={!talking}
              onClick={mute}
              testid="mute"
            />
            <Control
              label={t("call.hold")}
              hotkey="H"
              icon={phone.held ? <IconPlayerPlayFilled size={22} /> : <IconPlayerPauseFilled size={22} />}
              on={phone.held}
              disabled={!talking}
              onClick={hold}
              testid="hold"
            />
            <Control
              label={t("call.keypad")}
              hotkey="D"
              icon={<IconDialpad size={22} />}
              on={keypad && talking}
              disabled={!talking}
              onClick={() => setKeypad((open) => !open)}
              testid="keypad"
            />
          </div>
        </Popover.Target>
        <Popover.Dropdown>
          <Keypad />
        </Popover.Dropdown>
      </Popover>
      <Button
        fullWidth
        size="md"
        color="red.9"
        mt="xs"
        leftSection={<IconPhoneOff size={20} />}
        rightSection={<kbd className="key key-on-colour">Ctrl .</kbd>}
        onClick={hangUp}
        loading={pending === "hang_up"}
        data-testid="hang-up"
      >
        {t("call.hangUp")}
      </Button>
      <Notice call={call} talking={talking} />
    </section>
  );
}

interface ControlProps {
  label: string;
  hotkey: string;
  icon: ReactNode;
  on: boolean;
  disabled: boolean;
  onClick: () => void;
  testid: string;
}

function Control({ label, hotkey, icon, on, disabled, onClick, testid }: ControlProps) {
  return (
    <button
      type="button"
      className="control"
      aria-pressed={on}
      disabled={disabled}
      onClick={onClick}
      data-testid={testid}
    >
      {icon}
      <span>{label}</span>
      <kbd className="key">{hotkey}</kbd>
    </button>
  );
}

function Keypad() {
  const { t } = useTranslation();
  const [sent, setSent] = useState("");
  const send = (tone: string) => {
    softphone.sendTones(tone);
    setSent((before) => (before + tone).slice(-16));
  };
  return (
    <fieldset
      aria-label={t("call.keypad")}
      className="keypad"
      data-testid="keypad-panel"
      onKeyDown={(event) => {
        if (!TONES.includes(event.key)) return;
        event.preventDefault();
        event.stopPropagation();
        send(event.key);
      }}
    >
      <output className="keypad-sent" data-testid="tones-sent">
        {sent || "\u00a0"}
      </output>
      <SimpleGrid cols={3} spacing={6}>
        {TONES.map((tone) => (
          <Button
            key={tone}
            variant="default"
            onClick={() => send(tone)}
            aria-label={t("call.tone", { tone })}
            data-testid={`tone-${tone}`}
          >
            {tone}
          </Button>
        ))}
      </SimpleGrid>
    </fieldset>
  );
}

/** One line on what the customer hears now. Each of these once cost somebody an embarrassing minute. */
function CallStatus({ call, phone }: { call: CallCard; phone: PhoneView }) {
  const { t } = useTranslation();
  const words = () => {
    if (call.state === "originating" || call.state === "ringing" || call.state === "planned")
      return t("call.ringing");
    if (call.state === "waiting" && call.connected_at !== null) return t("call.heldReconnect");
    if (call.state !== "bridged") return t("call.connecting");
    if (phone.held) return t("call.held");
    if (phone.muted) return t("call.muted");
    return call.recording ? t("call.recording") : t("call.notRecording");
  };
  const warns = call.state === "bridged" && (phone.held || phone.muted);
  const records = call.recording && call.state === "bridged";
  return (
    <div
      className="call-status"
      data-warns={warns}
      role="status"
      data-testid="call-status"
      data-call={call.state}
    >
      {records && <span className="recording-dot" aria-hidden />}
      <span>{words()}</span>
      {records && warns && <span className="call-status-more">· {t("call.recording")}</span>}
    </div>
  );
}

/** The recording notice: ticked by the agent who speaks it, or played by the switch. */
function Notice({ call, talking }: { call: CallCard; talking: boolean }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { pending, run } = useAsk();
  if (call.notice_at !== null) {
    return (
      <>
        <Text size="sm" c="dimmed" mt="xs" data-testid="notice-done">
          {t("call.noticeDone", { time: formatClock(Date.parse(call.notice_at), locale) })}
        </Text>
        {call.recording && (
          <Button
            size="xs"
            variant="default"
            mt="xs"
            disabled={!talking || pending !== null}
            onClick={() => void run({ type: "refuse_recording", attempt_id: call.attempt_id as string })}
            data-testid="refuse-recording"
          >
            {t("call.noRecording")}
          </Button>
        )}
      </>
    );
  }
  if (call.recording_notice === "played") {
    return (
      <Text size="sm" c="dimmed" mt="xs">
        {t("call.noticePlayed")}
      </Text>
    );
  }
  return (
    <Checkbox
      mt="sm"
      label={t("call.noticeTick")}
      checked={pending !== null}
      disabled={!talking || pending !== null}
      onChange={() => void run({ type: "tick_notice", attempt_id: call.attempt_id as string })}
      data-testid="tick-notice"
    />
  );
}

function CallEnded({ me, call }: { me: MeLive; call: CallCard }) {
  const { t } = useTranslation();
  return (
    <section className="panel" data-testid="call-ended">
      <Text fw={600}>{t("call.ended")}</Text>
      {me.state === "wrap_up" && <WrapUp until={call.wrap_up_until} />}
      {call.outcome && (
        <Text size="sm" c="dimmed">
          {t("call.endedOutcome", { outcome: wordsFor("outcome", call.outcome) })}
        </Text>
      )}
    </section>
  );
}
