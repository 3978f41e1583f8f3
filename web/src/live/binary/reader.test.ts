import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BinaryReader } from "~/live/binary/reader";
import { HeldTile, nameOf } from "~/live/binary/tile";
import type { ServerFrame } from "~/live/frames";

/** The published exchanges: each line says its frame as JSON, and as the bytes of posada.v1.bin. */
const folder = "../docs/live/vectors";
interface Line {
  client?: { t: string };
  server?: Record<string, unknown>;
  binary: string;
}
const exchanges = readdirSync(folder).map((file) => {
  const { exchange } = JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as { exchange: Line[] };
  return { file, exchange };
});
const bytes = (digits: string) => Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

/** What a page makes no use of is not read: the limits and the policy of a welcome. */
function asRead(frame: Record<string, unknown>): unknown {
  const { limits: _, policy_version: __, ...rest } = frame;
  return frame.t === "welcome" ? rest : frame;
}

test("there are exchanges to check", () => {
  expect(exchanges.map(({ file }) => file).sort()).toEqual(["clusters.json", "map.json", "stream.json"]);
});

test.each(exchanges)("$file reads as the JSON does", ({ exchange }) => {
  const reader = new BinaryReader();
  let frames = 0;
  for (const { client, server, binary } of exchange) {
    if (client?.t === "hello") reader.reconnects();
    if (!server) continue;
    expect(reader.read(bytes(binary))).toEqual([asRead(server)]);
    frames += 1;
  }
  expect(frames).toBeGreaterThan(4);
});

/** The server's frames of a map that moves, by kind. */
function map(t: string): Line[] {
  const moves = exchanges.find(({ file }) => file === "map.json")?.exchange ?? [];
  return moves.filter(({ server }) => server?.t === t);
}
const read = (reader: BinaryReader, line: Line | undefined): ServerFrame[] => reader.read(bytes(line?.binary ?? ""));

test("a delta that was missed makes the next one ask anew, and the snapshot heals it", () => {
  const reader = new BinaryReader();
  const [snapshot] = map("snapshot");
  const [, missed, later] = map("delta");
  read(reader, snapshot);
  const told = read(reader, missed);
  expect(told.map(({ t }) => t)).toEqual(["reset", "delta"]);
  expect(told[1]).toMatchObject({ scope: "city:3128760", prev: -2, tiles: [] });
  expect(read(reader, later)).toEqual([]);
  expect(read(reader, snapshot)[0]).toMatchObject({ t: "snapshot", tick: snapshot?.server?.tick });
});

test("a delta of a part that nobody named is passed over", () => {
  expect(read(new BinaryReader(), map("delta")[0])).toEqual([]);
});

test("bytes that are no message are passed over", () => {
  const reader = new BinaryReader();
  for (const digits of ["ff", "7a05ffff"]) expect(reader.read(bytes(digits))).toEqual([]);
});

test("tiles have the names of slippy maps, as far as a number can tell", () => {
  expect(nameOf(1)).toBe("0/0/0");
  expect(nameOf(0b11011)).toBe("2/1/3");
  expect(nameOf(4 ** 24 + 3 * 4 ** 23)).toBe("24/8388608/8388608");
  expect(() => nameOf(2)).toThrow();
});

test("a handle that two things share names neither", () => {
  const id = (first: number) => Uint8Array.from({ length: 16 }, (_, n) => (n ? 7 : first));
  const put = (named: { id: Uint8Array } | { handle: number }) => ({ kind: 2, guests: 2, ...named });
  const change = { key: 1, whole: false, out: [], homes: [put({ handle: 0x07070707 })], cities: [] };
  const gone = { ...change, out: [0x07070707], homes: [] };
  for (const later of [change, gone]) {
    const tile = new HeldTile();
    expect(tile.take({ ...change, whole: true, homes: [put({ id: id(1) }), put({ id: id(2) })] })).toMatchObject({
      full: [{}, {}],
    });
    expect(() => tile.take(later)).toThrow();
    // Put again with its id, a thing is in the place of itself; alone, it has its handle.
    tile.take({ ...change, whole: true, homes: [put({ id: id(1) }), put({ id: id(1) })] });
    expect(() => tile.take(later)).not.toThrow();
  }
});
