/** RFC 7468, in lines of 64 characters as openssl and Go write it. */
export function encodePem(label: 'CERTIFICATE', bytes: Uint8Array): Buffer {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return Buffer.from([`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n'), 'latin1');
}
