const pemKey = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:[^-]|-(?!----END))*(?:-----END [A-Z0-9 ]*PRIVATE KEY-----)?/g;

/**
 * The text without private keys (P9). Nothing should ever put one into a message; this is the last door before the
 * log, and an error text of somebody else's library may carry what it was given.
 */
export function withholdKeys(text: string): string {
  return text.includes('PRIVATE KEY') ? text.replace(pemKey, '[private key withheld]') : text;
}
