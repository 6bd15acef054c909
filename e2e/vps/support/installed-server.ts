import type { ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import type { TestClient } from "../../../apps/web/e2e/support/client.ts";
import { waitFor } from "../../../apps/web/e2e/support/wait-for.ts";

const onlineMs = 480_000;

/** Waits until the console shows the test server as online, and how: the other server is the machine of the tests. */
export function waitUntilOnline(client: TestClient, timeoutMs = onlineMs) {
  return waitFor(
    async () => {
      const servers = await client.api.servers.list.query();
      return servers.find(
        ({ isThisMachine, status, isRevoked }) => !isThisMachine && !isRevoked && status === "online",
      );
    },
    { what: "the test server to be online", timeoutMs },
  );
}

/** A workspace on the test server: the same one of that name for all test files. */
export async function workspaceOn(
  client: TestClient,
  serverId: ServerId,
  name = "On the test server",
): Promise<WorkspaceId> {
  const found = (await client.api.workspaces.list.query()).find((one) => one.name === name);
  const made = found ?? (await client.api.workspaces.create.mutate({ name, serverId }));
  return made.workspaceId;
}
