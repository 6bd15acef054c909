import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { actions } from "@quarterdeck/core/actions/catalogue";
import { runFileMode } from "../data-directory.ts";
import { failed, succeeded, type OwnAction } from "./action-context.ts";

const chunkBytes = 256 * 1024;

/** Copies a part of an earlier run's output, which only this server has in full. */
export const taskLog: OwnAction = {
  kind: "own",
  async run(command, context, own) {
    const { runId, fromOffset, maxBytes } = actions["task.log"].params.parse(command.params);
    let source: number;
    try {
      source = openSync(context.data.run(runId).output, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT")
        return failed("NOT_FOUND", "This server does not keep the output of that run any more.");
      throw error;
    }
    try {
      const target = openSync(own.directory.output, "w", runFileMode);
      try {
        const buffer = Buffer.alloc(Math.min(chunkBytes, maxBytes));
        for (let copied = 0; copied < maxBytes && !own.signal.aborted; ) {
          const count = readSync(source, buffer, 0, Math.min(buffer.length, maxBytes - copied), fromOffset + copied);
          if (count === 0) break;
          for (let written = 0; written < count; ) written += writeSync(target, buffer, written, count - written);
          copied += count;
        }
      } finally {
        closeSync(target);
      }
    } finally {
      closeSync(source);
    }
    return succeeded;
  },
};
