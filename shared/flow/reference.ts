/** `name@2` in its parts. */
export function readReference(reference: string): {
  readonly name: string;
  readonly version?: number;
} {
  const [name = '', version] = reference.split('@');
  return version === undefined ? { name } : { name, version: Number(version) };
}
