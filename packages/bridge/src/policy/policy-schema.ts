import { actionNames } from "@quarterdeck/core/actions/catalogue";
import { idSchema } from "@quarterdeck/core/ids";
import { gibibyte, hourMs, kibibyte, mebibyte, minuteMs, secondMs } from "@quarterdeck/core/units";
import * as z from "zod";

const sizes: Readonly<Record<string, number>> = { KiB: kibibyte, MiB: mebibyte, GiB: gibibyte };
const times: Readonly<Record<string, number>> = { s: secondMs, min: minuteMs, h: hourMs };

/** A number with its unit, like "2 GiB". */
function quantity(units: Readonly<Record<string, number>>, example: string) {
  const names = Object.keys(units).join(", ");
  return z.string(`Write a number and its unit in quotes, like "${example}".`).transform((text, context) => {
    const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text) ?? [];
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
    const value = Math.floor(Number(amount) * (factor ?? 0));
    if (factor !== undefined && Number.isSafeInteger(value) && value > 0) return value;
    context.addIssue({
      code: "custom",
      message: `Write a number and its unit (${names}) in quotes, like "${example}".`,
    });
    return z.NEVER;
  });
}

const maxListed = 1000;
const listOf = <T extends z.ZodType>(entry: T) => z.array(entry).max(maxListed).optional();
const programName = z.string().regex(/^[^\s/\0]{1,255}$/, "Use the program's name alone, without folders.");
const repository = z
  .string()
  .regex(
    /^[^\s:@?#\\]{1,500}$/,
    'Write a host, or a host and a path, like "github.com/acme/*". A star stands for anything.',
  );

/**
 * What may stand in the policy file. Everything can be left out, and nothing that is not known may be in it: a rule that is misspelt
 * must not look as if it held.
 */
export const policySchema = z.strictObject({
  actions: z.strictObject({ forbid: listOf(z.enum(actionNames.filter((name) => name !== "task.cancel"))) }).optional(),
  programs: z
    .strictObject({
      allow: listOf(programName),
      forbid: listOf(programName),
      projects_may_add: z.boolean().optional(),
      install_scripts: z.boolean().optional(),
    })
    .optional(),
  repositories: z.strictObject({ allow: listOf(repository), forbid: listOf(repository) }).optional(),
  terminals: z.strictObject({ allow: z.boolean().optional() }).optional(),
  network: z.strictObject({ most: z.enum(["none", "allowList", "all"]).optional() }).optional(),
  workspaces: z
    .strictObject({ allow: listOf(idSchema("workspace")), forbid: listOf(idSchema("workspace")) })
    .optional(),
  projects: z.strictObject({ forbid: listOf(idSchema("project")) }).optional(),
  limits: z
    .strictObject({
      cpu_cores: z.number().positive().max(100_000).optional(),
      memory: quantity(sizes, "2 GiB").optional(),
      runs: z.int().min(1).max(100_000).optional(),
      run_time: quantity(times, "1 h").optional(),
      output: quantity(sizes, "100 MiB").optional(),
    })
    .optional(),
});
export type PolicyRules = z.infer<typeof policySchema>;
