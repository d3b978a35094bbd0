import { expect, test } from "vitest";
import { type Desk, supervisorForEach } from "./desk";

let desk: Desk;
supervisorForEach(async (opened) => {
  desk = opened;
  await desk.at("page-campaigns").click();
  await desk.at("entry-1").waitFor();
});

const option = (name: string) => desk.page.getByRole("option", { name, exact: true }).click();

test("a campaign is made: the law is asked as it is written, bars what it forbids, and names what is missing", async () => {
  const campaigns = desk.server.setups;
  expect(await desk.at("entry-2").innerText()).toContain("Falta qué oye quien contesta");
  expect(await desk.breaches()).toEqual([]);
  await desk.at("add-campaign").click();
  expect(await desk.at("save-campaign").isDisabled()).toBe(true);
  await desk.at("campaign-name").fill("Autos noviembre");
  await desk.at("campaign-group").fill("Norte");
  await desk.page.getByText("Se creará el grupo «Norte»").waitFor();
  await desk.at("campaign-law").click();
  await option("Estados Unidos (US)");
  await desk.at("campaign-mode").click();
  await option("Predictivo");
  await desk.at("campaign-cap").fill("5");
  const barred = desk.at("bars-storing");
  await barred.getByText("El abandono máximo es 5.0%: como mucho puede ser 3.0%.").waitFor();
  expect(await barred.getByRole("link", { name: "16 CFR 310.4" }).count()).toBe(1);
  expect(await desk.at("save-campaign").isDisabled()).toBe(true);
  expect(await desk.breaches()).toEqual([]);
  await desk.at("campaign-cap").fill("2");
  await barred.waitFor({ state: "detached" });
  await desk.at("bars-starting").waitFor();
  await desk.at("save-campaign").click();
  await desk.page.getByText("choose another name", { exact: false }).waitFor();
  desk.forgive(422);
  await desk.at("campaign-name").fill("Autos diciembre");
  await desk.at("save-campaign").click();
  await desk.page.waitForURL("**/campaigns/3");
  expect(campaigns.setups[2]?.settings).toMatchObject({
    name: "Autos diciembre",
    agent_group: "Norte",
    abandon_cap: 0.02,
    rule_set: "US",
  });
  expect(await desk.at("campaign-start").isDisabled()).toBe(true);
  await desk.at("campaign-abandoned").fill("Le llamó Cobros Antillana.");
  await desk.at("nothing-missing").waitFor();
  expect(await desk.at("campaign-start").isDisabled()).toBe(true);
  await desk.at("save-campaign").click();
  await desk.at("undo-campaign").waitFor();
  expect(await desk.at("campaign-start").isEnabled()).toBe(true);
  expect(await desk.breaches()).toEqual([]);
});

test("a campaign that two supervisors change, a copy of it, and the archive", async () => {
  const campaigns = desk.server.setups;
  await desk.page.getByRole("link", { name: "Autos noviembre", exact: true }).click();
  await desk.at("campaign-name").fill("Autos de noviembre");
  campaigns.change(2, { name: "Autos del norte" });
  await desk.at("save-campaign").click();
  await desk.at("conflict").waitFor();
  expect(campaigns.setups[1]?.name).toBe("Autos del norte");
  expect(await desk.breaches()).toEqual([]);
  await desk.at("take-theirs").click();
  await desk.at("conflict").waitFor({ state: "detached" });
  expect(await desk.at("campaign-name").inputValue()).toBe("Autos del norte");
  desk.forgive(412);
  await desk.at("copy-campaign").click();
  await desk.page.getByText("las personas no", { exact: false }).waitFor();
  expect(await desk.at("campaign-name").inputValue()).toBe("Autos del norte (copia)");
  await desk.at("save-campaign").click();
  await desk.page.waitForURL("**/campaigns/3");
  await desk.at("archive-campaign").click();
  await desk.at("in-archive").waitFor();
  await desk.page.getByRole("link", { name: "Todas las campañas" }).click();
  await desk.at("entry-2").waitFor();
  expect(await desk.at("entry-3").count()).toBe(0);
  await desk.at("show-archive").click();
  await desk.at("entry-3").waitFor();
  expect(await desk.at("entry-2").count()).toBe(0);
  await desk.page.getByRole("link", { name: "Autos del norte (copia)", exact: true }).click();
  await desk.at("restore-campaign").click();
  await desk.at("archive-campaign").waitFor();
  expect(campaigns.setups[2]?.archived).toBe(false);
});
