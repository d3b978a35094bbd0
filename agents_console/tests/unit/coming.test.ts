import { expect, test } from "vitest";
import type { AgentLive } from "../../src/state/state";
import { comingOf, endOf, type Group, isShiftEnd, type Plan } from "../../src/view/staffing/coming";

const NOON = Date.parse("2026-11-20T12:00:00Z");
const HOUR = 3_600_000;

const plan = (change: Partial<Plan>): Plan => ({
  id: 1,
  version: 1,
  group_id: 1,
  agent_id: null,
  reason: "almuerzo",
  at: "12:00",
  minutes: 60,
  weekdays: [4],
  zone: "UTC",
  per_hour: null,
  ...change,
});

const time = (plan_id: number, begin_h: number, end_h: number) => ({
  plan_id,
  begins_at: new Date(NOON + begin_h * HOUR).toISOString(),
  ends_at: new Date(NOON + end_h * HOUR).toISOString(),
});

const group = (plans: Plan[], times: Group["times"]): Group => ({
  id: 1,
  name: "Norte",
  agents: [11, 12, 13, 14].map((id) => ({ id, name: `${id}` })),
  plans,
  times,
});

const live = (...states: AgentLive["state"][]): Record<string, AgentLive> =>
  Object.fromEntries(states.map((state, n) => [11 + n, { id: 11 + n, state } as AgentLive]));

test("who of those logged in leaves: a group's plan takes all, equal plans of agents are one line", () => {
  const agents = live("ready", "on_call", "logged_out", "not_ready");
  const own = [2, 3, 4].map((id, n) => plan({ id, agent_id: 11 + n, reason: "pausa" }));
  const found = comingOf(
    group([plan({}), ...own], [time(1, 1, 2), ...own.map(({ id }) => time(id, 0.5, 1))]),
    agents,
    NOON,
    NOON + 2 * HOUR,
  );
  expect(found.map(({ plan, agents, of }) => [plan.reason, agents, of])).toEqual([
    ["almuerzo", 3, 3],
    ["pausa", 2, 3],
  ]);
});

test("what is over or far off is not said; calls from outside are, each plan of them", () => {
  const calls = [
    plan({ id: 2, per_hour: 4, reason: "correo" }),
    plan({ id: 3, per_hour: 6, reason: "correo" }),
  ];
  const times = [time(1, -2, -1), time(1, 3, 4), time(2, -1, 1), time(3, -1, 1)];
  const found = comingOf(group([plan({}), ...calls], times), live("ready"), NOON, NOON + 2 * HOUR);
  expect(found.map(({ plan }) => plan.per_hour)).toEqual([4, 6]);
});

test("a shift's end lasts to midnight; the end of a plan over midnight is on the next day's clock", () => {
  expect(isShiftEnd(plan({ at: "18:00", minutes: 360 }))).toBe(true);
  expect(isShiftEnd(plan({ at: "18:00", minutes: 360, per_hour: 3 }))).toBe(false);
  expect(endOf(plan({ at: "23:30", minutes: 45 }))).toBe("00:15");
});
