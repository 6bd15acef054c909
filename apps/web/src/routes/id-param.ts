import { idSchema, type Id, type IdKind } from "@quarterdeck/core/ids";
import { notFound } from "@tanstack/react-router";

/** Reads an id from the address; what is no id of this kind names no page. */
export function idParam<K extends IdKind>(kind: K, text: string): Id<K> {
  const parsed = idSchema(kind).safeParse(text);
  // oxlint-disable-next-line typescript/only-throw-error -- the router's way to say it
  if (!parsed.success) throw notFound();
  return parsed.data;
}
