// Reads ZIP archives (PKWARE's APPNOTE.TXT, 4.3) with the browser's own inflater.

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 65_535;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const STORED = 0;
const DEFLATED = 8;

/**
 * The texts of the files in an archive whose name is wanted.
 * @throws Error where it is no archive, or one in a way that is not read here (ZIP64, encrypted)
 */
export async function unzipped(
  archive: Blob,
  isWanted: (name: string) => boolean,
): Promise<string[]> {
  const tailStart = Math.max(0, archive.size - END_BYTES - MAX_COMMENT_BYTES);
  const tail = new DataView(await archive.slice(tailStart).arrayBuffer());
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== END_SIGNATURE) end--;
  if (end < 0) throw new Error("The file is no ZIP archive");
  const count = tail.getUint16(end + 10, true);
  const directoryBytes = tail.getUint32(end + 12, true);
  const directoryStart = tail.getUint32(end + 16, true);
  const directory = new DataView(
    await archive.slice(directoryStart, directoryStart + directoryBytes).arrayBuffer(),
  );

  const texts: string[] = [];
  for (let index = 0, at = 0; index < count; index++) {
    if (directory.getUint32(at, true) !== ENTRY_SIGNATURE)
      throw new Error("The ZIP archive is damaged, or of a kind that is not read here");
    const nameBytes = directory.getUint16(at + 28, true);
    const name = new TextDecoder().decode(
      new Uint8Array(directory.buffer, at + ENTRY_BYTES, nameBytes),
    );
    if (isWanted(name))
      texts.push(
        await textOf(archive, {
          method: directory.getUint16(at + 10, true),
          bytes: directory.getUint32(at + 20, true),
          header: directory.getUint32(at + 42, true),
        }),
      );
    at +=
      ENTRY_BYTES +
      nameBytes +
      directory.getUint16(at + 30, true) +
      directory.getUint16(at + 32, true);
  }
  return texts;
}

async function textOf(
  archive: Blob,
  entry: { readonly method: number; readonly bytes: number; readonly header: number },
): Promise<string> {
  const header = new DataView(await archive.slice(entry.header, entry.header + 30).arrayBuffer());
  const start = entry.header + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const content = archive.slice(start, start + entry.bytes);
  if (entry.method === STORED) return content.text();
  if (entry.method !== DEFLATED)
    throw new Error("The ZIP archive is compressed in a way that is not read here");
  const inflated = content.stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(inflated).text();
}
