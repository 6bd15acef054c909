import * as z from "zod";
import { isInRange, parseRange } from "../http/address-ranges.ts";

/** Who may come into an org, besides their role. Its text in the database is compared as a whole, so the order is fixed. */
export interface OrgAccess {
  /** From where, as ranges of addresses; none: from anywhere. */
  readonly addresses: readonly string[];
  /** Only with a second factor. */
  readonly requiresMfa: boolean;
}

export const openAccess: OrgAccess = { addresses: [], requiresMfa: false };

export const maxAddresses = 64;

export const addressListSchema = z
  .array(
    z
      .string()
      .max(64)
      .transform((text, ctx) => {
        const range = parseRange(text);
        if (range !== null) return range;
        ctx.addIssue({
          code: "custom",
          message: `"${text}" is no address and no range of addresses. Write it like 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32.`,
        });
        return z.NEVER;
      }),
  )
  .max(maxAddresses, `Use at most ${maxAddresses} ranges.`)
  .transform((ranges) => [...new Set(ranges)].sort());

/** Whether an org lets somebody in from this address. One that is not known is let in only where all are. */
export function admitsAddress({ addresses }: Pick<OrgAccess, "addresses">, address: string): boolean {
  return addresses.length === 0 || addresses.some((range) => isInRange(address, range));
}
