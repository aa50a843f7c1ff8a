/** Takes away `__proto__`, through which message data could reach a prototype. */
const NO_PROTO = '--disable-proto=delete';
/** Refuses `eval` and `new Function`: text can never become code in that process. */
const NO_CODE_FROM_STRINGS = '--disallow-code-generation-from-strings';

/** Services that compile JSON Schemas: ajv writes its validators as code. */
const compiling: ReadonlySet<string> = new Set(['coordinator', 'llm', 'general-chatbot']);

/** The flags of Node that a service of this folder name runs under as a process of its own. */
export function nodeFlags(folder: string): readonly string[] {
  return compiling.has(folder) ? [NO_PROTO] : [NO_PROTO, NO_CODE_FROM_STRINGS];
}
