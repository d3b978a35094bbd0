import type { Schemas } from "../../api/client";
import { fromWallClock, toWallClock } from "../../format/times";
import type { CallCard } from "../../state/state";

export type Disposition = CallCard["dispositions"][number];
export type Field = Disposition["fields"][number];
export type Details = Schemas["DispositionDetails"];

/** A form as it is being filled in: what stands in its fields, nothing judged yet. */
export interface Draft {
  amount: string;
  /** A promise in so many parts, a month apart. */
  parts: string;
  texts: Record<string, string>;
  anyone: boolean;
}

export const EMPTY: Draft = { amount: "", parts: "1", texts: {}, anyone: false };

/** What is known before anybody types: a promise is of the debt's balance, a payment was most often made today. */
export function suggest(disposition: Disposition, call: CallCard, place: Place): Draft {
  const debt = call.debts[0];
  if (disposition.effect === "paid")
    return { ...EMPTY, texts: { paid_on: toWallClock(place.now_ms, place.zone).slice(0, 10) } };
  if (disposition.effect !== "promise" || !debt || debt.balance_minor <= 0) return EMPTY;
  return { ...EMPTY, amount: String(debt.balance_minor / 10 ** digitsOf(debt.currency)) };
}

/** What is wrong with a field: it must be filled in, or can't be what it says. */
export type Fault = "missing" | "wrong";

export interface Reading {
  details: Details;
  callback_at: string | null;
  faults: Record<string, Fault>;
}

export interface Place {
  /** ISO 4217, of the debt this call is about. */
  currency: string;
  /** The debtor's, or the agent's own where that is unknown. */
  zone: string;
  now_ms: number;
}

/** The form as the API takes it, and what is still wrong with it. The server judges again. */
export function readDraft(fields: Field[], draft: Draft, place: Place): Reading {
  const details: Details = { instalments: [], anyone: false };
  const faults: Record<string, Fault> = {};
  const today = toWallClock(place.now_ms, place.zone).slice(0, 10);
  let callback_at: string | null = null;
  for (const field of fields) {
    const text = (draft.texts[field.name] ?? "").trim();
    switch (field.kind) {
      case "amount": {
        const minor = readAmount(draft.amount, place.currency);
        if (draft.amount.trim() === "") {
          if (field.required) faults.amount = "missing";
        } else if (minor === null) faults.amount = "wrong";
        else {
          details.amount_minor = minor;
          details.currency = place.currency;
        }
        break;
      }
      case "instalments":
        break;
      case "flag":
        if (field.name === "anyone") details.anyone = draft.anyone;
        break;
      case "moment": {
        const at_ms = fromWallClock(text, place.zone);
        if (at_ms === null) faults[field.name] = "missing";
        else if (at_ms <= place.now_ms) faults[field.name] = "wrong";
        else callback_at = new Date(at_ms).toISOString();
        break;
      }
      default: {
        if (text === "") {
          if (field.required) faults[field.name] = "missing";
        } else if (field.kind === "date" && !isDayAllowed(field.name, text, today)) {
          faults[field.name] = "wrong";
        } else Object.assign(details, { [field.name]: text });
      }
    }
  }
  if (
    draft.texts.reason === "other" &&
    fields.some(({ name }) => name === "explanation") &&
    !details.explanation
  )
    faults.explanation = "missing";
  if (details.amount_minor && details.due_on && fields.some(({ kind }) => kind === "instalments"))
    details.instalments = divide(details.amount_minor, details.due_on, Number(draft.parts));
  return { details, callback_at, faults };
}

/** A plan of equal parts a month apart; what does not divide goes with the first. One part is no plan. */
export function divide(amount_minor: number, due_on: string, parts: number): Schemas["InstalmentRequest"][] {
  if (!Number.isInteger(parts) || parts < 2 || amount_minor < parts) return [];
  const each = Math.floor(amount_minor / parts);
  return Array.from({ length: parts }, (_, n) => ({
    amount_minor: n === 0 ? amount_minor - each * (parts - 1) : each,
    due_on: addMonths(due_on, n),
  }));
}

/** The same day of a later month; where that has none, its last. */
export function addMonths(day: string, months: number): string {
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(date, last))).toISOString().slice(0, 10);
}

/** Minor units of `1234.5`; null for what is no amount above nothing, or finer than the currency. */
export function readAmount(text: string, currency: string): number | null {
  const digits = digitsOf(currency);
  const clean = text.trim();
  if (!/^\d{1,11}(\.\d+)?$/.test(clean)) return null;
  const minor = Number(clean) * 10 ** digits;
  const rounded = Math.round(minor);
  return rounded > 0 && Math.abs(minor - rounded) < 1e-6 * Math.max(1, minor) ? rounded : null;
}

/** How many decimals the currency is counted in. */
export function digitsOf(currency: string): number {
  try {
    return (
      new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ??
      2
    );
  } catch {
    return 2;
  }
}

function isDayAllowed(name: string, day: string, today: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return false;
  const days = (Date.parse(`${day}T12:00:00Z`) - Date.parse(`${today}T12:00:00Z`)) / 86_400_000;
  return name === "paid_on" ? days <= 0 && days >= -366 : days >= 0 && days <= 366;
}
