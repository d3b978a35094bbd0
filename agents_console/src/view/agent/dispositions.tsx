import { Button, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconCheck } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatDateTime, fromWallClock, isZone, OWN_ZONE, toWallClock } from "../../format/times";
import type { CallCard } from "../../state/state";
import { useNow_ms } from "../clock";
import { showDone } from "../notices";
import { useAsk } from "../use_ask";
import { useLocale } from "../use_locale";
import { dropNote, useNote } from "./use_note";

type Disposition = CallCard["dispositions"][number];

interface DispositionsProps {
  call: CallCard;
  attemptId: string;
}

/**
 * The agent's word on the call, with the note. In wrap-up one key or click saves; during the call it only chooses,
 * and a second, deliberate step hangs up and saves, so that a stray key never cuts a customer off.
 */
export function Dispositions({ call, attemptId }: DispositionsProps) {
  const { t, i18n } = useTranslation();
  const { pending, run } = useAsk();
  const { note, write } = useNote(attemptId);
  const [chosen, setChosen] = useState<Disposition | null>(null);
  const [wall, setWall] = useState("");
  const callbackField = useRef<HTMLInputElement>(null);
  const zone = call.person.time_zone && isZone(call.person.time_zone) ? call.person.time_zone : OWN_ZONE;
  const callback_ms = fromWallClock(wall, zone);
  const ended = call.ended_at !== null || call.state === "ended";
  const connected = call.connected_at !== null;

  const labelOf = (disposition: Disposition) =>
    disposition.label[i18n.language] ?? disposition.label.es ?? disposition.code;

  const save = async (disposition: Disposition) => {
    const needsTime = disposition.effect === "callback";
    if (needsTime && (callback_ms === null || callback_ms <= Date.now())) {
      callbackField.current?.focus();
      return;
    }
    const callback_at = needsTime && callback_ms !== null ? new Date(callback_ms).toISOString() : null;
    const done = await run({
      type: "dispose",
      attempt_id: attemptId,
      disposition: disposition.code,
      note,
      callback_at,
    });
    if (!done) return setChosen(disposition);
    dropNote(attemptId);
    showDone(t("disposition.saved", { label: labelOf(disposition) }));
  };

  const pick = (disposition: Disposition) => {
    if (pending !== null) return;
    const needsTime = disposition.effect === "callback";
    if (ended && !needsTime) return void save(disposition);
    setChosen(disposition);
    if (needsTime) setTimeout(() => callbackField.current?.focus(), 0);
  };

  useHotkeys(
    call.dispositions.slice(0, 9).map((disposition, n) => [String(n + 1), () => pick(disposition)] as const),
  );
  useHotkeys([["ctrl+Enter", () => chosen !== null && void save(chosen)]], []);

  // Nobody was connected: there is nothing to say about the call.
  if (!connected) return null;
  return (
    <section className="panel disposition-panel" aria-labelledby="dispositions">
      <div className="disposition-body">
        <div className="panel-head">
          <Title order={2} size="h5" id="dispositions">
            {t("disposition.title")}
          </Title>
          <Text size="sm" c="dimmed">
            {call.dispositions.length === 0
              ? t("disposition.none")
              : ended
                ? t("disposition.inWrapUp")
                : t("disposition.inCall")}
          </Text>
        </div>
        <div className="dispositions">
          {call.dispositions.map((disposition, n) => (
            <button
              type="button"
              key={disposition.code}
              className="disposition"
              aria-pressed={chosen?.code === disposition.code}
              disabled={pending !== null}
              onClick={() => pick(disposition)}
              data-effect={disposition.effect}
              data-testid={`disposition-${disposition.code}`}
            >
              <kbd className="key">{n < 9 ? n + 1 : "·"}</kbd>
              <span>{labelOf(disposition)}</span>
            </button>
          ))}
        </div>
        {chosen?.effect === "callback" && (
          <CallbackTime wall={wall} onWall={setWall} zone={zone} at_ms={callback_ms} field={callbackField} />
        )}
        <Textarea
          label={t("disposition.note")}
          placeholder={t("disposition.notePlaceholder")}
          autosize
          minRows={2}
          maxRows={8}
          maxLength={4000}
          value={note}
          onChange={(event) => write(event.currentTarget.value)}
          description={note === "" ? undefined : t("disposition.noteKept")}
          inputWrapperOrder={["label", "input", "description", "error"]}
          data-testid="note"
        />
      </div>
      {chosen !== null && (
        <Button
          fullWidth
          size="md"
          leftSection={<IconCheck size={18} />}
          rightSection={<kbd className="key key-on-colour">Ctrl ⏎</kbd>}
          onClick={() => void save(chosen)}
          disabled={chosen.effect === "callback" && (callback_ms === null || callback_ms <= Date.now())}
          loading={pending !== null}
          className="disposition-save"
          data-testid="save-disposition"
        >
          {ended ? t("disposition.save") : t("disposition.hangUpAndSave")}
        </Button>
      )}
    </section>
  );
}

interface CallbackTimeProps {
  wall: string;
  onWall: (wall: string) => void;
  zone: string;
  at_ms: number | null;
  field: React.RefObject<HTMLInputElement | null>;
}

/** When to call back, on the customer's own clock: that is the one that was spoken of. */
function CallbackTime({ wall, onWall, zone, at_ms, field }: CallbackTimeProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const now_ms = useNow_ms();
  const past = at_ms !== null && at_ms <= now_ms;
  const yours = at_ms !== null && zone !== OWN_ZONE;
  return (
    <div>
      <TextInput
        ref={field}
        type="datetime-local"
        label={t("disposition.callbackAt")}
        description={t("disposition.callbackZone", { zone })}
        min={toWallClock(now_ms, zone)}
        value={wall}
        onChange={(event) => onWall(event.currentTarget.value)}
        error={past ? t("disposition.callbackPast") : undefined}
        required
        data-testid="callback-at"
      />
      {yours && !past && (
        <Text size="sm" c="dimmed" mt={4}>
          {t("disposition.callbackYours", { time: formatDateTime(at_ms, locale) })}
        </Text>
      )}
    </div>
  );
}
