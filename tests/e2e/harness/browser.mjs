// Chromium, people in it, and what every page they visit must hold: no errors, and nothing axe finds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { PATIENCE_MS } from "./until.mjs";

const web = createRequire(new URL("../../../web/package.json", import.meta.url));
const { chromium } = web("playwright-core");
const AXE = readFileSync(web.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

export const DESK = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** Playwright gives every launch a profile directory of its own, and takes it away. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Somebody with a browser of their own, signed in if they are a member. */
export async function person(browser, server, member, { size = DESK, theme = "light" } = {}) {
  const context = await browser.newContext({
    baseURL: server.url,
    viewport: size,
    hasTouch: size === PHONE,
    colorScheme: theme,
    reducedMotion: "reduce",
    locale: "en-GB",
  });
  context.setDefaultTimeout(PATIENCE_MS);
  if (member) {
    const { email, password } = member;
    const answer = await context.request.post("/api/v1/session", { data: { email, password } });
    assert.equal(answer.status(), 200, await answer.text());
  }
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => {
    // What the network did is for each journey to judge; everything else that is an error is one.
    if (message.type() === "error" && !/Failed to load resource|WebSocket connection|net::ERR/.test(message.text()))
      wrong.push(message.text());
  });
  return { context, page, wrong, close: () => context.close() };
}

/** Nothing for axe to find, by day and by night. */
export async function accessible(page, state) {
  if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(AXE);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const found = await page.evaluate(async (tags) => {
      // Colours that are on their way are nobody's colours.
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})));
      const { violations } = await globalThis.axe.run(document, { runOnly: { type: "tag", values: tags } });
      return violations.map(({ id, nodes }) => ({
        id,
        nodes: nodes.slice(0, 4).map(({ html, failureSummary }) => ({ html: html.slice(0, 300), failureSummary })),
      }));
    }, RULES);
    assert.deepEqual(found, [], `axe, ${state}, ${colorScheme}, ${page.viewportSize()?.width} px`);
  }
}

/** No page scrolls sideways. */
export async function fits(page, state) {
  const over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
  assert.ok(over <= 0, `${state} is ${over} px wider than the window of ${page.viewportSize()?.width} px`);
}
