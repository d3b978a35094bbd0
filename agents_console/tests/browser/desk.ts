import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeEach, expect } from "vitest";
import { MockServer } from "./mock_server";
import { SipPeer } from "./sip_peer";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));

export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--no-first-run",
];

interface Size {
  width: number;
  height: number;
}

/** One browser a file of tests; each desk in it has its own profile. */
let browser: Promise<Browser> | null = null;

async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = null;
}

/**
 * A desk for each test of a file; `begin` gets it before the test begins. No page may have thrown when a test ends, or
 * written errors on its console, unless the test took them off `errors`.
 */
export function deskForEach(begin: (desk: Desk) => unknown, size?: Size): void {
  let desk: Desk;
  beforeEach(async () => {
    desk = await Desk.open(size);
    await begin(desk);
  });
  afterEach(async () => {
    expect(desk.errors).toEqual([]);
    await desk.close();
  });
  afterAll(closeBrowser);
}

/** A supervisor's desk for each test, on a small screen, with his first page open. */
export function supervisorForEach(begin: (desk: Desk) => unknown): void {
  deskForEach(
    async (desk) => {
      await desk.logIn("supervisor");
      await desk.at("campaign-1").waitFor();
      await begin(desk);
    },
    { width: 1366, height: 768 },
  );
}

/** A person's place: a profile of the browser, the API's stand-in and the switch's. */
export class Desk {
  #closed = false;

  private constructor(
    readonly context: BrowserContext,
    readonly server: MockServer,
    readonly peer: SipPeer,
    readonly page: Page,
    /** What the page threw, and what it wrote on its console as an error but for answers of 401 and 403. */
    readonly errors: string[],
  ) {}

  static async open(size: Size = { width: 1440, height: 900 }): Promise<Desk> {
    if (!existsSync(DIST)) throw new Error("dist/ is missing; type: npm run build");
    const peer = await new SipPeer().start();
    const server = await new MockServer(DIST, peer.origin).start();
    browser ??= chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: CHROMIUM_FLAGS,
    });
    const context = await (await browser).newContext({
      viewport: size,
      locale: "es-DO",
      permissions: ["microphone", "clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !/status of 40[13]/.test(message.text())) errors.push(message.text());
    });
    server.softphone = peer.credentials;
    return new Desk(context, server, peer, page, errors);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.context.close();
    await this.server.stop();
    await this.peer.stop();
  }

  at(testid: string) {
    return this.page.getByTestId(testid);
  }

  async logIn(login: "agente1" | "supervisor" | "calidad"): Promise<void> {
    await this.page.goto(this.server.origin);
    await this.at("login-user").fill(login);
    await this.at("login-password").fill("clave");
    await this.at("login-submit").click();
  }

  /** Logs the agent in and brings his phone up, as the dialer would. Gives the page at the far end of the sound. */
  async connectAgent(): Promise<Page> {
    await this.logIn("agente1");
    const far = await this.farPage();
    await this.at("connect-phone").click();
    await this.phoneUp();
    return far;
  }

  /** Answers every `connect_phone` with a call to the phone whose other end is a new page. */
  async farPage(): Promise<Page> {
    const far = await this.context.newPage();
    await far.goto(`${this.server.origin}/cadencia.svg`);
    await this.page.bringToFront();
    this.server.onIntent = (intent) => {
      if (intent.type !== "connect_phone") return null;
      this.callPhone(far).catch((error) => this.#closed || this.errors.push(String(error)));
      return null;
    };
    return far;
  }

  async callPhone(far: Page): Promise<void> {
    this.server.setMe({
      state: this.server.me.state === "logged_out" ? "unreachable" : this.server.me.state,
    });
    await this.peer.invite(far);
    const back = this.server.me.state === "unreachable";
    this.server.setMe({ leg_up: true, ...(back ? { state: "not_ready", reason: "connected" } : {}) });
  }

  async phoneUp(): Promise<void> {
    await this.page.locator('[data-testid=phone-state][data-phone="up"]').waitFor();
  }

  /** A refusal that the test asked for: the browser itself reports it as an error. */
  forgive(status: number): void {
    const kept = this.errors.filter((error) => !error.includes(`${status}`));
    this.errors.splice(0, this.errors.length, ...kept);
  }

  /** Breaches of WCAG 2.2 A and AA in the page as it stands, as text. */
  async breaches(): Promise<string[]> {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations } = await new AxeBuilder({ page: this.page }).withTags(tags).analyze();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target} ${node.failureSummary?.split("\n")[1]?.trim() ?? ""}`),
    );
  }
}
