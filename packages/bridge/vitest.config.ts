import { testConfig } from "@quarterdeck/scripts/vitest-config";

// Real processes on a machine that may be busy: they are waited for, and only a hanging one meets this limit. Ports, groups,
// users and folders are each file's own.
export default testConfig({ name: "bridge", timeoutMs: 40_000, mostlyWaits: true });
