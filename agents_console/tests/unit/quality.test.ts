import { describe, expect, test } from "vitest";
import { gradeQuality, type RtpCounters, readCounters } from "../../src/softphone/quality";

const before: RtpCounters = { received: 1000, lost: 10, jitter_ms: 5, round_trip_ms: 40 };
const later = (change: Partial<RtpCounters>): RtpCounters => ({ ...before, received: 1150, ...change });

describe("quality", () => {
  test("counts the loss since the last measurement only", () => {
    expect(gradeQuality(before, later({ lost: 13 })).p_lost).toBeCloseTo(3 / 153);
  });

  test.each([
    ["good", { lost: 11 }],
    ["fair", { lost: 15 }],
    ["poor", { lost: 20 }],
    ["fair", { jitter_ms: 31 }],
    ["poor", { jitter_ms: 61 }],
    ["fair", { round_trip_ms: 201 }],
    ["poor", { round_trip_ms: 401 }],
    ["good", { round_trip_ms: null }],
  ] as const)("is %s with %o", (grade, change) => {
    expect(gradeQuality(before, later(change)).grade).toBe(grade);
  });

  test("a silent interval has no loss", () => {
    expect(gradeQuality(before, before).p_lost).toBe(0);
  });

  test("reads the received audio and the pair in use", () => {
    const report = [
      { type: "candidate-pair", nominated: false, currentRoundTripTime: 9 },
      { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.08 },
      { type: "inbound-rtp", kind: "audio", packetsReceived: 50, packetsLost: 1, jitter: 0.004 },
    ];
    expect(readCounters(report)).toEqual({ received: 50, lost: 1, jitter_ms: 4, round_trip_ms: 80 });
    expect(readCounters([])).toBeNull();
  });
});
