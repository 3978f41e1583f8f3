/**
 * The messages of docs/live/posada.v1.proto that a page is told, as they stand in the bytes. Fields of no interest to a
 * page, and those that are new, are passed over.
 */
import { PbfReader } from "pbf";

export interface Named {
  view: string;
  scope: string;
  epoch: string;
}
/** Of `handle` and `id` one is there, here and in a city. */
export interface HomeMessage {
  handle?: number;
  id?: Uint8Array;
  y?: number;
  x?: number;
  kind?: number;
  title?: string;
  guests?: number;
  amount?: number;
  currency?: number;
  tonight?: boolean;
}
export interface CityMessage {
  handle?: number;
  id?: number;
  y?: number;
  x?: number;
  name?: string;
  country?: string;
  homes?: number;
  hosts?: number;
}
export interface ClusterMessage {
  y?: number;
  x?: number;
  n?: number;
  homes?: number;
  hosts?: number;
  south?: number;
  west?: number;
  north?: number;
  east?: number;
}
export interface TileMessage {
  key: number;
  whole: boolean;
  out: number[];
  homes: HomeMessage[];
  cities: CityMessage[];
  cluster?: ClusterMessage;
}
export interface SnapshotMessage {
  part: number;
  names: Named;
  scopes: string[];
  tick: number;
  level: number;
  mode: number;
  covers: [number, number, number, number];
  total: number;
  more: boolean;
}
export interface DeltaMessage {
  part: number;
  tick: number;
  span: number;
  names?: Named;
}
export interface ResumedMessage {
  stream?: string;
  view?: string;
  outcome: number;
}
export interface ServerMessage {
  welcome?: { session: string; now: string; ping: number; tickMs: number; resumed: ResumedMessage[] };
  snapshot?: SnapshotMessage;
  delta?: DeltaMessage;
  event?: { stream: string; seq: number; at: string; kind: string; body: Uint8Array };
  caughtUp?: { stream: string; seq: number };
  reset?: { scope: string; view?: string; reason: string; epoch?: string };
  qos?: { view: string; hz: number; level: number; skipped: number; reason: string };
  goaway?: { reason: string; after: number };
  error?: { of?: string; type: string; title: string; detail: string; temporary: boolean; retryAfter?: number };
  ping?: true;
  pong?: true;
  tiles: TileMessage[];
}

type Fields<T> = Record<number, (into: T, pbf: PbfReader) => void>;

function fieldsOf<T>(fields: Fields<T>) {
  return (tag: number, into: T, pbf: PbfReader) => fields[tag]?.(into, pbf);
}

/** Reads a message inside another. */
function inner<T>(make: () => T, fields: Fields<T>): (pbf: PbfReader) => T {
  const read = fieldsOf(fields);
  return (pbf) => pbf.readMessage(read, make());
}

const named = inner<Named>(() => ({ view: "", scope: "", epoch: "" }), {
  1: (m, pbf) => {
    m.view = pbf.readString();
  },
  2: (m, pbf) => {
    m.scope = pbf.readString();
  },
  3: (m, pbf) => {
    m.epoch = pbf.readString();
  },
});

const covers = inner<[number, number, number, number]>(() => [0, 0, 0, 0], {
  1: (m, pbf) => {
    m[0] = pbf.readDouble();
  },
  2: (m, pbf) => {
    m[1] = pbf.readDouble();
  },
  3: (m, pbf) => {
    m[2] = pbf.readDouble();
  },
  4: (m, pbf) => {
    m[3] = pbf.readDouble();
  },
});

const home = inner<HomeMessage>(() => ({}), {
  1: (m, pbf) => {
    m.handle = pbf.readFixed32();
  },
  2: (m, pbf) => {
    m.id = pbf.readBytes();
  },
  3: (m, pbf) => {
    m.y = pbf.readSFixed32();
  },
  4: (m, pbf) => {
    m.x = pbf.readSFixed32();
  },
  5: (m, pbf) => {
    m.kind = pbf.readVarint();
  },
  6: (m, pbf) => {
    m.title = pbf.readString();
  },
  7: (m, pbf) => {
    m.guests = pbf.readVarint();
  },
  8: (m, pbf) => {
    m.amount = pbf.readVarint();
  },
  9: (m, pbf) => {
    m.currency = pbf.readVarint();
  },
  10: (m, pbf) => {
    m.tonight = pbf.readBoolean();
  },
});

const city = inner<CityMessage>(() => ({}), {
  1: (m, pbf) => {
    m.handle = pbf.readFixed32();
  },
  2: (m, pbf) => {
    m.id = pbf.readVarint();
  },
  3: (m, pbf) => {
    m.y = pbf.readSFixed32();
  },
  4: (m, pbf) => {
    m.x = pbf.readSFixed32();
  },
  5: (m, pbf) => {
    m.name = pbf.readString();
  },
  6: (m, pbf) => {
    m.country = pbf.readString();
  },
  7: (m, pbf) => {
    m.homes = pbf.readVarint();
  },
  8: (m, pbf) => {
    m.hosts = pbf.readVarint();
  },
});

const cluster = inner<ClusterMessage>(() => ({}), {
  1: (m, pbf) => {
    m.y = pbf.readSVarint();
  },
  2: (m, pbf) => {
    m.x = pbf.readSVarint();
  },
  3: (m, pbf) => {
    m.n = pbf.readVarint();
  },
  4: (m, pbf) => {
    m.homes = pbf.readVarint();
  },
  5: (m, pbf) => {
    m.hosts = pbf.readVarint();
  },
  6: (m, pbf) => {
    m.south = pbf.readVarint();
  },
  7: (m, pbf) => {
    m.west = pbf.readVarint();
  },
  8: (m, pbf) => {
    m.north = pbf.readVarint();
  },
  9: (m, pbf) => {
    m.east = pbf.readVarint();
  },
});

const tile = inner<TileMessage>(() => ({ key: 0, whole: false, out: [], homes: [], cities: [] }), {
  1: (m, pbf) => {
    m.key = pbf.readVarint();
  },
  2: (m, pbf) => {
    m.whole = pbf.readBoolean();
  },
  3: (m, pbf) => {
    pbf.readPackedFixed32(m.out);
  },
  4: (m, pbf) => {
    m.homes.push(home(pbf));
  },
  5: (m, pbf) => {
    m.cities.push(city(pbf));
  },
  6: (m, pbf) => {
    m.cluster = cluster(pbf);
  },
});

const nobody = (): Named => ({ view: "", scope: "", epoch: "" });
const snapshot = inner<SnapshotMessage>(
  () => ({
    part: 0,
    names: nobody(),
    scopes: [],
    tick: 0,
    level: 0,
    mode: 0,
    covers: [0, 0, 0, 0],
    total: 0,
    more: false,
  }),
  {
    1: (m, pbf) => {
      m.part = pbf.readVarint();
    },
    2: (m, pbf) => {
      m.names = named(pbf);
    },
    3: (m, pbf) => {
      m.scopes.push(pbf.readString());
    },
    4: (m, pbf) => {
      m.tick = pbf.readVarint();
    },
    5: (m, pbf) => {
      m.level = pbf.readVarint();
    },
    6: (m, pbf) => {
      m.mode = pbf.readVarint();
    },
    7: (m, pbf) => {
      m.covers = covers(pbf);
    },
    8: (m, pbf) => {
      m.total = pbf.readVarint();
    },
    9: (m, pbf) => {
      m.more = pbf.readBoolean();
    },
  },
);

const delta = inner<DeltaMessage>(() => ({ part: 0, tick: 0, span: 1 }), {
  1: (m, pbf) => {
    m.part = pbf.readVarint();
  },
  2: (m, pbf) => {
    m.tick = pbf.readVarint();
  },
  3: (m, pbf) => {
    m.span = pbf.readVarint();
  },
  4: (m, pbf) => {
    m.names = named(pbf);
  },
});

const resumed = inner<ResumedMessage>(() => ({ outcome: 0 }), {
  1: (m, pbf) => {
    m.stream = pbf.readString();
  },
  2: (m, pbf) => {
    m.view = pbf.readString();
  },
  3: (m, pbf) => {
    m.outcome = pbf.readVarint();
  },
});

const welcome = inner<NonNullable<ServerMessage["welcome"]>>(
  () => ({ session: "", now: "", ping: 0, tickMs: 0, resumed: [] }),
  {
    1: (m, pbf) => {
      m.session = pbf.readString();
    },
    2: (m, pbf) => {
      m.now = pbf.readString();
    },
    3: (m, pbf) => {
      m.ping = pbf.readVarint();
    },
    5: (m, pbf) => {
      m.tickMs = pbf.readVarint();
    },
    7: (m, pbf) => {
      m.resumed.push(resumed(pbf));
    },
  },
);

const event = inner<NonNullable<ServerMessage["event"]>>(
  () => ({ stream: "", seq: 0, at: "", kind: "", body: new Uint8Array() }),
  {
    1: (m, pbf) => {
      m.stream = pbf.readString();
    },
    2: (m, pbf) => {
      m.seq = pbf.readVarint();
    },
    3: (m, pbf) => {
      m.at = pbf.readString();
    },
    4: (m, pbf) => {
      m.kind = pbf.readString();
    },
    5: (m, pbf) => {
      m.body = pbf.readBytes();
    },
  },
);

const caughtUp = inner<NonNullable<ServerMessage["caughtUp"]>>(() => ({ stream: "", seq: 0 }), {
  1: (m, pbf) => {
    m.stream = pbf.readString();
  },
  2: (m, pbf) => {
    m.seq = pbf.readVarint();
  },
});

const reset = inner<NonNullable<ServerMessage["reset"]>>(() => ({ scope: "", reason: "" }), {
  1: (m, pbf) => {
    m.scope = pbf.readString();
  },
  2: (m, pbf) => {
    m.view = pbf.readString();
  },
  3: (m, pbf) => {
    m.reason = pbf.readString();
  },
  4: (m, pbf) => {
    m.epoch = pbf.readString();
  },
});

const qos = inner<NonNullable<ServerMessage["qos"]>>(() => ({ view: "", hz: 0, level: 0, skipped: 0, reason: "" }), {
  1: (m, pbf) => {
    m.view = pbf.readString();
  },
  2: (m, pbf) => {
    m.hz = pbf.readDouble();
  },
  3: (m, pbf) => {
    m.level = pbf.readVarint();
  },
  4: (m, pbf) => {
    m.skipped = pbf.readVarint();
  },
  5: (m, pbf) => {
    m.reason = pbf.readString();
  },
});

const goaway = inner<NonNullable<ServerMessage["goaway"]>>(() => ({ reason: "", after: 0 }), {
  1: (m, pbf) => {
    m.reason = pbf.readString();
  },
  2: (m, pbf) => {
    m.after = pbf.readVarint();
  },
});

const error = inner<NonNullable<ServerMessage["error"]>>(
  () => ({ type: "", title: "", detail: "", temporary: false }),
  {
    1: (m, pbf) => {
      m.of = pbf.readString();
    },
    2: (m, pbf) => {
      m.type = pbf.readString();
    },
    3: (m, pbf) => {
      m.title = pbf.readString();
    },
    4: (m, pbf) => {
      m.detail = pbf.readString();
    },
    5: (m, pbf) => {
      m.temporary = pbf.readBoolean();
    },
    6: (m, pbf) => {
      m.retryAfter = pbf.readVarint();
    },
  },
);

const server = fieldsOf<ServerMessage>({
  1: (m, pbf) => {
    m.welcome = welcome(pbf);
  },
  2: (m, pbf) => {
    m.snapshot = snapshot(pbf);
  },
  3: (m, pbf) => {
    m.delta = delta(pbf);
  },
  4: (m, pbf) => {
    m.event = event(pbf);
  },
  5: (m, pbf) => {
    m.caughtUp = caughtUp(pbf);
  },
  6: (m, pbf) => {
    m.reset = reset(pbf);
  },
  7: (m, pbf) => {
    m.qos = qos(pbf);
  },
  8: (m, pbf) => {
    m.goaway = goaway(pbf);
  },
  9: (m, pbf) => {
    m.error = error(pbf);
  },
  10: (m) => {
    m.ping = true;
  },
  11: (m) => {
    m.pong = true;
  },
  15: (m, pbf) => {
    m.tiles.push(tile(pbf));
  },
});

/** Reads one binary message; throws on bytes that are none. */
export function readMessage(bytes: Uint8Array): ServerMessage {
  return new PbfReader(bytes).readFields(server, { tiles: [] });
}
