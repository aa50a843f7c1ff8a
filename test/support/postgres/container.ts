import { type StartedTestContainer, Wait } from 'testcontainers';
import { freePorts, run } from '../broker/command.ts';
import { LoopbackContainer, testRunLabels } from '../containers.ts';
import { answers, databasesOf, type PrivatePostgres } from './running-postgres.ts';

const image = 'postgres:17';

/** Starts PostgreSQL in a container on a free port. Rejects when the image cannot be had. */
export async function startContainer(testRun: string): Promise<PrivatePostgres> {
  // The clean-up container needs an image of its own, which offline machines lack; `removeContainers` does its work.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
  const [port = 0] = await freePorts(1);
  const container = await new LoopbackContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: 'flotilla' })
    // A fixed port: it must be the same after a restart.
    .withExposedPorts({ container: 5432, host: port })
    .withLabels(testRunLabels(testRun))
    // Not by a look at the port: testcontainers may take Docker's bridge for this host, and the port is on loopback alone.
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/))
    .withStartupTimeout(90_000)
    .start();
  const server = new ContainerPostgres(container, port);
  await answers(server.url, 60_000);
  return server;
}

class ContainerPostgres implements PrivatePostgres {
  readonly description = `a container of ${image}`;
  readonly url: string;
  readonly port: number;
  readonly addDatabase: PrivatePostgres['addDatabase'];
  readonly removeDatabase: PrivatePostgres['removeDatabase'];
  readonly #container: StartedTestContainer;

  constructor(container: StartedTestContainer, port: number) {
    this.#container = container;
    this.port = port;
    this.url = `postgres://postgres:flotilla@127.0.0.1:${port}/postgres`;
    const { addDatabase, removeDatabase } = databasesOf(this.url);
    this.addDatabase = addDatabase;
    this.removeDatabase = removeDatabase;
  }

  async halt(how: 'cleanly' | 'killed'): Promise<void> {
    const id = this.#container.getId();
    // The image's stop signal is the fast shutdown; SIGQUIT is the immediate one.
    if (how === 'cleanly') await docker('stop', '-t', '20', id);
    else await docker('kill', '--signal', 'QUIT', id);
    await docker('wait', id);
  }

  async start(): Promise<void> {
    await docker('start', this.#container.getId());
    await answers(this.url, 60_000);
  }

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 1_000 });
  }
}

async function docker(...args: string[]): Promise<void> {
  const result = await run('docker', args);
  if (!result.succeeded) throw new Error(`docker ${args.join(' ')}: ${result.output}`);
}
