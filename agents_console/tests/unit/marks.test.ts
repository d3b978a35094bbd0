import { expect, test } from "vitest";
import { findMarks } from "../../src/view/qa/marks";

test("the marks of a recording lie where the log has them", () => {
  const event = (seq: number, type: string, at: string, data = {}) => ({ seq, type, at, data });
  const recording = { started_at: "2026-11-20T15:00:10Z", duration_ms: 60_000 };
  const events = [
    event(1, "ScriptStepped", "2026-11-20T15:00:08Z", { step: "hello", answer: null }),
    event(2, "NoticeGiven", "2026-11-20T15:00:10Z", { spoken: true }),
    event(3, "RecordingBegan", "2026-11-20T15:00:10Z"),
    event(4, "ScriptStepped", "2026-11-20T15:00:32.500Z", { step: "pays", answer: "Paga hoy" }),
    event(5, "ScriptStepped", "2026-11-20T15:01:30Z", { step: "late", answer: null }),
  ];
  expect(findMarks(events, recording, "Aviso")).toEqual([
    { at_s: 0, text: "hello" },
    { at_s: 0, text: "Aviso" },
    { at_s: 22.5, text: "pays (Paga hoy)" },
  ]);
});
