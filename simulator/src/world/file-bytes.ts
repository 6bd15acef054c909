const zeros = Buffer.alloc(4 * 1024 * 1024);

/**
 * What a file holds after `piece` was written at `at`. What it held before is not changed: a disk remembers what was
 * synchronized. A file of nothing but zeros, as a bridge keeps its reserve of room in, takes no memory of its own.
 */
export function written(bytes: Buffer, at: number, piece: Uint8Array): Buffer {
  const end = at + piece.length;
  const isOfZeros = bytes.length === 0 || bytes.buffer === zeros.buffer;
  if (isOfZeros && at === bytes.length && end <= zeros.length && zeros.subarray(at, end).equals(piece))
    return zeros.subarray(0, end);
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(end)]);
}
