import { testConfig } from "@quarterdeck/scripts/vitest-config";

export default testConfig({ name: "web" });
