import { createHash } from "node:crypto";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ReleaseManifest } from "@quarterdeck/core/protocol/release";
import {
  generateSigningKey,
  importSigningKey,
  signText,
  type SignatureDomain,
} from "@quarterdeck/core/protocol/signing";
import { fetchRelease } from "./fetch-release.ts";

const archive = Buffer.from("the bytes of a package");
const digest = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("base64url");
const platform = await generateSigningKey();
const stranger = await generateSigningKey();

const manifest: ReleaseManifest = {
  v: 1,
  version: "1.1.0",
  sha256: digest(archive),
  sizeBytes: archive.length,
  actions: ["exec"],
  features: [],
  minimalProtocol: { major: 1, minor: 0 },
};

let server: Server;
let answers: Map<string, Buffer | ((response: ServerResponse) => void)>;
const served: string[] = [];

beforeEach(async () => {
  answers = new Map();
  served.length = 0;
  server = createServer((request, response) => {
    served.push(request.url ?? "");
    const answer = answers.get(request.url ?? "");
    if (typeof answer === "function") answer(response);
    else response.writeHead(answer ? 200 : 404).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

interface Offer {
  readonly body?: object;
  readonly domain?: SignatureDomain;
  readonly key?: { privateKeyPkcs8: string };
  readonly bytes?: Buffer | ((response: ServerResponse) => void);
  /** Changes what is served after it was signed. */
  readonly tamper?: (signed: string) => string;
  readonly params?: { version?: string; allowsDowngrade?: boolean; manifestHash?: string };
}

async function attempt(offer: Offer = {}): Promise<Buffer | { code: unknown; message: string }> {
  const { body = manifest, domain = "release", key = platform, bytes = archive, tamper = (text) => text } = offer;
  const text = await signText(await importSigningKey(key.privateKeyPkcs8), domain, JSON.stringify(body));
  const signed = tamper(text.signed);
  const manifestHash = offer.params?.manifestHash ?? digest(signed);
  answers.set(`/install/releases/${manifestHash}/manifest.json`, Buffer.from(JSON.stringify({ ...text, signed })));
  answers.set(`/install/releases/${manifestHash}/quarterdeck-bridge.tgz`, bytes);
  return fetchRelease({
    params: { version: "1.1.0", allowsDowngrade: false, triesAgain: false, ...offer.params, manifestHash },
    runningVersion: "1.0.0",
    apiUrl: origin(),
    platformKeys: [platform.publicKey],
    signal: AbortSignal.timeout(10_000),
  }).catch((error: Error & { code?: unknown }) => ({ code: error.code, message: error.message }));
}

const refused = { code: "UPDATE_REFUSED" };

describe("a package of the bridge", () => {
  it("is taken when the platform signed its manifest and it is what the manifest says", async () => {
    expect(await attempt()).toEqual(archive);
  });

  it("[F11] is taken when its manifest has fields that this version does not know", async () => {
    expect(await attempt({ body: { ...manifest, notes: "new" } })).toEqual(archive);
  });

  const others: Record<keyof ReleaseManifest, unknown> = {
    v: 2,
    version: "1.2.0",
    sha256: digest("other"),
    sizeBytes: archive.length + 1,
    actions: ["exec", "evil"],
    features: ["evil"],
    minimalProtocol: { major: 2, minor: 0 },
  };
  it.each(Object.entries(others))("[W2] is refused when %s was changed after the signature", async (field, value) => {
    const tamper = (signed: string) => JSON.stringify({ ...(JSON.parse(signed) as object), [field]: value });
    expect(await attempt({ tamper })).toMatchObject({ ...refused, message: expect.stringContaining("not signed") });
    expect(served).toHaveLength(1);
  });

  it("[W2] is refused under a signature for another use, of another key, and as another manifest than was asked for", async () => {
    for (const domain of ["command", "enrolAnswer", "ticket", "relayCertificate"] as const)
      expect(await attempt({ domain })).toMatchObject(refused);
    expect(await attempt({ key: stranger })).toMatchObject(refused);
    expect(await attempt({ params: { manifestHash: digest("another") } })).toMatchObject(refused);
  });

  it("[W2] is refused when its bytes are others: changed, fewer, or more", async () => {
    for (const bytes of [Buffer.from("The bytes of a package"), archive.subarray(1)])
      expect(await attempt({ bytes })).toMatchObject({ ...refused, message: expect.stringContaining("not the one") });
    expect(await attempt({ bytes: Buffer.concat([archive, archive]) })).toMatchObject({ code: "UPDATE_FAILED" });
  });

  it("is read no further than its size, however much comes", async () => {
    let sent = 0;
    const bytes = (response: ServerResponse) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    };
    expect(await attempt({ bytes })).toMatchObject({ message: expect.stringContaining("larger than") });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it("is not fetched from where the platform's address leads on to", async () => {
    const bytes = (response: ServerResponse) => void response.writeHead(302, { location: "/elsewhere" }).end();
    answers.set("/elsewhere", archive);
    expect(await attempt({ bytes })).toMatchObject({ code: "UPDATE_FAILED" });
    expect(served).not.toContain("/elsewhere");
  });

  it("is refused when it is older, the same version, or another version than the command names", async () => {
    const older = { ...manifest, version: "0.9.9" };
    expect(await attempt({ body: older, params: { version: "0.9.9" } })).toMatchObject({
      ...refused,
      message: expect.stringContaining("older"),
    });
    expect(await attempt({ body: older, params: { version: "0.9.9", allowsDowngrade: true } })).toEqual(archive);
    const same = { ...manifest, version: "1.0.0" };
    for (const allowsDowngrade of [false, true])
      expect(await attempt({ body: same, params: { version: "1.0.0", allowsDowngrade } })).toMatchObject(refused);
    expect(await attempt({ params: { version: "1.1.1" } })).toMatchObject(refused);
  });
});
