import { connect, type DetailedPeerCertificate } from 'node:tls';

/** All of it: connection, handshake, both addresses. A service that is well answers in milliseconds. */
const timeoutMs = 2000;

/** More links than any chain has; what a listener sends is not ours to believe. */
const mostLinks = 8;

/**
 * The certificates that are served on a port of this machine's own loopback, leaf first, DER. A handshake and no word
 * more: nothing is sent, no client certificate is shown, and nothing of what is served is trusted for it.
 *
 * @returns undefined when nobody answers there in time, or not in TLS
 */
export async function servedChain(port: number): Promise<readonly Buffer[] | undefined> {
  const ended = AbortSignal.timeout(timeoutMs);
  // By address: `localhost` is what /etc/hosts says. The product listens on both, or on the only one there is.
  return (await shakeHands('127.0.0.1', port, ended)) ?? (await shakeHands('::1', port, ended));
}

function shakeHands(host: string, port: number, ended: AbortSignal): Promise<readonly Buffer[] | undefined> {
  if (ended.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    // Any certificate is an answer here, an expired or foreign one before all: it is judged by who asked.
    const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
    let chain: readonly Buffer[] | undefined;
    const settle = (): void => {
      ended.removeEventListener('abort', settle);
      socket.destroy();
      resolve(chain);
    };
    ended.addEventListener('abort', settle, { once: true });
    socket.once('secureConnect', () => {
      chain = chainOf(socket.getPeerCertificate(true));
      // To the proper end: one that is cut off is an error in the product's log, at each check.
      socket.resume().end();
    });
    // Stays: a connection that is reset after the answer must not end the program.
    socket.on('error', settle);
    socket.once('close', settle);
  });
}

/** As Node links them: a root is its own issuer, and a chain that is cut short ends without one. */
function chainOf(leaf: Partial<DetailedPeerCertificate>): readonly Buffer[] | undefined {
  const chain: Buffer[] = [];
  const seen = new Set<string>();
  let link: Partial<DetailedPeerCertificate> | undefined = leaf;
  while (link?.raw !== undefined && chain.length < mostLinks && !seen.has(link.fingerprint256 ?? '')) {
    seen.add(link.fingerprint256 ?? '');
    chain.push(link.raw);
    link = link.issuerCertificate;
  }
  return chain.length === 0 ? undefined : chain;
}
