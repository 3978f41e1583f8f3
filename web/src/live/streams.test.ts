import { expect, test } from "vitest";
import type { ClientFrame, EventFrame } from "./frames";
import { Streams } from "./streams";

const event = (seq: number): EventFrame => ({ t: "event", stream: "member:self", seq, at: "", kind: "", body: {} });

function wired() {
  const sent: ClientFrame[] = [];
  const later: (() => void)[] = [];
  const streams = new Streams({ send: (frame) => sent.push(frame), after: (_, run) => later.push(run) });
  const pass = () => {
    for (const run of later.splice(0)) run();
  };
  return { sent, streams, pass };
}

test("an acknowledgement that may have been lost with the line is said again on the next", () => {
  const { sent, streams, pass } = wired();
  streams.add("member:self", { onEvent: () => {} }, 4, true);
  streams.event(event(5));
  // The line breaks, and the word is spoken into nothing.
  pass();
  sent.length = 0;
  expect(streams.resume()).toEqual([{ stream: "member:self", since: 5 }]);
  streams.sendMissing();
  pass();
  expect(sent).toEqual([{ t: "ack", stream: "member:self", seq: 5 }]);
});

test("what brought nothing is not acknowledged, nor what somebody else was given", () => {
  const { sent, streams, pass } = wired();
  streams.add("member:self", { onEvent: () => {} }, 4, true);
  streams.resume();
  streams.sendMissing();
  streams.event(event(5));
  streams.forget();
  sent.length = 0;
  streams.resume();
  streams.sendMissing();
  pass();
  expect(sent).toEqual([{ t: "subscribe", stream: "member:self" }]);
});
