import { once } from 'node:events';
import { connect } from 'node:net';

/** Just enough of Redis to see whether it is there, how it keeps its data, and to take away what was written. */

const PORT = 6379;
const TIMEOUT_MS = 2_000;

/** What a command answers, raw. Rejects when no Redis answers on this machine's usual port. */
async function command(...words: readonly string[]): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: PORT, timeout: TIMEOUT_MS });
  socket.once('timeout', () => socket.destroy(new Error('Redis does not answer')));
  try {
    const bulks = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.end(`*${words.length}\r\n${bulks.join('')}`);
    const parts: string[] = [];
    socket.on('data', (part) => parts.push(part.toString()));
    await once(socket, 'close');
    return parts.join('');
  } finally {
    socket.destroy();
  }
}

/** Version and durability, for people; undefined when there is none. */
export async function describeRedis(): Promise<string | undefined> {
  try {
    const version = /redis_version:(\S+)/.exec(await command('INFO', 'server'))?.[1];
    const appends = /\byes\b/.test(await command('CONFIG', 'GET', 'appendonly'));
    return version && `Redis ${version}, append-only file ${appends ? 'on' : 'off'}`;
  } catch {
    return undefined;
  }
}

export async function removeKeys(prefix: string): Promise<void> {
  const script = `for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end`;
  await command('EVAL', script, '0', `${prefix}*`);
}
