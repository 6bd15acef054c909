import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** A mail server on loopback that takes everything and keeps it, as far as SMTP goes that way. */
export class FakeMailServer implements AsyncDisposable {
  readonly mails: { readonly to: string; readonly text: string }[] = [];
  readonly #server: Server = createServer((socket) => this.#talk(socket));
  /** Refuses recipients from now on. */
  isRefusing = false;
  #waiting: (() => void)[] = [];

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `smtp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The link in the newest mail to an address, as soon as there are `count` mails to it. */
  async linkTo(address: string, count = 1): Promise<string> {
    for (;;) {
      const mails = this.mails.filter(({ to }) => to === address);
      if (mails.length >= count) return /http\S+#token=(\S+)/.exec(mails[count - 1]?.text ?? "")?.[1] ?? "";
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #talk(socket: Socket): void {
    socket.setEncoding("utf8");
    let to = "";
    let data: string | null = null;
    let rest = "";
    socket.on("error", () => {}); // The API has gone away.
    socket.write("220 ready\r\n");
    socket.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\r\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (data !== null && line !== ".") {
          data += `${line}\n`;
          continue;
        }
        if (data !== null) {
          this.mails.push({ to, text: data.replaceAll("=\n", "").replaceAll("=3D", "=") });
          data = null;
          for (const wake of this.#waiting.splice(0)) wake();
          socket.write("250 taken\r\n");
        } else if (line.startsWith("RCPT")) {
          to = /<(.*)>/.exec(line)?.[1] ?? "";
          socket.write(this.isRefusing ? "550 no\r\n" : "250 ok\r\n");
        } else if (line.startsWith("DATA")) {
          data = "";
          socket.write("354 go on\r\n");
        } else if (line.startsWith("QUIT")) socket.end("221 bye\r\n");
        else socket.write("250 ok\r\n");
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
  }
}
