/** Every word the pages say, in English. One word for one thing: see the domain's glossary. */
const number = new Intl.NumberFormat("en");
const regions = new Intl.DisplayNames("en", { type: "region" });
const plural = (n: number, one: string, many: string) => `${number.format(n)} ${n === 1 ? one : many}`;

function currencyDigits(currency: string): number {
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

export const en = {
  name: "Posada",
  number: (n: number) => number.format(n),
  short: (n: number) =>
    n < 1000
      ? String(n)
      : new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: n < 10_000 ? 1 : 0 }).format(n),
  homes: (n: number) => plural(n, "home", "homes"),
  hosts: (n: number) => plural(n, "host", "hosts"),
  members: (n: number) => plural(n, "member", "members"),
  cities: (n: number) => plural(n, "city", "cities"),
  guests: (n: number) => plural(n, "guest", "guests"),
  rooms: (n: number) => plural(n, "room", "rooms"),
  bedrooms: (n: number) => plural(n, "bedroom", "bedrooms"),
  beds: (n: number) => plural(n, "bed", "beds"),
  nights: (n: number) => plural(n, "night", "nights"),
  free: "Free of charge",
  perNight: "a night",
  freeTonight: "Free tonight",
  country: (code: string) => {
    try {
      return regions.of(code) ?? code;
    } catch {
      return code;
    }
  },
  /** "Mon 14:05" on the wall in that zone. */
  clock: (at: number, zone: string) =>
    new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit", timeZone: zone }).format(
      at,
    ),
  /** A day without a time: "1 Dec 2026". */
  day: (iso: string) =>
    new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(
      new Date(`${iso}T00:00:00Z`),
    ),
  currencyDigits,
  /** Minor units to words: "€80". */
  price: (money: { amount: number; currency: string } | null | undefined) => {
    if (!money) return "Free";
    const amount = money.amount / 10 ** currencyDigits(money.currency);
    const whole = Number.isInteger(amount);
    return new Intl.NumberFormat("en", {
      style: "currency",
      currency: money.currency,
      currencyDisplay: "narrowSymbol",
      minimumFractionDigits: whole ? 0 : undefined,
      maximumFractionDigits: whole ? 0 : undefined,
    }).format(amount);
  },
  kind: (id: string) => en.kinds[id] ?? id,
  offer: (id: string) => en.offers[id] ?? id,
  kinds: {
    apartment: "Apartment",
    house: "House",
    hotel: "Hotel or hostel",
    loft: "Loft",
    cabin: "Cabin",
    boat: "Boat",
  } as Record<string, string>,
  offers: {
    entire_place: "Entire place",
    private_room: "Private room",
    shared_room: "Shared room",
  } as Record<string, string>,
  title: (page: string, tenant?: string) => [page, tenant ?? "Posada"].join(" · "),

  shell: {
    skip: "Skip to content",
    home: (tenant: string) => `${tenant}, the map`,
    nav: "Main",
    menu: "Menu",
    theme: "Theme",
    themes: { system: "Like the system", light: "Light", dark: "Dark" },
    account: (name: string) => `Account of ${name}`,
    signOut: "Sign out",
    signedOut: "You are signed out.",
    credits: "Credits",
    made: "Posada",
  },
  nav: { map: "Map" },
  dialog: { close: "Close" },
  toast: { region: "News" },
  field: { clear: "Clear" },
  states: {
    loading: "Loading",
    retry: "Try again",
    wrong: "Something went wrong",
    wrongDetail: "The page could not show this. Trying again may help.",
    unreachable: "The server cannot be reached",
    unreachableDetail: "Check your connection; the page tries again by itself when you come back.",
    reference: (id: string) => `Reference for support: ${id}`,
  },
  connection: {
    connecting: "Connecting",
    live: "Live",
    behind: "Catching up",
    offline: "Offline",
    closed: "Not live",
    paused: "Paused",
    asOf: (ago: string) => `as of ${ago}`,
  },
  map: {
    title: "Map",
    label: "Map. Arrow keys move it, plus and minus zoom. The list beside it shows the same things.",
    list: "In this view",
    unknown: "Not known",
    loading: "Loading the map",
    zoom: "Zoom",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    tools: "Map tools",
    locate: "My location",
    noLocation: "Your location is not known here.",
    locationDenied: "Your browser does not share your location with this page.",
    move: "Move the map with buttons",
    panWest: "Move west",
    panEast: "Move east",
    panNorth: "Move north",
    panSouth: "Move south",
    fullScreen: "Full screen",
    noFullScreen: "This browser does not show pages in full screen.",
    pause: "Pause live changes",
    inView: (homes: number, cities: number) =>
      cities > 0
        ? `${plural(homes, "home", "homes")} in ${plural(cities, "city", "cities")}`
        : `${plural(homes, "home", "homes")} in view`,
    andMore: (name: string, more: number) => `${name} +${more}`,
    together: (homes: number) => `${plural(homes, "home", "homes")} close together`,
    inCities: (n: number) => `In ${plural(n, "city", "cities")}`,
    /** Where something lies from the middle of the view: "1.2 km north-east of the middle". */
    fromMiddle: (metres: number, bearing: number) =>
      metres < 60
        ? "In the middle of the map"
        : `${metres < 950 ? `${Math.round(metres / 50) * 50} m` : `${new Intl.NumberFormat("en", { maximumFractionDigits: metres < 9500 ? 1 : 0 }).format(metres / 1000)} km`} ${
            ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"][
              Math.round(bearing / 45) % 8
            ]
          } of the middle`,
    openHome: "See this home",
    openCity: "About the city",
    openNamed: (name: string) => `Open ${name}`,
    enterCity: "Show its homes",
    shownOf: (shown: number, all: number) => `${number.format(Math.min(shown, all))} of ${number.format(all)} shown`,
    showMore: (n: number) => `Show ${n} more`,
    nothing: "Nothing here",
    nothingHere: "No home in this part of the world yet. Zoom out, or search for a city.",
    nothingFiltered: "No home in this view passes your filters.",
    nothingLayered: "Some layers are switched off.",
    sheet: { low: "Show the list", half: "Show the whole list", high: "Show the map" },
  },
  filters: {
    title: "Filters",
    button: (n: number) => (n ? `Filters, ${n} on` : "Filters"),
    kind: "Kind of home",
    guests: "Guests",
    any: "Any",
    price: "Price a night",
    from: "At least",
    to: "At most",
    currency: "Currency",
    free: "Free on these nights",
    arrive: "Arrive",
    leave: "Leave",
    leaveAfter: "Leave after you arrive.",
    clear: "Clear all filters",
    done: (homes: number) => `Show ${plural(homes, "home", "homes")}`,
  },
  layers: {
    title: "Layers",
    legend: "What the lamps mean",
    all: "Show all layers",
    name: (id: string) => ({ cities: "Cities", homes: "Homes" })[id] ?? id,
    band: (from: number, upto: number | null) =>
      upto === null
        ? `${number.format(from)} homes or more`
        : from === upto
          ? plural(upto, "home", "homes")
          : `${number.format(from)} to ${number.format(upto)} homes`,
    tonight: "A home that is free tonight",
    taken: "A home that is taken tonight",
  },
  search: {
    label: "Search cities and homes",
    placeholder: "City or home",
    looking: "Looking",
    found: (n: number) => `${plural(n, "result", "results")}. Arrow keys walk through them.`,
    nothing: (q: string) => `Nothing found for “${q}”. Try another spelling, or the name in its own language.`,
    cities: "Cities",
    homes: "Homes",
  },
  city: {
    label: "City",
    localTime: "Local time",
    population: "Population",
    group: (name: string) => `Its people meet in ${name}`,
    homes: "Homes",
    hosts: "Hosts",
    members: "Members",
    none: "No homes yet",
    noneText: "Nobody hosts here yet. The map shows the cities nearby.",
    onMap: "Show on the map",
    more: "Show more homes",
    allShown: (n: number) => `All ${plural(n, "home", "homes")} shown`,
    wrong: "This is no city’s address",
  },
  home: {
    label: "Home",
    host: (name: string) => `Hosted by ${name}`,
    mine: "This is your home",
    status: {
      draft: "Draft",
      pending_review: "Waiting for review",
      active: "Open",
      paused: "Paused",
      retired: "Closed for good",
      suspended: "Suspended",
    } as Record<string, string>,
    about: "About this home",
    place: "Where it is",
    onlyCity: "Only the city is known: the point is somewhere in it.",
    near: "The point is near the home, not on it. Guests learn the address after the host says yes.",
    exact: "Only you see the exact point.",
    rooms: "Rooms",
    roomFor: (guests: number) => `for ${plural(guests, "guest", "guests")}`,
    takenNights: "Taken nights",
    freeAll: "No nights taken",
    nightsFrom: (from: string, to: string) => `${from} to ${to}`,
    onMap: "Show on the map",
    ask: "Ask for a stay",
  },
  people: {
    signIn: "Sign in",
    signUp: "Sign up",
    signInLead: (tenant: string) => `Welcome back to ${tenant}.`,
    signUpLead: (tenant: string) => `Join ${tenant}: see who hosts where, and stay with each other.`,
    email: "E-mail",
    password: "Password",
    passwordHint: "10 characters or more. A few words that only you put together are best.",
    name: "Name",
    nameHint: "As people in the community call you.",
    homeCity: "Home city",
    homeCityHint: "Type its name, in any language.",
    homeCityMissing: "Choose your city from the list.",
    roles: "What you do here",
    noAccount: "New here?",
    haveAccount: "Already a member?",
    closed: "Members are invited",
    closedText: (tenant: string) => `${tenant} does not take sign-ups. Ask somebody who is a member.`,
  },
  notFound: {
    title: "No such page",
    text: "Nobody lives at this address. The map knows every door.",
    back: "To the map",
  },
};
