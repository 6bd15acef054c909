import type { AnyProcedure } from "@trpc/server";
import { sql } from "drizzle-orm";
import { appRouter } from "../../src/app-router.ts";
import type { OrgDeclaration, Declaration } from "../../src/trpc.ts";
import { newId } from "../test-api.ts";
import { findIds, nameOfPath, replaced, type IdPlace } from "./id-paths.ts";
import { inputs } from "./inputs.ts";
import { letIn, type CallerName, type Ids, type Json, type World } from "./world.ts";

// The matrix of ATTACKS T1, from the router: every procedure with every id in its input, as another org's, as one of another
// workspace, as one that is gone, as one of nobody, and as an id of another kind, for everybody.

export const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, AnyProcedure>);

export function declarationOf(made: AnyProcedure): Declaration {
  return made._def.meta as Declaration;
}

/** Those that touch an org's data, with what they declared. */
export const scoped = procedures.flatMap(([path, made]): [string, AnyProcedure, OrgDeclaration][] => {
  const declared = declarationOf(made);
  return declared.scope === "org" ? [[path, made, declared]] : [];
});

interface Variant {
  readonly what: "foreign" | "sibling" | "gone" | "random" | "wrongKind";
  readonly place: IdPlace;
  readonly input: Json;
}

interface Answer {
  readonly code: string;
  readonly message: string;
}

const placed = new Set<IdPlace["kind"]>(["workspace", "project", "server", "task", "run"]);

/** What is answered in another way than it should be; nothing where all is well. */
export async function findLeaks(world: World, path: string): Promise<string[]> {
  const found = scoped.find(([name]) => name === path);
  if (found === undefined) throw new Error(`no such procedure: ${path}`);
  const makes = found[2].makes;
  const before = await dump(world);
  const leaks: string[] = [];
  for (const caller of Object.keys(world.callers) as CallerName[]) {
    for (const input of inputs[path]?.(world.own) ?? []) {
      const places = findIds(input).filter((place) => nameOfPath(place.path) !== makes);
      const variants = places.flatMap((place) => variantsOf(world, { place, input, caller }));
      const answers = await callAll(world, { caller, path, inputs: variants.map((variant) => variant.input) });
      leaks.push(...judge(variants, answers, caller === "owner").map((leak) => `${path} as ${caller}: ${leak}`));
    }
  }
  if ((await dump(world)) !== before) leaks.push(`${path} changed something`);
  return leaks;
}

function variantsOf(
  { own, foreign, sibling, gone }: World,
  { place, input, caller }: { place: IdPlace; input: Json; caller: CallerName },
): Variant[] {
  const name = (Object.keys(own) as (keyof Ids)[]).find((key) => own[key] === place.id);
  if (name === undefined) throw new Error(`not an id of the fixture: ${place.id}`);
  const isLetIn = (letIn as readonly string[]).includes(caller);
  const ids: Partial<Record<Variant["what"], string | undefined>> = {
    random: newId(place.kind),
    foreign: foreign[name],
    gone: gone[name],
    sibling: isLetIn && placed.has(place.kind) ? sibling[name] : undefined,
    wrongKind: newId(place.kind === "user" ? "run" : "user"),
  };
  return Object.entries(ids).flatMap(([what, id]) =>
    id === undefined ? [] : [{ what: what as Variant["what"], place, input: replaced(input, place.path, id) }],
  );
}

function judge(variants: readonly Variant[], answers: readonly Answer[], isOwner: boolean): string[] {
  return variants.flatMap(({ what, place }, index) => {
    const answer = answers[index];
    const random = answers[variants.findIndex((other) => other.what === "random" && other.place === place)];
    const at = `${what} ${nameOfPath(place.path)} (${place.kind})`;
    if (answer === undefined || random === undefined) return [`${at} has no answer`];
    if (what === "wrongKind")
      return ["BAD_REQUEST", "FORBIDDEN", "NOT_FOUND"].includes(answer.code) ? [] : [`${at} → ${answer.code}`];
    const expected = isOwner ? ["NOT_FOUND"] : ["NOT_FOUND", "FORBIDDEN"];
    const isSame = answer.code === random.code && answer.message === random.message;
    if (isSame && expected.includes(answer.code)) return [];
    return [`${at} → ${answer.code} ${answer.message}; of nobody → ${random.code} ${random.message}`];
  });
}

const callsInBatch = 8;

/** The answers to calls of one procedure, sent together: each is answered as if it were alone. */
export async function callAll(
  world: World,
  { caller, path, inputs: all }: { caller: CallerName | null; path: string; inputs: readonly Json[] },
): Promise<Answer[]> {
  const isQuery = procedures.find(([name]) => name === path)?.[1]._def.type === "query";
  const headers = { "content-type": "application/json", ...authorization(world, caller) };
  const answers: Answer[] = [];
  for (let first = 0; first < all.length; first += callsInBatch) {
    const batch = all.slice(first, first + callsInBatch);
    const url = `${world.platform.origin}/trpc/${batch.map(() => path).join(",")}?batch=1`;
    const body = JSON.stringify(Object.fromEntries(batch.entries()));
    const response = isQuery
      ? await fetch(`${url}&input=${encodeURIComponent(body)}`, { headers })
      : await fetch(url, { method: "POST", headers, body });
    const parts = (await response.json()) as { error?: { message: string; data: { code: string } } }[];
    answers.push(...parts.map(({ error }) => ({ code: error?.data.code ?? "OK", message: error?.message ?? "" })));
  }
  return answers;
}

function authorization({ callers }: World, caller: CallerName | null): Record<string, string> {
  return caller === null ? {} : { authorization: `Bearer ${callers[caller].sessionToken()}` };
}

/** Written by what was refused, or by the platform's own work as time goes by. What is told to servers shows in `outboxHead`. */
const besides = new Set([
  "audit_entries",
  "audit_chains",
  "audit_refusals",
  "audit_witnesses",
  "attempts",
  "claims",
  "outbox",
  "sqlite_sequence",
]);
const besidesColumns = new Set(["outboxThrough", "trustMark", "lastUsedAtMs", "lastUsedAddress"]);

/** Everything that is stored, to see that nothing was touched. */
export async function dump({ platform }: Pick<World, "platform">): Promise<string> {
  const { db } = platform.api.database;
  const tables = await db.all<{ name: string }>(sql`select name from sqlite_master where type = 'table' order by name`);
  const kept = tables.filter(({ name }) => !besides.has(name));
  const rows = await Promise.all(kept.map(({ name }) => db.all(sql`select * from ${sql.identifier(name)}`)));
  return JSON.stringify(rows, (key, value: unknown) => (besidesColumns.has(key) ? undefined : value));
}
