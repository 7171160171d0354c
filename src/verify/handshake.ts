import { X509Certificate } from 'node:crypto';
import { duplexPair } from 'node:stream';
import { connect, type SecureContext, type Server, type TLSSocket } from 'node:tls';
import { ipOctets } from '../x509/general-name.ts';
import { askedName } from './credentials.ts';

/** What one side says of the other's certificate, or of the handshake; codes as node:tls and OpenSSL name them. */
export type HandshakeVerdict =
  | { readonly ok: true }
  /** `about` is the side whose certificate was refused; `neither` when the handshake itself broke. */
  | { readonly ok: false; readonly about: 'server' | 'client' | 'neither'; readonly code: string };

export interface HandshakeRequest {
  /** Made by {@link tlsServer}. One handshake at a time: the server tells its connections apart by nothing else. */
  readonly server: Server;
  readonly client: SecureContext;
  /** Name the client asks for; a DNS name or an address. */
  readonly serverName: string;
  /** OpenSSL reads the machine's clock. Where that is not the clock that decides, dates are left to the chain check. */
  readonly clockIsShifted: boolean;
}

/** Turns of the event loop that a handshake may take. It needs about twenty; nothing in it waits for anything outside. */
const maxTurns = 2_000_000;

/**
 * One real TLS 1.3 handshake with certificates on both sides, over a pipe in memory: no socket, no file descriptor,
 * nothing listens (P11). Everything it opened is closed when the promise settles; it never rejects.
 */
export function shakeHands(request: HandshakeRequest): Promise<HandshakeVerdict> {
  const { server, serverName, clockIsShifted } = request;
  const [serverEnd, clientEnd] = duplexPair();
  const opened: { destroy(): unknown }[] = [serverEnd, clientEnd];
  return new Promise((resolve) => {
    let clientDone = false;
    let serverDone = false;
    let settled = false;
    let turns = 0;

    const settle = (verdict: HandshakeVerdict): void => {
      if (settled) return;
      settled = true;
      server.off('secureConnection', onServerSecure);
      server.off('tlsClientError', onServerError);
      for (const end of opened) end.destroy();
      resolve(verdict);
    };
    const fail = (about: 'server' | 'client' | 'neither', code: string): void => {
      settle({ ok: false, about, code });
    };
    const finish = (): void => {
      if (clientDone && serverDone) settle({ ok: true });
    };
    const broke = (error: unknown): void => {
      fail('neither', codeOf(error));
    };
    function onServerSecure(socket: TLSSocket): void {
      socket.on('error', broke);
      opened.push(socket);
      const refusal = refusalOf(socket, clockIsShifted);
      if (refusal !== undefined) {
        fail('client', refusal);
        return;
      }
      serverDone = true;
      finish();
    }
    function onServerError(error: Error, socket: TLSSocket): void {
      // The socket may still report what the peer does; nobody listens any more.
      socket.on('error', () => undefined);
      opened.push(socket);
      broke(error);
    }
    // In place of a timer, which would be one more clock: a handshake in memory that has not ended by now has stalled.
    const watch = (): void => {
      turns += 1;
      if (turns > maxTurns) fail('neither', 'ERR_TLS_HANDSHAKE_TIMEOUT');
      if (!settled) setImmediate(watch);
    };

    serverEnd.on('error', broke);
    clientEnd.on('error', broke);
    server.on('secureConnection', onServerSecure);
    server.on('tlsClientError', onServerError);
    const client = connect({
      socket: clientEnd,
      secureContext: request.client,
      servername: askedName,
      checkServerIdentity: (_asked, { raw }) => nameRefusal(serverName, raw),
      // Not a free pass: `refusalOf` reads what OpenSSL and the name check said. Node would only close the connection
      // on the same values, and on the server's side it would not say why.
      rejectUnauthorized: false,
    });
    opened.push(client);
    client.on('error', broke);
    client.once('secureConnect', () => {
      const refusal = refusalOf(client, clockIsShifted) ?? passedOver(client, serverName);
      if (refusal !== undefined) {
        fail('server', refusal);
        return;
      }
      clientDone = true;
      finish();
    });
    server.emit('connection', serverEnd);
    setImmediate(watch);
  });
}

const dateErrors: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** Why the peer's certificate is refused; undefined when it is accepted. */
function refusalOf(socket: TLSSocket, clockIsShifted: boolean): string | undefined {
  if (socket.authorized) return undefined;
  const code = codeOf(socket.authorizationError);
  return clockIsShifted && dateErrors.has(code) ? undefined : code;
}

/** Node compares the name only after a verification without complaint: when dates were passed over it is done here. */
function passedOver(socket: TLSSocket, serverName: string): string | undefined {
  return socket.authorized ? undefined : nameRefusal(serverName, socket.getPeerCertificate().raw)?.code;
}

/**
 * RFC 9525 6, by OpenSSL: the subject is no place for a name. Instead of node:tls's own check, whose expressions for
 * addresses cost more to compile than a handshake to hold.
 * @param certificate DER
 */
function nameRefusal(name: string, certificate: Buffer): (Error & { readonly code: string }) | undefined {
  const x509 = new X509Certificate(certificate);
  const bears = ipOctets(name) === undefined ? x509.checkHost(name, { subject: 'never' }) : x509.checkIP(name);
  return bears === undefined ? Object.assign(new Error(), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }) : undefined;
}

/** `authorizationError` is a code or an Error, by version of the types and of Node. */
function codeOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return 'UNSPECIFIED';
}
