import { dayMs } from "@quarterdeck/core/units";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { enrolments } from "../src/db/schema.ts";
import { keepHouse } from "../src/housekeeping.ts";
import { FakeBridge } from "./fake-bridge.ts";
import { owner, refusalOf, TestApi, tokenIn } from "./test-api.ts";

test("tokens are listed with who made them and which server used them, never themselves, to their own org only [T4]", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const used = await api.servers.createEnrolment.mutate({});
  const { serverId } = await (await FakeBridge.create()).enrol(platform.origin, tokenIn(used.command));
  const open = await api.servers.createEnrolment.mutate({});
  const listed = await api.servers.enrolments.query();
  expect(listed).toMatchObject([
    { enrolmentId: open.enrolmentId, state: "waiting", createdBy: owner.email, serverId: null, serverName: null },
    { enrolmentId: used.enrolmentId, state: "used", createdBy: owner.email, serverId, serverName: "box" },
  ]);
  expect(JSON.stringify(listed)).not.toContain(tokenIn(open.command));
  const outsider = await platform.outsider();
  expect(await outsider.api.servers.enrolments.query()).toEqual([]);
  const { enrolmentId } = open;
  const stolen = outsider.api.servers.revokeEnrolment.mutate({ enrolmentId });
  expect(await refusalOf(stolen)).toMatchObject({ code: "NOT_FOUND" });
  const member = await platform.memberOf((await api.orgs.current.query()).orgId, "viewer");
  expect(await refusalOf(member.api.servers.enrolments.query())).toMatchObject({ code: "FORBIDDEN" });
});

test("a token that was taken back connects nothing, and one that was used cannot be taken back [W5]", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const { enrolmentId, command } = await api.servers.createEnrolment.mutate({});
  expect(await api.servers.revokeEnrolment.mutate({ enrolmentId })).toMatchObject({ state: "revoked" });
  const bridge = await FakeBridge.create();
  await expect(bridge.enrol(platform.origin, tokenIn(command))).rejects.toThrow(/TOKEN_INVALID/);
  expect(await api.servers.list.query()).toEqual([]);
  const used = await api.servers.createEnrolment.mutate({});
  await bridge.enrol(platform.origin, tokenIn(used.command));
  const late = api.servers.revokeEnrolment.mutate({ enrolmentId: used.enrolmentId });
  expect(await refusalOf(late)).toMatchObject({ code: "TOKEN_USED" });
});

test("a token that expired is shown for a week and then forgotten", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  await api.servers.createEnrolment.mutate({});
  const { writer, clock } = platform.api.runtime;
  const expireAt = (atMs: number) => writer.commit([sql`update ${enrolments} set "expiresAtMs" = ${atMs}`]);
  await expireAt(clock.nowMs() - 6 * dayMs);
  await keepHouse(platform.api.runtime);
  expect(await api.servers.enrolments.query()).toMatchObject([{ state: "expired" }]);
  await expireAt(clock.nowMs() - 8 * dayMs);
  await keepHouse(platform.api.runtime);
  expect(await api.servers.enrolments.query()).toEqual([]);
});
