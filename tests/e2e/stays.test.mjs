// The first stay: asked, delivered, seen, answered, between two people side by side; and over a server that is killed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, fits, PHONE, person } from "./harness/browser.mjs";
import { until } from "./harness/until.mjs";
import { BARCELONA_VIEW, dayIn, mapOf, world } from "./harness/world.mjs";

const stage = world();
const LOFT = "Lamp-lit loft in Gràcia";
const BOAT = "Boat in the old port";

const card = (page, id) => page.locator(`article[data-stay="${id}"]`);
const done = (page, id, step) => card(page, id).locator(`[data-step="${step}"][data-done]`).waitFor();
const toast = (page, text) => page.getByRole("region", { name: "News" }).getByText(text).waitFor();
const idIn = (page) => new URL(page.url()).searchParams.get("open");

async function fillRequest(page, title, arrive, leave, message) {
  await page.goto(`/homes/${stage.homes[title].id}`);
  await page.getByLabel("Arrive").fill(arrive);
  await page.getByLabel("Leave").fill(leave);
  await page.getByLabel(/^Message to/).fill(message);
}

async function sent(page) {
  await page.waitForURL(/\/stays\?.*open=/);
  return idIn(page);
}

test("a guest asks, the host sees it at once and says yes, and the map knows that the nights are taken", async () => {
  const [arrive, leave] = [dayIn(10), dayIn(14)];
  const guest = await person(stage.browser, stage.server, stage.leo);
  const host = await person(stage.browser, stage.server, stage.ana, { size: PHONE });
  const visitor = await person(stage.browser, stage.server);
  const map = mapOf(visitor.page);
  await visitor.page.goto(`/?${BARCELONA_VIEW}&from=${arrive}&to=${leave}`);
  await map.entry(LOFT).waitFor();
  await host.page.goto("/");
  await mapOf(host.page).live();

  await fillRequest(guest.page, LOFT, arrive, leave, "We dance on Sunday.");
  await guest.page.getByText("Total for 4 nights").waitFor();
  await guest.page.getByText("€320").waitFor();
  await accessible(guest.page, "asking for a stay");
  await guest.page.getByRole("button", { name: "Send the request" }).click();
  const id = await sent(guest.page);
  await done(guest.page, id, "sent");

  await toast(host.page, `Leo Brandt asks for a stay in “${LOFT}”.`);
  await done(guest.page, id, "delivered");
  assert.equal(await card(guest.page, id).locator('[data-step="seen"][data-done]').count(), 0);

  await host.page.getByRole("button", { name: "Menu, 1 with news" }).click();
  await host.page.getByRole("menuitem", { name: "Stays (1 with news)" }).click();
  await host.page.getByText("Asked of me").waitFor();
  await card(host.page, id).waitFor();
  await accessible(host.page, "a request that is new");
  assert.equal(await card(guest.page, id).locator('[data-step="seen"][data-done]').count(), 0);
  await card(host.page, id).getByRole("button", { name: "Show the request" }).click();
  await card(host.page, id).getByText("We dance on Sunday.").waitFor();
  await done(guest.page, id, "seen");
  await host.page.getByRole("button", { name: "Menu", exact: true }).waitFor();
  await accessible(host.page, "a request that is open");
  await fits(host.page, "the stays");

  await card(host.page, id).getByRole("button", { name: "Approve" }).click();
  await done(guest.page, id, "answered");
  await toast(guest.page, `Ana Ruiz says yes to your stay in “${LOFT}”.`);
  await card(guest.page, id).getByText("Approved").first().waitFor();
  await map.entry(LOFT).waitFor({ state: "detached" });
  assert.equal(await map.entry("Room near the milonga").count(), 1);
  await accessible(guest.page, "a stay that was approved");

  await fillRequest(guest.page, LOFT, dayIn(12), dayIn(15), "Once more?");
  await guest.page.getByRole("alert").filter({ hasText: "are taken in this room" }).waitFor();
  await accessible(guest.page, "nights that are taken");
  assert.deepEqual([...guest.wrong, ...host.wrong, ...visitor.wrong], []);
  await Promise.all([guest.close(), host.close(), visitor.close()]);
});

test("a host declines with a reason, a guest withdraws, and each sees it at once", async () => {
  const guest = await person(stage.browser, stage.server, stage.leo);
  const host = await person(stage.browser, stage.server, stage.ana);
  await host.page.goto("/stays?as=host");
  await fillRequest(guest.page, BOAT, dayIn(20), dayIn(21), "One night on the water.");
  await guest.page.getByRole("button", { name: "Send the request" }).click();
  const first = await sent(guest.page);
  await card(host.page, first).getByRole("button", { name: "Show the request" }).click();
  await card(host.page, first).getByRole("button", { name: "Decline" }).click();
  const dialog = host.page.getByRole("dialog", { name: "Decline this request?" });
  await dialog.getByLabel("Reason").fill("The boat is on land for the winter.");
  await accessible(host.page, "declining");
  await dialog.getByRole("button", { name: "Decline" }).click();
  await card(guest.page, first).getByText("The boat is on land for the winter.").waitFor();
  await toast(guest.page, `Ana Ruiz cannot host you in “${BOAT}”.`);

  await fillRequest(guest.page, BOAT, dayIn(30), dayIn(31), "In spring?");
  await guest.page.getByRole("button", { name: "Send the request" }).click();
  const second = await sent(guest.page);
  await card(host.page, second).waitFor();
  await card(guest.page, second).getByRole("button", { name: "Withdraw" }).click();
  const sure = guest.page.getByRole("alertdialog", { name: "Withdraw this request?" });
  await accessible(guest.page, "withdrawing");
  await sure.getByRole("button", { name: "Withdraw" }).click();
  await card(host.page, second).getByText("Withdrawn").first().waitFor();
  await toast(host.page, `Leo Brandt withdrew the request for “${BOAT}”.`);
  assert.deepEqual([...guest.wrong, ...host.wrong], []);
  await Promise.all([guest.close(), host.close()]);
});

test("a kill -9 between click and answer loses nothing and doubles nothing, and open pages come back by themselves", async () => {
  const guest = await person(stage.browser, stage.server, stage.leo);
  const host = await person(stage.browser, stage.server, stage.ana);
  const map = mapOf(host.page);
  await host.page.goto(`/?${BARCELONA_VIEW}`);
  await map.entry(BOAT).waitFor();
  await map.live();
  const homes = await map.entries.count();
  const before = (await stage.api.leo.get("/api/v1/me/stays?as=guest")).items.length;

  await fillRequest(guest.page, BOAT, dayIn(40), dayIn(42), "Before the storm.");
  // The server does what was asked and dies before its answer arrives.
  let lost = false;
  await guest.page.route("**/api/v1/homes/*/stays", async (route) => {
    if (lost) return route.continue();
    lost = true;
    await route.fetch();
    await stage.server.kill();
    await route.abort("connectionreset");
  });
  const send = guest.page.getByRole("button", { name: "Send the request" });
  await send.click();
  await guest.page.getByRole("alert").filter({ hasText: "The server cannot be reached" }).waitFor();
  await map.notLive();
  assert.equal(await map.entries.count(), homes, "what was seen stays to be seen");

  await stage.server.start();
  await map.live();
  await toast(host.page, `Leo Brandt asks for a stay in “${BOAT}”.`);
  await send.click();
  const id = await sent(guest.page);
  await done(guest.page, id, "delivered");
  const after = (await stage.api.leo.get("/api/v1/me/stays?as=guest")).items;
  assert.equal(after.length, before + 1, "asked once, though it was sent twice");
  assert.equal(await map.entries.count(), homes);

  // Live again in earnest: what changes now is seen.
  await stage.api.ana.post(`/api/v1/stays/${id}/approval`, { terms_version: 1 });
  await done(guest.page, id, "answered");
  await toast(guest.page, `Ana Ruiz says yes to your stay in “${BOAT}”.`);
  await stage.api.ana.post(`/api/v1/homes/${stage.homes[BOAT].id}/pause`);
  await map.entry(BOAT).waitFor({ state: "detached" });
  assert.deepEqual([...guest.wrong, ...host.wrong], []);
  await Promise.all([guest.close(), host.close()]);
});

test("a tab of one's own, opened later, shows the same", async () => {
  const guest = await person(stage.browser, stage.server, stage.leo, { size: PHONE });
  await guest.page.goto("/stays");
  const known = (await stage.api.leo.get("/api/v1/me/stays?as=guest")).items;
  await until(
    "all stays to be there",
    async () => (await guest.page.locator("article[data-stay]").count()) === known.length,
  );
  await accessible(guest.page, "the stays on a phone");
  await fits(guest.page, "the stays");
  await guest.close();
});
