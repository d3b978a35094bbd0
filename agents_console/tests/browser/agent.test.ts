import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { ATTEMPT, ago, callCard } from "./demo_data";
import { type Desk, deskForEach } from "./desk";
import { heardEnergy } from "./sip_peer";

let desk: Desk;
deskForEach((opened) => {
  desk = opened;
});

/** What the agent asked for; the steps of the script, which the console tells by itself, apart. */
const asked = () => desk.server.intents.filter(({ type }) => type !== "walk_script");
const intents = () => asked().map(({ type }) => type);
const lastIntent = () => asked().at(-1);
const lastStep = () => desk.server.intents.findLast((intent) => intent.type === "walk_script");

/** An agent in a call. */
async function inCall(change: Parameters<typeof callCard>[0] = {}): Promise<Page> {
  const far = await desk.connectAgent();
  desk.server.setMe({ state: "on_call", reason: null, call: callCard(change) });
  await desk.at("call-card").waitFor();
  return far;
}

async function until<T>(read: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
  for (let n = 0; n < 600; n++) {
    const value = await read();
    if (holds(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited a minute in vain; it is ${JSON.stringify(await read())}`);
}

describe("logging in", () => {
  test("a wrong password has words; the right one leads to the microphone check", async () => {
    await desk.page.goto(desk.server.origin);
    await desk.at("login-user").fill("agente1");
    await desk.at("login-password").fill("otra");
    await desk.at("login-submit").click();
    expect(await desk.at("login-error").innerText()).toBe("Usuario o contraseña incorrectos.");
    expect(await desk.breaches()).toEqual([]);
    await desk.at("login-password").fill("clave");
    await desk.page.keyboard.press("Enter");
    await desk.at("microphone-check").waitFor();
    expect(new URL(desk.page.url()).pathname).toBe("/agent");
    expect(await desk.breaches()).toEqual([]);
    // The fake microphone beeps once a second.
    await until(
      () => desk.at("microphone-level").getAttribute("data-level"),
      (level) => Number(level) > 0.2,
    );
  });

  test("connecting brings the phone up: registered by digest, called once, heard both ways", async () => {
    const far = await desk.connectAgent();
    await desk.at("go-ready").waitFor();
    expect(desk.peer.received.filter((method) => method === "REGISTER")).toHaveLength(2);
    expect(intents()).toEqual(["connect_phone"]);
    const before = await heardEnergy(far);
    await until(
      () => heardEnergy(far),
      (energy) => energy > before,
    );
    const heard = await desk.page.evaluate(async () => {
      const speaker = document.querySelector<HTMLAudioElement>("[data-testid=speaker]");
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(speaker?.srcObject as MediaStream).connect(analyser);
      const bins = new Uint8Array(analyser.frequencyBinCount);
      await new Promise((resolve) => setTimeout(resolve, 700));
      analyser.getByteFrequencyData(bins);
      return (bins.indexOf(Math.max(...bins)) * context.sampleRate) / analyser.fftSize;
    });
    expect(Math.abs(heard - 1000)).toBeLessThan(50);
    expect(await desk.breaches()).toEqual([]);
  });

  test("a microphone that is refused has words and a way on", async () => {
    await desk.context.clearPermissions();
    await desk.page.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    });
    await desk.logIn("agente1");
    expect(await desk.at("phone-fault").innerText()).toContain("no tiene permiso para usar el micrófono");
    await desk.at("connect-phone").click();
    await desk.page.locator('[data-testid=phone-state][data-phone="failed"]').waitFor();
    expect(await desk.at("connect-phone").innerText()).toContain("Reintentar");
  });

  test("logging out ends the leg, the phone and the session, in this order", async () => {
    await desk.connectAgent();
    await desk.at("person-menu").click();
    await desk.at("log-out").click();
    await desk.at("login-user").waitFor();
    expect(intents().at(-1)).toBe("log_out");
    expect(desk.server.changes.at(-1)).toBe("DELETE /session");
    await until(
      () => desk.peer.registered,
      (registered) => !registered,
    );
  });

  test("a second window waits, and may take the phone over", async () => {
    await desk.connectAgent();
    const second = await desk.context.newPage();
    await second.goto(`${desk.server.origin}/agent`);
    await second.getByTestId("elsewhere").waitFor();
    await second.getByTestId("take-phone").click();
    await second.locator('[data-testid=phone-state][data-phone="up"]').waitFor();
    await desk.at("elsewhere").waitFor();
  });
});

describe("between calls", () => {
  test("ready and not ready, with a reason, by mouse and by key", async () => {
    await desk.connectAgent();
    await desk.at("go-ready").click();
    await until(intents, (all) => all.at(-1) === "go_ready");
    desk.server.setMe({ state: "ready", reason: null });
    await desk.page.getByText("Esperando la próxima llamada").waitFor();
    expect(await desk.at("go-ready").count()).toBe(0);
    expect(await desk.breaches()).toEqual([]);
    await desk.at("go-not-ready").click();
    await desk.at("reason-lunch").click();
    await until(lastIntent, (intent) => intent?.type === "go_not_ready");
    expect(lastIntent()).toEqual({ type: "go_not_ready", reason: "lunch" });
    desk.server.setMe({ state: "not_ready", reason: "lunch" });
    await desk.at("my-state").getByText("Almuerzo").waitFor();
    await desk.page.keyboard.press("r");
    await until(intents, (all) => all.filter((type) => type === "go_ready").length === 2);
  });

  test("a refusal is told in words", async () => {
    await desk.connectAgent();
    desk.server.onIntent = () => "phone_down";
    await desk.at("go-ready").click();
    await desk.page.getByText("Su teléfono no está conectado.").waitFor();
  });

  test("a number is dialled by hand", async () => {
    await desk.connectAgent();
    await desk.at("manual-number").fill("809 555");
    expect(await desk.at("manual-dial").isDisabled()).toBe(true);
    await desk.at("manual-number").fill("+1 809 555 0117");
    await desk.page.keyboard.press("Enter");
    await until(lastIntent, (intent) => intent?.type === "dial_number");
    desk.server.setMe({
      state: "reserved",
      call: callCard({
        mode: "manual",
        state: "ringing",
        recording: false,
        answered_at: null,
        connected_at: null,
      }),
    });
    expect(await desk.at("call-status").innerText()).toBe("Llamando…");
    expect(await desk.at("mute").isDisabled()).toBe(true);
    expect(await desk.at("hang-up").isEnabled()).toBe(true);
    expect(await desk.page.locator(".disposition").count()).toBe(0);
  });

  test("in preview a lead is dialled at the chosen number, or skipped", async () => {
    await desk.connectAgent();
    const lead = callCard({
      attempt_id: null,
      state: null,
      number: null,
      recording: false,
      connected_at: null,
    });
    desk.server.setMe({ state: "previewing", call: { ...lead, mode: "preview" } });
    await desk.at("preview").waitFor();
    expect(await desk.breaches()).toEqual([]);
    await desk.page.getByLabel("+1 849 555 0103").check();
    await desk.at("preview-dial").click();
    await until(lastIntent, (intent) => intent?.type === "dial_preview");
    expect(lastIntent()).toEqual({ type: "dial_preview", lead_id: 501, phone_id: 3 });
    await desk.at("skip-reason").fill("repetido");
    await desk.at("preview-skip").click();
    await until(lastIntent, (intent) => intent?.type === "skip_preview");
    expect(lastIntent()).toEqual({ type: "skip_preview", lead_id: 501, reason: "repetido" });
  });
});

describe("in a call", () => {
  test("the card shows with the live message itself: within 300 ms and without a request", async () => {
    await desk.connectAgent();
    desk.server.setMe({ state: "ready", reason: null });
    await desk.page.getByText("Esperando la próxima llamada").waitFor();
    const requests: string[] = [];
    desk.page.on("request", (request) => requests.push(request.url()));
    const shown = desk.page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const look = () => document.querySelector("[data-testid=call-card]") && resolve(Date.now());
          new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
        }),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    const pushed = Date.now();
    desk.server.setMe({ state: "on_call", call: callCard() });
    expect((await shown) - pushed).toBeLessThan(300);
    expect(requests.filter((url) => !url.endsWith("/intents"))).toEqual([]);
    expect(await desk.at("person-name").innerText()).toBe("Ana María Rosario Tejeda");
    expect(await desk.at("total-balance").innerText()).toBe("$60,450.25 DOP");
    expect(await desk.at("script").innerText()).toContain(
      "tiene un saldo de RD$48,350.25 con 97 días de atraso",
    );
    expect(await desk.at("laboratory").isVisible()).toBe(true);
    expect(await desk.breaches()).toEqual([]);
  });

  test("a script is walked by keyboard, logs its steps and proposes the result", async () => {
    const way = (id: string, more: object) => ({
      ...{ id, title: id, markdown: `Texto de ${id}`, notices: [], answers: [], to: null, result: null },
      ...more,
    });
    const steps = [
      way("hello", {
        notices: ["agent_name"],
        answers: [
          { label: "Va a pagar", to: "pays", result: null },
          { label: "No puede", to: "cannot", result: null },
        ],
      }),
      way("pays", { to: "thanks" }),
      way("thanks", { result: { disposition: "promise", fields: { method: "card" } } }),
      way("cannot", {}),
    ];
    const objections = [{ title: "Ya pagué", markdown: "¿En qué fecha?" }];
    const script = { version_id: 9, number: 2, start: "hello", steps, objections, error: null };
    await inCall({ script });
    await until(lastStep, (intent) => intent !== undefined);
    expect(lastStep()).toEqual({
      type: "walk_script",
      attempt_id: ATTEMPT,
      version_id: 9,
      step: "hello",
      answer: null,
    });
    expect(await desk.breaches()).toEqual([]);
    await desk.page.keyboard.press("Alt+1");
    await desk.page.locator('[data-testid=script][data-step="pays"]').waitFor();
    await desk.page.keyboard.press("Alt+b");
    await desk.page.locator('[data-testid=script][data-step="hello"]').waitFor();
    await desk.page.keyboard.press("Alt+1");
    await desk.page.keyboard.press("Alt+n");
    await desk.page.locator('[data-testid=script][data-step="thanks"]').waitFor();
    await until(lastStep, (intent) => intent?.step === "thanks");
    // The step's words may stand a moment before what it proposes.
    await desk.page.locator('[data-testid=disposition-promise][aria-pressed="true"]').waitFor();
    expect(await desk.at("field-method").inputValue()).toBe("card");
    await desk.page.keyboard.press("Alt+o");
    await desk.page.keyboard.type("pague");
    await desk.at("objection").getByText("¿En qué fecha?").waitFor();
    expect(await desk.breaches()).toEqual([]);
    if (process.env.SHOTS) await desk.page.screenshot({ path: `${process.env.SHOTS}/script.png` });
  });

  test("a script's HTML is text", async () => {
    await inCall();
    expect(await desk.at("script").innerText()).toContain("<img src=");
    expect(await desk.at("script").locator("img, a, script").count()).toBe(0);
    expect(await desk.page.evaluate(() => "hacked" in window)).toBe(false);
  });

  test("mute keeps the customer from hearing; it ends with the call", async () => {
    const far = await inCall();
    await desk.page.keyboard.press("m");
    expect(await desk.at("mute").getAttribute("aria-pressed")).toBe("true");
    expect(await desk.at("call-status").innerText()).toContain("Su micrófono está silenciado");
    await new Promise((resolve) => setTimeout(resolve, 500));
    const muted = await heardEnergy(far);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    // A beep a second would add a hundred times as much.
    expect((await heardEnergy(far)) - muted).toBeLessThan(1e-5);
    desk.server.setMe({
      state: "wrap_up",
      call: callCard({ state: "ended", ended_at: ago(0), outcome: "connected" }),
    });
    await until(
      () => heardEnergy(far),
      (energy) => energy > muted + 1e-3,
    );
  });

  test("hold asks the switch by re-INVITE, and a call's end takes it back", async () => {
    await inCall();
    await desk.page.keyboard.press("h");
    await until(
      () => desk.peer.direction,
      (direction) => direction === "sendonly",
    );
    expect(await desk.at("call-status").innerText()).toContain("Cliente en espera con música");
    const deaf = () => desk.at("speaker").evaluate((speaker) => (speaker as HTMLAudioElement).muted);
    expect(await deaf()).toBe(true);
    desk.server.setMe({ state: "ready", call: null });
    await until(
      () => desk.peer.direction,
      (direction) => direction === "sendrecv",
    );
    expect(await deaf()).toBe(false);
  });

  test("the keypad sends tones by key and mouse, and its digits choose no result", async () => {
    await inCall();
    await desk.page.keyboard.press("d");
    await desk.at("tone-5").click();
    await desk.page.keyboard.press("3");
    await desk.page.keyboard.press("#");
    expect(await desk.at("tones-sent").innerText()).toBe("53#");
    expect(await desk.breaches()).toEqual([]);
    await desk.page.keyboard.press("Escape");
    await desk.at("keypad-panel").waitFor({ state: "detached" });
    expect(await desk.page.locator(".disposition[aria-pressed=true]").count()).toBe(0);
    expect(intents()).toEqual(["connect_phone"]);
  });

  test("Ctrl+. hangs up, even while a note is being written", async () => {
    await inCall();
    await desk.at("note").fill("dice que");
    await desk.at("note").press("Control+.");
    await until(lastIntent, (intent) => intent?.type === "hang_up");
    expect(lastIntent()).toEqual({ type: "hang_up", attempt_id: ATTEMPT });
  });

  test("the spoken notice is ticked, and its time shown", async () => {
    await inCall();
    await desk.at("tick-notice").click();
    await until(lastIntent, (intent) => intent?.type === "tick_notice");
    desk.server.setMe({ call: callCard({ notice_at: new Date().toISOString() }) });
    await desk.at("notice-done").waitFor();
    expect(await desk.at("tick-notice").count()).toBe(0);
  });

  test("a pause asked for in a call is shown and can be taken back", async () => {
    await inCall();
    await desk.at("go-not-ready").click();
    await desk.at("reason-break").click();
    await until(lastIntent, (intent) => intent?.type === "go_not_ready");
    desk.server.setMe({ after_wrap_up: "break" });
    expect(await desk.at("after-wrap-up").innerText()).toContain("Al terminar: no disponible (Pausa)");
    await desk.at("stay-ready").click();
    await until(lastIntent, (intent) => intent?.type === "go_ready");
  });

  test("a reload hangs the phone up, comes back by itself and shows the same call and note", async () => {
    await inCall();
    await desk.at("note").fill("Paga el viernes");
    desk.peer.received.length = 0;
    desk.server.onIntent = () => null;
    const far = await desk.farPage();
    const reloaded = Date.now();
    await desk.page.reload();
    await desk.phoneUp();
    expect(Date.now() - reloaded).toBeLessThan(5_000);
    expect(desk.peer.received).toContain("BYE");
    expect(await desk.at("call-card").getAttribute("data-attempt")).toBe(ATTEMPT);
    expect(await desk.at("note").inputValue()).toBe("Paga el viernes");
    expect(await desk.at("microphone-check").count()).toBe(0);
    await until(
      () => heardEnergy(far),
      (energy) => energy > 0,
    );
  });

  test("a leg that the switch ends is asked for again while the record stays", async () => {
    await inCall();
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    await desk.peer.hangUp();
    desk.server.setMe({ state: "unreachable", leg_up: false });
    await desk.at("phone-trouble").waitFor();
    expect(await desk.at("call-card").isVisible()).toBe(true);
    await desk.phoneUp();
    expect(intents()).toEqual(["connect_phone", "connect_phone"]);
  });
});

describe("the result", () => {
  const ended = () =>
    callCard({
      state: "ended",
      ended_at: ago(0),
      connected_at: ago(60),
      outcome: "connected",
      recording: false,
      wrap_up_until: new Date(Date.now() + 30_000).toISOString(),
    });

  test("in the call a key only chooses; Ctrl+Enter hangs up and saves", async () => {
    await inCall();
    await desk.page.keyboard.press("1");
    expect(await desk.at("disposition-promise").getAttribute("aria-pressed")).toBe("true");
    expect(intents()).toEqual(["connect_phone"]);
    expect(await desk.at("save-disposition").isDisabled()).toBe(true);
    const due_on = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
    await desk.at("field-due_on").fill(due_on);
    await desk.at("field-instalments").selectOption("2");
    expect(await desk.breaches()).toEqual([]);
    await desk.at("note").fill("Paga el viernes");
    await desk.at("note").press("Control+Enter");
    await until(lastIntent, (intent) => intent?.type === "dispose");
    expect(lastIntent()).toMatchObject({
      attempt_id: ATTEMPT,
      disposition: "promise",
      note: "Paga el viernes",
      callback_at: null,
      details: {
        amount_minor: 4835025,
        currency: "DOP",
        due_on,
        instalments: [{ amount_minor: 2417513, due_on }, { amount_minor: 2417512 }],
      },
    });
    await desk.page.getByText("Guardado: Promesa de pago").waitFor();
    expect(
      await desk.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes("note"))),
    ).toEqual([]);
  });

  test("in wrap-up one key saves, while the time runs down", async () => {
    await inCall();
    desk.server.setMe({ state: "wrap_up", call: ended() });
    await desk
      .at("wrap-up")
      .getByText(/El cierre termina en 0:2\d/)
      .waitFor();
    expect(await desk.at("hang-up").count()).toBe(0);
    expect(await desk.breaches()).toEqual([]);
    await desk.page.keyboard.press("5");
    await until(lastIntent, (intent) => intent?.type === "dispose");
    expect(lastIntent()).toMatchObject({ disposition: "third_party", callback_at: null });
  });

  test("a callback needs a time in the future, on the customer's clock", async () => {
    await inCall();
    desk.server.setMe({ state: "wrap_up", call: ended() });
    await desk.at("disposition-callback").click();
    expect(await desk.at("save-disposition").isDisabled()).toBe(true);
    await desk.at("callback-at").fill("2020-01-01T10:00");
    await desk.page.getByText("Elija una hora futura").waitFor();
    expect(await desk.at("save-disposition").isDisabled()).toBe(true);
    const year = new Date().getUTCFullYear() + 1;
    await desk.at("callback-at").fill(`${year}-05-04T16:30`);
    expect(await desk.breaches()).toEqual([]);
    await desk.at("save-disposition").click();
    await until(lastIntent, (intent) => intent?.type === "dispose");
    // Santo Domingo is four hours behind UTC, all year.
    expect(lastIntent()).toMatchObject({
      disposition: "callback",
      callback_at: `${year}-05-04T20:30:00.000Z`,
    });
  });

  test("a refused result stays on the screen with its note", async () => {
    await inCall();
    desk.server.setMe({ state: "wrap_up", call: ended() });
    await desk.at("note").fill("nota");
    desk.server.onIntent = () => "unknown_disposition";
    await desk.at("disposition-third_party").click();
    await desk.page.getByText("Ese resultado no está en la campaña.").waitFor();
    expect(await desk.at("note").inputValue()).toBe("nota");
  });
});

describe("the connection", () => {
  test("its loss is told, and its return brings what was missed", async () => {
    await desk.connectAgent();
    desk.server.refusesLive = true;
    for (const live of desk.server.live) live.terminate();
    await desk.at("link-lost").waitFor();
    desk.server.me = { ...desk.server.me, state: "ready", reason: null };
    desk.server.refusesLive = false;
    await desk.page.getByText("Esperando la próxima llamada").waitFor();
    expect(await desk.at("link-lost").count()).toBe(0);
    desk.errors.length = 0; // the browser itself writes each failed connection down
  });

  test("a gap in the deltas fetches a new snapshot", async () => {
    await desk.connectAgent();
    desk.server.push([{ kind: "me", value: { ...desk.server.me, state: "ready", reason: null } }], 3);
    await desk.page.getByText("Esperando la próxima llamada").waitFor();
  });

  test("a stopped dialer and a dead switch are told plainly", async () => {
    await desk.connectAgent();
    desk.server.push([{ kind: "switch", value: { dialer_up: true, switch_up: false } }]);
    await desk.at("switch-down").waitFor();
    desk.server.push([{ kind: "switch", value: { dialer_up: false, switch_up: false } }]);
    await desk.at("dialer-down").waitFor();
    expect(await desk.breaches()).toEqual([]);
  });
});

describe("preferences", () => {
  test("three languages and dark colours, kept over a reload and legible", async () => {
    await inCall();
    await desk.page.getByText("PT", { exact: true }).click();
    await desk.at("hang-up").getByText("Desligar").waitFor();
    await desk.page.getByText("EN", { exact: true }).click();
    await desk.at("hang-up").getByText("Hang up").waitFor();
    expect(await desk.at("disposition-promise").innerText()).toContain("Promise to pay");
    await desk.at("colours").click();
    await desk.page.mouse.move(0, 0);
    expect(await desk.breaches()).toEqual([]);
    await desk.at("disposition-callback").click();
    await desk.at("callback-at").fill("2020-01-01T10:00");
    await desk.page.getByText("Choose a time in the future").waitFor();
    await desk.at("go-not-ready").click();
    await desk.at("reason-lunch").waitFor();
    expect(await desk.breaches()).toEqual([]);
    await desk.page.reload();
    await desk.at("hang-up").getByText("Hang up").waitFor();
    expect(await desk.page.locator("html").getAttribute("lang")).toBe("en");
    expect(await desk.page.locator("html").getAttribute("data-mantine-color-scheme")).toBe("dark");
  });

  test("at 200 % of a small screen nothing is cut off sideways", async () => {
    await inCall();
    await desk.page.setViewportSize({ width: 683, height: 384 });
    const [wide, seen] = await desk.page.evaluate(() => [document.body.scrollWidth, window.innerWidth]);
    expect(wide).toBeLessThanOrEqual(seen as number);
    await desk.at("hang-up").scrollIntoViewIfNeeded();
    expect(await desk.at("hang-up").isVisible()).toBe(true);
  });
});
