import { expect, it } from "vitest";
import { newTaskId, setUp } from "./support/client.ts";
import { startQuarterdeck } from "./support/quarterdeck.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { Typist } from "./support/typist.ts";
import { waitFor } from "./support/wait-for.ts";

it("takes what is typed to a program on the server, prints its answer, and says what became of it", {
  timeout: 120_000,
}, async () => {
  using data = temporaryFolder();
  const quarterdeck = await startQuarterdeck({ dataDir: data.path });
  try {
    const client = await setUp(quarterdeck);
    const workspaceId = await client.workspaceId();
    const [server] = await client.api.servers.list.query();
    if (!server) throw new Error("no server");
    const taskId = newTaskId();
    const params = { program: "cat", args: [], input: true };
    await client.api.tasks.submit.mutate({ taskId, workspaceId, projectId: null, action: "exec", params });
    const { runId } = await client.waitUntil(taskId, (task) => task.state === "running");
    const typist = await Typist.open(client, quarterdeck.url, { serverId: server.serverId, runId });
    typist.type("hello\n");
    await waitFor(async () => (await typist.output()) === "hello\n" || undefined, { what: "the echo" });
    typist.type("and ");
    typist.type("goodbye\n", true);
    expect(await client.waitUntil(taskId, (task) => task.state === "ended")).toMatchObject({ verdict: "succeeded" });
    await waitFor(async () => typist.hasEnded || undefined, { what: "the end of the output" });
    expect(await typist.output()).toBe("hello\nand goodbye\n");
    await waitFor(async () => typist.typedBytes === 18 || undefined, { what: "the last answer" });
    typist.ask();
    await waitFor(async () => typist.stopped === "ALREADY_ENDED" || undefined, { what: "the refusal" });
    typist.close();
    await client.close();
  } finally {
    await quarterdeck.stop();
  }
});
