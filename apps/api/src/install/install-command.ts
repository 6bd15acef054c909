/** The one command that connects a server: as root, as a service. */
export function installCommand(
  origin: string,
  { token, fingerprint }: { readonly token: string; readonly fingerprint: string },
): string {
  const words = [`curl -fsSL ${origin}/install.sh | sh -s -- --token ${token} --platform-key ${fingerprint}`];
  // A public address without encryption is one that its operator allowed; each server's owner has to say so too.
  if (isUnencryptedElsewhere(origin)) words.push(`--allow-address ${origin}`);
  return words.join(" ");
}

function isUnencryptedElsewhere(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === "http:" && !["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}
