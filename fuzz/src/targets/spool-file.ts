import { isDeepStrictEqual } from "node:util";
import { decodeRecords, encodeRecord } from "../../../packages/bridge/src/telemetry/spool-record.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

function isWhole(text: string): boolean {
  return decodeRecords(text).every((record) => record !== "damaged");
}

/** The readings that a bridge kept, as a disk gives them back: a line is what was written, or damaged. */
export const spoolFile: FuzzTarget = {
  name: "spool-file",
  grammar: "text",
  shapes: [{ name: "spool-file", isOne: isWhole }],
  check(text) {
    const records = decodeRecords(text);
    mustHold(records.length === text.split("\n").length - 1, "lines were lost without a word");
    for (const record of records) {
      if (record === "damaged") continue;
      mustHold(isDeepStrictEqual(decodeRecords(encodeRecord(record)), [record]), "a record changes when it is kept");
    }
  },
};
