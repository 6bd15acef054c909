import type { LinkKind } from "./link-kinds.ts";

interface MailText {
  readonly subject: string;
  readonly lines: (url: string) => readonly string[];
}

const ignoring = "If you did not ask for this, ignore this mail: without the link nothing happens.";

const texts: Readonly<Record<LinkKind, MailText>> = {
  resetPassword: {
    subject: "Choose a new Quarterdeck password",
    lines: (url) => ["Open this link to choose a new password. It works once, for an hour:", url, ignoring],
  },
  confirmEmail: {
    subject: "Confirm your new Quarterdeck address",
    lines: (url) => [
      "Open this link to sign in with this address from now on. It works once, for a day:",
      url,
      ignoring,
    ],
  },
  undoEmail: {
    subject: "Your Quarterdeck address was changed",
    lines: (url) => [
      "You sign in to Quarterdeck with another address from now on. Nothing is left to do if that was you.",
      "If it was not: this link gives the account back to this address and signs everybody out. It works for a week:",
      url,
    ],
  },
  signUp: {
    subject: "Finish signing up for Quarterdeck",
    lines: (url) => ["Open this link to make your account. It works once, for a day:", url, ignoring],
  },
};

export function mailOf(kind: LinkKind, url: string): { subject: string; text: string } {
  const { subject, lines } = texts[kind];
  return { subject, text: `${lines(url).join("\n\n")}\n` };
}

/** For who asks for an account and has one: nobody else is told. */
export const alreadyAccount = {
  subject: "You already have a Quarterdeck account",
  text: "Somebody asked for a new account with this address, which has one. Sign in with it, or choose a new password on the sign-in page.\n",
} as const;
