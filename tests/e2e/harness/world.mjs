// A small world to travel in: three cities, their hosts, a few homes each, all made over the API like anybody's.
import { after, before } from "node:test";
import { launch } from "./browser.mjs";
import { Server } from "./server.mjs";

export const CITIES = {
  barcelona: { id: 3128760, lat: 41.3888, lng: 2.159 },
  berlin: { id: 2950159, lat: 52.5244, lng: 13.4105 },
  buenosAires: { id: 3435910, lat: -34.6131, lng: -58.3772 },
};

export function draft(city, over = {}) {
  return {
    kind: "apartment",
    offer: "entire_place",
    title: "Patio house",
    description: "Two floors around a patio, five minutes from the Sunday milonga.",
    guests: 2,
    price: { amount: 8000, currency: "EUR" },
    position: { lat: city.lat, lng: city.lng },
    ...over,
  };
}

/** A server, a browser and people, for the tests of one file. */
export function world() {
  const stage = { server: new Server(), browser: null, ana: null, leo: null, api: null };
  before(async () => {
    const { server } = stage;
    await server.start();
    await server.openCommunity();
    stage.ana = await server.addMember("Ana Ruiz", CITIES.barcelona.id);
    stage.leo = await server.addMember("Leo Brandt", CITIES.berlin.id);
    stage.api = { ana: await server.as(stage.ana), leo: await server.as(stage.leo) };
    const homes = [
      ["Lamp-lit loft in Gràcia", CITIES.barcelona, 0.012, 0.01, { kind: "loft", guests: 4 }],
      ["Boat in the old port", CITIES.barcelona, -0.015, 0.02, { kind: "boat", price: null }],
      [
        "Room near the milonga",
        CITIES.barcelona,
        0.004,
        -0.02,
        { offer: "private_room", price: { amount: 3550, currency: "EUR" } },
      ],
      ["House with a dance floor", CITIES.berlin, 0.01, 0.02, { kind: "house", guests: 8 }],
      ["Apartment in San Telmo", CITIES.buenosAires, -0.01, 0.005, { price: { amount: 4500, currency: "USD" } }],
    ];
    stage.homes = {};
    for (const [title, city, north, east, over] of homes) {
      const position = { lat: city.lat + north, lng: city.lng + east };
      stage.homes[title] = await stage.api.ana.post("/api/v1/homes", draft(city, { title, position, ...over }));
    }
    stage.browser = await launch();
  });
  after(async () => {
    await stage.browser?.close();
    await stage.server.end();
  });
  return stage;
}

/** The day so many days from now, as forms and addresses write it. */
export function dayIn(days) {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

/** The map's own words for itself: the list beside it, its marks, and whether it is live. */
export function mapOf(page) {
  return {
    entry: (name) => page.locator("ul li button[aria-pressed]").filter({ hasText: name }),
    entries: page.locator("ul li button[aria-pressed]"),
    // A mark hangs from an anchor without size.
    mark: (text) => page.locator(".leaflet-marker-icon > div").filter({ hasText: text }),
    live: () =>
      page
        .getByRole("status")
        .filter({ hasText: /^Live$/ })
        .waitFor(),
    notLive: () =>
      page
        .getByRole("status")
        .filter({ hasText: /Offline|Catching up/ })
        .waitFor(),
  };
}

export const BARCELONA_VIEW = "at=41.3888,2.1590,12";
