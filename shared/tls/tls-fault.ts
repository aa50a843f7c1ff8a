/** What a refused handshake means. */
export interface TlsFault {
  readonly code:
    | 'tls_certificate_expired'
    | 'tls_certificate_not_yet_valid'
    | 'tls_wrong_name'
    | 'tls_unknown_authority'
    | 'tls_client_certificate_refused'
    | 'tls_version_refused'
    | 'tls_not_spoken'
    | 'tls_files_invalid';
  /** What to do, as a sentence. */
  readonly advice: string;
}

const renew = 'renew the server certificate; connections are tried again until it is good';

/** Node's and OpenSSL's names of what went wrong, as the beginning or a part of `Error.code` or the message. */
const faults: readonly (readonly [said: RegExp, code: TlsFault['code'], advice: string])[] = [
  [/CERT_HAS_EXPIRED/, 'tls_certificate_expired', `the certificate has expired: ${renew}`],
  [
    /CERT_NOT_YET_VALID/,
    'tls_certificate_not_yet_valid',
    'the certificate is not valid yet: check the clocks, or wait',
  ],
  [
    /ERR_TLS_CERT_ALTNAME/,
    'tls_wrong_name',
    'the certificate is for another host: connect by a name that it has, or put this one into it',
  ],
  [
    /UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|SELF_SIGNED|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA/,
    'tls_unknown_authority',
    'its certificate is signed by nobody who is believed here: name the authority with the CA file',
  ],
  [
    /ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|HANDSHAKE_FAILURE)|alert (certificate required|bad certificate|unknown ca|certificate expired|certificate unknown|handshake failure)/i,
    'tls_client_certificate_refused',
    'the server asks for a client certificate that it believes: check the certificate and key file',
  ],
  [
    /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|alert protocol version/i,
    'tls_version_refused',
    'TLS 1.2 or later is needed on both sides',
  ],
  [
    /WRONG_VERSION_NUMBER|packet length too long|wrong version number|does not support SSL/i,
    'tls_not_spoken',
    'no TLS is spoken at that port: use the port of the TLS listener',
  ],
  [
    /KEY_VALUES_MISMATCH|ERR_OSSL_PEM|NO_START_LINE|ERR_OSSL_UNSUPPORTED|BAD_BASE64|BAD_END_LINE/i,
    'tls_files_invalid',
    'a certificate or key file is no PEM file, or the two do not belong together',
  ],
];

/** The fault of TLS that an error of a connection tells of; undefined: it is about something else. */
export function tlsFault(error: Error): TlsFault | undefined {
  const said = `${'code' in error ? String(error.code) : ''} ${error.message}`;
  for (const [pattern, code, advice] of faults) if (pattern.test(said)) return { code, advice };
  return undefined;
}
