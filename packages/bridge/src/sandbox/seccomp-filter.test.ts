import { constants } from "node:os";
import { expect, it } from "vitest";
import { seccompFilter } from "./seccomp-filter.ts";
import { absentCalls, auditArchitectures, callNumber, checkedCalls, forbiddenCalls } from "./syscalls.ts";

const { EPERM, ENOSYS, EAFNOSUPPORT, EPROTONOSUPPORT } = constants.errno;
const architectures = ["x64", "arm64"] as const;
type Architecture = (typeof architectures)[number];

/** What a filter says, as the kernel runs it: "allow", or the errno of its answer. */
function ask(filter: Buffer, { audit, number, args = [] }: { audit: number; number: number; args?: number[] }) {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(audit, 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(BigInt(value), 16 + index * 8);
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at++) {
    const code = filter.readUInt16LE(at * 8);
    const [whenTrue, whenFalse] = [filter.readUInt8(at * 8 + 2), filter.readUInt8(at * 8 + 3)];
    const value = filter.readUInt32LE(at * 8 + 4);
    const jump = (isTrue: boolean) => (at += isTrue ? whenTrue : whenFalse);
    if (code === 0x20) accumulator = data.readUInt32LE(value);
    else if (code === 0x15) jump(accumulator === value);
    else if (code === 0x25) jump(accumulator > value);
    else if (code === 0x45) jump((accumulator & value) !== 0);
    else if (code === 0x06) return value === 0x7fff0000 ? "allow" : value & 0xffff;
    else throw new Error(`the kernel would refuse the instruction ${code}`);
  }
  throw new Error("the filter does not answer");
}

function asked(architecture: Architecture) {
  const filter = seccompFilter(architecture);
  const audit = auditArchitectures[architecture];
  return {
    number: (number: number, ...args: number[]) => ask(filter, { audit, number, args }),
    checked: (name: keyof typeof checkedCalls, ...args: number[]) =>
      ask(filter, { audit, number: callNumber(checkedCalls[name], architecture) ?? -1, args }),
    foreign: (otherAudit: number, number: number) => ask(filter, { audit: otherAudit, number }),
  };
}

it.each(architectures)("every forbidden call is refused, every absent one is absent, on %s [S7]", (architecture) => {
  const { number } = asked(architecture);
  const answers = (calls: typeof forbiddenCalls) =>
    Object.values(calls).flatMap((numbers) => {
      const own = callNumber(numbers, architecture);
      return own === null ? [] : [number(own)];
    });
  expect(new Set(answers(forbiddenCalls))).toEqual(new Set([EPERM]));
  expect(new Set(answers(absentCalls))).toEqual(new Set([ENOSYS]));
});

it.each(architectures)("what programs need is allowed on %s", (architecture) => {
  const { number, checked } = asked(architecture);
  const needed = architecture === "x64" ? [0, 1, 2, 9, 57, 59, 257, 302, 332] : [63, 64, 56, 222, 221, 261, 291];
  for (const call of needed) expect(number(call)).toBe("allow");
  expect(checked("clone", 0x3d0f00)).toBe("allow"); // a thread
  expect(checked("clone", 17)).toBe("allow"); // a process, with SIGCHLD
  expect(checked("unshare", 0x400)).toBe("allow"); // CLONE_FILES
  expect(checked("ioctl", 0, 0x5401)).toBe("allow"); // TCGETS
  expect(checked("personality", 0xffffffff)).toBe("allow");
});

it.each(architectures)("no new namespace of any kind on %s [S7]", (architecture) => {
  const { checked } = asked(architecture);
  for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]) {
    expect(checked("clone", flag | 17)).toBe(EPERM);
    expect(checked("unshare", flag)).toBe(EPERM);
  }
  expect(checked("unshare", 0x80)).toBe(EPERM); // CLONE_NEWTIME
});

it.each(architectures)("sockets are of the internet, local, or ask for routes, on %s [S7]", (architecture) => {
  const { checked } = asked(architecture);
  for (const family of [1, 2, 10]) expect(checked("socket", family, 1, 0)).toBe("allow");
  for (const family of [2, 10]) expect(checked("socket", family, 1, 6)).toBe("allow");
  expect(checked("socket", 16, 3, 0)).toBe("allow");
  for (const family of [0, 3, 4, 5, 9, 17, 21, 29, 31, 38, 40, 44])
    expect(checked("socket", family, 3, 0)).toBe(EAFNOSUPPORT);
  expect(checked("socket", 16, 3, 12)).toBe(EPROTONOSUPPORT); // NETLINK_NETFILTER
  expect(checked("socket", 2, 5, 132)).toBe(EPROTONOSUPPORT); // SCTP
  expect(checked("socketpair", 1, 1, 0)).toBe("allow");
  expect(checked("socketpair", 30, 1, 0)).toBe(EAFNOSUPPORT); // TIPC
});

it.each(architectures)("nobody types into a terminal or turns randomness off on %s [S7]", (architecture) => {
  const { checked } = asked(architecture);
  for (const request of [0x5412, 0x541c, 0x401c5820]) expect(checked("ioctl", 0, request)).toBe(EPERM);
  // The kernel looks at the low half of the request only, and so does the filter.
  expect(checked("ioctl", 0, 0x100005412)).toBe(EPERM);
  expect(checked("personality", 0x40000)).toBe(EPERM);
});

it("there is no other interface to the kernel: 32 bits, x32, what is newer than the list [S7]", () => {
  const { number, foreign } = asked("x64");
  expect(foreign(0x40000003, 20)).toBe(ENOSYS);
  expect(number(0x40000000 + 1)).toBe(ENOSYS);
  expect(number(467)).toBe(ENOSYS);
  expect(number(-1)).toBe(ENOSYS);
});
