import type { ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { expect } from "vitest";
import type { ApiProcess } from "./api-process.ts";
import { capabilities, FakeBridge } from "./fake-bridge.ts";
import { reportStream, tokenIn } from "./test-api.ts";

interface EnrolledServer {
  readonly bridge: FakeBridge;
  readonly serverId: ServerId;
  readonly workspaceId: WorkspaceId;
  /** Reports as the server's relay object does. @param ask how it is sent, for an API that may die meanwhile */
  readonly report: (body: object, ask?: (send: () => Promise<unknown>) => Promise<unknown>) => Promise<void>;
}

/** A server that is online, with a workspace, at an API in a process of its own. */
export async function enrolServer(api: ApiProcess): Promise<EnrolledServer> {
  const bridge = await FakeBridge.create();
  const { command } = await api.client.api.servers.createEnrolment.mutate({});
  const { serverId } = await bridge.enrol(api.url, tokenIn(command));
  let reported = 0;
  const report: EnrolledServer["report"] = async (body, ask = (send) => send()) => {
    const reports = [{ ...body, seq: ++reported, atMs: Date.now() }];
    const send = async () => (await api.internal("/relay/reports", { serverId, stream: reportStream, reports })).json();
    expect(await ask(send)).toMatchObject({ through: reported });
  };
  await report({ kind: "online", epoch: 1, bootId: "boot", capabilities });
  const { workspaceId } = await api.client.api.workspaces.create.mutate({ name: "Shop", serverId });
  return { bridge, serverId, workspaceId, report };
}
