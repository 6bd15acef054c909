import { createClient, openTail, type QuarterdeckClient } from "@quarterdeck/api/client";
import { makeId, type ProjectId, type TaskId, type WorkspaceId } from "@quarterdeck/core/ids";
import type { Page } from "playwright-core";
import { account } from "./console.ts";
import type { Quarterdeck } from "./quarterdeck.ts";
import { waitFor } from "./wait-for.ts";

type Api = QuarterdeckClient["api"];
export type TaskView = Awaited<ReturnType<Api["tasks"]["get"]["query"]>>;

/** A signed-in client of one platform, with what the tests ask again and again. */
export interface TestClient {
  readonly api: Api;
  /** Where `run` runs; made at the first call. */
  workspaceId(): Promise<WorkspaceId>;
  run(program: string, args: readonly string[], projectId?: ProjectId): Promise<TaskView>;
  waitUntil(taskId: TaskId, holds: (task: TaskView) => boolean, timeoutMs?: number): Promise<TaskView>;
  /** Lets a page be signed in as this client is. */
  signIn(page: Page, url: string): Promise<void>;
  close(): Promise<void>;
}

/** Creates the first account without a browser. */
export async function setUp(quarterdeck: Quarterdeck, publicUrl = quarterdeck.url): Promise<TestClient> {
  const setupToken = /token=([^&\s]+)/.exec(quarterdeck.setupLink ?? "")?.[1] ?? "";
  const client = createClient({ url: quarterdeck.url, publicUrl });
  await client.api.auth.setUp.mutate({ setupToken, ...account });
  return testClient(client);
}

/** Signs in with the account that `setUp` or the console created, or another one with its password. */
export async function signIn(url: string, publicUrl = url, email = account.email): Promise<TestClient> {
  const client = createClient({ url, publicUrl });
  await client.api.auth.signIn.mutate({ email, password: account.password });
  return testClient(client);
}

function testClient({ api, sessionToken, close }: QuarterdeckClient): TestClient {
  let workspace: Promise<WorkspaceId> | undefined;
  const makeWorkspace = async () => {
    const server = await waitFor(async () => (await api.servers.list.query()).find((one) => one.status === "online"), {
      what: "a server to be online",
    });
    const earlier = (await api.workspaces.list.query()).find(({ name }) => name === "Tests");
    const made = earlier ?? (await api.workspaces.create.mutate({ name: "Tests", serverId: server.serverId }));
    return made.workspaceId;
  };
  const workspaceId = async () => (workspace ??= makeWorkspace());
  return {
    api,
    workspaceId,
    async run(program, args, projectId) {
      const taskId = newTaskId();
      await api.tasks.submit.mutate({
        taskId,
        workspaceId: await workspaceId(),
        projectId: projectId ?? null,
        action: "exec",
        params: { program, args: [...args] },
      });
      return api.tasks.get.query({ taskId });
    },
    waitUntil: async (taskId, holds, timeoutMs = 30_000) => {
      let last: TaskView | undefined;
      return waitFor(
        async () => {
          last = await api.tasks.get.query({ taskId });
          return holds(last) ? last : undefined;
        },
        { what: () => `the task to get there; it is ${JSON.stringify(last)}`, timeoutMs },
      );
    },
    async signIn(page, url) {
      const token = sessionToken();
      if (!token) throw new Error("the client is not signed in");
      await page.context().addCookies([{ name: "quarterdeck", value: token, url }]);
    },
    close,
  };
}

/** The end of a run's output as its readers see it. */
export async function outputOf(task: TaskView): Promise<string> {
  const tail = await openTail(task);
  if (!tail.ok) throw new Error(tail.error.message);
  return new TextDecoder().decode(tail.value);
}

export function newTaskId(): TaskId {
  return makeId("task", Date.now(), crypto.getRandomValues(new Uint8Array(16)));
}
