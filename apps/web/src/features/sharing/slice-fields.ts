import { sliceResources, type SliceLimits, type SliceResource } from "./slice-resources.ts";
import { readLimits } from "../quotas/limit-fields.ts";

export type SliceTexts = Readonly<Partial<Record<SliceResource, string>>>;

/** What a person wrote for the limits of a slice, and what is wrong with it, by field. */
export function readSlice(texts: SliceTexts): { readonly limits: SliceLimits; readonly errors: SliceTexts } {
  const { change, errors } = readLimits({}, texts);
  const limits = Object.fromEntries(
    sliceResources.flatMap((name) => {
      const limit = change[name];
      return limit === null || limit === undefined ? [] : [[name, limit]];
    }),
  );
  return { limits, errors };
}
