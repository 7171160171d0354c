import type { ClientRequest } from 'node:http';

/**
 * Reads the answer to a request whole, within a bound. A switch of protocols ends the connection, and is no answer.
 *
 * @param ended.answered called once with the status and the body; `ended.failed` otherwise, perhaps more than once
 */
export function readAnswer(
  asked: ClientRequest,
  maxBytes: number,
  ended: {
    readonly answered: (status: number, body: Buffer) => void;
    readonly failed: (error: unknown) => void;
  },
): void {
  asked.once('response', (response) => {
    const parts: Buffer[] = [];
    let length = 0;
    response
      .on('error', ended.failed)
      .on('data', (part: Buffer) => {
        length += part.length;
        if (length <= maxBytes) parts.push(part);
        else asked.destroy(new Error(`its answer is longer than ${String(maxBytes)} bytes`));
      })
      .on('end', () => {
        ended.answered(response.statusCode ?? 0, Buffer.concat(parts));
      });
  });
  asked.on('close', () => {
    ended.failed(new Error('ended the connection without an answer'));
  });
  asked.on('error', ended.failed);
}
