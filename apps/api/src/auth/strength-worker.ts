import { parentPort } from "node:worker_threads";
import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary as common } from "@zxcvbn-ts/language-common";
import { dictionary as english, translations } from "@zxcvbn-ts/language-en";
import type { StrengthAnswer, StrengthQuestion } from "./password-strength.ts";

// Guesses of what people choose (Wheeler, zxcvbn, USENIX Security 2016), in a thread of its own: see password-strength.ts.
const estimator = new ZxcvbnFactory({
  dictionary: { ...common, ...english },
  graphs: adjacencyGraphs,
  translations,
});

parentPort?.on("message", ({ id, password, ownWords }: StrengthQuestion) => {
  const { guessesLog10, feedback } = estimator.check(password, [...ownWords]);
  parentPort?.postMessage({ id, guessesLog10, why: feedback.warning ?? null } satisfies StrengthAnswer);
});
