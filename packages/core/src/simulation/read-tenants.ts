import * as z from "zod";
import { accept, refuse, type Result } from "../errors/result.ts";
import { bytesQuantity, cpuQuantity } from "../quota/quantities/quantities.ts";
import type { QuantityKind } from "../quota/quantities/quantity-kind.ts";
import { bandNames } from "../scheduling/bands.ts";
import type { Capacity } from "./policies.ts";
import type { Tenant } from "./workload.ts";

/** An amount as people write it: `500m`, `256Mi`. */
function amount(kind: QuantityKind) {
  return z.string().transform((text, ctx): number => {
    const parsed = kind.parse(text);
    if (parsed.ok) return parsed.value;
    ctx.addIssue({ code: "custom", message: parsed.error.message });
    return z.NEVER;
  });
}

const everyMs = z.int().min(100).max(3_600_000);
const tasks = z.int().min(1).max(10_000);
const durationMs = z.int().min(1).max(3_600_000);

const tenantSchema = z.strictObject({
  name: z.string().min(1).max(40),
  arrivals: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("steady"), everyMs }),
    z.strictObject({ kind: z.literal("bursts"), everyMs: everyMs.min(10_000), tasks: tasks.max(1000) }),
    z.strictObject({ kind: z.literal("flood"), tasks }),
  ]),
  projects: z.int().min(1).max(1000).default(1),
  band: z.enum(bandNames).default("normal"),
  weight: z.int().min(1).max(1000).default(1),
  durationMs: z
    .tuple([durationMs, durationMs])
    .refine(([least, most]) => least <= most, "Write the shorter one first."),
  demand: z.strictObject({ cpu: amount(cpuQuantity), memory: amount(bytesQuantity) }),
});

const tenantsSchema = z
  .array(tenantSchema)
  .min(1)
  .max(20)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "Give each tenant another name.");

/** Tenants from a file of JSON, for a server of this size; or what is wrong with them. */
export function readTenants(text: string, { cpu, memory }: Capacity): Result<Tenant[]> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return refuse("BAD_REQUEST", `It is no JSON: ${(error as Error).message}`);
  }
  const read = tenantsSchema.safeParse(content);
  if (!read.success) return refuse("BAD_REQUEST", z.prettifyError(read.error));
  const tooLarge = read.data.find(({ demand }) => demand.cpu > cpu || demand.memory > memory);
  if (tooLarge === undefined) return accept(read.data);
  return refuse(
    "BAD_REQUEST",
    `A task of ${tooLarge.name} asks for more than the server has, so it would never start.`,
  );
}
