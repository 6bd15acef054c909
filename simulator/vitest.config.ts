import { testConfig } from "@quarterdeck/scripts/vitest-config";

export default testConfig({ name: "simulator", timeoutMs: 600_000 });
