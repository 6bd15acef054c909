import { createTransport } from "nodemailer";
import type { Log } from "../log.ts";

export interface Mail {
  readonly to: string;
  readonly subject: string;
  /** Plain text: nothing in it is loaded, and a link shows where it leads. */
  readonly text: string;
}

/** Hands one mail over; resolves when it was taken. */
export type DeliverMail = (mail: Mail) => Promise<unknown>;

const timeoutMs = 20_000;

/** What hands mails to a mail server: `smtp://` or `smtps://`, with the account where the server wants one. */
export function deliverBySmtp({ url, from }: { readonly url: string; readonly from: string }): DeliverMail {
  const times = { connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs };
  const transport = createTransport({ url, ...times });
  return (mail) => transport.sendMail({ from, ...mail, disableFileAccess: true, disableUrlAccess: true });
}

/** Sends mails, and waits for those that are under way before it stops. */
export class Mailer {
  readonly #deliver: DeliverMail;
  readonly #log: Log;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(deliver: DeliverMail, log: Log) {
    this.#deliver = deliver;
    this.#log = log;
  }

  /** Sends it, and says whether the mail server has taken it. */
  async deliver(mail: Mail): Promise<boolean> {
    const sent = this.#deliver(mail).then(
      () => true,
      (error: unknown) => {
        this.#log.error({ err: error }, "a mail was not sent");
        return false;
      },
    );
    this.#underWay.add(sent);
    return sent.finally(() => this.#underWay.delete(sent));
  }

  /**
   * Sends it by and by, so that who asked for it does not wait and its time tells nothing; `onSent` is called when the mail
   * server has taken it.
   */
  send(mail: Mail, onSent: () => Promise<unknown> = () => Promise.resolve()): void {
    const sent = this.deliver(mail)
      .then((isTaken) => (isTaken ? onSent() : null))
      .catch((error: unknown) => this.#log.error({ err: error }, "that a mail was sent could not be recorded"))
      .then(() => void this.#underWay.delete(sent));
    this.#underWay.add(sent);
  }

  /** Waits for what is being sent. */
  async stop(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }
}
