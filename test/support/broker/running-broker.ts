/** A broker that tests may use, through virtual hosts of their own. */
export interface RunningBroker {
  /** How it was found, for people. */
  readonly description: string;
  /** Makes an empty virtual host and answers its AMQP URL. */
  addVhost(name: string): Promise<string>;
  /** Removes a virtual host with everything in it. */
  removeVhost(name: string): Promise<void>;
  /** Ends what was started; a broker that was there before is left as it was found. */
  stop(): Promise<void>;
}

/** What a server proves itself with, and whom it believes, as PEM texts. */
export interface ServerCertificates {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Settings of its TLS listener, which asks every client for a certificate. `folder`: where `ca.crt` and the like are. */
export function tlsConfig(listener: string, folder: string): string[] {
  return [
    `listeners.ssl.1 = ${listener}`,
    `ssl_options.cacertfile = ${folder}/ca.crt`,
    `ssl_options.certfile = ${folder}/server.crt`,
    `ssl_options.keyfile = ${folder}/server.key`,
    'ssl_options.verify = verify_peer',
    'ssl_options.fail_if_no_peer_cert = true',
    'ssl_options.versions.1 = tlsv1.3',
    'ssl_options.versions.2 = tlsv1.2',
    // A certificate is a login, too.
    'auth_mechanisms.1 = PLAIN',
    'auth_mechanisms.2 = EXTERNAL',
    'ssl_cert_login_from = common_name',
  ];
}

/** The file `enabled_plugins` of a broker, with that for logins by certificate where it has a TLS listener. */
export function enabledPlugins(certificates: ServerCertificates | undefined): string {
  const login = certificates === undefined ? '' : ',rabbitmq_auth_mechanism_ssl';
  return `[rabbitmq_management${login}].`;
}

/** The files of `tlsConfig`, by name. */
export function tlsFiles({ authority, certificate, key }: ServerCertificates): [string, string][] {
  return [
    ['ca.crt', authority],
    ['server.crt', certificate],
    ['server.key', key],
  ];
}

/** A broker that one test owns: it may be stopped, killed and starved. */
export interface PrivateBroker extends RunningBroker {
  /** AMQP URL of its default virtual host. */
  readonly url: string;
  readonly port: number;
  /** Port of its TLS listener, where it was started with certificates. */
  readonly tlsPort: number;
  /** Gives it other certificates, which serve the next connection. */
  renew(certificates: ServerCertificates): Promise<void>;
  /** Stops it cleanly, or as a power cut would. */
  halt(how: 'cleanly' | 'killed'): Promise<void>;
  /** Starts it again on the same data and the same port. */
  start(): Promise<void>;
  /** Both. */
  restart(how: 'cleanly' | 'killed'): Promise<void>;
  /** Adds what a definitions document holds. */
  importDefinitions(definitions: object): Promise<void>;
  /** Runs rabbitmqctl on it; rejects when that fails. */
  control(...args: string[]): Promise<string>;
}

/** The AMQP URL of a virtual host on loopback. */
export function guestUrl(port: number, vhost = '/'): string {
  return `amqp://guest:guest@127.0.0.1:${port}/${encodeURIComponent(vhost)}`;
}
