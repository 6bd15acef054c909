import * as z from "zod";

export const maxLabels = 16;
const maxLabelLength = 40;
/** What is inside of a label and not a letter or digit: enough for `region=eu`, `gpu:2`, `team/web` and `rack 4`. */
const shape = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._:/=+-]*$/u;

/** A word or `key=value` that servers are told apart by. */
const labelSchema = z
  .string()
  .trim()
  .normalize("NFKC")
  .refine((label) => [...label].length <= maxLabelLength, `Use at most ${maxLabelLength} characters for a label.`)
  .refine(
    (label) => shape.test(label),
    "Begin a label with a letter or digit; then letters, digits, spaces and . _ : / = + - may follow.",
  );

/** Each label once, whatever its case, in their order. */
export const labelsSchema = z
  .array(labelSchema)
  .max(maxLabels, `Give a server at most ${maxLabels} labels.`)
  .transform((labels) => [...new Map(labels.map((label) => [label.toLowerCase(), label])).values()]);
