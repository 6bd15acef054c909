import { expect, test } from "vitest";
import { readEnv } from "./env.ts";

const complete = {
  QUARTERDECK_DATA: "/srv/quarterdeck",
  QUARTERDECK_RELAY_URL: "http://127.0.0.1:8787",
  QUARTERDECK_INTERNAL_PORT: "7071",
};

test("defaults are those of the embedded mode", () => {
  expect(readEnv({ ...complete, QUARTERDECK_PUBLIC_URL: "" })).toMatchObject({
    host: "127.0.0.1",
    port: 7070,
    publicUrl: null,
    mode: "embedded",
    logLevel: "info",
    databaseUrl: "file:/srv/quarterdeck/quarterdeck.db",
  });
});

test.each([
  ["QUARTERDECK_DATA", "data", /QUARTERDECK_DATA to an absolute path/],
  ["QUARTERDECK_DATA", undefined, /QUARTERDECK_DATA to the absolute path/],
  ["QUARTERDECK_PORT", "http", /QUARTERDECK_PORT to a port number/],
  ["QUARTERDECK_PORT", "70700", /QUARTERDECK_PORT to a port number/],
  ["QUARTERDECK_INTERNAL_PORT", undefined, /QUARTERDECK_INTERNAL_PORT to a port number/],
  ["QUARTERDECK_RELAY_URL", "relay", /QUARTERDECK_RELAY_URL to an address/],
  ["QUARTERDECK_MODE", "cluster", /QUARTERDECK_MODE to embedded or cloud/],
  ["QUARTERDECK_LOG_LEVEL", "loud", /QUARTERDECK_LOG_LEVEL to one of/],
  ["QUARTERDECK_DATABASE_URL", "postgres://x", /QUARTERDECK_DATABASE_URL to file:/],
  ["QUARTERDECK_PUBLIC_URL", "http://example.com", /QUARTERDECK_PUBLIC_URL must start with https/],
  ["QUARTERDECK_REQUESTS_PER_MINUTE", "100", /QUARTERDECK_REQUESTS_PER_MINUTE to JSON with a number for each plan/],
  ["QUARTERDECK_REQUESTS_PER_MINUTE", "{", /QUARTERDECK_REQUESTS_PER_MINUTE to JSON/],
  ["QUARTERDECK_REQUESTS_PER_MINUTE", '{"basic":0}', /QUARTERDECK_REQUESTS_PER_MINUTE to JSON/],
  ["QUARTERDECK_REQUESTS_PER_MINUTE", '{"gold":5}', /the plans are basic, premium, enterprise/],
  ["QUARTERDECK_SMTP_URL", "https://mail.example.com", /QUARTERDECK_SMTP_URL to an address like smtps:/],
  ["QUARTERDECK_SMTP_URL", "smtps://mail.example.com", /both QUARTERDECK_SMTP_URL and QUARTERDECK_MAIL_FROM/],
  ["QUARTERDECK_MAIL_FROM", "a@b.example\nBcc: c@d.example", /QUARTERDECK_MAIL_FROM to an address/],
  ["QUARTERDECK_HOST", "0.0.0.0", /set QUARTERDECK_PUBLIC_URL to the https address/],
])("%s=%s is refused with the variable and the fix", (name, value, message) => {
  expect(() => readEnv({ ...complete, [name]: value })).toThrow(message);
});

test("the requests of each plan are the tiers', but for those that are set", () => {
  const read = (text: string) => readEnv({ ...complete, QUARTERDECK_REQUESTS_PER_MINUTE: text }).requestsPerMinute;
  expect(read("")).toEqual({ basic: 100, premium: 500, enterprise: 2000 });
  expect(read('{"basic":7}')).toEqual({ basic: 7, premium: 500, enterprise: 2000 });
});

test("a public address may be https, or http on loopback", () => {
  expect(readEnv({ ...complete, QUARTERDECK_PUBLIC_URL: "https://qd.example.com/" }).publicUrl).toBe(
    "https://qd.example.com",
  );
  expect(readEnv({ ...complete, QUARTERDECK_PUBLIC_URL: "http://localhost:5173" }).publicUrl).toBe(
    "http://localhost:5173",
  );
});

test("a test server's address may be http where exactly that address is allowed", () => {
  const allowed = { ...complete, QUARTERDECK_ALLOW_ADDRESS: "http://10.0.2.100:7170" };
  expect(readEnv({ ...allowed, QUARTERDECK_PUBLIC_URL: "http://10.0.2.100:7170" }).publicUrl).toBe(
    "http://10.0.2.100:7170",
  );
  for (const other of ["http://10.0.2.100", "http://10.0.2.100:7171", "http://example.com:7170"])
    expect(() => readEnv({ ...allowed, QUARTERDECK_PUBLIC_URL: other })).toThrow(/must start with https/);
});
