interface ResponseInit {
  readonly status?: number;
  readonly headers?: HeadersInit;
  readonly webSocket?: unknown;
}

/** As much of a Response as the shipped code uses, without streams, whose timing is not ours. */
export class SimResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly webSocket: unknown;
  readonly body: string | null;

  constructor(body: string | null = null, init: ResponseInit = {}) {
    this.body = body;
    this.status = init.status ?? 200;
    this.headers = new Headers(init.headers);
    this.webSocket = init.webSocket;
  }

  static json(value: unknown, init: ResponseInit = {}): SimResponse {
    return new SimResponse(JSON.stringify(value), init);
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  async text(): Promise<string> {
    return this.body ?? "";
  }

  async json(): Promise<unknown> {
    return JSON.parse(this.body ?? "");
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new TextEncoder().encode(this.body ?? "").buffer as ArrayBuffer;
  }
}

/** As much of a Request as the shipped code uses. */
export class SimRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  /** No stream: its length is in the headers. */
  readonly body = null;
  readonly #text: string;

  constructor(url: URL | string, init: { method?: string; headers?: HeadersInit; body?: string | null } = {}) {
    this.url = String(url);
    this.method = init.method ?? "GET";
    this.headers = new Headers(init.headers);
    this.#text = init.body ?? "";
    this.headers.set("content-length", String(Buffer.byteLength(this.#text)));
  }

  async text(): Promise<string> {
    return this.#text;
  }

  async json(): Promise<unknown> {
    return JSON.parse(this.#text);
  }
}
