import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly ports?: readonly string[];
}

const root = resolve(import.meta.dirname, '../..');
const compose = (path: string): Readonly<Record<string, Service>> =>
  parse(readFileSync(resolve(root, path), 'utf8'), { merge: true }).services;

describe('the compose file with a bucket', () => {
  const services = compose('docker-compose.s3.yml');
  const storing = Object.entries(compose('docker-compose.yml'))
    .filter(([, { environment }]) => environment?.['ARTIFACTS'] !== undefined)
    .map(([name]) => name);

  it('has every service that stores do so there, under its own account alone', () => {
    expect(storing).toContain('coordinator');
    for (const name of storing) {
      expect([name, services[name]?.environment?.['ARTIFACTS'], services[name]?.env_file]).toEqual([
        name,
        's3://artifacts',
        [`\${S3_ACCOUNTS:-./.flotilla/s3}/${name}.env`],
      ]);
      expect(services[name]?.depends_on, name).toHaveProperty('bucket');
    }
  });

  it('gives the keys of all to whoever makes the bucket, and to nobody else', () => {
    const having = (file: string) =>
      Object.keys(services).filter((name) => services[name]?.env_file?.join().includes(file));
    expect(having('/s3.bucket.env')).toEqual(['bucket']);
    expect(having('/s3.root.env')).toEqual(['s3', 'bucket']);
  });

  it.each(['s3-folders', 's3', 'bucket'])('runs %s with no more rights than a service', (name) => {
    expect(services[name]).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
  });

  it('opens the bucket on loopback, and what makes accounts not at all', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports).toEqual(['127.0.0.1:${S3_PORT:-7070}:7070']);
    expect(services['s3']?.environment?.['VGW_ADMIN_PORT']).toMatch(/^127\.0\.0\.1:/);
  });
});
