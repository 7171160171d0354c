import {
  createSecureContext,
  createServer,
  setDefaultCACertificates,
  type SecureContext,
  type SecureContextOptions,
  type Server,
} from 'node:tls';

/** What one side of a conversation has: its pair, and the authority's file that it checks the other side with. */
export interface Credentials {
  readonly certificatePem: Buffer;
  readonly keyPem: Buffer;
  readonly trustedPem: Buffer;
}

const handshakeOptions = {
  minVersion: 'TLSv1.3',
  // One suite and one group: there is nothing to negotiate in memory, and the lists cost time.
  ciphers: 'TLS_AES_128_GCM_SHA256',
  ecdhCurve: 'P-256',
} as const;

/** @throws what OpenSSL says of the pair, for example ERR_OSSL_X509_KEY_VALUES_MISMATCH */
export function tlsClient(credentials: Credentials): SecureContext {
  return createSecureContext(contextOf(credentials));
}

/**
 * The name that clients send, so that the server below is asked for its context. It says nothing of the certificate,
 * which is checked for the name that the conversation is about.
 */
export const askedName = 'peer.invalid';

/** A server that never listens: connections are handed to it. @throws as {@link tlsClient} */
export function tlsServer(credentials: Credentials): Server {
  const context = createSecureContext(contextOf(credentials));
  return createServer({
    ...handshakeOptions,
    // A server passes on only some options to the context that it makes itself, and `allowPartialTrustChain` is not among
    // them: client certificates would be judged by OpenSSL's rules. A context by server name is taken as it is.
    SNICallback: (_name, done) => {
      done(null, context);
    },
    requestCert: true,
    // The handshake reads `authorized` and refuses by itself, with the reason.
    rejectUnauthorized: false,
  });
}

let publicRootsAreGone = false;

/**
 * Nothing here is ever checked with the public authorities that come with Node, but its first context would parse all of
 * them: as much time as four handshakes take.
 */
function forgetPublicRoots(): void {
  if (!publicRootsAreGone) setDefaultCACertificates([]);
  publicRootsAreGone = true;
}

function contextOf({ certificatePem, keyPem, trustedPem }: Credentials): SecureContextOptions {
  forgetPublicRoots();
  return {
    cert: certificatePem,
    key: keyPem,
    ca: trustedPem,
    // The products trust every certificate of the file they were given, not only the roots in it.
    allowPartialTrustChain: true,
    ...handshakeOptions,
  };
}
