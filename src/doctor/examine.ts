import { inUse } from './in-use.ts';
import { reasons as reasonTable } from '../reason.ts';
import type { Storage } from '../disk/file-writer.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { Finding } from '../assess/assessment.ts';
import { issuersOf } from '../assess/issuer.ts';
import { filesOf } from '../activate/change-set.ts';
import { bootHook } from './boot-hook.ts';
import { daemonAlive, type DaemonUnit } from './daemon-alive.ts';
import { makesBackups } from '../state/last-backup.ts';
import { daemonAccess } from './daemon-access.ts';
import { ill, well, type Examined } from './examined.ts';
import { foresee } from '../survey/foresee.ts';
import { foreignRotators } from './foreign-rotators.ts';
import { newLeafDaysExamined } from './new-leaf-days.ts';
import type { Plan } from '../plan/plan.ts';
import type { Ports } from '../survey/ports.ts';
import type { Survey } from '../survey/survey.ts';

/** What the examination needs to know of the machine that no other command does. */
export interface Examiner {
  readonly storage: Storage;
  /** Writes so many bytes into the directory (or its nearest parent that exists) and takes them back; else why not. */
  readonly tryWrite: (
    directory: string,
    bytes: number,
  ) => { readonly directory: string; readonly errno: string } | undefined;
  /** Undefined when systemd cannot be asked: another root, none that runs. */
  readonly daemonUnit: () => DaemonUnit | undefined;
  readonly hasProgram: (name: string) => boolean;
  readonly selinux: boolean;
}

/** Is this node able to heal itself? Changes nothing; what is written to try the disk has no name and is gone at once. */
export async function examine(ports: Ports, examiner: Examiner): Promise<readonly Examined[]> {
  const { survey, standby, plan } = await foresee(ports);
  return [
    layoutFound(survey),
    clockBelieved(survey),
    ...authoritiesAble(survey),
    ...namesUsable(survey),
    ...mountsInTheWay(survey),
    ...restartDue(survey),
    ...inUse(survey),
    ...nextStart(plan, survey),
    ...budget(survey),
    ...directoriesWritable(survey, examiner),
    spaceEnough(survey, examiner),
    lockPossible(examiner),
    ...labels(examiner),
    bootHook(ports.reader, survey.layout, ports.config.boot.enabled),
    ...newLeafDaysExamined(ports.config, survey.layout),
    ...daemonAlive(examiner.daemonUnit()),
    daemonAccess(ports.reader, survey.layout, {
      textfile: ports.config.metrics.textfile,
      backups: makesBackups(ports.config) ? ports.config.backup.to : undefined,
    }),
    standby.state === 'ready'
      ? well('standby', `generation ${String(standby.generation)} is ready`)
      : ill('standby', 'warning', standby.reason, 'certmend standby prepare'),
    ...foreignRotators(ports.reader, survey.layout).map(({ who, hint }) => ill('other-rotators', 'warning', who, hint)),
  ];
}

function layoutFound({ assessment, layout }: Survey): Examined {
  const unread = assessment.findings.find(({ code }) => code === 'ConfigurationUnreadable');
  if (unread !== undefined) return ill('layout', 'critical', unread.message, `correct ${unread.path ?? 'it'}`);
  const version = layout.productVersion === undefined ? 'version unknown' : layout.productVersion.value;
  return well(
    'layout',
    `${layout.name} (${version}), node ${layout.nodeName || 'name unknown'}, data in ${layout.dataDir}`,
  );
}

function clockBelieved({ assessment }: Survey): Examined {
  const [evidence = 'no evidence'] = assessment.clock.evidence;
  return assessment.clock.believed
    ? well('clock', evidence)
    : ill('clock', 'critical', evidence, 'correct the clock; until then nothing is issued or replaced');
}

/** Nothing is said of names that are as they should be. */
function namesUsable({ assessment }: Survey): readonly Examined[] {
  return assessment.findings
    .filter(({ code }) => code === 'SanUnusable')
    .map(({ message, path }) =>
      ill('names', 'warning', message, path === undefined ? 'correct it' : `correct ${path}`),
    );
}

/** Nothing is said of a node where nothing is mounted on a certificate. */
function mountsInTheWay({ assessment }: Survey): readonly Examined[] {
  return assessment.findings
    .filter(({ code }) => code === 'MountInTheWay')
    .map(({ message, id }) => ill('mounts', 'warning', message, `certmend why ${id ?? 'ENTRY'}`));
}

function authoritiesAble({ assessment, inventory, layout }: Survey): readonly Examined[] {
  const findings = assessment.findings.filter(
    ({ code, severity }) => reasonTable[code].about === 'authority' && severity !== 'note',
  );
  const told = findings.map(({ severity, message, id }) =>
    ill(
      'authorities',
      severity === 'critical' ? 'critical' : 'warning',
      message,
      id === undefined ? 'certmend check' : `certmend why ${id}`,
    ),
  );
  if (layout.role === 'agent') {
    return told.length > 0
      ? told
      : [well('authorities', 'an agent has no authority keys: its service fetches new certificates at each start')];
  }
  // What can sign is counted, not what was not complained of: of no authority at all nobody complains on a new node.
  const issuers = issuersOf(inventory, assessment.now);
  const signing = layout.entries.filter((entry) => entry.kind === 'leaf' && !entry.reissuedAtStart && !entry.optional);
  const needed = [...new Set(signing.map((entry) => (entry.kind === 'leaf' ? entry.issuer : '')))];
  const unable = needed.flatMap((id) => {
    const problem = issuers.get(id)?.problem;
    return problem === undefined || told.length > 0 ? [] : [problem.clause];
  });
  if (told.length === 0 && unable.length === 0)
    return [well('authorities', `${needed.join(', ')}: each has its key here and can sign`)];
  return [
    ...told,
    ...(unable.length === 0
      ? []
      : [
          ill(
            'authorities',
            'warning',
            `${unable.length === needed.length ? 'nothing' : 'not every certificate'} can be issued on this node: ${unable.join('; ')}`,
            `a new node gets them when ${layout.unit} first starts; otherwise: certmend check`,
          ),
        ]),
  ];
}

/** What ends while the service runs is made anew by its start only, and nobody but a person restarts it. */
function restartDue({ assessment, layout }: Survey): readonly Examined[] {
  const order = assessment.findings.find(({ code }) => code === 'RestartDue');
  if (order === undefined) return [];
  const level = order.severity === 'critical' ? 'critical' : 'warning';
  return [ill('restart', level, order.message, `systemctl restart ${layout.unit}`)];
}

function directoriesWritable({ layout }: Survey, { tryWrite }: Examiner): readonly Examined[] {
  const directories = [ownPaths.stateDirectory, ownPaths.runDirectory, layout.dataDir];
  const problems = directories.flatMap((directory) => {
    const failed = tryWrite(directory, 1);
    return failed === undefined ? [] : [`${directory}: cannot write to ${failed.directory} (${failed.errno})`];
  });
  return problems.length === 0
    ? [well('write-access', `${directories.join(', ')} are writable`)]
    : problems.map((problem) =>
        ill(
          'write-access',
          'critical',
          problem,
          'run as root; make space on a full disk; remount read-write if the file system went read-only',
        ),
      );
}

/** What the boot hook would say if the service started now; the examination is of no use if it would only refuse. */
function nextStart(plan: Plan, { layout, assessment }: Survey): readonly Examined[] {
  const { decision, reasons } = plan;
  if (decision !== 'refused' && decision !== 'deferred') return leftAsTheyAre(plan, assessment.findings, layout.unit);
  const [first, ...others] = reasons;
  const more = others.length === 0 ? '' : ` (and ${String(others.length)} more)`;
  const message = `the boot hook would change nothing now (${decision}): ${first?.message ?? 'see certmend plan'}${more}`;
  return [
    ill(
      'next-start',
      'critical',
      message,
      `certmend plan shows everything; do this before ${layout.unit} starts again`,
    ),
  ];
}

/** A rotation that does for all but one is no healing: the service may not come up for want of that one. */
function leftAsTheyAre({ actions }: Plan, findings: readonly Finding[], unit: string): readonly Examined[] {
  const touched = new Set(actions.map(({ id }) => id));
  const left = findings.filter(
    ({ code, severity, id }) =>
      severity === 'critical' && id !== undefined && !touched.has(id) && reasonTable[code].about === 'leaf',
  );
  return left.map(({ message }) =>
    ill(
      'next-start',
      'critical',
      `the boot hook would leave this to you: ${message}`,
      `certmend plan shows everything; do this before ${unit} starts again`,
    ),
  );
}

/** The brake's budget, before and while it is used up. */
function budget({ assessment }: Survey): readonly Examined[] {
  const findings = assessment.findings.filter(({ code }) => reasonTable[code].about === 'brake');
  if (findings.length === 0) return [well('budget', 'the daily budget of changes is not used up')];
  return findings.map(({ code, message }) =>
    ill('budget', code === 'BrakeEngaged' ? 'critical' : 'warning', message, 'certmend status shows what used it up'),
  );
}

/** The old set, the new set, a standby and what is staged: four sets, and as much again for logs that grow meanwhile. */
const setsNeeded = 8;

function spaceEnough({ inventory, layout }: Survey, { storage, tryWrite }: Examiner): Examined {
  const files = [...filesOf(inventory.items).values()];
  // What is not there yet takes a block too: of an empty set the room is not nothing.
  const bytes = files.reduce(
    (sum, file) => sum + (file.state === 'regular' ? Math.max(4096, file.bytes.length) : 4096),
    0,
  );
  const needed = { bytes: bytes * setsNeeded, inodes: files.length * setsNeeded };
  for (const directory of [layout.dataDir, ownPaths.stateDirectory]) {
    const failed = tryWrite(directory, needed.bytes);
    // Any other failure is for write-access to tell.
    if (failed !== undefined && ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(failed.errno)) {
      return ill(
        'space',
        'critical',
        `${String(needed.bytes)} bytes could not be written to ${failed.directory} (${failed.errno}), and that much is needed`,
        'make space: a rotation on a full disk is refused',
      );
    }
    const free = storage.free(directory);
    if (free.bytes < needed.bytes || free.inodes < needed.inodes) {
      return ill(
        'space',
        'critical',
        `${directory} has ${String(free.bytes)} bytes and ${String(free.inodes)} inodes free; ${String(needed.bytes)} and ${String(needed.inodes)} are needed`,
        'make space: a rotation on a full disk is refused',
      );
    }
  }
  return well('space', 'space for several whole sets');
}

function lockPossible({ hasProgram }: Examiner): Examined {
  return hasProgram('flock')
    ? well('lock', 'flock is available')
    : ill('lock', 'critical', 'the program flock is not on the PATH', 'install util-linux');
}

function labels({ selinux, hasProgram }: Examiner): readonly Examined[] {
  if (!selinux) return [];
  return hasProgram('restorecon')
    ? [well('selinux', 'SELinux is enabled and restorecon is available')]
    : [ill('selinux', 'warning', 'SELinux is enabled but restorecon is missing', 'install policycoreutils')];
}
