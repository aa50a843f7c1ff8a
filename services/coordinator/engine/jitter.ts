/**
 * A number in [0, 1) that looks random and is always the same for one (run, path, attempt), so that a decision taken again
 * comes out the same. FNV-1a, then the final mix of MurmurHash3: FNV alone spreads short texts badly over the high bits.
 */
export function jitterOf(runId: string, path: string, attempt: number): number {
  const text = `${runId}|${path}|${attempt}`;
  let hash = 0x811c9dc5;
  for (let position = 0; position < text.length; position += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(position), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
