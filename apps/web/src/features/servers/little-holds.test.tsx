import { renderToStaticMarkup } from "react-dom/server";
import { beforeAll, describe, expect, it } from "vitest";
import type { ServerView } from "../../api/views.ts";
import { startI18n } from "../../i18n/i18n.ts";
import { HostFacts } from "./HostFacts.tsx";
import { ServerLimits } from "./ServerLimits.tsx";

type Capabilities = NonNullable<ServerView["capabilities"]>;

const driverReason = "No control groups can be made here (EROFS). It is a container: give it limits itself.";
const sandboxReason = "bubblewrap does not work here: bwrap: no. Let this container make namespaces <now>.";

const capabilities: Capabilities = {
  bridgeVersion: "1.2.3",
  actions: ["exec"],
  programs: ["echo"],
  driver: "process",
  driverReason,
  limited: [],
  isolation: "missing",
  sandbox: { reason: sandboxReason, workspaceUsers: false, network: "shared", networkReason: null },
  capacity: { cpu: 1000, memory: 2 ** 30, runs: 4 },
  host: { hostname: "box", os: "Debian", arch: "x64", kernel: "6.1" },
};

const server = (changed: Partial<Capabilities>) =>
  ({
    keyFingerprint: "SHA256:x",
    createdAtMs: 0,
    limits: null,
    capabilities: { ...capabilities, ...changed },
  }) as unknown as ServerView;

/** What the page says, as somebody reads it. */
function textOf(changed: Partial<Capabilities>): string {
  const shown = server(changed);
  const markup = renderToStaticMarkup(
    <>
      <HostFacts server={shown} />
      <ServerLimits server={shown} />
    </>,
  );
  return markup
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&#x27;", "'");
}

beforeAll(() => startI18n());

describe("the page of a server on which little holds", () => {
  it("says that runs are refused and limits are none, why, and what to do", () => {
    const text = textOf({});
    expect(text).toContain("runs are refused");
    expect(text).toContain(sandboxReason);
    expect(text).toContain("the kernel holds nobody to a quota here");
    expect(text).toContain(driverReason);
  });

  it("says what its owner agreed to, and still why there is no sandbox", () => {
    const text = textOf({ isolation: "consented" });
    expect(text).toContain("the server's owner agreed to that");
    expect(text).toContain(sandboxReason);
    expect(text).not.toContain("runs are refused");
  });

  it("says of a sandbox without root that all workspaces are one user, and share the network", () => {
    const sandbox = { reason: null, workspaceUsers: false, network: "shared", networkReason: null } as const;
    const text = textOf({ isolation: "hidden", sandbox });
    expect(text).toContain("only the sandbox keeps them apart");
    expect(text).toContain("share the server's network");
  });

  it("says nothing of the kind where the kernel holds the limits", () => {
    expect(textOf({ driver: "cgroup", driverReason: "The bridge can make groups." })).not.toContain(
      "nobody to a quota",
    );
  });
});
