import { secondMs } from "@quarterdeck/core/units";
import type { Env } from "../env.ts";

const requestTimeoutMs = 10 * secondMs;

/** The API as the relay reaches it: over the service binding, or at `API_URL`; each request carries the service key. */
export class ApiClient {
  readonly #env: Env;
  readonly #serviceKey: string;

  constructor(env: Env, serviceKey: string) {
    this.#env = env;
    this.#serviceKey = serviceKey;
  }

  /**
   * One request. Throws when the API cannot be reached or does not answer 200. Its time limit is cleared when it ends: a
   * timer that runs on would keep the object awake.
   *
   * @returns the answer's JSON
   */
  async post(path: string, body: string): Promise<unknown> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), requestTimeoutMs);
    try {
      const response = await this.#fetch(path, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${this.#serviceKey}` },
        body,
        signal: limit.signal,
        redirect: "manual",
      });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`the API answered ${response.status}`);
      return JSON.parse(text) as unknown;
    } finally {
      clearTimeout(timer);
    }
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    if (this.#env.API) return this.#env.API.fetch(`http://api${path}`, init);
    if (typeof this.#env.API_URL !== "string" || this.#env.API_URL === "") {
      throw new Error("neither the API binding nor API_URL is set");
    }
    return fetch(new URL(path, this.#env.API_URL), init);
  }
}
