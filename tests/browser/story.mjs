// A supervisor's day in a real Chromium, from a creditor's file to the promise, with an agent's desk beside his: a script,
// a segment and a campaign made, the file brought, checked and loaded into it, the campaign started; the agent walks the
// script and takes the promise; the supervisor reads it in the person's story, asks why he is not called, and sends the agent to another group.
// Prints one JSON object of what was seen. Settings come as JSON in the first argument.
import { createRequire } from "node:module";
import { join } from "node:path";

const wanted = JSON.parse(process.argv[2]);
const { chromium } = createRequire(join(wanted.console, "package.json"))("playwright-core");

const browser = await chromium.launch({
  executablePath: wanted.chromium,
  args: [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
  ],
});
const seen = { problems: [], at: "the beginning" };

async function sitDown(person, permissions = []) {
  const context = await browser.newContext({ permissions, locale: "es-419", viewport: { width: 1366, height: 768 } });
  const page = await context.newPage();
  page.setDefaultTimeout(wanted.wait_ms);
  page.on("pageerror", (error) => seen.problems.push(String(error)));
  await page.goto(wanted.url);
  await page.getByTestId("login-user").fill(person.login);
  await page.getByTestId("login-password").fill(person.password);
  await page.getByTestId("login-submit").click();
  return page;
}

try {
  const boss = await sitDown(wanted.supervisor);
  const by = (id) => boss.getByTestId(id);
  const option = (name) => boss.getByRole("option", { name, exact: true }).click();
  const shot = (page, name) => page.screenshot({ path: join(wanted.shots, `${name}.png`) });

  seen.at = "the script";
  await by("page-scripts").click();
  await by("add-script").click();
  await by("script-name").fill("Historia");
  await by("say-1").fill("Buenos días, ¿hablo con {{ debtor.name }}?");
  await by("add-step").click();
  await by("say-2").fill("Tiene pendiente {{ debt.balance }}. ¿Qué día puede pagarlo?");
  await by("add-answer-1").click();
  await by("answer-1-1").fill("Es la persona");
  await by("step-2").getByLabel("Resultado que propone").and(boss.locator("input")).fill("promise");
  await by("preview-text").getByText("Ana Ejemplo").waitFor();
  await shot(boss, "1-script");
  await by("save-draft").click();
  await boss.waitForURL(/\/scripts\/\d+$/);
  await by("page-scripts").click();
  const script = boss.getByRole("region", { name: "Historia" });
  await script.locator('[data-testid^="publish-"]').click();
  await by("publish-confirm").click();
  await script.getByText("100%").waitFor();

  seen.at = "the segment";
  await by("page-segments").click();
  await by("add-segment").click();
  await by("segment-name").fill("De la historia");
  await by("add-condition").click();
  await by("field-1").click();
  await option("Saldo de la deuda");
  await by("value-1").fill("1000");
  await boss.getByLabel("Guion").and(boss.locator("input")).click();
  await option("Historia");
  await by("target").fill("120");
  await by("save-segment").click();
  await boss.waitForURL(/\/segments\/\d+$/);

  seen.at = "the campaign";
  await by("page-campaigns").click();
  await by("add-campaign").click();
  await by("campaign-name").fill(wanted.campaign);
  await by("campaign-group").fill(wanted.group);
  // The strictest law of all does not allow it so: nobody stands behind its rules, nobody owns the numbers.
  await by("bars-starting").waitFor();
  await shot(boss, "2-campaign-lacks");
  await by("campaign-law").click();
  await option("Laboratorio: solo pruebas");
  await by("nothing-missing").waitFor();
  await by("campaign-wrap-up").fill("600");
  await by("save-campaign").click();
  await boss.waitForURL(/\/campaigns\/\d+$/);
  seen.campaign = Number(boss.url().split("/").at(-1));
  await by("no-leads").waitFor();

  seen.at = "the file";
  await by("page-imports").click();
  const chooser = boss.waitForEvent("filechooser");
  await by("import-file").click();
  await (await chooser).setFiles(wanted.file);
  await by("import-send").click();
  await by("column-table").waitFor();
  await by("import-region").click();
  await option("República Dominicana (DO)");
  await by("import-campaign").click();
  await option(wanted.campaign);
  await shot(boss, "3-columns");
  await by("import-check").click();
  await by("findings").waitFor();
  seen.checked = { new: await by("figure-newLeads").innerText(), bad: await by("figure-bad").innerText() };
  await shot(boss, "4-checked");
  await by("skip-bad").check();
  await by("import-load").click();
  await boss.locator('[data-testid=import-state][data-state="loaded"]').waitFor();

  seen.at = "the call";
  const agent = await sitDown(wanted.agent, ["microphone"]);
  const desk = (id) => agent.getByTestId(id);
  const state = (name) => agent.locator(`[data-testid="my-state"][data-state="${name}"]`).waitFor();
  await desk("connect-phone").click();
  await state("not_ready");
  await desk("go-ready").click();
  await state("ready");
  await by("page-campaigns").click();
  await by(`entry-${seen.campaign}`).getByRole("link", { name: wanted.campaign, exact: true }).click();
  await by("campaign-start").click();
  await state("on_call");
  seen.person = await desk("person-name").textContent();
  await desk("script").getByText(seen.person).waitFor();
  seen.first_words = await desk("script").innerText();
  await desk("target-time").waitFor();
  await shot(agent, "5-on-call");
  await desk("answer-1").click();
  await agent.locator('[data-testid="script"][data-step="paso_2"]').waitFor();
  seen.second_words = await desk("script").innerText();

  seen.at = "the other group";
  await boss.locator('[data-testid=campaign-state][data-campaign="running"]').waitFor();
  await shot(boss, "6-campaign-runs");
  await by("page-supervisor").click();
  await by("open-team").click();
  await by(`group-of-${wanted.agent.login}`).click();
  await option(wanted.other_group);
  await by(`moving-${wanted.agent.login}`).waitFor();

  seen.at = "the promise";
  await desk("after-wrap-up").waitFor();
  await desk("hang-up").click();
  await state("wrap_up");
  await desk("disposition-promise").click();
  await desk("field-due_on").fill(wanted.due_on);
  await shot(agent, "7-promise");
  await desk("save-disposition").click();
  // He leaves his group, and his phone comes up by itself in the other one: there he waits until he says "ready".
  await state("not_ready");
  await by("moves-log").getByText(wanted.other_group).waitFor();
  await by(`moving-${wanted.agent.login}`).waitFor({ state: "detached" });
  await shot(boss, "8-team");

  seen.at = "the story";
  await by("page-people").click();
  await by("person-search").fill(seen.person);
  await by(`person-${wanted.reference}`).click();
  await by("entry-promise").waitFor();
  seen.story = await by("story").innerText();
  await boss.locator('[data-testid^="ask-why-"]').click();
  const why = boss.locator('[data-testid^="why-"]');
  await why.waitFor();
  seen.why = await why.innerText();
  const lead = (await why.getAttribute("data-testid")).replace("why-", "");
  seen.told = await boss.evaluate(async (id) => (await fetch(`/api/v1/leads/${id}/callability`)).json(), lead);
  await shot(boss, "9-why");
  seen.at = "the end";
} catch (error) {
  seen.error = String(error);
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
