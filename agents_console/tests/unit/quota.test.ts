import { expect, test } from "vitest";
import { layOut, quotaFault } from "../../src/view/plans/quota";

const SIX = { tries: 6, days: 5, per_day: 2, parts: [2, 2, 2] };

test("tries fall as early as day, part and total allow", () => {
  expect(layOut(SIX)).toEqual([
    [1, 2, null],
    [3, 4, null],
    [null, null, 5],
    [null, null, 6],
    [null, null, null],
  ]);
  expect(layOut({ ...SIX, tries: 1, days: 90 })).toHaveLength(14);
});

test("what does not add up is named", () => {
  expect(quotaFault(SIX)).toBeNull();
  expect(quotaFault({ ...SIX, parts: [2, 2, 1] })).toBe("tooFewParts");
  expect(quotaFault({ ...SIX, days: 2 })).toBe("tooFewDays");
});
