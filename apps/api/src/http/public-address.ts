const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

/** Under which addresses this process is reached; every other Host and Origin is refused. */
export class PublicAddress {
  readonly #publicUrl: string | null;
  readonly #port: () => number;

  /**
   * @param publicUrl the configured origin, or null where the process is for this machine only
   * @param port the port that it listens on, known once it listens
   */
  constructor(publicUrl: string | null, port: () => number) {
    this.#publicUrl = publicUrl;
    this.#port = port;
  }

  /** The origin that people and bridges are told. */
  get origin(): string {
    return this.#publicUrl ?? `http://localhost:${this.#port()}`;
  }

  /** The same address for WebSockets. */
  get webSocketOrigin(): string {
    return this.origin.replace(/^http/, "ws");
  }

  get isSecure(): boolean {
    return this.origin.startsWith("https:");
  }

  /** Whether a Host header names this process. A page of another name that points here (DNS rebinding) is not it. */
  acceptsHost(host: string | undefined): boolean {
    if (host === undefined) return false;
    const given = host.toLowerCase();
    if (loopbackNames.some((name) => given === this.#withPort(name))) return true;
    return this.#publicUrl !== null && given === new URL(this.#publicUrl).host;
  }

  /** Whether a request from a page of this origin is the console's own. */
  acceptsOrigin(origin: string): boolean {
    if (this.#publicUrl !== null) return origin === this.#publicUrl;
    return loopbackNames.some((name) => origin === `http://${this.#withPort(name)}`);
  }

  #withPort(name: string): string {
    return this.#port() === 80 ? name : `${name}:${this.#port()}`;
  }
}
