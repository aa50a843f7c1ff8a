import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What happens to one request: `503` is answered without asking the service; `hang` is never answered; `lost` is done by the
 * service, and the connection breaks before the answer; `truncated` and `stalled` end or stop in the middle of the body.
 */
type Fault = '503' | 'hang' | 'lost' | 'truncated' | 'stalled';

export interface FaultyServer {
  readonly port: number;
  /** `METHOD` of each request so far, with `?query` names: `POST?uploads`. */
  readonly seen: string[];
  /** The next request that matches, once for each call. */
  failNext(matches: string, fault: Fault): void;
  /** Forgets what was seen, and the faults that did not happen. */
  forget(): void;
  stop(): Promise<void>;
}

/** An HTTP server that passes everything on to another port, but for the faults it was asked for. */
export async function startFaultyServer(targetPort: number): Promise<FaultyServer> {
  const faults: { readonly matches: string; readonly fault: Fault }[] = [];
  const seen: string[] = [];

  const server = createServer((request, response) => {
    const kind = kindOf(request);
    seen.push(kind);
    const at = faults.findIndex(({ matches }) => matches === kind);
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.fault;
    if (fault === 'hang') {
      request.resume();
    } else if (fault === '503') {
      request.resume();
      request.on('end', () => refuse(response));
    } else {
      passOn(request, response, fault);
    }
  });

  function passOn(request: IncomingMessage, response: ServerResponse, fault: Fault | undefined) {
    const { method, url, headers } = request;
    const onward = httpRequest({ port: targetPort, host: '127.0.0.1', method, path: url, headers });
    onward.on('response', (answer) => {
      if (fault === 'lost') {
        answer.resume();
        answer.on('end', () => response.destroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      if (fault === undefined) answer.pipe(response);
      else half(answer, response, fault === 'truncated');
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    failNext: (matches, fault) => faults.push({ matches, fault }),
    forget() {
      seen.length = 0;
      faults.length = 0;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function kindOf({ method, url = '' }: IncomingMessage): string {
  const names = [...new URL(url, 'http://localhost').searchParams.keys()];
  const telling = names.filter((name) => ['uploads', 'uploadId', 'partNumber'].includes(name));
  return telling.length === 0 ? `${method}` : `${method}?${telling.sort().join('&')}`;
}

function refuse(response: ServerResponse): void {
  const code = 'SlowDown';
  response.writeHead(503, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>Later.</Message></Error>`);
}

/** Half of a body, and then the end of the connection, or nothing more. */
function half(answer: IncomingMessage, response: ServerResponse, broken: boolean): void {
  let left = Math.floor(Number(answer.headers['content-length'] ?? 0) / 2);
  answer.on('data', (piece: Buffer) => {
    const some = piece.subarray(0, left);
    left -= some.length;
    response.write(some, () => {
      if (left === 0 && broken) response.destroy();
    });
  });
}
