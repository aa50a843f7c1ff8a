import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { startFauxqs } from 'fauxqs';
import { accountOf, allows, type Policy } from './access.ts';

/**
 * An S3 API that takes what docker-compose.s3.yml gives versitygw: `posix <folder>` and the same variables, the health check, the
 * accounts of its own API and the bucket's policy, which it holds. It believes every signature.
 */
const [kind, folder] = process.argv.slice(2);
const { VGW_PORT = '', VGW_ADMIN_PORT = '', VGW_HEALTH, ROOT_ACCESS_KEY_ID: root } = process.env;
if (kind !== 'posix' || !folder || !root) throw new Error('Say posix and a folder, and the root.');

const accounts = new Set([root]);
let policy: Policy | undefined;
const behind = await startFauxqs({
  port: 0,
  host: '127.0.0.1',
  logger: false,
  s3StorageDir: folder,
});

const s3 = createServer(async (asked, answer) => {
  if (asked.url === VGW_HEALTH) return answer.end('OK');
  const account = accountOf(asked);
  if (account === undefined) return refuse(answer, 'AccessDenied');
  if (!accounts.has(account)) return refuse(answer, 'InvalidAccessKeyId');
  if (account !== root && !allows(policy, account, asked)) return refuse(answer, 'AccessDenied');
  if (asked.method !== 'PUT' || !asked.url?.includes('?policy')) return passOn(asked, answer);
  policy = JSON.parse(await text(asked));
  answer.writeHead(204).end();
});

const admin = createServer(async (asked, answer) => {
  const name = /<Access>(.+)<\/Access>/.exec(await text(asked))?.[1];
  const isNew = asked.method === 'PATCH' && asked.url?.startsWith('/create-user') && name;
  if (accountOf(asked) !== root || !isNew) return refuse(answer, 'AccessDenied');
  accounts.add(name);
  answer.writeHead(201).end();
});

function passOn(asked: IncomingMessage, answer: ServerResponse): void {
  const { method, url, headers } = asked;
  const onward = request({ port: behind.port, host: '127.0.0.1', method, path: url, headers });
  onward.on('response', (from) => {
    answer.writeHead(from.statusCode ?? 500, from.headers);
    from.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  asked.pipe(onward);
}

function refuse(answer: ServerResponse, code: string): void {
  answer.writeHead(403, { 'content-type': 'application/xml' });
  answer.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>No.</Message></Error>`);
}

const listen = (server: typeof s3, address: string) =>
  server.listen(Number(address.split(':').at(-1)), address.split(':')[0] || '0.0.0.0');
listen(s3, VGW_PORT);
listen(admin, VGW_ADMIN_PORT);
process.on('SIGTERM', () => process.exit(0));
