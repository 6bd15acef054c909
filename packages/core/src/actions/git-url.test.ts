import { describe, expect, it } from "vitest";
import { gitUrlHost, parseGitUrl } from "./git-url.ts";

const strict = { allowLoopbackHttp: false };
const embedded = { allowLoopbackHttp: true };

describe("git addresses", () => {
  it.each([
    "https://example.org/a/b.git",
    "ssh://git@example.org/a/b.git",
    "ssh://git@example.org:2222/a",
    "git@example.org:a/b.git",
  ])("accepts %s", (url) => expect(parseGitUrl(url, strict)).toEqual({ ok: true, value: url }));

  it("accepts plain http only for this machine, and only in embedded mode", () => {
    expect(parseGitUrl("http://127.0.0.1:8080/a.git", embedded).ok).toBe(true);
    expect(parseGitUrl("http://127.0.0.1:8080/a.git", strict).ok).toBe(false);
    expect(parseGitUrl("http://example.org/a.git", embedded).ok).toBe(false);
    expect(parseGitUrl("http://127.0.0.1.example.org/a.git", embedded).ok).toBe(false);
  });

  it.each([
    "",
    "a",
    "/etc/passwd",
    "../x",
    "file:///etc",
    "ext::sh -c id",
    "EXT::sh",
    "--upload-pack=touch /tmp/x",
    "-u",
    "fd::17",
    "https://",
    "https://host",
    "https://host/",
    "ssh://-oProxyCommand=x/y",
    "ssh://-u@host/y",
    "-x@host:y",
    "git@-host:y",
    "git@host:-y",
    "https://user:secret@host/a.git",
    "https://token@host/a.git",
    "https://host/a\nb",
    "https://host/a\0b",
    "git://host/a",
    "ftp://host/a",
    "https:host/a",
    `https://host/${"a".repeat(3000)}`,
  ])("[S2] refuses %j with a message", (url) => {
    expect(parseGitUrl(url, strict)).toMatchObject({ ok: false, error: { code: "INVALID_GIT_URL" } });
  });

  it.each([
    ["https://Example.org:8443/a/b.git", "example.org"],
    ["ssh://git@example.org:2222/a", "example.org"],
    ["git@example.org:a/b.git", "example.org"],
    ["http://127.0.0.1:8080/a.git", "127.0.0.1"],
    ["nothing", null],
  ])("says that %s is at %s", (url, host) => expect(gitUrlHost(url)).toBe(host));

  it("tells nobody the password it refused", () => {
    const result = parseGitUrl("https://user:hunter2@host/a.git", strict);
    expect(JSON.stringify(result)).not.toContain("hunter2");
  });
});
