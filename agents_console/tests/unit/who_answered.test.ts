import { expect, test } from "vitest";
import { marksOf } from "../../src/view/qa/who_answered";

const recording = { started_at: "2026-03-03T15:00:02Z", duration_ms: 10_000 };

test("marks stand where they lie on the recording, those before it at its beginning", () => {
  const heard = {
    answered_at: "2026-03-03T15:00:00Z",
    greeting_end_ms: 800,
    decided_at_ms: 3000,
    corrected_at_ms: null,
  };
  expect(marksOf(heard, recording)).toEqual([
    { name: "greeting-end", share: 0 },
    { name: "verdict", share: 0.1 },
  ]);
});

test("a mark behind its end stands at the end", () => {
  const heard = {
    answered_at: "2026-03-03T15:00:00Z",
    greeting_end_ms: null,
    decided_at_ms: null,
    corrected_at_ms: 60_000,
  };
  expect(marksOf(heard, recording)).toEqual([{ name: "unmasked", share: 1 }]);
});

test("without an answer or a length there is nothing to mark", () => {
  const heard = { answered_at: null, greeting_end_ms: 1, decided_at_ms: 1, corrected_at_ms: null };
  expect(marksOf(heard, recording)).toEqual([]);
});
