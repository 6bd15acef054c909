import { testConfig } from "@quarterdeck/scripts/vitest-config";

export default testConfig({ name: "simulator", timeoutMs: 1_200_000 });
