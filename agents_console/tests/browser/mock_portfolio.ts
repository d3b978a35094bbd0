import type { Schemas } from "../../src/api/client";

const OK = 200;

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

  /** The answer to a call of the API (`GET /people`), or null where this is not about the portfolio. */
  answer(call: string): { status: number; body: unknown } | null {
    if (call === "GET /campaigns/1/callability") return { status: OK, body: this.obstacles };
    return null;
  }
}
