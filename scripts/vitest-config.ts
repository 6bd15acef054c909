import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig, type ViteUserConfig } from "vitest/config";

interface TestConfigOptions {
  /** Names the report; unique in the repository. */
  readonly name: string;
  readonly include?: readonly string[];
  readonly timeoutMs?: number;
  /** One test file after the other: for files that share a browser, a port or a server. */
  readonly isSequential?: boolean;
  /** Its tests wait for processes most of the time, so that two files at once are good also where there are only two cores. */
  readonly mostlyWaits?: boolean;
}

export const reportsFolder = join(import.meta.dirname, "..", ".reports");

/** The vitest configuration of a package: results also go to `.reports/<name>.json`, where `npm test` counts them. */
export function testConfig({
  name,
  include,
  timeoutMs = 30_000,
  isSequential = false,
  mostlyWaits = false,
}: TestConfigOptions): ViteUserConfig {
  return defineConfig({
    test: {
      include: [...(include ?? ["{src,test}/**/*.test.{ts,tsx}", "*.test.ts"])],
      reporters: ["default", ["json", { outputFile: join(reportsFolder, `${name}.json`) }]],
      // A package without tests is named by `npm test`, and a whole run without tests fails there.
      passWithNoTests: true,
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      // Its own default of a second is little on a busy machine.
      expect: { poll: { timeout: 10_000 } },
      fileParallelism: !isSequential,
      ...(mostlyWaits ? { maxWorkers: Math.max(2, availableParallelism() - 1) } : {}),
    },
  });
}
