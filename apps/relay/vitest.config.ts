import { testConfig } from "@quarterdeck/scripts/vitest-config";
import { mergeConfig } from "vitest/config";

export default mergeConfig(testConfig({ name: "relay", timeoutMs: 30_000 }), {
  test: { globalSetup: "./test/build-relay.ts", maxWorkers: 2 },
});
