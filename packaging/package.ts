import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Architecture } from './architecture.ts';
import { writeChecksums } from './checksums.ts';
import { bundledPackages } from './bundled-packages.ts';
import { filesFor } from './contents.ts';
import type { PackedFile } from './packed-file.ts';
import { makeDeb } from './deb.ts';
import { readOptions, usage, type Format, type Options } from './options.ts';
import { project } from './project.ts';
import { readRelease, type Release } from './release.ts';
import { makeRpm } from './rpm.ts';
import { provideRuntime } from './runtime.ts';
import { requireTools, runTool } from './tools.ts';

/*
 * npm run package: the deb and rpm packages of certmend, in dist-packages. Made with dpkg-deb and rpmbuild; installs
 * nothing. The same commit gives the same bytes, with the same versions of these two and of strip.
 */
try {
  await makePackages(readOptions(process.argv.slice(2)));
} catch (error) {
  console.error(`package: ${error instanceof Error ? describe(error) : String(error)}\n\n${usage}`);
  process.exitCode = 1;
}

function describe({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}\n${describe(cause)}` : message;
}

async function makePackages(options: Options): Promise<void> {
  requireTools(options, process.env['PATH'] ?? '');
  const release = readRelease(process.env);
  const output = resolve(options.output ?? join(project, 'dist-packages'));
  const cache = join(project, '.cache', 'packaging');
  mkdirSync(output, { recursive: true });
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'work-'));
  try {
    const program = join(work, 'program');
    await runTool(process.execPath, [join(project, 'build', 'bundle.ts'), program], {
      env: { SOURCE_DATE_EPOCH: String(release.epoch) },
    });
    const bundled = bundledPackages(readFileSync(join(program, 'inputs.txt'), 'utf8'));
    // One after the other for an architecture, the architectures beside each other.
    await Promise.all(
      options.architectures.map(async (architecture) => {
        const runtime = await provideRuntime(architecture);
        for (const format of options.formats) {
          const files = filesFor(format, { architecture, release, runtime, program, bundled });
          await makePackage({ architecture, format, release, files, work, output, fast: options.fast });
        }
      }),
    );
    writeChecksums(output);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

interface Order {
  readonly architecture: Architecture;
  readonly format: Format;
  readonly release: Release;
  readonly files: readonly PackedFile[];
  readonly work: string;
  readonly output: string;
  readonly fast: boolean;
}

/** In a directory of its own, and renamed when it is whole. */
async function makePackage(order: Order): Promise<void> {
  const { architecture, format, output } = order;
  const work = mkdtempSync(join(order.work, `${format}-${architecture.debian}-`));
  const make = { deb: makeDeb, rpm: makeRpm }[format];
  const name = await make({ ...order, work, output: work });
  renameSync(join(work, name), join(output, name));
  rmSync(work, { recursive: true });
  const megabytes = (statSync(join(output, name)).size / 1e6).toFixed(1);
  console.log(`package: ${name}, ${megabytes} MB`);
}
