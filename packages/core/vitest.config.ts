import { testConfig } from "@quarterdeck/scripts/vitest-config";
import { mergeConfig } from "vitest/config";

export default mergeConfig(testConfig({ name: "core" }), { test: { setupFiles: ["test/property-seed.ts"] } });
