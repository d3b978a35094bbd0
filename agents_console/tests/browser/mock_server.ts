import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import type { Schemas } from "../../src/api/client";
import type { Intent } from "../../src/intents";
import {
  AGENTS,
  campaignLive,
  campaignView,
  DISPOSITIONS,
  FORECAST,
  meLive,
  PEOPLE,
  RECORDINGS,
  SCREENING,
  settingsLog,
  VERDICT,
} from "./demo_data";
import { MockCampaigns } from "./mock_campaigns";
import { MockImports } from "./mock_imports";
import { MockPortfolio } from "./mock_portfolio";
import { makeStereoWav, PEAKS_PER_S, soundPeaks } from "./sound";

type Change = Schemas["Delta"]["changes"][number];
type Role = Schemas["Me"]["role"];
type Screening = Schemas["ScreeningView"];

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/**
 * Speaks the API's words: serves the built console, REST and the live socket from memory. What each test wants of the
 * dialer it says by `onIntent` and `push`.
 */
export class MockServer {
  me = meLive();
  campaigns: Record<string, Schemas["CampaignLive"]> = { 1: campaignLive() };
  /** Lines of the answer to a what-if. */
  forecast: Schemas["ForecastLine"]["line"][] = FORECAST;
  settingsLog: Schemas["CampaignChangeView"][] = settingsLog();
  agents = { ...AGENTS };
  screening: Screening = SCREENING;
  portfolio = new MockPortfolio();
  imports = new MockImports();
  setups = new MockCampaigns();
  switch: Schemas["SwitchLive"] = { dialer_up: true, switch_up: true };
  intents: Intent[] = [];
  /** Requests to REST paths that change something, as "METHOD path". */
  changes: string[] = [];
  /** Carries an intent out; gives the code of a refusal, or null. */
  onIntent: (intent: Intent) => string | null = () => null;
  softphone: Schemas["Softphone"] | null = null;
  /** Answers to PATCH, instead of accepting. */
  patchStatus = 200;
  live = new Set<WebSocket>();
  /** Refuses new live sockets, as when the server is down. */
  refusesLive = false;
  #sessions = new Map<string, Role>();
  #seq = 0;
  #intentId = 0;
  #http = createServer((request, response) => {
    this.#serve(request, response).catch((error) => {
      response.writeHead(500).end(String(error));
    });
  });
  #sockets = new WebSocketServer({ noServer: true });

  constructor(
    readonly dist: string,
    readonly sipOrigin: string,
  ) {}

  get origin(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    this.#http.on("upgrade", (request, socket, head) => {
      const role = this.#role(request);
      if (this.refusesLive || role === null || request.url !== "/api/v1/live") return socket.destroy();
      this.#sockets.handleUpgrade(request, socket, head, (live) => {
        this.live.add(live);
        live.on("close", () => this.live.delete(live));
        live.on("message", () => this.#sendSnapshot(live, role));
        this.#sendSnapshot(live, role);
      });
    });
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async stop(): Promise<void> {
    for (const live of this.live) live.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** Sends changes as the next delta; `skip` leaves out so many numbers before it, as if messages had been lost. */
  push(changes: Change[], skip = 0): void {
    this.#seq += 1 + skip;
    for (const change of changes) this.#keep(change);
    const delta: Schemas["Delta"] = { type: "delta", seq: this.#seq, changes };
    for (const live of this.live) live.send(JSON.stringify(delta));
  }

  /** Changes the agent and tells the console. */
  setMe(change: Partial<Schemas["MeLive"]>): void {
    const since = change.state && change.state !== this.me.state ? new Date().toISOString() : this.me.since;
    this.push([{ kind: "me", value: { ...this.me, since, ...change } }]);
  }

  #keep(change: Change): void {
    if (change.kind === "me") this.me = change.value;
    if (change.kind === "switch") this.switch = change.value;
    if (change.kind === "campaign" && change.value) this.campaigns[change.id] = change.value;
    if (change.kind === "agent" && change.value) this.agents[change.id] = change.value;
  }

  #sendSnapshot(live: WebSocket, role: Role): void {
    const supervises = role === "supervisor" || role === "admin";
    const view: Schemas["LiveView"] = {
      me: role === "agent" ? this.me : null,
      campaigns: supervises ? this.campaigns : {},
      agents: supervises ? this.agents : {},
      switch: this.switch,
      server_time: new Date().toISOString(),
    };
    live.send(JSON.stringify({ type: "snapshot", seq: this.#seq, view } satisfies Schemas["Snapshot"]));
  }

  #role(request: IncomingMessage): Role | null {
    const token = /cadencia=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
    return (token && this.#sessions.get(token)) || null;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    response.setHeader(
      "Content-Security-Policy",
      `default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; ` +
        `media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self' ${this.sipOrigin}; object-src 'none'`,
    );
    if (url.pathname.startsWith("/api/v1/")) return this.#answer(url, request, response);
    const path = extname(url.pathname) === "" ? "/index.html" : url.pathname;
    const body = await readFile(join(this.dist, path)).catch(() => null);
    if (body === null) return void response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream" }).end(body);
  }

  async #answer(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = url.pathname.slice("/api/v1".length);
    const call = `${request.method} ${path}`;
    const role = this.#role(request);
    const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
      response
        .writeHead(status, { "Content-Type": "application/json", ...headers })
        .end(JSON.stringify(body));
    const refuse = (status: number, type: string) =>
      response
        .writeHead(status, { "Content-Type": "application/problem+json" })
        .end(JSON.stringify({ type, title: type, status, detail: type }));

    if (request.method !== "GET") {
      this.changes.push(call);
      if (request.headers["x-cadencia-request"] !== "1") return void refuse(403, "header_missing");
    }
    if (call === "POST /session") {
      const { login, password } = await readJson(request);
      const who = Object.values(PEOPLE).find((person) => person.login === login);
      if (!who || password !== "clave") return void refuse(401, "wrong_credentials");
      const token = `t${Math.random().toString(36).slice(2)}`;
      this.#sessions.set(token, who.role);
      return void json(who, 200, { "Set-Cookie": `cadencia=${token}; HttpOnly; Path=/` });
    }
    if (role === null) return void refuse(401, "not_logged_in");
    const reads = role !== "agent";
    switch (call) {
      case "GET /session":
        return void json(PEOPLE[role]);
      case "DELETE /session":
        this.#sessions.clear();
        for (const live of this.live) live.close();
        return void response.writeHead(204).end();
      case "POST /softphone":
        return void (this.softphone ? json(this.softphone) : refuse(503, "softphone_not_configured"));
      case "POST /intents":
        return this.#accept((await readJson(request)).intent as Intent, json);
      case "GET /campaigns":
        return void (reads
          ? json(Object.values(this.campaigns).map(campaignView))
          : refuse(403, "not_allowed"));
      case "GET /campaigns/1/dispositions":
        return void json(DISPOSITIONS);
      case "GET /campaigns/1/changes":
        return void json(this.settingsLog);
      case "POST /campaigns/1/changes/5/undo": {
        const [change] = this.settingsLog.splice(0, 1);
        const live = this.campaigns[1] as Schemas["CampaignLive"];
        const value = { ...live, abandon_cap: 0.03, version: live.version + 1 };
        this.settingsLog.unshift({
          ...(change as Schemas["CampaignChangeView"]),
          id: 6,
          undoes_id: 5,
          undoable: false,
        });
        json(campaignView(value));
        return this.push([{ kind: "campaign", id: 1, value }]);
      }
      case "POST /campaigns/1/forecast": {
        response.writeHead(200, { "content-type": "application/x-ndjson" });
        for (const line of this.forecast) response.write(`${JSON.stringify(line)}\n`);
        // A forecast that is not at its end goes on until the console leaves.
        const last = this.forecast.at(-1);
        if (last?.kind === "result" && last.share < 1) return;
        return void response.end();
      }
      case "PATCH /campaigns/1": {
        const live = this.campaigns[1] as Schemas["CampaignLive"];
        const wanted = request.headers["if-match"]?.replaceAll('"', "");
        if (wanted !== String(live.version)) return void refuse(412, "version_mismatch");
        const value = { ...live, ...(await readJson(request)), version: live.version + 1 } as typeof live;
        json(campaignView(value));
        return this.push([{ kind: "campaign", id: 1, value }]);
      }
      case "POST /campaigns/1/start":
      case "POST /campaigns/1/pause":
      case "POST /campaigns/1/stop": {
        const state = ({ start: "running", pause: "paused", stop: "draining" } as const)[
          path.split("/")[3] as "start" | "pause" | "stop"
        ];
        const id = ++this.#intentId;
        json({ id }, 202);
        const value = { ...(this.campaigns[1] as Schemas["CampaignLive"]), state };
        return this.push([
          { kind: "campaign", id: 1, value },
          { kind: "intent", id, error: null },
        ]);
      }
      case "GET /recordings":
        return void json(this.#findRecordings(url.searchParams));
      case "GET /campaigns/1/screening":
        return void (reads ? json(this.screening) : refuse(403, "not_allowed"));
      case "PATCH /campaigns/1/screening": {
        const settings = { ...this.screening.settings, ...(await readJson(request)) };
        this.screening = { ...this.screening, settings, version: this.screening.version + 1 } as Screening;
        return void json(this.screening);
      }
    }
    const seen = Number(request.headers["if-match"]?.replaceAll('"', "") ?? Number.NaN);
    const set = reads ? await this.setups.answer(call, () => readJson(request), seen) : null;
    if (set) return void json(set.body, set.status);
    const file = reads ? await this.imports.answer(call, url.searchParams, request) : null;
    if (file?.status === 204) return void response.writeHead(204).end();
    if (file) return void json(file.body, file.status);
    const about = reads
      ? await this.portfolio.answer(call, url.searchParams, () => readJson(request), seen)
      : null;
    if (about?.status === 204) return void response.writeHead(204).end();
    if (about) return void json(about.body, about.status);
    if (/^\/attempts\/\w+\/screening$/.test(path)) return void json(VERDICT);
    const told = RECORDINGS.find(({ attempt_id }) => path === `/attempts/${attempt_id}`);
    if (told) return void json({ events: storyOf(told) });
    const recording = RECORDINGS.find(({ id }) => path.startsWith(`/recordings/${id}`));
    if (recording && path.endsWith("/peaks")) {
      const { customer, agent } = soundPeaks(recording.duration_ms / 1000);
      return void json({ slices_per_s: PEAKS_PER_S, customer, agent });
    }
    if (recording && path.endsWith("/audio"))
      return serveRange(request, response, recording.duration_ms / 1000);
    if (recording) return void json(recording);
    refuse(404, "not_found");
  }

  #findRecordings(query: URLSearchParams): Schemas["RecordingPage"] {
    const q = query.get("q")?.toLowerCase() ?? "";
    const agent = query.get("agent_id");
    const after = Number(query.get("cursor") ?? Number.POSITIVE_INFINITY);
    const all = RECORDINGS.filter(
      (r) =>
        r.id < after &&
        (r.person_name.toLowerCase().includes(q) || r.number.includes(q)) &&
        (agent === null || String(r.agent_id) === agent) &&
        (query.get("disposition") ?? r.disposition) === r.disposition,
    );
    const items = all.slice(0, 8);
    return { items, next_cursor: all.length > 8 ? String(items[7]?.id) : null };
  }

  #accept(intent: Intent, json: (body: unknown, status?: number) => void): void {
    this.intents.push(intent);
    const id = ++this.#intentId;
    json({ id }, 202);
    const error = this.onIntent(intent);
    this.push([{ kind: "intent", id, error }]);
  }
}

/** The log of a recorded call, as far as the player reads it. */
function storyOf({ started_at }: Schemas["RecordingView"]): Schemas["EventView"][] {
  const at = (s: number) => new Date(Date.parse(started_at) + s * 1000).toISOString();
  const data = { agent_id: 1, version_id: 1 };
  return [
    { seq: 1, type: "ScriptStepped", at: at(0), data: { ...data, step: "saludo", answer: null } },
    { seq: 2, type: "ScriptStepped", at: at(9), data: { ...data, step: "promesa", answer: "Va a pagar" } },
  ];
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
}

/** The sound, whole or the part asked for (RFC 9110 section 14): browsers seek by it. */
function serveRange(request: IncomingMessage, response: ServerResponse, duration_s: number): void {
  const sound = makeStereoWav(duration_s);
  const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
  const begin = Number(first ?? 0);
  const end = last ? Number(last) : sound.length - 1;
  const part = sound.subarray(begin, end + 1);
  const headers = { "Content-Type": "audio/wav", "Content-Length": part.length, "Accept-Ranges": "bytes" };
  if (first === undefined) response.writeHead(200, headers).end(sound);
  else
    response
      .writeHead(206, { ...headers, "Content-Range": `bytes ${begin}-${end}/${sound.length}` })
      .end(part);
}
