import { Button, Text, Textarea, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconCheck } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { isZone, OWN_ZONE } from "../../format/times";
import type { CallCard } from "../../state/state";
import { useNow_ms } from "../clock";
import { showDone } from "../notices";
import { useAsk } from "../use_ask";
import { type Disposition, type Draft, EMPTY, readDraft, suggest } from "./result";
import { ResultForm } from "./result_form";
import { dropNote, useNote } from "./use_note";
import type { Result } from "./walk";

interface DispositionsProps {
  call: CallCard;
  attemptId: string;
  /** What the script came to; the agent confirms or changes it. */
  proposed: Result | null;
}

/**
 * The agent's word on the call, with the note. In wrap-up one key or click saves a result that asks for nothing more;
 * during the call it only chooses, and a second, deliberate step hangs up and saves, so that a stray key never cuts a
 * customer off.
 */
export function Dispositions({ call, attemptId, proposed }: DispositionsProps) {
  const { t, i18n } = useTranslation();
  const { pending, run } = useAsk();
  const { note, write } = useNote(attemptId);
  const [chosen, setChosen] = useState<Disposition | null>(null);
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [tried, setTried] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const now_ms = useNow_ms();
  const zone = call.person.time_zone && isZone(call.person.time_zone) ? call.person.time_zone : OWN_ZONE;
  const place = { zone, now_ms, currency: call.debts[0]?.currency ?? "USD" };
  const reading = readDraft(chosen?.fields ?? [], draft, place);
  const faulty = Object.keys(reading.faults).length > 0;
  const ended = call.ended_at !== null || call.state === "ended";
  const connected = call.connected_at !== null;

  const labelOf = (disposition: Disposition) =>
    disposition.label[i18n.language] ?? disposition.label.es ?? disposition.code;

  const save = async (disposition: Disposition) => {
    const { details, callback_at, faults } = readDraft(disposition.fields, draft, place);
    if (Object.keys(faults).length > 0) {
      setTried(true);
      first.current?.focus();
      return;
    }
    const done = await run({
      type: "dispose",
      attempt_id: attemptId,
      disposition: disposition.code,
      note,
      callback_at,
      details,
    });
    if (!done) return setChosen(disposition);
    dropNote(attemptId);
    showDone(t("disposition.saved", { label: labelOf(disposition) }));
  };

  const pick = (disposition: Disposition) => {
    if (pending !== null) return;
    const asks = disposition.fields.some(({ required }) => required);
    if (ended && !asks) return void save(disposition);
    if (disposition.code !== chosen?.code) {
      setDraft(suggest(disposition, call, place));
      setTried(false);
    }
    setChosen(disposition);
    if (asks) setTimeout(() => first.current?.focus(), 0);
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new proposal chooses anew
  useEffect(() => {
    const disposition = call.dispositions.find(({ code }) => code === proposed?.disposition);
    if (disposition === undefined || proposed === null) return;
    const suggested = suggest(disposition, call, place);
    setDraft({ ...suggested, texts: { ...suggested.texts, ...proposed.fields } });
    setTried(false);
    setChosen(disposition);
  }, [proposed]);

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
        {chosen !== null && chosen.fields.length > 0 && (
          <ResultForm
            fields={chosen.fields}
            draft={draft}
            reading={reading}
            place={place}
            tried={tried}
            onDraft={setDraft}
            first={first}
          />
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
          disabled={faulty}
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
