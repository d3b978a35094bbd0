import type { IncomingMessage } from "node:http";
import type { Schemas } from "../../src/api/client";

type Import = Schemas["ImportView"];
type Answer = { status: number; body?: unknown };

const HEADER = ["Cédula", "Nombre", "Celular", "Correo"];
const TARGETS = ["external_ref", "full_name", "phone1", null];
const ROWS = [
  ["001-1", "Ana Peña", "8095550101", "ana@example.org"],
  ["001-2", "Luis Mota", "123", "luis@example.org"],
];

const PARTS: Schemas["ImportParts"] = {
  columns: {
    leads: ["external_ref", "full_name", "phone1", "phone2", "debt_ref", "balance", "city"].map((name) => ({
      name,
      required: ["external_ref", "full_name", "phone1"].includes(name),
    })),
    cases: ["external_ref", "note"].map((name) => ({ name, required: name === "external_ref" })),
  },
  of_a_debt: ["creditor", "product", "balance", "currency"],
  max_bytes: 536_870_912,
};

export function report(change: Partial<Schemas["LeadsReport"]> = {}): Schemas["LeadsReport"] {
  return {
    list_name: "cartera.csv",
    rows: 1204,
    bad_rows: 2,
    leads: 1180,
    known_leads: 22,
    refreshed_leads: 0,
    suppressed: 7,
    phones: 2410,
    debts: 1202,
    repeated_rows: 3,
    shared_numbers: 4,
    resumed_rows: 0,
    ignored_columns: ["Correo"],
    books: [
      {
        currency: "DOP",
        debts_before: 20,
        before_minor: 5_000_000,
        new_debts: 1180,
        new_minor: 310_000_050,
        raised_debts: 2,
        raised_minor: 40_000,
        lowered_debts: 1,
        lowered_minor: 15_000,
        closed_debts: 1,
        closed_minor: 100_000,
        unchanged_debts: 16,
        debts_after: 1199,
        after_minor: 314_925_050,
      },
    ],
    findings: { bad_number: 2, repeated: 3, do_not_call: 7 },
    ...change,
  };
}

/** Files of creditors, from memory. The work on one goes on for as long as a test wants: `finish` ends it. */
export class MockImports {
  files: Import[] = [];
  mappings: Schemas["MappingView"][] = [];
  /** The settings of each check and load. */
  begun: Schemas["ImportSettings"][] = [];
  /** What the next preview is refused with. */
  previewProblem: string | null = null;

  async answer(call: string, query: URLSearchParams, request: IncomingMessage): Promise<Answer | null> {
    const [method = "", path = ""] = call.split(" ");
    if (call === "GET /imports/parts") return { status: 200, body: PARTS };
    if (call === "GET /imports") return { status: 200, body: this.files };
    if (call === "GET /imports/mappings") return { status: 200, body: this.mappings };
    if (call === "PUT /imports/mappings") {
      this.mappings = [...this.mappings, await readBody(request)];
      return { status: 204 };
    }
    if (call === "POST /imports") {
      let size = 0;
      for await (const chunk of request) size += (chunk as Buffer).length;
      const file = this.#add(query, size);
      return { status: 201, body: file };
    }
    const [, id, what] = /^\/imports\/(\d+)(?:\/(\w+))?$/.exec(path) ?? [];
    const file = this.files.find((each) => String(each.id) === id);
    if (!file) return null;
    switch (`${method} ${what ?? ""}`) {
      case "GET ":
        return { status: 200, body: file };
      case "DELETE ":
        this.files = this.files.filter((each) => each !== file);
        return { status: 204 };
      case "POST preview":
        if (this.previewProblem)
          return {
            status: 422,
            body: { type: "bad_file", title: "", status: 422, detail: this.previewProblem },
          };
        return {
          status: 200,
          body: {
            encoding: "utf-8",
            delimiter: ",",
            columns: HEADER.map((name, n) => ({ name, target: TARGETS[n] ?? null, guessed: n === 0 })),
            rows: ROWS,
            missing: [],
            mapping: null,
          } satisfies Schemas["FilePreview"],
        };
      case "POST check":
      case "POST load": {
        const settings = await readBody<Schemas["ImportSettings"]>(request);
        this.begun.push(settings);
        const progress = { what: "reading", done: 300, total: 1204, rows: 300 };
        const state = what === "check" ? ("checking" as const) : ("loading" as const);
        return { status: 202, body: this.change(file.id, { state, settings, progress, problem: null }) };
      }
      case "POST stop":
        return { status: 200, body: this.change(file.id, { state: "interrupted", progress: null }) };
      case "GET findings":
        return {
          status: 200,
          body: {
            header: HEADER,
            findings: [
              {
                row: 3,
                kind: "bad_number",
                column: "Celular",
                message: "'123' is not a phone number",
                cells: ROWS[1] as string[],
              },
              {
                row: 9,
                kind: "do_not_call",
                column: null,
                message: "this person asked not to be called",
                cells: ROWS[0] as string[],
              },
            ],
          } satisfies Schemas["FindingPage"],
        };
    }
    return null;
  }

  change(id: number, change: Partial<Import>): Import {
    const now = { ...(this.files.find((each) => each.id === id) as Import), ...change };
    this.files = this.files.map((each) => (each.id === id ? now : each));
    return now;
  }

  #add(query: URLSearchParams, size: number): Import {
    const same = this.files.find(({ size_bytes }) => size_bytes === size);
    const at = new Date().toISOString();
    const file: Import = {
      id: this.files.length + 1,
      kind: (query.get("kind") ?? "leads") as Import["kind"],
      name: query.get("name") ?? "",
      size_bytes: size,
      user_name: "Rafael Ureña",
      created_at: at,
      changed_at: at,
      state: "waiting",
      settings: null,
      progress: null,
      leads: null,
      cases: null,
      problem: null,
      same_as: same?.id ?? null,
      loaded_as:
        same?.state === "loaded" ? [{ campaign_name: "Tarjetas", list_name: "cartera.csv", at }] : [],
    };
    this.files = [file, ...this.files];
    return file;
  }
}

async function readBody<T>(request: IncomingMessage): Promise<T> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as T;
}
