import { testConfig } from "@quarterdeck/scripts/vitest-config";

const config = testConfig({ name: "simulator", timeoutMs: 1_200_000 });

// A wrong version is tried in a process of its own, so two at once use two processors.
export default { ...config, test: { ...config.test, maxConcurrency: 2 } };
