import type { OrgScope } from "../auth/scope.ts";
import type { Runtime } from "../runtime.ts";
import type { Invitation } from "./repo.ts";

/** Mails an invitation. It is there already: where mail fails, the link can be handed over, or sent again. */
export async function sendInvitation(
  { mailer }: Pick<Runtime, "mailer">,
  { orgName, email: inviter }: Pick<OrgScope, "orgName" | "email">,
  { invitation, link }: { invitation: Invitation; link: string },
): Promise<"sent" | "failed" | "none"> {
  if (mailer === null) return "none";
  const { email: to, role, expiresAtMs } = invitation;
  const until = new Date(expiresAtMs).toISOString().slice(0, 10);
  const text = [
    `${inviter} invites you to the organization "${orgName}" on Quarterdeck, as ${role}.`,
    `Open this link to accept. It works once, until ${until}:`,
    link,
    `If you do not know ${inviter}, ignore this mail: nothing happens then.`,
  ].join("\n\n");
  const isTaken = await mailer.deliver({ to, subject: `Invitation to ${orgName} on Quarterdeck`, text });
  return isTaken ? "sent" : "failed";
}
