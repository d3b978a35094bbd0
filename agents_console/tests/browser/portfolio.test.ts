import { expect, test } from "vitest";
import { type Desk, supervisorForEach } from "./desk";

let desk: Desk;
supervisorForEach((opened) => {
  desk = opened;
});

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

test("a person: found, his story, why he is not called, a dispute answered, a ban lifted, a note", async () => {
  await desk.at("page-people").click();
  await desk.at("person-search").fill("nadie así");
  await desk.page.getByText("Nadie coincide con «nadie así».").waitFor();
  await desk.at("person-search").fill("rosario");
  await desk.at("person-C-004512").click();
  await desk.at("person-title").waitFor();
  expect(await desk.at("story").innerText()).toContain("$48,350.25 DOP");
  await desk.at("ask-why-501").click();
  const why = await desk.at("why-501").innerText();
  for (const part of ["Pidió que no lo llamen", "No se libera con el tiempo", "versión 2026-11-21"])
    expect(why).toContain(part);
  expect(await desk.breaches()).toEqual([]);
  await desk.at("resolve").click();
  await desk.at("dispute-answer").click();
  await desk.page.getByRole("option", { name: "rechazada" }).click();
  await desk.at("because").fill("Firmó el contrato");
  await desk.at("resolve-confirm").click();
  await desk.at("entry-dispute").getByText("Firmó el contrato").waitFor();
  expect(await desk.at("resolve").count()).toBe(0);
  await desk.at("lift").click();
  expect(await desk.at("lift-confirm").isDisabled()).toBe(true);
  await desk.at("because").fill("Llamó el lunes");
  await desk.at("lift-confirm").click();
  await desk.at("entry-consent").getByText("Llamó el lunes").waitFor();
  await desk.at("do-not-call").waitFor({ state: "detached" });
  await desk.at("note").fill("Prefiere la tarde");
  await desk.at("add-note").click();
  await desk.at("entry-note").getByText("Prefiere la tarde").waitFor();
});

test("segments: who moved, a condition added and counted, kept and undone, a preset, a refusal", async () => {
  await desk.at("page-segments").click();
  expect(await desk.at("segment-1").innerText()).toContain("Días de mora al menos 91");
  await desk.at("moves").getByText("Media → Tardía: 180").waitFor();
  await desk.at("run-segments").click();
  await desk.at("moves").getByText("Nadie cambió de segmento.").waitFor();
  await desk.at("segment-1").click();
  await desk.at("segment-count").getByText("4,050 de 9,800").waitFor();
  await desk.at("add-condition").click();
  await desk.at("field-2").click();
  await desk.page.getByRole("option", { name: "Última promesa" }).click();
  expect(await desk.at("save-segment").isDisabled()).toBe(true);
  await desk.at("condition-2").locator(".mantine-MultiSelect-input").click();
  await desk.page.getByRole("option", { name: "incumplida" }).click();
  await desk.at("segment-count").getByText("312 de 9,800").waitFor();
  await desk.page.keyboard.press("Escape");
  expect(await desk.breaches()).toEqual([]);
  await desk.at("save-segment").click();
  await desk.at("undo-segment").waitFor();
  expect(desk.server.portfolio.segments[0]?.conditions?.conditions).toHaveLength(2);
  await desk.at("undo-segment").click();
  await desk.at("undo-segment").waitFor({ state: "detached" });
  expect(desk.server.portfolio.segments[0]?.conditions?.conditions).toHaveLength(1);
  await desk.page.goto(`${desk.server.origin}/segments/new`);
  await desk.at("preset").click();
  await desk.page.getByRole("option", { name: "Promesa incumplida" }).click();
  expect(await desk.at("target").inputValue()).toBe("240");
  await desk.at("segment-name").fill("Tardía");
  await desk.at("save-segment").click();
  await desk.page.getByText("already", { exact: false }).waitFor();
  desk.forgive(422);
  await desk.at("segment-name").fill("Promesa rota");
  await desk.at("save-segment").click();
  await desk.page.waitForURL("**/segments/9");
});

test("a segment that two supervisors edit: the second is told, nothing is overwritten, and he chooses", async () => {
  await desk.at("page-segments").click();
  await desk.at("segment-1").click();
  await desk.at("segment-name").fill("Tardía de verdad");
  desk.server.portfolio.changeSegment({ name: "Tardía del norte" });
  await desk.at("save-segment").click();
  await desk.at("conflict").waitFor();
  expect(desk.server.portfolio.segments[0]).toMatchObject({ name: "Tardía del norte", version: 2 });
  expect(await desk.at("segment-name").inputValue()).toBe("Tardía de verdad");
  expect(await desk.breaches()).toEqual([]);
  await desk.at("take-theirs").click();
  await desk.at("conflict").waitFor({ state: "detached" });
  expect(await desk.at("segment-name").inputValue()).toBe("Tardía del norte");
  await desk.at("segment-name").fill("Tardía de verdad");
  desk.server.portfolio.changeSegment({ name: "Tardía del sur" });
  await desk.at("save-segment").click();
  await desk.at("keep-mine").click();
  await desk.at("undo-segment").waitFor();
  expect(desk.server.portfolio.segments[0]).toMatchObject({ name: "Tardía de verdad", version: 4 });
  await desk.at("undo-segment").click();
  await desk.at("undo-segment").waitFor({ state: "detached" });
  expect(desk.server.portfolio.segments[0]).toMatchObject({ name: "Tardía del sur", version: 5 });
  desk.forgive(412);
});

test("a plan whose campaign was changed otherwise is kept without a question; a changed plan is not", async () => {
  const { portfolio } = desk.server;
  await desk.at("page-plans").click();
  await desk.at("max-attempts").fill("12");
  portfolio.plan = { ...portfolio.plan, version: portfolio.plan.version + 1 };
  await desk.at("save-plan").click();
  await desk.at("undo-plan").waitFor();
  expect(portfolio.plan.max_attempts).toBe(12);
  portfolio.plan = { ...portfolio.plan, max_attempts: 20, version: portfolio.plan.version + 1 };
  await desk.at("max-attempts").fill("8");
  await desk.at("save-plan").click();
  await desk.at("conflict").waitFor();
  expect(portfolio.plan.max_attempts).toBe(20);
  await desk.at("take-theirs").click();
  await desk.at("plan-sentence").getByText("hasta 20 veces", { exact: false }).waitFor();
  desk.forgive(412);
});

test("contact plans: a sentence and a week, what does not add up, kept and undone", async () => {
  await desk.at("page-plans").click();
  await desk.at("plan-sentence").getByText("hasta 30 veces", { exact: false }).waitFor();
  await desk.at("with-quota").click();
  await desk.at("plan-sentence").getByText("6 intentos en 5 días", { exact: false }).waitFor();
  expect(await desk.at("week").locator("[data-try]").count()).toBe(6);
  expect(await desk.breaches()).toEqual([]);
  const total = desk.at("quota").getByLabel("Intentos en total");
  await total.fill("20");
  await desk.at("plan-fault").waitFor();
  expect(await desk.at("save-plan").isDisabled()).toBe(true);
  await total.fill("4");
  await desk.at("rest-busy").fill("15");
  await desk.at("save-plan").click();
  await desk.at("undo-plan").waitFor();
  expect(desk.server.portfolio.plan).toMatchObject({
    quota: { tries: 4 },
    rules: { busy: { delay_s: 900 } },
  });
  await desk.at("undo-plan").click();
  await desk.at("week").waitFor({ state: "detached" });
  expect(desk.server.portfolio.plan.quota).toBeNull();
});

test("scripts: versions weighed, what changed, a step edited and walked, a fault at its step, a draft", async () => {
  await desk.at("page-scripts").click();
  expect(await desk.at("version-2").innerText()).toContain("mejor que la 1");
  await desk.at("diff-2").click();
  await desk.at("diff").getByText("Buenas").waitFor();
  await desk.page.keyboard.press("Escape");
  await desk.at("diff").waitFor({ state: "detached" });
  await desk.at("publish-2").click();
  await desk.at("share").fill("80");
  await desk.at("publish-confirm").click();
  await desk.at("version-2").getByText("80%").waitFor();
  await desk.at("open-2").click();
  await desk.at("preview-text").getByText("¿hablo con Ana Ejemplo?").waitFor();
  expect(await desk.breaches()).toEqual([]);
  await desk.at("preview").getByRole("button", { name: "Es él" }).click();
  await desk.at("preview-text").getByText("Debe RD$48,350.25").waitFor();
  await desk.at("say-2").fill("{{ debtor.secret }}");
  await desk.at("faults").getByText("deuda", { exact: true }).waitFor();
  await desk.at("say-2").fill("Gracias.");
  await desk.at("faults").getByText("Nada impide publicarlo").waitFor();
  await desk.at("save-draft").click();
  await desk.page.waitForURL("**/scripts/3");
  expect(desk.server.portfolio.versions).toHaveLength(3);
});
