import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { closeBrowser, Desk } from "./desk";

let desk: Desk;

beforeEach(async () => {
  desk = await Desk.open({ width: 1366, height: 768 });
  await desk.logIn("supervisor");
  await desk.at("campaign-1").waitFor();
});
afterEach(async () => {
  expect(desk.errors).toEqual([]);
  await desk.close();
});
afterAll(closeBrowser);

test("why a campaign's leads are not called: counts per reason, the norm with its source", async () => {
  await desk.at("count-reasons").click();
  const limit = desk.at("reason-CO-day");
  await limit.waitFor();
  for (const part of ["Límite legal CO-day", "301", "Ley 2300 art. 3", "El primero se libera"])
    expect(await limit.innerText()).toContain(part);
  expect(await limit.getByRole("link", { name: "Ley 2300 de 2023" }).getAttribute("href")).toBe(
    "https://example.org/ley-2300",
  );
  expect(await desk.at("reason-resting: no_answer").innerText()).toContain(
    "Descansa entre intentos · No contestó",
  );
  expect(await desk.breaches()).toEqual([]);
});
