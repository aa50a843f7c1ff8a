import { dockerWorks, startContainer } from './container.ts';
import { givenBroker } from './given.ts';
import { installPackage, mayInstall } from './install.ts';
import { rabbitmqServer, startNative } from './native.ts';
import type { PrivateBroker, RunningBroker, ServerCertificates } from './running-broker.ts';

const advice =
  'No RabbitMQ for the tests: set AMQP_URL, start Docker, or install rabbitmq-server (FLOTILLA_TEST_INSTALL=1 lets root on Debian or Ubuntu do it).';

/** The broker of a test run: AMQP_URL, else Docker, else the machine's rabbitmq-server, else the distribution's package. */
export async function findBroker(testRun: string): Promise<RunningBroker> {
  const url = process.env['AMQP_URL'];
  if (url) return givenBroker(url);
  return (await inContainer(testRun)) ?? (await onThisMachine()) ?? (await installed()) ?? giveUp();
}

/** A broker of one test's own; a process of this machine where it can, because that starts sooner. */
export async function startPrivate(
  testRun: string,
  certificates?: ServerCertificates,
): Promise<PrivateBroker> {
  return (
    (await onThisMachine(certificates)) ??
    (await inContainer(testRun, certificates)) ??
    (await installed(certificates)) ??
    giveUp()
  );
}

async function inContainer(
  testRun: string,
  certificates?: ServerCertificates,
): Promise<PrivateBroker | undefined> {
  if (!(await dockerWorks())) return undefined;
  try {
    return await startContainer(testRun, certificates);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.warn(`Docker runs, but starts no RabbitMQ (${reason}); trying the next way.`);
    return undefined;
  }
}

async function onThisMachine(
  certificates?: ServerCertificates,
): Promise<PrivateBroker | undefined> {
  const server = await rabbitmqServer();
  return server === undefined ? undefined : startNative(server, { certificates });
}

async function installed(certificates?: ServerCertificates): Promise<PrivateBroker | undefined> {
  if (!(await mayInstall())) return undefined;
  await installPackage('rabbitmq-server');
  return onThisMachine(certificates);
}

function giveUp(): never {
  throw new Error(advice);
}
