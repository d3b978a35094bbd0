import { Checkbox, NativeSelect, NumberInput, Text, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatMoney } from "../../format/amounts";
import { formatDateTime, formatDay, fromWallClock, OWN_ZONE, toWallClock } from "../../format/times";
import { wordsFor } from "../../words";
import { useLocale } from "../use_locale";
import { type Draft, digitsOf, type Field, type Place, type Reading } from "./result";

interface ResultFormProps {
  fields: Field[];
  draft: Draft;
  reading: Reading;
  place: Place;
  /** Faults are shown once the agent has tried to save. */
  tried: boolean;
  onDraft: (draft: Draft) => void;
  /** The first field, which has the focus when the form appears. */
  first: React.RefObject<HTMLInputElement | null>;
}

/** What a result needs, in the order the server names it. */
export function ResultForm({ fields, draft, reading, place, tried, onDraft, first }: ResultFormProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const write = (name: string, text: string) =>
    onDraft({ ...draft, texts: { ...draft.texts, [name]: text } });
  const today = toWallClock(place.now_ms, place.zone).slice(0, 10);

  return (
    <fieldset className="result-form" data-testid="result-form">
      {fields.map((field, n) => {
        const fault = reading.faults[field.name];
        const common = {
          label: wordsFor("field", field.name),
          required: field.required,
          error: (tried || fault === "wrong") && fault ? t(`fault.${fault}`) : undefined,
          "data-testid": field.kind === "moment" ? "callback-at" : `field-${field.name}`,
        };
        const ref = n === 0 ? first : undefined;
        const text = draft.texts[field.name] ?? "";
        switch (field.kind) {
          case "amount":
            return (
              <NumberInput
                key={field.name}
                {...common}
                ref={ref}
                value={draft.amount}
                onChange={(value) => onDraft({ ...draft, amount: String(value) })}
                decimalScale={digitsOf(place.currency)}
                fixedDecimalScale
                allowNegative={false}
                suffix={` ${place.currency}`}
                hideControls
              />
            );
          case "instalments":
            return (
              <div key={field.name}>
                <NativeSelect
                  {...common}
                  value={draft.parts}
                  onChange={(event) => onDraft({ ...draft, parts: event.currentTarget.value })}
                  data={Array.from({ length: 12 }, (_, part) => ({
                    value: String(part + 1),
                    label: part === 0 ? t("result.onePart") : t("result.parts", { count: part + 1 }),
                  }))}
                />
                {(reading.details.instalments ?? []).length > 0 && (
                  <ol className="plan" data-testid="plan">
                    {reading.details.instalments?.map((part) => (
                      <li key={part.due_on}>
                        <span>{formatDay(part.due_on, locale)}</span>
                        <span>{formatMoney(part.amount_minor, place.currency, locale)}</span>
                      </li>
                    ))}
                  </ol>
                )}
              </div>
            );
          case "choice":
            return (
              <NativeSelect
                key={field.name}
                {...common}
                value={text}
                onChange={(event) => write(field.name, event.currentTarget.value)}
                data={[
                  { value: "", label: t("result.choose") },
                  ...field.choices.map((value) => ({ value, label: wordsFor("choice", value) })),
                ]}
              />
            );
          case "date":
            return (
              <TextInput
                key={field.name}
                {...common}
                ref={ref}
                type="date"
                min={field.name === "paid_on" ? undefined : today}
                max={field.name === "paid_on" ? today : undefined}
                value={text}
                onChange={(event) => write(field.name, event.currentTarget.value)}
              />
            );
          case "moment":
            return (
              <div key={field.name}>
                <TextInput
                  {...common}
                  ref={ref}
                  type="datetime-local"
                  label={t("disposition.callbackAt")}
                  description={t("disposition.callbackZone", { zone: place.zone })}
                  min={toWallClock(place.now_ms, place.zone)}
                  error={fault === "wrong" ? t("disposition.callbackPast") : common.error}
                  value={text}
                  onChange={(event) => write(field.name, event.currentTarget.value)}
                />
                <YourTime wall={text} place={place} />
              </div>
            );
          case "flag":
            return (
              <Checkbox
                key={field.name}
                label={wordsFor("field", field.name)}
                checked={draft.anyone}
                onChange={(event) => onDraft({ ...draft, anyone: event.currentTarget.checked })}
                data-testid={`field-${field.name}`}
              />
            );
          default:
            return (
              <Textarea
                key={field.name}
                {...common}
                autosize
                minRows={1}
                maxRows={4}
                maxLength={500}
                value={text}
                onChange={(event) => write(field.name, event.currentTarget.value)}
              />
            );
        }
      })}
    </fieldset>
  );
}

/** A time agreed on the customer's clock, as the agent's own clock will show it. */
function YourTime({ wall, place }: { wall: string; place: Place }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const at_ms = fromWallClock(wall, place.zone);
  if (at_ms === null || at_ms <= place.now_ms || place.zone === OWN_ZONE) return null;
  return (
    <Text size="sm" c="dimmed" mt={4}>
      {t("disposition.callbackYours", { time: formatDateTime(at_ms, locale) })}
    </Text>
  );
}
