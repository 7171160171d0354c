import { spawn } from 'node:child_process';

/** What a program says when it fails is shown to this length. */
const shownBytes = 300;

/**
 * Runs an operator's program with a text on its standard input; its output is dropped, but for the end of what it says
 * on standard error when it fails.
 *
 * @param options.timeoutMs milliseconds after which it is killed
 * @param options.ended ends it early
 * @returns why it failed; undefined when it ended with 0
 */
export function runProgram(
  [program = '', ...words]: readonly string[],
  input: string,
  options: { readonly timeoutMs: number; readonly ended: AbortSignal },
): Promise<string | undefined> {
  const { timeoutMs, ended } = options;
  return new Promise((resolve) => {
    const child = spawn(program, words, {
      stdio: ['pipe', 'ignore', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let said = '';
    const stop = (): void => {
      child.kill('SIGKILL');
    };
    ended.addEventListener('abort', stop);
    const finish = (problem: string | undefined): void => {
      ended.removeEventListener('abort', stop);
      resolve(problem);
    };
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-shownBytes);
    });
    // A program that does not read its input closes the pipe under us.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', (error) => {
      finish(`${program} could not be run: ${error.message}`);
    });
    // `exit`, not `close`: a grandchild that keeps the pipe open is not waited for.
    child.once('exit', (code, signal) => {
      child.stderr.destroy();
      const words = said.trim().replaceAll(/\s+/g, ' ');
      const ending =
        signal === null
          ? `exited with status ${String(code)}`
          : `was ended by ${signal} (the limit is ${String(timeoutMs / 1000)} s)`;
      finish(code === 0 ? undefined : `${program} ${ending}${words === '' ? '' : `: ${words}`}`);
    });
  });
}
