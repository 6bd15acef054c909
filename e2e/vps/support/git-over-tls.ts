import { once } from "node:events";
import { request as forward } from "node:http";
import { createServer } from "node:https";
import { startGitServer } from "../../../apps/web/e2e/support/git-server.ts";
import { quoted } from "./run-in-server.ts";
import { stage } from "./stage.ts";
import type { TestServer } from "./test-server.ts";

export interface GitOverTls {
  /** As the test server reaches it. */
  readonly url: string;
  close(): Promise<void>;
}

const certificateFile = "/root/quarterdeck-test.crt";
/** What update-ca-certificates would make, which takes minutes there. */
const authorities = "/etc/ssl/certs/ca-certificates.crt";
const key = "/root/quarterdeck-test.key";

/**
 * Serves the repositories below a folder to the test server, over HTTPS as a real one would be, with a certificate that it
 * trusts. Until `mayAnswer` is settled, whoever asks waits.
 */
export async function serveGit(
  server: TestServer,
  folder: string,
  mayAnswer: Promise<unknown> = Promise.resolve(),
): Promise<GitOverTls> {
  const { hostname } = new URL(stage.urlFromServer);
  const request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const names = ["-subj", "/CN=git", "-addext", `subjectAltName=IP:${hostname}`, "-days", "2"];
  const make = [...request, ...names, "-keyout", key, "-out", certificateFile].map(quoted).join(" ");
  // What runs see of /etc is copied when the helper starts.
  const trust = `cat ${certificateFile} >>${authorities} && systemctl restart quarterdeck-helper`;
  await server.sh(`test -f ${key} || { ${make} 2>&1 && ${trust}; }`);
  const [privateKey, certificate] = [await server.sh(`cat ${key}`), await server.sh(`cat ${certificateFile}`)];
  const git = await startGitServer(folder);
  const front = createServer({ key: privateKey, cert: certificate }, (incoming, answer) => {
    const { method = "GET", url = "/", headers } = incoming;
    const onward = forward(new URL(url, git.url), { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    onward.on("error", () => answer.destroy()); // git says what it could not fetch.
    void mayAnswer.then(() => incoming.pipe(onward));
  }).listen(stage.sparePort, "127.0.0.1");
  await once(front, "listening");
  return {
    url: `https://${hostname}:${stage.sparePort}`,
    async close() {
      front.closeAllConnections();
      front.close();
      await once(front, "close");
      await git.close();
    },
  };
}
