import { expect, test } from "vitest";
import type { Schemas } from "../../src/api/client";
import { type Desk, supervisorForEach } from "./desk";

let desk: Desk;
supervisorForEach((opened) => {
  desk = opened;
});

test("staffing: what is planned beside the forecast, a plan made, refused, changed, removed and undone", async () => {
  const { staffing } = desk.server.portfolio;
  const lines = await desk.at("staffing-lines").innerText();
  expect(lines).toMatch(/\d+ de \d+ agentes conectados salen a las/);
  expect(lines).toContain("12 llamadas entrantes por hora esperadas");
  expect(lines).not.toContain("fin del turno");
  const paced = desk.server.campaigns[1] as Schemas["CampaignLive"];
  // In the plan's zone, not the reader's.
  const pacing = { ...paced.pacing, shift_ends_at: "2026-03-09T22:00:00+00:00", shift_left_s: 3900 };
  desk.server.push([{ kind: "campaign", id: 1, value: { ...paced, pacing } }]);
  await desk.at("spent-by-the-end").waitFor();
  expect(await desk.at("spent-by-the-end").innerText()).toMatch(
    /hasta el fin del turno, a las (18:00|0?6:00)/,
  );
  if (process.env.SHOTS)
    await desk.at("staffing-lines").screenshot({ path: `${process.env.SHOTS}/staffing-lines.png` });
  await desk.at("page-staffing").click();
  await desk.at("coming").waitFor();
  expect(await desk.at("plan-1").innerText()).toContain("lun–vie");
  expect(await desk.at("plan-2").innerText()).toContain("correo: 12 llamadas por hora");
  expect(await desk.breaches()).toEqual([]);

  await desk.at("add-plan").click();
  await desk.at("plan-form").waitFor();
  await desk.at("plan-kind").getByText("Fin de turno").click();
  expect(await desk.at("plan-reason").inputValue()).toBe("fin de turno");
  await desk.at("plan-at").fill("18:00");
  await desk.page.getByText("sáb", { exact: true }).click();
  await desk.at("plan-zone").fill("Marte");
  expect(await desk.breaches()).toEqual([]);
  await desk.at("save-plan").click();
  await desk.page.getByText("El plan no se puede usar así", { exact: false }).waitFor();
  await desk.at("plan-zone").fill("America/Bogota");
  await desk.at("save-plan").click();
  await desk.at("plan-form").waitFor({ state: "detached" });
  const added = staffing.plans.at(-1);
  expect(added).toMatchObject({ at: "18:00", minutes: 360, weekdays: [0, 1, 2, 3, 4, 5], per_hour: null });
  expect(await desk.at(`plan-${added?.id}`).innerText()).toContain("desde las 18:00");
  desk.errors.splice(0, desk.errors.length, ...desk.errors.filter((error) => !error.includes("422")));

  await desk.at("plan-1").getByTestId("edit-plan").click();
  await desk.at("plan-minutes").fill("45");
  await desk.at("save-plan").click();
  await desk.at("plan-form").waitFor({ state: "detached" });
  await desk.at("plan-1").getByText("12:00 a 12:45").waitFor();
  await desk.at("plan-2").getByTestId("drop-plan").click();
  await desk.at("plan-2").waitFor({ state: "detached" });
  await desk.at("staffing-change-3").getByTestId("undo").click();
  await desk.at("plan-2").waitFor();
  expect(await desk.at("staffing-change-4").innerText()).toContain("deshace un cambio");
});
