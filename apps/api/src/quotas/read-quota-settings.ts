import { readFileSync } from "node:fs";
import {
  defaultQuotaSettings,
  quotaSettingsSchema,
  type QuotaSettings,
} from "@quarterdeck/core/quota/operator-settings";
import * as z from "zod";

type Read = { readonly settings: QuotaSettings } | { readonly problem: string };

/** The operator's settings of quotas from a file of JSON, or what is wrong with it; without a file, what is there before. */
export function readQuotaSettings(path: string | undefined): Read {
  if (path === undefined) return { settings: defaultQuotaSettings };
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    return { problem: `${path} cannot be read as JSON: ${(error as Error).message}` };
  }
  const read = quotaSettingsSchema.safeParse(content);
  return read.success
    ? { settings: read.data }
    : { problem: `${path} is not as it should be:\n${z.prettifyError(read.error)}` };
}
