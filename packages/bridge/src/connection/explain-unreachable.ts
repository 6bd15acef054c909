const checkAddress = "Check the address, the network and the firewall.";
const noTls =
  "what answers there does not speak TLS, although the address says so. Check the port; a platform beyond this machine needs TLS in front of it, from a reverse proxy for example.";
const unknownIssuer =
  "this machine does not trust who issued its certificate. If that is an authority of your own, name its file in NODE_EXTRA_CA_CERTS; otherwise mend the certificate, and do not go on until then: somebody may be in between.";

/** What happened and what to do, by the code of the error. Node's own words are OpenSSL's, or name no remedy. */
const explanations: Readonly<Record<string, string>> = {
  EPROTO: noTls,
  CERT_HAS_EXPIRED: "its certificate has expired. Renew it on the platform; if it is valid, set this machine's clock.",
  CERT_NOT_YET_VALID: "its certificate is not valid yet. Set this machine's clock, or the platform's.",
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownIssuer,
  SELF_SIGNED_CERT_IN_CHAIN: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownIssuer,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownIssuer,
  ERR_TLS_CERT_ALTNAME_INVALID:
    "its certificate is for another name. Use the name that the certificate is for, or mend the certificate.",
  ECONNREFUSED: `nothing listens there. Check that the platform runs, and its address and port.`,
  ENOTFOUND: "there is no such name. Check the address, and this machine's DNS.",
  EAI_AGAIN: "its name could not be looked up. Check this machine's network and DNS.",
};

/** Says why an address could not be reached and what to do about it, to go on from "… cannot be reached: ". */
export function explainUnreachable(error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)}. ${checkAddress}`;
  const code = "code" in error ? String(error.code) : "";
  const known = explanations[code];
  if (known !== undefined) return known;
  if (code.startsWith("ERR_SSL_")) return noTls;
  return `${error.message || code || error.name}. ${checkAddress}`;
}
