import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compatibilityDate, relayConfig } from "./relay-config.ts";
import { paths } from "./repository-paths.ts";

it("runs the relay with the compatibility date, class and bindings that Cloudflare would", async () => {
  const deployed = await readFile(join(paths.root, "apps/relay/wrangler.jsonc"), "utf8");
  const config = relayConfig({ port: 1, apiPort: 2, stateDir: "/state" });
  expect(deployed).toContain(`"compatibility_date": "${compatibilityDate}"`);
  for (const name of ["SERVER_SESSIONS", "ServerSession"]) {
    expect(deployed).toContain(`"${name}"`);
    expect(config).toContain(`"${name}"`);
  }
});

it("listens on loopback only, and holds no secret", () => {
  const config = relayConfig({ port: 8001, apiPort: 8002, stateDir: '/a "quoted" path' });
  expect(config.match(/address = "[^"]*"/g)).toEqual(['address = "127.0.0.1:8002"', 'address = "127.0.0.1:8001"']);
  expect(config).toContain('(name = "SERVICE_KEY", fromEnvironment = "SERVICE_KEY")');
  expect(config).toContain('path = "/a \\"quoted\\" path"');
});
