import { type StartedTestContainer, Wait } from 'testcontainers';
import { LoopbackContainer, testRunLabels } from '../containers.ts';
import { freePorts, run } from './command.ts';
import { ManagementApi } from './management.ts';
import {
  enabledPlugins,
  guestUrl,
  type PrivateBroker,
  type ServerCertificates,
  tlsConfig,
  tlsFiles,
} from './running-broker.ts';

const image = 'rabbitmq:4-management';

/** True when containers can be started here. */
export async function dockerWorks(): Promise<boolean> {
  return (await run('docker', ['info'], { timeoutMs: 10_000 })).succeeded;
}

/** Starts RabbitMQ in a container on free ports. Rejects when the image cannot be had. */
export async function startContainer(
  testRun: string,
  certificates?: ServerCertificates,
): Promise<PrivateBroker> {
  // The clean-up container needs an image of its own, which offline machines lack; `removeContainers` does its work.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
  const [port = 0, managementPort = 0, tlsPort = 0] = await freePorts(3);
  const container = await new LoopbackContainer(image)
    // Fixed ports: they must be the same after a restart.
    .withExposedPorts(
      { container: 5672, host: port },
      { container: 15672, host: managementPort },
      ...(certificates === undefined ? [] : [{ container: 5671, host: tlsPort }]),
    )
    .withCopyContentToContainer(certificates === undefined ? [] : tlsContents(certificates))
    .withLabels(testRunLabels(testRun))
    .withWaitStrategy(Wait.forLogMessage(/Server startup complete/))
    .withStartupTimeout(90_000)
    .start();
  const broker = new ContainerBroker(container, { port, managementPort, tlsPort });
  await broker.ready();
  return broker;
}

class ContainerBroker implements PrivateBroker {
  readonly description = `a container of ${image}`;
  readonly url: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly #container: StartedTestContainer;
  readonly #management: ManagementApi;

  constructor(
    container: StartedTestContainer,
    { port, managementPort, tlsPort }: Record<'port' | 'managementPort' | 'tlsPort', number>,
  ) {
    this.#container = container;
    this.port = port;
    this.tlsPort = tlsPort;
    this.url = guestUrl(port);
    const api = `http://127.0.0.1:${managementPort}`;
    this.#management = new ManagementApi(api, 'guest', 'guest');
  }

  ready(): Promise<void> {
    return this.#management.listening(5672);
  }

  async addVhost(name: string): Promise<string> {
    await this.#management.addVhost(name);
    return guestUrl(this.port, name);
  }

  async removeVhost(name: string): Promise<void> {
    await this.#management.removeVhost(name);
  }

  async renew(certificates: ServerCertificates): Promise<void> {
    await this.#container.copyContentToContainer(tlsContents(certificates));
    // By itself it looks at its files every two minutes.
    await this.control('eval', 'ssl:clear_pem_cache().');
  }

  importDefinitions(definitions: object): Promise<void> {
    return this.#management.importDefinitions(definitions);
  }

  async halt(how: 'cleanly' | 'killed'): Promise<void> {
    const id = this.#container.getId();
    await docker(...(how === 'killed' ? ['kill', id] : ['stop', '-t', '20', id]));
  }

  async start(): Promise<void> {
    await docker('start', this.#container.getId());
    await this.ready();
  }

  async restart(how: 'cleanly' | 'killed'): Promise<void> {
    await this.halt(how);
    await this.start();
  }

  async control(...args: string[]): Promise<string> {
    const result = await this.#container.exec(['rabbitmqctl', ...args]);
    if (result.exitCode !== 0) throw new Error(result.output);
    return result.output;
  }

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 1_000 });
  }
}

/** The broker in the image is nobody in particular: its files must be readable for all. */
function tlsContents(certificates: ServerCertificates) {
  const config = tlsConfig('0.0.0.0:5671', '/tmp').join('\n');
  return [
    { content: config, target: '/etc/rabbitmq/conf.d/90-tls.conf', mode: 0o644 },
    {
      content: enabledPlugins(certificates),
      target: '/etc/rabbitmq/enabled_plugins',
      mode: 0o644,
    },
    ...tlsFiles(certificates).map(([name, content]) => ({
      ...{ content, target: `/tmp/${name}`, mode: 0o644 },
    })),
  ];
}

async function docker(...args: string[]): Promise<void> {
  const result = await run('docker', args);
  if (!result.succeeded) throw new Error(`docker ${args.join(' ')}: ${result.output}`);
}
