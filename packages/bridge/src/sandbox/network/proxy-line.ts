import * as z from "zod";
import { ways, type ProxyLine } from "./meter-lines.ts";

const bytes = z.int().min(0);

/** A line of a proxy, which may be in the hands of whoever found a hole in it. */
export const proxyLineSchema: z.ZodType<ProxyLine> = z.union([
  z.strictObject({ want: z.int().min(1), way: z.enum(ways), bytes: z.int().min(1) }),
  z.strictObject({ leave: z.int().min(1) }),
  z.strictObject({ counted: z.strictObject({ received: bytes, sent: bytes }), heard: z.int().min(0) }),
]);
