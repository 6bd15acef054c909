import { bridgeToRelaySchema } from "@quarterdeck/core/protocol/bridge-to-relay";
import { decodeFrame, encodeFrame } from "@quarterdeck/core/protocol/codec";
import { limits } from "@quarterdeck/core/protocol/limits";
import { relayToBridgeSchema } from "@quarterdeck/core/protocol/relay-to-bridge";
import { relayToViewerSchema } from "@quarterdeck/core/protocol/relay-to-viewer";
import { viewerToRelaySchema } from "@quarterdeck/core/protocol/viewer-to-relay";
import type * as z from "zod";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const longestMessage = 600;

interface FrameSchema extends z.ZodType<{ readonly type: string }> {
  readonly options: readonly { readonly shape: { readonly type: { readonly value: string } } }[];
}

function frames(name: string, schema: FrameSchema): FuzzTarget {
  const isOf = (type: string) => (text: string) => {
    const decoded = decodeFrame(schema, text);
    return decoded.ok && decoded.value.type === type;
  };
  return {
    name,
    grammar: "json",
    shapes: schema.options.map(({ shape }) => ({ name: shape.type.value, isOne: isOf(shape.type.value) })),
    check(text) {
      const decoded = decodeFrame(schema, text);
      if (decoded.ok) {
        mustHold(Buffer.byteLength(text) <= limits.frameBytes, "a frame that is too large was accepted");
        const again = decodeFrame(schema, encodeFrame(decoded.value));
        // JSON has a negative zero, which is no other number.
        const isSame = again.ok && encodeFrame(again.value) === encodeFrame(decoded.value);
        mustHold(isSame, "a frame did not come back as it was sent");
      } else {
        const { code, message } = decoded.error;
        mustHold(code === "TOO_LARGE" || code === "PROTOCOL_VIOLATION", `refused with ${code}`);
        mustHold(message.length <= longestMessage, "the refusal is as long as what it refuses");
      }
    },
  };
}

/** The frames of the four directions. */
export const frameTargets: readonly FuzzTarget[] = [
  frames("bridge-to-relay", bridgeToRelaySchema),
  frames("relay-to-bridge", relayToBridgeSchema),
  frames("viewer-to-relay", viewerToRelaySchema),
  frames("relay-to-viewer", relayToViewerSchema),
];
