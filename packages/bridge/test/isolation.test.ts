import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findRunProcesses } from "../src/wrapper/processes.ts";
import { tailText } from "./fake-platform.ts";
import { RealBridge } from "./real-bridge.ts";

const canary = "canary-7f3a91";
let bridge: RealBridge;
beforeAll(async () => {
  bridge = await RealBridge.start({
    environment: {
      SECRET_OF_THE_BRIDGE: canary,
      LD_LIBRARY_PATH: `/${canary}`,
      GIT_SSH_COMMAND: canary,
      PYTHONPATH: canary,
      npm_config_registry: canary,
      BASH_ENV: canary,
    },
  });
});
afterAll(() => bridge[Symbol.asyncDispose]());

async function evaluate(script: string): Promise<string> {
  return tailText(await bridge.relay.run({ action: "exec", params: { program: "node", args: ["-e", script] } }));
}

describe("what a run sees", () => {
  it("has an environment made from nothing: none of the bridge's own reaches it [S4] [E1]", async () => {
    const environment = JSON.parse(await evaluate("console.log(JSON.stringify(process.env))")) as Record<
      string,
      string
    >;
    const allowed = [
      "PATH",
      "HOME",
      "TMPDIR",
      "LANG",
      "TERM",
      "QUARTERDECK_RUN_ID",
      "QUARTERDECK_TASK_ID",
      "QUARTERDECK_WORKSPACE_ID",
      "PWD",
      "npm_config_ignore_scripts",
      "YARN_IGNORE_SCRIPTS",
      "YARN_ENABLE_SCRIPTS",
      "pnpm_config_ignore_scripts",
      "PIP_ONLY_BINARY",
      "GIT_ALLOW_PROTOCOL",
    ];
    expect(Object.keys(environment).filter((name) => !allowed.includes(name))).toEqual([]);
    expect(JSON.stringify(environment)).not.toContain(canary);
    expect(environment["HOME"]).toBe(bridge.data.workspace(bridge.relay.platform.workspaceId).home);
  });

  it("cannot read the bridge's key and journal, nor name them [S7]", async () => {
    const secret = readFileSync(bridge.data.identityFile, "utf8");
    expect(secret).toContain("privateKeyPkcs8");
    const script = `
      const fs = require('node:fs');
      const attempt = (work) => { try { return String(work()); } catch (error) { return error.code; } };
      console.log(attempt(() => fs.readFileSync('${bridge.data.identityFile}')), attempt(() => fs.readdirSync('${bridge.data.path}')));`;
    expect((await evaluate(script)).trim()).toBe("ENOENT workspaces");
  });

  it("cannot reach another workspace's files [S7]", async () => {
    const other = join(bridge.data.workspaces, "ws_00000000000000000000000000");
    mkdirSync(other);
    writeFileSync(join(other, "secret"), canary);
    expect(
      (await evaluate(`console.log(require('node:fs').readdirSync('${bridge.data.workspaces}').join())`)).trim(),
    ).toBe(bridge.relay.platform.workspaceId);
  });

  it("cannot see or signal the bridge, nor any process outside [S7]", async () => {
    const script = `
      let killed = true; try { process.kill(${bridge.pid}, 0) } catch { killed = false }
      const pids = require('node:fs').readdirSync('/proc').filter((name) => /^\\d+$/.test(name));
      console.log(killed, pids.length < 8);`;
    expect((await evaluate(script)).trim()).toBe("false true");
  });

  it("has no capabilities, no raw disks, and cannot uncover what is hidden [S7]", async () => {
    const script = `
      const fs = require('node:fs'); const { spawnSync } = require('node:child_process');
      spawnSync('umount', ['${bridge.data.path}']); spawnSync('unshare', ['-Urm', 'umount', '${bridge.data.path}']);
      console.log(/CapEff:\\s+0+$/m.test(fs.readFileSync('/proc/self/status', 'utf8')), fs.existsSync('${bridge.data.identityFile}'),
        fs.readdirSync('/dev').some((name) => /^(vd|sd|nvme|xvd)/.test(name)));`;
    expect((await evaluate(script)).trim()).toBe("true false false");
  });

  it("opens its outputs again by their names, as scripts do", async () => {
    expect(
      (
        await evaluate(
          "require('node:fs').writeFileSync('/dev/stdout', 'out '); require('node:fs').writeFileSync('/dev/stderr', 'err')",
        )
      ).trim(),
    ).toBe("out err");
  });

  it("installs packages without running their scripts, whatever the repository says [S5]", async () => {
    const manifest = { name: "x", version: "1.0.0", scripts: { preinstall: "touch ran", postinstall: "touch ran" } };
    const script = `
      const fs = require('node:fs'); fs.writeFileSync('package.json', ${JSON.stringify(JSON.stringify(manifest))}); fs.writeFileSync('.npmrc', 'ignore-scripts=false');`;
    await evaluate(script);
    const end = await bridge.relay.run({
      action: "exec",
      params: { program: "npm", args: ["install", "--offline", "--no-audit", "--no-fund"] },
    });
    expect(end).toMatchObject({ verdict: "succeeded" });
    expect(
      (
        await evaluate(
          "console.log(require('node:fs').existsSync('package-lock.json'), require('node:fs').existsSync('ran'))",
        )
      ).trim(),
    ).toBe("true false");
  });

  it("finds its workspace writable", async () => {
    const script = "const fs = require('node:fs'); fs.writeFileSync('file', 'x'); console.log(process.cwd())";
    expect((await evaluate(script)).trim()).toBe(bridge.data.workspace(bridge.relay.platform.workspaceId).scratch);
  });

  it("writes no secret to its log [E1]", () => {
    expect(bridge.log).not.toContain(canary);
  });
});

describe("a machine without bubblewrap", () => {
  const environment = { QUARTERDECK_BUBBLEWRAP: "/nowhere/bwrap" };
  const echo = { action: "exec", params: { program: "echo", args: ["x"] } } as const;

  it("refuses to run programs, and says why and what to do [S7]", async () => {
    await using bare = await RealBridge.start({ environment });
    expect(bare.relay.hello?.capabilities.isolation).toBe("missing");
    expect(bare.log).toContain("runs are not isolated");
    const end = await bare.relay.run(echo);
    expect(end).toMatchObject({ verdict: "refused", code: "SANDBOX_UNAVAILABLE", startedAtMs: null, outputBytes: 0 });
    expect(end.message).toContain("/nowhere/bwrap");
    expect(end.message).toContain("--consent-no-isolation");
    expect(existsSync(bare.data.run(end.runId).started)).toBe(false);
  });

  it("runs them when the owner consented, tells the platform, and leaves no process of theirs [S7] [S8]", async () => {
    await using bare = await RealBridge.start({ environment, args: ["--consent-no-isolation"] });
    expect(bare.relay.hello?.capabilities.isolation).toBe("consented");
    expect(tailText(await bare.relay.run(echo))).toBe("x\n");
    const forker =
      "require('node:child_process').spawn('sleep', ['600'], { detached: true, stdio: 'inherit' }).unref(); console.log('forked')";
    const end = await bare.relay.run({ action: "exec", params: { program: "node", args: ["-e", forker] } });
    expect(end).toMatchObject({ verdict: "succeeded" });
    expect(findRunProcesses(end.runId)).toEqual([]);
    expect(tailText(await bare.relay.run(echo))).toBe("x\n");
  });
});
