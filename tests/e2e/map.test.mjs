// The map: the world, a city, homes that come, change, move and go while one looks; by keyboard alone; by a shared address.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, fits, PHONE, person } from "./harness/browser.mjs";
import { until } from "./harness/until.mjs";
import { BARCELONA_VIEW, mapOf, world } from "./harness/world.mjs";

const stage = world();

test("a visitor flies into a city and sees a home come, change, move and go as its host edits it", async () => {
  const visitor = await person(stage.browser, stage.server);
  const host = await person(stage.browser, stage.server, stage.leo);
  const map = mapOf(visitor.page);
  await visitor.page.goto("/");
  for (const city of ["Barcelona", "Berlin", "Buenos Aires"]) await map.entry(city).waitFor();
  await map.live();
  await accessible(visitor.page, "the world");

  await map.entry("Barcelona").click();
  await visitor.page.getByRole("article", { name: "Barcelona" }).waitFor();
  await accessible(visitor.page, "a city's card");
  await visitor.page.getByRole("button", { name: "Show its homes" }).click();
  await map.entry("Lamp-lit loft in Gràcia").waitFor();
  await map.live();
  await accessible(visitor.page, "a city");

  await host.page.goto("/host/new");
  await host.page.getByLabel("Title").fill("Balcony over the square");
  await host.page.getByRole("switch", { name: "Free of charge" }).locator("xpath=ancestor::label").click();
  await host.page.getByLabel("Price a night").fill("77");
  await host.page.getByRole("combobox", { name: "Find a city to begin with" }).fill("barcelona");
  await host.page
    .getByRole("option", { name: /Barcelona.*Spain/ })
    .first()
    .click();
  await host.page.getByRole("button", { name: "The home’s exact position" }).waitFor();
  await putAt(host.page, 41.46, 2.26);
  await accessible(host.page, "listing a home");
  await host.page.getByRole("button", { name: "List this home" }).click();
  await host.page.waitForURL(/\/host\/[0-9a-f-]{36}$/);

  await map.entry("Balcony over the square").waitFor();
  await map.mark("€77").waitFor();
  await accessible(host.page, "editing a home");

  await host.page.getByLabel("Title").fill("Balcony over the market");
  await host.page.getByLabel("Price a night").fill("66");
  await host.page.getByRole("button", { name: "Save" }).click();
  await map.entry("Balcony over the market").waitFor();
  await map.mark("€66").waitFor();
  assert.equal(await map.entry("Balcony over the square").count(), 0);

  const before = await map.mark("€66").boundingBox();
  await putAt(host.page, 41.52, 2.26);
  await host.page.getByRole("button", { name: "Save" }).click();
  await until("the mark to move north", async () => {
    const now = await map.mark("€66").boundingBox();
    return now && before && now.y < before.y - 20;
  });

  await host.page.goto("/host");
  await host.page.getByRole("button", { name: "Pause" }).click();
  const dialog = host.page.getByRole("alertdialog", { name: "Pause this home?" });
  await dialog.waitFor();
  await accessible(host.page, "asking before a home is paused");
  await dialog.getByRole("button", { name: "Pause" }).click();
  await map.entry("Balcony over the market").waitFor({ state: "detached" });
  assert.equal(await map.mark("€66").count(), 0);
  await host.page.getByRole("button", { name: "Resume" }).waitFor();
  await accessible(host.page, "my homes");
  assert.deepEqual([...visitor.wrong, ...host.wrong], []);
  await Promise.all([visitor.close(), host.close()]);
});

/** Puts the pin by its degrees. */
async function putAt(page, lat, lng) {
  for (const [name, degrees] of [
    ["Latitude", lat],
    ["Longitude", lng],
  ]) {
    const field = page.getByRole("textbox", { name });
    await field.fill(String(degrees));
    await field.press("Tab");
  }
}

/** Presses Tab until what has the focus is what was looked for. */
async function tabTo(page, what, found) {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(found)) return;
  }
  assert.fail(`80 times Tab do not lead to ${what}`);
}

test("by keyboard alone: search a city, walk its list, open a home", async () => {
  const { page, wrong, close } = await person(stage.browser, stage.server);
  const map = mapOf(page);
  await page.goto("/");
  await map.entry("Berlin").waitFor();
  await tabTo(page, "the search", "document.activeElement.getAttribute('role') === 'combobox'");
  await page.keyboard.type("Barcelna");
  await page
    .getByRole("option", { name: /Barcelona/ })
    .first()
    .waitFor();
  await accessible(page, "searching");
  await page.keyboard.press("Enter");
  await map.entry("Room near the milonga").waitFor();
  await tabTo(page, "a home of the list", "document.activeElement.textContent.includes('Room near the milonga')");
  await page.keyboard.press("Enter");
  await page.getByRole("article", { name: "Room near the milonga" }).waitFor();
  await tabTo(
    page,
    "the way to the home",
    "document.activeElement.getAttribute('aria-label') === 'Open Room near the milonga'",
  );
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Room near the milonga" }).waitFor();
  await until("the focus to be on the page", () => page.evaluate("document.activeElement.id === 'page'"));
  await accessible(page, "a home");
  assert.deepEqual(wrong, []);
  await close();
});

test("a shared address brings back view, filters and layers", async () => {
  const first = await person(stage.browser, stage.server);
  await first.page.goto(`/?${BARCELONA_VIEW}&kinds=loft,boat`);
  const map = mapOf(first.page);
  await map.entry("Boat in the old port").waitFor();
  assert.equal(await map.entry("Room near the milonga").count(), 0);
  await first.page.getByRole("button", { name: "Filters, 1 on" }).click();
  const sheet = first.page.getByRole("dialog", { name: "Filters" });
  await sheet.getByRole("textbox", { name: "Guests" }).fill("3");
  await sheet.getByRole("textbox", { name: "Guests" }).press("Tab");
  await map.entry("Boat in the old port").waitFor({ state: "detached" });
  await accessible(first.page, "the filters");
  await first.page.keyboard.press("Escape");
  await first.page.getByRole("button", { name: "Layers" }).click();
  await first.page.getByRole("switch", { name: "Cities" }).locator("xpath=ancestor::label").click();
  await accessible(first.page, "the layers");
  await until(
    "the address to hold all of it",
    () => /layers=homes/.test(first.page.url()) && /guests=3/.test(first.page.url()),
  );

  const second = await person(stage.browser, stage.server, undefined, { size: PHONE });
  await second.page.goto(first.page.url());
  const again = mapOf(second.page);
  await again.entry("Lamp-lit loft in Gràcia").waitFor({ state: "attached" });
  await second.page.getByRole("button", { name: "Filters, 2 on" }).waitFor();
  assert.equal(await again.entries.count(), 1);
  assert.equal(new URL(second.page.url()).search, new URL(first.page.url()).search);
  await second.page.getByRole("button", { name: "Layers" }).click();
  const layers = second.page.getByRole("dialog", { name: "Layers" });
  assert.equal(await layers.getByRole("switch", { name: "Cities" }).isChecked(), false);
  assert.equal(await layers.getByRole("switch", { name: "Homes" }).isChecked(), true);
  await accessible(second.page, "the layers on a phone");
  await fits(second.page, "the map");
  assert.deepEqual([...first.wrong, ...second.wrong], []);
  await Promise.all([first.close(), second.close()]);
});
