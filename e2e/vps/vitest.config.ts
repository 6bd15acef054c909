import { join } from "node:path";
import { testConfig } from "@quarterdeck/scripts/vitest-config";
import { mergeConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files share one server, which the first ones install and the last one uninstalls. */
class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1)));
  }
}

export default mergeConfig(
  // An emulated machine takes ten to twenty times as long as this one.
  testConfig({ name: "e2e-vps", include: ["vps/*.test.ts"], timeoutMs: 300_000, isSequential: true }),
  {
    root: join(import.meta.dirname, ".."),
    test: {
      passWithNoTests: false,
      // Each test takes a while: say so when it is over.
      reporters: ["verbose"],
      globalSetup: join(import.meta.dirname, "support/global-setup.ts"),
      sequence: { sequencer: ByName },
      // What comes after a failure has nothing to stand on.
      bail: 1,
    },
  },
);
