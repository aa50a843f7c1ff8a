/** The environment of this process, for whoever must not read it by himself. Empty text means "not set" to readers. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
