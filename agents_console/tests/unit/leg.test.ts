import { describe, expect, test } from "vitest";
import { ASK_AGAIN_MS, type LegSituation, wantsLeg } from "../../src/softphone/leg";

const NOW = 1_000_000;
const registered: LegSituation = {
  phone: "registered",
  linkOpen: true,
  legUp: false,
  asked_ms: null,
  now_ms: NOW,
};

describe("wantsLeg", () => {
  test("asks as soon as the phone is registered, also when another place still holds a leg", () => {
    expect(wantsLeg(registered)).toBe(true);
    expect(wantsLeg({ ...registered, legUp: true })).toBe(true);
  });

  test("asks again when the switch has not called in time", () => {
    expect(wantsLeg({ ...registered, asked_ms: NOW - ASK_AGAIN_MS + 1 })).toBe(false);
    expect(wantsLeg({ ...registered, asked_ms: NOW - ASK_AGAIN_MS })).toBe(true);
  });

  test("never takes the leg back from another place by itself", () => {
    expect(wantsLeg({ ...registered, legUp: true, asked_ms: NOW - 60_000 })).toBe(false);
  });

  test("waits for the registration and for the live view", () => {
    for (const phone of ["off", "connecting", "ringing", "up", "failed"] as const) {
      expect(wantsLeg({ ...registered, phone })).toBe(false);
    }
    expect(wantsLeg({ ...registered, linkOpen: false })).toBe(false);
  });
});
