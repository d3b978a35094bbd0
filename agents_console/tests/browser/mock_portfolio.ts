import type { Schemas } from "../../src/api/client";
import { GRAPH, leadWhy, PARTS, person, plan, preview, RUN, segments, versions } from "./demo_portfolio";
import { MockStaffing } from "./mock_staffing";

const OK = 200;
const DONE = 204;
const CHANGED_MEANWHILE: Answer = {
  status: 412,
  body: { type: "version_mismatch", title: "", status: 412, detail: "" },
};

type Body = Record<string, unknown>;
type Answer = { status: number; body?: unknown };

/** What a supervisor reads and changes of the portfolio, from memory; kept apart from the calls of the shift. */
export class MockPortfolio {
  obstacles: Schemas["CampaignObstacles"] = {
    due: 1840,
    judged: 1000,
    law: [
      { reason: "callable", leads: 612, norm: null, sources: [], clears_at: null },
      {
        reason: "CO-day",
        leads: 301,
        norm: "Ley 2300 art. 3",
        sources: [{ id: "S03", ref: "Ley 2300 de 2023", url: "https://example.org/ley-2300" }],
        clears_at: "2026-11-23T12:00:00Z",
      },
      { reason: "do_not_call", leads: 87, norm: null, sources: [], clears_at: null },
    ],
    not_due: [
      { reason: "resting: no_answer", leads: 2210 },
      { reason: "suppressed: promise", leads: 145 },
    ],
  };

  person = person();
  segments = segments();
  run: Schemas["SegmentRunView"] = RUN;
  plan = plan();
  versions = versions();
  staffing = new MockStaffing();

  /**
   * The answer to a call of the API (`GET /people`), or null where this is not about the portfolio. `seen`: the version
   * that If-Match names.
   */
  async answer(
    call: string,
    query: URLSearchParams,
    read: () => Promise<Body>,
    seen: number,
  ): Promise<Answer | null> {
    const path = call.split(" ")[1] ?? "";
    switch (call) {
      case "GET /campaigns/1/callability":
        return { status: OK, body: this.obstacles };
      case "GET /campaigns/1/contact-plan":
        return { status: OK, body: this.plan };
      case "PUT /campaigns/1/contact-plan":
        if (seen !== this.plan.version) return CHANGED_MEANWHILE;
        this.plan = { ...this.plan, ...(await read()), usual: false, version: this.plan.version + 1 };
        return { status: OK, body: this.plan };
      case "GET /leads/501/callability":
        return { status: OK, body: leadWhy };
      case "GET /people":
        return { status: OK, body: this.#find(query.get("q") ?? "") };
      case "GET /people/7":
        return { status: OK, body: this.person };
      case "POST /people/7/notes":
        this.#tell({ kind: "note", state: null, text: String((await read()).body), more: { id: 99 } });
        return { status: DONE };
      case "POST /people/7/lift-do-not-call":
        this.person = { ...this.person, do_not_call: false };
        this.#tell({ kind: "consent", state: "granted", text: String((await read()).because), more: {} });
        return { status: DONE };
      case "POST /disputes/3/resolve": {
        const { state, because } = await read();
        const entries = this.person.entries.map((entry) =>
          entry.kind === "dispute"
            ? { ...entry, state: String(state), more: { ...entry.more, resolution: String(because) } }
            : entry,
        );
        this.person = { ...this.person, entries };
        return { status: DONE };
      }
    }
    if (path.startsWith("/scripts")) return this.#answerScripts(call, read);
    if (path.startsWith("/staffing")) return this.staffing.answer(call, read, seen);
    if (path.startsWith("/segments")) return this.#answerSegments(call, read, seen);
    return null;
  }

  async #answerScripts(call: string, read: () => Promise<Body>): Promise<Answer | null> {
    switch (call) {
      case "GET /scripts":
        return { status: OK, body: this.versions };
      case "GET /scripts/versions/2":
        return {
          status: OK,
          body: { id: 2, name: "Tarjetas", language: "es", number: 2, state: "published", graph: GRAPH },
        };
      case "GET /scripts/versions/1/diff/2":
        return {
          status: OK,
          body: { lines: ["--- Tarjetas 1", "+++ Tarjetas 2", '-  "say": "Hola"', '+  "say": "Buenas"'] },
        };
      case "POST /scripts/check": {
        const graph = (await read()).graph as Schemas["Graph"];
        return { status: OK, body: preview(graph) };
      }
      case "PUT /scripts/draft": {
        const last = this.versions.at(-1) as Schemas["ScriptVersionView"];
        this.versions = [
          ...this.versions,
          { ...last, id: 3, number: 3, state: "draft", share: 0, leads: 0, promised: 0 },
        ];
        return { status: OK, body: { id: 3, number: 3 } };
      }
      case "GET /scripts/versions/3":
        return {
          status: OK,
          body: { id: 3, name: "Tarjetas", language: "es", number: 3, state: "draft", graph: GRAPH },
        };
      case "POST /scripts/versions/2/publish": {
        const share = Number((await read()).share);
        this.versions = this.versions.map((each) => (each.id === 2 ? { ...each, share } : each));
        return { status: DONE };
      }
    }
    return null;
  }

  /** Somebody else changes the first segment, beside the page under test. */
  changeSegment(change: Partial<Schemas["SegmentView"]>): Schemas["SegmentView"] {
    const held = this.segments[0] as Schemas["SegmentView"];
    const changed = { ...held, ...change, version: held.version + 1 };
    this.segments = this.segments.with(0, changed);
    return changed;
  }

  async #answerSegments(call: string, read: () => Promise<Body>, seen: number): Promise<Answer | null> {
    switch (call) {
      case "GET /segments":
        return { status: OK, body: this.segments };
      case "GET /segments/parts":
        return { status: OK, body: PARTS };
      case "GET /segments/runs":
        return { status: OK, body: [this.run] };
      case "POST /segments/runs":
        this.run = { ...RUN, id: RUN.id + 1, moved: 0, moves: [] };
        return { status: OK, body: this.run };
      case "POST /segments/count": {
        const { conditions } = (await read()).conditions as Schemas["ConditionsView"];
        const leads = conditions.length > 1 ? 312 : 4050;
        return { status: OK, body: { leads, of: 9800, balances_minor: { DOP: leads * 1_000_000 } } };
      }
      case "PUT /segments/1": {
        if (seen !== this.segments[0]?.version) return CHANGED_MEANWHILE;
        return { status: OK, body: this.changeSegment(await read()) };
      }
      case "POST /segments": {
        const settings = (await read()) as unknown as Schemas["SegmentSettings"];
        if (this.segments.some(({ name }) => name === settings.name)) {
          const detail = `there is a segment '${settings.name}' already`;
          return { status: 422, body: { type: "bad_segment", title: "", status: 422, detail } };
        }
        const added = { ...settings, id: 9, leads: 0, version: 1 };
        this.segments = [...this.segments, added];
        return { status: 201, body: added };
      }
    }
    return null;
  }

  #find(q: string): Schemas["FoundPerson"][] {
    const { id, external_ref, full_name, numbers, debts } = this.person;
    if (!full_name.toLowerCase().includes(q.toLowerCase())) return [];
    return [
      {
        id,
        external_ref,
        full_name,
        numbers: numbers.map(({ number }) => number),
        creditors: debts.map(({ creditor }) => creditor).join(", "),
      },
    ];
  }

  #tell(entry: Pick<Schemas["EntryView"], "kind" | "state" | "text" | "more">): void {
    const told = { at: new Date().toISOString(), who: "Rafael Ureña", ...entry };
    this.person = { ...this.person, entries: [told, ...this.person.entries] };
  }
}
