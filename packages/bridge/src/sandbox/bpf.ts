/** One instruction of a classic BPF program, as the kernel takes it for seccomp (`struct sock_filter`). */
interface Instruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  readonly value: number;
}

const loadWord = 0x20; // BPF_LD | BPF_W | BPF_ABS
const jumpIfEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const jumpIfAbove = 0x25; // BPF_JMP | BPF_JGT | BPF_K
const jumpIfAnyBit = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const answerWith = 0x06; // BPF_RET | BPF_K
const longestJump = 255;

/** Steps that run one after the other; `when…` skips its inner steps unless its condition holds. */
export type Steps = readonly Instruction[];

/** Loads a word of `struct seccomp_data`. */
export function load(offset: number): Steps {
  return [{ code: loadWord, jumpTrue: 0, jumpFalse: 0, value: offset }];
}

export function answer(value: number): Steps {
  return [{ code: answerWith, jumpTrue: 0, jumpFalse: 0, value }];
}

export function whenEqual(value: number, inner: Steps): Steps {
  return [{ code: jumpIfEqual, jumpTrue: 0, jumpFalse: skip(inner), value }, ...inner];
}

export function whenNotEqual(value: number, inner: Steps): Steps {
  return [{ code: jumpIfEqual, jumpTrue: skip(inner), jumpFalse: 0, value }, ...inner];
}

export function whenAbove(value: number, inner: Steps): Steps {
  return [{ code: jumpIfAbove, jumpTrue: 0, jumpFalse: skip(inner), value }, ...inner];
}

export function whenAnyBit(mask: number, inner: Steps): Steps {
  return [{ code: jumpIfAnyBit, jumpTrue: 0, jumpFalse: skip(inner), value: mask }, ...inner];
}

function skip(inner: Steps): number {
  if (inner.length > longestJump) throw new Error(`a jump over ${inner.length} instructions is too long`);
  return inner.length;
}

/** The bytes of a program, for a little-endian machine. */
export function assemble(steps: Steps): Buffer {
  const bytes = Buffer.alloc(steps.length * 8);
  for (const [index, { code, jumpTrue, jumpFalse, value }] of steps.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpTrue, index * 8 + 2);
    bytes.writeUInt8(jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  }
  return bytes;
}
