import { describe, expect, it } from "vitest";
import { sandboxedCall, type SandboxLayout } from "./profile.ts";
import { toolFolders } from "./tool-folders.ts";

const layout: SandboxLayout = {
  bubblewrap: "/usr/bin/bwrap",
  setpriv: "/usr/bin/setpriv",
  system: [
    { path: "/usr", link: null },
    { path: "/bin", link: "usr/bin" },
  ],
  tools: ["/opt/node/bin"],
  etc: "/data/sandbox/etc",
  liveEtc: ["/etc/hosts"],
  masked: ["/proc/keys"],
  seccompFile: "/data/sandbox/seccomp",
};
const call = {
  program: "/usr/bin/git",
  args: ["--", "-x"],
  directory: "/data/ws/p",
  environment: { HOME: "/data/ws/h" },
};
const extras = { passwdFile: "/passwd", egressFolder: null, resolvFile: null, keepsNetwork: false };
const place = { writable: ["/data/ws/p"], user: { uid: 5, gid: 6 }, network: { mode: "none", hosts: [] } } as const;

/** Each pair of source and target that bubblewrap binds. */
function binds(args: readonly string[], kind: string): string[] {
  return args.flatMap((arg, index) => (arg === kind ? [`${args[index + 1]} ${args[index + 2]}`] : []));
}

describe("the arguments of a sandbox", () => {
  it("name everything that is there, and only the run's folders can be written [S7]", () => {
    const { args } = sandboxedCall(layout, { call, place, extras, before: [] });
    expect(binds(args, "--bind")).toEqual(["/data/ws/p /data/ws/p"]);
    expect(binds(args, "--ro-bind")).toEqual([
      "/usr /usr",
      "/data/sandbox/etc /etc",
      "/etc/hosts /etc/hosts",
      "/passwd /etc/passwd",
      "/dev/null /proc/keys",
      "/opt/node/bin /opt/node/bin",
    ]);
    expect(args).not.toContain("--dev-bind");
  });

  it("end with the program and its arguments, which no option of theirs can change [S1] [S2]", () => {
    const { args, files } = sandboxedCall(layout, { call, place, extras, before: [] });
    expect(args.slice(args.indexOf("--"))).toEqual([
      "--",
      "/usr/bin/setpriv",
      "--reuid=5",
      "--regid=6",
      "--clear-groups",
      "--inh-caps=-all",
      "--bounding-set=-all",
      "--",
      "/usr/bin/git",
      "--",
      "-x",
    ]);
    expect(files).toEqual([layout.seccompFile]);
  });

  it("give capabilities only to become another user", () => {
    const { args } = sandboxedCall(layout, { call, place: { ...place, user: null }, extras, before: [] });
    expect(args).not.toContain("--cap-add");
    expect(args).not.toContain("/usr/bin/setpriv");
  });
});

describe("folders of programs", () => {
  const folders = (...paths: string[]) =>
    toolFolders({ folders: paths, hidden: ["/srv/data"], home: "/home/me", exists: () => true });

  it("come with what belongs to them", () => {
    expect(folders("/opt/node/bin", "/usr/local/bin", "/bin")).toEqual([
      "/opt/node/bin",
      "/opt/node/lib",
      "/opt/node/lib64",
      "/opt/node/libexec",
      "/opt/node/include",
    ]);
    expect(folders("/home/me/.pyenv/shims", "/home/me/.pyenv/bin")).toEqual(["/home/me/.pyenv"]);
  });

  it("are no whole home, and hold nothing that is hidden [S7]", () => {
    expect(folders("/home/me/bin")).not.toContain("/home/me");
    expect(folders("/home/me", "/home/me/shims")).toEqual([]);
    expect(folders("/root", "/", "/srv/data/bin", "/srv/data", "/srv/shims")).toEqual([]);
  });
});
