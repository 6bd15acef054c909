import type { RunDirectory } from "../../../packages/bridge/src/data-directory.ts";
import type { WrapperSpec } from "../../../packages/bridge/src/wrapper/wrapper-spec.ts";

/** Imports the bridge's modules. The hooks must be registered. */
export async function loadBridge() {
  const [{ startDaemon }, { DataDirectory, RunDirectory }, { runProgram }, fs] = await Promise.all([
    import("../../../packages/bridge/src/daemon.ts"),
    import("../../../packages/bridge/src/data-directory.ts"),
    import("../../../packages/bridge/src/wrapper/run-program.ts"),
    import("../substitutes/fs.ts"),
  ]);
  return {
    startDaemon,
    DataDirectory,
    RunDirectory,
    runProgram,
    readSpec: (run: RunDirectory) => JSON.parse(String(fs.readFileSync(run.spec, "utf8"))) as WrapperSpec,
  };
}

export type ShippedBridge = Awaited<ReturnType<typeof loadBridge>>;
