import type { Schemas } from "../../src/api/client";

/** A fictional portfolio: numbers of the ranges kept for fiction. */

export const leadWhy: Schemas["LeadCallability"] = {
  lead_id: 501,
  campaign: "Tarjetas 90+",
  state: "suppressed",
  callable: false,
  rule: "do_not_call",
  norm: "Ley 2300 art. 3",
  confidence: "read_secondary",
  sources: [
    { id: "S03", ref: "Ley 2300 de 2023", url: "https://example.org/ley-2300" },
    { id: "S05", ref: "Concepto 2023080946", url: "https://example.org/concepto" },
  ],
  clears_at: null,
  rule_set: "CO",
  rule_set_version: "2026-11-21",
  phones: [
    {
      phone_id: 1,
      number: "+18095550117",
      callable: false,
      rule: "hours",
      clears_at: "2026-11-23T12:00:00Z",
    },
    { phone_id: 2, number: "+18295550160", callable: true, rule: null, clears_at: null },
  ],
};

const number = (change: Partial<Schemas["NumberView"]>): Schemas["NumberView"] => ({
  number: "+18095550117",
  kind: "mobile",
  source: "creditor",
  status: "active",
  confidence: 0.97,
  demoted: false,
  tries: 7,
  right_party: 2,
  right_party_at: "2026-11-18T19:12:00Z",
  wrong_number: 0,
  wrong_number_at: null,
  last_outcome: "connected",
  tried_at: "2026-11-18T19:12:00Z",
  ...change,
});

export const person = (): Schemas["PersonView"] => ({
  id: 7,
  external_ref: "C-004512",
  full_name: "Ana María Rosario Tejeda",
  language: "es",
  time_zone: "America/Santo_Domingo",
  do_not_call: true,
  numbers: [
    number({}),
    number({
      number: "+18295550160",
      status: "invalid",
      confidence: 0.1,
      demoted: true,
      last_outcome: "invalid_number",
    }),
    number({
      number: "+18495550103",
      confidence: 0.15,
      demoted: true,
      right_party: 0,
      wrong_number: 1,
      tries: 2,
    }),
  ],
  debts: [
    {
      id: 1,
      external_ref: "T-88121",
      creditor: "Banco Ficticio",
      product: "Tarjeta Clásica",
      balance_minor: 4835025,
      currency: "DOP",
      due_on: "2026-08-17",
      stage: null,
      status: "open",
      role: null,
      debtor: null,
    },
    {
      id: 2,
      external_ref: "P-1200",
      creditor: "Banco Ficticio",
      product: "Préstamo",
      balance_minor: 12000000,
      currency: "DOP",
      due_on: "2026-10-01",
      stage: "late",
      status: "open",
      role: "guarantor",
      debtor: "Julio Tejeda",
    },
  ],
  leads: [
    {
      id: 501,
      campaign: "Tarjetas 90+",
      state: "suppressed",
      state_reason: "do_not_call",
      attempts: 7,
      next_at: "2026-11-20T12:00:00Z",
      segment: "Tardía",
      debt: "T-88121",
    },
  ],
  addresses: [
    { kind: "home", line: "Calle Ejemplo 12", city: "Santiago", subdivision: "DO-25", country: "DO" },
  ],
  entries: [
    {
      kind: "do_not_call",
      at: "2026-11-19T15:00:00Z",
      state: "debtor",
      who: null,
      text: null,
      more: { source: "debtor" },
    },
    {
      kind: "dispute",
      at: "2026-11-18T19:15:00Z",
      state: "open",
      who: "Lucía Peralta",
      text: "Dice que la tarjeta es de su hermana",
      more: { id: 3, reason: "not_mine", resolution: null, resolved_at: null, debt: "T-88121" },
    },
    {
      kind: "attempt",
      at: "2026-11-18T19:12:00Z",
      state: "connected",
      who: "Lucía Peralta",
      text: null,
      more: { id: "01KAGZ5T9Q", number: "+18095550117", disposition: "dispute", campaign: "Tarjetas 90+" },
    },
    {
      kind: "promise",
      at: "2026-11-02T14:00:00Z",
      state: "broken",
      who: "Lucía Peralta",
      text: null,
      more: {
        id: 12,
        amount_minor: 4835025,
        currency: "DOP",
        due_on: "2026-11-10",
        settled_at: "2026-11-12T05:00:00Z",
        debt: "T-88121",
      },
    },
    {
      kind: "payment",
      at: "2026-10-01T12:00:00Z",
      state: "file",
      who: null,
      text: null,
      more: { reference: "REC-77", amount_minor: 150000, currency: "DOP", debt: "T-88121" },
    },
    {
      kind: "wish",
      at: "2026-09-11T12:00:00Z",
      state: "never",
      who: null,
      text: null,
      more: {
        channel: "voice",
        weekdays: [1, 2],
        starts: "20:00",
        ends: null,
        until: null,
        source: "debtor",
      },
    },
  ],
});

const MEASURES: Schemas["SegmentField"]["tests"] = ["at_least", "at_most", "is_known", "is_unknown"];
const CHOICES: Schemas["SegmentField"]["tests"] = ["is_one_of", "is_none_of", "is_known", "is_unknown"];

export const PARTS: Schemas["SegmentParts"] = {
  fields: [
    { name: "balance", kind: "amount", tests: MEASURES, choices: [] },
    { name: "days_past_due", kind: "whole", tests: MEASURES, choices: [] },
    { name: "product", kind: "text", tests: CHOICES, choices: [] },
    { name: "risk_score", kind: "score", tests: MEASURES, choices: [] },
    { name: "promise", kind: "code", tests: CHOICES, choices: ["open", "kept", "broken", "withdrawn"] },
    { name: "disputed", kind: "yes_no", tests: ["is"], choices: [] },
  ],
  presets: [
    {
      name: "Promesa incumplida",
      conditions: { match: "all", conditions: [{ field: "promise", test: "is_one_of", value: ["broken"] }] },
      treatment: { number_order: "listed", priority: 300, target_handling_s: 240 },
    },
  ],
  scripts: [{ id: 1, name: "Tarjetas tardías" }],
};

export const segments = (): Schemas["SegmentView"][] => [
  {
    id: 1,
    name: "Tardía",
    position: 1,
    active: true,
    leads: 4050,
    version: 1,
    conditions: { match: "all", conditions: [{ field: "days_past_due", test: "at_least", value: 91 }] },
    treatment: { number_order: "best", target_handling_s: 300, script_id: 1 },
  },
  {
    id: 2,
    name: "Cartera del banco",
    position: 2,
    active: true,
    leads: 120,
    version: 1,
    conditions: null,
    treatment: { number_order: "listed" },
  },
];

export const RUN: Schemas["SegmentRunView"] = {
  id: 31,
  started_at: "2026-11-21T06:00:00Z",
  finished_at: "2026-11-21T06:04:00Z",
  leads: 9800,
  moved: 214,
  moves: [
    { from_name: "Media", to_name: "Tardía", leads: 180 },
    { from_name: null, to_name: "Promesa incumplida", leads: 34 },
  ],
};

export const plan = (): Schemas["ContactPlanView"] => ({
  quota: null,
  max_attempts: 30,
  rules: {
    no_answer: { delay_s: 7200, max_tries: 4, next_phone: true },
    busy: { delay_s: 600, max_tries: 5, next_phone: false },
    congestion: { delay_s: 5, max_tries: 100, next_phone: false },
    machine: { delay_s: 10800, max_tries: 4, next_phone: true },
  },
  usual: true,
  version: 7,
});

export const GRAPH: Schemas["Graph"] = {
  start: "saludo",
  steps: [
    {
      id: "saludo",
      title: "Saludo",
      say: "Buenas tardes, ¿hablo con {{ debtor.name }}?",
      notices: ["agent_name"],
      answers: [{ label: "Es él", to: "deuda", result: null }],
    },
    {
      id: "deuda",
      title: "La deuda",
      say: "Debe {{ debt.balance }} a {{ debt.creditor }}.",
      notices: [],
      answers: [],
      to: null,
      result: { disposition: "promise", fields: {} },
    },
  ],
  objections: [{ title: "No reconoce la deuda", say: "Le envío el detalle." }],
  rule_sets: [],
};

/** As the server would show it; a field that there is not is a fault of its step. */
export const preview = (graph: Schemas["Graph"]): Schemas["CheckedScript"] => ({
  faults: graph.steps
    .filter(({ say }) => say.includes("secret"))
    .map(({ id }) => ({ where: id, what: "'debtor.secret' is undefined (line 1)" })),
  preview: {
    version_id: 0,
    number: 0,
    start: graph.start,
    steps: graph.steps.map((step) => ({
      id: step.id,
      title: step.title,
      markdown: step.say
        .replace("{{ debtor.name }}", "Ana Ejemplo")
        .replace("{{ debt.balance }}", "RD$48,350.25"),
      notices: step.notices,
      answers: step.answers.map(({ label, to }) => ({ label, to, result: null })),
      to: step.to ?? null,
      result: null,
    })),
    objections: [],
    error: null,
  },
});

const version = (change: Partial<Schemas["ScriptVersionView"]>): Schemas["ScriptVersionView"] => ({
  id: 1,
  script_id: 1,
  name: "Tarjetas",
  language: "es",
  number: 1,
  state: "published",
  share: 50,
  leads: 812,
  promised: 90,
  conversion: { low: 0.091, high: 0.134 },
  handling_s: 241,
  judgement: "worse",
  rival: 2,
  conversion_gap: { low: -0.075, high: -0.011 },
  handling_gap_s: { low: -4, high: 22 },
  ...change,
});

export const versions = (): Schemas["ScriptVersionView"][] => [
  version({}),
  version({
    id: 2,
    number: 2,
    leads: 790,
    promised: 122,
    conversion: { low: 0.131, high: 0.181 },
    handling_s: 232,
    judgement: "better",
    rival: 1,
    conversion_gap: { low: 0.011, high: 0.075 },
    handling_gap_s: { low: -22, high: 4 },
  }),
];
