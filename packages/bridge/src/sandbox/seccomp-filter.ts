import { constants } from "node:os";
import { answer, assemble, load, whenAbove, whenAnyBit, whenEqual, whenNotEqual, type Steps } from "./bpf.ts";
import {
  absentCalls,
  auditArchitectures,
  callNumber,
  checkedCalls,
  forbiddenCalls,
  lastKnownCall,
  type FilteredArchitecture,
} from "./syscalls.ts";

const { EPERM, ENOSYS, EAFNOSUPPORT, EPROTONOSUPPORT } = constants.errno;

const allow = answer(0x7fff0000); // SECCOMP_RET_ALLOW
const fail = (errno: number) => answer(0x00050000 | errno); // SECCOMP_RET_ERRNO

// Of `struct seccomp_data`; arguments have 64 bits, of which the kernel looks at the low half where these are ints.
const numberAt = 0;
const architectureAt = 4;
const argumentAt = (index: number) => 16 + index * 8;

const x32Bit = 0x40000000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const newNamespaces = 0x7e020000;
/** CLONE_NEWTIME means something else to clone. */
const newTimeNamespace = 0x80;
/** They put characters into a terminal's input. */
const typingRequests = [0x5412, 0x541c]; // TIOCSTI, TIOCLINUX
/** FS_IOC_FSSETXATTR, with which the owner of a file could count it to another project's disk quota. */
const quotaRequests = [0x401c5820];
const unix = 1;
const internetFamilies = [2, 10]; // AF_INET, AF_INET6
const netlink = 16;
const routeProtocol = 0;
/** Default, ICMP, TCP, UDP, ICMPv6, MPTCP. */
const internetProtocols = [0, 1, 6, 17, 58, 262];
/** PER_LINUX, PER_LINUX32, both with UNAME26, and the question which it is. */
const personalities = [0, 8, 0x20000, 0x20008, 0xffffffff];

function answerUnlessOneOf(values: readonly number[], otherwise: Steps): Steps {
  return [...values.flatMap((value) => whenEqual(value, allow)), ...otherwise];
}

/** What each checked call answers, with nothing loaded yet. It always answers. */
const checks: Readonly<Record<keyof typeof checkedCalls, Steps>> = {
  clone: [...load(argumentAt(0)), ...whenAnyBit(newNamespaces, fail(EPERM)), ...allow],
  unshare: [...load(argumentAt(0)), ...whenAnyBit(newNamespaces | newTimeNamespace, fail(EPERM)), ...allow],
  ioctl: [
    ...load(argumentAt(1)),
    ...[...typingRequests, ...quotaRequests].flatMap((request) => whenEqual(request, fail(EPERM))),
    ...allow,
  ],
  socket: [
    ...load(argumentAt(0)),
    ...whenEqual(unix, allow),
    ...internetFamilies.flatMap((family) =>
      whenEqual(family, [...load(argumentAt(2)), ...answerUnlessOneOf(internetProtocols, fail(EPROTONOSUPPORT))]),
    ),
    ...whenEqual(netlink, [...load(argumentAt(2)), ...whenEqual(routeProtocol, allow), ...fail(EPROTONOSUPPORT)]),
    ...fail(EAFNOSUPPORT),
  ],
  socketpair: [...load(argumentAt(0)), ...whenEqual(unix, allow), ...fail(EAFNOSUPPORT)],
  personality: [...load(argumentAt(0)), ...answerUnlessOneOf(personalities, fail(EPERM))],
};

/**
 * The filter of system calls that every program of a run has, and that none can take off. What is not forbidden is allowed, so
 * that programs work; what this version has never heard of is absent, and so is the 32-bit interface.
 */
export function seccompFilter(architecture: FilteredArchitecture): Buffer {
  const numbered = (calls: typeof forbiddenCalls, errno: number) =>
    Object.values(calls).flatMap((numbers) => {
      const number = callNumber(numbers, architecture);
      return number === null ? [] : whenEqual(number, fail(errno));
    });
  const checked = Object.entries(checkedCalls).flatMap(([name, numbers]) =>
    whenEqual(callNumber(numbers, architecture) ?? x32Bit, checks[name as keyof typeof checkedCalls]),
  );
  return assemble([
    ...load(architectureAt),
    ...whenNotEqual(auditArchitectures[architecture], fail(ENOSYS)),
    ...load(numberAt),
    // Calls of the x32 interface have a bit of their own, so they are above too.
    ...whenAbove(lastKnownCall, fail(ENOSYS)),
    ...numbered(forbiddenCalls, EPERM),
    ...numbered(absentCalls, ENOSYS),
    ...checked,
    ...allow,
  ]);
}
