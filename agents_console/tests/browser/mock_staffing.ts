import type { Schemas } from "../../src/api/client";

const HOUR_MS = 3_600_000;

type Plan = Schemas["StaffingPlanView"];
type Settings = Schemas["StaffingPlanSettings"];
type Change = Schemas["StaffingChangeView"];
type Answer = { status: number; body?: unknown };

const refusal = (status: number, type: string, detail = ""): Answer => ({
  status,
  body: { type, title: "", status, detail },
});

/** Plans of the shift from memory, with their log. A plan's next time is in half an hour, that of calls is now. */
export class MockStaffing {
  plans: Plan[] = [
    {
      id: 1,
      version: 1,
      group_id: 1,
      agent_id: null,
      reason: "almuerzo",
      at: "12:00",
      minutes: 60,
      weekdays: [0, 1, 2, 3, 4],
      zone: "America/Santo_Domingo",
      per_hour: null,
    },
    {
      id: 2,
      version: 1,
      group_id: 1,
      agent_id: null,
      reason: "correo",
      at: "09:00",
      minutes: 150,
      weekdays: [0, 2],
      zone: "America/Santo_Domingo",
      per_hour: 12,
    },
  ];
  changes: Change[] = [];

  async answer(call: string, read: () => Promise<Record<string, unknown>>, seen: number): Promise<Answer> {
    const [method, path = ""] = call.split(" ");
    const id = Number(/\d+/.exec(path)?.[0] ?? 0);
    if (call === "GET /staffing") return { status: 200, body: [this.#group()] };
    if (call === "GET /staffing/changes") return { status: 200, body: this.#log() };
    if (call === "POST /staffing/plans") return this.#put((await read()) as unknown as Settings, 0);
    if (path.endsWith("/undo")) return this.#undo(id);
    const plan = this.plans.find((each) => each.id === id);
    if (!plan) return refusal(404, "not_found");
    if (seen !== plan.version) return refusal(412, "version_mismatch");
    if (method === "DELETE") {
      this.#change(plan, null, null);
      return { status: 204 };
    }
    return this.#put((await read()) as unknown as Settings, id);
  }

  #put(settings: Settings, id: number): Answer {
    if (!settings.zone.includes("/"))
      return refusal(422, "bad_plan", `there is no time zone '${settings.zone}': give an IANA name`);
    const before = this.plans.find((each) => each.id === id) ?? null;
    const after = { ...settings, id: id || this.plans.length + 10, version: (before?.version ?? 0) + 1 };
    this.#change(before, after, null);
    return { status: before ? 200 : 201, body: after };
  }

  #undo(id: number): Answer {
    const change = this.#log().find((each) => each.id === id);
    if (!change?.undoable) return refusal(409, "changed_since", "another change has come over this one");
    const standing = this.plans.find((each) => each.id === change.plan_id) ?? null;
    const before = change.before && { ...change.before, id: change.plan_id, version: 9 };
    this.#change(standing, before, id);
    return { status: 204 };
  }

  #change(before: Plan | null, after: Plan | null, undoes_id: number | null): void {
    const plan_id = (after ?? before)?.id ?? 0;
    this.plans = [...this.plans.filter((each) => each.id !== plan_id), ...(after ? [after] : [])];
    this.changes = [
      {
        id: this.changes.length + 1,
        plan_id,
        group_id: 1,
        at: new Date().toISOString(),
        user_name: "Rafael Ureña",
        before,
        after,
        undoes_id,
        undoable: true,
      },
      ...this.changes,
    ];
  }

  /** Only the newest change of a plan can be undone. */
  #log(): Change[] {
    const newest = new Map(this.changes.toReversed().map((change) => [change.plan_id, change.id]));
    return this.changes.map((change) => ({ ...change, undoable: newest.get(change.plan_id) === change.id }));
  }

  #group(): Schemas["StaffingGroupView"] {
    const at = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();
    return {
      id: 1,
      name: "Grupo Norte",
      agents: [11, 12, 13].map((id, n) => ({
        id,
        name: ["Lucía Peralta", "Omar Féliz", "Inés Mota"][n] ?? "",
      })),
      plans: this.plans.toSorted((a, b) => a.id - b.id),
      times: this.plans.map((plan) =>
        plan.per_hour === null
          ? { plan_id: plan.id, begins_at: at(0.5), ends_at: at(1.5) }
          : { plan_id: plan.id, begins_at: at(-0.5), ends_at: at(1) },
      ),
    };
  }
}
