import * as z from "zod";

/** The most characters of a name. */
export const maxNameLength = 64;

// Control characters, line and paragraph separators, and marks that turn the direction of text around.
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

// Marks that join or separate letters belong into names, and are no names by themselves; nor are letters that nobody sees.
const visible = /[[\p{L}\p{N}\p{P}\p{S}]--[\p{Default_Ignorable_Code_Point}\u2800]]/v;

/**
 * The name of something a person made: any letters of any script, digits, punctuation, emoji. Names are shown, never
 * used as paths or arguments; slashes are refused all the same, because a name like `../x` is a mistake or an attack.
 */
export const nameSchema = z
  .string()
  .trim()
  .normalize()
  .refine((name) => visible.test(name), "Give it a name.")
  .refine((name) => [...name].length <= maxNameLength, `Use at most ${maxNameLength} characters.`)
  .refine((name) => !unprintable.test(name), "Remove the invisible or control characters.")
  .refine((name) => !/[/\\]/.test(name), "Remove the slashes: a name is not a path.");
