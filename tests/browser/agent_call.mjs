// A real Chromium as an agent's desk: logs in, connects the phone, takes one call, reloads in the middle of it, ends it.
// Prints one JSON object of what it saw and when (epoch milliseconds). Settings come as JSON in the first argument.
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
    `--use-file-for-fake-audio-capture=${wanted.microphone}`,
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
  ],
});
const seen = { problems: [] };
try {
  const context = await browser.newContext({ permissions: ["microphone"], locale: "es-419", viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.on("pageerror", (error) => seen.problems.push(String(error)));
  // Before any script of the page: note the first moment at which a call's card and the state ON_CALL are on the screen.
  await page.addInitScript(() => {
    const look = () => {
      const state = document.querySelector('[data-testid="my-state"]')?.getAttribute("data-state");
      if (!window.onCallAt && state === "on_call" && document.querySelector('[data-testid="call-card"]')) window.onCallAt = Date.now();
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
  });
  const by = (id) => page.getByTestId(id);
  const state = (name, timeout = 20_000) => page.waitForSelector(`[data-testid="my-state"][data-state="${name}"]`, { timeout });
  const shot = (name) => page.screenshot({ path: join(wanted.shots, `${name}.png`) });

  await page.goto(wanted.url);
  await by("login-user").fill(wanted.login);
  await by("login-password").fill(wanted.password);
  await by("login-submit").click();
  await by("connect-phone").waitFor();
  await shot("1-microphone");
  await by("connect-phone").click();
  await state("not_ready");
  await shot("2-not-ready");
  await by("go-ready").click();

  await state("on_call", 30_000);
  await by("call-card").waitFor();
  seen.card_at = await page.evaluate(() => window.onCallAt);
  await page.waitForTimeout(wanted.talk_ms);
  seen.person = await by("person-name").textContent();
  seen.script = await by("script").textContent();
  await shot("3-on-call");

  seen.reloaded_at = Date.now();
  await page.reload();
  await state("on_call", 15_000);
  await by("call-card").waitFor();
  seen.back_at = await page.evaluate(() => window.onCallAt);
  seen.person_after_reload = await by("person-name").textContent();
  await page.waitForTimeout(wanted.talk_ms);
  await shot("4-after-reload");

  await by("hang-up").click();
  await state("wrap_up");
  await shot("5-wrap-up");
  await by("disposition-promise").click();
  await by("field-due_on").fill(new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10));
  await by("save-disposition").click();
  await page.waitForSelector('[data-testid="my-state"]:not([data-state="wrap_up"])', { timeout: 10_000 });
  seen.state_at_the_end = await by("my-state").getAttribute("data-state");
  await shot("6-after-the-call");
} catch (error) {
  seen.error = String(error);
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
