import type { FakeServer } from "./fake-bridge.ts";
import { eventually } from "./peer.ts";

/** Posts entries until the relay has them, as the API does. */
export async function post(server: FakeServer, entries: readonly object[]): Promise<void> {
  const numbered = entries.map((entry) => ({ ...entry, position: ++server.position }));
  await eventually(
    () => server.relay.postOutbox(server.serverId, numbered).catch(() => 0),
    (through) => through >= server.position,
  );
}

/** Calls the server's object until it gives the wanted answer, however often it is killed meanwhile. */
export async function callUntil<T>(
  server: FakeServer,
  { path, body }: { readonly path: string; readonly body?: object },
  isWanted: (answer: T) => boolean,
): Promise<void> {
  const init = body && { method: "POST", body: JSON.stringify(body) };
  await eventually(
    async () => {
      const response = await server.relay.request(`/api/servers/${server.serverId}/${path}`, init);
      return response.ok ? ((await response.json()) as T) : undefined;
    },
    (answer) => answer !== undefined && isWanted(answer),
  );
}
