import * as z from "zod";

const setupLinkSchema = z.object({ url: z.string().nullable() });
const enrolmentSchema = z.union([z.object({ token: z.string() }), z.object({ serverId: z.string() })]);

/** The supervisor's few questions to the API's internal listener. */
export interface InternalClient {
  /** The one-time link to create the first account, or `null` when it exists. */
  setupLink(): Promise<string | null>;
  /** A token to enrol this machine with. */
  enrolThisMachine(name: string): Promise<z.infer<typeof enrolmentSchema>>;
}

export function internalClient(port: number, operatorKey: string): InternalClient {
  const ask = async (path: string, init: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${operatorKey}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`The API answered ${path} with ${response.status}: ${await response.text()}`);
    return response.json();
  };
  return {
    setupLink: async () => setupLinkSchema.parse(await ask("/internal/setup-link", {})).url,
    enrolThisMachine: async (name) =>
      enrolmentSchema.parse(
        await ask("/internal/enrolments", { method: "POST", body: JSON.stringify({ name, isThisMachine: true }) }),
      ),
  };
}
