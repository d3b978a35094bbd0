import type { Schemas } from "../../api/client";
import type { AgentLive } from "../../state/state";

export type Group = Schemas["StaffingGroupView"];
export type Plan = Schemas["StaffingPlanView"];

/** One time of a group's plans, now or soon; plans that say the same of different agents are one. */
export interface Coming {
  key: string;
  plan: Plan;
  begins_ms: number;
  ends_ms: number;
  /** Agents logged in whom it takes away, and how many are logged in at all. */
  agents: number;
  of: number;
}

const DAY_MIN = 24 * 60;

/** A shift's end lasts until nobody would work any more: to midnight. */
export function isShiftEnd(plan: Pick<Plan, "at" | "minutes" | "per_hour">): boolean {
  return plan.per_hour == null && minuteOf(plan.at) + plan.minutes === DAY_MIN;
}

export function minuteOf(at: string): number {
  const [hours = "0", minutes = "0"] = at.split(":");
  return 60 * Number(hours) + Number(minutes);
}

/** The local time at which it ends, HH:MM. */
export function endOf(plan: Pick<Plan, "at" | "minutes">): string {
  const end = (minuteOf(plan.at) + plan.minutes) % DAY_MIN;
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(Math.floor(end / 60))}:${two(end % 60)}`;
}

/** What of the group's plans holds now or begins before `until_ms`, and for how many of those who are logged in. */
export function comingOf(
  group: Group,
  agents: Record<string, AgentLive>,
  now_ms: number,
  until_ms: number,
): Coming[] {
  const here = new Set(
    group.agents.map(({ id }) => id).filter((id) => (agents[id]?.state ?? "logged_out") !== "logged_out"),
  );
  const plans = new Map(group.plans.map((plan) => [plan.id, plan]));
  const found = new Map<string, Coming & { ids: Set<number> }>();
  for (const time of group.times) {
    const plan = plans.get(time.plan_id);
    const [begins_ms, ends_ms] = [Date.parse(time.begins_at), Date.parse(time.ends_at)];
    if (!plan || begins_ms >= until_ms || ends_ms <= now_ms) continue;
    const key = [plan.per_hour, plan.reason, begins_ms, ends_ms].join(" ");
    const held = found.get(key);
    const ids = held?.ids ?? new Set<number>();
    for (const id of plan.agent_id == null ? here : [plan.agent_id]) if (here.has(id)) ids.add(id);
    if (held && plan.per_hour == null) held.agents = ids.size;
    else {
      const unique = plan.per_hour == null ? key : `${key} ${plan.id}`;
      found.set(unique, { key: unique, plan, begins_ms, ends_ms, agents: ids.size, of: here.size, ids });
    }
  }
  return [...found.values()];
}
