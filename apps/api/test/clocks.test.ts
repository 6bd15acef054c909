import type { RunId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { commandSchema, type Command } from "@quarterdeck/core/protocol/command";
import { renewalAnswerSchema } from "@quarterdeck/core/protocol/relay-api";
import { decodeTicket, ticketSchema, type Ticket } from "@quarterdeck/core/protocol/ticket";
import { dayMs, hourMs, minuteMs } from "@quarterdeck/core/units";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readUnchained } from "../src/audit/chain-repo.ts";
import { verifyAudit } from "../src/audit/verify-audit.ts";
import { openDatabase } from "../src/db/database.ts";
import { auditEntries } from "../src/db/schema.ts";
import { commandLife } from "../src/tasks/sign-command.ts";
import { ApiProcess } from "./api-process.ts";
import { enrolServer } from "./enrolled-server.ts";
import type { FakeBridge } from "./fake-bridge.ts";
import { newId, owner, refusalOf } from "./test-api.ts";

let api: ApiProcess;
let bridge: FakeBridge;
let serverId: ServerId;
let workspaceId: WorkspaceId;
let report: Awaited<ReturnType<typeof enrolServer>>["report"];
beforeAll(async () => {
  api = await ApiProcess.start();
  ({ bridge, serverId, workspaceId, report } = await enrolServer(api));
}, 60_000);
afterAll(() => api[Symbol.asyncDispose]());

/** Submits a run and waits until its command is sent, which must be once. */
async function submitted(): Promise<Command> {
  const taskId = newId("task");
  const params = { program: "echo", args: ["x"] };
  await api.client.api.tasks.submit.mutate({ taskId, workspaceId, projectId: null, action: "exec", params });
  const sent = () => api.relay.commandsOf(serverId).filter((command) => command.taskId === taskId);
  await expect.poll(sent, { timeout: 20_000 }).toHaveLength(1);
  return sent()[0]!;
}

async function ticket(): Promise<Ticket> {
  const wish = { serverId, telemetry: true, runIds: [] };
  const decoded = decodeTicket((await api.client.api.servers.viewerTicket.mutate(wish)).ticket);
  if (!decoded.ok) throw new Error(decoded.error.message);
  return ticketSchema.parse(JSON.parse(decoded.value.signed));
}

/** The command that is signed anew, or the code of the refusal. */
async function renewed(runId: RunId): Promise<Command | string | undefined> {
  const response = await api.internal("/relay/renewals", { serverId, runIds: [runId] });
  const answer = renewalAnswerSchema.parse(await response.json());
  const [entry] = answer.renewed;
  return entry ? commandSchema.parse(JSON.parse(entry.signed)) : answer.refused[0]?.code;
}

/** Whether something was dated by a clock that is ahead by so much. */
const isOf = (aheadMs: number, atMs: number) => Math.abs(atMs - Date.now() - aheadMs) < 2 * minuteMs;

function expectDated(aheadMs: number, { notBeforeMs, expiresAtMs }: Command): void {
  expect(isOf(aheadMs, notBeforeMs)).toBe(true);
  expect(expiresAtMs - notBeforeMs).toBe(commandLife.signatureMs);
}

const tenYearsMs = 3652 * dayMs;

describe("the API whose clock is wrong", () => {
  it.each([
    { name: "an hour ahead", aheadMs: hourMs },
    { name: "an hour behind", aheadMs: -hourMs },
    { name: "ten years ahead", aheadMs: tenYearsMs, signsOut: true, earlierIs: "COMMAND_EXPIRED" },
    { name: "ten years behind", aheadMs: -tenYearsMs, meanwhileIs: "COMMAND_EXPIRED" },
  ])(
    "by $name submits, signs anew and lets watch by it, all of it once, and is right again when the clock is [F7]",
    { timeout: 60_000 },
    async ({ aheadMs, signsOut = false, earlierIs, meanwhileIs }) => {
      const earlier = await submitted();
      api.setClock(aheadMs);
      if (signsOut) {
        expect((await refusalOf(submitted())).code).toBe("UNAUTHENTICATED");
        await api.client.api.auth.signIn.mutate(owner);
      }
      const meanwhile = await submitted();
      expectDated(aheadMs, meanwhile);
      const { issuedAtMs, expiresAtMs } = await ticket();
      expect([isOf(aheadMs, issuedAtMs), expiresAtMs - issuedAtMs]).toEqual([true, minuteMs]);
      const again = await renewed(earlier.runId);
      expect(typeof again === "string" ? again : undefined).toBe(earlierIs);
      if (typeof again === "object") expectDated(aheadMs, again);

      api.setClock(0);
      const rightAgain = await renewed(meanwhile.runId);
      expect(typeof rightAgain === "string" ? rightAgain : undefined).toBe(meanwhileIs);
      if (typeof rightAgain === "object") expectDated(0, rightAgain);
      expect(isOf(0, (await ticket()).issuedAtMs)).toBe(true);
      for (const command of [earlier, meanwhile]) {
        await report({ kind: "result", ...(await bridge.finish(command)) });
        expect(await api.client.api.tasks.get.query({ taskId: command.taskId })).toMatchObject({
          state: "ended",
          verdict: "succeeded",
        });
      }
      // What it held by the wrong clock keeps the next one from nothing.
      await api.kill();
      await api.begin();
      expectDated(0, await submitted());
      const positions = api.relay.entriesOf(serverId).map(({ position }) => position);
      expect(positions).toEqual(positions.map((_, index) => index + 1));
    },
  );

  it("has an audit that is whole afterwards [F7] [E2]", async () => {
    const { orgId } = await api.client.api.orgs.current.query();
    const database = await openDatabase(api.databaseUrl, null);
    try {
      const { db } = database;
      await expect.poll(async () => (await readUnchained(db, 1)).size, { timeout: 20_000 }).toBe(0);
      const { head, fault } = await verifyAudit(db, orgId);
      expect(fault).toBeNull();
      expect(head.seq).toBe(await db.$count(auditEntries, eq(auditEntries.orgId, orgId)));
    } finally {
      database.close();
    }
  });
});
