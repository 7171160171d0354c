import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { run } from './certmend.ts';
import { scratchDirectory } from './scratch.ts';

interface Side {
  readonly certificate: string;
  readonly key: string;
  /** The authority's file that it checks the other side with. */
  readonly trusts: string;
}

/** What is asked of a Go program; paths are host paths. */
export type PeerQuestion =
  | {
      readonly kind: 'verify';
      readonly leaf: string;
      readonly trusts: string;
      readonly usage: 'server' | 'client';
      /** A DNS name or an address that the leaf must bear. */
      readonly name?: string;
      /** Milliseconds since the epoch. */
      readonly at: number;
    }
  | {
      readonly kind: 'handshake';
      readonly server: Side;
      readonly client: Side;
      readonly name: string;
      readonly at: number;
    }
  /** Can a certificate hold this name, so that who asks for it accepts the certificate? */
  | { readonly kind: 'name'; readonly name: string };

export type AskPeer = (questions: readonly PeerQuestion[]) => readonly string[];

let built: Promise<AskPeer> | undefined;

/** A way to ask the peer. It is built once a run, with the machine's Go and without any network. */
export function goPeer(): Promise<AskPeer> {
  return (built ??= buildPeer<PeerQuestion>('peer'));
}

/** A program of `go/` that answers questions, one text for each. */
// The caller says what it asks: the name does not.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export async function buildPeer<Question extends object>(
  name: string,
): Promise<(questions: readonly Question[]) => readonly string[]> {
  const scratch = scratchDirectory();
  const program = join(scratch, name);
  const source = join(import.meta.dirname, 'go', `${name}.go`);
  const environment = {
    GOCACHE: join(scratch, 'go-cache'),
    GOPATH: join(scratch, 'go-path'),
    GOFLAGS: '',
    GOPROXY: 'off',
    GOTOOLCHAIN: 'local',
    GO111MODULE: 'off',
    CGO_ENABLED: '0',
  };
  const ended = await run('go', ['build', '-o', program, source], environment, 600_000);
  assert.equal(ended.status, 0, ended.stderr);
  return (questions) => {
    const asked = questions.map((question) =>
      'at' in question ? { ...question, at: new Date(question.at as number).toISOString() } : question,
    );
    const { status, stdout, stderr } = spawnSync(program, {
      input: JSON.stringify(asked),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    assert.equal(status, 0, stderr);
    const answers = JSON.parse(stdout) as readonly string[];
    assert.equal(answers.length, questions.length);
    return answers;
  };
}
