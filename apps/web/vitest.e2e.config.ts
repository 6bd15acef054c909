import { testConfig } from "@quarterdeck/scripts/vitest-config";

export default testConfig({ name: "web-e2e", include: ["e2e/**/*.test.ts"], timeoutMs: 60_000, mostlyWaits: true });
