// A process of sessions: each with the shipped connection and a journal of its own on the disk.
import { join } from "node:path";
import { BridgeEnd } from "../rig/bridge-end.ts";
import type { FromHost, ToHost } from "./session-host-messages.ts";

const { promise: released, resolve: release } = Promise.withResolvers<void>();
const ends: BridgeEnd[] = [];

function tell(message: FromHost): void {
  process.send?.(message);
}

async function open({ identities, platformKeys, relayUrl, folder }: Extract<ToHost, { type: "open" }>): Promise<void> {
  for (const identity of identities) {
    const { serverId } = identity;
    const end = await BridgeEnd.open({
      identity,
      platformKeys,
      relayUrl,
      folder: join(folder, serverId),
      async act({ runId }) {
        tell({ type: "began", runId });
        await released;
        return { verdict: "succeeded", code: null, message: null, repository: null };
      },
      onOnline: () => tell({ type: "online", serverId, atMs: Date.now() }),
      onOffline: () => tell({ type: "offline", serverId }),
    });
    ends.push(end);
  }
}

process.on("message", (message: ToHost) => {
  switch (message.type) {
    case "open":
      void open(message);
      return;
    case "release":
      release();
      return;
    case "close":
      for (const end of ends) end.close();
      process.disconnect();
  }
});
