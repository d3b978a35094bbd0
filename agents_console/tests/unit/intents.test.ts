import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { settle } from "../../src/intents";
import { live } from "../../src/state/store";

const word = (id: number, error: string | null) =>
  live.send({
    type: "received",
    body: { type: "delta", seq: 1, changes: [{ kind: "intent", id, error }] },
    at_ms: 0,
  });

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  live.send({ type: "logged_out" });
  vi.useRealTimers();
});

test("is done when the live view says so, whatever came for others", async () => {
  const settled = settle(Promise.resolve({ id: 7 }));
  await vi.advanceTimersByTimeAsync(0);
  word(6, "no_line");
  word(7, null);
  expect(await settled).toBeNull();
});

test("gives the code of a refusal", async () => {
  const settled = settle(Promise.resolve({ id: 8 }));
  await vi.advanceTimersByTimeAsync(0);
  word(8, "not_free");
  expect(await settled).toBe("not_free");
});

test("a word that was faster than the answer to the request counts", async () => {
  word(9, "phone_down");
  expect(await settle(Promise.resolve({ id: 9 }))).toBe("phone_down");
});

test("after six seconds without a word the person is told that it is late", async () => {
  const settled = settle(Promise.resolve({ id: 10 }));
  await vi.advanceTimersByTimeAsync(6_000);
  expect(await settled).toBe("no_answer");
});

test("a request that fails is no intent", async () => {
  await expect(settle(Promise.reject(new Error("down")))).rejects.toThrow("down");
});
