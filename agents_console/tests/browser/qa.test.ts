import { expect, test } from "vitest";
import { type Desk, deskForEach } from "./desk";

let desk: Desk;
deskForEach(async (opened) => {
  desk = opened;
  await desk.logIn("calidad");
  await desk.at("recording-900").waitFor();
});

const rows = () => desk.page.locator("[data-testid^=recording-9], [data-testid^=recording-8]").count();
const position_s = async () => {
  const [, minutes, seconds] = /^(\d+):(\d\d)/.exec(await desk.at("position").innerText()) ?? [];
  return Number(minutes) * 60 + Number(seconds);
};

async function open(id: number, query = ""): Promise<void> {
  await desk.page.goto(`${desk.server.origin}/qa/${id}${query}`);
  await desk.page.locator("[data-testid=waves][data-ready=true]").waitFor();
}

test("lists recordings, a page at a time, and finds them", async () => {
  expect(new URL(desk.page.url()).pathname).toBe("/qa");
  await expect.poll(rows).toBe(8);
  await desk.at("more").click();
  await desk.at("recording-889").waitFor();
  await expect.poll(rows).toBe(12);
  expect(await desk.breaches()).toEqual([]);
  await desk.at("filter-q").fill("polanco");
  await desk.at("recording-900").waitFor({ state: "detached" });
  await expect.poll(rows).toBe(3);
  await desk.at("filter-disposition").click();
  await desk.page.getByRole("option", { name: "Número equivocado" }).click();
  await desk.at("no-recordings").waitFor();
  await desk.at("filter-clear").click();
  await desk.at("recording-900").waitFor();
});

test("plays a recording with both voices drawn from the peaks", async () => {
  const audio: string[] = [];
  desk.page.on(
    "request",
    (request) => request.url().endsWith("/audio") && audio.push(request.resourceType()),
  );
  await desk.page.locator("[data-testid=recording-898] a").click();
  await desk.page.locator("[data-testid=waves][data-ready=true]").waitFor();
  expect(await desk.at("recording-person").innerText()).toBe("Mercedes Polanco");
  await desk.at("marks").getByText("promesa (Va a pagar)").waitFor();
  // Two canvases (a channel each), each with something drawn, and not the same.
  const drawn = await desk.page.evaluate(() => {
    const host = [...document.querySelectorAll("[data-testid=waves] *")].find(
      (element) => element.shadowRoot,
    );
    const canvases = [...(host?.shadowRoot?.querySelectorAll<HTMLCanvasElement>(".canvases canvas") ?? [])];
    return canvases.map((canvas) => canvas.toDataURL());
  });
  expect(new Set(drawn).size).toBe(2);
  for (const picture of drawn) expect(picture.length).toBeGreaterThan(2_000);
  await desk.at("play").click();
  await desk.page.locator('[data-testid=play][data-playing="true"]').waitFor();
  await desk.page.waitForFunction(() =>
    document.querySelector("[data-testid=position]")?.textContent?.startsWith("0:02"),
  );
  expect(audio.every((type) => type === "media")).toBe(true);
  expect(await desk.breaches()).toEqual([]);
  await desk.at("play").click();
  await desk.page.locator('[data-testid=play][data-playing="false"]').waitFor();
});

test("jumps, keys and a link to a moment", async () => {
  await open(895, "?t=15");
  await expect.poll(position_s).toBe(15);
  await desk.at("forward5").click();
  await expect.poll(position_s).toBe(20);
  await desk.page.locator("body").click({ position: { x: 5, y: 5 } });
  await desk.page.keyboard.press("ArrowLeft");
  await desk.page.keyboard.press("ArrowLeft");
  await expect.poll(position_s).toBe(10);
  const began = performance.now();
  await desk.page.keyboard.press("Space");
  await desk.page.locator('[data-testid=play][data-playing="true"]').waitFor();
  await desk.page.keyboard.press("Space");
  await desk.page.locator('[data-testid=play][data-playing="false"]').waitFor();
  // The sound itself seeks later than the keys were pressed.
  await desk.page.waitForTimeout(700);
  const at_s = await position_s();
  // It has played for as long as the keys took, on however busy a machine, and no longer.
  expect(at_s).toBeGreaterThanOrEqual(10);
  expect(at_s).toBeLessThanOrEqual(11 + (performance.now() - began) / 1000);
  await desk.at("copy-link").click();
  await desk.page.getByText("Enlace copiado").waitFor();
  const link = await desk.page.evaluate(() => navigator.clipboard.readText());
  expect(link).toBe(`${desk.server.origin}/qa/895?t=${at_s}`);
});

test("a speed is kept from one recording to the next", async () => {
  await open(899);
  await desk.page.getByText("1.5×", { exact: true }).click();
  await open(898);
  expect(await desk.page.locator('[data-testid=speed] input[value="1.5"]').isChecked()).toBe(true);
});

test("a recording that is not there has words", async () => {
  await desk.page.goto(`${desk.server.origin}/qa/12345`);
  await desk.page.getByText("No se encontró lo que buscaba.").waitFor();
  desk.errors.length = 0; // the browser writes the 404 down
});
