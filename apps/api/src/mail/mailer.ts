export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** What sends mail, where the operator has set a server for it. */
export interface Mailer {
  send(mail: Mail): Promise<void>;
}
