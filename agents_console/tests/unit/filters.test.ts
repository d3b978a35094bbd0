import { expect, test } from "vitest";
import { OWN_ZONE, toWallClock } from "../../src/format/times";
import { NO_FILTERS, toQuery } from "../../src/view/qa/filters";

test("no filters ask for everything", () => {
  expect(Object.values(toQuery(NO_FILTERS)).every((value) => value === undefined)).toBe(true);
  expect(toQuery({ ...NO_FILTERS, q: "  " }).q).toBeUndefined();
});

test("days are whole days of the reviewer's calendar, the last one included", () => {
  const { from, to } = toQuery({ ...NO_FILTERS, from: "2026-11-20", to: "2026-11-21" });
  expect(toWallClock(Date.parse(from ?? ""), OWN_ZONE)).toBe("2026-11-20T00:00");
  expect(toWallClock(Date.parse(to ?? ""), OWN_ZONE)).toBe("2026-11-22T00:00");
});
