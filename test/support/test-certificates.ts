import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CertificatePair,
  issueCertificate,
  makeAuthority,
} from '../../infra/certs/certificates.ts';

const DAY_MS = 86_400_000;
const good = () => ({
  notBefore: new Date(Date.now() - DAY_MS),
  notAfter: new Date(Date.now() + DAY_MS),
});
const past = () => ({
  notBefore: new Date(Date.now() - 2 * DAY_MS),
  notAfter: new Date(Date.now() - DAY_MS),
});

/** An authority with what it issues, and files of it in a folder that goes with it. */
export class TestAuthority {
  readonly #pair: CertificatePair;
  readonly #folder = mkdtempSync(join(tmpdir(), 'flotilla-certificates-'));

  static async make(): Promise<TestAuthority> {
    return new TestAuthority(await makeAuthority('tests', good()));
  }

  private constructor(pair: CertificatePair) {
    this.#pair = pair;
  }

  /** What a server on loopback needs. */
  async server({
    hosts = ['127.0.0.1', 'localhost'],
    expired = false,
  }: {
    hosts?: string[];
    expired?: boolean;
  } = {}) {
    const validity = expired ? past() : good();
    const issued = await issueCertificate(this.#pair, { name: 'server', hosts, ...validity });
    return { authority: this.#pair.certificate, ...issued };
  }

  /** Files of a client certificate and of this authority, by path. */
  async client(name: string) {
    const { certificate, key } = await issueCertificate(this.#pair, { name, ...good() });
    return {
      ca: this.file('ca.crt', this.#pair.certificate),
      cert: this.file(`${name}.crt`, certificate),
      key: this.file(`${name}.key`, key),
    };
  }

  /** Writes a file, or writes it anew; answers its path. */
  file(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** The certificate of the authority itself. */
  get certificate(): string {
    return this.#pair.certificate;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
