// A process of sessions: each with the shipped connection and a journal of its own on the disk.
import { join } from "node:path";
import { BridgeEnd } from "../rig/bridge-end.ts";
import { forEachOf } from "../rig/in-turn.ts";
import type { FromHost, ToHost } from "./session-host-messages.ts";

const { promise: released, resolve: release } = Promise.withResolvers<void>();
const ends: BridgeEnd[] = [];

function tell(message: FromHost): void {
  process.send?.(message);
}

/** First connections that are under way at once: a fleet does not come into being in one moment either. */
const openedAtOnce = 4;

async function open({ identities, folder }: Extract<ToHost, { type: "open" }>): Promise<void> {
  await forEachOf(identities, openedAtOnce, async (identity) => {
    const { serverId } = identity;
    const { promise: online, resolve } = Promise.withResolvers<void>();
    const end = await BridgeEnd.open({
      identity,
      folder: join(folder, serverId),
      async act({ runId }) {
        tell({ type: "began", runId });
        await released;
        return { verdict: "succeeded", code: null, message: null, repository: null };
      },
      onOnline() {
        tell({ type: "online", serverId, atMs: Date.now() });
        resolve();
      },
      onOffline: () => tell({ type: "offline", serverId }),
    });
    ends.push(end);
    await online;
  });
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

// Whoever started it has gone.
process.on("disconnect", () => process.exit());
