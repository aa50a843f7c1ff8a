import { isJsonObject, type JsonObject, type JsonValue } from '../../../shared/envelope/json.ts';

/** What stands in place of a secret. */
const REDACTED = '[redacted]';
/** Text longer than this is cut to its beginning. */
const MAX_TEXT = 1_024;
const TEXT_KEPT = 256;
/** Deeper values are left out: a message may be parked because it is too deep. */
const MAX_DEPTH = 64;

/** Last words of keys whose values nobody but their owner may see. */
const secretKey =
  /(?:authorization|apikey|accesskey|secretkey|privatekey|token|secret|password|passwd|passphrase|cookie|credentials?)$/;
const secretText = /^(?:bearer|basic)\s+\S+$/i;
const dataUrl = /^data:([\w.+/-]*)[;,]/;

/** A value as it may be shown: secrets taken out, long text and embedded files cut. */
export function redact(value: JsonValue, depth = 0): JsonValue {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return mapEntries(value, (item, key) => (isSecret(key) ? REDACTED : redact(item, depth + 1)));
}

/**
 * What somebody made of a redacted value, with what was not touched as it was before it was redacted: a person edits what is
 * shown without knowing the secrets in it.
 */
export function restore(edited: JsonValue, original: JsonValue | undefined): JsonValue {
  if (original === undefined) return edited;
  if (typeof edited === 'string') return edited === redact(original) ? original : edited;
  if (Array.isArray(edited)) {
    const before = Array.isArray(original) ? original : [];
    return edited.map((item, index) => restore(item, before[index]));
  }
  if (!isJsonObject(edited) || !isJsonObject(original)) return edited;
  return mapEntries(edited, (item, key) => {
    const before = Object.hasOwn(original, key) ? original[key] : undefined;
    if (isSecret(key) && item === REDACTED && before !== undefined) return before;
    return restore(item, before);
  });
}

/** Text that is no JSON, as far as secrets can be told in it. */
export function redactPlainText(text: string): string {
  return text
    .replace(/data:[\w.+/-]*;base64,[A-Za-z0-9+/=]{64,}/g, 'data:[cut]')
    .replace(
      /((?:authorization|api[-_]?key|token|secret|password)"?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|(?:bearer |basic )?[^\s,;}"]+)/gi,
      `$1${REDACTED}`,
    );
}

function isSecret(key: string): boolean {
  return secretKey.test(key.toLowerCase().replaceAll(/[^a-z]/g, ''));
}

function redactText(text: string): string {
  if (secretText.test(text)) return REDACTED;
  const [, type] = dataUrl.exec(text) ?? [];
  if (type !== undefined && text.length > TEXT_KEPT) {
    return `data:${type || 'text/plain'} [${text.length} characters cut]`;
  }
  if (text.length <= MAX_TEXT) return text;
  return `${text.slice(0, TEXT_KEPT)} [${text.length - TEXT_KEPT} characters cut]`;
}

/** fromEntries, never assignment: a key may be named __proto__. */
function mapEntries(
  value: JsonObject,
  change: (item: JsonValue, key: string) => JsonValue,
): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item, key)]));
}
