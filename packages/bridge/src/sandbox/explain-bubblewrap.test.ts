import { expect, it } from "vitest";
import { explainBubblewrap } from "./explain-bubblewrap.ts";

it("quotes bubblewrap and says what to do, in a container what to start it with", () => {
  const said = "bwrap: No permissions to create new namespace.\n";
  expect(explainBubblewrap(said, { isContainer: true })).toMatch(
    /^bubblewrap does not work here: bwrap: No permissions to create new namespace\. Let this container .* systempaths=unconfined/,
  );
  expect(explainBubblewrap(said, { isContainer: false })).toMatch(/namespace\. Let ordinary users make namespaces/);
  expect(explainBubblewrap("x".repeat(5000), { isContainer: true }).length).toBeLessThan(1000);
});
