import * as z from "zod";

/** Every kind of id in the product: the prefix that its ids carry. */
export const idPrefixes = {
  org: "org",
  user: "usr",
  workspace: "ws",
  project: "prj",
  server: "srv",
  task: "task",
  run: "run",
  command: "cmd",
  session: "ses",
  enrolment: "enr",
  entry: "ent",
  viewer: "view",
  rollout: "roll",
  share: "shr",
  invitation: "inv",
  signIn: "sgn",
  passkey: "pky",
  link: "lnk",
} as const;

export type IdKind = keyof typeof idPrefixes;

/** An id of one kind: `prefix_` and 26 characters that sort by the time they were made. */
export type Id<K extends IdKind> = `${(typeof idPrefixes)[K]}_${string}` & { readonly __kind: K };

export type OrgId = Id<"org">;
export type UserId = Id<"user">;
export type WorkspaceId = Id<"workspace">;
export type ProjectId = Id<"project">;
export type ServerId = Id<"server">;
export type TaskId = Id<"task">;
export type RunId = Id<"run">;
export type CommandId = Id<"command">;
export type SessionId = Id<"session">;
export type EnrolmentId = Id<"enrolment">;
export type RolloutId = Id<"rollout">;
export type ShareId = Id<"share">;
export type InvitationId = Id<"invitation">;
export type SignInId = Id<"signIn">;
export type PasskeyId = Id<"passkey">;

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const timeCharacters = 10;
const randomCharacters = 16;

function encodeTime(nowMs: number): string {
  let rest = nowMs;
  let text = "";
  for (let i = 0; i < timeCharacters; i++) {
    text = alphabet.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/**
 * Makes an id that sorts by the time it was made (the layout of ULID: 48 bits of time, 80 bits of chance, Crockford's
 * base 32, in lower case).
 *
 * @param kind what the id names
 * @param nowMs wall-clock time in milliseconds since 1970, a whole number of at most 48 bits
 * @param random at least 16 random bytes; five bits of each are used
 * @throws RangeError when the time or the random bytes do not fit
 */
export function makeId<K extends IdKind>(kind: K, nowMs: number, random: Uint8Array): Id<K> {
  if (!Number.isSafeInteger(nowMs) || nowMs < 0 || nowMs >= 2 ** 48)
    throw new RangeError(`no time for an id: ${nowMs}`);
  if (random.length < randomCharacters) throw new RangeError(`an id needs ${randomCharacters} random bytes`);
  let text = `${idPrefixes[kind]}_${encodeTime(nowMs)}`;
  for (let i = 0; i < randomCharacters; i++) text += alphabet.charAt((random[i] ?? 0) & 31);
  return text as Id<K>;
}

/** The schema of an id of one kind. It accepts only the exact shape, so a wrong kind never passes as another. */
export function idSchema<K extends IdKind>(kind: K) {
  const shape = new RegExp(`^${idPrefixes[kind]}_[0-9a-hjkmnp-tv-z]{26}$`);
  return z
    .custom<Id<K>>((value) => typeof value === "string" && shape.test(value), {
      message: `must be the id of a ${kind} (${idPrefixes[kind]}_…)`,
    })
    .meta({ idKind: kind }); // So that what takes ids can be listed from its schema.
}
