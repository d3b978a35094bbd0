// A supervisor and a reviewer in a real Chromium, after a few calls: figures, the recordings' list, both waveforms, sound.
// Prints one JSON object of what was seen. Settings come as JSON in the first argument.
import { createRequire } from "node:module";
import { join } from "node:path";

const wanted = JSON.parse(process.argv[2]);
const { chromium } = createRequire(join(wanted.console, "package.json"))("playwright-core");

const browser = await chromium.launch({
  executablePath: wanted.chromium,
  args: [
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
  ],
});
const seen = { problems: [] };

async function sitDown(person) {
  const context = await browser.newContext({ locale: "es-419", viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.on("pageerror", (error) => seen.problems.push(String(error)));
  await page.goto(wanted.url);
  await page.getByTestId("login-user").fill(person.login);
  await page.getByTestId("login-password").fill(person.password);
  await page.getByTestId("login-submit").click();
  return page;
}

try {
  const supervisor = await sitDown(wanted.supervisor);
  const figure = async (id) => Number((await supervisor.getByTestId(id).first().textContent()).replace(/\D+/g, ""));
  await supervisor.getByTestId("campaign-state").first().waitFor();
  await supervisor.waitForTimeout(1500);
  seen.connected = await figure("connected");
  seen.attempts = await figure("attempts");
  seen.agents = await supervisor.locator('[data-testid^="agent-"][data-state]').count();
  await supervisor.screenshot({ path: join(wanted.shots, "supervisor.png") });
  await supervisor.getByTestId("campaign-pause").first().click();
  await supervisor.getByTestId("campaign-start").first().waitFor();
  seen.paused = true;

  const reviewer = await sitDown(wanted.reviewer);
  const rows = reviewer.locator('[data-testid^="recording-"]:not([data-testid="recording-person"])');
  await rows.first().waitFor();
  seen.recordings = await rows.count();
  await rows.first().click();
  await reviewer.locator('[data-testid="waves"][data-ready="true"]').waitFor();
  await reviewer.getByTestId("play").click();
  await reviewer.waitForTimeout(1500);
  await reviewer.screenshot({ path: join(wanted.shots, "review.png") });
  seen.position = await reviewer.getByTestId("position").textContent();
  seen.playing = await reviewer.getByTestId("play").getAttribute("data-playing");
} catch (error) {
  seen.error = String(error);
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
