const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

/** Under which addresses this process is reached; every other Host and Origin is refused. */
export class PublicAddress {
  readonly #publicUrl: string | null;
  readonly #publicHost: string | null;
  readonly #askPort: () => number;
  #knownPort = 0;

  /**
   * @param publicUrl the configured origin, or null where the process is for this machine only
   * @param port the port that it listens on, known once it listens; 0 until then
   */
  constructor(publicUrl: string | null, port: () => number) {
    this.#publicUrl = publicUrl;
    this.#publicHost = publicUrl === null ? null : new URL(publicUrl).host;
    this.#askPort = port;
  }

  /** The origin that people and bridges are told. */
  get origin(): string {
    return this.#publicUrl ?? `http://localhost:${this.#port}`;
  }

  /** The same address for WebSockets. */
  get webSocketOrigin(): string {
    return this.origin.replace(/^http/, "ws");
  }

  get isSecure(): boolean {
    return this.#publicUrl?.startsWith("https:") ?? false;
  }

  /** Whether a Host header names this process. A page of another name that points here (DNS rebinding) is not it. */
  acceptsHost(host: string | undefined): boolean {
    if (host === undefined) return false;
    const given = host.toLowerCase();
    if (loopbackNames.some((name) => given === this.#withPort(name))) return true;
    return given === this.#publicHost;
  }

  /** Whether a request from a page of this origin is the console's own. */
  acceptsOrigin(origin: string): boolean {
    if (this.#publicUrl !== null) return origin === this.#publicUrl;
    return loopbackNames.some((name) => origin === `http://${this.#withPort(name)}`);
  }

  /** Asking the socket is a call of the kernel's. The port stays the same. */
  get #port(): number {
    if (this.#knownPort === 0) this.#knownPort = this.#askPort();
    return this.#knownPort;
  }

  #withPort(name: string): string {
    return this.#port === 80 ? name : `${name}:${this.#port}`;
  }
}
