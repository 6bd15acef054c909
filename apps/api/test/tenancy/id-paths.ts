import { idPrefixes, type IdKind } from "@quarterdeck/core/ids";
import * as z from "zod";
import type { Json } from "./world.ts";

/** A place in an input where an id stands. */
export interface IdPlace {
  readonly path: readonly string[];
  readonly id: string;
  readonly kind: IdKind;
}

const kinds = Object.keys(idPrefixes) as IdKind[];

export function kindOf(value: string): IdKind | undefined {
  return kinds.find((kind) => new RegExp(`^${idPrefixes[kind]}_[0-9a-z]{26}$`).test(value));
}

/** Every id in an input. */
export function findIds(value: Json, path: readonly string[] = []): IdPlace[] {
  if (typeof value === "string") {
    const kind = kindOf(value);
    return kind === undefined ? [] : [{ path, id: value, kind }];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => findIds(inner, [...path, key]));
}

export function replaced(value: Json, [key, ...rest]: readonly string[], id: string): Json {
  if (key === undefined) return id;
  if (Array.isArray(value))
    return value.map((inner, index) => (index === Number(key) ? replaced(inner, rest, id) : inner));
  const record = value as { [key: string]: Json };
  return { ...record, [key]: replaced(record[key] ?? null, rest, id) };
}

/** The same for each entry of a list. */
export function nameOfPath(path: readonly string[]): string {
  return path.map((key) => (/^\d+$/.test(key) ? "[]" : key)).join(".");
}

const withoutIds = new Set([
  "string",
  "number",
  "boolean",
  "enum",
  "literal",
  "null",
  "undefined",
  "unknown",
  "transform",
]);

/** Where a schema takes ids. A kind of schema that is not known here fails, so that no id is overlooked in it. */
export function idPathsOf(schema: z.core.$ZodType, path: readonly string[] = [], above = [schema]): string[] {
  if (z.globalRegistry.get(schema)?.["idKind"] !== undefined) return [nameOfPath(path)];
  const { def } = schema._zod as unknown as { def: Record<string, unknown> & { type: string } };
  const into = (inner: unknown, key?: string) =>
    above.includes(inner as z.core.$ZodType)
      ? [] // It holds itself.
      : idPathsOf(inner as z.core.$ZodType, key === undefined ? path : [...path, key], [
          ...above,
          inner as z.core.$ZodType,
        ]);
  switch (def.type) {
    case "object":
      return Object.entries(def["shape"] as object).flatMap(([key, inner]) => into(inner, key));
    case "array":
      return into(def["element"], "0");
    case "record":
      return into(def["valueType"], "*");
    case "union":
      return (def["options"] as unknown[]).flatMap((option) => into(option));
    case "pipe":
      return [...into(def["in"]), ...into(def["out"])];
    case "lazy":
      return into((def["getter"] as () => unknown)());
    case "optional":
    case "nullable":
    case "default":
    case "readonly":
      return into(def["innerType"]);
    default:
      if (!withoutIds.has(def.type)) throw new Error(`unknown kind of schema at ${path.join(".")}: ${def.type}`);
      return [];
  }
}
