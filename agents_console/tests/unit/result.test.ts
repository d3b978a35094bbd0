import { describe, expect, test } from "vitest";
import { addMonths, divide, EMPTY, type Field, readAmount, readDraft } from "../../src/view/agent/result";

const field = (name: string, kind: Field["kind"], required = false, choices: string[] = []): Field => ({
  name,
  kind,
  required,
  choices,
});
const PROMISE = [
  field("amount", "amount", true),
  field("due_on", "date", true),
  field("instalments", "instalments"),
];
// 02:00 UTC: in Santo Domingo it is still the 19th.
const PLACE = { currency: "DOP", zone: "America/Santo_Domingo", now_ms: Date.parse("2026-11-20T02:00:00Z") };

describe("a result's form", () => {
  test("a promise needs its amount and a day from today on, on the debtor's calendar", () => {
    expect(readDraft(PROMISE, EMPTY, PLACE).faults).toEqual({ amount: "missing", due_on: "missing" });
    const draft = { ...EMPTY, amount: "1500.5", texts: { due_on: "2026-11-19" } };
    const { details, faults } = readDraft(PROMISE, draft, PLACE);
    expect(faults).toEqual({});
    expect(details).toMatchObject({ amount_minor: 150050, currency: "DOP", due_on: "2026-11-19" });
    const past = { ...draft, texts: { due_on: "2026-11-18" } };
    expect(readDraft(PROMISE, past, PLACE).faults).toEqual({ due_on: "wrong" });
  });

  test("a plan's parts add up, a month apart, and keep to the end of short months", () => {
    expect(divide(100, "2026-01-31", 3)).toEqual([
      { amount_minor: 34, due_on: "2026-01-31" },
      { amount_minor: 33, due_on: "2026-02-28" },
      { amount_minor: 33, due_on: "2026-03-31" },
    ]);
    expect(divide(100, "2026-01-31", 1)).toEqual([]);
    expect(divide(2, "2026-01-31", 3)).toEqual([]);
    expect(addMonths("2026-12-15", 1)).toBe("2027-01-15");
  });

  test("amounts are read in the currency's own units", () => {
    expect(readAmount("12.34", "DOP")).toBe(1234);
    expect(readAmount("12", "CLP")).toBe(12);
    for (const wrong of ["", "0", "-5", "1.234", "1e5", "12,5", "abc"])
      expect(readAmount(wrong, "DOP")).toBeNull();
    expect(readAmount("12.5", "CLP")).toBeNull();
  });

  test("a callback lies ahead on the customer's clock", () => {
    const fields = [field("callback_at", "moment", true), field("anyone", "flag")];
    const at = (callback_at: string) => readDraft(fields, { ...EMPTY, texts: { callback_at } }, PLACE);
    expect(at("2026-11-19T22:30").callback_at).toBe("2026-11-20T02:30:00.000Z");
    expect(at("2026-11-19T21:30").faults).toEqual({ callback_at: "wrong" });
    expect(at("").faults).toEqual({ callback_at: "missing" });
  });

  test("the reason `other` needs words", () => {
    const fields = [field("reason", "choice", true, ["amount", "other"]), field("explanation", "text")];
    const said = (texts: Record<string, string>) => readDraft(fields, { ...EMPTY, texts }, PLACE).faults;
    expect(said({ reason: "amount" })).toEqual({});
    expect(said({ reason: "other" })).toEqual({ explanation: "missing" });
    expect(said({ reason: "other", explanation: "no es mía" })).toEqual({});
  });
});
