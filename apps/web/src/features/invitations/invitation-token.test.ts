import { expect, it } from "vitest";
import { invitationToken } from "./invitation-token.ts";

it("finds the token in a link, in what stands behind its #, and alone", () => {
  for (const pasted of [
    "https://deck.example.org/invitations/accept#token=qd_invite_Ab-c_1",
    "  token=qd_invite_Ab-c_1 ",
    "qd_invite_Ab-c_1\n",
  ])
    expect(invitationToken(pasted)).toBe("qd_invite_Ab-c_1");
});

it("finds none in other links", () => {
  for (const pasted of ["", "https://deck.example.org/invitations/accept", "#token=qd_reset_abc", "qd_invite_"])
    expect(invitationToken(pasted)).toBeNull();
});
