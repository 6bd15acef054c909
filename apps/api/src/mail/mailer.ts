import { createTransport } from "nodemailer";
import type { Log } from "../log.ts";

export interface Mail {
  readonly to: string;
  readonly subject: string;
  /** Plain text: nothing in it is loaded, and a link shows where it leads. */
  readonly text: string;
}

interface MailerOptions {
  /** `smtp://` or `smtps://`, with the account where the server wants one. */
  readonly url: string;
  readonly from: string;
  readonly log: Log;
}

const timeoutMs = 20_000;

/** Hands mails to the operator's mail server. Who asked for one never waits for it, so its time tells nothing. */
export class Mailer {
  readonly #transport: ReturnType<typeof createTransport>;
  readonly #from: string;
  readonly #log: Log;
  readonly #underWay = new Set<Promise<void>>();

  constructor({ url, from, log }: MailerOptions) {
    const times = { connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs };
    this.#transport = createTransport({ url, ...times });
    this.#from = from;
    this.#log = log;
  }

  /** Sends it by and by; `onSent` is called when the mail server has taken it. What it refuses is in the log. */
  send(mail: Mail, onSent: () => Promise<unknown> = () => Promise.resolve()): void {
    const sent = this.#transport
      .sendMail({ from: this.#from, ...mail, disableFileAccess: true, disableUrlAccess: true })
      .then(onSent)
      .catch((error: unknown) => this.#log.error({ err: error }, "a mail was not sent"))
      .then(() => void this.#underWay.delete(sent));
    this.#underWay.add(sent);
  }

  /** Waits for what is being sent. */
  async stop(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#transport.close();
  }
}
