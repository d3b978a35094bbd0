import type { Schemas } from "../../src/api/client";

/** Fictional people and figures for the console's own tests: numbers of the ranges kept for fiction. */

type CallCard = Schemas["CallCard"];
type CampaignLive = Schemas["CampaignLive"];
type MeLive = Schemas["MeLive"];

export const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

export const PEOPLE: Record<Schemas["Me"]["role"], Schemas["Me"]> = {
  agent: { id: 11, login: "agente1", display_name: "Lucía Peralta", role: "agent", agent_group_id: 1 },
  supervisor: {
    id: 2,
    login: "supervisor",
    display_name: "Rafael Ureña",
    role: "supervisor",
    agent_group_id: null,
  },
  qa: { id: 3, login: "calidad", display_name: "Noemí Batista", role: "qa", agent_group_id: null },
  admin: { id: 1, login: "admin", display_name: "Admin", role: "admin", agent_group_id: null },
};

type Field = Schemas["FieldView"];
const asks = (name: string, kind: Field["kind"], required = false, choices: string[] = []): Field => ({
  name,
  kind,
  required,
  choices,
});

/** As the server says them, for the effects of the list below. */
const FIELDS: Partial<Record<Schemas["Effect"], Field[]>> = {
  promise: [
    asks("amount", "amount", true),
    asks("due_on", "date", true),
    asks("instalments", "instalments"),
    asks("method", "choice", false, ["transfer", "card", "cash", "other"]),
  ],
  paid: [asks("paid_on", "date", true), asks("amount", "amount"), asks("reference", "text")],
  callback: [asks("callback_at", "moment", true), asks("anyone", "flag")],
};

export const DISPOSITIONS: Schemas["DispositionView"][] = [
  ["promise", "Promesa de pago", "Promise to pay", "Promessa de pagamento", "promise", true],
  ["paid", "Ya pagó", "Already paid", "Já pagou", "paid", true],
  ["callback", "Volver a llamar", "Call back", "Ligar de novo", "callback", true],
  ["refuses", "Se niega a pagar", "Refuses to pay", "Recusa-se a pagar", "retry", true],
  ["third_party", "Contestó otra persona", "Third party", "Outra pessoa atendeu", "retry", false],
  ["wrong_number", "Número equivocado", "Wrong number", "Número errado", "wrong_number", false],
  ["voicemail", "Contestador", "Voicemail", "Caixa postal", "retry", false],
  [
    "do_not_call",
    "Pide que no lo llamen",
    "Asks not to be called",
    "Pede para não ligar",
    "do_not_call",
    true,
  ],
].map(([code, es, en, pt, effect, right_party]) => ({
  code: code as string,
  label: { es: es as string, en: en as string, pt: pt as string },
  effect: effect as Schemas["Effect"],
  right_party: right_party as boolean,
  fields: FIELDS[effect as Schemas["Effect"]] ?? [],
}));

const SCRIPT = `Buenas tardes, ¿hablo con **Ana María Rosario Tejeda**?

> Le informo que esta llamada se graba para cuidar la calidad del servicio.

## Si es el titular

Le habla **Lucía Peralta**, de *Cobros Antillana*. Le llamo por su **Tarjeta Clásica** con Banco Ficticio:
tiene un saldo de **RD$48,350.25** con **97 días** de atraso.

1. ¿Cuándo podría realizar el pago?
2. ¿Le resulta más fácil un pago único o en dos partes?

## Si no está

- Pregunte a qué hora encontrarlo.
- **No revele** el motivo de la llamada.

<img src="https://example.invalid/x.png" onerror="window.hacked = true"> [salir](https://example.invalid/)
`;

export const ATTEMPT = "01KAGZ5T9Q8M4R7XW2E3Y6N1PB";

export function callCard(change: Partial<CallCard> = {}): CallCard {
  return {
    attempt_id: ATTEMPT,
    lead_id: 501,
    campaign_id: 1,
    campaign_name: "Tarjetas 90+",
    mode: "predictive",
    rule_set: "laboratory",
    state: "bridged",
    number: "+18095550117",
    phone_id: 1,
    person: {
      full_name: "Ana María Rosario Tejeda",
      external_ref: "C-004512",
      language: "es",
      time_zone: "America/Santo_Domingo",
    },
    phones: [
      { id: 1, number: "+18095550117", status: "active" },
      { id: 2, number: "+18295550160", status: "invalid" },
      { id: 3, number: "+18495550103", status: "active" },
    ],
    debts: [
      {
        external_ref: "TC-88120",
        creditor: "Banco Ficticio",
        product: "Tarjeta Clásica",
        balance_minor: 4835025,
        currency: "DOP",
        due_on: "2026-08-16",
        days_past_due: 97,
      },
      {
        external_ref: "PR-10277",
        creditor: "Banco Ficticio",
        product: "Préstamo personal",
        balance_minor: 1210000,
        currency: "DOP",
        due_on: "2026-10-02",
        days_past_due: 50,
      },
    ],
    segment: "Mora 90-120",
    target_handling_s: 300,
    script_name: "Tarjetas, primer contacto",
    script: {
      version_id: 1,
      number: 1,
      start: "page",
      steps: [{ id: "page", title: "", markdown: SCRIPT, notices: [], answers: [], to: null, result: null }],
      objections: [],
      error: null,
    },
    dispositions: DISPOSITIONS,
    recording_notice: "spoken",
    notice_at: null,
    recording: true,
    answered_at: ago(1),
    connected_at: ago(0.8),
    ended_at: null,
    outcome: null,
    wrap_up_until: null,
    ...change,
  };
}

export function meLive(change: Partial<MeLive> = {}): MeLive {
  return {
    state: "logged_out",
    reason: null,
    since: ago(5),
    leg_up: false,
    after_wrap_up: null,
    calls_today: 23,
    call: null,
    campaigns: ["Tarjetas 90+"],
    ...change,
  };
}

export function campaignLive(change: Partial<CampaignLive> = {}): CampaignLive {
  return {
    id: 1,
    name: "Tarjetas 90+",
    state: "running",
    state_reason: null,
    mode: "predictive",
    ratio: 1.5,
    rule_set: "laboratory",
    version: 7,
    dialling: 3,
    ringing: 9,
    waiting: 0,
    talking: 6,
    attempts_today: 1284,
    live_answers_today: 331,
    connected_today: 322,
    abandoned_today: 4,
    abandon_rate: 4 / 331,
    abandon_cap: 0.03,
    outcomes_today: {
      no_answer: 512,
      connected: 322,
      busy: 131,
      machine: 188,
      invalid_number: 74,
      rejected: 31,
      congestion: 12,
      abandoned: 4,
      customer_hung_up: 5,
    } as CampaignLive["outcomes_today"],
    leads_left: 2210,
    pacing: {
      policy: "predictive",
      calls: 2,
      limit: "risk",
      reason: "The next person answering would find no agent with 4.1 % probability, 3.6 % is allowed.",
      ready: 2,
      logged_in: 10,
      in_flight: 12,
      waiting: 0,
      risk_allowed: 0.036,
      risk_next: 0.041,
      level: 0.2,
      p_human: 0.258,
      abandonments_left: 5.9,
      calls_seen: 1284,
      answers_5s: 1.4,
      free_agents_5s: 3.1,
      answers_10s: 2.6,
      free_agents_10s: 4.4,
      answers_20s: 4.9,
      free_agents_20s: 6.8,
      window: "day",
      cap: 0.03,
      live_day: 331,
      abandoned_day: 4,
      left_day: 5.93,
      live_month: 6120,
      abandoned_month: 151,
      left_month: 32.6,
      live_campaign: 9412,
      abandoned_campaign: 290,
      left_campaign: -7.64,
    },
    ...change,
  };
}

export function campaignView(live: CampaignLive): Schemas["CampaignView"] {
  return {
    id: live.id,
    name: live.name,
    agent_group_id: 1,
    state: live.state,
    state_reason: live.state_reason,
    mode: live.mode,
    ratio: live.ratio,
    max_lines_per_agent: 3,
    abandon_cap: live.abandon_cap,
    connect_limit_s: 2,
    ring_timeout_s: 25,
    wrap_up_s: 30,
    recording_notice: "spoken",
    rule_set: live.rule_set,
    language: "es",
    version: live.version,
    policy: "predictive",
    abandon_window: "day",
    priority: 0,
    share: 1,
    archived: false,
  };
}

const STATES: [string, Schemas["AgentState"], number, string | null][] = [
  ["Lucía Peralta", "on_call", 94, null],
  ["Óscar Medina", "on_call", 31, null],
  ["Yesenia Cruz", "on_call", 402, null],
  ["Iván Matos", "wrap_up", 12, null],
  ["Carmen Almonte", "ready", 8, null],
  ["Julio Severino", "ready", 3, null],
  ["Paola Guzmán", "not_ready", 612, "lunch"],
  ["Wilson Tejada", "not_ready", 140, "restroom"],
  ["Rosa Valdez", "unreachable", 5, null],
  ["Elías Frías", "logged_out", 5, null],
];

export const AGENTS: Record<string, Schemas["AgentLive"]> = Object.fromEntries(
  STATES.map(([name, state, seconds, reason], n) => [
    11 + n,
    {
      id: 11 + n,
      name,
      state,
      reason,
      since: ago(seconds),
      leg_up: !["unreachable", "logged_out"].includes(state),
      attempt_id: null,
      calls_today: (37 * (n + 3)) % 61,
    },
  ]),
);

const NAMES = [
  "Ana María Rosario Tejeda",
  "Pedro Julián Encarnación",
  "Mercedes Polanco",
  "Luis Ramón Ozuna",
];

export const RECORDINGS: Schemas["RecordingView"][] = Array.from({ length: 12 }, (_, n) => ({
  id: 900 - n,
  attempt_id: ATTEMPT.slice(0, 24) + String(10 + n),
  campaign_id: 1,
  campaign_name: "Tarjetas 90+",
  agent_id: 11 + (n % 3),
  agent_name: STATES[n % 3]?.[0] ?? null,
  person_name: NAMES[n % 4] ?? "",
  number: `+1809555010${n % 10}`,
  disposition: DISPOSITIONS[n % 5]?.code ?? null,
  started_at: ago(600 + n * 431),
  duration_ms: 20_000 + n * 7_300,
  bytes: 480_000,
  sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}));

const verdicts = (label: string, cause: string, to_agent: boolean, calls: number) => ({
  ...{ label, cause, to_agent, calls, corrected: 0, messages: 0 },
});

/** A day of a campaign whose calls are listened to. */
export const SCREENING: Schemas["ScreeningView"] = {
  settings: {
    screening: "on",
    cost_ratio: 20,
    on_machine: "leave_message",
    control_share: 0.015,
    connect_clock: "greeting_end",
    late_correction: true,
    message_text: null,
    announcement_text: null,
  },
  has_sound: false,
  version: 7,
  screener_up: true,
  screener_reason: null,
  screener_since: "2026-03-03T12:00:00Z",
  verdicts: [
    verdicts("HUMAN", "timing", true, 318),
    verdicts("MACHINE", "timing", false, 240),
    verdicts("MACHINE", "beep", false, 61),
    verdicts("FAX", "fax", false, 3),
    verdicts("unknown", "late", true, 2),
  ],
  controls: 212,
  control_persons: 1,
  machines_ended: 9400,
  machines_passed: 31,
  person_by_control: { share: 0.0047, low: 0.0001, high: 0.026 },
  human_as_machine: { share: 0.0042, low: 0.0001, high: 0.0231 },
  abandon_rate: 0.014,
  trade_off: [
    { cost_ratio: 1, human_as_machine: 0.0128, machine_passed: 0.327 },
    { cost_ratio: 10, human_as_machine: 0.0039, machine_passed: 0.367 },
    { cost_ratio: 100, human_as_machine: 0.003, machine_passed: 0.433 },
  ],
};

/** Who answered the calls of all recordings. */
export const VERDICT: Schemas["AttemptScreening"] = {
  attempt_id: "01KJT3D3C01HEAD8X4A1JH69RE",
  answered_at: "2026-03-03T15:00:00Z",
  judged_at: "2026-03-03T15:00:01Z",
  mode: "on",
  label: "HUMAN",
  cause: "timing",
  posterior: 0.96,
  decided_at_ms: 1140,
  greeting_end_ms: 840,
  to_agent: true,
  control: false,
  features: {},
  corrected_label: "MACHINE",
  corrected_cause: "beep",
  corrected_at_ms: 7260,
  spoken_kind: null,
  spoken_at: null,
};

const figures = (occupancy: number, abandon_rate: number): Schemas["StretchFigures"] => ({
  minutes: 60,
  attempts: 320,
  live_answers: 90,
  connected: 88,
  abandoned: 2,
  abandon_rate,
  occupancy,
  idle_s: 21,
});

export const settingsLog = (): Schemas["CampaignChangeView"][] => [
  {
    id: 5,
    at: ago(1800),
    user_name: "Rafael Ureña",
    before: { abandon_cap: 0.02 },
    after: { abandon_cap: 0.03 },
    undoes_id: null,
    undoable: true,
    figures_before: figures(0.712, 0.011),
    figures_after: figures(0.794, 0.022),
  },
  {
    id: 4,
    at: ago(9000),
    user_name: null,
    before: { mode: "progressive", abandon_window: "campaign" },
    after: { mode: "predictive", abandon_window: "day" },
    undoes_id: null,
    undoable: false,
    figures_before: figures(0.541, 0),
    figures_after: figures(0.708, 0.012),
  },
];

const forecastFigures = (occupancy: number, abandonment: number): Schemas["ForecastFigures"] => ({
  occupancy: [occupancy, occupancy - 0.011, occupancy + 0.011],
  abandonment: [abandonment, abandonment - 0.004, abandonment + 0.004],
  idle_s: [24.1, 21.8, 26.4],
  talk_min_per_hour: [39.2, 38.1, 40.3],
  connects_per_hour: [22.4, 21.6, 23.2],
});

export const FORECAST: Schemas["ForecastLine"]["line"][] = [
  { kind: "progress", share: 0.4 },
  {
    kind: "result",
    share: 1,
    runs: 6,
    hours: 0.8,
    now: forecastFigures(0.794, 0.0265),
    changed: forecastFigures(0.741, 0.0104),
    difference: forecastFigures(-0.053, -0.0161),
    calls_seen: 1284,
    minutes_seen: 176,
    agents_seen: 9.6,
  },
];
