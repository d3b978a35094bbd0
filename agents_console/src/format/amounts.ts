/** A debt's balance as people write it. `minor`: in the currency's smallest unit (cents, or whole pesos chilenos). */
export function formatMoney(minor: number, currency: string, locale: string): string {
  try {
    const format = new Intl.NumberFormat(locale, {
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
    });
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
    const amount = format.format(minor / 10 ** digits);
    // "$" alone names no currency where several countries are called: the code goes with it.
    return `${amount} ${currency}`;
  } catch {
    return `${minor} ${currency}`; // not an ISO 4217 code
  }
}

/** An amount of which the currency is not sure, e.g. a bound for several; `currency` null: of two decimals. */
export function formatAmount(minor: number, currency: string | null, locale: string): string {
  if (currency !== null) return formatMoney(minor, currency, locale);
  return new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(
    minor / 100,
  );
}

/** How many decimals amounts of the currency have: two when it is not known (null), or is no ISO 4217 code. */
export function decimalsOf(currency: string | null): number {
  if (currency === null) return 2;
  try {
    const format = new Intl.NumberFormat("en", { style: "currency", currency });
    return format.resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/** The sum of balances, one entry per currency, largest first. */
export function sumByCurrency(debts: { balance_minor: number; currency: string }[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const { currency, balance_minor } of debts)
    sums.set(currency, (sums.get(currency) ?? 0) + balance_minor);
  return [...sums].sort((a, b) => b[1] - a[1]);
}

/** `share` in [0, 1], by default with one decimal: 0.0123 is "1.2 %". */
export function formatShare(share: number, locale: string, digits = 1): string {
  return new Intl.NumberFormat(locale, {
    style: "percent",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(share);
}

export function formatNumber(value: number, locale: string, maximumFractionDigits = 2): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits }).format(value);
}

/** A file's size in the unit that suits it: "12.4 MB". */
export function formatSize(bytes: number, locale: string): string {
  const [unit, size] =
    bytes < 1000
      ? (["byte", 1] as const)
      : bytes < 1_000_000
        ? (["kilobyte", 1000] as const)
        : (["megabyte", 1_000_000] as const);
  return new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits: 1 }).format(
    bytes / size,
  );
}

/** An E.164 number in groups that can be read aloud; numbers of +1 in their usual 3-3-4. */
export function formatPhone(number: string): string {
  const nanp = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number);
  if (nanp) return `+1 ${nanp[1]} ${nanp[2]} ${nanp[3]}`;
  return number;
}

/** How the locale writes numbers, as a number field takes it. Comma and point both type a decimal: groups come by themselves. */
export function separators(locale: string): {
  thousandSeparator: string;
  decimalSeparator: string;
  allowedDecimalSeparators: string[];
} {
  const parts = new Intl.NumberFormat(locale).formatToParts(12345.6);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? "";
  return {
    thousandSeparator: part("group"),
    decimalSeparator: part("decimal"),
    allowedDecimalSeparators: [",", "."],
  };
}
