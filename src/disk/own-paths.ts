/** Where certmend keeps its own things, as node paths (architecture, Own files). */
export const ownPaths = {
  config: '/etc/certmend/config.yaml',
  configDirectory: '/etc/certmend/config.yaml.d',
  stateDirectory: '/var/lib/certmend',
  state: '/var/lib/certmend/dynamic-cert.json',
  generations: '/var/lib/certmend/generations',
  /** Certificates of the agent part that are put in place, and those that they replace. No keys. */
  agentPart: '/var/lib/certmend/agent-part',
  quarantine: '/var/lib/certmend/quarantine',
  journal: '/var/lib/certmend/journal.json',
  /** How the last backup went. */
  backup: '/var/lib/certmend/backup.json',
  /** What a restore puts in place, until it is. Holds keys. */
  restore: '/var/lib/certmend/restore',
  audit: '/var/lib/certmend/audit.jsonl',
  /** What the boot hook's last look rested on that found nothing to do (state/healthy-look.ts). */
  healthyLook: '/var/lib/certmend/healthy-look.json',
  runDirectory: '/run/certmend',
  lock: '/run/certmend/lock',
  rehearsals: '/run/certmend/rehearsals',
  /** An fsync failed since the machine was started (commit/sync-doubt.ts). */
  syncFailed: '/run/certmend/sync-failed',
} as const;
