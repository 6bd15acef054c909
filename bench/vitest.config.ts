import { testConfig } from "@quarterdeck/scripts/vitest-config";
import { mergeConfig } from "vitest/config";

export default mergeConfig(testConfig({ name: "bench" }), {
  test: { globalSetup: ["../apps/relay/test/build-relay.ts"] },
});
