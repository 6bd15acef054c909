import { expect, it } from "vitest";
import { setUp, signIn } from "./support/client.ts";
import { startQuarterdeck } from "./support/quarterdeck.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";

interface Watching {
  readonly socket: WebSocket;
  readonly frames: { readonly type: string; readonly code?: string }[];
}

function watch(url: string, { path, ticket }: { path: string; ticket: string }): Watching {
  const socket = new WebSocket(`${url.replace("http", "ws")}${path}?ticket=${ticket}`);
  const frames: Watching["frames"] = [];
  socket.addEventListener("message", ({ data }) => frames.push(JSON.parse(String(data)) as Watching["frames"][number]));
  return { socket, frames };
}

it("[T1] whoever signs out is cut off from the server that was watched, with nothing else open, within five seconds", {
  timeout: 60_000,
}, async () => {
  using data = temporaryFolder();
  const quarterdeck = await startQuarterdeck({ dataDir: data.path });
  try {
    const owner = await setUp(quarterdeck);
    await owner.workspaceId(); // Its server is online.
    const client = await signIn(quarterdeck.url);
    const [server] = await client.api.servers.list.query();
    const wish = { serverId: server!.serverId, telemetry: true, runIds: [] };
    const { socket, frames } = watch(quarterdeck.url, await client.api.servers.viewerTicket.mutate(wish));
    await waitFor(() => frames.some(({ type }) => type === "authorized"), { what: "the relay to let it in" });
    const unused = await client.api.servers.viewerTicket.mutate(wish);
    await client.api.auth.signOut.mutate();
    // The close frame is what counts: the runtime ends the TCP connection later.
    await waitFor(() => socket.readyState !== WebSocket.OPEN, { what: "the end of it", timeoutMs: 5000 });
    expect(frames.at(-1)).toMatchObject({ type: "error", code: "REVOKED" });
    const late = watch(quarterdeck.url, unused);
    await waitFor(() => late.frames.some(({ code }) => code === "REVOKED"), { what: "the ticket to be refused" });
    await client.close();
    await owner.close();
  } finally {
    await quarterdeck.stop();
  }
});
