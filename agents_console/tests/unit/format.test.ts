import { describe, expect, test } from "vitest";
import {
  decimalsOf,
  formatAmount,
  formatMoney,
  formatPhone,
  formatShare,
  separators,
  sumByCurrency,
} from "../../src/format/amounts";
import {
  formatClock,
  formatDay,
  formatRest,
  formatSpan,
  fromWallClock,
  isPast,
  isZone,
  nextDay,
  toWallClock,
} from "../../src/format/times";

describe("amounts", () => {
  test("minor units by the currency's own digits, the code beside the sign", () => {
    expect(formatMoney(4835025, "DOP", "es-419")).toBe("$48,350.25 DOP");
    expect(formatMoney(123456, "CLP", "es-419")).toBe("$123,456 CLP");
    expect(formatMoney(4835025, "BRL", "pt-BR")).toBe("R$\u00a048.350,25 BRL");
    expect(formatMoney(-500, "USD", "en-US")).toBe("-$5.00 USD");
  });

  test("a currency that is none is shown as it came", () => {
    expect(formatMoney(500, "??", "es-419")).toBe("500 ??");
  });

  test("debts add up per currency, the largest first", () => {
    const debts = [
      { balance_minor: 100, currency: "USD" },
      { balance_minor: 5000, currency: "DOP" },
      { balance_minor: 250, currency: "USD" },
    ];
    expect(sumByCurrency(debts)).toEqual([
      ["DOP", 5000],
      ["USD", 350],
    ]);
    expect(sumByCurrency([])).toEqual([]);
  });

  test("shares have one decimal", () => {
    expect(formatShare(0.0123, "en-US")).toBe("1.2%");
    expect(formatShare(0, "en-US")).toBe("0.0%");
  });

  test("number fields write as the language does", () => {
    const here = (locale: string) => [
      separators(locale).thousandSeparator,
      separators(locale).decimalSeparator,
    ];
    expect(here("pt-BR")).toEqual([".", ","]);
    expect(here("es-419")).toEqual([",", "."]);
  });

  test("numbers of +1 are grouped, others left whole", () => {
    expect(formatPhone("+18095550117")).toBe("+1 809 555 0117");
    expect(formatPhone("+5215555550117")).toBe("+5215555550117");
  });
});

describe("times", () => {
  test.each([
    [0, "0:00"],
    [59_999, "0:59"],
    [754_000, "12:34"],
    [3_723_000, "1:02:03"],
    [-400, "0:00"],
  ])("%i ms is %s", (span_ms, words) => expect(formatSpan(span_ms)).toBe(words));

  test("a due date is the same day everywhere", () => {
    expect(formatDay("2026-03-09", "en-US")).toBe("Mar 9, 2026");
  });

  test("the customer's clock, or ours when the zone is unknown", () => {
    const noon = Date.parse("2026-11-21T12:00:00Z");
    expect(formatClock(noon, "en-GB", "America/Santo_Domingo")).toBe("08:00");
    expect(formatClock(noon, "en-GB", "Not/AZone")).toBe(formatClock(noon, "en-GB"));
    expect(isZone("Not/AZone")).toBe(false);
  });

  test("the day after, over a month's end", () => {
    expect(nextDay("2026-11-30")).toBe("2026-12-01");
    expect(nextDay("2028-02-28")).toBe("2028-02-29");
  });
});

describe("wall clocks", () => {
  test("there and back in a zone without and with changes of the clocks", () => {
    for (const zone of ["America/Santo_Domingo", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata"]) {
      for (const wall of ["2026-01-15T09:30", "2026-07-15T18:05", "2026-11-01T12:00"]) {
        expect(toWallClock(fromWallClock(wall, zone) ?? 0, zone)).toBe(wall);
      }
    }
    expect(fromWallClock("2026-11-21T10:00", "America/Santo_Domingo")).toBe(
      Date.parse("2026-11-21T14:00:00Z"),
    );
  });

  test("New York, 8 March 2026: 02:30 does not exist, an hour later does", () => {
    expect(fromWallClock("2026-03-08T02:30", "America/New_York")).toBe(Date.parse("2026-03-08T07:30:00Z"));
  });

  test("New York, 1 November 2026: 01:30 comes twice, the first counts", () => {
    expect(fromWallClock("2026-11-01T01:30", "America/New_York")).toBe(Date.parse("2026-11-01T05:30:00Z"));
  });

  test("half a time is none", () => {
    expect(fromWallClock("", "America/New_York")).toBeNull();
    expect(fromWallClock("2026-11-01", "America/New_York")).toBeNull();
    expect(fromWallClock("2026-13-01T10:00", "America/New_York")).toBeNull();
  });
});

test("a rest is told in its largest whole unit", () => {
  expect([5, 90, 600, 7200, 86_400, 172_800, 0].map((s) => formatRest(s, "es-419"))).toEqual([
    "5 s",
    "90 s",
    "10 min",
    "2 h",
    "1 día",
    "2 días",
    "0 s",
  ]);
});

test("a day is past from the next one on", () => {
  const noon = Date.parse("2026-11-22T12:00:00Z");
  expect(isPast("2026-11-21", noon)).toBe(true);
  expect(isPast("2026-11-22", noon)).toBe(false);
});

test("an amount without a sure currency has two decimals, one of a currency its own", () => {
  expect(formatAmount(500_000, null, "es-419")).toBe("5,000.00");
  expect(formatAmount(500_000, "CLP", "es-419")).toContain("500,000");
});

test("an amount is typed with its currency's decimals", () => {
  expect(["MXN", "CLP", null, "no code"].map((currency) => decimalsOf(currency))).toEqual([2, 0, 2, 2]);
});
