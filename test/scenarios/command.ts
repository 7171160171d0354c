import assert from 'node:assert/strict';
import { run, type Ended } from './certmend.ts';

/** A program and its arguments. */
export type Line = readonly [string, ...(readonly string[])];

/**
 * Runs a program that must end well.
 * @param limit milliseconds
 */
export async function runTo([command, ...words]: Line, limit = 900_000): Promise<Ended> {
  const ended = await run(command, words, {}, limit);
  const how = String(ended.status ?? ended.signal);
  assert.equal(ended.status, 0, `${command} ${words.join(' ')}: ${how}\n${ended.stdout}${ended.stderr}`);
  return ended;
}
