import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { findFreePort } from "../../../apps/api/src/embedded/free-port.ts";
import { setUp } from "../../../apps/web/e2e/support/client.ts";
import { startQuarterdeck } from "../../../apps/web/e2e/support/quarterdeck.ts";
import { TestServer, type ServerPlace } from "./test-server.ts";

/** What every test file gets: the platform of this machine and the one server that all share, in the order of their names. */
export interface Stage {
  readonly server: ServerPlace;
  /** The platform, as this machine reaches it, and as the server does. */
  readonly url: string;
  readonly urlFromServer: string;
  /** A port of this machine that the server reaches too, for whatever a test serves there. */
  readonly sparePort: number;
}

declare module "vitest" {
  interface ProvidedContext {
    stage: Stage;
  }
}

/** Where this machine's loopback is for the server. */
const hostFromServer = "10.0.2.100";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = process.env["QUARTERDECK_VPS"];
  if (!directory) throw new Error("These tests need the disk of the test server: run npm run e2e:vps.");
  const [sshPort, port, sparePort] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const dataDir = mkdtempSync(join(tmpdir(), "quarterdeck-vps-"));
  const urlFromServer = `http://${hostFromServer}:${port}`;
  const quarterdeck = await startQuarterdeck({
    dataDir,
    port,
    args: ["--public-url", urlFromServer],
    env: { QUARTERDECK_ALLOW_ADDRESS: urlFromServer },
  });
  const place = { directory, sshPort };
  const stop = async () => {
    await new TestServer(place).stop();
    await quarterdeck.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await (await setUp(quarterdeck, urlFromServer)).close();
    await TestServer.boot(place, [port, sparePort]);
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide("stage", { server: place, url: quarterdeck.url, urlFromServer, sparePort });
  return stop;
}
