import { expect, test } from "vitest";
import type { Schemas } from "../../src/api/client";
import { type Desk, deskForEach } from "./desk";

let desk: Desk;
deskForEach(async (opened) => {
  desk = opened;
  await desk.logIn("supervisor");
  await desk.at("campaign-1").waitFor();
});

const campaign = (change: Partial<Schemas["CampaignLive"]>) => {
  const value = { ...(desk.server.campaigns[1] as Schemas["CampaignLive"]), ...change };
  desk.server.push([{ kind: "campaign", id: 1, value }]);
};

test("shows the calls of the instant, today's totals and the team, and follows the deltas", async () => {
  expect(new URL(desk.page.url()).pathname).toBe("/supervisor");
  expect(await desk.at("ringing").innerText()).toBe("9");
  expect(await desk.at("talking").innerText()).toBe("6");
  expect(await desk.at("team-idle").innerText()).toBe("2");
  expect(await desk.at("abandon-rate").innerText()).toBe("1.2%");
  expect(await desk.at("outcome-no_answer").innerText()).toContain("512");
  expect(await desk.at("pacing-limit").innerText()).toContain("4.1%; se permite 3.6%");
  expect(await desk.at("laboratory").isVisible()).toBe(true);
  const [wide, seen] = await desk.page.evaluate(() => [document.body.scrollWidth, window.innerWidth]);
  expect(wide).toBeLessThanOrEqual(seen as number);
  expect(await desk.breaches()).toEqual([]);
  campaign({ ringing: 11, abandoned_today: 11, abandon_rate: 11 / 331 });
  const agent = desk.server.agents[15] as Schemas["AgentLive"];
  desk.server.push([{ kind: "agent", id: 15, value: { ...agent, state: "on_call" } }]);
  await desk.page.locator('[data-testid=abandonment][data-level="over"]').waitFor();
  expect(await desk.at("ringing").innerText()).toBe("11");
  expect(await desk.at("team-idle").innerText()).toBe("1");
  expect(await desk.at("team-onCall").innerText()).toBe("4");
  expect(await desk.page.locator('[data-testid=agent-15][data-state="on_call"]').count()).toBe(1);
  await desk.at("colours").click();
  await desk.page.mouse.move(0, 0);
  expect(await desk.breaches()).toEqual([]);
  expect(desk.errors).toEqual([]);
});

test("offers what the campaign's state allows, and asks before it ends one", async () => {
  expect(await desk.at("campaign-start").count()).toBe(0);
  await desk.at("campaign-pause").click();
  await desk.at("campaign-start").waitFor();
  expect(await desk.at("campaign-state").innerText()).toContain("En pausa");
  await desk.at("campaign-stop").click();
  await desk.at("campaign-stop-confirm").waitFor();
  expect(await desk.breaches()).toEqual([]);
  await desk.page.getByRole("button", { name: "Cancelar" }).click();
  expect(desk.server.changes).not.toContain("POST /campaigns/1/stop");
  await desk.at("campaign-stop").click();
  await desk.at("campaign-stop-confirm").click();
  await desk.page.locator('[data-testid=campaign-state][data-campaign="draining"]').waitFor();
  for (const action of ["start", "pause", "stop"])
    expect(await desk.at(`campaign-${action}`).count()).toBe(0);
  campaign({ state: "halted" });
  await desk.page.getByText("Revisada: pasar a pausa").waitFor();
});

test("mode and ratio change with Apply, against the version that was seen", async () => {
  expect(await desk.at("apply").isDisabled()).toBe(true);
  await desk.at("mode").click();
  await desk.page.getByRole("option", { name: "Por razón fija" }).click();
  await desk.at("ratio").fill("2.5");
  await desk.at("apply").click();
  await desk.page.getByText("Cambios aplicados").waitFor();
  expect(desk.server.campaigns[1]).toMatchObject({ mode: "power", ratio: 2.5, version: 8 });
  expect(await desk.at("campaign-mode").innerText()).toBe("Por razón fija × 2.5");
  expect(await desk.at("apply").isDisabled()).toBe(true);
});

test("who answers: verdicts, the measured error, and its dials", async () => {
  await desk.at("screening").waitFor();
  expect(await desk.at("verdicts").innerText()).toMatch(/Persona\s+318\s+Contestador\s+301/);
  expect(await desk.at("human-as-machine").innerText()).toContain("0.4%");
  expect(await desk.at("abandonment-with-lost").innerText()).toContain("1.4%");
  expect(await desk.at("screening").innerText()).toContain(
    "1.5% de los veredictos de máquina pasa a un agente",
  );
  expect(await desk.at("apply-screening").isDisabled()).toBe(true);
  await desk.at("on-machine").click();
  await desk.page.getByRole("option", { name: "Colgar" }).click();
  await desk.at("cost-ratio").fill("12");
  await desk.at("apply-screening").click();
  await desk.page.getByText("Cambios aplicados").waitFor();
  expect(desk.server.screening.settings).toMatchObject({ on_machine: "hang_up", cost_ratio: 12 });
  desk.server.screening = { ...desk.server.screening, screener_up: false, screener_reason: "it ended" };
  campaign({ version: 9 });
  await desk.at("screener-down").waitFor();
});

test("settings that somebody else changed meanwhile are not overwritten", async () => {
  await desk.at("mode").click();
  await desk.page.getByRole("option", { name: "Progresivo" }).click();
  campaign({ version: 12, mode: "preview" });
  await desk.page.getByText("El agente revisa al cliente").waitFor({ state: "detached" });
  await desk.at("apply").click();
  await desk.page.getByText("Otra persona lo cambió mientras tanto", { exact: false }).waitFor();
  desk.forgive(412);
  expect(desk.server.campaigns[1]).toMatchObject({ version: 12, mode: "preview" });
  expect(await desk.at("mode").inputValue()).toBe("Vista previa");
});

test("states the goal, tries a change out, applies it, and takes one back", async () => {
  expect(await desk.at("goal-words").innerText()).toContain(
    "3.0% de abandono en 24 horas; espera de hasta 2 s",
  );
  expect(await desk.at("budget-day").innerText()).toBe("5.9 de 331 contestadas");
  expect(await desk.at("budget-campaign").innerText()).toContain("7.6 por encima");
  expect(await desk.at("pacing").innerText()).toContain("20 s");
  await desk.at("cap").fill("1");
  await desk.at("what-if").click();
  await desk.at("forecast").waitFor();
  const occupancy = await desk.at("forecast-occupancy").innerText();
  for (const figure of ["79.4%", "74.1%", "-5.3%"]) expect(occupancy).toContain(figure);
  expect(desk.server.campaigns[1]).toMatchObject({ abandon_cap: 0.03 });
  expect(await desk.breaches()).toEqual([]);
  await desk.at("apply").click();
  await desk.page.getByText("Cambios aplicados").waitFor();
  expect(desk.server.campaigns[1]).toMatchObject({ abandon_cap: 0.01, version: 8 });
  expect(await desk.at("change-5").innerText()).toContain("Antes ocupación 71.2%");
  await desk.at("undo").click();
  await desk.page.getByText("Cambio deshecho").waitFor();
  expect(desk.server.campaigns[1]).toMatchObject({ abandon_cap: 0.03, version: 9 });
  const [working, found] = desk.server.forecast;
  desk.server.forecast = [working, found].map(
    (line) => ({ ...line, share: 0.5 }) as NonNullable<typeof line>,
  );
  await desk.at("what-if").click();
  await desk.at("forecast-refining").waitFor();
  expect(await desk.at("what-if").isDisabled()).toBe(true);
  expect(await desk.breaches()).toEqual([]);
  await desk.at("forecast-refining").getByRole("button").click();
  await desk.at("forecast-refining").waitFor({ state: "detached" });
  expect(await desk.at("forecast-occupancy").innerText()).toContain("74.1%");
  desk.server.forecast = [{ kind: "failure", code: "too_little_history", detail: "" }];
  await desk.at("what-if").click();
  await desk.page.getByText("muy pocas llamadas").waitFor();
  expect(desk.errors).toEqual([]);
});

test("has no agent's page", async () => {
  await desk.page.goto(`${desk.server.origin}/agent`);
  await desk.page.getByText("Esta página no existe").waitFor();
  await desk.page.getByText("Ir al inicio").click();
  await desk.at("campaign-1").waitFor();
});
