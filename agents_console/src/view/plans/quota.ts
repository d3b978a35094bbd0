import type { Schemas } from "../../api/client";

export type Quota = Schemas["PlanQuota"];

/** Days that are drawn: more say nothing new. */
export const DAYS_DRAWN = 14;

/**
 * A week of a plan, as its dialer would go about it when nobody answers and each try falls in another part of the day:
 * by day, the number of the try in its morning, afternoon and evening, or null.
 */
export function layOut({ tries, days, per_day, parts }: Quota): (number | null)[][] {
  const left = [...parts];
  let n = 0;
  return Array.from({ length: Math.min(days, DAYS_DRAWN) }, () => {
    let today = 0;
    return [0, 1, 2].map((part) => {
      if (n >= tries || today >= per_day || (left[part] ?? 0) <= 0) return null;
      left[part] = (left[part] ?? 0) - 1;
      today += 1;
      n += 1;
      return n;
    });
  });
}

/** Why the server would refuse the quota; null: it would not. */
export function quotaFault({ tries, days, per_day, parts }: Quota): "tooFewParts" | "tooFewDays" | null {
  if (parts.reduce((sum, part) => sum + part, 0) < tries) return "tooFewParts";
  return per_day * days < tries ? "tooFewDays" : null;
}
