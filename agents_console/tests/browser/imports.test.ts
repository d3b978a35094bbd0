import { expect, test } from "vitest";
import { type Desk, supervisorForEach } from "./desk";
import { report } from "./mock_imports";

let desk: Desk;
supervisorForEach(async (opened) => {
  desk = opened;
  await desk.at("page-imports").click();
});

async function bring(name = "cartera.csv", content = "Cédula,Nombre,Celular,Correo\n"): Promise<void> {
  const chooser = desk.page.waitForEvent("filechooser");
  await desk.at("import-file").click();
  await (await chooser).setFiles({ name, mimeType: "text/csv", buffer: Buffer.from(content) });
  await desk.at("import-send").click();
  await desk.at("column-table").waitFor();
}

const state = (name: string) =>
  desk.page.locator(`[data-testid=import-state][data-state="${name}"]`).first().waitFor();

test("a file is brought, its columns corrected, checked, and loaded without its bad rows", async () => {
  const { imports } = desk.server;
  await bring();
  expect(await desk.at("column-2").inputValue()).toBe("Teléfono 1");
  expect(await desk.at("column-table").innerText()).toContain("Supuesto por el nombre");
  expect(await desk.breaches()).toEqual([]);
  // The fourth column is taken for the city, then for nothing; without the number's column it can't be checked.
  await desk.at("column-3").click();
  await desk.page.getByRole("option", { name: "Ciudad" }).click();
  await desk.at("column-2").click();
  await desk.page.getByRole("option", { name: "No se usa" }).click();
  await desk.at("missing-columns").getByText("Teléfono 1").waitFor();
  expect(await desk.at("import-check").isDisabled()).toBe(true);
  await desk.at("column-2").click();
  await desk.page.getByRole("option", { name: "Teléfono 1" }).click();
  await desk.at("import-region").click();
  await desk.page.getByRole("option", { name: "República Dominicana (DO)" }).click();
  await desk.at("import-check").click();
  await state("checking");
  await desk.at("import-work").getByText("300 filas").waitFor();
  imports.change(1, { state: "checked", progress: null, leads: report() });
  await desk.at("findings").getByText("'123' is not a phone number").waitFor();
  expect(await desk.at("figure-newLeads").innerText()).toContain("1,180");
  expect(await desk.at("book-DOP").innerText()).toContain("$3,149,250.50 DOP");
  expect(await desk.breaches()).toEqual([]);
  expect(await desk.at("import-load").isDisabled()).toBe(true);
  await desk.at("skip-bad").check();
  await desk.at("import-load").click();
  await state("loading");
  imports.change(1, { state: "loaded", progress: null, leads: report() });
  await state("loaded");
  expect(await desk.at("import-load").count()).toBe(0);
  expect(imports.begun.map(({ skip_bad }) => skip_bad)).toEqual([false, true]);
  expect(imports.begun[1]).toMatchObject({
    columns: { Cédula: "external_ref", Nombre: "full_name", Celular: "phone1", Correo: "city" },
    region: "DO",
    campaign_id: 1,
  });
  // The very same file again says so.
  await desk.page.getByRole("link", { name: "Todos los archivos" }).click();
  await desk.at("import-1").getByText("1,180 clientes nuevos").waitFor();
  await bring("otra vez.csv");
  await desk.at("same-file").getByText("Se cargó en «Tarjetas»").waitFor();
  await desk.at("import-delete").click();
  await desk.at("import-2").waitFor({ state: "detached" });
});

test("what changes after a check must be checked again; a load that is stopped goes on; a mapping is kept", async () => {
  const { imports } = desk.server;
  await bring();
  await desk.at("mapping-name").fill("Banco Mirador");
  await desk.at("save-mapping").click();
  await desk.page.getByText("«Banco Mirador» guardada").waitFor();
  expect(imports.mappings[0]).toMatchObject({ name: "Banco Mirador", kind: "leads" });
  await desk.at("import-check").click();
  await state("checking");
  imports.change(1, { state: "checked", progress: null, leads: report({ bad_rows: 0, findings: {} }) });
  await desk.at("import-load").waitFor();
  await desk.at("column-3").click();
  await desk.page.getByRole("option", { name: "Ciudad" }).click();
  await desk.at("import-load").waitFor({ state: "detached" });
  await desk.at("column-3").click();
  await desk.page.getByRole("option", { name: "No se usa" }).click();
  await desk.at("import-load").click();
  await state("loading");
  await desk.at("import-stop").click();
  await state("interrupted");
  await desk.at("import-load").getByText("Continuar la carga").click();
  await state("loading");
  expect(imports.begun).toHaveLength(3);
  expect(imports.begun[2]).toEqual(imports.begun[1]);
});

test("a file that can't be read says why, and can be read otherwise", async () => {
  desk.server.imports.previewProblem =
    "this is an old workbook or an archive: save it as XLSX or as CSV (UTF-8)";
  const chooser = desk.page.waitForEvent("filechooser");
  await desk.at("import-file").click();
  await (await chooser).setFiles({ name: "viejo.xls", mimeType: "text/csv", buffer: Buffer.from("x") });
  await desk.at("import-send").click();
  await desk.at("preview-problem").getByText("save it as XLSX").waitFor();
  desk.forgive(422);
  expect(await desk.breaches()).toEqual([]);
  desk.server.imports.previewProblem = null;
  await desk.at("import-encoding").click();
  await desk.page.getByRole("option", { name: "latin-1" }).click();
  await desk.at("column-table").waitFor();
});
