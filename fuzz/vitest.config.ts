import { testConfig } from "@quarterdeck/scripts/vitest-config";

export default testConfig({ name: "fuzz", timeoutMs: 60_000 });
