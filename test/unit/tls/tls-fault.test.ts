import { describe, expect, test } from 'vitest';
import { tlsFault } from '../../../shared/tls/tls-fault.ts';

const failed = (code: string, message = '') => Object.assign(new Error(message), { code });

describe('the fault of a refused handshake', () => {
  test.each([
    ['CERT_HAS_EXPIRED', 'tls_certificate_expired'],
    ['CERT_NOT_YET_VALID', 'tls_certificate_not_yet_valid'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_wrong_name'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls_unknown_authority'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_unknown_authority'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_unknown_authority'],
    ['CERT_SIGNATURE_FAILURE', 'tls_unknown_authority'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tls_client_certificate_refused'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'tls_client_certificate_refused'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'tls_version_refused'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'tls_version_refused'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls_not_spoken'],
    ['ERR_OSSL_X509_KEY_VALUES_MISMATCH', 'tls_files_invalid'],
  ])('%s is %s', (said, code) => {
    expect(tlsFault(failed(said))?.code).toBe(code);
  });

  test.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND'])('is not %s', (said) => {
    expect(tlsFault(failed(said))).toBeUndefined();
  });
});
