import { readSettings, type Env } from "./env.ts";

async function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}

/** Whether a request carries the service key. Compared as hashes and in constant time, so that timing tells nothing. */
export async function isServiceCall(request: Request, env: Env): Promise<boolean> {
  const given = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined) return false;
  const [ours, theirs] = await Promise.all([digest(readSettings(env).serviceKey), digest(given)]);
  return crypto.subtle.timingSafeEqual(ours, theirs);
}
