export type TradeOffPoint = { cost_ratio: number; human_as_machine: number; machine_passed: number };

/** The point of a cost ratio on the measured curve: between two measured ones by the ratio's logarithm, beyond the ends
 * the end. `points` by rising ratio; null when there is none. */
export function at(points: TradeOffPoint[], ratio: number): TradeOffPoint | null {
  const [first] = points;
  const last = points[points.length - 1];
  if (!first || !last) return null;
  if (ratio <= first.cost_ratio) return { ...first, cost_ratio: ratio };
  const next = points.findIndex((point) => point.cost_ratio >= ratio);
  const [low, high] = [points[next - 1], points[next]];
  if (!low || !high) return { ...last, cost_ratio: ratio };
  const share = Math.log(ratio / low.cost_ratio) / Math.log(high.cost_ratio / low.cost_ratio);
  const between = (a: number, b: number) => a + (b - a) * share;
  return {
    cost_ratio: ratio,
    human_as_machine: between(low.human_as_machine, high.human_as_machine),
    machine_passed: between(low.machine_passed, high.machine_passed),
  };
}

/** Where a point lies in the curve's frame, from [0, 0] (fewest machines passed, fewest people lost) to [1, 1]. */
export function place(points: TradeOffPoint[], point: TradeOffPoint): [number, number] {
  const along = (value: number, values: number[]) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return high > low ? (value - low) / (high - low) : 0;
  };
  return [
    along(
      point.machine_passed,
      points.map((each) => each.machine_passed),
    ),
    along(
      point.human_as_machine,
      points.map((each) => each.human_as_machine),
    ),
  ];
}
