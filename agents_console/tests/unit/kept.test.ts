import { expect, test } from "vitest";
import { same } from "../../src/view/use_kept";

test("what is stored says the same as what was seen, whatever the order of keys and for what is left out", () => {
  expect(same({ a: 1, b: { c: [1, null] } }, { b: { c: [1, null] }, a: 1 })).toBe(true);
  expect(same({ a: 1, b: null }, { a: 1 })).toBe(true);
  expect(same([], {})).toBe(false);
  expect(same({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
  expect(same({ a: 1 }, { a: 1, b: 2 })).toBe(false);
  expect(same("1", 1)).toBe(false);
});
