import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { answer, api, type Schemas } from "../../api/client";
import { formatNumber, formatShare } from "../../format/amounts";
import { wordsFor } from "../../words";
import { useLocale } from "../use_locale";

/** Who answered this call by the screener's ear, and where on the recording that lies (it begins after the notice). */
export function WhoAnswered({ recording }: { recording: Schemas["RecordingView"] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const heard = useQuery({
    queryKey: ["screening-of", recording.attempt_id],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () =>
      answer(api.GET("/api/v1/attempts/{id}/screening", { params: { path: { id: recording.attempt_id } } })),
  }).data;
  if (!heard) return null;
  const seconds = (ms: number) => formatNumber(ms / 1000, locale);
  const marks = marksOf(heard, recording);
  return (
    <div className="who-answered" data-testid="who-answered">
      <div className="who-marks along-waves" aria-hidden>
        {marks.map(({ name, share }) => (
          <i key={name} data-mark={name} style={{ left: `${share * 100}%` }} />
        ))}
      </div>
      <Text size="sm">
        {heard.label === null || heard.posterior === null || heard.decided_at_ms === null
          ? t("screening.noVerdict", { why: wordsFor("unheard", heard.cause ?? "") })
          : t("screening.verdict", {
              who: wordsFor("verdict", heard.label),
              at: seconds(heard.decided_at_ms),
              certainty: formatShare(heard.posterior, locale, 0),
              by: wordsFor("heardBy", heard.cause ?? ""),
            })}
        {heard.greeting_end_ms !== null &&
          ` ${t("screening.greetingEnd", { at: seconds(heard.greeting_end_ms) })}`}
        {heard.corrected_label !== null &&
          heard.corrected_at_ms !== null &&
          ` ${t("screening.unmasked", { who: wordsFor("verdict", heard.corrected_label), at: seconds(heard.corrected_at_ms) })}`}
      </Text>
    </div>
  );
}

/** The marks that lie within the recording, as shares of its length; earlier ones stand at its beginning. */
export function marksOf(
  heard: Pick<
    Schemas["AttemptScreening"],
    "answered_at" | "decided_at_ms" | "greeting_end_ms" | "corrected_at_ms"
  >,
  recording: Pick<Schemas["RecordingView"], "started_at" | "duration_ms">,
): { name: string; share: number }[] {
  if (heard.answered_at === null || recording.duration_ms <= 0) return [];
  const before_ms = Date.parse(recording.started_at) - Date.parse(heard.answered_at);
  const marks: [string, number | null][] = [
    ["greeting-end", heard.greeting_end_ms],
    ["verdict", heard.decided_at_ms],
    ["unmasked", heard.corrected_at_ms],
  ];
  return marks.flatMap(([name, at_ms]) =>
    at_ms === null
      ? []
      : [{ name, share: Math.min(1, Math.max(0, (at_ms - before_ms) / recording.duration_ms)) }],
  );
}
