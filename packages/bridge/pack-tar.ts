interface TarEntry {
  readonly name: string;
  readonly content: Buffer;
  readonly isExecutable?: boolean;
}

const blockBytes = 512;

/** Packs files as a tar archive (POSIX.1-1988, ustar). The same files give the same bytes: no times, no owners. */
export function packTar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const padding = Buffer.alloc((blockBytes - (entry.content.length % blockBytes)) % blockBytes);
    return [header(entry), entry.content, padding];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function header({ name, content, isExecutable = false }: TarEntry): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  if (Buffer.byteLength(name) > 100) throw new RangeError(`too long a name for tar: ${name}`);
  block.write(name, 0, "utf8");
  octal(isExecutable ? 0o755 : 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content.length, 124, 12);
  // npm refuses nothing, but a time of zero confuses some tools: 1985-10-26, as npm itself writes.
  octal(499_162_500, 136, 12);
  block.write("        ", 148, "latin1");
  block.write("0", 156, "latin1");
  block.write("ustar\0", 257, "latin1");
  block.write("00", 263, "latin1");
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
