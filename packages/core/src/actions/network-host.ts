import * as z from "zod";

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const mostLength = 253;

/** The most of them in a project's list: with its repository's host they are as many as a command may name. */
export const mostNetworkHosts = 99;

/**
 * A host that a project's runs may reach: a full name as DNS has it, in lower case. Addresses are refused, because a rule about
 * one says nothing about who is behind it, and so are names that only the server itself or its network knows.
 */
export const networkHostSchema = z
  .string()
  .trim()
  .toLowerCase()
  .refine(isPublicName, "must be the name of a host, like packages.example.org");

function isPublicName(host: string): boolean {
  const labels = host.split(".");
  const last = labels.at(-1) ?? "";
  if (host.length > mostLength || labels.length < 2 || !labels.every((each) => label.test(each))) return false;
  // What ends in a number is an address (WHATWG URL, host parsing), in whatever notation.
  return !/^(?:\d+|0x[0-9a-f]*)$/.test(last) && !localSuffixes.has(last);
}

const localSuffixes: ReadonlySet<string> = new Set(["localhost", "local", "internal", "localdomain", "arpa", "onion"]);
