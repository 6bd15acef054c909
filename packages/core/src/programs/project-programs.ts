import * as z from "zod";
import { addedProgramsSchema } from "./programs.ts";

/** What a project allows of its programs; its admins set it, and each command says it, signed (PROTOCOL 4.13). */
export const projectProgramsSchema = z.strictObject({
  /** Programs beyond those of every project. */
  added: addedProgramsSchema,
  /** Whether packages may run scripts when they are installed. */
  installScripts: z.boolean(),
});
export type ProjectPrograms = z.infer<typeof projectProgramsSchema>;

/** What holds where nothing was set, and without a project. */
export const usualPrograms: ProjectPrograms = { added: [], installScripts: false };
