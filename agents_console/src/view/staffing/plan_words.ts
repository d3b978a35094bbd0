import i18next from "i18next";
import type { Schemas } from "../../api/client";
import { formatNumber } from "../../format/amounts";
import { endOf, type Group, isShiftEnd } from "./coming";

type Settings = Schemas["StaffingPlanSettings"];

/** What is planned, in a word or two. */
export function planWhat(plan: Settings, locale: string): string {
  if (plan.per_hour == null) return plan.reason;
  return i18next.t("staffing.rate", { reason: plan.reason, rate: formatNumber(plan.per_hour, locale, 1) });
}

export function planWho(plan: Settings, group: Group | undefined): string {
  if (plan.agent_id == null) return i18next.t("staffing.everybody");
  return group?.agents.find(({ id }) => id === plan.agent_id)?.name ?? `#${plan.agent_id}`;
}

/** From when to when, by the plan's own clock. */
export function planSpan(plan: Settings): string {
  if (isShiftEnd(plan)) return i18next.t("staffing.untilMidnight", { from: plan.at });
  return i18next.t("staffing.span", { from: plan.at, to: endOf(plan) });
}

const DAYS = ["day0", "day1", "day2", "day3", "day4", "day5", "day6"] as const;

export function dayName(day: number): string {
  return i18next.t(`staffing.${DAYS[day] ?? "day0"}`);
}

/** Monday to Friday as a range, anything else one by one. */
export function planDays(plan: Settings): string {
  const days = plan.weekdays.toSorted((a, b) => a - b);
  const [first, last] = [days[0] ?? 0, days.at(-1) ?? 0];
  if (days.length > 2 && last - first === days.length - 1) return `${dayName(first)}–${dayName(last)}`;
  return days.map(dayName).join(", ");
}
