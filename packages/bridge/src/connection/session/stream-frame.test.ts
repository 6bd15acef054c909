import { makeId } from "@quarterdeck/core/ids";
import { bridgeFramesSince } from "@quarterdeck/core/protocol/frame-versions";
import { protocolRange, type Version } from "@quarterdeck/core/protocol/version";
import { expect, it } from "vitest";
import { newSession, type Session } from "./session-state.ts";
import { outgoingFrame } from "./stream-frame.ts";

const offline = newSession({ takenCommands: 0, lastResult: 0 });
const onlineWith = (protocol: Version): Session => ({
  ...offline,
  phase: { name: "online", protocol, epoch: 7, resultCredit: 1, heartbeatMs: 25_000 },
});
const condition = { type: "condition", blocked: null } as const;

it("goes out with its epoch, and not without a connection", () => {
  expect(outgoingFrame(onlineWith({ major: 1, minor: 0 }), condition)).toEqual({ ...condition, epoch: 7 });
  expect(outgoingFrame(offline, condition)).toBeUndefined();
});

it("[F11] stays here when it is newer than the version that the relay chose", () => {
  const since = { ...bridgeFramesSince, condition: { major: 1, minor: 2 } };
  const sentTo = (minor: number) => outgoingFrame(onlineWith({ major: 1, minor }), condition, since);
  expect([0, 1, 2, 3].map((minor) => sentTo(minor) !== undefined)).toEqual([false, false, true, true]);
});

it("[F11] is of no version that this build does not speak", () => {
  const { major, minor } = protocolRange.max;
  for (const since of Object.values(bridgeFramesSince)) {
    expect(since.major).toBe(major);
    expect(since.minor).toBeLessThanOrEqual(minor);
  }
});

it("[F11] goes without what is newer in readings to a relay of version 1.0, and whole to a newer one", () => {
  const numbers = (width: number) => [Array.from({ length: width }, () => 1)];
  const workspace = makeId("workspace", 1, new Uint8Array(16));
  const readings = [
    { pressure: true as const, rows: numbers(14) },
    { workspace, rows: numbers(9) },
  ];
  const history = { type: "history", through: 1, readings, gaps: [] } as const;
  for (const frame of [{ type: "telemetry", readings } as const, { ...history, gaps: [] }]) {
    expect(outgoingFrame(onlineWith({ major: 1, minor: 0 }), frame)).toEqual({
      ...frame,
      readings: [{ rows: numbers(11) }],
      epoch: 7,
    });
    expect(outgoingFrame(onlineWith({ major: 1, minor: 1 }), frame)).toEqual({ ...frame, epoch: 7 });
  }
});

it("[F11] goes to a relay of version 1.1 without what passed over the networks of workspaces", () => {
  const workspace = makeId("workspace", 1, new Uint8Array(16));
  const known = { workspace, rows: [[5, 1, 2, 3, 4, 5, 6, 7, 8]] };
  const readings = [
    { rows: [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]] },
    { ...known, network: true as const, rows: [[...known.rows[0]!, 9, 10]] },
  ];
  const frame = { type: "telemetry", readings } as const;
  const sentTo = (minor: number) => outgoingFrame(onlineWith({ major: 1, minor }), frame);
  expect(sentTo(1)).toEqual({ ...frame, readings: [readings[0], known], epoch: 7 });
  expect(sentTo(2)).toEqual({ ...frame, epoch: 7 });
});
