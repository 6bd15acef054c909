import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient, type QuarterdeckClient } from "@quarterdeck/api/client";
import { findFreePort } from "../../apps/api/src/embedded/free-port.ts";
import { unlimitedRequests } from "./rig/unlimited-requests.ts";

/** A whole platform with its bridge on this machine, set up and signed in, as `npm start` runs it. */
export interface Platform {
  readonly url: string;
  readonly client: QuarterdeckClient;
  stop(): Promise<void>;
}

export async function startPlatform(): Promise<Platform> {
  const dataDir = mkdtempSync(join(tmpdir(), "quarterdeck-bench-"));
  const port = await findFreePort();
  const entry = join(import.meta.dirname, "../../apps/api/src/embedded/main.ts");
  const child = spawn(process.execPath, [entry, "--port", String(port), "--data", dataDir], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...unlimitedRequests },
  });
  let printed = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed += text));
  while (!printed.includes("Ctrl-C stops everything.")) {
    if (child.exitCode !== null) throw new Error(`Quarterdeck did not start:\n${printed}\nBuild first: npm run build`);
    await delay(20);
  }
  const url = `http://localhost:${port}`;
  const client = createClient({ url });
  const setupToken = /token=(\S+)/.exec(printed)?.[1] ?? "";
  const password = "lantern orchard velvet 9 canyon";
  await client.api.auth.setUp.mutate({ setupToken, email: "bench@example.org", password, orgName: "Bench" });
  return {
    url,
    client,
    async stop() {
      await client.close();
      const ended = once(child, "exit");
      child.kill("SIGINT");
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
