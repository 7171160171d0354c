import { CertmendError } from '../error.ts';
import type { Ports } from '../survey/ports.ts';
import { withSession } from '../session/with-session.ts';
import type { AuditRecord } from '../audit/audit.ts';
import { withTold } from '../state/transitions.ts';
import { toldFrom, type KnownHealth } from './health-news.ts';

/** Records one event outside of a check: in the audit log always, in the state (for `certmend status`) when it can be saved. */
export async function record(ports: Ports, entry: AuditRecord): Promise<void> {
  try {
    await withSession(ports, { lockWaitMs: 2000 }, (session) => {
      session.tell(entry);
      session.save();
      return Promise.resolve();
    });
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    // No node, no lock, no disk: the journal has it all the same.
    const { audit } = await ports.writeSide();
    audit.record(entry);
    await audit.flush();
  }
}

/**
 * Remembers that this health was told to the end. When that cannot be saved it is told again after a restart: twice is
 * better than never.
 */
export async function rememberTold(ports: Ports, known: KnownHealth): Promise<void> {
  try {
    await withSession(ports, { lockWaitMs: 2000 }, (session) => {
      session.remember((state) => withTold(state, toldFrom(known)));
      session.save();
      return Promise.resolve();
    });
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
  }
}
