import type { Schemas } from "../../src/api/client";

type Setup = Schemas["CampaignSetup"];
type Settings = Schemas["CampaignSettings"];
type Breach = Schemas["BreachView"];
type Answer = { status: number; body?: unknown };

const FTC = { id: "S52", ref: "16 CFR 310.4", url: "https://example.org/16-cfr-310-4" };
const OK = 200;

const USUAL: Settings = {
  name: "",
  agent_group: "",
  language: "es",
  rule_set: "strict",
  mode: "progressive",
  policy: "predictive",
  ratio: 1.5,
  max_lines_per_agent: 3,
  abandon_cap: 0.03,
  abandon_window: "day",
  connect_limit_s: 2,
  ring_timeout_s: 25,
  wrap_up_s: 60,
  recording_notice: "played",
  priority: 0,
  share: 1,
  screening: "off",
  on_machine: "hang_up",
  message_text: null,
  abandoned_text: null,
};

const law = (name: string, place = ""): Schemas["LawView"] => ({
  name,
  place,
  version: "2026-11-21",
  least_ring_s: name === "laboratory" ? null : 15,
  most_abandoned: name === "laboratory" ? null : 0.03,
  widest_window: "day",
  most_wait_s: name === "laboratory" ? null : 2,
});

const PARTS: Schemas["CampaignParts"] = {
  groups: [
    { name: "Castigo", agents: 0 },
    { name: "Mora", agents: 10 },
  ],
  laws: [law("CO"), law("US"), law("BR-SP", "São Paulo"), law("laboratory"), law("strict")],
  numbers: [
    { trunk: "telco", number: "+18095550100", owner: "Cobros Antillana", answered_by: "La central" },
    { trunk: "telco", number: "+18295550101", owner: "", answered_by: "" },
  ],
  usual: USUAL,
  own_messages: { es: "Este es un mensaje.", en: "This is a message.", pt: "Esta é uma mensagem." },
};

/** The campaigns' page as the server serves it, from memory: a law that caps the abandoned and wants words for them. */
export class MockCampaigns {
  setups: Setup[] = [
    this.#setup(1, { ...USUAL, name: "Tarjetas 90+", agent_group: "Mora", rule_set: "laboratory" }, 7),
    this.#setup(2, { ...USUAL, name: "Autos noviembre", agent_group: "Castigo", mode: "predictive" }, 1),
  ];
  /** Answers to a check that were given. */
  checks = 0;

  /** Somebody else changes a setup beside the page under test. */
  change(id: number, part: Partial<Settings>): void {
    const held = this.#held(id);
    this.#put({ ...this.#setup(id, { ...held.settings, ...part }, held.version + 1), state: held.state });
  }

  async answer(
    call: string,
    read: () => Promise<Record<string, unknown>>,
    seen: number,
  ): Promise<Answer | null> {
    if (call === "GET /campaigns/parts") return { status: OK, body: PARTS };
    if (call === "GET /campaigns/setups") return { status: OK, body: this.setups };
    if (call === "POST /campaigns/check") {
      this.checks += 1;
      const { settings } = (await read()) as { settings: Settings };
      return { status: OK, body: { breaches: breachesOf(settings), rule_set_version: "2026-11-21" } };
    }
    if (call === "POST /campaigns") {
      const { settings } = (await read()) as { settings: Settings };
      if (this.setups.some(({ name }) => name === settings.name))
        return refused(
          422,
          "bad_campaign",
          `a campaign named '${settings.name}' exists: choose another name`,
        );
      const made = this.#setup(this.setups.length + 1, settings, 1);
      this.setups = [...this.setups, made];
      return { status: 201, body: made };
    }
    const [, method, id, what] = /^(GET|PUT) \/campaigns\/(\d+)\/(setup|archive)$/.exec(call) ?? [];
    if (method === undefined) return null;
    const held = this.setups.find((each) => each.id === Number(id));
    if (!held) return refused(404, "not_found", "");
    if (method === "GET") return { status: OK, body: held };
    if (seen !== held.version) return refused(412, "version_mismatch", "");
    const body = await read();
    this.#put(
      what === "archive"
        ? { ...held, archived: Boolean(body.archived), version: held.version + 1 }
        : { ...this.#setup(held.id, body as unknown as Settings, held.version + 1), state: held.state },
    );
    return { status: OK, body: this.#held(held.id) };
  }

  #held(id: number): Setup {
    return this.setups.find((each) => each.id === id) as Setup;
  }

  #put(setup: Setup): void {
    this.setups = this.setups.map((each) => (each.id === setup.id ? setup : each));
  }

  #setup(id: number, settings: Settings, version: number): Setup {
    return {
      id,
      name: settings.name,
      agent_group: settings.agent_group,
      agents: PARTS.groups.find(({ name }) => name === settings.agent_group)?.agents ?? 0,
      rule_set: settings.rule_set,
      mode: settings.mode,
      state: "draft",
      state_reason: null,
      has_leads: id === 1,
      archived: false,
      version,
      breaches: breachesOf(settings),
      settings,
      fixed: [],
    };
  }
}

function refused(status: number, type: string, detail: string): Answer {
  return { status, body: { type, title: type, status, detail } };
}

function breachesOf(settings: Settings): Breach[] {
  if (settings.rule_set === "laboratory" || settings.mode !== "predictive") return [];
  const found: Breach[] = [];
  const base = { norm: "16 CFR 310.4(b)(4)", sources: [FTC], confidence: "read_secondary", says: "" };
  if (settings.abandon_cap > 0.03) {
    const values = { cap: settings.abandon_cap, most_pct: 3 };
    found.push({ ...base, rule: "abandonment_cap", fault: "cap_high", values, bars: "storing" });
  }
  if (settings.abandoned_text === null)
    found.push({
      ...base,
      rule: "abandoned_message",
      fault: "message_missing",
      values: {},
      bars: "starting",
    });
  return found;
}
