/**
 * What each kind of damage leads to on an RKE2 server that is healthy otherwise, by docs/reasons.md, docs/products.md
 * (2.1, 2.4, 10) and docs/architecture.md (Answers): a row each, and nothing in it is computed. `damage.test.ts` damages a
 * node, looks, runs the hook, and holds what it sees against the cells. A line that begins with a blank goes on with the
 * row above.
 *
 * - `damaged`: the entries; `how`: the damage, by its name in `damages.ts`.
 * - `check`: the exit status of `certmend check`, and every finding in the order in which it is said. One without an entry
 *   is about the damaged one; one that is less than the status says has `(warning)` or `(note)` behind it.
 * - `hook`: exit status and decision of `prestart --strict`. Its reasons are those of `check` that are more than a note,
 *   unless they are named. `left` is what a person has to see to: nothing when it is not named.
 * - `changes`: each file below the data directory that is another one afterwards, or is there no more (`no`). Nothing else
 *   is: not a time, not a mode. `keeps`: what is in quarantine: the damaged bytes, or, with `*`, the damaged thing itself.
 *   A name that begins with a dot or a dash goes on from that of the entry, the id of a pair is both of its files, and
 *   `every pair` those of all in `everyPair`.
 * - `after`: `healthy` when check says 0 and nothing else; `the same` as before; or what check says. openssl and the
 *   product's acceptance line (`sound-node.ts`) find no fault in any leaf, except in those behind `unsound`. The next start
 *   has nothing to do; after `the same` it ends as the first one; where it is neither, that stands behind `then`. It never
 *   changes anything.
 */
export const damageTable = `
damaged                 | how                                 | check              | hook       | changes    | keeps     | after
serving-kube-apiserver  | a key of another pair               | 2 KeyMismatch      | 0 repaired | .crt .key  | .crt .key | healthy
etcd/peer-server-client | an impostor as issuer               | 2 SignatureInvalid | 0 repaired | .crt .key  | .crt .key | healthy
serving-kube-apiserver  | another authority as issuer         | 2 IssuerMismatch   | 0 repaired | .crt .key  | .crt .key | healthy
etcd/peer-server-client | a bad signature                     | 2 SignatureInvalid | 0 repaired | .crt .key  | .crt .key | healthy
serving-kube-apiserver  | an expired certificate              | 2 LeafExpired      | 0 rotated  | every pair | -         | healthy
etcd/peer-server-client | a certificate near its end          | 1 LeafRenewDue     | 0 rotated  | every pair | -         | healthy
serving-kube-apiserver  | a certificate that is not yet valid | 2 LeafNotYetValid  | 0 repaired | .crt .key  | -         | healthy
etcd/peer-server-client | the wrong usages                    | 2 UsageMismatch    | 0 repaired | .crt .key  | .crt .key | healthy
serving-kube-apiserver  | the wrong common name               | 1 IdentityDrift    | 0 repaired | .crt .key  | -         | healthy
etcd/peer-server-client | the wrong organization              | 1 IdentityDrift    | 0 repaired | .crt .key  | -         | healthy
serving-kube-apiserver  | a name less                         | 1 SanMissing       | 0 repaired | .crt .key  | -         | healthy
serving-kube-apiserver  | no chain in its file                | 1 ChainIncomplete  | 0 repaired | .crt .key  | -         | healthy
etcd/peer-server-client | no certificate                      | 2 LeafMissing      | 0 repaired | .crt .key  | .key      | healthy
serving-kube-apiserver  | no key                              | 2 KeyMissing       | 0 repaired | .crt .key  | .crt      | healthy
etcd/peer-server-client | neither certificate nor key         | 2 LeafMissing      | 0 repaired | .crt .key  | -         | healthy

etcd/server-client | certificate: empty                            | 2 LeafUnreadable  | 0 repaired      | .crt .key | .crt .key  | healthy
etcd/server-client | certificate: truncated                        | 2 LeafUnreadable  | 0 repaired      | .crt .key | .crt .key  | healthy
etcd/server-client | certificate: binary                           | 2 LeafUnreadable  | 0 repaired      | .crt .key | .crt .key  | healthy
etcd/server-client | certificate: DER instead of PEM               | 2 LeafUnreadable  | 0 repaired      | .crt .key | .crt .key  | healthy
etcd/server-client | certificate: no PEM                           | 2 LeafUnreadable  | 0 repaired      | .crt .key | .crt .key  | healthy
etcd/server-client | certificate: a PEM frame around garbage       | 2 LeafUnreadable  | 0 repaired      | .crt .key | .crt .key  | healthy
etcd/server-client | certificate: 50 MB                            | 2 LeafUnreadable  | 0 repaired      | .crt .key | .crt* .key | healthy
etcd/server-client | certificate: a directory                      | 2 LeafUnreadable  | 0 repaired      | .crt .key | .crt* .key | healthy
etcd/server-client | certificate: a FIFO                           | 2 LeafUnreadable  | 0 repaired      | .crt .key | .crt* .key | healthy
etcd/server-client | certificate: a dangling symlink               | 2 LeafUnreadable  | 0 repaired      | .crt .key | .crt* .key | healthy
etcd/server-client | certificate: a looping symlink                | 2 LeafUnreadable  | 0 repaired      | .crt .key | .crt* .key | healthy
etcd/server-client | key: empty                                    | 2 KeyUnreadable   | 0 repaired      | .crt .key | .crt .key  | healthy
etcd/server-client | key: truncated                                | 2 KeyUnreadable   | 0 repaired      | .crt .key | .crt .key  | healthy
etcd/server-client | key: binary                                   | 2 KeyUnreadable   | 0 repaired      | .crt .key | .crt .key  | healthy
etcd/server-client | key: DER instead of PEM                       | 2 KeyUnreadable   | 0 repaired      | .crt .key | .crt .key  | healthy
etcd/server-client | key: no PEM                                   | 2 KeyUnreadable   | 0 repaired      | .crt .key | .crt .key  | healthy
etcd/server-client | key: a PEM frame around garbage               | 2 KeyUnreadable   | 0 repaired      | .crt .key | .crt .key  | healthy
etcd/server-client | key: 50 MB                                    | 2 KeyUnreadable   | 0 repaired      | .crt .key | .crt .key* | healthy
etcd/server-client | key: a directory                              | 2 KeyUnreadable   | 0 repaired      | .crt .key | .crt .key* | healthy
etcd/server-client | key: a FIFO                                   | 2 KeyUnreadable   | 0 repaired      | .crt .key | .crt .key* | healthy
etcd/server-client | key: a dangling symlink                       | 2 KeyUnreadable   | 0 repaired      | .crt .key | .crt .key* | healthy
etcd/server-client | key: a looping symlink                        | 2 KeyUnreadable   | 0 repaired      | .crt .key | .crt .key* | healthy
etcd/server-client | certificate: a link out of the data directory | 2 LeafUnreadable  | 77 refused      | -         | -          | the same
etcd/server-client | key: a link out of the data directory         | 2 KeyUnreadable   | 77 refused      | -         | -          | the same
etcd/server-client | key: open to everybody                        | 1 WeakPermissions | 0 nothing-to-do | -         | -          | the same, unsound etcd/server-client

cred/admin.kubeconfig | missing               | 2 KubeconfigMissing | 0 repaired | cred/admin.kubeconfig | -                      | healthy
cred/admin.kubeconfig | no YAML               | 2 KubeconfigCorrupt | 0 repaired | cred/admin.kubeconfig | cred/admin.kubeconfig  | healthy
cred/admin.kubeconfig | files of another node | 1 KubeconfigCorrupt | 0 repaired | cred/admin.kubeconfig | cred/admin.kubeconfig  | healthy
cred/admin.kubeconfig | a directory           | 2 KubeconfigCorrupt | 0 repaired | cred/admin.kubeconfig | cred/admin.kubeconfig* | healthy
cred/admin.kubeconfig | a FIFO                | 2 KubeconfigCorrupt | 0 repaired | cred/admin.kubeconfig | cred/admin.kubeconfig* | healthy

client-kubelet.key   | a legacy key that is garbage   | 2 KeyUnreadable | 0 repaired | no client-kubelet.key | client-kubelet.key | healthy
agent/client-kubelet | an agent's key that is garbage | 2 KeyUnreadable | 0 repaired | no .key               | .key               | healthy

dynamic-cert | expired                | 2 ListenerExpired        | 0 repaired      | -regenerate          | -      | 0 ListenerRegenerationPending (note)
dynamic-cert | from another authority | 2 ListenerIssuerMismatch | 0 repaired      | -regenerate          | -      | 0 ListenerRegenerationPending (note)
dynamic-cert | from an impostor       | 2 ListenerIssuerMismatch | 0 repaired      | -regenerate          | -      | 0 ListenerRegenerationPending (note)
dynamic-cert | cut in half            | 2 ListenerCorrupt        | 0 repaired      | -regenerate no .json | .json  | 0 ListenerRegenerationPending (note)
dynamic-cert | no Secret              | 2 ListenerCorrupt        | 0 repaired      | -regenerate no .json | .json  | 0 ListenerRegenerationPending (note)
dynamic-cert | empty                  | 2 ListenerCorrupt        | 0 repaired      | -regenerate no .json | .json  | 0 ListenerRegenerationPending (note)
dynamic-cert | a directory            | 2 ListenerCorrupt        | 0 repaired      | -regenerate no .json | .json* | 0 ListenerRegenerationPending (note)
dynamic-cert | a FIFO                 | 2 ListenerCorrupt        | 0 repaired      | -regenerate no .json | .json* | 0 ListenerRegenerationPending (note)
dynamic-cert | no listener document   | 0                        | 0 nothing-to-do | -                    | -      | healthy

etcd/peer-ca | an authority that has ended           | 2 AuthorityExpired,                             | 77 refused: AuthorityExpired,            | -                       | -                       | the same,
             |                                       | etcd/peer-server-client AuthorityExpired (note) | etcd/peer-server-client AuthorityExpired |                         |                         | unsound etcd/peer-server-client
etcd/peer-ca | an authority near its end             | 2 AuthorityExpiring,                            | 0 nothing-to-do                          | -                       | -                       | the same,
             |                                       | etcd/peer-server-client LeafRenewDue (warning)  |                                          |                         |                         | unsound etcd/peer-server-client
etcd/peer-ca | an authority that is not yet valid    | 2 AuthorityNotYetValid,                         | 77 deferred: node ClockBehind            | -                       | -                       | the same,
             |                                       | node ClockBehind (warning)                      |                                          |                         |                         | unsound etcd/peer-server-client
etcd/peer-ca | an authority without its key          | 1 AuthorityKeyMissing                           | 0 nothing-to-do                          | -                       | -                       | the same
etcd/peer-ca | no authority                          | 2 AuthorityMissing                              | 77 refused                               | -                       | -                       | the same,
             |                                       |                                                 |                                          |                         |                         | unsound etcd/peer-server-client
etcd/peer-ca | a truncated authority                 | 2 AuthorityUnreadable                           | 77 refused                               | -                       | -                       | the same,
             |                                       |                                                 |                                          |                         |                         | unsound etcd/peer-server-client
etcd/peer-ca | an authority with a truncated key     | 2 ProtectedFileDamaged                          | 77 refused                               | -                       | -                       | the same
etcd/peer-ca | an authority with another key         | 2 AuthorityKeyMismatch                          | 77 refused                               | -                       | -                       | the same
etcd/peer-ca | another authority in its place        | 2 etcd/peer-server-client IssuerMismatch        | 0 repaired                               | etcd/peer-server-client | etcd/peer-server-client | healthy
service.key  | a truncated file of the bootstrap set | 2 ProtectedFileDamaged                          | 77 refused                               | -                       | -                       | the same
cred/passwd  | no file of the bootstrap set          | 2 ProtectedFileDamaged                          | 77 refused                               | -                       | -                       | the same

client-controller          | each the other's key                    | 2 client-controller KeyMismatch,           | 0 repaired                            | client-controller                            | client-controller       | healthy
  client-scheduler         |                                         | client-scheduler KeyMismatch               |                                       | client-scheduler                             | client-scheduler        |
client-admin               | an expired certificate                  | 2 client-admin LeafExpired,                | 0 rotated                             | every pair                                   | serving-kube-apiserver  | healthy
  + serving-kube-apiserver | + a key of another pair                 | serving-kube-apiserver KeyMismatch         |                                       |                                              |                         |
client-admin               | an expired certificate                  | 2 client-admin LeafExpired,                | 0 rotated:                            | every pair but                               | -                       | 1 etcd/peer-ca AuthorityKeyMissing
  + etcd/peer-ca           | + an authority without its key          | etcd/peer-ca AuthorityKeyMissing (warning) | client-admin LeafExpired              | etcd/peer-server-client                      |                         |
etcd/peer-server-client    | an expired certificate                  | 2 etcd/peer-server-client LeafExpired,     | 77 refused                            | -                                            | -                       | the same,
  + etcd/peer-ca           | + an authority without its key          | etcd/peer-ca AuthorityKeyMissing (warning) |                                       |                                              |                         | unsound etcd/peer-server-client
serving-kube-apiserver     | a bad signature                         | 2 serving-kube-apiserver SignatureInvalid, | 0 repaired                            | dynamic-cert-regenerate no dynamic-cert.json | dynamic-cert.json       | 0 dynamic-cert
  + dynamic-cert           | + cut in half                           | dynamic-cert ListenerCorrupt               |                                       | serving-kube-apiserver                       | serving-kube-apiserver  | ListenerRegenerationPending (note)
serving-kube-apiserver     | a key of another pair                   | 2 service.key ProtectedFileDamaged,        | 2 repaired,                           | serving-kube-apiserver                       | serving-kube-apiserver  | 2 service.key ProtectedFileDamaged,
  + service.key            | + a truncated file of the bootstrap set | serving-kube-apiserver KeyMismatch         | left service.key ProtectedFileDamaged |                                              |                         | then 77 refused
etcd/peer-server-client    | a key of another pair                   | 2 etcd/peer-ca AuthorityUnreadable,        | 2 repaired,                           | no etcd/peer-server-client                   | etcd/peer-server-client | 2 etcd/peer-ca AuthorityUnreadable,
  + etcd/peer-ca           | + a truncated authority                 | etcd/peer-server-client KeyMismatch        | left etcd/peer-ca AuthorityUnreadable |                                              |                         | etcd/peer-server-client LeafMissing,
                           |                                         |                                            |                                       |                                              |                         | then 77 refused, unsound etcd/peer-server-client
`;

/** What certmend may issue on an RKE2 server (products 1.3). */
export const everyPair = [
  'client-admin',
  'client-auth-proxy',
  'client-controller',
  'client-kube-apiserver',
  'client-rke2-cloud-controller',
  'client-scheduler',
  'client-supervisor',
  'etcd/client',
  'etcd/peer-server-client',
  'etcd/server-client',
  'kube-controller-manager/kube-controller-manager',
  'kube-scheduler/kube-scheduler',
  'serving-kube-apiserver',
];
