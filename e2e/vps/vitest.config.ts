import { join } from "node:path";
import { reportsFolder, testConfig } from "@quarterdeck/scripts/vitest-config";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files share one server, which the first ones install and the last one uninstalls. */
class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1)));
  }
}

// An emulated machine takes ten to twenty times as long as this one.
const { test } = testConfig({ name: "e2e-vps", timeoutMs: 900_000, isSequential: true });

export default defineConfig({
  root: join(import.meta.dirname, ".."),
  test: {
    ...test,
    include: ["vps/*.test.ts"],
    passWithNoTests: false,
    // Each test takes a while: say so when it is over.
    reporters: ["verbose", ["json", { outputFile: join(reportsFolder, "e2e-vps.json") }]],
    globalSetup: join(import.meta.dirname, "support/global-setup.ts"),
    sequence: { sequencer: ByName },
    // What comes after a failure has nothing to stand on.
    bail: 1,
  },
});
