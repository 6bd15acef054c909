import { existsSync } from "node:fs";

/** What container runtimes put into their containers: docker, podman, systemd-nspawn and lxc, Kubernetes. */
const marks = [
  "/.dockerenv",
  "/run/.containerenv",
  "/run/systemd/container",
  "/var/run/secrets/kubernetes.io/serviceaccount",
];

/** Whether this process is in a container, as far as one can see. */
export function isInContainer(): boolean {
  return marks.some((path) => existsSync(path));
}
