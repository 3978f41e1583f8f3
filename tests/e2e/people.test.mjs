// Joining, listing a first home, signing in and out; and every page in both sizes and themes under axe.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, DESK, fits, PHONE, person } from "./harness/browser.mjs";
import { BARCELONA_VIEW, mapOf, world } from "./harness/world.mjs";

const stage = world();
const H1 = { level: 1 };

test("somebody joins, lists a home, and it is on the map", async () => {
  const { page, wrong, close } = await person(stage.browser, stage.server, undefined, { size: PHONE });
  await page.goto("/sign-up?next=/host/new");
  await page.getByLabel("Name").fill("Mara Silva");
  await page.getByLabel("E-mail").fill("mara@posada.example");
  await page.getByLabel("Password").fill("short");
  await page.getByRole("combobox", { name: "Home city" }).fill("Lisboa");
  await page
    .getByRole("option", { name: /Lisbon/ })
    .first()
    .click();
  await page.getByLabel("Password").fill("a dance floor under the stars");
  await page.getByText("Dancer", { exact: true }).click();
  await accessible(page, "signing up");
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByRole("heading", { ...H1, name: "List a home" }).waitFor();

  await page.getByRole("button", { name: "List this home" }).click();
  await page.getByText("Fill this in.").first().waitFor();
  await accessible(page, "a home that is not all there");
  await page.getByLabel("Title").fill("Tiles and a terrace");
  await page.getByRole("combobox", { name: "Find a city to begin with" }).fill("Lissabon");
  await page
    .getByRole("option", { name: /Lisbon/ })
    .first()
    .click();
  await page.getByRole("button", { name: "The home’s exact position" }).focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await page.getByRole("button", { name: "Add a room" }).click();
  await page.getByLabel("Name").nth(1).fill("Room over the garden");
  await page.getByRole("button", { name: "List this home" }).click();
  await page.waitForURL(/\/host\/[0-9a-f-]{36}$/);
  await page.getByText("Others see only a point nearby: the lit circle.").waitFor();
  await fits(page, "editing a home");

  await page.getByRole("link", { name: "See it" }).click();
  await page.getByRole("heading", { ...H1, name: "Tiles and a terrace" }).waitFor();
  await page.getByRole("link", { name: "Show on the map" }).click();
  await page.getByRole("article", { name: "Tiles and a terrace" }).waitFor();
  await mapOf(page).live();
  await accessible(page, "a home's card on a phone");
  assert.deepEqual(wrong, []);
  await close();
});

test("a visitor is led to sign in and back, and never to another site", async () => {
  const { page, wrong, close } = await person(stage.browser, stage.server);
  const home = stage.homes["House with a dance floor"];
  await page.goto(`/homes/${home.id}`);
  await page.getByRole("region", { name: "Ask for a stay" }).getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("E-mail").fill(stage.leo.email);
  await page.getByLabel("Password").fill("not the one");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await accessible(page, "signing in with a wrong password");
  await page.getByLabel("Password").fill(stage.leo.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(new RegExp(`/homes/${home.id}$`));
  await page.getByRole("button", { name: "Send the request" }).waitFor();
  await page.getByRole("button", { name: "Account of Leo Brandt" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("region", { name: "Ask for a stay" }).getByRole("link", { name: "Sign in" }).waitFor();

  await page.goto("/sign-in?next=//elsewhere.example/");
  await page.getByLabel("E-mail").fill(stage.leo.email);
  await page.getByLabel("Password").fill(stage.leo.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname === "/" && url.origin === stage.server.url);
  assert.deepEqual(wrong, []);
  await close();
});

test("an edit over somebody else's asks which one stands, and unsaved changes are not lost unasked", async () => {
  const { page, wrong, close } = await person(stage.browser, stage.server, stage.ana);
  const home = stage.homes["Apartment in San Telmo"];
  await page.goto(`/host/${home.id}`);
  await page.getByLabel("Title").fill("Apartment with a view of San Telmo");
  await stage.api.ana.post(`/api/v1/homes/${home.id}/pause`);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").filter({ hasText: "Changed meanwhile" }).waitFor();
  await accessible(page, "an edit over somebody else's");
  await page.getByRole("link", { name: "My homes" }).click();
  const leaving = page.getByRole("alertdialog", { name: "Leave without saving?" });
  await accessible(page, "leaving what is not saved");
  await leaving.getByRole("button", { name: "Stay here" }).click();
  await page.getByRole("button", { name: "Save mine over it" }).click();
  await page.getByText("Saved. Everybody who looks at the map sees it now.").waitFor();
  const now = await stage.api.ana.get(`/api/v1/homes/${home.id}`);
  assert.equal(now.title, "Apartment with a view of San Telmo");
  assert.equal(now.status, "paused");
  assert.deepEqual(wrong, []);
  await close();
});

const PAGES = [
  ["the map", `/?${BARCELONA_VIEW}`, "visitor"],
  ["a city", "/cities/3128760", "visitor"],
  ["a home", () => `/homes/${stage.homes["House with a dance floor"].id}`, "visitor"],
  ["a page that is not there", "/nowhere", "visitor"],
  ["a page for members", "/host", "visitor"],
  ["signing in", "/sign-in", "visitor"],
  ["signing up", "/sign-up", "visitor"],
  ["asking for a stay", () => `/homes/${stage.homes["House with a dance floor"].id}`, "leo"],
  ["no stays", "/stays", "leo"],
  ["no homes", "/host", "leo"],
  ["my homes", "/host", "ana"],
  ["listing a home", "/host/new", "ana"],
  ["editing a home", () => `/host/${stage.homes["House with a dance floor"].id}`, "ana"],
];

for (const size of [DESK, PHONE]) {
  test(`every page holds at ${size.width} px, by day and by night`, async () => {
    for (const who of ["visitor", "leo", "ana"]) {
      const { page, wrong, close } = await person(stage.browser, stage.server, stage[who], { size });
      for (const [state, path] of PAGES.filter((entry) => entry[2] === who)) {
        await page.goto(typeof path === "string" ? path : path(), { waitUntil: "networkidle" });
        await page.locator("h1, h3, ul li button[aria-pressed]").first().waitFor({ state: "attached" });
        await accessible(page, state);
        await fits(page, state);
      }
      assert.deepEqual(wrong, [], who);
      await close();
    }
  });
}
