import { describe, expect, it } from "vitest";
import { at, place } from "../../src/format/trade_off";

const CURVE = [
  { cost_ratio: 1, human_as_machine: 0.012, machine_passed: 0.3 },
  { cost_ratio: 10, human_as_machine: 0.004, machine_passed: 0.34 },
  { cost_ratio: 100, human_as_machine: 0.002, machine_passed: 0.4 },
];

describe("the curve of the cost ratio", () => {
  it("gives measured points as they are and others between, by their logarithm", () => {
    expect(at(CURVE, 10)).toEqual(CURVE[1]);
    const between = at(CURVE, Math.sqrt(10));
    expect(between?.human_as_machine).toBeCloseTo(0.008);
    expect(between?.machine_passed).toBeCloseTo(0.32);
  });

  it("stays at its ends, and is nothing without points", () => {
    expect(at(CURVE, 0.5)).toMatchObject({ human_as_machine: 0.012 });
    expect(at(CURVE, 1000)).toMatchObject({ machine_passed: 0.4 });
    expect(at([], 20)).toBeNull();
  });

  it("fills its frame, and a flat one does not divide by nothing", () => {
    expect(CURVE.map((point) => place(CURVE, point))).toEqual([
      [0, 1],
      [expect.closeTo(0.4), expect.closeTo(0.2)],
      [1, 0],
    ]);
    const [flat] = CURVE;
    expect(flat && place([flat], flat)).toEqual([0, 0]);
  });
});
