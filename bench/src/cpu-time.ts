/** Processor time of this process, with its garbage collection, that some work takes: what else the machine does is not in it. */
export function cpuNanos(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}
