import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { answer, api, type Schemas } from "../../api/client";
import { formatSpan } from "../../format/times";

interface Mark {
  at_s: number;
  text: string;
}

/** What happened when, from the log: the notice, and each step of the script. A click goes there. */
export function Marks({
  recording,
  onSeek,
}: {
  recording: Schemas["RecordingView"];
  onSeek: (s: number) => void;
}) {
  const { t } = useTranslation();
  const story = useQuery({
    queryKey: ["attempt", recording.attempt_id],
    queryFn: () =>
      answer(api.GET("/api/v1/attempts/{id}", { params: { path: { id: recording.attempt_id } } })),
  });
  const marks = findMarks(story.data?.events ?? [], recording, t("qa.noticeMark"));
  if (marks.length === 0) return null;
  return (
    <nav className="marks" aria-label={t("qa.marks")} data-testid="marks">
      {marks.map((mark) => (
        <button key={`${mark.at_s} ${mark.text}`} type="button" onClick={() => onSeek(mark.at_s)}>
          <b>{formatSpan(mark.at_s * 1000)}</b> {mark.text}
        </button>
      ))}
    </nav>
  );
}

/** The marks that lie within the recording; what came before it began is its beginning. */
export function findMarks(
  events: Schemas["EventView"][],
  recording: Pick<Schemas["RecordingView"], "started_at" | "duration_ms">,
  notice: string,
): Mark[] {
  const began_ms = Date.parse(recording.started_at);
  return events.flatMap(({ type, at, data }) => {
    const at_s = Math.max(0, (Date.parse(at) - began_ms) / 1000);
    if (at_s * 1000 > recording.duration_ms) return [];
    if (type === "NoticeGiven") return [{ at_s, text: notice }];
    if (type !== "ScriptStepped") return [];
    const by = typeof data.answer === "string" ? ` (${data.answer})` : "";
    return [{ at_s, text: `${String(data.step)}${by}` }];
  });
}
