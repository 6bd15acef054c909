import fc from "fast-check";

// Every property of core without a seed of its own has this one, so that a commit that passed passes again. Another one is
// tried with QUARTERDECK_TEST_SEED=… before the command.

const seed = Number(process.env["QUARTERDECK_TEST_SEED"] ?? 20_261_122);
if (!Number.isSafeInteger(seed)) throw new Error("QUARTERDECK_TEST_SEED must be a whole number");
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
