/** A file of an archive. */
export interface TarFile {
  readonly name: string;
  readonly content: Buffer;
  readonly isExecutable: boolean;
}

const blockBytes = 512;
const safeName = /^package(?:\/(?!\.{1,2}(?:\/|$))[\w.-]+)+$/;

/**
 * Reads a tar archive (POSIX.1-1988, ustar) of plain files below `package/`: what the bridge's own build packs and nothing
 * more. Links, folders, long names and names that lead elsewhere are refused.
 *
 * @throws Error for everything else, before anything was written anywhere
 */
export function readTar(archive: Buffer): TarFile[] {
  const files: TarFile[] = [];
  for (let at = 0; ; ) {
    const header = archive.subarray(at, at + blockBytes);
    if (header.length < blockBytes) throw new Error("the archive is cut short");
    if (header.every((byte) => byte === 0)) return files;
    const name = text(header, 0, 100);
    if (checksum(header) !== octal(header, 148, 8)) throw new Error("a header of the archive is damaged");
    if (text(header, 156, 1) !== "0" || text(header, 345, 155) !== "") throw new Error(`${name} is not a plain file`);
    if (!safeName.test(name)) throw new Error(`the archive holds a file with the name ${JSON.stringify(name)}`);
    if (files.some((file) => file.name === name)) throw new Error(`the archive holds ${name} twice`);
    const size = octal(header, 124, 12);
    const content = archive.subarray(at + blockBytes, at + blockBytes + size);
    if (content.length < size) throw new Error("the archive is cut short");
    files.push({ name, content, isExecutable: (octal(header, 100, 8) & 0o100) !== 0 });
    at += blockBytes + Math.ceil(size / blockBytes) * blockBytes;
  }
}

function text(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length).toString("latin1");
  const end = field.indexOf("\0");
  return end < 0 ? field : field.slice(0, end);
}

function octal(header: Buffer, at: number, length: number): number {
  const digits = text(header, at, length).trim();
  if (!/^[0-7]+$/.test(digits)) throw new Error("a header of the archive is damaged");
  return Number.parseInt(digits, 8);
}

function checksum(header: Buffer): number {
  const blank = " ".charCodeAt(0);
  return header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? blank : byte), 0);
}
