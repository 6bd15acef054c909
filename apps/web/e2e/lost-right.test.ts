import { expect, it } from "vitest";
import { setUp, signIn } from "./support/client.ts";
import { startQuarterdeck } from "./support/quarterdeck.ts";
import { addMember } from "./support/second-member.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";

interface Watching {
  readonly socket: WebSocket;
  readonly frames: { readonly type: string; readonly code?: string }[];
}

const revoked = { type: "error", code: "REVOKED" };

/** The close frame is what counts: the runtime ends the TCP connection later. Returns the last word. */
async function cutOff({ socket, frames }: Watching): Promise<Watching["frames"][number] | undefined> {
  await waitFor(() => socket.readyState !== WebSocket.OPEN, { what: "the end of it", timeoutMs: 5000 });
  return frames.at(-1);
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
    const watching = watch(quarterdeck.url, await client.api.servers.viewerTicket.mutate(wish));
    await waitFor(() => watching.frames.some(({ type }) => type === "authorized"), { what: "the relay to let it in" });
    const unused = await client.api.servers.viewerTicket.mutate(wish);
    await client.api.auth.signOut.mutate();
    expect(await cutOff(watching)).toMatchObject(revoked);
    const late = watch(quarterdeck.url, unused);
    await waitFor(() => late.frames.some(({ code }) => code === "REVOKED"), { what: "the ticket to be refused" });
    await client.close();
    await owner.close();
  } finally {
    await quarterdeck.stop();
  }
});

it("[T1] a member who is lowered, and one who is removed, is cut off from what was watched within five seconds; the others are not", {
  timeout: 90_000,
}, async () => {
  using data = temporaryFolder();
  const quarterdeck = await startQuarterdeck({ dataDir: data.path });
  try {
    const owner = await setUp(quarterdeck);
    const task = await owner.run("node", ["-e", "setInterval(() => console.log(Date.now()), 100)"]);
    await owner.waitUntil(task.taskId, ({ state }) => state === "running");
    const { serverId, runId } = task;
    const wish = { serverId, telemetry: true, runIds: [runId] };
    const { userId, client } = await addMember(quarterdeck, "developer");
    const other = await addMember(quarterdeck, "viewer");
    const open = async (api: typeof client.api) => {
      const watching = watch(quarterdeck.url, await api.servers.viewerTicket.mutate(wish));
      await waitFor(() => watching.frames.some(({ type }) => type === "authorized"), {
        what: "the relay to let it in",
      });
      watching.socket.send(JSON.stringify({ type: "watchOutput", runId, fromOffset: 0 }));
      await waitFor(() => watching.frames.some(({ type }) => type === "output"), { what: "the output" });
      return watching;
    };
    const [theirs, others] = [await open(client.api), await open(other.client.api)];

    const unused = await client.api.servers.viewerTicket.mutate(wish);
    await owner.api.members.setRole.mutate({ userId, role: "viewer" });
    expect(await cutOff(theirs)).toMatchObject(revoked);
    const refused = watch(quarterdeck.url, unused);
    await waitFor(() => refused.frames.some(({ code }) => code === "REVOKED"), { what: "the ticket to be refused" });
    // A viewer may still read, with a ticket that is asked for now.
    const again = await open(client.api);

    const late = await client.api.servers.viewerTicket.mutate(wish);
    await owner.api.members.remove.mutate({ userId });
    expect(await cutOff(again)).toMatchObject(revoked);
    await expect(client.api.servers.viewerTicket.mutate(wish)).rejects.toThrow();
    const afterwards = watch(quarterdeck.url, late);
    await waitFor(() => afterwards.frames.some(({ code }) => code === "REVOKED"), { what: "the ticket to be refused" });

    const seen = others.frames.length;
    await waitFor(() => others.frames.length > seen, { what: "what goes on for the other member" });
    expect(others.socket.readyState).toBe(WebSocket.OPEN);
    others.socket.close();
    await owner.api.tasks.cancel.mutate({ taskId: task.taskId });
    for (const one of [client, other.client, owner]) await one.close();
  } finally {
    await quarterdeck.stop();
  }
});
