import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const script = join(import.meta.dirname, "../install/install.sh");

/** Runs the installer as it is in the repository, where nothing has put an address into it. */
function install(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  return new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(
      "sh",
      [script, ...args],
      { env: { PATH: process.env["PATH"], ...environment }, encoding: "utf8" },
      (_error, stdout, stderr) => resolve({ exitCode: child.exitCode, stdout, stderr }),
    );
  });
}

const given = ["--token", "t", "--platform-key", "SHA256:k", "--dry-run"];

// The rest of it is tried on a whole server, in e2e/vps.
describe("install.sh", () => {
  it.each([
    ["http://platform.example"],
    ["http://10.0.2.100:7170"],
    ["http://localhost.example"],
    ["http://127.0.0.1.example:7070"],
    ["http://localhost@platform.example"],
  ])("[W4] refuses %s, which is not encrypted", async (url) => {
    const end = await install(["--url", url, ...given]);
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toMatch(/is not encrypted|is not an address/);
  });

  it("takes an address that is not encrypted where exactly that one is allowed, and says so", async () => {
    const url = "http://10.0.2.100:7170";
    const allowed = await install(["--url", url, "--allow-address", `${url}/`, ...given]);
    expect(allowed.stdout).toContain("is not encrypted; --allow-address says that this is a test server");
    const other = await install(["--url", url, "--allow-address", "http://10.0.2.100:7171", ...given]);
    expect(other).toMatchObject({ exitCode: 2, stdout: "" });
  });

  it.each([
    ["ftp://platform.example"],
    ["https://platform.example/$(touch x)"],
    ["https://platform.example'; id"],
    ["https://a b"],
    ["platform.example"],
    [""],
  ])("[S1] refuses %j as an address", async (url) => {
    const end = await install(["--url", url, ...given]);
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toMatch(/address/);
  });

  it.each([
    [["--tokn", "x"], /no option --tokn/],
    [["--token"], /--token needs a value/],
    [[], /not an address|address is missing/],
  ])("names the mistake in %j", async (args, message) => {
    const end = await install(args);
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toMatch(message);
  });

  it("explains itself", async () => {
    const end = await install(["--help"]);
    expect(end.exitCode).toBe(0);
    for (const option of ["--token", "--platform-key", "--dry-run", "--uninstall", "--allow-address"])
      expect(end.stdout).toContain(option);
  });

  it("says which system it needs before it does anything", async () => {
    const folder = mkdtempSync(join(tmpdir(), "qd-install-script-"));
    try {
      const bin = join(folder, "bin");
      mkdirSync(bin);
      for (const tool of ["sh", "id", "printf"]) symlinkSync(`/usr/bin/${tool}`, join(bin, tool));
      symlinkSync("/usr/bin/echo", join(bin, "uname")); // Prints its option, which is no system's name.
      const end = await install(["--url", "https://platform.example", ...given], { PATH: bin });
      expect(end).toMatchObject({ exitCode: 3, stdout: "" });
      expect(end.stderr).toContain("a server needs Linux");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
